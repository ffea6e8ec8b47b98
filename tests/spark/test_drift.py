"""A result far from the last good one is not shown until somebody says that it is meant."""

from collections.abc import Callable
from typing import TYPE_CHECKING

import pytest
from tests.shop_window import files, pair, shown, stock

from outfit_pairing.errors import GateMissed
from outfit_pairing.pipeline import run_stages
from outfit_pairing.publishing.release import roll_back
from outfit_pairing.quality.gates import MOST_EXAMPLES
from outfit_pairing.quality.past import last_good, past_checks
from outfit_pairing.quality.stage import report_path
from outfit_pairing.settings import Settings
from outfit_pairing.storage import TableStore
from outfit_pairing.storage.tables import PRODUCTS, QUALITY_METRICS, REJECTED_PRODUCTS

if TYPE_CHECKING:
    from pyspark.sql import SparkSession

EASY = [
    f"quality.gates.{gate}"
    for gate in ("coverage=0", "catalogue_share=0", "largest_share=1", "from_patterns=0", "different_outfits=0")
]
LOST = 12  # shoes that leave the catalogue


def night(spark: "SparkSession", settings: Settings, run_id: str, *stages: str, accept: bool = False) -> None:
    """A run of its own."""
    quality = settings.quality.model_copy(update={"accept_drift": accept})
    run_stages(spark, settings.model_copy(update={"run_id": run_id, "quality": quality}), stages)


def lose_shoes(spark: "SparkSession", settings: Settings) -> None:
    """A feed that comes without shoes, and outfits made of what is left."""
    store = TableStore(spark, settings)
    left = store.read(PRODUCTS).where("slot <> 'footwear'").select(*PRODUCTS.schema.names)
    store.merge(PRODUCTS, left, delete_missing=True)


def test_a_jump_is_not_shown_until_it_is_accepted(spark: "SparkSession", make_settings: Callable[..., Settings]) -> None:
    """A third of the products is gone: exit code 3, pages and files as they were, ten products to look at; then it is meant."""
    settings = make_settings("spark.partitions=2", "quality.gates.violations=1000", *EASY)
    store = TableStore(spark, settings)
    stock(spark, settings)
    store.create(REJECTED_PRODUCTS)
    pair(spark, settings, 0)
    night(spark, settings, "monday", "publish", "check-quality", "release")
    before = shown(spark, settings), files(settings)

    lose_shoes(spark, settings)
    pair(spark, settings, 1)
    with pytest.raises(GateMissed, match=r"drift_products 0\.33333, at most 0\.3 \(24, and 36 in run monday\)") as missed:
        night(spark, settings, "tuesday", "publish", "check-quality", "release")
    assert missed.value.exit_code == 3
    assert (shown(spark, settings), files(settings)) == before

    rows = {row["metric"]: row for row in store.read(QUALITY_METRICS).where("run_id = 'tuesday'").collect()}
    gone = "no longer in the catalogue; its page shows 3 outfits"
    assert f"footwear-00 (Casual Shoes): {gone}" in rows["drift_products"]["detail"]
    assert rows["drift_products"]["detail"].count(gone) == MOST_EXAMPLES < LOST
    assert rows["run_seconds"]["value"] > 0
    assert rows["run_seconds"]["detail"].startswith("publish: ")
    page = report_path(settings.model_copy(update={"run_id": "tuesday"}))
    assert page
    assert "drift_products: 0.33333, at most 0.3" in page.read_text("utf-8")
    assert page.read_text("utf-8").count(f"<td>{gone}</td>") == MOST_EXAMPLES
    assert "The last 2 runs" in page.read_text("utf-8")

    night(spark, settings, "wednesday", "check-quality", "release", accept=True)
    assert (shown(spark, settings), files(settings)) != before
    history = past_checks(store)
    assert [(one.run_id, one.passed) for one in history] == [("monday", True), ("tuesday", False), ("wednesday", True)]
    good = last_good(store, history)
    assert good
    assert (good.run_id, good.figures["products"]) == ("wednesday", 24)
    roll_back(store, "monday")
    again = last_good(store, history)
    assert again
    assert again.run_id == "monday"
