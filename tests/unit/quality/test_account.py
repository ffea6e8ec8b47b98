"""What a run took, in figures."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from outfit_pairing.pipeline import STAGES
from outfit_pairing.quality.account import Account, account_metrics
from outfit_pairing.quality.metrics import Metric
from outfit_pairing.quality.past import seconds_told, tell_seconds


def _measured(account: Account) -> dict[str, Metric]:
    return {metric.name: metric for metric in account_metrics(account)}


def test_the_yield_is_good_patterns_over_those_asked_for() -> None:
    """Ten anchors, eight patterns each, of which sixty were had."""
    found = _measured(Account(anchors=10, asked=80, good=60))
    assert found["pattern_yield"].value == 0.75
    assert found["pattern_yield"].detail == "60 good of 80 asked for 10 anchors"


def test_nothing_asked_for_is_no_bad_yield() -> None:
    """Nor is a run that is not remembered a slow one."""
    found = _measured(Account())
    assert (found["pattern_yield"].value, found["run_seconds"].value) == (None, None)
    assert found["pattern_yield"].excuse
    assert found["run_seconds"].excuse
    assert found["model_cost"].value == 0


def test_requests_without_a_price_have_no_cost() -> None:
    """And the detail says what to set."""
    found = _measured(Account(requests=5, tokens=9_000, cost=None, seconds={"embed": 3.2, "publish": 40.0}))
    assert (found["model_cost"].value, found["model_tokens"].value) == (None, 9_000)
    assert "llm.price_prompt" in found["model_cost"].detail
    assert (found["run_seconds"].value, found["run_seconds"].detail) == (43.2, "embed: 3, publish: 40")


@given(st.dictionaries(st.sampled_from(sorted(STAGES)), st.integers(0, 100_000)))
def test_seconds_in_words_are_read_again(seconds: dict[str, int]) -> None:
    assert seconds_told(tell_seconds(seconds)) == seconds


@pytest.mark.parametrize("detail", [None, "", "no stage of this run is remembered", "embed: soon"])
def test_other_words_tell_no_seconds(detail: str | None) -> None:
    assert seconds_told(detail) == {}
