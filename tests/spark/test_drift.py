"""A result far from the last good one is not shown until somebody says that it is meant."""

from collections.abc import Callable
from typing import TYPE_CHECKING

import pytest
from tests.shop_window import files, pair, shown, stock

from outfit_pairing.errors import GateMissed
from outfit_pairing.pipeline import run_stages
from outfit_pairing.publishing.release import roll_back
from outfit_pairing.quality.past import last_good, past_checks
from outfit_pairing.quality.stage import report_path
from outfit_pairing.settings import Settings
from outfit_pairing.storage import TableStore
from outfit_pairing.storage.tables import PATTERN_RECOMMENDATIONS, PRODUCTS, QUALITY_METRICS, REJECTED_PRODUCTS

if TYPE_CHECKING:
    from pyspark.sql import SparkSession

EASY = [
    f"quality.gates.{gate}"
    for gate in ("coverage=0", "catalogue_share=0", "largest_share=1", "from_patterns=0", "different_outfits=0")
]
CHAIN = ("publish", "check-quality", "release")
LOST = 12  # shoes that leave the catalogue


def night(spark: "SparkSession", settings: Settings, run_id: str, shift: int = 0, *, accept: bool = False) -> Settings:
    """A run of its own that publishes other outfits."""
    quality = settings.quality.model_copy(update={"accept_drift": accept})
    own = settings.model_copy(update={"run_id": run_id, "quality": quality})
    pair(spark, own, shift)
    run_stages(spark, own, CHAIN)
    return own


def lose_shoes(spark: "SparkSession", settings: Settings) -> None:
    """A feed that comes without shoes, and outfits made of what is left."""
    store = TableStore(spark, settings)
    left = store.read(PRODUCTS).where("slot <> 'footwear'").select(*PRODUCTS.schema.names)
    store.merge(PRODUCTS, left, delete_missing=True)


def test_a_jump_is_not_shown_until_it_is_accepted(spark: "SparkSession", make_settings: Callable[..., Settings]) -> None:
    """A third of the products is gone: exit code 3, pages and files as they were, ten products to look at; then it is meant."""
    settings = make_settings("spark.partitions=2", "quality.gates.violations=1000", *EASY)
    stock(spark, settings)
    TableStore(spark, settings).create(REJECTED_PRODUCTS)
    night(spark, settings, "monday")
    night(spark, settings, "tuesday", 1)
    before = shown(spark, settings), files(settings)

    lose_shoes(spark, settings)
    with pytest.raises(GateMissed, match=r"drift_products 0\.3333, at most 0\.3 \(24, and 36 in run tuesday\)") as missed:
        night(spark, settings, "wednesday", 2)
    assert missed.value.exit_code == 3
    assert (shown(spark, settings), files(settings)) == before

    store = TableStore(spark, settings)
    rows = store.read(QUALITY_METRICS).where("run_id = 'wednesday' AND metric = 'drift_products'").collect()
    assert rows[0]["detail"].count("no longer in the catalogue; its page shows 3 outfits") == 10
    assert "footwear-00 (Casual Shoes): no longer" in rows[0]["detail"]
    page = report_path(settings.model_copy(update={"run_id": "wednesday"}))
    assert page
    text = page.read_text("utf-8")
    assert "drift_products: 0.3333, at most 0.3" in text
    assert text.count("no longer in the catalogue; its page shows 3 outfits</td>") == 10
    assert "The last 3 runs" in text
    stages = store.read(QUALITY_METRICS).where("run_id = 'tuesday' AND metric = 'run_seconds'").collect()
    assert stages[0]["value"] > 0
    assert stages[0]["detail"].startswith("publish: ")

    night(spark, settings, "thursday", 2, accept=True)
    assert (shown(spark, settings), files(settings)) != before
    assert store.read(PATTERN_RECOMMENDATIONS).count() > 0

    history = past_checks(store)
    assert [(one.run_id, one.passed) for one in history] == [
        ("monday", True),
        ("tuesday", True),
        ("wednesday", False),
        ("thursday", True),
    ]
    good = last_good(store, history)
    assert good
    assert (good.run_id, good.figures["products"]) == ("thursday", 24)
    roll_back(store, "tuesday")
    again = last_good(store, history)
    assert again
    assert again.run_id == "tuesday"
