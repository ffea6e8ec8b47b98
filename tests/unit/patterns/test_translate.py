"""What a writer says in other words arrives in the catalogue's, or is dropped with a reason."""

import pickle
from collections.abc import Sequence
from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from outfit_pairing.patterns.article_words import Way, nearest_by
from outfit_pairing.patterns.model import PatternItem
from outfit_pairing.patterns.translate import Translated, Translator
from outfit_pairing.style.templates import Vocabulary
from tests.unit.patterns.shops import GUIDE, anchor, shop

TRANSLATOR = Translator(GUIDE, shop())
MAN, WOMAN, GIRL = anchor("Watches"), anchor("Heels", "women"), anchor("Sandals", "girls")


def translated(*article_types: str, slot: str = "top", who: Any = MAN, **said: Any) -> Translated:
    """An item in the catalogue's words."""
    return TRANSLATOR.translate({"slot": slot, "article_types": list(article_types), **said}, who)


def words(*article_types: str, slot: str = "top", who: Any = MAN) -> tuple[str, tuple[str, ...]] | None:
    """Slot and article types of an item in the catalogue's words."""
    item = translated(*article_types, slot=slot, who=who).item
    return None if item is None else (item["slot"], item["article_types"])


@pytest.mark.parametrize(
    ("slot", "said", "expected", "way"),
    [
        ("top", "Shirts", "Shirts", Way.OWN_WORD),
        ("top", "t-shirt", "Tshirts", Way.OWN_WORD),
        ("top", "button-down shirt", "Shirts", Way.SYNONYM),
        ("top", "Dress Shirts", "Shirts", Way.FAMILY),
        ("bottom", "Chinos", "Trousers", Way.FAMILY),
        ("footwear", "Oxford", "Formal Shoes", Way.FAMILY),
        ("scarf_or_tie", "Knitted Office Ties", "Ties", Way.NAME_PART),
        ("bottom", "Lightweight Wool Trousers", "Trousers", Way.NAME_PART),
        ("bottom", "Board Shorts", "Shorts", Way.NAME_PART),
        ("footwear", "Canvas Sneakers", "Casual Shoes", Way.STAND_IN),
        ("headwear", "Beanie", "Caps", Way.STAND_IN),
    ],
)
def test_other_words_become_the_catalogues(slot: str, said: str, expected: str, way: Way) -> None:
    """By synonym, family, part of the name, or what is worn in its place; the way is counted."""
    found = translated(said, slot=slot)
    assert found.item is not None
    assert (found.item["slot"], found.item["article_types"]) == (slot, (expected,))
    assert found.ways == {way: 1}
    assert found.dropped == ()


@pytest.mark.parametrize("slot", ["Lowerwear", "Apparel/Lowerwear", "bottoms", "Bottomwear"])
def test_a_slot_in_other_words_is_understood(slot: str) -> None:
    """Models and shops have their own names for places in an outfit."""
    assert words("Jeans", slot=slot) == ("bottom", ("Jeans",))
    assert words(slot, slot=slot) == ("bottom", ("Trousers",))


def test_the_article_type_corrects_a_wrong_slot() -> None:
    """A belt under headwear is a belt; a blazer under top is no top."""
    assert words("Belts", slot="headwear") == ("belt", ("Belts",))
    assert words("Striped Waistcoat", slot="top") == ("outerwear", ("Waistcoat",))


def test_an_item_keeps_to_one_slot() -> None:
    """Of a hoodie and a jacket in the slot top the hoodie stays, and the other is counted."""
    found = translated("Hoodie", "Waistcoat")
    assert found.item is not None
    assert found.item["article_types"] == ("Sweatshirts",)
    assert found.dropped == ("Waistcoat: is outerwear, the item is top",)


def test_what_the_audience_cannot_wear_is_dropped() -> None:
    """Heels are in the catalogue, but not for men."""
    found = translated("Sarees", slot="one_piece")
    assert found.item is None
    assert found.reason == "Sarees: nothing of it for men in the catalogue"
    assert words("Sarees", slot="one_piece", who=WOMAN) == ("one_piece", ("Sarees",))


def test_a_stand_in_is_worn_for_the_same_things() -> None:
    """Rather nothing than a skirt for chinos, a waistcoat for a fleece or earrings for an anklet."""
    assert words("Anklet", slot="jewellery", who=WOMAN) is None
    assert words("Chinos", slot="bottom", who=GIRL) is None
    assert words("Fleece Jacket", slot="outerwear") is None


def test_words_are_understood_by_meaning_where_a_model_is_given() -> None:
    """Above the threshold the nearest of the catalogue's words of that slot, below it none."""

    def nearest(these: Sequence[str], those: Sequence[str]) -> np.ndarray:
        return np.array([[0.8 if (this, that) == ("Pantalones", "Jeans") else 0.3 for that in those] for this in these])

    assert words("Pantalones", slot="bottom") is None
    for threshold, expected in ((0.6, ("Jeans",)), (0.9, None)):
        found = Translator(GUIDE, shop(), nearest, threshold).translate({"slot": "bottom", "article_types": ["Pantalones"]}, MAN)
        assert (found.item and found.item["article_types"]) == expected
        assert found.ways == {Way.NEIGHBOUR if expected else Way.DROPPED: 1}


def test_the_style_guide_knows_better_than_the_sound_of_a_word() -> None:
    """Sneakers are no sandals, whatever a model finds near; of two that are alike in style it may not even choose."""

    def nearest(these: Sequence[str], those: Sequence[str]) -> np.ndarray:
        return np.array([[0.9 if that == "Sandals" else 0.1 for that in those] for _ in these])

    found = Translator(GUIDE, shop(), nearest).translate({"slot": "footwear", "article_types": ["Sneakers"]}, MAN)
    assert found.item is not None
    assert found.item["article_types"] == ("Casual Shoes",)


def test_a_translator_travels_to_workers() -> None:
    """Replies are read where they arrive, so a translator survives pickling; what it remembers stays behind."""
    fresh = len(pickle.dumps(Translator(GUIDE, shop())))
    translated("Chinos", slot="bottom")
    sent = pickle.dumps(TRANSLATOR)
    assert len(sent) == fresh
    copy = pickle.loads(sent)
    raw = {"slot": "bottom", "article_types": ["Chinos", "Board Shorts"], "colours": ["Navy"]}
    assert copy.translate(raw, MAN) == TRANSLATOR.translate(raw, MAN)


def test_each_word_is_encoded_once() -> None:
    """Meaning costs an encoder's time; it is asked about a word once."""
    asked: list[str] = []

    def encode(texts: Sequence[str]) -> np.ndarray:
        asked.extend(texts)
        return np.eye(4, dtype=np.float32)[[len(text) % 4 for text in texts]]

    nearest = nearest_by(encode)
    assert np.array_equal(nearest(["abcd", "a"], ["wxyz"]), [[1.0], [0.0]])
    nearest(["abcd"], ["wxyz", "a"])
    assert asked == ["abcd", "a", "wxyz"]


def test_only_a_category_is_enough_where_nothing_else_is_said() -> None:
    """Other systems say "Apparel/Lowerwear" and no more."""
    found = TRANSLATOR.translate({"role": "bottom", "categories": ["Apparel/Lowerwear"]}, MAN)
    assert found.item is not None
    assert found.item["article_types"] == ("Trousers",)


def test_words_in_numbers_come_before_lonely_ones() -> None:
    """A family of one product does not win over what the catalogue has plenty of; the catalogue's own word always does."""
    rows: list[Any] = [("men", "top", "Tops", "white", None, 1), ("men", "top", "Tshirts", "white", None, 3_000)]
    translator = Translator(GUIDE, Vocabulary.from_counts(rows, GUIDE))
    for said, expected in (("Tank Top", "Tshirts"), ("Tops", "Tops")):
        found = translator.translate({"slot": "top", "article_types": [said]}, anchor("Jeans"))
        assert found.item is not None
        assert found.item["article_types"] == (expected,)


class TestColours:
    """Colours arrive in the style guide's words, and such as the article comes in."""

    @pytest.mark.parametrize(
        ("said", "expected", "way"),
        [
            ("Navy", "navy blue", Way.COLOUR),
            ("Gray", "grey", Way.COLOUR),
            ("Blue (Cool family)", "blue", Way.COLOUR),
            ("Light Blue", "blue", Way.COLOUR_NEAR),
            ("Light Denim", "blue", Way.COLOUR_NEAR),
            ("Natural Leather", "brown", Way.COLOUR_NEAR),
        ],
    )
    def test_other_words_for_colours(self, said: str, expected: str, way: Way) -> None:
        """A shade that the shop lacks becomes the nearest of its family."""
        found = translated("Shirts", colours=[said])
        assert found.item is not None
        assert found.item["colours"] == (expected,)
        assert found.ways[way] == 1

    def test_a_print_is_a_style(self) -> None:
        """A floral pattern says nothing about harmony, but something about what to look for."""
        found = translated("Shirts", colours=["Floral Pattern", "White"], style="Casual")
        assert found.item is not None
        assert found.item["colours"] == ("white",)
        assert found.item["style"] == "casual, floral pattern"
        assert found.ways[Way.COLOUR_AS_STYLE] == 1

    def test_what_is_no_colour_is_dropped_and_counted(self) -> None:
        """Silver never stands for gold, and nonsense for nothing."""
        found = translated("Shirts", colours=["Zorple", "Gold"])
        assert found.item is not None
        assert found.item["colours"] == ()
        assert found.dropped == ("Zorple: no colour of the catalogue", "Gold: no colour of the catalogue")
        assert found.ways[Way.COLOUR_DROPPED] == 2


JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=20),
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(st.text(max_size=8), inner, max_size=4),
    max_leaves=12,
)


@given(st.fixed_dictionaries({}, optional={"slot": JSON, "role": JSON, "article_types": JSON, "colours": JSON, "style": JSON}))
def test_any_item_is_translated_or_dropped_with_a_reason(raw: dict[str, Any]) -> None:
    """Never raises; what comes back passes for a pattern item in the shop's words."""
    found = TRANSLATOR.translate(raw, MAN)
    if found.item is None:
        assert found.reason
    else:
        item = PatternItem.model_validate(found.item)
        assert {(item.slot, word) for word in item.article_types} <= {(ware.slot, ware.word) for ware in TRANSLATOR.shelf("men")}


@given(
    st.lists(st.sampled_from([kind.name for kind in GUIDE.article_types]), min_size=1, max_size=4),
    st.sampled_from([MAN, WOMAN, GIRL]),
)
def test_the_guides_words_never_leave_the_shelf(said: list[str], who: Any) -> None:
    """Every article type of the style guide ends in a word that the audience finds in the shop, or nowhere."""
    found = TRANSLATOR.translate({"article_types": said}, who).item
    assert found is None or {(found["slot"], word) for word in found["article_types"]} <= {
        (ware.slot, ware.word) for ware in TRANSLATOR.shelf(who.audience)
    }
