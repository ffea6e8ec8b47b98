"""Earlier checks: what was measured on each, whether it passed, and which result the next one is compared with."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any

from outfit_pairing.storage.at_hand import as_collected, by_time
from outfit_pairing.storage.store import TableStore
from outfit_pairing.storage.tables import QUALITY_METRICS, RELEASES, ROLLBACK, RUNS

if TYPE_CHECKING:
    from outfit_pairing.quality.gates import Gate
    from outfit_pairing.quality.metrics import Metric

HISTORY = 30  # runs on the report page, this one included
FIGURES = ("products", "outfits", "coverage", "from_patterns", "violations", "mean_score", "model_cost", "model_tokens")


@dataclass(frozen=True, slots=True)
class PastCheck:
    """One check. `figures`: those of FIGURES that were measured.    seconds: of each stage of its run."""

    run_id: str
    at: datetime
    passed: bool
    figures: Mapping[str, float]
    seconds: Mapping[str, float] = field(default_factory=dict)


def past_checks(store: TableStore, most: int = HISTORY - 1) -> list[PastCheck]:
    """The latest checks of other runs than that of the store's settings, the earliest first."""
    if not store.exists(QUALITY_METRICS):
        return []
    rows = _checks(store, most)
    seconds = _seconds(store, [row["run_id"] for row in rows])
    return [_check(row, seconds.get(row["run_id"], {})) for row in reversed(rows)]


def last_good(store: TableStore, latest: Sequence[PastCheck]) -> PastCheck | None:
    """The run that a new result is compared with: the latest that passed; after a rollback, the one that is shown again.

    `latest`: past_checks, which are asked first.
    """
    taken_back = _rollback(store)
    good = next((one for one in reversed(latest) if one.passed), None)
    if good is None and latest:  # a long row of missed ones
        rows = _checks(store, 1, passed=True)
        good = _check(rows[0], {}) if rows else None
    if good is None or taken_back is None or good.at.timestamp() > taken_back["updated_at"].timestamp():
        return good
    rows = _checks(store, 1, passed=True, run_id=taken_back["shown_run_id"])
    return _check(rows[0], {}) if rows else good


def this_check(run_id: str, metrics: Iterable["Metric"], gates: Iterable["Gate"], seconds: Mapping[str, float]) -> PastCheck:
    """The check at hand as the latest of the history."""
    figures = {metric.name: metric.value for metric in metrics if metric.name in FIGURES and metric.value is not None}
    return PastCheck(run_id, datetime.now(UTC), all(gate.passed is not False for gate in gates), figures, seconds)


def tell_seconds(seconds: Mapping[str, float]) -> str:
    """Seconds of stages in words, as the detail of the metric run_seconds."""
    return ", ".join(f"{stage}: {took:.0f}" for stage, took in seconds.items())


def seconds_told(detail: str | None) -> dict[str, float]:
    """Seconds of stages out of such words; empty where there are none."""
    told = (part.partition(": ") for part in (detail or "").split(", "))
    return {stage: float(took) for stage, _, took in told if took.isdecimal()}


def _checks(store: TableStore, most: int, *, passed: bool = False, run_id: str | None = None) -> Sequence[Mapping[str, Any]]:
    """(run_id, at, passed, figures) of other runs' checks, the latest first.   passed: only such.   run_id: only of that run."""
    held = store.at_hand(QUALITY_METRICS, ("run_id", "metric", "value", "passed", "updated_at"))
    if held is None:
        return _checks_by_spark(store, most, passed=passed, run_id=run_id)
    of_run: dict[str, list[dict[str, Any]]] = {}
    for row in as_collected(held):
        of_run.setdefault(row["run_id"], []).append(row)
    of_run.pop(store.settings.run_id, None)
    found = [
        {
            "run_id": one,
            "at": max(row["updated_at"] for row in rows),
            "passed": all(row["passed"] is not False for row in rows),
            "figures": {row["metric"]: row["value"] for row in rows if row["metric"] in FIGURES and row["value"] is not None},
        }
        for one, rows in of_run.items()
    ]
    wanted = (one for one in found if (one["passed"] or not passed) and run_id in {None, one["run_id"]})
    return sorted(wanted, key=lambda one: (one["at"].timestamp(), one["run_id"]), reverse=True)[:most]


def _checks_by_spark(store: TableStore, most: int, *, passed: bool, run_id: str | None) -> Sequence[Mapping[str, Any]]:
    from pyspark.sql import functions as F

    told = F.when(F.col("metric").isin(list(FIGURES)) & F.col("value").isNotNull(), F.struct("metric", "value"))
    rows = store.read(QUALITY_METRICS).where(F.col("run_id") != store.settings.run_id)
    checks = rows.groupBy("run_id").agg(
        F.max("updated_at").alias("at"),
        F.bool_and(F.coalesce("passed", F.lit(True))).alias("passed"),
        F.map_from_entries(F.collect_list(told)).alias("figures"),
    )
    checks = checks.where("passed") if passed else checks
    checks = checks if run_id is None else checks.where(F.col("run_id") == run_id)
    return [row.asDict() for row in checks.orderBy(F.desc("at"), F.desc("run_id")).limit(most).collect()]


def _check(row: Mapping[str, Any], seconds: Mapping[str, float]) -> PastCheck:
    return PastCheck(row["run_id"], row["at"], row["passed"], dict(row["figures"]), seconds)


def _rollback(store: TableStore) -> Mapping[str, Any] | None:
    """The row of the last switch of what is shown, if that was a rollback."""
    rows = store.rows(RELEASES, (*RELEASES.given, "updated_at")) if store.exists(RELEASES) else []
    last = max(rows, key=lambda row: row["number"], default=None)
    return last if last and last["kind"] == ROLLBACK else None


def _seconds(store: TableStore, run_ids: Sequence[str]) -> dict[str, dict[str, float]]:
    found: dict[str, dict[str, float]] = {}
    if store.exists(RUNS):
        rows = store.rows_of(RUNS, ("run_id", "stage", "started_at", "seconds"), "run_id", run_ids)
        for row in by_time(rows, "started_at"):
            found.setdefault(row["run_id"], {})[row["stage"]] = row["seconds"] or 0.0
    return found
