"""Drift is told from the last good run, and only where there is something to compare with."""

from datetime import UTC, datetime

import pytest

from outfit_pairing.quality.drift import ACCEPTED, NO_RUN, drift
from outfit_pairing.quality.gates import judge
from outfit_pairing.quality.metrics import Metric
from outfit_pairing.quality.past import PastCheck
from outfit_pairing.settings import GateSettings
from tests.unit.quality.test_gates import GOOD

NOW = {"products": 900.0, "outfits": 4_500.0, "coverage": 0.99, "from_patterns": 0.95, "mean_score": 0.8}


def _before(**figures: float) -> PastCheck:
    return PastCheck("monday", datetime(2026, 1, 5, tzinfo=UTC), True, {**NOW, **figures})


def _drift(before: PastCheck | None, *, accepted: bool = False, **now: float | None) -> dict[str, Metric]:
    metrics = [Metric(name, value) for name, value in {**NOW, **now}.items()]
    return {metric.name: metric for metric in drift(metrics, before, accepted=accepted)}


def _missed(found: dict[str, Metric]) -> list[str]:
    others = [Metric(name, value) for name, value in GOOD.items() if name not in found]
    return [gate.metric for gate in judge([*others, *found.values()], GateSettings()) if gate.passed is False]


@pytest.mark.parametrize("was", [1_000, 900 / 1.1])
def test_rows_may_change_either_way_by_a_share_of_what_was(was: float) -> None:
    """A tenth fewer and a tenth more are the same drift."""
    found = _drift(_before(products=was))
    assert found["drift_products"].value == pytest.approx(0.1)
    assert "run monday" in found["drift_products"].detail


@pytest.mark.parametrize(("was", "missed"), [(1_285, False), (1_286, True), (693, False), (692, True)])
def test_products_are_held_to_three_tenths_each_way(was: float, missed: bool) -> None:
    """Unless somebody sets another limit."""
    assert _missed(_drift(_before(products=was))) == (["drift_products"] if missed else [])


def test_shares_are_held_to_how_far_they_fall() -> None:
    """What rises is welcome; what falls is told in points."""
    fallen = _drift(_before(coverage=1.0, mean_score=0.9))
    assert fallen["drift_coverage"].value == pytest.approx(0.01)
    assert _missed(fallen) == ["drift_mean_score"]
    assert _drift(_before(coverage=0.5))["drift_coverage"].value == 0


def test_without_an_earlier_good_run_nothing_is_judged() -> None:
    """The first result of a warehouse has nothing to differ from."""
    found = _drift(None)
    assert {(metric.value, metric.excuse) for metric in found.values()} == {(None, NO_RUN)}
    assert _missed(found) == []


def test_zero_before_is_no_ground_to_compare_on() -> None:
    """A share of nothing says nothing; a fall from zero is none."""
    found = _drift(_before(outfits=0, coverage=0))
    assert found["drift_outfits"].value is None
    assert "had none to compare with" in found["drift_outfits"].excuse
    assert found["drift_coverage"].value == 0


def test_zero_now_is_the_whole_of_what_was() -> None:
    """All products gone is a drift of one."""
    found = _drift(_before(), products=0)
    assert found["drift_products"].value == 1
    assert "drift_products" in _missed(found)


def test_a_figure_that_was_and_cannot_be_measured_now_is_a_miss() -> None:
    """Nothing to measure is no small fall."""
    assert _missed(_drift(_before(), coverage=None)) == ["drift_coverage"]


def test_a_jump_that_is_meant_is_told_and_not_judged() -> None:
    """Whoever loads another catalogue says so once."""
    found = _drift(_before(products=20), accepted=True)
    assert found["drift_products"].value == 44
    assert found["drift_products"].excuse == ACCEPTED
    assert _missed(found) == []
