"""generate-patterns writes patterns for anchors, keeps a journal, and writes nothing twice."""

from collections.abc import Callable
from typing import TYPE_CHECKING

import pytest

from outfit_pairing.errors import MissingTable
from outfit_pairing.patterns import stage
from outfit_pairing.settings import Settings
from outfit_pairing.storage import TableStore
from outfit_pairing.storage.tables import ANCHOR_PRODUCTS, OUTFIT_PATTERNS, PATTERN_REQUESTS, PRODUCTS
from outfit_pairing.style import load_style_guide

if TYPE_CHECKING:
    from pyspark.sql import SparkSession

SHOP = {
    "women": ["Tops", "Tshirts", "Jeans", "Skirts", "Heels", "Flats", "Casual Shoes", "Handbags", "Watches", "Earrings", "Dresses"],
    "men": [
        "Shirts",
        "Tshirts",
        "Jeans",
        "Trousers",
        "Casual Shoes",
        "Formal Shoes",
        "Belts",
        "Watches",
        "Backpacks",
        "Sunglasses",
    ],
}
COLOURS = ("black", "white", "navy blue", "brown", "red")


def fill_shop(spark: "SparkSession", settings: Settings) -> TableStore:
    """Products of SHOP in COLOURS, five of each; the last dress is out of stock."""
    guide = load_style_guide()
    columns = [column.name for column in PRODUCTS.columns]
    rows = []
    for audience, words in SHOP.items():
        for word in words:
            kind = guide.article_type(word)
            assert kind is not None
            for number in range(5 * len(COLOURS)):
                colour = COLOURS[number % len(COLOURS)]
                values = {
                    "product_id": f"{audience}-{word}-{number}",
                    "name": f"{colour} {word}",
                    "audience": audience,
                    "article_type": word,
                    "slot": kind.slot,
                    "colour": colour,
                    "in_stock": True,
                    "usage": "casual",
                }
                rows.append(tuple(values.get(name) for name in columns))
    rows.append(
        tuple(
            {"product_id": "voucher", "name": "Voucher", "slot": "other", "article_type": "Voucher", "in_stock": True}.get(n)
            for n in columns
        )
    )
    store = TableStore(spark, settings)
    store.merge(PRODUCTS, spark.createDataFrame(rows, PRODUCTS.schema))
    return store


def choose(store: TableStore, *product_ids: str) -> None:
    """Make these products the anchors."""
    rows = [(product_id, "stratum", 1, 1, rank) for rank, product_id in enumerate(product_ids, 1)]
    store.merge(ANCHOR_PRODUCTS, store.spark.createDataFrame(rows, ANCHOR_PRODUCTS.schema), delete_missing=True)


def test_anchors_come_first(spark: "SparkSession", make_settings: Callable[..., Settings]) -> None:
    """Without products the message names the stage to run."""
    with pytest.raises(MissingTable, match="ingest"):
        stage.run(spark, make_settings())


def test_patterns_follow_the_anchors(spark: "SparkSession", make_settings: Callable[..., Settings]) -> None:
    """Every anchor gets its patterns; a second run writes nothing; a dropped anchor takes along those that no outfit follows."""
    settings = make_settings("patterns.per_anchor=6")
    store = fill_shop(spark, settings)
    choose(store, "women-Dresses-0", "men-Shirts-1", "men-Belts-3", "gone-from-catalogue")

    report = stage.run(spark, settings)
    patterns = store.read(OUTFIT_PATTERNS).collect()
    assert (report.rows_in, report.rows_out, report.rows_rejected) == (3, 18, 0)
    assert tuple(report.counters[name] for name in ("patterns_per_anchor_min", "patterns_per_anchor_max", "anchors_below_5")) == (
        6,
        6,
        0,
    )
    assert {"women-Dresses-0", "men-Shirts-1", "men-Belts-3"} == {row.anchor_product_id for row in patterns}
    assert {"style_guide"} == {row.provider for row in patterns}
    words = {word for row in patterns for item in row["items"] for word in item.article_types}
    assert words <= {word for shop in SHOP.values() for word in shop}
    assert store.read(PATTERN_REQUESTS).where("status = 'ok' AND raw_reply IS NOT NULL").count() == 3

    again = stage.run(spark, settings)
    assert again.counters["rows_written"] == 0
    assert report.rows_out == again.rows_out

    choose(store, "women-Dresses-0", "men-Jeans-1")
    stage.run(spark, settings)
    owners = [row.anchor_product_id for row in store.read(OUTFIT_PATTERNS).collect()]
    assert sorted(owners) == ["men-Jeans-1"] * 6 + ["women-Dresses-0"] * 6
    assert store.read(PATTERN_REQUESTS).count() == 4


def test_an_anchor_that_nothing_goes_with_is_in_the_journal(spark: "SparkSession", make_settings: Callable[..., Settings]) -> None:
    """It is counted and its row says why."""
    settings = make_settings()
    choose(fill_shop(spark, settings), "voucher")
    report = stage.run(spark, settings)
    assert (report.rows_out, report.rows_rejected, report.counters["anchors_below_5"]) == (0, 1, 1)
    (row,) = TableStore(spark, settings).read(PATTERN_REQUESTS).collect()
    assert row.status == "failed"
    assert "nothing in the catalogue" in row.error
