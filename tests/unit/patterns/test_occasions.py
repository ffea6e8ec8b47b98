"""Every pattern is for an occasion of the style guide, one that suits its anchor."""

import pytest

from outfit_pairing.patterns.occasions import HINTS, PLAIN, dress_codes, nearest_occasion, occasions_for
from outfit_pairing.style import DRESS_CODES
from outfit_pairing.style.product import Product
from outfit_pairing.style.traits import traits_of
from tests.unit.patterns.shops import GUIDE, anchor

SUITABLE = ("casual friday", "coffee date", "everyday", "office", "picnic", "travel", "weekend")


def suitable(product: Product) -> set[str]:
    """Occasions for a product."""
    traits = traits_of(product.article_type, product.slot, product.usage, product.department, GUIDE)
    return set(occasions_for(product.audience, traits, GUIDE))


def test_hints_name_occasions_of_the_style_guide() -> None:
    """A change of occasions.yaml cannot leave a hint behind."""
    assert {occasion for hints in HINTS.values() for occasion in hints} <= set(dress_codes())
    assert set(PLAIN) == set(DRESS_CODES)
    assert {dress_codes()[PLAIN[code]] for code in PLAIN} == set(DRESS_CODES)


@pytest.mark.parametrize(
    ("product", "there", "absent"),
    [
        (anchor("Shirts", usage="formal"), {"office", "interview"}, {"beach", "gym", "playground"}),
        (anchor("Dresses", "girls"), {"playground", "birthday party"}, {"office", "date night", "night out"}),
        (anchor("Sarees", "women"), {"festival", "wedding"}, {"gym", "beach"}),
        (anchor("Lipstick", "women"), {"getting ready"}, {"office", "picnic"}),
    ],
)
def test_occasions_suit_the_anchor(product: Product, there: set[str], absent: set[str]) -> None:
    """No interview for a child's dress, no gym for a saree."""
    assert there <= suitable(product)
    assert not absent & suitable(product)


@pytest.mark.parametrize(
    ("said", "hints", "code", "expected"),
    [
        ("office", "", None, "office"),
        ("Casual Fridays", "", None, "casual friday"),
        ("a weekend with friends", "", None, "weekend"),
        ("", "Sunday Picnic", "casual", "picnic"),
        ("business meeting", "", "formal", "office"),
        ("", "Classic", "formal", "office"),
        ("", "Classic", "casual", "everyday"),
        ("", "Classic", None, "everyday"),
        ("zorple", "", "party", "casual friday"),
    ],
)
def test_other_words_for_occasions_are_understood(said: str, hints: str, code: str | None, expected: str) -> None:
    """By their own words, then by the name of the pattern, then by what it is dressed for."""
    assert nearest_occasion(said, hints, SUITABLE, code) == expected


def test_without_anything_to_go_by_it_is_every_day() -> None:
    """An anchor for which the guide has no look still gets an occasion."""
    assert nearest_occasion("", "", (), None) == "everyday"
