"""Earlier checks: what was measured on each, whether it passed, and which result the next one is compared with."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import TYPE_CHECKING

from outfit_pairing.storage.store import TableStore
from outfit_pairing.storage.tables import QUALITY_METRICS, RELEASES, RUNS

if TYPE_CHECKING:
    from pyspark.sql import DataFrame, Row

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
    from pyspark.sql import functions as F

    if not store.exists(QUALITY_METRICS):
        return []
    rows = _checks(store).orderBy(F.desc("at"), F.desc("run_id")).limit(most).collect()
    seconds = _seconds(store, [row["run_id"] for row in rows])
    return [_check(row, seconds.get(row["run_id"], {})) for row in reversed(rows)]


def last_good(store: TableStore, latest: Sequence[PastCheck]) -> PastCheck | None:
    """The run that a new result is compared with: the latest that passed; after a rollback, the one that is shown again.

    `latest`: past_checks, which are asked first.
    """
    from pyspark.sql import functions as F

    taken_back = _rollback(store)
    good = next((one for one in reversed(latest) if one.passed), None)
    if good is None and latest:  # a long row of missed ones
        rows = _checks(store).where("passed").orderBy(F.desc("at"), F.desc("run_id")).limit(1).collect()
        good = _check(rows[0], {}) if rows else None
    if good is None or taken_back is None or good.at > taken_back["updated_at"]:
        return good
    rows = _checks(store).where("passed").where(F.col("run_id") == taken_back["shown_run_id"]).collect()
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


def _checks(store: TableStore) -> "DataFrame":
    """(run_id, at, passed, figures `map`) of every other run's check."""
    from pyspark.sql import functions as F

    told = F.when(F.col("metric").isin(list(FIGURES)) & F.col("value").isNotNull(), F.struct("metric", "value"))
    rows = store.read(QUALITY_METRICS).where(F.col("run_id") != store.settings.run_id)
    return rows.groupBy("run_id").agg(
        F.max("updated_at").alias("at"),
        F.bool_and(F.coalesce("passed", F.lit(True))).alias("passed"),
        F.map_from_entries(F.collect_list(told)).alias("figures"),
    )


def _check(row: "Row", seconds: Mapping[str, float]) -> PastCheck:
    return PastCheck(row["run_id"], row["at"], row["passed"], dict(row["figures"]), seconds)


def _rollback(store: TableStore) -> "Row | None":
    """The row of the last switch of what is shown, if that was a rollback."""
    from pyspark.sql import functions as F

    if not store.exists(RELEASES):
        return None
    rows = store.read(RELEASES).orderBy(F.desc("number")).limit(1).collect()
    return rows[0] if rows and rows[0]["kind"] == "rollback" else None


def _seconds(store: TableStore, run_ids: Sequence[str]) -> dict[str, dict[str, float]]:
    from pyspark.sql import functions as F

    found: dict[str, dict[str, float]] = {}
    if store.exists(RUNS):
        for row in store.read(RUNS).where(F.col("run_id").isin(list(run_ids))).orderBy("started_at").collect():
            found.setdefault(row["run_id"], {})[row["stage"]] = row["seconds"] or 0.0
    return found
