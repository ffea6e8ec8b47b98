"""What the quality page tells: the figures of the shown run, its gates, and how they have gone over the last runs."""

from collections.abc import Iterable
from typing import Any

from outfit_pairing.publishing.checked import TOLD, figure_of
from outfit_pairing.quality.history_charts import history_charts
from outfit_pairing.quality.past import FIGURES, PastCheck, seconds_told
from outfit_pairing.serving.store import Metric, Quality


def quality_page(quality: Quality) -> dict[str, Any]:
    """Values for the template."""
    by_name = {one.metric: one for one in quality.metrics}
    gates = [one for one in quality.metrics if one.passed is not None]
    missed = sum(one.passed is False for one in gates)
    checks = past_checks(quality.history)
    limits = {one.metric: one.threshold for one in gates if one.threshold is not None}
    return {
        "verdict": _verdict(len(quality.metrics), len(gates), missed),
        "told": [
            figure_of(name, by_name[name].value, by_name[name].threshold, by_name[name].passed) for name in TOLD if name in by_name
        ],
        "gates": gates,
        "metrics": quality.metrics,
        "charts": history_charts(checks, limits) if checks else [],
        "runs": len(checks),
        "missed": any(not one.passed for one in checks),
    }


def past_checks(history: Iterable[Metric]) -> list[PastCheck]:
    """The runs of a history, in its order."""
    runs: dict[str, list[Metric]] = {}
    for metric in history:
        runs.setdefault(metric.run_id, []).append(metric)
    return [
        PastCheck(
            run_id=run_id,
            at=max(one.updated_at for one in metrics),
            passed=all(one.passed is not False for one in metrics),
            figures={one.metric: one.value for one in metrics if one.metric in FIGURES and one.value is not None},
            seconds=next((seconds_told(one.detail) for one in metrics if one.metric == "run_seconds"), {}),
        )
        for run_id, metrics in runs.items()
    ]


def _verdict(metrics: int, gates: int, missed: int) -> str:
    if not metrics:
        return "Not checked yet"
    if not gates:
        return "Measured without gates"
    return f"{missed} of {gates} gates missed" if missed else f"All {gates} gates met"
