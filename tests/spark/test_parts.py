"""A large catalogue is paired in parts."""

import shutil
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest
from tests.made_anew import assert_made_anew
from tests.spark.test_changes import ANCHORS, change, follow, of_products, open_shop, pair_all, put, settings_of

from outfit_pairing.storage import TableStore
from outfit_pairing.storage.tables import PATTERN_RECOMMENDATIONS, RULE_RECOMMENDATIONS

if TYPE_CHECKING:
    from pyspark.sql import SparkSession

CUT = "outfits.part_products=150"
TABLES = (PATTERN_RECOMMENDATIONS, RULE_RECOMMENDATIONS)


@pytest.fixture(scope="module")
def cut_shop(spark: "SparkSession", tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, dict[str, dict[str, Any]]]:
    """A warehouse of some 300 products that are paired in two parts, and its products by id."""
    folder = tmp_path_factory.mktemp("parts") / "shop"
    return folder, open_shop(spark, settings_of(folder, CUT))


def test_outfits_stay_within_a_part(spark: "SparkSession", cut_shop: tuple[Path, Any]) -> None:
    """All items are of the product's own part, both parts have outfits, and no staged rows are left."""
    part = "CAST(pmod(xxhash64({}), 2) AS int)"
    rows = TableStore(spark, settings_of(cut_shop[0])).read(PATTERN_RECOMMENDATIONS)
    both = rows.selectExpr(
        f"{part.format('product_id')} AS own", f"transform(items.product_id, one -> {part.format('one')}) AS others"
    )
    found = [(row.own, set(row.others)) for row in both.collect()]
    assert all(others == {own} for own, others in found)
    assert {own for own, _ in found} == {0, 1}
    assert [path.name for path in cut_shop[0].iterdir() if path.name.startswith("_")] == []


def test_a_night_that_only_takes_a_product_away(
    spark: "SparkSession", cut_shop: tuple[Path, dict[str, dict[str, Any]]], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """No part has any product that needs outfits; all other outfits stay."""
    products, settings = cut_shop[1], settings_of(Path(shutil.copytree(cut_shop[0], tmp_path / "shop")), CUT)
    before = {table: of_products(spark, settings, table) for table in TABLES}
    shown = {item["product_id"] for rows in before.values() for some in rows.values() for row in some for item in row[-1]}
    gone = min(before[PATTERN_RECOMMENDATIONS].keys() - shown - set(ANCHORS))
    put(spark, settings, {one: row for one, row in products.items() if one != gone})
    monkeypatch.setattr(TableStore, "here", None)
    pair_all(spark, settings)
    for rows in before.values():
        rows.pop(gone, None)
    assert {table: of_products(spark, settings, table) for table in TABLES} == before


@pytest.mark.slow
def test_tasks_change_nothing_and_changes_are_followed(
    spark: "SparkSession", cut_shop: tuple[Path, dict[str, dict[str, Any]]], tmp_path: Path
) -> None:
    """However many tasks there are; what is made anew after a change is what a full run makes."""
    (folder, products), full = cut_shop, tmp_path / "full"
    settings = settings_of(folder, CUT)
    before = {table: of_products(spark, settings, table) for table in TABLES}
    more_tasks = settings.spark.model_copy(update={"partitions": 7})
    pair_all(spark, settings.model_copy(update={"spark": more_tasks, "full": True}))
    assert {table: of_products(spark, settings, table) for table in TABLES} == before

    changed = change(products, 2)
    follow(spark, folder, full, changed, CUT)
    for table in TABLES:
        now, whole = (of_products(spark, settings_of(one), table) for one in (folder, full))
        assert assert_made_anew(products, changed, before[table], now, whole) < 0.2 * sum(map(len, before[table].values())) + 1
