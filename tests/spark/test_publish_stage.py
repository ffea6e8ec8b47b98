"""Publishing unites the sources, writes files that programs rely on, and says why a product has none."""

import json
import os
from collections import Counter
from collections.abc import Callable, Iterable
from datetime import timedelta
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest

from outfit_pairing.errors import InputError, MissingTable, SettingsError
from outfit_pairing.publishing import json_rows, release, stage
from outfit_pairing.publishing.checked import last_checked
from outfit_pairing.publishing.figures import published_figures
from outfit_pairing.publishing.json_rows import anchor_rows, pattern_rows, product_rows, without_outfits_rows
from outfit_pairing.publishing.lookbook import make_lookbook
from outfit_pairing.publishing.outfits import outfits_of, outfits_of_each, spread_of_outfits, stocked_slots
from outfit_pairing.publishing.pairs import COLUMNS, create_pairs_view, recommended_pairs
from outfit_pairing.settings import Settings, load_settings
from outfit_pairing.storage import StageReport, Table, TableStore, streaming
from outfit_pairing.storage.tables import (
    ANCHOR_PRODUCTS,
    LOOKBOOK_RECOMMENDATIONS,
    OUTFIT_PATTERNS,
    OUTFIT_RECOMMENDATIONS,
    PATTERN_RECOMMENDATIONS,
    PRODUCTS,
    QUALITY_METRICS,
    RULE_RECOMMENDATIONS,
    RUNS,
)

if TYPE_CHECKING:
    from pyspark.sql import SparkSession

PRODUCTS_PER_SLOT = 70
SLOTS = {"top": "Shirts", "bottom": "Jeans", "footwear": "Casual Shoes", "watch": "Watches"}
COLOURS = ("navy blue", "white", "black", "red")


def product(product_id: str, slot: str, article_type: str, number: int) -> dict[str, Any]:
    """A row of the products table."""
    audience = ("women", "men")[number % 2]
    return {
        "product_id": product_id,
        "name": f"Makers “{article_type}” {number}",
        "audience": audience,
        "article_type": article_type,
        "slot": slot,
        "colour": COLOURS[number % len(COLOURS)],
        "in_stock": True,
    }


def catalogue() -> list[dict[str, Any]]:
    """Products of four slots, ids with leading zeros, a free item and a bedspread."""
    rows = [
        product(f"{number:03}{slot[0]}", slot, article_type, number)
        for slot, article_type in SLOTS.items()
        for number in range(PRODUCTS_PER_SLOT)
    ]
    return [*rows, product("free", "other", "Free Gifts", 1), product("home", "other", "Cushion Covers", 2)]


def offer(product_id: str, source: str, place: int, items: Iterable[str], score: float) -> dict[str, Any]:
    """A row of a recommendations table."""
    ids = list(items)
    slots = {slot[0]: slot for slot in SLOTS}
    return {
        "product_id": product_id,
        "rank": place,
        "outfit_id": "+".join(sorted([product_id, *ids])),
        "source": source,
        "pattern_id": "pattern",
        "pattern_name": "Office day",
        "anchor_product_id": "000t",
        "occasion": "casual",
        "score": score,
        "confidence": score * 0.7,
        "items": [{"slot": slots[one[-1]], "product_id": one, "score": 0.5, "reasons": [f"{one} suits"]} for one in ids],
    }


def offers(source: str, count: int, shift: int) -> list[dict[str, Any]]:
    """`count` outfits for every product, no two sharing an item."""
    found = []
    for one in catalogue():
        if one["slot"] in SLOTS:
            number = int(one["product_id"][:3])
            others = [slot[0] for slot in SLOTS if slot != one["slot"]]
            for place in range(1, count + 1):
                items = [f"{(number + shift + 2 * place) % PRODUCTS_PER_SLOT:03}{letter}" for letter in others]
                found.append(offer(one["product_id"], source, place, items, 0.9 - place / 10))
    return found


def write(spark: "SparkSession", settings: Settings, table: Table, rows: list[dict[str, Any]]) -> None:
    values = [tuple(row.get(name) for name in table.schema.names) for row in rows]
    TableStore(spark, settings).merge(table, spark.createDataFrame(values, table.schema), delete_missing=True)


@pytest.fixture(scope="module")
def settings(tmp_path_factory: pytest.TempPathFactory) -> Settings:
    """A warehouse for all tests of this module."""
    folder = tmp_path_factory.mktemp("publish") / "warehouse"
    overrides = [f"storage.warehouse={folder}", "publish.products_per_file=100", "spark.partitions=3"]
    return load_settings(overrides=overrides, environment={})


@pytest.fixture(scope="module")
def report(spark: "SparkSession", settings: Settings) -> StageReport:
    """Four outfits by patterns, three by rules, published."""
    anchors = [
        {"product_id": f"{number:03}t", "stratum": "top|men", "stratum_size": 9, "represents": 9, "rank": number}
        for number in range(12)
    ]
    item = {"slot": "bottom", "article_types": ["jeans"], "colours": ["blue"], "style": "relaxed", "required": True}
    patterns = [
        {"pattern_id": f"p{number}", "anchor_product_id": "000t", "name": "Office day", "items": [item]} for number in range(12)
    ]
    write(spark, settings, PRODUCTS, catalogue())
    write(spark, settings, PATTERN_RECOMMENDATIONS, offers("pattern_based", 4, 0))
    write(spark, settings, RULE_RECOMMENDATIONS, offers("rule_based", 3, 31))
    write(spark, settings, ANCHOR_PRODUCTS, anchors)
    write(spark, settings, OUTFIT_PATTERNS, patterns)
    return stage.run(spark, settings)


def published(spark: "SparkSession", settings: Settings) -> list[Any]:
    return TableStore(spark, settings).read(OUTFIT_RECOMMENDATIONS).orderBy("product_id", "rank").collect()


def exports(settings: Settings) -> Path:
    return Path(settings.storage.warehouse) / "exports"


def read_json(settings: Settings, name: str) -> Any:
    return json.loads((exports(settings) / name).read_text("utf-8"))


def test_products_keep_the_best_outfits_of_all_sources(spark: "SparkSession", settings: Settings, report: StageReport) -> None:
    """Four by patterns, then one by rules; ranks count from one; the report says the same."""
    rows = published(spark, settings)
    wearable = PRODUCTS_PER_SLOT * len(SLOTS)
    assert Counter(row["rank"] for row in rows) == dict.fromkeys(range(1, 6), wearable)
    assert {row["source"] for row in rows if row["rank"] <= 4} == {"pattern_based"}
    assert {row["source"] for row in rows if row["rank"] == 5} == {"rule_based"}
    assert (report.rows_in, report.rows_out) == (wearable * 7, wearable * 5)
    assert report.counters["products_with_three"] == report.counters["rule_based"] == wearable


def test_every_partitioning_publishes_the_same(spark: "SparkSession", settings: Settings, report: StageReport) -> None:
    """Two or seven partitions: the same rows, bit for bit."""
    store = TableStore(spark, settings)
    tables = [store.read(table) for table in stage.source_tables(store)]
    kept = []
    for count in (2, 7):
        cut = settings.model_copy(update={"spark": settings.spark.model_copy(update={"partitions": count})})
        kept.append(sorted(stage.best_outfits(tables, cut).collect()))
    assert kept[0] == kept[1]


def test_a_second_run_changes_nothing(spark: "SparkSession", settings: Settings, report: StageReport) -> None:
    """No row is written and no file is touched."""
    paths = [*exports(settings).iterdir(), Path(settings.storage.warehouse) / "lookbook.html"]
    for path in paths:
        os.utime(path, (1, 1))
    for again in (stage.run(spark, settings), release.run(spark, settings)):
        assert again.counters["rows_written"] == 0
        assert again.counters.get("files_changed", 0) == 0
    assert {path.stat().st_mtime for path in paths} == {1}


def test_json_files_hold_every_product_once_in_order(settings: Settings, report: StageReport) -> None:
    """280 products at 100 a file: three shards; names beside ids; reasons beside items."""
    shards = sorted(exports(settings).glob("pattern_recs_*.json"))
    assert [path.name for path in shards] == [f"pattern_recs_{number:05}.json" for number in range(3)]
    entries = [entry for path in shards for entry in json.loads(path.read_text("utf-8"))]
    ids = [entry["product_id"] for entry in entries]
    assert ids == sorted(one["product_id"] for one in catalogue() if one["slot"] in SLOTS)
    first = entries[0]
    assert list(first) == ["product_id", "name", "outfits"]
    assert first["name"] == "Makers “Jeans” 0"
    assert [one["rank"] for one in first["outfits"]] == [1, 2, 3, 4, 5]
    assert first["outfits"][0]["items"][0] == {
        "slot": "top",
        "product_id": "002t",
        "name": "Makers “Shirts” 2",
        "score": 0.5,
        "reasons": ["002t suits"],
    }


def test_the_driver_writes_the_json_that_spark_writes(
    spark: "SparkSession", settings: Settings, report: StageReport, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The same bytes, of the released outfits as of the draft; also where rows are put aside and fetched piece by piece."""

    def texts(store: TableStore) -> list[list[str]]:
        rows = (product_rows(store, report.rows_out, 2), anchor_rows(store), pattern_rows(store))
        return [*map(list, rows), list(without_outfits_rows(store, Counter()))]

    for store in (TableStore(spark, settings), TableStore(spark, settings).drafts()):
        here = texts(store)
        with monkeypatch.context() as patch:
            patch.setattr(TableStore, "here", None)
            assert texts(store) == here
            patch.setattr(streaming, "MOST_AT_ONCE", 0)
            patch.setattr(streaming, "is_connected", lambda _: True)
            patch.setattr(json_rows, "PRODUCTS_AT_ONCE", 50)
            assert texts(store) == here
            assert not list(Path(settings.storage.warehouse).glob("_staged_*"))
        assert all(here)


def test_no_json_file_is_empty_and_the_manifest_counts(settings: Settings, report: StageReport) -> None:
    """Each named file is over 1 KB; the manifest agrees with the stage report."""
    manifest = read_json(settings, "manifest.json")
    assert (manifest["products"], manifest["outfits"]) == (280, report.rows_out)
    sizes = {one["name"]: one["bytes"] for one in manifest["files"]}
    named = [name for name in sizes if name != "products_without_outfits.json"]
    assert {"anchor_products.json", "outfit_patterns.json", "pattern_recs_00000.json"} <= set(named)
    assert min(sizes[name] for name in named) > 1024
    assert {name: (exports(settings) / name).stat().st_size for name in sizes} == sizes


def test_products_without_outfits_are_listed_with_the_reason(settings: Settings, report: StageReport) -> None:
    """A free item and a home item are not silently absent."""
    found = read_json(settings, "products_without_outfits.json")
    assert "reason" in found["about"]
    assert {one["product_id"]: one["code"] for one in found["products"]} == {"free": "free_item", "home": "home_item"}
    assert report.counters["without_outfits_free_item"] == 1


def test_pairs_name_each_companion_once(spark: "SparkSession", settings: Settings, report: StageReport) -> None:
    """One row per pair, from the best outfit that holds both; the session's view and the frame agree."""
    pairs = spark.table("recommended_pairs")
    assert tuple(pairs.columns) == tuple(column.name for column in COLUMNS)
    rows = pairs.where("product_id = '000b'").orderBy("rank", "recommended_product_id").collect()
    expected = [
        (item["product_id"], row["rank"])
        for row in published(spark, settings)
        if row["product_id"] == "000b"
        for item in row["items"]
    ]
    assert [(row["recommended_product_id"], row["rank"]) for row in rows] == sorted(expected, key=lambda pair: (pair[1], pair[0]))
    assert recommended_pairs(TableStore(spark, settings)).exceptAll(pairs).count() == 0


def test_a_metastore_gets_a_real_view_with_comments(
    spark: "SparkSession", settings: Settings, report: StageReport, tmp_path: Path
) -> None:
    """Where tables have names the view lasts, and says what its columns mean."""
    spark.sql(f"CREATE SCHEMA IF NOT EXISTS shop LOCATION '{tmp_path}'")
    try:
        named = load_settings(overrides=["storage.schema=shop"], environment={})
        store = TableStore(spark, named)
        store.merge(OUTFIT_RECOMMENDATIONS, TableStore(spark, settings).read(OUTFIT_RECOMMENDATIONS).limit(50))
        name = create_pairs_view(store)
        assert spark.table(name).count() > 0
        comments = {row["col_name"]: row["comment"] for row in spark.sql(f"DESCRIBE TABLE {name}").collect()}
        assert comments["recommended_product_id"] == "A product shown with it"
    finally:
        spark.sql("DROP SCHEMA shop CASCADE")


def test_a_product_can_be_explained(spark: "SparkSession", settings: Settings, report: StageReport) -> None:
    """All outfits with names and reasons; leading zeros of the id matter."""
    found = outfits_of(spark, settings, "001t")
    assert found.product.name == "Makers “Shirts” 1"
    assert [one.rank for one in found.outfits] == [1, 2, 3, 4, 5]
    item = found.outfits[0].items[0]
    assert (item.product.name, item.reasons) == ("Makers “Jeans” 3", ("003b suits",))


def test_a_product_without_outfits_is_explained_too(spark: "SparkSession", settings: Settings, report: StageReport) -> None:
    """The reason is the one in the file."""
    found = outfits_of(spark, settings, "free")
    assert found.outfits == ()
    assert found.without_outfits == next(
        one["reason"] for one in read_json(settings, "products_without_outfits.json")["products"] if one["product_id"] == "free"
    )


def test_an_unknown_id_is_answered_with_the_nearest(spark: "SparkSession", settings: Settings, report: StageReport) -> None:
    """A slip of the finger is found at once."""
    with pytest.raises(InputError, match=r"no product 01t .*nearest ids are 001t, 010t, 011t"):
        outfits_of(spark, settings, "01t")
    assert outfits_of_each(spark, settings, ["01t"]) == []


def test_a_seed_shows_the_same_spread_again(spark: "SparkSession", settings: Settings, report: StageReport) -> None:
    """Every slot, both audiences; another seed shows others."""
    first = spread_of_outfits(spark, settings, 8, 7)
    assert [one.product.slot for one in first[:4]] == ["top", "bottom", "footwear", "watch"]
    assert {one.product.audience for one in first} == {"women", "men"}
    assert first == spread_of_outfits(spark, settings, 8, 7)
    assert first != spread_of_outfits(spark, settings, 8, 8)


def test_the_lookbook_page_lies_beside_the_tables(settings: Settings, report: StageReport) -> None:
    """Sixty products of the 280, with their outfits."""
    page = Path(str(report.counters["lookbook"]))
    assert page == Path(settings.storage.warehouse) / "lookbook.html"
    assert page.read_text("utf-8").count("<article") == 60


def test_the_spread_shows_every_source(spark: "SparkSession", make_settings: Callable[..., Settings]) -> None:
    """One product in ten has an outfit by rules: among six, some such product."""
    settings = make_settings("spark.partitions=3")
    rare = {f"{number:03}{slot[0]}" for slot in SLOTS for number in range(0, PRODUCTS_PER_SLOT, 10)}
    by_rules = [row | {"rank": 5} for row in offers("rule_based", 1, 31) if row["product_id"] in rare]
    write(spark, settings, PRODUCTS, catalogue())
    write(spark, settings, OUTFIT_RECOMMENDATIONS, [*offers("pattern_based", 2, 0), *by_rules])
    found = spread_of_outfits(spark, settings, 6, 1)
    kinds = [{outfit.source for outfit in one.outfits} for one in found]
    assert {"pattern_based", "rule_based"} in kinds
    assert {"pattern_based"} in kinds


def test_the_page_can_be_made_again_from_the_tables(
    spark: "SparkSession", settings: Settings, report: StageReport, tmp_path: Path
) -> None:
    """As many products as asked for; the same seed writes the same bytes, another seed another page."""
    made = [make_lookbook(spark, settings, tmp_path / f"{seed}-{turn}.html", 8, seed) for seed, turn in ((3, 1), (3, 2), (4, 1))]
    pages = [page.path.read_bytes() for page in made]
    assert pages[0] == pages[1] != pages[2]
    assert pages[0].count(b"<article") == made[0].products == 8
    assert (made[0].outfits, made[0].bytes) == (40, len(pages[0]))


def test_the_page_has_the_figures_of_the_latest_check(spark: "SparkSession", settings: Settings, report: StageReport) -> None:
    """None before any check; afterwards the last one, whose run took as long as its stages."""
    store = TableStore(spark, settings)
    assert last_checked(store, None) is None
    metrics = [("coverage", 0.99949, 0.98, True), ("violations", 2.0, 0.0, False), ("mean_score", 0.9, None, None)]
    for run_id in ("run-1", "run-2"):
        checking = TableStore(spark, settings.model_copy(update={"run_id": run_id}))
        rows = [(name, value, gate, passed, run_id) for name, value, gate, passed in metrics]
        columns = "metric string, value double, threshold double, passed boolean, detail string"
        checking.merge(QUALITY_METRICS, spark.createDataFrame(rows, columns))
    checked = last_checked(store, None)
    assert checked is not None
    assert [(one.value, one.gate, one.passed) for one in checked.figures] == [
        ("99.9%", "98%", True),
        ("2", "0", False),
        ("0.90", None, None),
    ]
    assert (checked.gates, checked.missed, checked.seconds, checked.stale) == (2, 1, None, False)
    later = last_checked(store, checked.at + timedelta(seconds=1))
    assert later is not None
    assert later.stale


def test_publishing_before_pairing_names_the_missing_stage(spark: "SparkSession", make_settings: Callable[..., Settings]) -> None:
    """One clear line instead of empty files, also where a stage found no lookbook to pair by."""
    settings = make_settings()
    TableStore(spark, settings).create(LOOKBOOK_RECOMMENDATIONS)
    with pytest.raises(MissingTable, match="apply-patterns"):
        stage.run(spark, settings)


def test_a_folder_that_cannot_be_used_stops_before_anything_is_written(
    spark: "SparkSession", settings: Settings, report: StageReport
) -> None:
    """A URL as publish.folder is refused and the table stays as it was."""
    bad = replace_folder(settings, "s3://bucket/out")
    before = published(spark, settings)
    with pytest.raises(SettingsError, match=r"publish\.folder"):
        stage.run(spark, bad)
    assert published(spark, settings) == before


def replace_folder(settings: Settings, folder: str) -> Settings:
    return settings.model_copy(update={"publish": settings.publish.model_copy(update={"folder": folder})})


def test_the_driver_tells_what_spark_tells(
    spark: "SparkSession", settings: Settings, report: StageReport, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Figures, products for the page with their outfits, and the last check."""
    write(spark, settings, QUALITY_METRICS, [{"run_id": "checked", "metric": "coverage", "value": 0.9, "passed": True}])
    write(spark, settings, RUNS, [{"run_id": "checked", "stage": one, "seconds": 1.5} for one in ("embed", "publish")])

    def told() -> list[object]:
        store = TableStore(spark, settings)
        figures, few = published_figures(store), outfits_of_each(spark, settings, ["001t", "free", "nobody", "000b"])
        shown = spread_of_outfits(spark, settings, 11, 3)
        return [figures, few, shown, stocked_slots(store), last_checked(store, figures.changed_at)]

    here = told()
    monkeypatch.setattr(TableStore, "here", None)
    assert told() == here
    assert all(here)
