"""What product pages show changes only when the check has passed, as one, and can be taken back."""

from collections.abc import Callable
from typing import TYPE_CHECKING

import pytest
from tests.shop_window import files, fill, pair, pass_check, shown, stock

from outfit_pairing.errors import GateMissed, InputError
from outfit_pairing.pipeline import run_stages
from outfit_pairing.publishing import release
from outfit_pairing.publishing.release import roll_back
from outfit_pairing.quality.history import as_json, as_table, run_history
from outfit_pairing.settings import Settings
from outfit_pairing.storage import TableStore
from outfit_pairing.storage.tables import (
    DRAFTED_RECOMMENDATIONS,
    OUTFIT_RECOMMENDATIONS,
    PATTERN_RECOMMENDATIONS,
    REJECTED_PRODUCTS,
    RELEASES,
)

if TYPE_CHECKING:
    from pyspark.sql import SparkSession

EASY = [f"quality.gates.{gate}" for gate in ("catalogue_share=0", "largest_share=1", "from_patterns=0", "different_outfits=0")]


def of_run(settings: Settings, run_id: str) -> Settings:
    return settings.model_copy(update={"run_id": run_id})


def nightly(spark: "SparkSession", settings: Settings, run_id: str, shift: int, *stages: str) -> None:
    """New outfits, and what is done with them."""
    own = of_run(settings, run_id)
    pair(spark, own, shift)
    for stage in stages:
        if stage == "release":
            pass_check(spark, own)
        run_stages(spark, own, [stage])


def test_a_result_is_shown_when_it_has_passed_and_can_be_taken_back(
    spark: "SparkSession", make_settings: Callable[..., Settings]
) -> None:
    """Two nights; the second waits for its release; a third that misses a gate changes nothing; back to the first."""
    settings = make_settings("spark.partitions=2", "quality.gates.coverage=1", *EASY)
    store = TableStore(spark, settings)
    stock(spark, settings)
    store.create(REJECTED_PRODUCTS)
    nightly(spark, settings, "monday", 0, "publish")
    monday = shown(spark, settings), files(settings)

    nightly(spark, settings, "tuesday", 1, "publish")
    with pytest.raises(InputError, match=r"has not been checked.*`outfit-pairing check-quality`"):
        run_stages(spark, of_run(settings, "tuesday"), ["release"])
    assert (shown(spark, settings), files(settings)) == monday
    run_stages(spark, of_run(settings, "tuesday"), ["check-quality", "release"])
    tuesday = shown(spark, settings), files(settings)
    assert not monday[0] & tuesday[0]
    assert monday[1]["pattern_recs_00000.json"] != tuesday[1]["pattern_recs_00000.json"]

    fill(spark, settings, PATTERN_RECOMMENDATIONS, [])
    pair(spark, settings, 2, slots=("top",))
    with pytest.raises(GateMissed, match="coverage"):
        run_stages(spark, of_run(settings, "wednesday"), ["publish", "check-quality", "release"])
    with pytest.raises(GateMissed, match="gates missed: coverage in run wednesday"):
        run_stages(spark, of_run(settings, "later"), ["release"])  # by hand, or to send to Postgres again
    assert (shown(spark, settings), files(settings)) == tuesday

    rolled = roll_back(TableStore(spark, of_run(settings, "thursday")), "monday")
    assert (shown(spark, settings), files(settings)) == monday
    assert rolled.rows_out == len(monday[0])
    run_stages(spark, of_run(settings, "friday"), ["release"])  # the draft follows: nothing comes back
    assert (shown(spark, settings), files(settings)) == monday

    told = [(row["number"], row["shown_run_id"], row["kind"]) for row in store.read(RELEASES).orderBy("number").collect()]
    assert told == [(1, "monday", "first"), (2, "tuesday", "checked"), (3, "monday", "rollback")]
    history = run_history(spark, settings, 10)
    assert [(run.run_id, run.status, run.shown) for run in history] == [
        ("friday", "done", False),
        ("later", "gate missed", False),
        ("wednesday", "gate missed", False),
        ("tuesday", "done", False),
        ("monday", "done", True),
    ]
    assert history[2].figures["coverage"] == pytest.approx(1 / 3)
    assert '"wednesday"' in as_json(history)
    assert as_table(history).row_count == 5
    with pytest.raises(InputError, match=r"run 'sunday' has released nothing; runs that have: monday, tuesday"):
        roll_back(store, "sunday")


def test_a_release_that_died_can_be_gone_back_to(
    spark: "SparkSession", make_settings: Callable[..., Settings], monkeypatch: pytest.MonkeyPatch
) -> None:
    """It had switched the table and told nobody; the next run, which finds nothing to switch, tells of it, and only once."""
    settings = make_settings("spark.partitions=2")
    store = TableStore(spark, settings)
    stock(spark, settings)
    nightly(spark, settings, "monday", 0, "publish")
    with monkeypatch.context() as dying:
        dying.setattr(release, "_remember", lambda *_: 1 / 0)
        with pytest.raises(ZeroDivisionError):
            nightly(spark, settings, "tuesday", 1, "publish", "release")
    for run_id in ("wednesday", "thursday"):
        nightly(spark, settings, run_id, 1, "publish", "release")
        spark.sql(f"OPTIMIZE {store.place(OUTFIT_RECOMMENDATIONS)}")
    told = [(row["number"], row["shown_run_id"], row["kind"]) for row in store.read(RELEASES).orderBy("number").collect()]
    assert told == [(1, "monday", "first"), (2, "wednesday", "checked")]
    changed = shown(spark, settings)
    roll_back(TableStore(spark, of_run(settings, "friday")), "monday")
    assert not shown(spark, settings) & changed
    roll_back(TableStore(spark, of_run(settings, "saturday")), "wednesday")
    assert shown(spark, settings) == changed


@pytest.mark.slow
def test_the_same_again_leaves_no_file_behind(spark: "SparkSession", make_settings: Callable[..., Settings]) -> None:
    """Neither a version of a table nor a release."""
    settings = make_settings("spark.partitions=2")
    store = TableStore(spark, settings)
    stock(spark, settings)
    nightly(spark, settings, "monday", 0, "publish", "release")
    before = [store.version(table) for table in (DRAFTED_RECOMMENDATIONS, OUTFIT_RECOMMENDATIONS, RELEASES)]
    nightly(spark, settings, "tuesday", 0, "publish", "release")
    assert [store.version(table) for table in (DRAFTED_RECOMMENDATIONS, OUTFIT_RECOMMENDATIONS, RELEASES)] == before
