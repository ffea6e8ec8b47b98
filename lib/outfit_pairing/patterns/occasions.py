"""What an outfit can be for: the occasions of the style guide, as they suit an anchor."""

from collections.abc import Sequence
from functools import lru_cache

from outfit_pairing.patterns.shelf import wearers_of
from outfit_pairing.style.formulas import Formulas, read_formulas, read_occasions
from outfit_pairing.style.looks import JOINS
from outfit_pairing.style.normalise import words
from outfit_pairing.style.traits import OWN_KIND, Traits
from outfit_pairing.style.vocabulary import StyleGuide

EVERYDAY = "everyday"
# What an outfit of a dress code is for, when nothing else is said.
PLAIN = {
    "casual": EVERYDAY,
    "smart_casual": "casual friday",
    "formal": "office",
    "party": "celebration",
    "ethnic": "festival",
    "sports": "active day",
    "beach": "beach",
    "lounge": "night in",
}
# Words for occasions that are none of their own words; each stands for the first of these that suits.
HINTS = {
    "office": ("office", "ethnic office"),
    "work": ("office", "casual friday", "ethnic office"),
    "business": ("office", "business trip"),
    "meeting": ("presentation", "office"),
    "gala": ("cocktails", "celebration"),
    "cocktail": ("cocktails",),
    "evening": ("evening out", "date night", "dinner"),
    "night": ("night out", "evening out", "date night"),
    "date": ("date night", "coffee date"),
    "party": ("celebration", "night out", "birthday party"),
    "festive": ("festival", "celebration"),
    "wedding": ("wedding", "celebration"),
    "workout": ("gym",),
    "train": ("gym", "warm-up"),
    "training": ("gym", "warm-up"),
    "gym": ("gym", "active day"),
    "run": ("running",),
    "sport": ("active day", "match day"),
    "athletic": ("active day", "gym"),
    "active": ("active day",),
    "hike": ("trek", "weekend"),
    "hiking": ("trek", "weekend"),
    "outdoor": ("trek", "picnic", "weekend"),
    "adventure": ("trek", "road trip", "travel"),
    "beach": ("beach", "holiday"),
    "resort": ("holiday", "beach"),
    "vacation": ("holiday", "travel", "beach"),
    "travel": ("travel", "road trip"),
    "campus": ("campus",),
    "college": ("campus",),
    "school": ("school", "campus"),
    "weekend": ("weekend",),
    "street": ("city break", "concert", "everyday"),
    "urban": ("city break", "everyday"),
    "city": ("city break", "everyday"),
    "brunch": ("brunch",),
    "home": ("night in", "slow morning"),
    "lounge": ("night in", "slow morning"),
    "winter": ("winter walk",),
}


@lru_cache(maxsize=4_000)
def occasions_for(audience: str | None, traits: Traits, guide: StyleGuide) -> tuple[str, ...]:
    """Occasions that looks of the style guide have for an anchor's wearers and that an anchor of these traits can join, by name."""
    wearers = set(wearers_of(audience))
    own = traits.slot if traits.slot in OWN_KIND else None
    found = set()
    for formula in _formulas(guide).looks:
        if not wearers & set(formula.wearers) or formula.own_kind != (own is not None):
            continue
        if formula.pieces[0].slot == own if own else formula.dress_code in codes_joined(traits):
            found.add(formula.occasion)
    return tuple(sorted(found))


def codes_joined(traits: Traits) -> frozenset[str]:
    """Dress codes of the outfits that a product can be part of."""
    if traits.strict is not None:
        return frozenset(JOINS.get(traits.strict, {traits.strict}))
    return traits.suits or frozenset({"casual"})


@lru_cache(maxsize=1)
def dress_codes() -> dict[str, str]:
    """The dress code of every occasion of the style guide."""
    return read_occasions()


@lru_cache(maxsize=1)
def _occasions_by_words() -> dict[tuple[str, ...], str]:
    return {words(occasion): occasion for occasion in reversed(dress_codes())}  # of equals the first stays


def nearest_occasion(said: str, hints: str, suitable: tuple[str, ...], dress_code: str | None) -> str:
    """An occasion of the style guide for what a writer called one, or did not.

    Args:    said: the writer's own word, may be empty.   hints: other words of the pattern, such as its name.
             suitable: occasions that suit the anchor.    dress_code: what the items are dressed for, where it is known.
    Returns: `said` itself where the guide has it; else the first suitable occasion that words of `said`, then of `hints`,
             name or hint at, rather one of the dress code; else the plain one of the dress code, "everyday" in the end.
    """
    named = _occasions_by_words().get(words(said))
    if named is not None:
        return named
    fitting = [one for one in suitable if dress_code is None or dress_codes()[one] == dress_code]
    for text in (said, hints):
        found = _hinted(words(text), [*fitting, *suitable])
        if found:
            return found
    plain = PLAIN.get(dress_code or "casual", EVERYDAY)
    return plain if plain in suitable else next(iter(fitting or suitable), EVERYDAY)


def _hinted(said: tuple[str, ...], occasions: Sequence[str]) -> str | None:
    for occasion in occasions:
        named = words(occasion)
        if any(said[start : start + len(named)] == named for start in range(len(said))):
            return occasion
    meant = [_HINTS[word] for word in said if word in _HINTS]
    return next((occasion for hints in meant for occasion in occasions if occasion in hints), None)


_HINTS = {words(word)[0]: occasions for word, occasions in HINTS.items()}


def prepare_occasions(guide: StyleGuide) -> None:
    """Read the style guide's looks now rather than for the first anchor."""
    _formulas(guide)


@lru_cache(maxsize=4)
def _formulas(guide: StyleGuide) -> Formulas:
    return read_formulas(guide)
