"""What a product is: its article type and slot, from the shop's type, its category, its name, else what resembles it.

1. A shop's type that the style guide knows stands ("Skinny Jeans").
2. One that says only roughly what it is ("Accessories", "Knitwear", "Hats & Scarves") or holds a known word ("Bottoms -
   Denim") sets the slots; category and name say the rest, as far as they fit.
3. Without a known type the category counts likewise, then the name alone.
4. Then what the unknown type resembles, and at last the first words of the description and the tags.
"""

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from enum import StrEnum
from functools import lru_cache

from outfit_pairing.catalog.learned import NOTHING_LEARNED, Learned
from outfit_pairing.style import ArticleType, StyleGuide

_STEPS = re.compile(r"[>|»]|::|\s[-–—]\s")
_MEMBERS = re.compile(r"[,/&;+]|\b(?:and|und|et|y|e)\b", re.IGNORECASE)
_SENTENCE = re.compile(r"[.!?\n;]")
_NOT_WORN = {"equipment", "home", "free"}
_READ_OF_TEXT = 160  # characters; what a description goes on to say is about other things


class Way(StrEnum):
    """What told the article."""

    TYPE = "type"
    CATEGORY = "category"
    NAME = "name"
    RESEMBLANCE = "resemblance"
    TEXT = "text"
    NOTHING = "nothing"


@dataclass(frozen=True, slots=True)
class Reading:
    """What a word of the shop says.    slots: what it can be.    exact: the guide has this very word, and it is not rough."""

    known: ArticleType | None
    slots: frozenset[str]
    exact: bool = False
    coarse: bool = False

    def narrowed(self, other: "Reading | None") -> "Reading":
        """This, by what another word says as far as that fits."""
        common = self.slots & other.slots if other else frozenset()
        if other is None or not common or not self.coarse:
            return self
        ways = (other.known, self.known) if not other.coarse else (self.known, other.known)
        known = next((one for one in ways if one and one.slot in common), None)
        return Reading(known, common, coarse=other.coarse)


@dataclass(frozen=True, slots=True)
class Article:
    """`slot` always stands; `known` is the guide's entry, None when no word of the row is known to it.

    word: article type to show, the shop's own where the guide reads it as this entry.    confidence: 0 to 1.
    unknown_word: the shop states a type that the guide does not know.
    """

    slot: str
    known: ArticleType | None
    word: str | None
    way: Way
    confidence: float
    unknown_word: bool = False


class ArticleReader:
    """Finds articles, each distinct wording once."""

    def __init__(self, guide: StyleGuide, learned: Learned = NOTHING_LEARNED) -> None:
        self.guide, self.learned = guide, learned
        self.spoken, self.others = guide.foreign_words.in_order(learned.languages)
        self.of_words = lru_cache(maxsize=20_000)(self._of_words)
        self._stated_once = lru_cache(maxsize=20_000)(self._stated)

    def article(self, article_type: str | None, category: str | None, name: str, texts: Sequence[str] = ()) -> Article:
        """The article of a row.    texts: its description and tags."""
        stated = self._stated_once(article_type) if article_type else None
        if stated:
            return stated
        by_type = self.of_words(article_type) if article_type else None
        by_category = self.of_words(category) if category else None
        reading = by_type.narrowed(by_category) if by_type else by_category
        found = self._by_words(reading, by_type is not None, name) or self._otherwise(article_type, category, reading, texts)
        return replace(found, word=self._word(article_type, found.known), unknown_word=bool(article_type) and by_type is None)

    def _stated(self, article_type: str) -> Article | None:
        """Without a look at the rest of the row."""
        reading = self.of_words(article_type)
        if reading is None or not reading.exact or reading.known is None:
            return None
        return Article(reading.known.slot, reading.known, self._word(article_type, reading.known), Way.TYPE, 1.0)

    def _by_words(self, reading: Reading | None, by_type: bool, name: str) -> Article | None:
        named = self.in_name(name, reading.slots if reading else None)
        if named and reading and len(reading.slots) > 1 and named.kind in _NOT_WORN:
            named = None  # a yoga mat strap is a bag: what is not worn refines nothing that is
        if reading is None:
            return _article(named, Way.NAME, 0.7) if named else None
        if named and _says_more(named, reading):
            return _article(named, Way.NAME, 0.9)
        if reading.known is None:
            return None
        sure = 0.6 if reading.coarse else 0.9 if by_type else 0.8
        return _article(reading.known, Way.TYPE if by_type else Way.CATEGORY, sure)

    def _otherwise(self, article_type: str | None, category: str | None, reading: Reading | None, texts: Sequence[str]) -> Article:
        slots = reading.slots if reading else None
        for word in filter(None, (article_type, category)):
            placed = self.learned.article_types.get(word.casefold())
            known = self.guide.article_type(placed.meaning) if placed else None
            if placed and known and (slots is None or known.slot in slots):
                return _article(known, Way.RESEMBLANCE, placed.confidence)
        for text in texts:
            known = self.in_name(first_words(text), slots)
            if known:
                return _article(known, Way.TEXT, 0.4)
        slot = next(iter(slots)) if slots and len(slots) == 1 else "other"
        return Article(slot, None, None, Way.NOTHING, 0.3 if slot != "other" else 0.0)

    def in_name(self, name: str, slots: frozenset[str] | None = None) -> ArticleType | None:
        """The article type that a name says, of one of `slots` if given, in the languages of the catalogue or in English."""
        for language in self.spoken:
            word = language.article_word_in(name)
            reading = self._resolved(word) if word else None
            if reading and reading.known and (slots is None or reading.known.slot in slots):
                return reading.known
        return self.guide.article_type_in(name, slots)

    def _word(self, article_type: str | None, known: ArticleType | None) -> str | None:
        if known is None or (article_type and self.guide.article_type(article_type) is known):
            return article_type
        return known.name

    def _of_words(self, value: str) -> Reading | None:
        """What a type or category says: the whole of it, or of a path the last step that says something."""
        whole = self._whole(value)
        if whole:
            return whole
        found: Reading | None = None
        for step in reversed(_STEPS.split(value)):
            reading = self._whole(step) or self._members(step)
            found = found.narrowed(reading) if found else reading and replace(reading, exact=False)
        return found

    def _members(self, step: str) -> Reading | None:
        """What a list says: any of its members. "Apparel/Topwear" is a path in disguise: the narrower one counts."""
        members = _MEMBERS.split(step)
        found = [reading for member in members if (reading := self._whole(member) or self._part(member))]
        if len(found) < 2:
            return found[0] if found else self._part(step)
        narrowest = min(found, key=lambda one: len(one.slots))
        if "/" in step and any(narrowest.slots < one.slots for one in found):
            return narrowest
        slots = frozenset(slot for one in found for slot in one.slots)
        return Reading(next((one.known for one in found if one.known), None), slots, coarse=len(slots) > 1)

    def _whole(self, text: str) -> Reading | None:
        ways = (
            *self._translated(text, whole=True, spoken=True),
            self._resolved(text),
            *self._translated(text, whole=True, spoken=False),
        )
        return next(filter(None, ways), None)

    def _part(self, text: str) -> Reading | None:
        inside = self.guide.article_type_in(text)
        ways = (
            *self._translated(text, whole=False, spoken=True),
            Reading(inside, frozenset({inside.slot})) if inside else None,
            *self._translated(text, whole=False, spoken=False),
        )
        found = next(filter(None, ways), None)
        return replace(found, exact=False) if found else None

    def _translated(self, text: str, *, whole: bool, spoken: bool) -> Iterator[Reading | None]:
        for language in self.spoken if spoken else self.others:
            word = language.article_word(text) if whole else language.article_word_in(text)
            yield self._resolved(word) if word else None

    def _resolved(self, word: str) -> Reading | None:
        """What a word of the guide says."""
        rough = self.guide.coarse_word(word)
        if rough:
            return Reading(rough.article_type, rough.slots, coarse=True)
        known = self.guide.article_type(word)
        return Reading(known, frozenset({known.slot}), exact=True) if known else None


def first_words(text: str) -> str:
    """The first sentence of a description, or the tags as far as they are read."""
    return _SENTENCE.split(text.strip()[:_READ_OF_TEXT])[0]


def _article(known: ArticleType, way: Way, confidence: float) -> Article:
    return Article(known.slot, known, None, way, confidence)


def _says_more(named: ArticleType, reading: Reading) -> bool:
    """Whether a name may refine a type: not "boots" of ankle boots, nor "lace-up" of them, but "parka" of jackets."""
    known = reading.known
    if known is None or reading.coarse:
        return True
    if named.family == known.family:
        return named.name != named.family
    return not reading.exact or known.name == known.family
