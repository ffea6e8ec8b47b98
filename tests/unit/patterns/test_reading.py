"""What a model replied becomes patterns that may be stored; each one that does not is named with its reason."""

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from outfit_pairing.patterns.article_words import Way
from outfit_pairing.patterns.model import Pattern
from outfit_pairing.patterns.reading import Reading, read_patterns
from outfit_pairing.patterns.translate import Translator
from outfit_pairing.style.templates import Vocabulary
from tests.unit.patterns.shops import GUIDE, anchor, shop
from tests.unit.patterns.test_translate import JSON

TRANSLATOR = Translator(GUIDE, shop())
SHIRT = anchor("Shirts", colour="white", usage="formal")


def item(slot: str, *article_types: str, **changes: Any) -> dict[str, Any]:
    """A raw item."""
    return {"slot": slot, "article_types": list(article_types), "colours": [], "style": "", "required": True} | changes


TROUSERS, SHOES, BELT = item("bottom", "Trousers"), item("footwear", "Formal Shoes"), item("belt", "Belts")
WATCH, TIE, CASUAL = item("watch", "Watches"), item("scarf_or_tie", "Ties"), item("footwear", "Casual Shoes")


def raw(*items: Any, **changes: Any) -> dict[str, Any]:
    """A raw pattern."""
    whole = {"name": "Idea", "description": "Fine.", "occasion": "office", "season": None, "confidence": 0.9}
    return whole | {"items": list(items)} | changes


def without(mapping: dict[str, Any], *names: str) -> dict[str, Any]:
    """The mapping without some of its fields."""
    return {name: value for name, value in mapping.items() if name not in names}


FIVE = [raw(TROUSERS, SHOES), raw(TROUSERS, BELT), raw(TROUSERS, WATCH), raw(TROUSERS, TIE), raw(TROUSERS, CASUAL)]


def reading(*data: Any, count: int = 8) -> Reading:
    """What is read for a formal shirt."""
    return read_patterns(data, SHIRT, TRANSLATOR, count=count)


def only(data: Any) -> Pattern:
    """The one pattern that is read."""
    (pattern,) = reading(data).patterns
    return pattern


def test_five_usable_patterns_make_a_reply_valid() -> None:
    """Also when more were asked for; a reply with fewer says what to mend."""
    assert reading(*FIVE).error is None
    assert len(reading(*FIVE).patterns) == 5
    assert reading(*FIVE[:4], count=4).error is None
    assert (reading(*FIVE[:4]).error or "").startswith("only 4 of 4 patterns can be used, at least 5 are needed")


def test_no_more_is_demanded_than_the_catalogue_allows() -> None:
    """Where three articles in one colour are all that there is, one pattern is enough: asking again would be money lost."""
    rows: list[Any] = [("men", "innerwear", word, "black", None, 30) for word in ("Briefs", "Boxers", "Trunk")]
    few = Translator(GUIDE, Vocabulary.from_counts(rows, GUIDE))
    pair = raw(item("innerwear", "Boxers"), item("innerwear", "Trunk"))
    assert read_patterns([pair], anchor("Briefs"), few, count=8).error is None
    assert read_patterns([], anchor("Briefs"), few, count=8).error is not None


@given(st.lists(st.sampled_from([*FIVE, raw(SHOES, BELT), raw(TROUSERS, item("footwear", "Sneakers", colours=["Navy"]))])))
def test_what_was_read_before_changes_nothing(data: list[Any]) -> None:
    """A translator remembers words; its reading is that of one that has just begun."""
    assert reading(*data) == read_patterns(data, SHIRT, Translator(GUIDE, shop()), count=8)


def test_the_error_names_the_faults() -> None:
    """In one line of at most 600 characters, the most frequent fault first."""
    data = [raw(SHOES, BELT), raw(SHOES, WATCH), raw(TROUSERS, item("footwear", "Sandals" * 200)), "prose", *FIVE[:1]]
    error = reading(*data).error or ""
    assert error.startswith("only 1 of 5 patterns can be used, at least 5 are needed: a top needs a bottom")
    assert "(2 patterns)" in error
    assert len(error) <= 600
    assert "no patterns in the answer" in (reading().error or "")


def test_rejected_patterns_are_named_by_their_place() -> None:
    """So that a re-ask and the journal can say which."""
    found = reading(FIVE[0], 7, raw(), raw(TROUSERS), raw(TROUSERS, item("footwear", "Zorple")), FIVE[0], {"name": "x"})
    assert len(found.patterns) == 1
    assert [(index, reason.split(";")[0][:24]) for index, reason in found.rejected] == [
        (1, "is no JSON object"),
        (2, "has 0 items"),
        (3, "has 1 items"),
        (4, "too few of its items are"),
        (5, "has the same slots and a"),
        (6, "has no list of items"),
    ]


@pytest.mark.parametrize("nothing", [None, "nonsense", -3, 400, True, float("nan"), [1]])
def test_a_confidence_that_says_nothing_is_a_half(nothing: Any) -> None:
    """Missing, unreadable or out of range."""
    assert only(raw(TROUSERS, SHOES, confidence=nothing)).confidence == 0.5
    assert only(without(raw(TROUSERS, SHOES), "confidence")).confidence == 0.5


def test_per_cent_are_understood() -> None:
    """85 is 0.85."""
    assert only(raw(TROUSERS, SHOES, confidence=85)).confidence == 0.85


def test_missing_fields_are_mended_where_that_is_safe() -> None:
    """No colours, no style, no season, no description, no name: the outfit is still the same one."""
    bare = [without(one, "colours", "style", "required") for one in (TROUSERS, SHOES)]
    found = only({"items": bare})
    assert [(one.colours, one.style, one.required) for one in found.items] == [((), "", True)] * 2
    assert (found.season, found.description) == (None, "")
    nulls = [one | {"colours": None, "style": None, "required": None} for one in (TROUSERS, SHOES)]
    assert only(raw(*nulls, season="all year", description=None)).items == found.items


def test_the_occasion_is_one_of_the_style_guides() -> None:
    """An unknown one becomes the nearest that suits the anchor."""
    assert only(raw(TROUSERS, SHOES, occasion="Business meeting")).occasion in {"office", "business trip"}
    assert only(raw(TROUSERS, SHOES, occasion=None, name="Interview Day")).occasion == "interview"


def test_of_too_many_items_the_required_stay() -> None:
    """Four items at most; the order is kept."""
    optional = [one | {"required": False} for one in (BELT, WATCH)]
    found = only(raw(*optional, TROUSERS, SHOES, TIE))
    assert [one.slot for one in found.items] == ["belt", "bottom", "footwear", "scarf_or_tie"]


def test_the_anchor_among_the_items_is_left_out() -> None:
    """Models like to list the product itself."""
    assert [one.slot for one in only(raw(item("top", "Shirts"), TROUSERS, SHOES)).items] == ["bottom", "footwear"]


def test_beside_a_lipstick_stands_what_is_no_lipstick() -> None:
    """Where a slot may hold two article types, only the anchor's own is taken out."""
    data = [raw(item("beauty", "Lipstick", "Mascara"), item("beauty", "Nail Polish"))]
    (found,) = read_patterns(data, anchor("Lipstick", "women"), TRANSLATOR).patterns
    assert [one.article_types for one in found.items] == [("Mascara",), ("Nail Polish",)]


def test_an_item_that_the_catalogue_lacks_is_left_out_when_the_rest_is_an_outfit() -> None:
    """Dropped and counted; without trousers the shirt is no outfit any more."""
    found = reading(raw(TROUSERS, SHOES, item("headwear", "Fascinator")))
    assert [one.slot for one in found.patterns[0].items] == ["bottom", "footwear"]
    assert (found.items, found.ways[Way.DROPPED]) == (3, 1)
    assert found.lost == ((0, "Fascinator: not in the catalogue"),)
    assert found.dropped == ("Fascinator: not in the catalogue",)
    assert reading(raw(item("bottom", "Zorple"), SHOES, BELT)).patterns == ()


def test_what_an_outfit_can_do_without_does_not_spoil_it() -> None:
    """A cap that does not go with a formal shirt is left out when it was not required; else the pattern is refused."""
    cap = item("headwear", "Caps")
    assert reading(raw(TROUSERS, SHOES, cap)).patterns == ()
    found = only(raw(TROUSERS, SHOES, cap | {"required": False}))
    assert [one.slot for one in found.items] == ["bottom", "footwear"]


def test_a_flood_of_patterns_is_cut_and_said() -> None:
    """Whoever writes thousands for one anchor is heard out so far and no further."""
    found = reading(*[FIVE[0]] * 203)
    assert len(found.patterns) + len(found.rejected) == 203
    assert found.rejected[-1] == (202, "is beyond the 200 patterns read for one anchor")


def test_no_two_patterns_have_one_name() -> None:
    """People tell them apart by it."""
    names = [one.name for one in reading(*FIVE).patterns]
    assert len(set(names)) == 5
    assert names[0] == "Idea"


def test_other_names_for_our_fields_are_read() -> None:
    """`colors`, `role`, `subcategories` as other systems write them."""
    items = [
        {"role": "bottom", "subcategories": ["Dress Pants"], "colors": ["Navy"]},
        {"role": "footwear", "subcategories": ["Oxford"], "colors": "Brown"},
    ]
    found = only({"name": "Boardroom", "items": items})
    assert [(one.article_types, one.colours) for one in found.items] == [
        (("Trousers",), ("navy blue",)),
        (("Formal Shoes",), ("brown",)),
    ]


@given(
    st.lists(
        JSON | st.fixed_dictionaries({"items": st.lists(JSON, max_size=6)}, optional={"name": JSON, "occasion": JSON}), max_size=4
    )
)
def test_nothing_that_a_model_says_breaks_the_reading(data: list[Any]) -> None:
    """Every pattern is either kept or named with a reason."""
    found = reading(*data)
    assert len(found.patterns) + len(found.rejected) == len(data)
    assert found.error is not None
