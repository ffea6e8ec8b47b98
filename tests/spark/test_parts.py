"""A large catalogue is paired in parts."""

import shutil
from pathlib import Path
from typing import TYPE_CHECKING

import pytest
from tests.spark.test_changes import ANCHORS, assert_made_anew, change, of_products, pair, put, settings_of
from tests.spark.test_patterns_stage import choose, fill_shop

from outfit_pairing.embedding import stage as embedding
from outfit_pairing.pairing import by_patterns, by_rules
from outfit_pairing.settings import Settings
from outfit_pairing.storage import TableStore
from outfit_pairing.storage.tables import PATTERN_RECOMMENDATIONS, PRODUCTS, RULE_RECOMMENDATIONS

if TYPE_CHECKING:
    from pyspark.sql import SparkSession

CUT = "outfits.part_products=150"
TABLES = (PATTERN_RECOMMENDATIONS, RULE_RECOMMENDATIONS)


@pytest.fixture(scope="module")
def cut_shop(spark: "SparkSession", tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A warehouse of some 300 products that are paired in two parts."""
    folder = tmp_path_factory.mktemp("parts") / "shop"
    settings = settings_of(folder, CUT)
    store = fill_shop(spark, settings)
    put(spark, settings, {row["product_id"]: row.asDict() for row in store.read(PRODUCTS).select(*PRODUCTS.schema.names).collect()})
    choose(store, *ANCHORS)
    pair(spark, settings)
    return folder


def test_outfits_stay_within_a_part(spark: "SparkSession", cut_shop: Path) -> None:
    """All items are of the product's own part, both parts have outfits, and no staged rows are left."""
    part = "CAST(pmod(xxhash64({}), 2) AS int)"
    rows = TableStore(spark, settings_of(cut_shop)).read(PATTERN_RECOMMENDATIONS)
    both = rows.selectExpr(
        f"{part.format('product_id')} AS own", f"transform(items.product_id, one -> {part.format('one')}) AS others"
    )
    found = [(row.own, set(row.others)) for row in both.collect()]
    assert all(others == {own} for own, others in found)
    assert {own for own, _ in found} == {0, 1}
    assert [path.name for path in cut_shop.iterdir() if path.name.startswith("_")] == []


@pytest.mark.slow
def test_tasks_change_nothing_and_changes_are_followed(spark: "SparkSession", cut_shop: Path, tmp_path: Path) -> None:
    """However many tasks there are; what is made anew after a change is what a full run makes."""
    settings, full = settings_of(cut_shop, CUT), tmp_path / "full"
    before = {table: of_products(spark, settings, table) for table in TABLES}
    more_tasks = settings.spark.model_copy(update={"partitions": 7})
    pair_all(spark, settings.model_copy(update={"spark": more_tasks, "full": True}))
    assert {table: of_products(spark, settings, table) for table in TABLES} == before

    rows = TableStore(spark, settings).read(PRODUCTS).select(*PRODUCTS.schema.names).collect()
    products = {row["product_id"]: row.asDict() for row in rows}
    changed = change(products, 2)
    put(spark, settings, changed)
    shutil.copytree(cut_shop, full)
    pair(spark, settings)
    embedding.run(spark, settings_of(full))
    pair_all(spark, settings_of(full, CUT, "full=true"))
    for table in TABLES:
        now, whole = (of_products(spark, settings_of(one), table) for one in (cut_shop, full))
        assert assert_made_anew(products, changed, before[table], now, whole) < 0.2 * sum(map(len, before[table].values())) + 1


def pair_all(spark: "SparkSession", settings: Settings) -> None:
    by_patterns.run(spark, settings)
    by_rules.run(spark, settings)
