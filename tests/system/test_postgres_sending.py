"""Many releases in a real Postgres, quickly: tables in memory stand for Delta's, so that no JVM is needed.

tests/system/test_postgres.py has the same with Spark and Delta, and fewer releases.
"""

import asyncio
import random
import threading
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Any

import pyarrow as pa
import pytest

from outfit_pairing.errors import PostgresBehind
from outfit_pairing.publishing import postgres as sending
from outfit_pairing.publishing.postgres import Sender, Wanted
from outfit_pairing.publishing.postgres_copy import copy_lines
from outfit_pairing.publishing.postgres_place import connect
from outfit_pairing.publishing.postgres_rows import Block
from outfit_pairing.publishing.postgres_tables import SHOWN_OUTFITS, SHOWN_PRODUCTS, PostgresTable
from outfit_pairing.serving.postgres_store import PostgresStore
from outfit_pairing.settings import Settings
from outfit_pairing.storage.tables import ARROW_TYPES, Table
from tests.postgres import Postgres

KEYS = {"products": "product_id", "outfit_recommendations": "product_id, rank", "products_without_outfits": "product_id"}
IDS = [f"p{number:03}" for number in range(100)]
Rows = dict[str, list[dict[str, Any]]]  # product_id → rows


@dataclass
class Frame:
    """Ids, as a DataFrame of product_id has them."""

    ids: list[str]

    def select(self, _: str) -> "Frame":
        return self

    def limit(self, count: int) -> "Frame":
        return Frame(self.ids[:count])

    def count(self) -> int:
        return len(self.ids)

    def toLocalIterator(self) -> Iterator[dict[str, str]]:  # noqa: N802 - Spark's
        return iter([{"product_id": one} for one in self.ids])


@dataclass
class Shop:
    """Stands for TableStore: versions of two tables, and which ids differ between them."""

    settings: Settings
    versions: dict[str, list[Rows]] = field(default_factory=lambda: {"products": [], "outfit_recommendations": []})
    releases: list[dict[str, Any]] = field(default_factory=list)
    remembers: bool = True  # whether the change data feed is there

    def read(self, table: Table) -> Frame:
        return Frame(list(self.versions[table.name][-1]))

    def changed_since(self, table: Table, version: int, _: str) -> Frame | None:
        then, now = self.versions[table.name][version], self.versions[table.name][-1]
        changed = [one for one in {**then, **now} if then.get(one) != now.get(one)]
        return Frame(changed) if self.remembers else None

    def commit(self, products: Rows, outfits: Rows) -> None:
        for name, rows in (("products", products), ("outfit_recommendations", outfits)):
            if not self.versions[name] or self.versions[name][-1] != rows:
                self.versions[name].append({one: list(some) for one, some in rows.items()})

    def release(self, run_id: str, kind: str = "checked", settings: Settings | None = None) -> tuple[str, int]:
        """Release what is committed: how it was sent, and how many rows."""
        outfits = self.versions["outfit_recommendations"][-1]
        self.releases.append(
            {"shown_run_id": run_id, "table_version": len(self.versions["outfit_recommendations"]) - 1, "kind": kind}
        )
        settings = settings or self.settings
        made_of = {name: [f"id of {name}", len(versions) - 1] for name, versions in self.versions.items()}
        wanted = Wanted(
            len(self.releases), run_id, datetime.now(UTC), sum(map(bool, outfits.values())), sum(map(len, outfits.values())),
            len(self.versions["products"][-1]), made_of,
        )  # fmt: skip
        store: Any = self if settings is self.settings else Shop(settings, self.versions, self.releases, self.remembers)
        with connect(settings) as connection:
            sender = Sender(store, connection, wanted, "Postgres")
            return sender.send(self.releases).way, sender.rows

    def blocks(self, table: PostgresTable, within: Frame | None) -> Iterator[Block]:
        held = self.versions[table.name][-1]
        rows = [row for one in (held if within is None else within.ids) for row in held.get(one, ())]
        schema = pa.schema([(one.name, ARROW_TYPES[one.type]) for one in table.columns])
        if rows:
            yield Block(len(rows), copy_lines(pa.RecordBatch.from_pylist(rows, schema=schema)))


def product(one: str, **changes: Any) -> list[dict[str, Any]]:
    plain = {"product_id": one, "name": f"Shirt '{one}'", "price": 10.0, "in_stock": True, "words": f"{one} shirt"}
    return [{**plain, **changes}]


def outfits(one: str, mark: str, count: int = 3) -> list[dict[str, Any]]:
    items = [{"slot": "bottom", "product_id": "p001", "reasons": ["it's so\n"]}]
    return [{"product_id": one, "rank": rank, "outfit_id": f"{mark}:{rank}", "items": items} for rank in range(1, count + 1)]


@pytest.fixture
def postgres(postgres: Postgres) -> Postgres:
    """With another schema for comparison."""
    with postgres.connect() as owner:
        owner.execute("CREATE SCHEMA control")
        owner.execute("GRANT USAGE, CREATE ON SCHEMA control TO outfits")
    return postgres


@pytest.fixture
def shop(make_settings: Callable[..., Settings], postgres: Postgres, monkeypatch: pytest.MonkeyPatch) -> Shop:
    monkeypatch.setattr(sending, "table_blocks", lambda store, table, _, within: store.blocks(table, within))
    monkeypatch.setattr(sending, "metric_blocks", lambda _: iter(()))
    return Shop(make_settings(f"publish.postgres={postgres.url()}"))


def everything(postgres: Postgres, schema: str = "outfit_pairing") -> dict[str, list[tuple[Any, ...]]]:
    with postgres.connect() as owner:
        return {name: owner.execute(f"SELECT * FROM {schema}.{name} ORDER BY {key}").fetchall() for name, key in KEYS.items()}


def full(shop: Shop, schema: str) -> Settings:
    publish = shop.settings.publish.model_copy(update={"postgres_schema": schema})
    return shop.settings.model_copy(update={"publish": publish, "full": True})


@pytest.mark.parametrize("seed", range(3))
def test_any_changes_end_in_what_a_full_send_gives(shop: Shop, postgres: Postgres, seed: int) -> None:
    """Ten nights of products that come, go, are sold out, get other outfits or none; large nights; a change feed that is lost."""
    draw = random.Random(seed)
    products: Rows = {one: product(one) for one in IDS}
    offered: Rows = {one: outfits(one, "start") for one in IDS}
    shop.commit(products, offered)
    ways = [shop.release("start")[0]]
    for night in range(10):
        for one in draw.sample(sorted(products), draw.choice([1, 3, 40])):
            match draw.randrange(4):
                case 0:
                    del products[one]
                    offered.pop(one, None)
                case 1:
                    products[f"{one}+{night}"] = product(f"{one}+{night}")
                    offered[f"{one}+{night}"] = outfits(f"{one}+{night}", f"night{night}")
                case 2:
                    products[one] = product(one, in_stock=draw.random() < 0.5, price=float(night))
                case _:
                    offered[one] = outfits(one, f"night{night}", draw.randrange(4))
        shop.commit(products, offered)
        shop.remembers = draw.random() < 0.8
        ways.append(shop.release(f"night{night}")[0])
        shop.release(f"night{night}", settings=full(shop, "control"))
        assert everything(postgres) == everything(postgres, "control")
    assert {"all rows", "differences"} <= set(ways)


def test_a_rollback_is_a_switch_and_prices_stay_as_they_are(shop: Shop, postgres: Postgres) -> None:
    """Back and forth without a row sent; a new price goes to the side that is shown, and the former release stays."""
    products: Rows = {one: product(one) for one in IDS}
    monday: Rows = {one: outfits(one, "monday") for one in IDS}
    tuesday: Rows = {one: outfits(one, "tuesday") for one in IDS}
    shop.commit(products, monday)
    assert shop.release("monday") == ("all rows", 400)
    shop.commit(products, tuesday)
    assert shop.release("tuesday") == ("all rows", 300)
    shop.commit(products, monday)
    assert shop.release("monday", "rollback") == ("switched", 0)
    shop.commit({**products, "p007": product("p007", price=1.0)}, monday)
    assert shop.release("monday") == ("differences", 1)
    assert shop.release("monday") == ("nothing new", 0)
    shop.commit({**products, "p007": product("p007", price=1.0)}, tuesday)
    assert shop.release("tuesday", "rollback") == ("differences", 1)  # the price, which that side does not know yet
    with postgres.connect() as owner:
        assert owner.execute("SELECT price FROM outfit_pairing.products WHERE product_id = 'p007'").fetchone() == (1.0,)
        marks = owner.execute("SELECT DISTINCT split_part(outfit_id, ':', 1) FROM outfit_pairing.outfit_recommendations").fetchall()
        release = owner.execute("SELECT number, run_id, products, outfits FROM outfit_pairing.release").fetchone()
    assert marks == [("tuesday",)]
    assert release == (6, "tuesday", 100, 300)


@pytest.mark.parametrize("table", [SHOWN_PRODUCTS, SHOWN_OUTFITS])
@pytest.mark.parametrize("count", [5, 60])
def test_rows_that_are_lost_or_refused_leave_what_was_shown(
    shop: Shop, postgres: Postgres, monkeypatch: pytest.MonkeyPatch, table: PostgresTable, count: int
) -> None:
    """Few or many, products or outfits; the same send is good when it is whole."""
    shop.commit({one: product(one) for one in IDS}, {one: outfits(one, "monday") for one in IDS})
    shop.release("monday")
    before = everything(postgres)
    changed = {one: product(one, name="other") for one in IDS[:count]} | {one: product(one) for one in IDS[count:]}
    shop.commit(changed, {one: outfits(one, "tuesday" if one in IDS[:count] else "monday") for one in IDS})

    def lossy(store: Shop, sent: PostgresTable, _: int, within: Frame | None) -> Iterator[Block]:
        for block in store.blocks(sent, within):
            yield Block(block.rows - 1, block.lines[block.lines.index(b"\n") + 1 :]) if sent is table else block

    def broken(store: Shop, sent: PostgresTable, _: int, within: Frame | None) -> Iterator[Block]:
        yield from store.blocks(sent, within)
        if sent is table:
            raise RuntimeError("a worker was lost")

    for fault, expected in ((lossy, PostgresBehind), (broken, RuntimeError)):
        with monkeypatch.context() as patch:
            patch.setattr(sending, "table_blocks", fault)
            with pytest.raises(expected, match=f"{len(IDS) - 1} products instead|299 outfits instead|lost"):
                shop.release("tuesday")
        assert everything(postgres) == before
    shop.release("tuesday")
    shop.release("tuesday", settings=full(shop, "control"))
    assert everything(postgres) == everything(postgres, "control") != before


def test_eight_readers_never_fail_nor_meet_two_releases(shop: Shop, postgres: Postgres) -> None:
    """While twenty releases are sent, whole and by differences, one after the other."""
    products: Rows = {one: product(one) for one in IDS}
    shop.commit(products, {one: outfits(one, "release1") for one in IDS})
    shop.release("release1")
    ended = threading.Event()
    seen: list[tuple[str, set[str]]] = []

    async def client(store: PostgresStore, seed: int) -> None:
        draw = random.Random(seed)
        while not ended.is_set():
            found = await store.outfits_of(draw.sample(IDS[:10], 3))
            told = {one.outfit_id.split(":")[0] for each in found.products.values() for one in each.outfits}
            seen.append((found.release.run_id, told))

    async def read() -> None:
        store = PostgresStore(shop.settings)
        await store.open()
        await asyncio.gather(*(client(store, seed) for seed in range(8)))
        await store.close()

    failed: list[BaseException] = []

    def reading() -> None:
        try:
            asyncio.run(read())
        except BaseException as fault:  # told below, whatever it is
            failed.append(fault)

    thread = threading.Thread(target=reading)
    thread.start()
    try:
        for number in range(2, 21):
            few = number % 3 > 0  # the first ten products, which are read, or all of them
            last = shop.versions["outfit_recommendations"][-1]
            own = {one: outfits(one, f"release{number}") for one in (IDS[:10] if few else IDS)}
            shop.commit(products, {**last, **own})
            shop.release(f"release{number}")
    finally:
        ended.set()
        thread.join(60)
    assert not failed
    assert len({run for run, _ in seen}) > 5
    assert not [(run, told) for run, told in seen if told != {run}]
