"""The ingest stage: every row in one of two tables, only changes written, the same from every format."""

import csv
import json
import logging
from collections.abc import Callable, Sequence
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
import numpy.typing as npt
import pytest

from outfit_pairing.catalog import stage, staging, write_sample
from outfit_pairing.catalog.source import open_catalogue
from outfit_pairing.catalog.stage import run
from outfit_pairing.catalog.staging import staged_rows
from outfit_pairing.embedding import kept
from outfit_pairing.embedding.hashing import HashingEncoder
from outfit_pairing.errors import CatalogError, InputError
from outfit_pairing.settings import Settings
from outfit_pairing.storage import TableStore
from outfit_pairing.storage.tables import PRODUCTS, REJECTED_PRODUCTS

if TYPE_CHECKING:
    from pyspark.sql import SparkSession

MakeSettings = Callable[..., Settings]
HEADER = "id,name,gender,type,colour,price\n"
GOOD = (
    "01,Marlow Men Red Shirt,Men,Shirts,Red,30\n02,Marlow Women Skirt,Women,Skirts,Blue,20\n03,Marlow Boots,Women,Boots,Black,90\n"
)
BAD = (
    "02,Marlow Again,Men,Shirts,Red,1\n,Nameless,Men,Shirts,Red,1\n05,,Men,Shirts,Red,1\n06,Too,Few\n07,Too,Men,Shirts,Red,1,Many\n"
)


@pytest.fixture
def write(tmp_path: Path, make_settings: MakeSettings) -> Callable[..., Settings]:
    """Settings for a catalogue of that content; the warehouse stays the same within a test."""

    def write(content: str, name: str = "shop.csv", *overrides: str) -> Settings:
        (tmp_path / name).write_text(content, "utf-8")
        return make_settings(f"catalog.path={tmp_path / name}", *overrides)

    return write


def rows(spark: "SparkSession", settings: Settings, table: Any = PRODUCTS) -> dict[Any, Any]:
    """The table's rows by product id, or by line number."""
    key = table.key[-2] if table is REJECTED_PRODUCTS else table.key[0]
    return {row[key]: row for row in TableStore(spark, settings).read(table).collect()}


def test_every_row_is_a_product_or_a_reject_with_a_reason(spark: "SparkSession", write: Callable[..., Settings]) -> None:
    """Rows in = products + rejected, in the report and in the tables; rejects say line, code and cure."""
    settings = write(HEADER + GOOD + BAD)
    report = run(spark, settings)
    products, rejected = rows(spark, settings), rows(spark, settings, REJECTED_PRODUCTS)
    assert (report.rows_in, report.rows_out, report.rows_rejected) == (8, 3, 5) == (8, len(products), len(rejected))
    assert {line: row.reason_code for line, row in rejected.items()} == {
        5: "duplicate_id",
        6: "missing_id",
        7: "missing_name",
        8: "too_few_fields",
        9: "too_many_fields",
    }
    assert rejected[5].reason.startswith("the id 02 stands already on line 3")
    assert rejected[5].raw == "02,Marlow Again,Men,Shirts,Red,1"
    assert {row.source for row in rejected.values()} == {"shop.csv"}
    assert products["02"].name == "Marlow Women Skirt"


def test_a_second_run_writes_nothing_and_says_so(spark: "SparkSession", write: Callable[..., Settings]) -> None:
    """Neither products nor rejects are written again; a change touches its own row only."""
    settings = write(HEADER + GOOD + BAD)
    assert run(spark, settings).counters["rows_written"] == 8
    before = rows(spark, settings), rows(spark, settings, REJECTED_PRODUCTS)
    again = write(HEADER + GOOD + BAD)
    assert run(spark, again).counters["rows_written"] == 0
    assert (rows(spark, again), rows(spark, again, REJECTED_PRODUCTS)) == before
    changed = write(HEADER + GOOD.replace("Red,30", "Red,31") + BAD)
    assert run(spark, changed).counters["rows_written"] == 1
    assert rows(spark, changed)["01"].run_id == changed.run_id
    assert rows(spark, changed)["02"].run_id == settings.run_id


def test_the_tables_always_show_the_latest_catalogue(spark: "SparkSession", write: Callable[..., Settings]) -> None:
    """A product that left the catalogue leaves the table, and mended rows leave the rejects."""
    run(spark, write(HEADER + GOOD + BAD))
    settings = write(HEADER + "\n".join(GOOD.splitlines()[:2]) + "\n")
    report = run(spark, settings)
    assert set(rows(spark, settings)) == {"01", "02"}
    assert rows(spark, settings, REJECTED_PRODUCTS) == {}
    assert (report.rows_in, report.counters["rows_written"]) == (2, 1 + 5)


def test_prices_are_cheap_or_dear_within_their_slot(spark: "SparkSession", write: Callable[..., Settings]) -> None:
    """Price tiers are thirds of a slot, so that a dear sock is no cheap coat."""
    shirts = "".join(f"{price},Shirt {price},Men,Shirts,Red,{price}\n" for price in (10, 20, 30, 40, 50, 60))
    settings = write(HEADER + shirts + "b,Boots,Men,Boots,Black,900\nx,Cap,Men,Caps,Red,ask\n")
    run(spark, settings)
    tiers = {key: row.price_tier for key, row in rows(spark, settings).items()}
    assert [tiers[str(price)] for price in (10, 20, 30, 40, 50, 60)] == ["budget", "budget", "mid", "mid", "premium", "premium"]
    assert tiers["x"] is None


def test_missing_slots_and_unknown_types_are_said(
    spark: "SparkSession", write: Callable[..., Settings], caplog: pytest.LogCaptureFixture
) -> None:
    """A catalogue without footwear runs; report and log name what is missing and what was not understood."""
    settings = write(HEADER + GOOD.replace("Boots", "Zorblings"), "shop.csv", "embedding.model=hashing")
    with caplog.at_level(logging.WARNING):
        report = run(spark, settings)
    assert "footwear" in str(report.counters["missing_slots"])
    assert report.counters["unknown_article_types"] == 1
    assert "Zorblings → other (1, confidence 0.00)" in caplog.text


def test_the_words_that_unknown_ones_are_compared_with_are_encoded_once(
    spark: "SparkSession", write: Callable[..., Settings], monkeypatch: pytest.MonkeyPatch
) -> None:
    """The guide's words cost the first night; later ones cost what is new."""
    encoded: list[int] = []

    class Counting(HashingEncoder):
        def encode(self, texts: Sequence[str]) -> npt.NDArray[np.float32]:
            encoded.append(len(texts))
            return super().encode(texts)

    monkeypatch.setattr(staging, "encode_of", lambda _: Counting)
    monkeypatch.setattr(kept, "open_encoder", lambda _: Counting())
    for words in ("Zorblings", "Zorblings", "Blobbles"):
        run(spark, write(HEADER + GOOD.replace("Boots", words), "shop.csv", "embedding.model=hashing"))
    assert len(encoded) == 2
    assert encoded[0] > 100
    assert encoded[1] == 1


def test_a_catalogue_without_any_usable_row_leaves_the_tables_alone(spark: "SparkSession", write: Callable[..., Settings]) -> None:
    """A broken delivery does not empty the shop."""
    run(spark, write(HEADER + GOOD))
    settings = write(HEADER + BAD.splitlines()[1] + "\n")
    with pytest.raises(CatalogError, match=r"none of its 1 rows can be sold \(missing_id"):
        run(spark, settings)
    assert len(rows(spark, settings)) == 3


def test_all_formats_give_the_same_products(spark: "SparkSession", write: Callable[..., Settings], tmp_path: Path) -> None:
    """CSV, JSON lines, Parquet and Delta differ in line numbers only."""
    settings = write(HEADER + GOOD + "03,Marlow Other Boots,Women,Boots,Black,95\n")
    run(spark, settings)
    expected = rows(spark, settings)
    table = list(csv.DictReader((tmp_path / "shop.csv").open(encoding="utf-8")))
    (tmp_path / "shop.jsonl").write_text("\n".join(map(json.dumps, table)), "utf-8")
    frame = spark.createDataFrame(table).coalesce(1)
    frame.write.parquet(str(tmp_path / "parquet"))
    frame.write.format("delta").save(str(tmp_path / "delta"))
    for name in ("shop.jsonl", "parquet", "delta"):
        report = run(
            spark, settings.model_copy(update={"catalog": settings.catalog.model_copy(update={"path": str(tmp_path / name)})})
        )
        assert (report.rows_in, report.rows_rejected) == (4, 1)
        assert rows(spark, settings) == expected, name


def test_rows_of_a_table_are_numbered_by_id_however_it_is_cut(
    spark: "SparkSession", make_settings: MakeSettings, tmp_path: Path
) -> None:
    """The first of equal ids is the same one whatever files the table has and however many tasks read it."""
    table = [{"id": f"{number % 90:02}", "name": f"Marlow Shirt {number:03}", "articleType": "Shirts"} for number in range(100)]
    paths = [tmp_path / name for name in ("one", "other")]
    spark.createDataFrame(table).coalesce(1).write.format("delta").save(str(paths[0]))
    spark.createDataFrame(table[::-1]).repartition(5).write.format("delta").save(str(paths[1]))
    found = []
    for path, parts in zip(paths, (1, 7), strict=True):
        settings = make_settings(f"catalog.path={path}", f"spark.partitions={parts}")
        with staged_rows(spark, settings, open_catalogue(settings)) as staged:
            found.append(sorted((row.line_number, row.product_id, row.name) for row in staged.collect()))
    assert found[0] == found[1]
    assert [number for number, _, _ in found[0]] == list(range(1, 101))
    assert [one for _, one, _ in found[0]] == sorted(one["id"] for one in table)


def test_a_large_catalogue_goes_through_the_staging_place(
    spark: "SparkSession", make_settings: MakeSettings, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Chunks come out as the rows that went in, once each, and the place is gone afterwards."""
    monkeypatch.setattr(staging, "CHUNK_ROWS", 70)
    path = write_sample(tmp_path / "sample.csv.gz", 250, 1)
    settings = make_settings(f"catalog.path={path}", "catalog.mapping=sample")
    for few in (100, 250):
        with staged_rows(spark, settings, open_catalogue(settings), few_rows=few) as staged:
            numbers = sorted(row.line_number for row in staged.select("line_number").collect())
        assert numbers == list(range(2, 252))
        assert list(Path(settings.storage.warehouse).glob("*")) == []


ODD = (
    HEADER
    + GOOD
    + BAD
    + "08,Marlow Cap,Men,Caps,Red,ask\n08,Marlow Cap,Men,Caps,,\n"
    + "09,Marlow Zorbling,,Zorblings,Red,7\n10,Marlow Blob,,Blobs,Moss,7\n"
    + "".join(f"s{n},Shirt {n},{'Men' if n % 3 else ''},Shirts,{'Red' if n % 2 else ''},{n * n % 41}.{n}\n" for n in range(40))
)


def test_few_rows_are_judged_by_the_driver_as_many_are_by_spark(
    spark: "SparkSession", write: Callable[..., Settings], monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    """The same products, rejects, figures and warnings, also when the one follows the other: nothing is written again."""
    found = []
    for few in (50_000, 5):
        caplog.clear()
        monkeypatch.setattr(stage, "staged_rows", partial(staged_rows, few_rows=few))
        monkeypatch.setattr(staging, "BATCH_ROWS", 9)
        settings = write(ODD, "shop.csv", "embedding.model=hashing")
        storage = settings.storage.model_copy(update={"warehouse": f"{settings.storage.warehouse}/{few}"})
        settings = settings.model_copy(update={"storage": storage})
        with caplog.at_level(logging.WARNING):
            report = run(spark, settings)
        tables = [TableStore(spark, settings).read(table).select(*table.given).toArrow() for table in (PRODUCTS, REJECTED_PRODUCTS)]
        tables = [one.sort_by(key).to_pylist() for one, key in zip(tables, ("product_id", "line_number"), strict=True)]
        found.append((report.counters, tables, [one.getMessage() for one in caplog.records]))
        assert len(tables[0]) + len(tables[1]) == report.rows_in == 52
        assert {row["reason_code"] for row in tables[1]} >= {"duplicate_id", "missing_id"}
        assert {row["price_tier"] for row in tables[0]} == {"budget", "mid", "premium", None}
    assert found[0] == found[1]
    monkeypatch.setattr(stage, "staged_rows", partial(staged_rows, few_rows=50_000))
    assert run(spark, settings).counters["rows_written"] == 0


def test_the_attributes_of_a_product_are_kept(spark: "SparkSession", make_settings: MakeSettings, tmp_path: Path) -> None:
    """Columns that the mapping leaves out can be read back from the table."""
    settings = make_settings(f"catalog.path={write_sample(tmp_path / 's.csv', 20, 1)}", "catalog.mapping=sample")
    run(spark, settings)
    assert all(set(row.attributes) == {"brand"} for row in rows(spark, settings).values())


def test_a_table_that_is_not_there_is_an_input_error(spark: "SparkSession", make_settings: MakeSettings) -> None:
    """A wrong table name is one line, and nothing is written."""
    settings = make_settings("catalog.path=spark_catalog.nowhere.products")
    with pytest.raises(InputError, match="cannot be read as delta"):
        run(spark, settings)
    assert not Path(settings.storage.warehouse).exists()
