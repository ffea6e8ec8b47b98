"""The check-quality stage: measure the drafted outfits, audit them, hold them to the gates, write the report page."""

import logging
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING

from outfit_pairing.errors import GateMissed, WarehouseError
from outfit_pairing.quality.account import account_metrics, read_account
from outfit_pairing.quality.counting import audit_outfits, gather
from outfit_pairing.quality.drafted_files import file_metrics, look_at_files
from outfit_pairing.quality.drift import PREFIX, drift
from outfit_pairing.quality.examples import Case, with_examples
from outfit_pairing.quality.gates import LIMITS, Gate, judge, missed
from outfit_pairing.quality.metrics import Metric, measure
from outfit_pairing.quality.past import last_good, past_checks, this_check
from outfit_pairing.quality.report import render
from outfit_pairing.storage.places import reports_folder
from outfit_pairing.storage.runs import StageReport
from outfit_pairing.storage.store import TableStore
from outfit_pairing.storage.tables import DRAFTED_RECOMMENDATIONS, DRAFTED_VERSION, QUALITY_METRICS

if TYPE_CHECKING:
    from pyspark.sql import SparkSession

    from outfit_pairing.settings import Settings

__all__ = ["audit_outfits", "run"]

logger = logging.getLogger(__name__)


def run(spark: "SparkSession", settings: "Settings") -> StageReport:
    """Check the drafted outfits, and the exports that wait beside them.

    Returns: rows_in: outfits; rows_out: metrics; counters: the figures that gates are about.
    Raises:  GateMissed: a gate is missed; metrics and page are written before.
             MissingTable: nothing was published.    WarehouseError: the page cannot be written.
    """
    store = TableStore(spark, settings)
    version = store.version(DRAFTED_RECOMMENDATIONS) if store.exists(DRAFTED_RECOMMENDATIONS) else None
    evidence = gather(spark, settings)
    account, files, past = read_account(store), look_at_files(settings), past_checks(store)
    metrics = [*measure(evidence), *account_metrics(account), *file_metrics(files)]
    metrics.append(Metric(DRAFTED_VERSION, version, "of drafted_recommendations; what changes later has not passed"))
    before = last_good(store, past)
    metrics += drift(metrics, before, accepted=settings.quality.accept_drift)
    gates = with_examples(judge(metrics, settings.quality.gates), Case(store, evidence, account, files, before))
    store.note(QUALITY_METRICS, [(settings.run_id, *_row(metric, gates)) for metric in metrics])
    now = this_check(settings.run_id, metrics, gates, account.seconds)
    _write_page(settings, render(settings.run_id, gates, metrics, evidence, [*past, now]))
    faults, counters = missed(gates), _counters(metrics)
    if faults:
        _say_what_next(settings, gates)
        fault = GateMissed(faults)
        fault.figures = counters
        raise fault
    return StageReport("check-quality", rows_in=evidence.outfits.total(), rows_out=len(metrics), counters=counters)


def _counters(metrics: Sequence[Metric]) -> dict[str, int | float | str]:
    """The figures that limits can be set for."""
    return {one.name: round(one.value, 4) for one in metrics if one.value is not None and one.name in LIMITS}


def _row(metric: Metric, gates: Sequence[Gate]) -> tuple[str, float | None, float | None, bool | None, str]:
    gate = next((gate for gate in gates if gate.metric == metric.name), None)
    value = None if metric.value is None else float(metric.value)
    if gate is None:
        return metric.name, value, None, None, metric.detail or metric.excuse
    return metric.name, value, gate.threshold, gate.passed, gate.full_detail


def _say_what_next(settings: "Settings", gates: Sequence[Gate]) -> None:
    path = report_path(settings)
    logger.warning("check-quality: rows to look at are in %s", path or f"{QUALITY_METRICS.name}, run {settings.run_id}")
    if any(gate.passed is False and gate.metric.startswith(PREFIX) for gate in gates):
        logger.warning("check-quality: a jump that is meant is let through by `outfit-pairing check-quality --accept-drift`")


def report_path(settings: "Settings") -> Path | None:
    """Where the page lies; None where there is no folder for it."""
    folder = reports_folder(settings)
    return folder / f"{settings.run_id}.html" if folder else None


def _write_page(settings: "Settings", page: str) -> None:
    path = report_path(settings)
    if path is None:
        logger.info(
            "check-quality: no report page, since neither warehouse nor publish.folder is a local folder; "
            "the table quality_metrics holds the figures"
        )
        return
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(page, encoding="utf-8")
    except OSError as fault:
        raise WarehouseError(
            f"{path} cannot be written ({fault.strerror}); choose another storage.warehouse or publish.folder"
        ) from fault
    logger.info("check-quality: report page %s", path)
