"""Warehouses of older packages go on working, newer ones are refused, and no data file is rewritten for a new column."""

import logging
import shutil
from collections.abc import Callable
from pathlib import Path

import pytest
from deltalake import DeltaTable
from pyspark.sql import SparkSession

from outfit_pairing import __version__
from outfit_pairing.errors import WarehouseError
from outfit_pairing.settings import Settings
from outfit_pairing.storage import TableStore, migrations
from outfit_pairing.storage.migrations import VERSION, WRITER, Step
from outfit_pairing.storage.tables import ANCHOR_PRODUCTS

Make = Callable[..., Settings]
OLD_ANCHORS = "product_id string NOT NULL, stratum string, stratum_size bigint, rank int, run_id string, updated_at timestamp"


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    return tmp_path / "warehouse" / "anchor_products"


def old_table(spark: SparkSession, folder: Path, columns: str = OLD_ANCHORS, properties: str = "") -> None:
    """anchor_products as an older package left it, with two rows."""
    spark.sql(f"CREATE TABLE delta.`{folder}` ({columns}) USING delta {properties}")
    names = [column.split()[0] for column in columns.split(", ")]
    values = {
        "product_id": "concat('p', id)", "stratum": "'tops'", "stratum_size": "2L", "rank": "CAST(id AS INT)", "run_id": "'old'",
        "updated_at": "current_timestamp()",
    }  # fmt: skip
    rows = ", ".join(values.get(name, "NULL") for name in names)
    spark.sql(f"INSERT INTO delta.`{folder}` ({', '.join(names)}) SELECT {rows} FROM range(2)")


def properties(folder: Path) -> dict[str, str]:
    return DeltaTable(str(folder)).metadata().configuration


def data_files(folder: Path) -> list[tuple[Path, int]]:
    return sorted((path, path.stat().st_mtime_ns) for path in folder.glob("*.parquet"))


def test_an_older_table_gets_its_new_columns_without_a_rewritten_file(
    spark: SparkSession, make_settings: Make, folder: Path, caplog: pytest.LogCaptureFixture
) -> None:
    """A table without a version and without `represents` reads, merges and looks as one made today."""
    old_table(spark, folder)
    before = data_files(folder)
    store = TableStore(spark, make_settings())
    with caplog.at_level(logging.INFO):
        found = store.read(ANCHOR_PRODUCTS)
    assert tuple(found.columns) == ANCHOR_PRODUCTS.names
    assert {row.represents for row in found.collect()} == {None}
    assert data_files(folder) == before
    assert (properties(folder)[VERSION], properties(folder)[WRITER]) == ("1", __version__)
    assert "anchor_products: schema version 0 → 1" in caplog.text
    assert "anchor_products: new columns represents" in caplog.text
    rows = spark.createDataFrame([("p0", "tops", 2, 5, 0), ("p1", "tops", 2, None, 1)], ANCHOR_PRODUCTS.schema)
    assert store.merge(ANCHOR_PRODUCTS, rows).rows_written == 1


def test_a_table_of_today_is_looked_at_once_a_run_and_left_alone(
    spark: SparkSession, make_settings: Make, folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """One look at its properties however often it is opened, and no commit."""
    settings, looks = make_settings(), []
    TableStore(spark, settings).create(ANCHOR_PRODUCTS)
    look = migrations._version
    monkeypatch.setattr(migrations, "_version", lambda *given: looks.append(given) or look(*given))
    for _ in range(3):
        TableStore(spark, settings).read(ANCHOR_PRODUCTS)
    assert len(looks) == 1
    assert DeltaTable(str(folder)).version() == 0


def test_a_newer_table_is_refused_in_one_line(spark: SparkSession, make_settings: Make, folder: Path) -> None:
    """With the version of the package to install, when the table tells it."""
    for writer, says in (("", "an outfit-pairing newer than"), (f", '{WRITER}' = '0.9.2'", "install outfit-pairing ≥ 0.9.2")):
        old_table(spark, folder, properties=f"TBLPROPERTIES ('{VERSION}' = '3'{writer})")
        with pytest.raises(WarehouseError, match="is of schema version 3, this package writes 1") as caught:
            TableStore(spark, make_settings()).read(ANCHOR_PRODUCTS)
        assert says in caught.value.what
        assert caught.value.exit_code == 2
        shutil.rmtree(folder)


@pytest.mark.parametrize(
    ("columns", "says"),
    [
        (
            OLD_ANCHORS.replace("stratum_size bigint", "stratum_size int"),
            "column stratum_size of table anchor_products is int, not",
        ),
        (OLD_ANCHORS.replace("product_id string NOT NULL", "sku string"), "has no column product_id, which is never null"),
    ],
)
def test_what_needs_a_step_and_has_none_is_one_clear_line(
    spark: SparkSession, make_settings: Make, folder: Path, columns: str, says: str
) -> None:
    """Nothing is guessed: another type, and a missing key, stop the stage before it writes."""
    spark.sql(f"CREATE TABLE delta.`{folder}` ({columns}) USING delta TBLPROPERTIES ('{VERSION}' = '1')")
    with pytest.raises(WarehouseError, match=says):
        TableStore(spark, make_settings()).read(ANCHOR_PRODUCTS)
    assert DeltaTable(str(folder)).version() == 0


class CrashError(Exception): ...


def test_a_step_that_was_cut_off_is_repeated(
    spark: SparkSession, make_settings: Make, folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Work done, mark not set: the next run finds the work done, sets the mark, and loses no row."""
    old_table(spark, folder, OLD_ANCHORS.replace("stratum string", "layer string"))
    spark.sql(f"UPDATE delta.`{folder}` SET layer = 'tops'")

    def rename(place: str, present: migrations.Present) -> list[str]:
        enable = f"ALTER TABLE {place} SET TBLPROPERTIES ('delta.columnMapping.mode' = 'name')"
        return [enable, f"ALTER TABLE {place} RENAME COLUMN layer TO stratum"] if "layer" in present else []

    monkeypatch.setitem(migrations.STEPS, "anchor_products", (Step(2, "layer is called stratum", rename),))
    settings, alter = make_settings(), migrations._alter

    def dies_before_the_mark(spark: SparkSession, table: object, statement: str) -> None:
        if f"'{VERSION}' = '2'" in statement:
            raise CrashError
        alter(spark, table, statement)

    with monkeypatch.context() as patched:
        patched.setattr(migrations, "_alter", dies_before_the_mark)
        with pytest.raises(CrashError):
            TableStore(spark, settings).read(ANCHOR_PRODUCTS)
    assert properties(folder)[VERSION] == "1"
    found = TableStore(spark, settings).read(ANCHOR_PRODUCTS)
    assert {row.stratum for row in found.collect()} == {"tops"}
    assert properties(folder)[VERSION] == "2"
    assert "'2'" in migrations.version_properties(ANCHOR_PRODUCTS)


def test_a_version_that_is_none_is_said(spark: SparkSession, make_settings: Make, folder: Path) -> None:
    """Somebody set it by hand."""
    spark.sql(f"CREATE TABLE delta.`{folder}` ({OLD_ANCHORS}) USING delta TBLPROPERTIES ('{VERSION}' = 'two')")
    with pytest.raises(WarehouseError, match="which is no version"):
        TableStore(spark, make_settings()).read(ANCHOR_PRODUCTS)
