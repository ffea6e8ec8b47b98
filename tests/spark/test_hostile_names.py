"""Names from settings and data are names, whatever they hold: no SQL, no markup and no pattern of files comes of them."""

from collections.abc import Callable
from pathlib import Path

import pytest
from pyspark.sql import SparkSession

from outfit_pairing.errors import InputError
from outfit_pairing.publishing.outfits import outfits_of
from outfit_pairing.publishing.pairs import create_pairs_view, recommended_pairs
from outfit_pairing.settings import Settings, load_settings
from outfit_pairing.storage import TableStore
from outfit_pairing.storage.maintenance import Wish, maintain_tables
from outfit_pairing.storage.staging import StagingPlace
from outfit_pairing.storage.tables import ANCHOR_PRODUCTS, OUTFIT_RECOMMENDATIONS, PRODUCTS

ODD_FOLDERS = [
    'it\'s `ticked` "quoted"; DROP TABLE x; --',
    "per cent %20, ünïcode, #1 & $dollar = <a>",
]
ODD_ID = "'); DROP TABLE products; -- <script>`"


@pytest.mark.parametrize("folder", ODD_FOLDERS)
def test_a_warehouse_may_have_any_name(spark: SparkSession, tmp_path: Path, folder: str) -> None:
    """Tables are created, merged, read, brought up and maintained; staged rows come back; nothing is made elsewhere."""
    settings = load_settings(overrides=[f"storage.warehouse={tmp_path / folder}"], environment={})
    store = TableStore(spark, settings)
    rows = [(f"{ODD_ID}{number}", "tops", 1, 1, number) for number in range(2)]
    frame = spark.createDataFrame(rows, ANCHOR_PRODUCTS.schema)
    assert store.merge(ANCHOR_PRODUCTS, frame).inserted == 2
    assert store.merge(ANCHOR_PRODUCTS, frame.limit(1), delete_missing=True).deleted == 1
    place = StagingPlace(spark, settings, "rows")
    place.add(frame)
    assert place.frame(ANCHOR_PRODUCTS.schema).count() == 2
    place.remove()
    assert [kept.table for kept in maintain_tables(spark, settings, Wish(30))] == ["anchor_products"]
    assert [path.name for path in tmp_path.iterdir()] == [folder]
    assert [path.name for path in (tmp_path / folder).iterdir()] == ["anchor_products"]


def test_a_schema_may_hold_quotes(spark: SparkSession, make_settings: Callable[..., Settings]) -> None:
    """It is looked up as one name, so it is not found; no second statement is run."""
    spark.sql("CREATE OR REPLACE TEMPORARY VIEW stays AS SELECT 1 AS one")
    for schema in ("a;DROP(VIEW)stays;--", "a'b", 'a"b'):
        assert not TableStore(spark, make_settings(f"storage.schema={schema}")).exists(ANCHOR_PRODUCTS)
    assert spark.catalog.dropTempView("stays")


def test_no_variable_is_put_into_a_statement(spark: SparkSession) -> None:
    """`${env:…}` in a name or an id stays what it is."""
    assert spark.sql("SELECT '${env:HOME}' AS said").collect()[0].said == "${env:HOME}"


def test_ids_and_names_of_products_are_data(spark: SparkSession, make_settings: Callable[..., Settings]) -> None:
    """They go through look-ups and the pairs view unchanged."""
    settings = make_settings()
    store = TableStore(spark, settings)
    values = {"product_id": ODD_ID, "name": "O'Neill`s", "in_stock": True, "row_hash": "r"}
    product = spark.createDataFrame([tuple(values.get(name) for name in PRODUCTS.schema.names)], PRODUCTS.schema)
    store.append(PRODUCTS, product)
    item = [("top", ODD_ID, 0.5, ["'; DROP"])]
    outfit = [(f"{ODD_ID}2", 1, "o", "rule_based", None, None, None, None, 0.5, 0.3, item)]
    store.append(OUTFIT_RECOMMENDATIONS, spark.createDataFrame(outfit, OUTFIT_RECOMMENDATIONS.schema))
    create_pairs_view(store)
    assert recommended_pairs(store).collect()[0].recommended_product_id == ODD_ID
    with pytest.raises(InputError, match="the nearest ids are"):
        outfits_of(spark, settings, f"{ODD_ID}'")
