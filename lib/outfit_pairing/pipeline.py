"""The order of the stages, and nothing else but timing them and remembering how they ended."""

import importlib
import json
import logging
import time
from collections.abc import Callable, Iterable
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from typing import TYPE_CHECKING

from outfit_pairing import __version__
from outfit_pairing.credentials import without_credentials
from outfit_pairing.errors import GateMissed, OutfitPairingError, first_line
from outfit_pairing.settings import Settings
from outfit_pairing.storage import StageReport, TableStore
from outfit_pairing.storage.lease import assert_not_taken_over
from outfit_pairing.storage.tables import QUALITY_METRICS, RUNS
from outfit_pairing.storage.tracking import track

if TYPE_CHECKING:
    from pyspark.sql import SparkSession

logger = logging.getLogger(__name__)

# Command → module with `run(spark, settings)`. Data goes down this list only.
STAGES = {
    "ingest": "outfit_pairing.catalog.stage",
    "embed": "outfit_pairing.embedding.stage",
    "select-anchors": "outfit_pairing.anchors.stage",
    "generate-patterns": "outfit_pairing.patterns.stage",
    "pair-by-lookbook": "outfit_pairing.pairing.by_lookbook",
    "apply-patterns": "outfit_pairing.pairing.by_patterns",
    "pair-by-rules": "outfit_pairing.pairing.by_rules",
    "publish": "outfit_pairing.publishing.stage",
    "check-quality": "outfit_pairing.quality.stage",
    "release": "outfit_pairing.publishing.release",
}


@dataclass(frozen=True, slots=True)
class StageOutcome:
    """How one stage ended: its report, or the error that stopped it."""

    report: StageReport
    started_at: datetime
    error: Exception | None = None


def run_stages(
    spark: "SparkSession",
    settings: Settings,
    stages: Iterable[str] = tuple(STAGES),
    told: Callable[[StageOutcome], None] = lambda _: None,
) -> list[StageReport]:
    """Run stages in the order given; `told` hears of each as it ends. The `runs` table remembers them, also a failed one."""
    outcomes: list[StageOutcome] = []
    remembered = 0
    failed = True
    try:
        for stage in stages:
            if stage == QUALITY_METRICS.stage and outcomes:  # which judges how long the stages before it took
                _remember(spark, settings, outcomes)
                remembered = len(outcomes)
            outcomes.append(_run_stage(spark, settings, stage))
            told(outcomes[-1])
            if outcomes[-1].error is not None:
                raise outcomes[-1].error
        failed = False
    finally:
        if outcomes:
            _remember_last(spark, settings, outcomes[remembered:], failed=failed)
            track(settings, [outcome.report for outcome in outcomes])
    return [outcome.report for outcome in outcomes]


def _run_stage(spark: "SparkSession", settings: Settings, stage: str) -> StageOutcome:
    started_at, started = datetime.now(UTC), time.perf_counter()
    logger.info("%s: started", stage)
    try:
        assert_not_taken_over(spark, settings)
        report, error = importlib.import_module(STAGES[stage]).run(spark, settings), None
    except Exception as fault:  # remembered in the runs table, then raised again by run_stages
        counters = fault.figures if isinstance(fault, OutfitPairingError) else {}
        report, error = StageReport(stage, rows_in=0, rows_out=0, counters=counters), fault
    report = replace(report, seconds=round(time.perf_counter() - started, 2))
    logger.info("%s: %s after %.1f s", stage, "failed" if error else "done", report.seconds)
    return StageOutcome(report, started_at, error)


def _remember_last(spark: "SparkSession", settings: Settings, outcomes: Iterable[StageOutcome], *, failed: bool) -> None:
    """As `_remember`; what stopped a run is told even when that cannot be written down."""
    try:
        _remember(spark, settings, outcomes)
    except Exception as fault:
        if not failed:
            raise
        logger.warning("table %s could not be written: %s", RUNS.name, first_line(fault))


def _remember(spark: "SparkSession", settings: Settings, outcomes: Iterable[StageOutcome]) -> None:
    shown = json.dumps(settings.kept(), sort_keys=True)
    rows = [
        (
            settings.run_id, one.report.stage, one.started_at, one.report.seconds, one.report.rows_in, one.report.rows_out,
            one.report.rows_rejected, shown, __version__, _status(one.error),
            None if one.error is None else without_credentials(str(one.error))[:2000],
        )
        for one in outcomes
    ]  # fmt: skip
    TableStore(spark, settings).note(RUNS, rows)


def _status(error: Exception | None) -> str:
    if error is None:
        return "done"
    return "gate missed" if isinstance(error, GateMissed) else "failed"
