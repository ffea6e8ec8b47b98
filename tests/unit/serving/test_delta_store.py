"""The store over Delta tables: what it reads, what it refuses, and what it does while a run is writing."""

import asyncio
import shutil
from collections.abc import Awaitable, Callable
from pathlib import Path
from typing import TypeVar

import pyarrow as pa
import pytest

from outfit_pairing.errors import SettingsError
from outfit_pairing.serving.delta_store import DeltaStore
from outfit_pairing.serving.store import StoreNotReady
from outfit_pairing.settings import Settings, load_settings
from outfit_pairing.storage.delta_tables import DeltaTables
from outfit_pairing.storage.tables import OUTFIT_RECOMMENDATIONS, RELEASES
from tests.served_shop import ServedShop


@pytest.fixture
def shop(tmp_path: Path) -> ServedShop:
    return ServedShop(tmp_path).stock().release()


def settings(warehouse: Path, *more: str) -> Settings:
    return load_settings(overrides=[f"storage.warehouse={warehouse}", *more], environment={})


T = TypeVar("T")


def with_store(warehouse: Path, ask: Callable[[DeltaStore], Awaitable[T]]) -> T:
    """What `ask` finds in an open store."""

    async def asking() -> T:
        store = DeltaStore(settings(warehouse, "serve.poll_s=60"))
        await store.open()
        try:
            return await ask(store)
        finally:
            await store.close()

    return asyncio.run(asking())


def test_a_product_comes_with_its_outfits_by_rank(shop: ServedShop) -> None:
    """Names beside ids, reasons beside items, as in the tables."""
    found = with_store(shop.warehouse, lambda store: store.outfits_of(["women-top-00", "no such", "men-bag-03"]))
    assert list(found.products) == ["women-top-00", "men-bag-03"]
    assert (found.release.number, found.release.run_id, found.release.products) == (1, "run-1", 40)
    first = found.products["women-top-00"]
    assert first.product.name == "Women White Shirts 0"
    assert first.product.price == 100.0
    assert [one.rank for one in first.outfits] == [1, 2, 3]
    items = {item.slot: item for item in first.outfits[0].items}
    assert items["bottom"].product.product_id == "women-bottom-01"
    assert items["bottom"].product.colour == "black"
    assert items["bottom"].reasons == ("bottom of shift 0", "as relaxed as the rest")
    assert first.outfits[0].anchor_product_id == "women-top-00"


def test_a_product_without_outfits_says_why(shop: ServedShop) -> None:
    found = with_store(shop.warehouse, lambda store: store.outfits_of(["gift-1"]))
    assert found.products["gift-1"].without_outfits == "free item (Free Gifts): given away, not sold to wear"


def test_search_holds_all_words_and_puts_the_best_first(shop: ServedShop) -> None:
    """The word men begins Men, and is only held by Women; products without outfits come last; an id finds its product."""

    async def ask(store: DeltaStore) -> list[list[str]]:
        asked = ["men jeans", "gift-1", "women-bag-02", "white shirts women", "nothing like it", ""]
        return [[one.product_id for one in (await store.search(words, 50)).products] for words in asked]

    men, gift, bag, white, nothing, everything = with_store(shop.warehouse, ask)
    assert [one.split("-")[0] for one in men] == ["men"] * 4 + ["women"] * 4
    assert gift == ["gift-1"]
    assert bag == ["women-bag-02"]
    assert white == ["women-top-00"]
    assert nothing == []
    assert len(everything) == 41
    assert everything[-1] == "gift-1"


def test_search_goes_page_by_page(shop: ServedShop) -> None:
    async def ask(store: DeltaStore) -> tuple[int, list[str]]:
        pages = [await store.search("shirts", 3, offset) for offset in (0, 3, 6, 9)]
        return pages[0].total, [one.product_id for page in pages for one in page.products]

    total, found = with_store(shop.warehouse, ask)
    assert total == len(found) == len(set(found)) == 8


def test_what_is_written_and_not_released_is_not_shown(shop: ServedShop) -> None:
    """A run that has switched the table and has not said so is not seen; once it has, all of it is."""

    async def ask(store: DeltaStore) -> list[tuple[int, str]]:
        seen = []
        outfits = [row for audience in ("women", "men") for row in shop.outfits(audience, 1, ["pattern_based"])]
        shop.write(OUTFIT_RECOMMENDATIONS, outfits, "run-2")
        for step in (lambda: None, lambda: shop.tell("run-2", outfits)):
            shop.run = 2
            step()
            await store.refresh()
            found = await store.outfits_of(["women-top-00"])
            seen.append((found.release.number, found.products["women-top-00"].outfits[0].outfit_id))
        return seen

    assert with_store(shop.warehouse, ask) == [(1, "women-top-00-0-1"), (2, "women-top-00-1-1")]


def test_a_start_while_a_run_writes_shows_the_release(shop: ServedShop) -> None:
    """Also a process that starts now reads the version that was released, not the newest."""
    shop.write(OUTFIT_RECOMMENDATIONS, [], "run-2")
    found = with_store(shop.warehouse, lambda store: store.outfits_of(["women-top-00"]))
    assert len(found.products["women-top-00"].outfits) == 3


def test_compacted_files_are_read_instead_of_those_that_were_vacuumed(shop: ServedShop) -> None:
    from deltalake import DeltaTable

    for shift in range(2):
        shop.release(shift)
    table = DeltaTable(shop.warehouse / OUTFIT_RECOMMENDATIONS.name)
    told = table.version()
    table.optimize.z_order(["product_id"])
    table.vacuum(retention_hours=0, enforce_retention_duration=False, dry_run=False)
    assert table.version() > told
    found = with_store(shop.warehouse, lambda store: store.outfits_of(["women-top-00"]))
    assert found.products["women-top-00"].outfits[0].outfit_id == "women-top-00-1-1"


def test_stock_changes_without_a_release(shop: ServedShop) -> None:
    """The number stays, the edition does not, so that nobody keeps an answer with the old stock."""

    async def ask(store: DeltaStore) -> list[object]:
        before = await store.release()
        shop.sell_out("women-bottom-01")
        await store.refresh()
        after = await store.release()
        found = await store.outfits_of(["women-bottom-01"])
        return [before.number == after.number, before.edition == after.edition, found.products["women-bottom-01"].product.in_stock]

    assert with_store(shop.warehouse, ask) == [True, False, False]


def test_an_item_that_had_left_the_catalogue_when_it_was_released_is_nameless(shop: ServedShop) -> None:
    """… and cannot be bought."""
    shop.keep_products(lambda row: row["product_id"] != "women-bottom-01")
    shop.release()
    found = with_store(shop.warehouse, lambda store: store.outfits_of(["women-top-00", "women-bottom-01"]))
    assert list(found.products) == ["women-top-00"]
    gone = found.products["women-top-00"].outfits[0].items[0].product
    assert (gone.product_id, gone.name, gone.in_stock) == ("women-bottom-01", None, None)


@pytest.mark.parametrize("lacking", ["releases", "products", "outfit_recommendations", None])
def test_a_warehouse_in_part_is_not_ready_and_says_what_is_missing(shop: ServedShop, lacking: str | None) -> None:
    """… and shows its outfits as soon as it is whole."""
    aside = shop.folder / "aside"
    aside.mkdir()
    for name in [lacking] if lacking else [one.name for one in shop.warehouse.iterdir()]:
        shutil.move(shop.warehouse / name, aside / name)

    async def ask(store: DeltaStore) -> str:
        with pytest.raises(StoreNotReady) as told:
            await store.outfits_of(["women-top-00"])
        for table in aside.iterdir():
            shutil.move(table, shop.warehouse / table.name)
        await store.refresh()
        assert (await store.release()).number == 1
        return told.value.what

    said = with_store(shop.warehouse, ask)
    assert f"holds no table {lacking or 'releases'}; `outfit-pairing run` makes and releases it" in said


def test_no_warehouse_at_all_is_not_ready(tmp_path: Path) -> None:
    with pytest.raises(StoreNotReady, match="holds no table releases"):
        with_store(tmp_path / "nowhere", lambda store: store.release())


def test_a_fault_leaves_what_is_shown(shop: ServedShop) -> None:
    """A release whose files are cut off is not shown; the former one stays, and the fault is counted."""

    async def ask(store: DeltaStore) -> tuple[int, int, str]:
        shop.release(1)
        for file in (shop.warehouse / OUTFIT_RECOMMENDATIONS.name).glob("*.parquet"):
            file.write_bytes(b"cut")
        await store.refresh()
        return (await store.release()).number, store.loading.faults, store.loading.fault

    number, faults, fault = with_store(shop.warehouse, ask)
    assert (number, faults) == (1, 1)
    assert "outfit_recommendations" in fault


def test_quality_is_of_the_shown_run_with_those_before(shop: ServedShop) -> None:
    shop.check(coverage=0.95)
    shop.release(1)
    shop.check(coverage=0.97)
    shop.run += 1
    shop.check(coverage=0.5, run_id="run-3-not-shown")
    quality = with_store(shop.warehouse, lambda store: store.quality())
    assert {one.metric: one.value for one in quality.metrics} == {
        "coverage": 0.97,
        "violations": 0.0,
        "outfits": 120.0,
        "mean_score": 0.82,
        "run_seconds": 64.0,
    }
    assert [one.value for one in quality.history if one.metric == "coverage"] == [0.95, 0.97]


def test_rows_are_told_by_the_names_of_their_columns(monkeypatch: pytest.MonkeyPatch) -> None:
    """Not every reader gives columns in the order in which they were asked for."""
    batch = pa.record_batch([pa.array([3]), pa.array(["run-3"])], ["number", "shown_run_id"])
    monkeypatch.setattr(DeltaTables, "_scan", lambda *_: iter([batch]))
    assert DeltaTables("nowhere").rows(RELEASES, ("shown_run_id", "number")) == [{"number": 3, "shown_run_id": "run-3"}]


def test_tables_with_names_have_no_place(tmp_path: Path) -> None:
    with pytest.raises(SettingsError, match="serve from Postgres"):
        DeltaStore(settings(tmp_path, "storage.catalog=main", "storage.schema=outfits"))
