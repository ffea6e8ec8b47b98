"""The select-anchors stage on a small catalogue."""

from collections.abc import Callable
from typing import TYPE_CHECKING, Any

import numpy as np
import pytest

from outfit_pairing.anchors import by_driver, by_spark, stage, strata
from outfit_pairing.embedding import held
from outfit_pairing.embedding.encoders import encoder_name
from outfit_pairing.errors import InputError
from outfit_pairing.settings import Settings, load_settings
from outfit_pairing.storage import StageReport, TableStore
from outfit_pairing.storage.tables import ANCHOR_PRODUCTS, PRODUCT_EMBEDDINGS, PRODUCTS

if TYPE_CHECKING:
    from pyspark.sql import SparkSession

Row = dict[str, Any]
KINDS = [
    ("Topwear", "Shirts", "top", "Apparel"),
    ("Topwear", "Jackets", "outerwear", "Apparel"),
    ("Shoes", "Casual Shoes", "footwear", "Footwear"),
    ("Lips", "Lipstick", "beauty", "Personal Care"),
    ("Free Gifts", "Free Gifts", "other", "Free Items"),
]
OVERRIDES = ("anchors.budget=12", "embedding.model=hashing")
ELIGIBLE = 4 * 60  # four kinds may be anchors


def catalogue() -> list[Row]:
    """300 products of five kinds, two audiences and a few seasons, the first kind in one large stratum."""
    rows = []
    for number in range(300):
        category, article_type, slot, department = KINDS[number // 60]
        rows.append(
            {
                "product_id": f"{number:04d}",
                "name": f"product {number}",
                "audience": ("women", "men")[number % 2],
                "department": department,
                "category": category,
                "article_type": article_type,
                "slot": slot,
                "usage": "casual",
                "season": None if number < 60 else ("summer", "winter", "fall")[number % 3],
                "in_stock": number % 20 != 7,
                "text_hash": f"hash-{number // 2}",
            }
        )
    return rows


def fill(spark: "SparkSession", settings: Settings, products: list[Row], hashes: range = range(150)) -> None:
    """Products and their vectors, as ingest and embed leave them."""
    store = TableStore(spark, settings)
    random = np.random.default_rng(7)
    vectors = random.normal(size=(5, 12)).repeat(30, axis=0) + 0.5 * random.normal(size=(150, 12))
    vectors /= np.linalg.norm(vectors, axis=1, keepdims=True)
    encoder = encoder_name(settings.embedding)
    embeddings = [
        {"text_hash": f"hash-{number}", "encoder": encoder, "vector": vectors[number].tolist(), "dimensions": 12}
        for number in hashes
    ]
    store.merge(PRODUCTS, spark.createDataFrame(products, PRODUCTS.schema), delete_missing=True)
    store.merge(PRODUCT_EMBEDDINGS, spark.createDataFrame(embeddings, PRODUCT_EMBEDDINGS.schema))


def anchors(spark: "SparkSession", settings: Settings) -> list[Row]:
    """The table's rows by rank, without audit columns."""
    rows = TableStore(spark, settings).read(ANCHOR_PRODUCTS).orderBy("rank").drop("run_id", "updated_at").collect()
    return [row.asDict() for row in rows]


@pytest.fixture
def settings(make_settings: Callable[..., Settings]) -> Settings:
    return make_settings(*OVERRIDES)


def select(spark: "SparkSession", settings: Settings, products: list[Row]) -> StageReport:
    fill(spark, settings, products)
    return stage.run(spark, settings)


def test_anchors_stand_for_every_product_that_can_have_outfits(spark, settings):
    """The budget is spent, ranks are complete, and nobody is counted twice or left out."""
    report = select(spark, settings, catalogue())
    chosen = anchors(spark, settings)
    able = {row["product_id"] for row in catalogue() if row["department"] != "Free Items"}
    assert (report.rows_in, report.rows_out) == (300, 12)
    assert list(range(1, 13)) == [row["rank"] for row in chosen]
    assert sum(row["represents"] for row in chosen) == ELIGIBLE == report.counters["products"]
    assert {row["product_id"] for row in chosen} <= able
    assert {"Topwear", "Shoes", "Lips"} == {row["stratum"].split(" | ")[0] for row in chosen}
    assert {row["stratum_size"] for row in chosen if row["stratum"] == "Topwear | women | casual | any"} == {30}


def test_a_second_run_rewrites_nothing_and_a_changed_catalogue_keeps_its_anchors(spark, settings):
    """Patterns stay paid for: same input, same anchors; a few products fewer, the same anchors."""
    select(spark, settings, catalogue())
    first = anchors(spark, settings)
    assert stage.run(spark, settings).counters["rows_written"] == 0
    ids = {row["product_id"] for row in first}
    gone = [row["product_id"] for row in catalogue() if row["product_id"] not in ids][::60]
    report = select(spark, settings, [row for row in catalogue() if row["product_id"] not in gone])
    assert report.counters["anchors_kept"] == 12
    assert ids == {row["product_id"] for row in anchors(spark, settings)}


def test_what_is_sold_out_changes_no_anchor(spark, settings):
    """A night of sales asks no model anything: not an anchor, nor a place of one, goes with the stock."""
    select(spark, settings, catalogue())
    first = anchors(spark, settings)
    ids = {row["product_id"] for row in first}
    sold = [row | {"in_stock": row["product_id"] not in ids and int(row["product_id"]) % 3 > 0} for row in catalogue()]
    assert select(spark, settings, sold).counters["rows_written"] == 0
    assert anchors(spark, settings) == first


def test_neither_partitions_nor_who_asks_change_the_anchors(spark, tmp_path, monkeypatch):
    """Rows and counts are the same by the driver and by Spark, for any number of partitions and any order of the catalogue.

    Strata have more products than selection looks at.
    """
    for module in (by_driver, by_spark, strata):
        monkeypatch.setattr(module, "MOST_PER_STRATUM", 8)
    before = spark.conf.get("spark.sql.shuffle.partitions")
    results = []
    try:
        for most, partitions, products in ((100_000, "2", catalogue()), (0, "7", catalogue()[::-1])):
            monkeypatch.setattr(held, "MOST_HELD", most)
            spark.conf.set("spark.sql.shuffle.partitions", partitions)
            settings = load_settings(
                overrides=[*OVERRIDES, f"storage.warehouse={tmp_path / partitions / str(most)}"], environment={}
            )
            reports = [select(spark, settings, products)]
            found = [anchors(spark, settings)]
            reports.append(select(spark, settings, [row for row in products if int(row["product_id"]) % 7]))
            results.append((found, anchors(spark, settings), [report.counters for report in reports]))
    finally:
        spark.conf.set("spark.sql.shuffle.partitions", before)
    assert results[0] == results[1]
    assert 0 < results[0][-1][-1]["anchors_kept"] < 12


def test_products_without_vectors_stop_the_stage_before_it_writes(spark, settings):
    """The message says how many and what to run."""
    fill(spark, settings, catalogue(), hashes=range(100))
    with pytest.raises(InputError, match=r"^\d+ products have no vector of hashing; run `outfit-pairing embed` first$"):
        stage.run(spark, settings)
    assert not TableStore(spark, settings).exists(ANCHOR_PRODUCTS)


def test_a_catalogue_of_gifts_has_no_anchors(spark, settings):
    """Nothing to stand for is no error."""
    report = select(spark, settings, [row for row in catalogue() if row["department"] == "Free Items"])
    assert (report.rows_in, report.rows_out) == (60, 0)
    assert anchors(spark, settings) == []
