"""Gates: the limits that a result must keep to be published.

A gate whose figure has no value is missed, so that an empty result never passes. Exceptions, each said in the gate's detail:
the spread of a small catalogue, what only wearable products can show in a catalogue without any, and what a metric itself
excuses, such as drift where there is nothing to compare with. A limit that is not set makes no gate.
"""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Literal

from outfit_pairing.quality.metrics import Metric
from outfit_pairing.quality.written import shown
from outfit_pairing.settings import GateSettings

Limit = Literal["least", "most"]

LIMITS: dict[str, Limit] = {
    "coverage": "least",
    "from_patterns": "least",
    "violations": "most",
    "largest_share": "most",
    "catalogue_share": "least",
    "different_outfits": "least",
    "clashes": "most",
    "rejected": "most",
    "pattern_yield": "least",
    "smallest_file": "least",
    "model_cost": "most",
    "model_tokens": "most",
    "run_seconds": "most",
    "drift_products": "most",
    "drift_outfits": "most",
    "drift_coverage": "most",
    "drift_from_patterns": "most",
    "drift_mean_score": "most",
}
SPREAD = ("largest_share", "catalogue_share", "different_outfits")
OF_WEARABLE = ("from_patterns", "catalogue_share", "drift_from_patterns")
# Not settings: no result is publishable without outfits, with outfits that hold nothing, or with files that are cut.
ALWAYS: dict[str, tuple[Limit, float]] = {"outfits": ("least", 1.0), "empty_outfits": ("most", 0.0), "cut_files": ("most", 0.0)}

MOST_EXAMPLES = 10  # rows that a missed gate names


@dataclass(frozen=True, slots=True)
class Example:
    """A row to look at. `row`: a product id, else what stands for the row: a file, a line of the catalogue, a stage.

    article_type: empty where the row is no product.    what: what is wrong with it.
    """

    row: str
    article_type: str
    what: str

    def __str__(self) -> str:
        return f"{self.row}{f' ({self.article_type})' if self.article_type else ''}: {self.what}"


@dataclass(frozen=True, slots=True)
class Gate:
    """A figure against its limit; `passed` is None where the gate does not apply, and `detail` says why.

    examples: rows to look at, where the gate is missed.
    """

    metric: str
    value: float | None
    limit: Limit
    threshold: float
    passed: bool | None
    detail: str
    examples: Sequence[Example] = ()

    @property
    def full_detail(self) -> str:
        """The detail with every example."""
        told = " | ".join(map(str, self.examples))
        return "; examples: ".join(filter(None, (self.detail, told)))

    @property
    def what(self) -> str:
        """The gate in a few words: `coverage 0.91, at least 0.999`."""
        return f"{self.metric} {shown(self.value)}, at {self.limit} {shown(self.threshold)}"


def judge(metrics: Iterable[Metric], settings: GateSettings) -> list[Gate]:
    """Every gate that has a limit, in a fixed order.    Raises:  KeyError: a metric that a gate is about was not measured."""
    measured = {metric.name: metric for metric in metrics}
    limits = {
        name: (limit, float(getattr(settings, name))) for name, limit in LIMITS.items() if getattr(settings, name) is not None
    }
    return [
        _gate(measured[name], limit, threshold, _excuse(name, measured, settings))
        for name, (limit, threshold) in {**ALWAYS, **limits}.items()
    ]


def missed(gates: Iterable[Gate]) -> Sequence[str]:
    """The missed gates, each in a few words and with where to look."""
    return [f"{gate.what}{f' ({gate.detail})' if gate.detail else ''}" for gate in gates if gate.passed is False]


def _gate(metric: Metric, limit: Limit, threshold: float, excuse: str) -> Gate:
    if excuse:
        return Gate(
            metric.name, metric.value, limit, threshold, None, "; ".join(filter(None, (metric.detail, f"not judged: {excuse}")))
        )
    kept = metric.value is not None and (metric.value >= threshold if limit == "least" else metric.value <= threshold)
    return Gate(metric.name, metric.value, limit, threshold, kept, metric.detail)


def _excuse(name: str, measured: dict[str, Metric], settings: GateSettings) -> str:
    """Why a gate does not apply; empty when it does."""
    products = measured["products"].value or 0
    if measured[name].excuse:
        return measured[name].excuse
    if name in SPREAD and products < settings.least_products:
        return f"{products:,.0f} products are too few to spread over (quality.gates.least_products = {settings.least_products:,})"
    if name in OF_WEARABLE and not measured["wearable"].value:
        return "the catalogue has no wearable products"
    return ""
