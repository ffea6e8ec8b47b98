"""Sharing the budget over strata."""

import itertools
from collections import Counter
from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from outfit_pairing.anchors.strata import LOYALTY, MOST_PER_STRATUM, SMALLEST_CATEGORY, Stratum, allocate, may_be_anchor
from outfit_pairing.style.vocabulary import load_style_guide


@st.composite
def strata(draw: st.DrawFn, categories: str = "abcd") -> list[Stratum]:
    """Up to 30 strata of a few sub-categories, some of which have anchors already."""
    sizes = draw(st.lists(st.integers(1, 3_000) | st.integers(1, 30), min_size=1, max_size=30))
    return [
        Stratum(f"{number:02d}", draw(st.sampled_from(categories)), size, draw(st.integers(0, min(size, 3))))
        for number, size in enumerate(sizes)
    ]


def new(strata: list[Stratum]) -> list[Stratum]:
    """The same strata without anchors."""
    return [replace(stratum, incumbents=0) for stratum in strata]


def after(strata: list[Stratum], order: tuple[str, ...]) -> list[Stratum]:
    """The same strata with the anchors that they were given."""
    return [replace(stratum, incumbents=Counter(order)[stratum.key]) for stratum in strata]


budgets = st.integers(1, 60)


@given(strata(), budgets)
def test_the_whole_budget_is_given_out(strata, budget):
    """As many anchors as the budget, or one per product when there are fewer products."""
    assert min(budget, sum(stratum.places for stratum in strata)) == len(allocate(strata, budget))


@given(strata(), budgets)
def test_no_stratum_gets_more_anchors_than_it_has_products(strata, budget):
    """An anchor is a product of its stratum."""
    given_out = Counter(allocate(strata, budget))
    assert all(given_out[stratum.key] <= min(stratum.size, MOST_PER_STRATUM) for stratum in strata)


@given(strata(categories="a"), budgets)
def test_a_larger_stratum_never_gets_fewer_anchors(strata, budget):
    """Within a sub-category, shares grow with size."""
    given_out = Counter(allocate(new(strata), budget))
    by_size = sorted(strata, key=lambda stratum: stratum.size)
    for smaller, larger in itertools.pairwise(by_size):
        if smaller.size < larger.size:
            assert given_out[smaller.key] <= given_out[larger.key]


@given(strata(), budgets, st.randoms())
def test_the_order_of_strata_does_not_matter(strata, budget, random):
    """Spark may count strata in any order."""
    shuffled = random.sample(strata, len(strata))
    assert allocate(strata, budget) == allocate(shuffled, budget)


@given(strata(), budgets)
def test_a_second_run_gives_out_the_same_anchors(strata, budget):
    """The rule applied to its own result returns it, in the same order."""
    first = allocate(strata, budget)
    assert first == allocate(after(strata, first), budget)


@given(strata(), st.integers(30, 60))
def test_every_sub_category_of_twenty_products_gets_an_anchor(strata, budget):
    """However small its strata are beside others."""
    sizes: Counter[str] = Counter()
    for stratum in strata:
        sizes[stratum.category] += stratum.size
    category = {stratum.key: stratum.category for stratum in strata}
    reached = {category[key] for key in allocate(strata, budget)}
    assert {name for name, size in sizes.items() if size >= SMALLEST_CATEGORY} <= reached


@given(strata(), budgets)
def test_a_larger_budget_only_adds_anchors(strata, budget):
    """Whoever pays for one more pattern keeps those there are."""
    fewer, more = (Counter(allocate(new(strata), budget + extra)) for extra in (0, 1))
    if budget >= len({stratum.category for stratum in strata}):
        assert fewer <= more


def test_anchors_follow_the_square_root_of_the_stratum():
    """A stratum of 16 times the size gets its second anchor before the smaller one gets its first."""
    assert allocate([Stratum("big", "a", 3_201), Stratum("small", "a", 200)], 3) == ("big", "big", "small")
    assert allocate([Stratum("big", "a", 3_199), Stratum("small", "a", 200)], 3) == ("big", "small", "big")


def test_an_anchor_that_stands_is_given_up_only_for_a_stratum_clearly_larger():
    """Small changes of size do not move anchors, so that patterns stay paid for."""
    standing = Stratum("old", "a", 100, incumbents=1)
    assert allocate([standing, Stratum("new", "a", int(100 * LOYALTY) - 1)], 1) == ("old",)
    assert allocate([standing, Stratum("new", "a", int(100 * LOYALTY) + 1)], 1) == ("new",)


@pytest.mark.parametrize(
    ("article_type", "slot", "department", "expected"),
    [
        ("Shirts", "top", "Apparel", True),
        ("Lipstick", "beauty", "Personal Care", True),
        ("Basketballs", "other", "Sporting Goods", True),
        ("Moon Boots Deluxe", "footwear", None, True),
        ("Free Gifts", "other", "Free Items", False),
        ("Handbags", "bag", "Free Items", False),
        ("Cushion Covers", "other", "Home", False),
    ],
)
def test_what_is_given_away_or_for_the_home_is_no_anchor(article_type, slot, department, expected):
    """Patterns are written for what can have outfits, and beauty has its own."""
    assert expected == may_be_anchor(article_type, slot, department, load_style_guide())
