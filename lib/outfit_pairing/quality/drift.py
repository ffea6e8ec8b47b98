"""Drift: how far a result is from that of the last run which passed its check.

Rows may change either way by a share; shares and the mean score may rise as they like and are held to how far they fall.
"""

from collections.abc import Iterable, Mapping

from outfit_pairing.quality.metrics import Metric
from outfit_pairing.quality.past import PastCheck

BY_SHARE = ("products", "outfits")
BY_FALL = ("coverage", "from_patterns", "mean_score")
PREFIX = "drift_"
NO_RUN = "no earlier run has passed its check"
ACCEPTED = "the change is accepted (quality.accept_drift)"


def drift(metrics: Iterable[Metric], before: PastCheck | None, *, accepted: bool = False) -> list[Metric]:
    """How far each figure has moved since `before`; what cannot be compared says why.

    Returns: drift_<figure>: change as share of what was, for BY_SHARE; fall, 0 where it rose, for BY_FALL.
    """
    now = {metric.name: metric.value for metric in metrics}
    return [_moved(name, now[name], before, accepted) for name in (*BY_SHARE, *BY_FALL)]


def fell(name: str, now: Mapping[str, float | None], before: Mapping[str, float]) -> bool:
    """Whether a figure is lower than it was."""
    return (now.get(name) or 0) < before.get(name, 0)


def _moved(name: str, now: float | None, before: PastCheck | None, accepted: bool) -> Metric:
    if before is None:
        return Metric(PREFIX + name, None, excuse=NO_RUN)
    was = before.figures.get(name)
    if was is None or (name in BY_SHARE and not was):
        return Metric(PREFIX + name, None, excuse=f"run {before.run_id} had none to compare with")
    excuse = ACCEPTED if accepted else ""
    if now is None:
        return Metric(PREFIX + name, None, f"{_written(was)} in run {before.run_id}, now nothing to measure", excuse)
    change = abs(now - was) / was if name in BY_SHARE else max(0.0, was - now)
    return Metric(PREFIX + name, change, f"{_written(now)}, and {_written(was)} in run {before.run_id}", excuse)


def _written(value: float) -> str:
    return f"{value:,.0f}" if float(value).is_integer() and value > 1 else f"{value:.4g}"
