"""fit-compatibility learns from what shoppers liked, as much as it is told to, and never measures itself on it."""

import pytest

from outfit_pairing.cli import main
from outfit_pairing.scoring.fitting import affinities_of, fit
from outfit_pairing.style.lookbook_model import model_bytes
from tests.unit.scoring.test_fitting import STORE, THOUGHTLESS

PAIR = ("shirts-000", "jeans-000")


def test_a_liked_outfit_counts_as_much_as_it_is_told() -> None:
    """Weight 1 is a stylist's, weight 0 is none; a half lies between."""
    base = THOUGHTLESS[:60]
    none, half, whole = (affinities_of(base, STORE, "hashing", [PAIR] * 40, weight) for weight in (1e-12, 0.5, 1.0))
    stylist = affinities_of([*base, *[PAIR] * 40], STORE, "hashing")
    assert whole.items == stylist.items
    assert whole.kinds == stylist.kinds
    pair = max(whole.items, key=whole.items.__getitem__)
    assert none.items[pair] < half.items[pair] < whole.items[pair]
    assert affinities_of(base, STORE, "hashing").kinds == pytest.approx(none.kinds)


def test_without_feedback_nothing_changes() -> None:
    """To the last bit."""
    assert model_bytes(fit(THOUGHTLESS[:60], STORE, "hashing", [], 0.5)) == model_bytes(fit(THOUGHTLESS[:60], STORE, "hashing"))


@pytest.mark.parametrize("weight", ["0", "-1", "1.5", "nan", "much"])
def test_a_weight_that_is_none_is_refused(weight: str, capsys: pytest.CaptureFixture[str]) -> None:
    """In one line that says what it may be."""
    with pytest.raises(SystemExit) as ended:
        main(["fit-compatibility", "--outfits", "looks.jsonl", "--feedback", weight])
    assert ended.value.code == 2
    assert "give a number above 0, at most 1" in capsys.readouterr().err
