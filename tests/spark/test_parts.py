"""A large catalogue is paired in parts."""

import shutil
from pathlib import Path
from typing import TYPE_CHECKING

from tests.spark.test_changes import ANCHORS, assert_made_anew, change, of_products, pair, put, settings_of
from tests.spark.test_patterns_stage import choose, fill_shop

from outfit_pairing.embedding import stage as embedding
from outfit_pairing.pairing import by_patterns, by_rules
from outfit_pairing.storage import TableStore
from outfit_pairing.storage.tables import PATTERN_RECOMMENDATIONS, PRODUCTS, RULE_RECOMMENDATIONS

if TYPE_CHECKING:
    from pyspark.sql import SparkSession

CUT = "outfits.part_products=150"
TABLES = (PATTERN_RECOMMENDATIONS, RULE_RECOMMENDATIONS)


def test_outfits_stay_within_a_part_and_changes_are_followed(spark: "SparkSession", tmp_path: Path) -> None:
    """However many tasks there are; what is made anew after a change is what a full run makes; no staged rows are left."""
    folder, full = tmp_path / "shop", tmp_path / "full"
    settings = settings_of(folder, CUT)
    store = fill_shop(spark, settings)
    products = {row["product_id"]: row.asDict() for row in store.read(PRODUCTS).select(*PRODUCTS.schema.names).collect()}
    put(spark, settings, products)
    choose(store, *ANCHORS)
    pair(spark, settings)
    before = {table: of_products(spark, settings, table) for table in TABLES}
    assert part_numbers(spark, folder) == {0, 1}
    assert [path.name for path in folder.iterdir() if path.name.startswith("_")] == []

    more_tasks = settings.spark.model_copy(update={"partitions": 7})
    other = settings.model_copy(update={"spark": more_tasks, "full": True})
    by_patterns.run(spark, other)
    by_rules.run(spark, other)
    assert {table: of_products(spark, settings, table) for table in TABLES} == before

    changed = change(products, 2)
    put(spark, settings, changed)
    shutil.copytree(folder, full)
    pair(spark, settings)
    embedding.run(spark, settings_of(full))
    anew = settings_of(full, CUT, "full=true")
    by_patterns.run(spark, anew)
    by_rules.run(spark, anew)
    for table in TABLES:
        now, whole = (of_products(spark, settings_of(one), table) for one in (folder, full))
        assert assert_made_anew(products, changed, before[table], now, whole) < 0.2 * sum(map(len, before[table].values())) + 1


def part_numbers(spark: "SparkSession", folder: Path) -> set[int]:
    """The parts of products that have outfits; each of their items is of the same one."""
    store = TableStore(spark, settings_of(folder))
    part = "CAST(pmod(xxhash64({}), 2) AS int)"
    rows = store.read(PATTERN_RECOMMENDATIONS).selectExpr(
        f"{part.format('product_id')} AS own", f"transform(items.product_id, one -> {part.format('one')}) AS others"
    )
    found = [(row.own, set(row.others)) for row in rows.collect()]
    assert all(others == {own} for own, others in found)
    return {own for own, _ in found}
