"""Who can have outfits, and why the others cannot."""

import itertools

import pytest
from hypothesis import given
from hypothesis import strategies as st

from outfit_pairing.quality.standing import Stock, most_different, standing
from outfit_pairing.style.vocabulary import load_style_guide

GUIDE = load_style_guide()


@pytest.mark.parametrize(
    ("article_type", "slot", "department", "role"),
    [
        ("Tshirts", "top", "Apparel", "wearable"),
        ("Socks", "other", "Accessories", "wearable"),
        ("Briefs", "innerwear", "Apparel", "own_kind"),
        ("Lipstick", "beauty", "Personal Care", "own_kind"),
        ("Footballs", "other", "Sporting Goods", "equipment"),
        ("Shoe Laces", "other", "Accessories", "none"),
        ("Cushion Covers", "other", "Home", "none"),
        ("Handbags", "bag", "Free Items", "none"),
        ("Gizmo", "other", None, "none"),
        ("Gizmo", "bag", None, "wearable"),
        ("Gizmo", "beauty", None, "own_kind"),
        (None, None, None, "none"),
    ],
)
def test_what_a_product_is(article_type: str | None, slot: str | None, department: str | None, role: str) -> None:
    """Role by article type, by slot where the style guide does not know it; whoever has none is told why."""
    found = standing(article_type, slot, department, GUIDE)
    assert found.role == role
    assert bool(found.why) == (role == "none")


def test_a_product_without_companions_cannot_have_outfits() -> None:
    """The only kind of swimwear has nothing to go with; three different companions are enough."""
    swimwear = standing("Swimwear", "swimwear", "Apparel", GUIDE)
    cap = standing("Swimming Cap", "swimwear", "Apparel", GUIDE)
    alone = Stock.of([(swimwear, "women", 9)])
    assert not alone.can_have_outfits(swimwear, "women")
    with_caps = Stock.of([(swimwear, "women", 9), (cap, "unisex", 3)])
    assert with_caps.can_have_outfits(swimwear, "women")
    assert not Stock.of([(swimwear, "women", 9), (cap, "men", 3)]).can_have_outfits(swimwear, "women")


def test_clothes_do_not_keep_innerwear_company() -> None:
    """Companions are counted within the group that shares outfits."""
    bra, tee = standing("Bra", "innerwear", "Apparel", GUIDE), standing("Tshirts", "top", "Apparel", GUIDE)
    stock = Stock.of([(bra, "women", 5), (tee, "women", 50)])
    assert not stock.can_have_outfits(bra, "women")
    assert stock.places("clothes", "women") == {"top": 50}


@given(st.lists(st.integers(1, 3), min_size=1, max_size=3))
def test_most_different_is_reached_and_never_passed(choices: list[int]) -> None:
    """The bound equals the largest set of outfits, found by trying, that pairwise differ in two items."""
    words = list(itertools.product(*map(range, choices)))
    best: list[tuple[int, ...]] = []

    def grow(chosen: list[tuple[int, ...]], rest: list[tuple[int, ...]]) -> None:
        nonlocal best
        best = max(best, chosen, key=len)
        for number, word in enumerate(rest):
            if len(chosen) + len(rest) - number > len(best):
                far = [other for other in rest[number + 1 :] if sum(a != b for a, b in zip(word, other, strict=True)) >= 2]
                grow([*chosen, word], far)

    grow([], words)
    assert len(best) == most_different(choices)
