"""The products of a release: whole until the next one, with the prices and the stock of today."""

import asyncio
import logging
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
from deltalake import DeltaTable

from outfit_pairing.errors import WarehouseError
from outfit_pairing.publishing.outfits import ProductOutfits
from outfit_pairing.serving.delta_store import DeltaStore
from outfit_pairing.serving.running import serve
from outfit_pairing.serving.wishes import Wishes, choose
from outfit_pairing.settings import Settings, load_settings
from outfit_pairing.storage.delta_tables import DeltaTables
from outfit_pairing.storage.migrations import VERSION, WRITER
from outfit_pairing.storage.tables import OUTFIT_RECOMMENDATIONS, PRODUCTS, QUALITY_METRICS, RELEASES, Table
from tests.served_shop import ServedShop

GONE = "women-bottom-01"  # an item of the first outfit of women-top-00


@pytest.fixture
def shop(tmp_path: Path) -> ServedShop:
    return ServedShop(tmp_path).stock().release()


def settings(shop: ServedShop, *more: str) -> Settings:
    return load_settings(overrides=[f"storage.warehouse={shop.warehouse}", *more], environment={})


class Served:
    """An open store that looks for what is new when it is told to."""

    def __init__(self, shop: ServedShop) -> None:
        self.store = DeltaStore(settings(shop, "serve.poll_s=60"))
        self.look()

    def look(self) -> "Served":
        asyncio.run(self.store.refresh())
        return self

    @property
    def edition(self) -> str:
        return asyncio.run(self.store.release()).edition

    def page(self, product_id: str) -> ProductOutfits | None:
        return asyncio.run(self.store.outfits_of([product_id])).products.get(product_id)

    def hits(self, query: str = "") -> int:
        return asyncio.run(self.store.search(query, 1)).total

    def whole(self, shop: ServedShop) -> bool:
        """Whether each product of the shop has its page, and all its outfits, with every item named and to be bought."""
        pages = [self.page(row["product_id"]) for row in shop.products]
        items = [item.product for page in pages if page for outfit in page.outfits for item in outfit.items]
        return all(pages) and len(items) > 0 and all(item.name and item.in_stock for item in items)


def half(row: dict[str, Any]) -> bool:
    return not row["product_id"].startswith("women")


@pytest.fixture
def reads(monkeypatch: pytest.MonkeyPatch) -> list[int | None]:
    """Versions of `products` that are read."""
    read: list[int | None] = []
    batches = DeltaTables.batches

    def watched(self: DeltaTables, table: Table, *more: Any) -> Iterator[Any]:
        if table is PRODUCTS:
            read.append(more[1])
        return batches(self, table, *more)

    monkeypatch.setattr(DeltaTables, "batches", watched)
    return read


@pytest.mark.parametrize("started", ["before", "after"])
def test_half_a_feed_leaves_every_page_and_outfit(shop: ServedShop, started: str) -> None:
    """Its products are written, its outfits do not pass: a service that runs or starts now shows the release as a whole."""
    served = Served(shop)
    edition = served.edition
    shop.keep_products(half)
    served = served.look() if started == "before" else Served(shop)
    assert served.whole(shop)
    assert served.hits() == len(shop.products)
    assert served.hits("women white shirts") == 1
    assert served.edition != edition
    page = served.page("women-top-00")
    assert page
    assert len(choose(page.outfits, Wishes()).outfits) == 3


def test_prices_and_stock_are_those_of_today(shop: ServedShop) -> None:
    """Also while other products are missing."""
    served = Served(shop)
    for row in shop.products:
        row["price"], row["in_stock"] = 7.0, row["product_id"] != "men-bottom-01"
    shop.keep_products(half)
    served.look()
    page = served.page("men-top-00")
    assert page
    assert page.product.price == 7.0
    assert [item.product.in_stock for item in page.outfits[0].items] == [False, True, True]
    gone = served.page(GONE)
    assert gone
    assert (gone.product.price, gone.product.in_stock) == (105.0, True)


def test_the_next_release_drops_what_was_gone_by_then(shop: ServedShop) -> None:
    served = Served(shop)
    shop.keep_products(lambda row: row["product_id"] != GONE)
    assert served.look().page(GONE)
    shop.release(1)
    assert served.look().page(GONE) is None
    assert served.hits() == len(shop.products) - 1
    assert served.page("women-top-00")


def test_what_came_after_the_release_is_found_without_outfits(shop: ServedShop) -> None:
    new = {**shop.products[0], "product_id": "new-1", "name": "Newest Shirt"}
    shop.write(PRODUCTS, [new, *shop.products[1:]])
    served = Served(shop)
    page = served.page("new-1")
    assert page
    assert (page.outfits, page.without_outfits is None) == ((), False)
    assert served.hits("newest") == 1
    assert served.page("women-top-00")


def test_a_rollback_brings_back_the_products_of_its_release(shop: ServedShop) -> None:
    """The first release had all products, the second one half of them, and is taken back; what only the second had stays."""
    new = {**shop.products[0], "product_id": "new-1"}
    shop.write(PRODUCTS, [new, *filter(half, shop.products)])
    shop.release(1)
    served = Served(shop)
    assert served.page(GONE) is None
    shop.release(0, shown_run="run-1")
    assert served.look().whole(shop)
    shop.keep_products(half)
    assert served.look().whole(shop)
    assert served.page("new-1")


def test_an_older_catalogue_that_was_vacuumed_is_done_without(shop: ServedShop, caplog: pytest.LogCaptureFixture) -> None:
    """The newest alone, as long as there is no better; said once, however often the catalogue changes."""
    released = set((shop.warehouse / PRODUCTS.name).glob("*.parquet"))
    shop.keep_products(half)
    for file in released:
        file.unlink()
    with caplog.at_level(logging.WARNING):
        served = Served(shop)
        edition = served.edition
        shop.keep_products(half)
        served.look()
    assert served.page("men-top-00")
    assert served.page(GONE) is None
    assert served.hits() == len(list(filter(half, shop.products)))
    assert served.edition != edition
    (told,) = caplog.messages
    assert told.startswith("products as of release 1 cannot be read")


def test_a_table_made_anew_since_the_release_is_read_alone(shop: ServedShop, caplog: pytest.LogCaptureFixture) -> None:
    """Its log does not tell of the time of the release."""
    (shop.warehouse / PRODUCTS.name).rename(shop.folder / "former")
    shop.keep_products(half)
    with caplog.at_level(logging.WARNING):
        served = Served(shop)
    assert served.page("men-top-00")
    assert served.page(GONE) is None
    assert len(caplog.messages) == 1


def test_an_older_catalogue_in_part_counts_as_gone(shop: ServedShop) -> None:
    """A release is shown as a whole or, of what has left the catalogue, not at all; the edition tells the two apart."""
    shop.write(PRODUCTS, [{**shop.products[0], "product_id": "late-1"}], mode="append")
    shop.release(0)
    files = sorted((shop.warehouse / PRODUCTS.name).glob("*.parquet"))
    shop.keep_products(half)
    whole = Served(shop)
    files[-1].unlink()
    part = Served(shop)
    assert whole.page(GONE)
    assert part.page(GONE) is None
    assert part.page("late-1") is None
    assert whole.edition != part.edition


def compacted(shop: ServedShop) -> None:
    DeltaTable(shop.warehouse / PRODUCTS.name).optimize.z_order(["product_id"])


@pytest.mark.parametrize("change", [lambda _: None, compacted])
def test_a_catalogue_that_stands_is_read_once(
    shop: ServedShop, reads: list[int | None], change: Callable[[ServedShop], None]
) -> None:
    change(shop)
    assert Served(shop).whole(shop)
    assert len(reads) == 1


def test_what_stays_is_not_read_again(shop: ServedShop, reads: list[int | None]) -> None:
    """New figures of quality leave products as they are."""
    shop.keep_products(half)
    served = Served(shop)
    assert reads == [1, 0]
    shop.check()
    assert served.look().whole(shop)
    assert reads == [1, 0]


def newer(shop: ServedShop, table: Table) -> None:
    properties = {VERSION: "99", WRITER: "7.1.0"}
    DeltaTable(shop.warehouse / table.name).alter.set_table_properties(properties, raise_if_not_exists=False)


@pytest.mark.parametrize("table", [RELEASES, OUTFIT_RECOMMENDATIONS, PRODUCTS, QUALITY_METRICS], ids=lambda table: table.name)
def test_a_newer_warehouse_is_not_served(shop: ServedShop, table: Table) -> None:
    """In the words of every other command, before the first request."""
    shop.check()
    newer(shop, table)
    with pytest.raises(WarehouseError, match=rf"table {table.name} is of schema version 99, .*install outfit-pairing ≥ 7.1.0"):
        serve(settings(shop, "serve.port=0", "serve.feedback=off"))


def test_a_warehouse_that_becomes_newer_leaves_what_is_shown(shop: ServedShop) -> None:
    served = Served(shop)
    newer(shop, PRODUCTS)
    assert served.look().whole(shop)
    assert "schema version 99" in served.store.loading.fault
