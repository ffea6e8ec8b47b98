"""What an outfit is made of: what is missing, what is there twice, who can wear it."""

import math
import shutil
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from outfit_pairing.errors import SettingsError
from outfit_pairing.style import load_style_guide
from outfit_pairing.style.guide_files import GUIDE_FOLDER
from outfit_pairing.style.make_up import LACKING_FROM, MakeUp, Piece, load_make_up, may_share

MAKE_UP = load_make_up(load_style_guide())
AUDIENCES = (None, "women", "men", "unisex", "girls", "boys", "kids", "female", "male")


def piece(word: str, audience: str | None = None) -> Piece:
    known = load_style_guide().article_type(word)
    assert known is not None, word
    return Piece(known.slot, known.family, audience)


PIECES = st.builds(
    lambda known, audience: Piece(known.slot, known.family, audience),
    st.sampled_from(load_style_guide().article_types),
    st.sampled_from(AUDIENCES),
)
WHOLE = [piece(word) for word in ("Shirts", "Jeans", "Sneakers", "Handbags")]


def said(*words: str) -> list[str]:
    return [fault.why for fault in MAKE_UP.faults([piece(word) for word in words])]


def test_a_whole_outfit_has_no_fault() -> None:
    """Top, bottom, shoes, bag."""
    assert MAKE_UP.faults(WHOLE) == ()
    assert MAKE_UP.log_factor(WHOLE) == 0


@pytest.mark.parametrize(
    ("words", "fault"),
    [
        (("Shirts", "Sneakers", "Handbags"), "no bottom"),
        (("Jeans", "Sneakers", "Handbags"), "no top"),
        (("Blazers", "Jeans", "Sneakers", "Handbags"), "no shirt"),
        (("Watches", "Sneakers", "Handbags"), "no clothes"),
        (("Shirts", "Jeans", "Handbags"), "no footwear"),
        (("Shirts", "Jeans", "Sneakers"), "no bag"),
        (("Dresses", "Jeans", "Sneakers", "Handbags"), "bottom with one piece"),
        (("Shirts", "Jeans", "Sneakers", "Heels", "Handbags"), "2 items in one place (footwear)"),
        (("Suits", "Sports Shoes", "Handbags"), "sports shoes with suit"),
    ],
)
def test_what_is_wrong_is_said(words: tuple[str, ...], fault: str) -> None:
    """Each fault is named, for explanations."""
    assert fault in said(*words)


def test_layers_are_no_repetition() -> None:
    """A sweater over a shirt is how people dress; two shirts are not."""
    assert said("Sweaters", "Shirts", "Jeans", "Sneakers", "Handbags") == []
    assert "2 items in one place (top)" in said("Shirts", "Shirts", "Jeans", "Sneakers", "Handbags")


def test_a_pair_lacks_nothing() -> None:
    """Two items that go together are not blamed for the shoes that nobody asked about."""
    assert said("Shirts", "Jeans") == []
    assert LACKING_FROM == 3


@given(st.lists(PIECES, min_size=1, max_size=7), st.randoms())
def test_the_order_of_items_does_not_matter(pieces: list[Piece], dice) -> None:  # type: ignore[no-untyped-def]
    """To the last bit."""
    shuffled = list(pieces)
    dice.shuffle(shuffled)
    assert MAKE_UP.log_factor(shuffled) == MAKE_UP.log_factor(pieces)


@given(st.lists(PIECES, min_size=1, max_size=7))
def test_factors_are_positive_numbers(pieces: list[Piece]) -> None:
    """No outfit, however odd, breaks the logarithm."""
    assert math.isfinite(MAKE_UP.log_factor(pieces))


@given(st.lists(PIECES, max_size=6), PIECES)
def test_a_second_pair_of_shoes_makes_an_outfit_rarer(pieces: list[Piece], other: Piece) -> None:
    """Whatever else is worn."""
    shoes = piece("Sneakers", other.audience)
    worn = [*pieces, shoes]
    assert MAKE_UP.log_factor([*worn, shoes]) < MAKE_UP.log_factor(worn)


@pytest.mark.parametrize(
    ("left", "right", "may"),
    [
        ("women", "unisex", True),
        ("women", None, True),
        (None, None, True),
        ("women", "female", True),
        ("girls", "female", True),
        ("girls", "kids", True),
        ("women", "men", False),
        ("women", "male", False),
        ("girls", "boys", False),
        ("women", "girls", False),
        ("unisex", "kids", False),
    ],
)
def test_who_may_wear_both(left: str | None, right: str | None, *, may: bool) -> None:
    """Sexes and ages do not mix; what is not said fits any."""
    assert may_share(left, right) is may
    assert may_share(right, left) is may


@pytest.mark.parametrize(
    ("old", "new", "complaint"),
    [
        ("  top: 0.4\n", "", "repeated says nothing of top"),
        ("  top: 0.4\n", "  top: 0.4\n  topp: 0.4\n", "repeated: topp is no field"),
        ("  top: 0.4\n", "  top: 0\n", "repeated top: 0 is no factor above 0"),
        ("  top: 0.4\n", "  top: .inf\n", "repeated top: inf is no factor above 0"),
        ("  top: 0.4\n", "  top: yes\n", "repeated top: True is no factor above 0"),
        ("same_family: 0.6", "same_family: .nan", "same_family: nan is no factor"),
        ("same_family: 0.6", "same_famly: 0.6", "same_famly is no field"),
        ("  bag: 0.7\n", "", "missing says nothing of bag"),
        ("  bag: 0.7\n", "  bag: 0.7\n  hat: 0.7\n", "missing: hat is no field"),
        ("[sweater, shirt]", "[sweater, shrt]", "name 'shrt' is unknown"),
        ("[tie, shirt, 1.3]", "[tie, shirt]", "is no [one, other, factor]"),
        ("[sweater, shirt]", "[sweater]", "is no pair of names"),
        ("[bra, bralette,", "[bra, bralete,", "article type 'bralete' is unknown"),
        ("[bra, bralette,", "[1, bralette,", "same_job must be a list of texts"),
    ],
)
def test_a_slip_in_the_factors_is_found(tmp_path: Path, old: str, new: str, complaint: str) -> None:
    """When they are loaded, with file and entry."""
    shutil.copy(GUIDE_FOLDER / "outfits.yaml", tmp_path)
    text = (tmp_path / "outfits.yaml").read_text("utf-8")
    assert old in text
    (tmp_path / "outfits.yaml").write_text(text.replace(old, new, 1), "utf-8")
    with pytest.raises(SettingsError) as caught:
        load_make_up(load_style_guide(), tmp_path)
    assert complaint in str(caught.value)
    assert "outfits.yaml" in str(caught.value)


def test_the_factors_are_read_once() -> None:
    """Asking again costs nothing."""
    assert isinstance(MAKE_UP, MakeUp)
    assert load_make_up(load_style_guide()) is MAKE_UP
