"""A judge scores outfits each by itself, as given."""

from dataclasses import replace

import numpy as np
from hypothesis import given
from hypothesis import strategies as st

from outfit_pairing.scoring.fitting import affinities_of
from outfit_pairing.scoring.judge import Judge
from outfit_pairing.scoring.wardrobe import Wardrobe
from outfit_pairing.style.lookbook_model import AFFINITIES
from tests.unit.scoring.shops import department_store, garment, random_outfits

STORE = department_store()
MODEL = replace(affinities_of(random_outfits(60), STORE, "hashing"), weights=dict.fromkeys(AFFINITIES, 1.0))
JUDGES = (Judge(STORE), Judge(STORE, MODEL))
OUTFITS = st.lists(st.sampled_from([*STORE.garments, "unknown", ""]), max_size=7)


@given(OUTFITS, st.sampled_from(JUDGES), st.randoms())
def test_the_order_of_items_does_not_matter(items: list[str], judge: Judge, dice) -> None:  # type: ignore[no-untyped-def]
    """To the last bit."""
    shuffled = list(items)
    dice.shuffle(shuffled)
    assert judge.log_odds(items) == judge.log_odds(shuffled)


@given(st.lists(OUTFITS, min_size=1, max_size=5), st.sampled_from(JUDGES))
def test_scores_do_not_depend_on_the_other_outfits(outfits: list[list[str]], judge: Judge) -> None:
    """Each the same alone, and between 0 and 1."""
    found = judge.scores(outfits)
    assert found.tolist() == [float(judge.scores([items])[0]) for items in outfits]
    assert np.all((found > 0) & (found < 1))


@given(OUTFITS, st.sampled_from(JUDGES))
def test_an_item_given_twice_counts_once_and_an_unknown_one_not(items: list[str], judge: Judge) -> None:
    """Nor does a product go well with itself."""
    assert judge.log_odds([*items, *items, "unknown"]) == judge.log_odds(items)


def test_an_outfit_of_fewer_than_two_known_items_is_neither_good_nor_bad() -> None:
    """0.5; no outfit gives no score."""
    judge = Judge(STORE)
    assert judge.scores([[], ["unknown"], ["shirts-000"], ["shirts-000", "unknown"]]).tolist() == [0.5] * 4
    assert judge.scores([]).shape == (0,)


def test_products_without_text_or_vector_are_scored() -> None:
    """By what else is known of them."""
    bare = {one: garment(one, one, name="-") for one in ("Shirts", "Jeans", "Sneakers")}
    judge = Judge(Wardrobe(bare, np.zeros((0, 64), dtype=np.float32)))
    assert 0 < judge.scores([tuple(bare)])[0] < 1
