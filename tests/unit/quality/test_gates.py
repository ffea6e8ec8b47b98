"""Gates hold what they say, and an empty result never passes."""

import pytest

from outfit_pairing.quality.gates import ALWAYS, LIMITS, SPREAD, Example, Gate, judge, missed
from outfit_pairing.quality.metrics import Metric
from outfit_pairing.quality.written import shown
from outfit_pairing.settings import GateSettings

GOOD: dict[str, float | None] = {
    "products": 40_000,
    "wearable": 38_000,
    "outfits": 200_000,
    "empty_outfits": 0,
    "coverage": 1.0,
    "from_patterns": 0.95,
    "violations": 0,
    "largest_share": 0.001,
    "catalogue_share": 0.6,
    "different_outfits": 1.0,
    "clashes": 0.0,
    "rejected": 0.001,
    "cut_files": 0,
    "pattern_yield": 0.9,
    "smallest_file": 40_000,
    "model_cost": 3.2,
    "model_tokens": 400_000,
    "run_seconds": 300,
    "drift_products": 0.02,
    "drift_outfits": 0.02,
    "drift_coverage": 0,
    "drift_from_patterns": 0.01,
    "drift_mean_score": 0.001,
}
# With a limit for everything, also for what has none unless somebody sets it.
SETTINGS = GateSettings(model_cost=5, model_tokens=1_000_000, run_seconds=600)


def _missed(**changed: float | None) -> list[str]:
    gates = judge([Metric(name, value) for name, value in {**GOOD, **changed}.items()], SETTINGS)
    return [gate.metric for gate in gates if gate.passed is False]


def test_a_good_result_passes_every_gate() -> None:
    """Nothing is missed, and nothing is left unjudged."""
    gates = judge([Metric(name, value) for name, value in GOOD.items()], SETTINGS)
    assert {gate.metric for gate in gates} == set(ALWAYS) | set(LIMITS)
    assert all(gate.passed for gate in gates)
    assert missed(gates) == []


def test_every_gate_setting_has_a_gate() -> None:
    """A limit that someone sets is never ignored."""
    assert set(GateSettings.model_fields) - {"least_products"} == set(LIMITS)


@pytest.mark.parametrize(
    ("metric", "value"),
    [
        ("outfits", 0),
        ("empty_outfits", 1),
        ("coverage", 0.9989),
        ("from_patterns", 0.89),
        ("violations", 1),
        ("largest_share", 0.0031),
        ("catalogue_share", 0.449),
        ("different_outfits", 0.9989),
        ("clashes", 0.011),
        ("rejected", 0.021),
        ("cut_files", 1),
        ("pattern_yield", 0.49),
        ("smallest_file", 1_024),
        ("model_cost", 5.01),
        ("model_tokens", 1_000_001),
        ("run_seconds", 600.5),
        ("drift_products", 0.301),
        ("drift_outfits", 0.301),
        ("drift_coverage", 0.021),
        ("drift_from_patterns", 0.101),
        ("drift_mean_score", 0.051),
    ],
)
def test_each_gate_misses_what_is_just_beyond_its_limit(metric: str, value: float) -> None:
    """And only that gate."""
    assert _missed(**{metric: value}) == [metric]


@pytest.mark.parametrize("metric", [*ALWAYS, *LIMITS])
def test_a_figure_that_could_not_be_measured_misses_its_gate(metric: str) -> None:
    """No gate passes because there was nothing to measure."""
    assert _missed(**{metric: None}) == [metric]


def test_a_small_catalogue_is_not_held_to_spread() -> None:
    """Spread gates say why they are not judged; the others hold."""
    small = {**GOOD, "products": 9_999, "largest_share": 0.1, "catalogue_share": 0.1, "different_outfits": 0.1}
    gates = judge([Metric(name, value) for name, value in small.items()], GateSettings())
    assert [gate.metric for gate in gates if gate.passed is None] == list(SPREAD)
    assert all("9,999 products are too few" in gate.detail for gate in gates if gate.passed is None)
    assert _missed(products=10_000, largest_share=0.1) == ["largest_share"]


def test_a_catalogue_of_beauty_alone_can_pass() -> None:
    """Figures of wearable products do not apply where there are none."""
    assert _missed(wearable=0, from_patterns=None, catalogue_share=None) == []


def test_a_missed_gate_says_figure_limit_and_where_to_look() -> None:
    """The line that users see is enough to start from."""
    metrics = [Metric(name, value) for name, value in GOOD.items() if name != "coverage"]
    gates = judge([*metrics, Metric("coverage", 0.91, "short: kids caps with 0")], GateSettings())
    assert missed(gates) == ["coverage 0.91, at least 0.999 (short: kids caps with 0)"]


def test_a_limit_that_is_not_set_makes_no_gate() -> None:
    """Spend and duration are measured all the same."""
    gates = judge([Metric(name, value) for name, value in GOOD.items()], GateSettings(drift_products=None))
    assert {"model_cost", "model_tokens", "run_seconds", "drift_products"}.isdisjoint(gate.metric for gate in gates)


def test_what_a_metric_excuses_is_not_judged() -> None:
    """However far it is beyond the limit; the detail says why."""
    metrics = [Metric(name, value) for name, value in GOOD.items() if name != "drift_products"]
    gates = judge([*metrics, Metric("drift_products", 0.9, "1 and 10", "accepted")], SETTINGS)
    (gate,) = [gate for gate in gates if gate.metric == "drift_products"]
    assert (gate.passed, gate.detail) == (None, "1 and 10; not judged: accepted")


def test_examples_stand_in_the_detail_and_not_in_the_line_of_the_log() -> None:
    """Ten rows make no readable line; the table and the page have them."""
    gate = Gate("coverage", 0.5, "least", 0.9, False, "short", [Example("7", "Caps", "0 outfits"), Example("line 3", "", "no id")])
    assert gate.full_detail == "short; examples: 7 (Caps): 0 outfits | line 3: no id"
    assert missed([gate]) == ["coverage 0.5, at least 0.9 (short)"]


@pytest.mark.parametrize(
    ("value", "said"),
    [
        (0.99995, "0.99995"),
        (0.9999999, "0.99999"),
        (0.998984, "0.99898"),
        (0.97996, "0.97996"),
        (0.44996, "0.44996"),
        (0.1, "0.1"),
        (1.0, "1"),
        (0.9987, "0.9987"),
        (None, "nothing to measure"),
    ],
)
def test_what_is_not_quite_all_never_reads_one(value: float | None, said: str) -> None:
    """Two of 44,308 products that differ are not all of them."""
    assert shown(value) == said
