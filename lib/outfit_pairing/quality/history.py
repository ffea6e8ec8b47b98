"""The history of runs: how each ended, what it made, and what changed since the run before."""

import json
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass
from datetime import datetime
from typing import TYPE_CHECKING

from outfit_pairing.storage.store import TableStore
from outfit_pairing.storage.tables import QUALITY_METRICS, RELEASES, RUNS

if TYPE_CHECKING:
    from pyspark.sql import SparkSession
    from rich.table import Table as RichTable

    from outfit_pairing.settings import Settings

# Figures that tell how a run went, and how they are written.
FIGURES = {
    "products": ",.0f",
    "outfits": ",.0f",
    "coverage": ".4f",
    "from_patterns": ".4f",
    "mean_score": ".4f",
    "violations": ",.0f",
    "catalogue_share": ".4f",
}


@dataclass(frozen=True, slots=True)
class Run:
    """One run. `stages`: that ended well.   `status`: done, gate missed, failed, killed.   `shown`: its outfits are shown now.

    figures: those of FIGURES that were measured; changes: the same minus those of the run before that measured them.
    """

    run_id: str
    started_at: datetime
    seconds: float
    status: str
    stages: int
    error: str | None
    shown: bool
    figures: Mapping[str, float]
    changes: Mapping[str, float]


def run_history(spark: "SparkSession", settings: "Settings", count: int) -> list[Run]:
    """The latest runs, latest first.    Raises:  MissingTable: nothing was ever run."""
    from pyspark.sql import functions as F

    store = TableStore(spark, settings)
    # what was written down last, and of that what began last: a run that was killed is told of by a later one
    stages = F.sort_array(F.collect_list(F.struct("updated_at", "started_at", "status", "error", "seconds")))
    rows = store.read(RUNS).groupBy("run_id").agg(F.min("started_at").alias("started_at"), stages.alias("stages"))
    latest = rows.orderBy(F.desc("started_at"), "run_id").limit(count + 1).collect()
    figures = _figures(store, [row["run_id"] for row in latest])
    shown = _shown(store)
    found: list[Run] = []
    before: Mapping[str, float] = {}
    for row in reversed(latest):
        own = figures.get(row["run_id"], {})
        last = row["stages"][-1]
        found.append(
            Run(
                run_id=row["run_id"],
                started_at=row["started_at"],
                seconds=sum(stage["seconds"] for stage in row["stages"]),
                status=last["status"],
                stages=sum(stage["status"] == "done" for stage in row["stages"]),
                error=last["error"],
                shown=row["run_id"] == shown,
                figures=own,
                changes={name: own[name] - before[name] for name in own if name in before},
            )
        )
        before = own or before
    return found[::-1][:count]


def _figures(store: TableStore, run_ids: Sequence[str]) -> dict[str, dict[str, float]]:
    from pyspark.sql import functions as F

    found: dict[str, dict[str, float]] = {}
    if store.exists(QUALITY_METRICS):
        wanted = F.col("run_id").isin(list(run_ids)) & F.col("metric").isin(list(FIGURES)) & F.col("value").isNotNull()
        for row in store.read(QUALITY_METRICS).where(wanted).collect():
            found.setdefault(row["run_id"], {})[row["metric"]] = row["value"]
    return {run_id: {name: values[name] for name in FIGURES if name in values} for run_id, values in found.items()}


def _shown(store: TableStore) -> str | None:
    from pyspark.sql import functions as F

    if not store.exists(RELEASES):
        return None
    rows = store.read(RELEASES).orderBy(F.desc("number")).limit(1).collect()
    return str(rows[0]["shown_run_id"]) if rows else None


def as_json(runs: Sequence[Run]) -> str:
    """For programs."""
    return json.dumps([asdict(run) | {"started_at": run.started_at.isoformat()} for run in runs], indent=2) + "\n"


def as_table(runs: Sequence[Run]) -> "RichTable":
    """For people: each figure with its change."""
    from rich.table import Table

    table = Table(title="Runs, the latest first; → is shown now", title_justify="left")
    for name in ("", "run", "started", "status", "seconds", *FIGURES):
        table.add_column(name.replace("_", " "), justify="right" if name in FIGURES or name == "seconds" else "left", no_wrap=True)
    for run in runs:
        figures = [_with_change(name, run) for name in FIGURES]
        started = f"{run.started_at:%Y-%m-%d %H:%M}"
        table.add_row("→" if run.shown else "", run.run_id, started, run.status, f"{run.seconds:.0f}", *figures)
    return table


def _with_change(name: str, run: Run) -> str:
    if name not in run.figures:
        return "–"
    written, change = format(run.figures[name], FIGURES[name]), run.changes.get(name, 0.0)
    return f"{written} ({change:+{FIGURES[name]}})" if change else written
