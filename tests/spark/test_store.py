"""Tables are written by content: what did not change is not written again."""

from collections.abc import Callable
from pathlib import Path

import pytest
from deltalake import DeltaTable
from py4j.protocol import Py4JJavaError
from pyspark.errors import PySparkException
from pyspark.sql import DataFrame, SparkSession

from outfit_pairing.errors import MissingTable, WarehouseError
from outfit_pairing.settings import Settings
from outfit_pairing.storage import TABLES, TableStore, WriteReport
from outfit_pairing.storage.tables import ANCHOR_PRODUCTS, RULE_RECOMMENDATIONS, RUNS


def anchors(spark: SparkSession, *rows: tuple[str, int]) -> DataFrame:
    """Anchor rows of (product_id, represents)."""
    full = [(product_id, "tops | women", 10, represents, 1) for product_id, represents in rows]
    return spark.createDataFrame(full, ANCHOR_PRODUCTS.schema)


def test_merge_writes_only_what_changed(spark: SparkSession, make_settings: Callable[..., Settings]) -> None:
    """New keys are inserted, changed rows updated, missing ones deleted, equal ones left alone with their run_id."""
    first, second = make_settings("run_id=first"), make_settings("run_id=second")
    store = TableStore(spark, first)
    assert store.merge(ANCHOR_PRODUCTS, anchors(spark, ("a", 1), ("b", 2), ("c", 3))) == WriteReport(inserted=3)
    store = TableStore(spark, second)
    report = store.merge(ANCHOR_PRODUCTS, anchors(spark, ("a", 1), ("b", 20), ("d", 4)), delete_missing=True)
    assert report == WriteReport(inserted=1, updated=1, deleted=1)
    found = {row.product_id: (row.represents, row.run_id) for row in store.read(ANCHOR_PRODUCTS).collect()}
    assert found == {"a": (1, "first"), "b": (20, "second"), "d": (4, "second")}


def test_an_unchanged_merge_makes_no_commit(spark: SparkSession, make_settings: Callable[..., Settings], tmp_path: Path) -> None:
    """Neither a data file nor a table version; nothing staged is left behind."""
    store = TableStore(spark, make_settings())
    rows = anchors(spark, ("a", 1), ("b", 2))
    store.merge(ANCHOR_PRODUCTS, rows)
    folder = tmp_path / "warehouse"
    version, files = DeltaTable(str(folder / "anchor_products")).version(), sorted(folder.rglob("*.parquet"))
    assert store.merge(ANCHOR_PRODUCTS, rows, delete_missing=True) == WriteReport()
    assert DeltaTable(str(folder / "anchor_products")).version() == version
    assert sorted(folder.rglob("*.parquet")) == files
    assert [path.name for path in folder.iterdir()] == ["anchor_products"]


def test_without_delete_missing_other_rows_stay(spark: SparkSession, make_settings: Callable[..., Settings]) -> None:
    """A merge of some rows does not touch the others."""
    store = TableStore(spark, make_settings())
    store.merge(ANCHOR_PRODUCTS, anchors(spark, ("a", 1), ("b", 2)))
    assert store.merge(ANCHOR_PRODUCTS, anchors(spark, ("b", 3))) == WriteReport(updated=1)
    assert store.read(ANCHOR_PRODUCTS).count() == 2


def test_notes_overwrite_their_key_and_leave_the_others(
    spark: SparkSession, make_settings: Callable[..., Settings], tmp_path: Path
) -> None:
    """A few rows at hand, in one commit; the version is that which another reader of Delta finds."""
    first, second = TableStore(spark, make_settings("run_id=first")), TableStore(spark, make_settings("run_id=second"))
    first.note(ANCHOR_PRODUCTS, [("a", "tops | women", 10, 1, 1), ("b", "it's", 10, 2, None)])
    before = first.version(ANCHOR_PRODUCTS)
    second.note(ANCHOR_PRODUCTS, [("b", "it's", 10, 3, 2), ("c", None, None, None, None)])
    found = {row.product_id: (row.stratum, row.represents, row.run_id) for row in first.read(ANCHOR_PRODUCTS).collect()}
    assert found == {"a": ("tops | women", 1, "first"), "b": ("it's", 3, "second"), "c": (None, None, "second")}
    assert second.version(ANCHOR_PRODUCTS) == before + 1 == DeltaTable(str(tmp_path / "warehouse" / "anchor_products")).version()


def test_every_table_can_be_created_as_defined(spark: SparkSession, make_settings: Callable[..., Settings], tmp_path: Path) -> None:
    """Comments with quotes, keys NOT NULL, columns in order, for each definition."""
    store = TableStore(spark, make_settings())
    for table in TABLES.values():
        store.create(table)
        found = spark.sql(f"SELECT * FROM {store.place(table)}")
        assert tuple(found.columns) == table.names
        assert {field.name for field in found.schema.fields if not field.nullable} >= set(table.key)
        assert table.arrow_schema.names == list(table.schema.names)
    described = DeltaTable(str(tmp_path / "warehouse" / "rule_recommendations")).metadata().description
    assert described == RULE_RECOMMENDATIONS.comment


def test_a_missing_table_names_the_command_that_writes_it(spark: SparkSession, make_settings: Callable[..., Settings]) -> None:
    """The message is the cure."""
    with pytest.raises(MissingTable, match="run `outfit-pairing select-anchors` first"):
        TableStore(spark, make_settings()).read(ANCHOR_PRODUCTS)


def test_a_damaged_table_is_not_taken_for_a_missing_one(
    spark: SparkSession, make_settings: Callable[..., Settings], tmp_path: Path
) -> None:
    """A log that cannot be read is an error: starting over would pay again for what is there."""
    store = TableStore(spark, make_settings())
    store.create(RUNS)
    log = tmp_path / "warehouse" / "runs" / "_delta_log"
    for entry in log.glob("*.json"):
        entry.write_text("{broken")
    for entry in log.glob(".*.crc"):
        entry.unlink()
    before = {entry.name: entry.read_bytes() for entry in log.iterdir() if entry.is_file()}
    # as the driver's own reader tells it, or Spark
    with pytest.raises((WarehouseError, PySparkException, Py4JJavaError)) as caught:
        TableStore(spark.newSession(), make_settings()).merge(RUNS, spark.createDataFrame([], RUNS.schema))
    assert not isinstance(caught.value, MissingTable)
    assert {entry.name: entry.read_bytes() for entry in log.iterdir() if entry.is_file()} == before
