"""What check-quality last found, for the top of the lookbook page."""

import math
from dataclasses import dataclass
from datetime import datetime
from typing import Any, TypeAlias

import pyarrow.compute as pc

from outfit_pairing.storage.at_hand import latest_of
from outfit_pairing.storage.store import TableStore
from outfit_pairing.storage.tables import QUALITY_METRICS, RUNS

COLUMNS = ("run_id", "metric", "value", "threshold", "passed")
Latest: TypeAlias = tuple[list[dict[str, Any]], datetime | None]

# Metrics that tell a shop something without a lesson in statistics: what is said for each, and how it is written.
TOLD = {
    "coverage": ("products that can have outfits and do", "share"),
    "violations": ("hard rules broken", "count"),
    "clashes": ("outfits whose colours clash", "share"),
    "different_outfits": ("products whose outfits truly differ", "share"),
    "catalogue_share": ("wearable products seen in some outfit", "share"),
    "mean_score": ("mean score of an outfit, of 1", "score"),
}


@dataclass(frozen=True, slots=True)
class Figure:
    """One measured figure, written out. `gate`: its threshold, None without one; `passed`: None when it was not judged."""

    said: str
    value: str
    gate: str | None
    passed: bool | None


@dataclass(frozen=True, slots=True)
class Checked:
    """What check-quality measured last.

    figures: those that the page tells.    gates, missed: how many were judged, and how many of them were missed.
    at: when.    seconds: what the stages of that run took together, None when no run is remembered.
    stale: whether outfits have changed since.
    """

    figures: tuple[Figure, ...]
    gates: int
    missed: int
    at: datetime
    seconds: float | None
    stale: bool


def last_checked(store: TableStore, changed_at: datetime | None) -> Checked | None:
    """The latest measurement, None when nothing was ever measured.

    Args:    changed_at: when the published outfits last changed.
    """
    if not store.exists(QUALITY_METRICS):
        return None
    told, at = _latest_by_driver(store) or _latest_by_spark(store)
    if not told or at is None:
        return None
    rows = {row["metric"]: row for row in told}
    judged = [row["passed"] for row in told if row["passed"] is not None]
    return Checked(
        figures=tuple(
            figure_of(name, rows[name]["value"], rows[name]["threshold"], rows[name]["passed"]) for name in TOLD if name in rows
        ),
        gates=len(judged),
        missed=judged.count(False),
        at=at,
        seconds=_seconds(store, told[0]["run_id"]),
        stale=changed_at is not None and changed_at > at,
    )


def _latest_by_driver(store: TableStore) -> Latest | None:
    """What the last check has written, and when; None where Spark has to read it."""
    held = store.at_hand(QUALITY_METRICS, (*COLUMNS, "updated_at"))
    if held is None:
        return None
    latest = held.sort_by([("updated_at", "descending"), ("run_id", "descending")]).slice(0, 1)
    rows = held.filter(pc.is_in(held["run_id"], latest["run_id"].combine_chunks()))
    return rows.select(list(COLUMNS)).to_pylist(), latest_of(rows["updated_at"])


def _latest_by_spark(store: TableStore) -> Latest:
    """The same of a table of any size."""
    from pyspark.sql import functions as F

    metrics = store.read(QUALITY_METRICS)
    latest = metrics.orderBy(F.desc("updated_at"), F.desc("run_id")).select("run_id").limit(1)
    rows = [row.asDict() for row in metrics.join(latest, "run_id", "left_semi").select(*COLUMNS, "updated_at").collect()]
    return rows, max((row["updated_at"] for row in rows), default=None)


def duration(seconds: float) -> str:
    """How long, in words: 41 s, 2 min 50 s, 1 h 4 min."""
    minutes, rest = divmod(round(seconds), 60)
    hours, minutes = divmod(minutes, 60)
    if hours:
        return f"{hours} h {minutes} min"
    return f"{minutes} min {rest} s" if minutes else f"{rest} s"


def _seconds(store: TableStore, run_id: str) -> float | None:
    if not store.exists(RUNS):
        return None
    told = [row["seconds"] for row in store.rows_of(RUNS, ("seconds",), "run_id", [run_id]) if row["seconds"] is not None]
    return sum(told) if told else None


def figure_of(metric: str, value: float | None, threshold: float | None, passed: bool | None) -> Figure:
    """One of TOLD, written out."""
    said, kind = TOLD[metric]
    gate = None if threshold is None or passed is None else _written(threshold, kind)
    return Figure(said, _written(value, kind), gate, passed)


def _written(value: float | None, kind: str) -> str:
    """Shares in per cent, cut and not rounded: what is not all never reads 100 %."""
    if value is None or math.isnan(value):
        return "–"
    if kind == "share":
        return f"{math.floor(1000 * value + 1e-9) / 10:g}%"
    return f"{value:.2f}" if kind == "score" else f"{value:,.0f}"
