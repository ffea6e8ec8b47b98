"""A few rows are merged by the driver, without Spark: the table, and what it says of its changes, are as Spark leaves them."""

from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

import pytest
from deltalake import DeltaTable
from deltalake.exceptions import CommitFailedError, DeltaError
from pyspark.sql import SparkSession

from outfit_pairing.errors import WarehouseError
from outfit_pairing.settings import Settings, load_settings
from outfit_pairing.storage import TableStore, WriteReport
from outfit_pairing.storage.at_hand import as_arrow
from outfit_pairing.storage.delta_tables import DeltaTables
from outfit_pairing.storage.tables import OUTFIT_RECOMMENDATIONS, PRODUCTS, Table

DRIVER = "delta-rs"
ITEMS = [{"slot": "bottom", "product_id": "p1", "score": 0.5, "reasons": ["it's 'so'", 'a "b"\n']}]
Rows = Sequence[dict[str, Any]]


def outfits(*said: tuple[str, int, float]) -> Rows:
    names = ("product_id", "rank", "score")
    return [dict(zip(names, one, strict=True)) | {"outfit_id": f"{one[0]}{one[2]}", "items": ITEMS} for one in said]


def products(*said: tuple[str, str, float | None]) -> Rows:
    return [
        {"product_id": one, "name": name, "price": price, "in_stock": True, "attributes": {"fit": name, "none": None}}
        for one, name, price in said
    ]


NIGHTS: dict[Table, tuple[Rows, ...]] = {
    OUTFIT_RECOMMENDATIONS: (
        outfits(("a", 1, 0.1), ("a", 2, 0.2), ("b", 1, 0.3), ("c", 1, 0.4)),
        outfits(("a", 1, 0.1), ("a", 2, 0.25), ("c", 1, 0.4), ("o'; --", 1, 0.5)),
        outfits(("a", 1, 0.1), ("o'; --", 1, 0.6)),
    ),
    PRODUCTS: (
        products(("a", "Shirt", 1.0), ("b", "Skirt", None), ("0042", "", 3.5)),
        products(("a", "Shirt", 2.0), ("0042", "", 3.5), ("d", "👗 \\ sari", 1e10)),
        products(("a", "Shirt", 2.0)),
    ),
}


def frame(spark: SparkSession, table: Table, rows: Rows) -> Any:
    return spark.createDataFrame([{name: row.get(name) for name in table.schema.names} for row in rows], table.schema)


def written(settings: Settings, table: Table) -> DeltaTable:
    return DeltaTable(f"{settings.storage.warehouse}/{table.name}")


def by_spark(patch: pytest.MonkeyPatch) -> None:
    patch.setattr(TableStore, "here", None)


def told(spark: SparkSession, settings: Settings, table: Table, since: int) -> list[tuple[Any, ...]]:
    """The change data feed as Spark reads it."""
    feed = spark.read.format("delta").option("readChangeFeed", "true").option("startingVersion", since)
    rows = feed.load(f"{settings.storage.warehouse}/{table.name}").collect()
    return sorted((row["_commit_version"], row["_change_type"], *(str(row[name]) for name in table.schema.names)) for row in rows)


@pytest.mark.parametrize(
    "table", [OUTFIT_RECOMMENDATIONS, pytest.param(PRODUCTS, marks=pytest.mark.slow)], ids=lambda table: table.name
)
def test_both_leave_the_same(spark: SparkSession, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, table: Table) -> None:
    """Rows inserted, changed and deleted night after night: rows, reports and change data; ids of what changed since any version,
    after files were compacted and after an earlier version was restored.
    """
    shops = {
        who: load_settings(overrides=[f"storage.warehouse={tmp_path / who}", "run_id=night"], environment={})
        for who in ("driver", "spark")
    }
    for number, rows in enumerate(NIGHTS[table]):
        reports = set()
        for who, settings in shops.items():
            with monkeypatch.context() as patch:
                if who == "spark":
                    by_spark(patch)
                reports.add(TableStore(spark, settings).merge(table, frame(spark, table, rows), delete_missing=True))
                engine = written(settings, table).history(1)[0].get("engineInfo", "")
            assert (DRIVER in engine) == (number > 0 and who == "driver")
        assert len(reports) == 1
    found = {who: sorted(map(str, TableStore(spark, one).read(table).drop("updated_at").collect())) for who, one in shops.items()}
    assert found["driver"] == found["spark"]
    last = written(shops["driver"], table).version()
    assert told(spark, shops["driver"], table, 1) == told(spark, shops["spark"], table, 1)
    place = TableStore(spark, shops["driver"]).place(table)
    TableStore(spark, shops["driver"]).append(table, frame(spark, table, NIGHTS[table][0][-1:]))  # a second file to compact
    spark.sql(f"OPTIMIZE {place}").collect()
    spark.sql(f"RESTORE TABLE {place} TO VERSION AS OF {last - 1}").collect()
    assert written(shops["driver"], table).version() == last + 3
    for version in range(1, written(shops["driver"], table).version()):
        here = TableStore(spark, shops["driver"])._changed_here(table, version, "product_id")
        with monkeypatch.context() as patch:
            by_spark(patch)
            there = TableStore(spark, shops["driver"]).changed_since(table, version, "product_id")
        assert here is not None
        assert there is not None
        assert sorted(here.collect()) == sorted(there.collect()), version


def test_both_read_the_same(spark: SparkSession, make_settings: Callable[..., Settings], monkeypatch: pytest.MonkeyPatch) -> None:
    """Each version, whoever wrote its files, also one without rows."""
    shop, nights = TableStore(spark, make_settings()), NIGHTS[OUTFIT_RECOMMENDATIONS]
    for rows in (*nights, [], nights[0]):
        shop.merge(OUTFIT_RECOMMENDATIONS, frame(spark, OUTFIT_RECOMMENDATIONS, rows), delete_missing=True)
    spark.sql(f"OPTIMIZE {shop.place(OUTFIT_RECOMMENDATIONS)}").collect()
    for version in range(shop.version(OUTFIT_RECOMMENDATIONS) + 1):
        here = shop.read_version(OUTFIT_RECOMMENDATIONS, version)
        with monkeypatch.context() as patch:
            by_spark(patch)
            there = shop.read_version(OUTFIT_RECOMMENDATIONS, version)
        assert shop._snapshot(OUTFIT_RECOMMENDATIONS, version) is not None
        assert sorted(map(str, here.collect())) == sorted(map(str, there.collect())), version
    assert shop.read(OUTFIT_RECOMMENDATIONS).count() == len(nights[0])


def test_where_the_driver_cannot_write_spark_does(
    spark: SparkSession, make_settings: Callable[..., Settings], monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    """As on a file system without links, or in a table with a feature that deltalake does not know; and it says so."""
    settings, first, second, third = make_settings(), *NIGHTS[PRODUCTS]
    shop = TableStore(spark, settings)
    shop.merge(PRODUCTS, frame(spark, PRODUCTS, first), delete_missing=True)

    def no_links(*_: object) -> None:
        raise OSError("Operation not permitted")

    with monkeypatch.context() as patch:
        patch.setattr(DeltaTables, "merge", no_links)
        assert shop.merge(PRODUCTS, frame(spark, PRODUCTS, second), delete_missing=True) == WriteReport(1, 1, 1)
    assert "written by Spark" in caplog.text
    spark.sql(f"ALTER TABLE {shop.place(PRODUCTS)} SET TBLPROPERTIES (delta.enableDeletionVectors = true)")
    assert shop.merge(PRODUCTS, frame(spark, PRODUCTS, third), delete_missing=True) == WriteReport(0, 0, 2)
    assert DRIVER not in str(written(settings, PRODUCTS).history())
    assert [row.product_id for row in shop.read(PRODUCTS).collect()] == ["a"]


def test_rows_at_hand_are_added_by_the_driver_or_by_spark(
    spark: SparkSession, make_settings: Callable[..., Settings], monkeypatch: pytest.MonkeyPatch
) -> None:
    """Once each, in a commit of its own."""
    settings = make_settings("run_id=night")
    shop, rows = TableStore(spark, settings), NIGHTS[PRODUCTS][0]
    for number, row in enumerate(rows):
        with monkeypatch.context() as patch:
            if number == 1:
                by_spark(patch)
            shop.append(PRODUCTS, as_arrow(PRODUCTS, [tuple(row.get(name) for name in PRODUCTS.arrow_schema.names)]))
    found = {row.product_id: (row.name, row.price, row.run_id) for row in shop.read(PRODUCTS).collect()}
    assert found == {"a": ("Shirt", 1.0, "night"), "b": ("Skirt", None, "night"), "0042": ("", 3.5, "night")}
    assert [DRIVER in one.get("engineInfo", "") for one in written(settings, PRODUCTS).history()] == [True, False, True, False]


def test_what_the_driver_cannot_read_of_changes_spark_does(
    spark: SparkSession, make_settings: Callable[..., Settings], monkeypatch: pytest.MonkeyPatch
) -> None:
    """Nothing is made anew for it."""
    shop = TableStore(spark, make_settings())
    for rows in NIGHTS[PRODUCTS][:2]:
        shop.merge(PRODUCTS, frame(spark, PRODUCTS, rows), delete_missing=True)

    def broken(*_: object) -> None:
        raise WarehouseError("cannot be read")

    monkeypatch.setattr(DeltaTables, "changed_since", broken)
    changed = shop.changed_since(PRODUCTS, 1, "product_id")
    assert changed is not None
    assert {row.product_id for row in changed.collect()} == {"a", "b", "d"}


def test_another_writer_that_came_first_is_compared_anew(
    spark: SparkSession, make_settings: Callable[..., Settings], monkeypatch: pytest.MonkeyPatch
) -> None:
    """What it has left decides what there is to do."""
    shop, (first, second, _) = TableStore(spark, make_settings()), NIGHTS[PRODUCTS]
    shop.merge(PRODUCTS, frame(spark, PRODUCTS, first), delete_missing=True)
    merge = DeltaTables.merge

    def late(*given: Any) -> None:
        monkeypatch.setattr(DeltaTables, "merge", merge)
        shop.merge(PRODUCTS, frame(spark, PRODUCTS, second), delete_missing=True)
        raise CommitFailedError("Commit failed: a concurrent transactions deleted data this operation read.")

    monkeypatch.setattr(DeltaTables, "merge", late)
    assert issubclass(CommitFailedError, DeltaError)
    assert shop.merge(PRODUCTS, frame(spark, PRODUCTS, second), delete_missing=True) == WriteReport()
