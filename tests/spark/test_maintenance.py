"""Many small files become few, former versions go when their time is over, and what is in order is left alone."""

from collections.abc import Callable
from pathlib import Path

import pytest
from deltalake import DeltaTable
from pyspark.sql import SparkSession

from outfit_pairing.cli import main
from outfit_pairing.embedding.unused import forget_unused
from outfit_pairing.settings import Settings
from outfit_pairing.storage import TableStore
from outfit_pairing.storage.leftovers import sweep_staged_tables
from outfit_pairing.storage.maintenance import FEWEST_FILES, LISTING, Kept, Wish, maintain_tables
from outfit_pairing.storage.tables import ANCHOR_PRODUCTS, OUTFIT_RECOMMENDATIONS, PRODUCT_EMBEDDINGS, PRODUCTS

Make = Callable[..., Settings]


def scattered(spark: SparkSession, settings: Settings, files: int = FEWEST_FILES) -> None:
    """anchor_products in so many files, by one write."""
    store = TableStore(spark, settings)
    store.create(ANCHOR_PRODUCTS)
    rows = [(f"p{number:02}", "tops", 10, 1, number) for number in range(files * 4)]
    store.append(ANCHOR_PRODUCTS, spark.createDataFrame(rows, ANCHOR_PRODUCTS.schema).repartitionByRange(files, "product_id"))


def maintained(spark: SparkSession, settings: Settings, wish: Wish) -> Kept:
    (kept,) = maintain_tables(spark, settings, wish)
    return kept


def test_a_scattered_table_is_compacted_and_its_old_files_go(spark: SparkSession, make_settings: Make, tmp_path: Path) -> None:
    """Every row stays; the second time there is nothing to do, and no commit."""
    settings, folder = make_settings(), tmp_path / "warehouse" / "anchor_products"
    scattered(spark, settings)
    listing = spark.conf.get(LISTING)
    told = maintained(spark, settings, Wish(0, dry=True))
    assert (told.files_after, told.done) == (FEWEST_FILES, ("keeps 0 days", "compacted"))
    kept = maintained(spark, settings, Wish(0))
    assert (kept.files_before, kept.files_after, kept.deleted) == (FEWEST_FILES, 1, FEWEST_FILES)
    assert kept.freed == kept.bytes_before > 0
    assert len(list(folder.glob("*.parquet"))) == 1
    assert TableStore(spark, settings).read(ANCHOR_PRODUCTS).count() == FEWEST_FILES * 4
    version = DeltaTable(str(folder)).version()
    again = maintained(spark, settings, Wish(0))
    assert (again.done, again.deleted, DeltaTable(str(folder)).version()) == ((), 0, version)
    assert spark.conf.get(LISTING) == listing


def stated(folder: Path) -> set[str]:
    """The retention that anchor_products states."""
    properties = DeltaTable(str(folder / "warehouse" / "anchor_products")).metadata().configuration
    return {properties["delta.logRetentionDuration"], properties["delta.deletedFileRetentionDuration"]}


def test_former_versions_can_be_restored_within_the_retention(spark: SparkSession, make_settings: Make, tmp_path: Path) -> None:
    """The table itself states it, so that no other VACUUM deletes sooner, and rollback by version works."""
    settings = make_settings()
    scattered(spark, settings, files=2)
    TableStore(spark, settings).merge(
        ANCHOR_PRODUCTS, spark.createDataFrame([("p00", "tops", 10, 9, 0)], ANCHOR_PRODUCTS.schema), delete_missing=True
    )
    assert stated(tmp_path) == {"interval 30 days"}  # before anybody maintains it
    kept = maintained(spark, settings, Wish(40))
    assert (kept.deleted, kept.done) == (0, ("keeps 40 days",))
    assert stated(tmp_path) == {"interval 40 days"}
    place = TableStore(spark, settings).place(ANCHOR_PRODUCTS)
    spark.sql(f"RESTORE TABLE {place} TO VERSION AS OF 1").collect()
    assert TableStore(spark, settings).read(ANCHOR_PRODUCTS).count() == 8


def test_clustering_is_given_once_where_it_is_asked_for(spark: SparkSession, make_settings: Make) -> None:
    """outfit_recommendations by product_id; merges go on working."""
    settings = make_settings()
    store = TableStore(spark, settings)
    store.create(OUTFIT_RECOMMENDATIONS)
    assert "clustered" in maintained(spark, settings, Wish(30, cluster=True)).done
    assert maintained(spark, settings, Wish(30, cluster=True)).done == ()
    rows = spark.createDataFrame([("p", 1, "o", "rule_based", None, None, None, None, 0.5, 0.3, [])], OUTFIT_RECOMMENDATIONS.schema)
    assert store.merge(OUTFIT_RECOMMENDATIONS, rows).rows_written == 1
    assert store.merge(OUTFIT_RECOMMENDATIONS, rows).rows_written == 0


def test_staged_tables_of_dead_runs_are_dropped_from_a_schema(spark: SparkSession, make_settings: Make, tmp_path: Path) -> None:
    """Those of the last day may be in use."""
    spark.sql(f"CREATE DATABASE IF NOT EXISTS kept LOCATION '{tmp_path / 'kept'}'")
    try:
        spark.sql("CREATE TABLE kept.staged_catalogue_rows (line bigint) USING parquet")
        spark.sql("CREATE TABLE kept.products (product_id string) USING parquet")
        settings = make_settings("storage.schema=kept")
        assert sweep_staged_tables(spark, settings, dry=False) == []
        (swept,) = sweep_staged_tables(spark, settings, dry=False, now=lambda: 4_000_000_000)
        assert (swept.count, swept.removed) == (1, True)
        assert {row.tableName for row in spark.sql("SHOW TABLES IN kept").collect() if not row.isTemporary} == {"products"}
    finally:
        spark.sql("DROP DATABASE kept CASCADE")


def test_the_command_prints_a_table_and_refuses_what_endangers_runs(
    spark: SparkSession, make_settings: Make, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """A short retention needs its own flag; a warehouse that is not there is one clear line."""
    where = ("--warehouse", str(tmp_path / "warehouse"), "--quiet")
    assert main(["maintain", *where]) == 2
    scattered(spark, make_settings())
    assert main(["maintain", *where, "--set", "storage.retention_days=3"]) == 2
    embedded(spark, make_settings())
    assert main(["maintain", *where, "--set", "storage.retention_days=40"]) == 0
    shown = capsys.readouterr().out
    assert "anchor_products" in shown
    assert "keeps 40 days, compacted" in shown
    assert "0 files of former versions deleted" in shown
    assert "no product has" not in shown  # all vectors are of today


def embedded(spark: SparkSession, settings: Settings) -> None:
    """A product; vectors of its text and of one that is gone, by two encoders."""
    store = TableStore(spark, settings)
    of_product = {"product_id": "p", "name": "Tee", "slot": "top", "in_stock": True, "text_hash": "now"}
    product = [tuple(of_product.get(name) for name in PRODUCTS.schema.names)]
    store.merge(PRODUCTS, spark.createDataFrame(product, PRODUCTS.schema))
    rows = [(text, encoder, [1.0], 1) for text in ("now", "gone") for encoder in ("one", "another")]
    store.merge(PRODUCT_EMBEDDINGS, spark.createDataFrame(rows, PRODUCT_EMBEDDINGS.schema))


def test_vectors_that_no_product_uses_go_when_their_time_is_over(spark: SparkSession, make_settings: Make) -> None:
    """Of texts that are gone, by whichever encoder; what is used stays, however old."""
    settings = make_settings()
    store = TableStore(spark, settings)
    assert forget_unused(store, 0) == 0  # an empty warehouse
    embedded(spark, settings)
    assert forget_unused(store, 30) == forget_unused(store, 30, dry=True) == 0
    assert forget_unused(store, 0, dry=True) == 2
    assert forget_unused(store, 0) == 2
    assert [row["text_hash"] for row in store.rows(PRODUCT_EMBEDDINGS, ("text_hash",))] == ["now", "now"]
    version = store.version(PRODUCT_EMBEDDINGS)
    assert (forget_unused(store, 0), store.version(PRODUCT_EMBEDDINGS)) == (0, version)
