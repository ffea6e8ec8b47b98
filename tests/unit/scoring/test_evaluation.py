"""How well a score agrees with people: figures that mean what they say."""

import math
from collections.abc import Sequence
from functools import cache

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from outfit_pairing.scoring import evaluation
from outfit_pairing.scoring.evaluation import CHANCE, Evaluation, Measured, auc, evaluate
from outfit_pairing.scoring.judge import Judge
from outfit_pairing.scoring.outfit_files import GivenOutfit
from outfit_pairing.scoring.questions import (
    FEWEST_RANKED,
    NOBODYS,
    RANKED,
    WRONG,
    alike_outfits,
    blanks_of,
    candidates_of,
    known_outfits,
    shuffled_outfits,
    some_of,
)
from tests.unit.scoring.shops import department_store, garment, random_outfits

STORE = department_store(each=40)
GARMENTS = STORE.garments
OUTFITS = list(dict.fromkeys(random_outfits(30, each=40)))


def all_right(outfits: Sequence[Sequence[str]]) -> np.ndarray:
    """A score that knows the answers."""
    known = {frozenset(items) for items in OUTFITS}
    return np.array([float(frozenset(items) in known) for items in outfits])


@cache
def by_the_guide(seed: int) -> Evaluation:
    return evaluate(OUTFITS, GARMENTS, Judge(STORE).scores, seed)


def always(outfits: Sequence[Sequence[str]]) -> np.ndarray:
    return np.full(len(outfits), 0.5)


@given(st.lists(st.integers(0, 9), min_size=1, max_size=30), st.lists(st.integers(0, 9), min_size=1, max_size=30))
def test_auc_is_the_share_of_pairs_won(right: list[int], wrong: list[int]) -> None:
    """As counted pair by pair; ties half."""
    plain = np.mean([(a > b) + 0.5 * (a == b) for a in right for b in wrong])
    assert auc(np.array(right, dtype=float), np.array(wrong, dtype=float)) == pytest.approx(plain)


def test_auc_of_nothing_is_not_a_number() -> None:
    """And no error."""
    assert math.isnan(auc(np.zeros(0), np.ones(2)))
    assert math.isnan(auc(np.ones(2), np.zeros(0)))


def test_a_score_that_knows_gets_1_and_one_that_does_not_gets_chance() -> None:
    """In every figure."""
    best, blind = evaluate(OUTFITS, GARMENTS, all_right), evaluate(OUTFITS, GARMENTS, always)
    assert set(best.figures) == set(CHANCE)
    for name, chance in CHANCE.items():
        assert best.figures[name].value > 0.99, name
        assert blind.figures[name] == pytest.approx((chance, chance, chance, blind.figures[name].questions)), name


def test_figures_lie_within_their_intervals_and_splits_add_up() -> None:
    """Every question is of one slot and of one audience."""
    found = by_the_guide(7)
    for one in found.figures.values():
        assert 0 <= one.low <= one.value <= one.high <= 1
    for split in (found.by_slot, found.by_audience):
        for name in ("fill_in_same_type", "recall_at_10"):
            parts = [figures[name] for figures in split.values()]
            total = sum(one.questions for one in parts)
            assert total == found.figures[name].questions
            assert sum(one.value * one.questions for one in parts) / total == pytest.approx(found.figures[name].value)
    assert set(found.by_audience) == {"women"}


def test_the_same_outfits_give_the_same_figures() -> None:
    """Every time; another seed asks other questions."""
    assert evaluate(OUTFITS, GARMENTS, Judge(STORE).scores) == by_the_guide(7)
    assert by_the_guide(8) != by_the_guide(7)


def test_wrong_answers_are_wrong_and_of_the_right_kind() -> None:
    """None of them is in the outfit; same-type ones are of its kind."""
    for blank in blanks_of(OUTFITS, GARMENTS, 1):
        assert blank.right == OUTFITS[blank.outfit]
        assert len(blank.random) == WRONG
        for answers in (blank.random, blank.same):
            assert all(set(blank.others) < set(items) and items[-1] not in blank.right for items in answers)
        assert all(GARMENTS[items[-1]].kind == GARMENTS[blank.item].kind for items in blank.same)


def test_outfits_of_nobody_are_as_large() -> None:
    """Those of the same types replace every item that can be."""
    for one in (*shuffled_outfits(OUTFITS, 1), *alike_outfits(OUTFITS, GARMENTS, 1)):
        assert len(set(one.items)) == len(OUTFITS[one.outfit])
    for one in alike_outfits(OUTFITS, GARMENTS, 1):
        assert not set(one.items) & set(OUTFITS[one.outfit])
        assert sorted(GARMENTS[item].kind for item in one.items) == sorted(GARMENTS[item].kind for item in OUTFITS[one.outfit])


def test_what_is_ranked_could_be_worn_instead() -> None:
    """Up to 99 others of the slot, for the same wearer, none of the outfit; none where there is hardly a choice."""
    store = department_store(each=130, kinds=("shirts", "jeans"))
    men = {f"m{number}": garment(f"m{number}", "shirts", audience="men", place=0) for number in range(FEWEST_RANKED - 1)}
    garments = {**store.garments, **men}
    outfits = [("shirts-000", "jeans-000"), ("m0", "jeans-000")]
    blanks = blanks_of([*outfits, *random_outfits(9, each=130, kinds=("shirts", "jeans"))], garments, 1)
    for blank, wrong in zip(blanks, candidates_of(blanks, garments, 1), strict=True):
        if blank.audience == "men":
            assert wrong == ()
        else:
            assert len(set(wrong)) == RANKED - 1
            assert not set(wrong) & set(blank.right)
            assert {(garments[one].traits.slot, garments[one].audience) for one in wrong} == {(blank.slot, "women")}


@pytest.mark.parametrize("outfits", [[("shirts-000", "jeans-000")], [("shirts-000", "jeans-000"), ("shirts-001", "jeans-001")]])
def test_very_few_outfits_are_no_error(outfits: list[tuple[str, ...]]) -> None:
    """Where there is nothing to measure, the figure is not a number."""
    found = evaluate(outfits, GARMENTS, Judge(STORE).scores)
    assert found.figures["fill_in_random"] == pytest.approx(Measured(math.nan, math.nan, math.nan, 0), nan_ok=True)
    assert found.figures["auc_random"].questions == len(outfits)
    if len(outfits) == 1:
        assert math.isnan(found.figures["auc_same_type"].value)
        assert math.isnan(found.figures["auc_random"].low)


def test_kinds_of_which_there_is_one_only_are_not_asked_for() -> None:
    """Nobody can be right or wrong where there is no other."""
    kinds = ("Shirts", "Jeans", "Heels", "Handbags", "Watches", "Caps")
    garments = {kind: garment(kind, kind) for kind in kinds}
    found = evaluate([kinds[:3], kinds[3:]], garments, always)
    assert math.isnan(found.figures["auc_same_type"].value)
    assert math.isnan(found.figures["fill_in_same_type"].value)
    assert math.isnan(found.figures["recall_at_10"].value)
    assert found.figures["fill_in_random"].value == pytest.approx(0.25)


def test_items_that_are_unknown_or_given_twice_are_left_out() -> None:
    """And outfits of which fewer than two remain."""
    given = [
        GivenOutfit("a", ("shirts-000", "shirts-000", "?")),
        GivenOutfit("b", ("shirts-000", "?", "jeans-000")),
        GivenOutfit("c", ()),
    ]
    assert known_outfits(given, GARMENTS) == [("shirts-000", "jeans-000")]


def test_of_very_many_outfits_some_are_drawn(monkeypatch: pytest.MonkeyPatch) -> None:
    """The same each time, in their order, and it is said how many."""
    monkeypatch.setattr(evaluation, "MOST_MEASURED", 20)
    found = evaluate(OUTFITS, GARMENTS, Judge(STORE).scores)
    assert (found.outfits, found.measured) == (len(OUTFITS), 20)
    drawn = some_of(OUTFITS, 20, 7)
    assert drawn == some_of(OUTFITS, 20, 7) == [one for one in OUTFITS if one in set(drawn)]
    assert NOBODYS == 3
