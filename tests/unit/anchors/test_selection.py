"""Choosing anchors within a stratum, and whom they stand for."""

import itertools

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.extra import numpy as arrays

from outfit_pairing.anchors.selection import (
    KEPT_FROM,
    Place,
    choose,
    facility_location,
    likeness,
    stand_for,
    value,
)
from outfit_pairing.style.vectors import SCALE, fixed_point

similarities = arrays.arrays(np.float32, st.tuples(st.integers(1, 8), st.integers(1, 8)), elements=st.integers(0, 50).map(float))
squares = st.integers(2, 9).flatmap(
    lambda n: arrays.arrays(np.float32, (n, n), elements=st.integers(0, 50).map(float)).map(lambda one: np.maximum(one, one.T))
)


def unit_rows(n: int, seed: int) -> np.ndarray:
    """Unit vectors around a few directions, as embeddings of a stratum lie."""
    random = np.random.default_rng(seed)
    rows = random.normal(size=(4, 16))[random.integers(0, 4, n)] + 0.5 * random.normal(size=(n, 16))
    return rows / np.linalg.norm(rows, axis=1, keepdims=True)


@given(similarities, st.data())
def test_rows_chosen_are_distinct_and_as_many_as_asked_for(similarity, data):
    """No product is an anchor twice."""
    budget = data.draw(st.integers(0, len(similarity)))
    chosen = facility_location(similarity, budget)
    assert budget == len(chosen) == len(set(chosen.tolist()))


@given(similarities, st.data())
def test_a_smaller_budget_takes_the_first_of_a_larger_one(similarity, data):
    """The order of choice does not depend on where it ends."""
    budget = data.draw(st.integers(0, len(similarity)))
    np.testing.assert_array_equal(facility_location(similarity, len(similarity))[:budget], facility_location(similarity, budget))


@given(similarities, st.data())
def test_the_choice_keeps_the_guarantee_of_greedy_selection(similarity, data):
    """At least 1 - 1/e of the best possible choice, found by trying all."""
    budget = data.draw(st.integers(1, len(similarity)))
    every = itertools.combinations(range(len(similarity)), budget)
    best = max(value(similarity, np.array(rows)) for rows in every)
    assert value(similarity, facility_location(similarity, budget)) >= (1 - 1 / np.e) * best


@given(similarities)
def test_each_anchor_adds_no_more_than_the_one_before(similarity):
    """Returns diminish, which is what the guarantee rests on."""
    order = facility_location(similarity, len(similarity))
    values = [value(similarity, order[:number]) for number in range(len(order) + 1)]
    gains = np.diff(values)
    assert (gains >= 0).all()
    assert (np.diff(gains) <= 0).all()


def test_ties_go_to_the_first_row():
    """Rows are in order of product_id, so equal products are told apart by their ids."""
    assert facility_location(np.ones((4, 4), dtype=np.float32), 2).tolist() == [0, 1]


def test_a_second_anchor_stands_for_what_the_first_does_not():
    """Anchors of a large stratum differ: two groups get one each."""
    similarity = np.kron(np.eye(2), np.ones((3, 3))).astype(np.float32)
    assert facility_location(similarity, 2).tolist() == [0, 3]


@given(similarities)
def test_the_shortcut_chooses_what_plain_greedy_selection_chooses(similarity):
    """Looking again only at promising rows changes no choice, ties included."""
    reached, chosen = np.zeros(similarity.shape[1]), []
    for _ in range(len(similarity)):
        gains = np.maximum(similarity - reached, 0).sum(axis=1)
        gains[chosen] = -1
        chosen.append(int(gains.argmax()))
        reached = np.maximum(reached, similarity[chosen[-1]])
    assert chosen == facility_location(similarity, len(similarity)).tolist()


def test_asking_for_more_rows_than_there_are_is_refused():
    """A wrong count is a fault of the caller, not a shorter answer."""
    with pytest.raises(ValueError, match="3 rows asked for, there are 2"):
        facility_location(np.ones((2, 2), dtype=np.float32), 3)


@given(squares, st.data())
def test_choosing_again_from_the_own_result_changes_nothing(similarity, data):
    """Selection with incumbents ends where it started: same anchors, same order."""
    rows = len(similarity)
    sampled = np.array(data.draw(st.lists(st.booleans(), min_size=rows, max_size=rows).filter(any)))
    incumbents = np.array(data.draw(st.lists(st.booleans(), min_size=rows, max_size=rows)))
    number = data.draw(st.integers(1, int(sampled.sum())))
    first = choose(similarity[:, sampled], sampled, incumbents, number)
    standing = np.isin(np.arange(rows), first)
    np.testing.assert_array_equal(first, choose(similarity[:, sampled], sampled, standing, number))


@given(squares, st.data())
def test_incumbents_cost_at_most_two_percent_of_a_fresh_choice(similarity, data):
    """Old anchors are kept only while they stand for the stratum nearly as well."""
    sampled = np.ones(len(similarity), dtype=np.bool_)
    incumbents = np.array(data.draw(st.lists(st.booleans(), min_size=len(similarity), max_size=len(similarity))))
    number = data.draw(st.integers(1, len(similarity)))
    fresh = facility_location(similarity, number)
    assert value(similarity, choose(similarity, sampled, incumbents, number)) >= KEPT_FROM * value(similarity, fresh)


@settings(max_examples=25, deadline=None)
@given(st.integers(3, 40), st.integers(0, 1_000), st.randoms())
def test_the_order_of_rows_does_not_matter(n, seed, random):
    """Any partitioning hands the rows over in another order; the value of the choice is the same to the last bit."""
    vectors = fixed_point(unit_rows(n, seed))
    slots, everyone = np.full(n, "top"), np.ones(n, dtype=np.bool_)
    shuffle = np.array(random.sample(range(n), n))
    straight, turned = likeness(vectors, slots, everyone), likeness(vectors[shuffle], slots, everyone)
    np.testing.assert_array_equal(straight[np.ix_(shuffle, shuffle)], turned)
    first = facility_location(straight, 1), shuffle[facility_location(turned, 1)]
    assert value(straight, first[0]) == value(straight, first[1])


def test_a_product_does_not_stand_for_another_slot():
    """A jacket in a sub-category of shirts is no shirt, however alike the texts are."""
    vectors = fixed_point(np.array([[1, 0], [1, 0], [0.6, -0.8]]))
    alike = likeness(vectors, np.array(["top", "outerwear", "top"]), np.ones(3, dtype=np.bool_)) / SCALE**2
    np.testing.assert_allclose([[1, 0, 0.6], [0, 1, 0], [0.6, 0, 1]], alike, atol=1e-3)


@pytest.mark.parametrize(
    ("other", "nearness"),
    [
        (Place("Topwear | men | casual", "top", "men"), 4),
        (Place("Topwear | men | sports", "top", "men"), 3),
        (Place("Topwear | unisex | casual", "top", "unisex"), 2),
        (Place("Topwear | men | casual", "outerwear", "men"), 1),
        (Place("Topwear | women | casual", "top", "women"), 0),
        (Place("Topwear | boys | casual", "top", "boys"), 0),
    ],
)
def test_nearness_goes_by_stratum_then_slot_then_audience(other, nearness):
    """An anchor of the own stratum comes first, one of an audience that does not mix last."""
    assert nearness == Place("Topwear | men | casual", "top", "men").nearness(other)


def test_the_nearest_place_wins_over_the_most_similar_text():
    """Within a place the most similar anchor stands for a product, ties going to the first."""
    anchors = fixed_point(np.array([[0, 1], [1, 0], [1, 0]]))
    vectors = fixed_point(np.array([[1, 0], [1, 0], [-1, 0]]))
    nearness = np.array([[3, 3, 3], [4, 3, 3], [2, 3, 4]])
    assert stand_for(vectors, nearness, anchors).tolist() == [1, 0, 2]
