"""Rows of broken catalogues in Spark: what was read of them ends in one of two tables, whatever signs it holds."""

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from itertools import islice
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pyarrow as pa
import pytest
from tests.broken_catalogues import KINDS, LARGE, broken_catalogues

from outfit_pairing.catalog import Catalogue, open_catalogue, stage
from outfit_pairing.catalog.product_rows import ARROW_SCHEMA, SPARK_SCHEMA, ProductReader
from outfit_pairing.errors import CatalogError
from outfit_pairing.settings import Settings
from outfit_pairing.storage import TableStore
from outfit_pairing.storage.tables import PRODUCTS, REJECTED_PRODUCTS
from outfit_pairing.style import load_style_guide

if TYPE_CHECKING:
    from pyspark.sql import DataFrame, SparkSession

MOST_ROWS = 30  # of one file
MakeSettings = Callable[..., Settings]


def counts(spark: "SparkSession", settings: Settings) -> tuple[int, int]:
    """Rows of both tables."""
    store = TableStore(spark, settings)
    return store.read(PRODUCTS).count(), store.read(REJECTED_PRODUCTS).count()


def accepted(settings: Settings, folder: Path) -> Iterator[Catalogue]:
    """The catalogues of one file per kind of damage, those left out that are refused, and those that are only large."""
    for file in broken_catalogues(folder, len(KINDS), seed=3, large=2_500_000):
        if not LARGE.isdisjoint(file.kinds):
            continue
        try:
            yield open_catalogue(
                settings.model_copy(update={"catalog": settings.catalog.model_copy(update={"path": str(file.path)})})
            )
        except CatalogError:
            continue


def table_of(catalogues: Iterator[Catalogue]) -> tuple[pa.Table, int]:
    """All their rows as ingest stages them, numbered through, and of how many catalogues they are."""
    batches: list[pa.RecordBatch] = []
    files = 0
    for catalogue in catalogues:
        reader = ProductReader(catalogue.mapping_for(catalogue.columns), load_style_guide(), "USD")
        batches += reader.batches(islice(catalogue.rows(), MOST_ROWS), MOST_ROWS)
        files += 1
    rows = pa.Table.from_batches(batches)
    place = ARROW_SCHEMA.get_field_index("line_number")
    return rows.set_column(place, ARROW_SCHEMA.field(place), pa.array(range(rows.num_rows), pa.int64())), files


def test_the_rows_of_all_broken_catalogues_end_in_one_of_two_tables(
    spark: "SparkSession", make_settings: MakeSettings, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Every kind of damage in one run of the stage: nothing that was read cannot be written, and a second run writes nothing."""
    (tmp_path / "good.csv").write_text("id,name\ngood,Tee\n", "utf-8")
    settings = make_settings(f"catalog.path={tmp_path / 'good.csv'}", "embedding.model=hashing")
    (tmp_path / "files").mkdir()
    table, files = table_of(accepted(settings, tmp_path / "files"))
    assert files > len(KINDS) / 3

    @contextmanager
    def staged(*_: Any) -> "Iterator[DataFrame]":
        yield spark.createDataFrame(table, SPARK_SCHEMA)

    monkeypatch.setattr(stage, "staged_rows", staged)
    report = stage.run(spark, settings)
    assert report.rows_in == report.rows_out + report.rows_rejected == table.num_rows
    assert counts(spark, settings) == (report.rows_out, report.rows_rejected)
    assert stage.run(spark, settings).counters["rows_written"] == 0


FILES = {
    "text.csv": (
        'id,name,price,season\n1,\U0001f457 Dress,"1.299,00",2024-01-01\n2,\u202eعباءة,1e308,NaN\n'
        "3,a\0b,inf,\n4,e\u0301toile,-5,AW\n4,A,,\n04,B,,\n"
    ),
    "quotes.csv": 'id,name\r1,"a\nb"\n2,"Tee\n3,Tote "x" y\r\n4,"a ""b"""\n5,' + '"x' * 5 + "\n01,Cap\n1 ,Cap\n",
    "deep.jsonl": (
        '{"id": 1, "id": 2, "name": "Tee", "": "x", "x": {"y": [1, {"z": NaN}]}, "x.y": 1}\nnull\n'
        '{"id": "\\u0000", "name": "Tee"}\n{"id": ' + "9" * 5_000 + "}\n" + "[" * 10_000 + "\n"
    ),
}


@pytest.mark.parametrize("name", FILES)
def test_a_broken_catalogue_is_accounted_for_row_by_row(
    spark: "SparkSession", make_settings: MakeSettings, tmp_path: Path, name: str
) -> None:
    """From the file to the tables, as users run it."""
    (tmp_path / name).write_bytes(FILES[name].encode())
    settings = make_settings(f"catalog.path={tmp_path / name}", "embedding.model=hashing")
    rows = list(open_catalogue(settings).rows())
    report = stage.run(spark, settings)
    assert report.rows_in == report.rows_out + report.rows_rejected == len(rows)
    assert counts(spark, settings) == (report.rows_out, report.rows_rejected)
    assert report.rows_out
