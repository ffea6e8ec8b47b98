"""A writer's words in the catalogue's: what a model or another system asked for, as article types that the shop has.

What cannot be said in the catalogue's words is dropped and counted, with its reason.
"""

from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from functools import lru_cache
from typing import Any

from outfit_pairing.patterns.article_words import MOST_REMEMBERED, ArticleWords, Found, Nearest, Way
from outfit_pairing.patterns.colour_words import ColourWord, Palette, colour_words, plain_colours
from outfit_pairing.patterns.shelf import Ware, wares_of
from outfit_pairing.style.assortment import Vocabulary
from outfit_pairing.style.colours import Colour
from outfit_pairing.style.normalise import key
from outfit_pairing.style.product import Product
from outfit_pairing.style.vocabulary import SLOTS, StyleGuide

THRESHOLD = 0.6  # cosine from which a neighbour means much the same
MOST_PALETTES = 4_000  # remembered
MOST_WORDS = 4  # article types or colours of one item; more say nothing about what the outfit wants
MOST_READ = 24  # words read of one item, however many a writer gives
LONGEST = 200  # characters of one word or style

# Other names that writers have for our fields.
ALIASES = {
    "slot": ("slot", "role"),
    "article_types": ("article_types", "article_type", "subcategories", "sub_categories", "types", "items"),
    "categories": ("categories", "category"),
    "colours": ("colours", "colors", "colour", "color"),
    "style": ("style", "styles", "style_words"),
    "required": ("required",),
}


@dataclass(frozen=True, slots=True)
class Translated:
    """An item in the catalogue's words: the fields of model.PatternItem, or None with the reason why nothing is left of it.

    ways: how many words took which way.   dropped: what was left out, as "word: reason".
    """

    item: Mapping[str, Any] | None
    reason: str | None
    ways: Mapping[Way, int]
    dropped: tuple[str, ...]


@dataclass
class _Notes:
    """What happened to the words of one item."""

    ways: Counter[Way] = field(default_factory=Counter)
    dropped: list[str] = field(default_factory=list)

    def drop(self, word: str, reason: str, way: Way = Way.DROPPED) -> None:
        self.ways[way] += 1
        self.dropped.append(f"{word}: {reason}")


class Translator:
    """Translates items for anchors of one catalogue; remembers words, since writers repeat themselves.

    nearest: cosines between words, for those that the style guide does not know; None: no such words are understood.
    """

    def __init__(
        self, guide: StyleGuide, vocabulary: Vocabulary, nearest: Nearest | None = None, threshold: float = THRESHOLD
    ) -> None:
        self.guide, self.vocabulary = guide, vocabulary
        self._nearest, self._threshold = nearest, threshold
        self._words = ArticleWords(guide, vocabulary, nearest, threshold)
        self._colour_once = lru_cache(maxsize=MOST_REMEMBERED)(self._colour)
        self._palette = lru_cache(maxsize=MOST_PALETTES)(self._palette_of)
        self._offered_colours = lru_cache(maxsize=64)(self._all_colours)

    def __reduce__(self) -> tuple[Any, ...]:
        return Translator, (self.guide, self.vocabulary, self._nearest, self._threshold)  # what is remembered stays behind

    def shelf(self, audience: str | None) -> tuple[Ware, ...]:
        """Everything that the catalogue offers to an audience."""
        return self._words.shelf(audience)

    def translate(self, raw: Mapping[str, Any], anchor: Product) -> Translated:
        """One item of a pattern. Never raises, whatever `raw` holds."""
        notes = _Notes()
        said = texts_of(raw, "article_types")
        stated = self._stated_slot(raw)
        wares = self._wares(said, stated, anchor, notes)
        if not wares and not any(map(self._words.is_known, said)):
            wares = self._wares([_last_step(path) for path in texts_of(raw, "categories")], stated, anchor, notes)
        if not wares:
            reason = "; ".join(notes.dropped[:3]) or "says no article type"
            return Translated(None, reason, notes.ways, tuple(notes.dropped))
        colours, prints = self._colours(texts_of(raw, "colours"), wares, anchor.audience, notes)
        item = {
            "slot": wares[0].slot,
            "article_types": tuple(ware.word for ware in wares),
            "colours": colours,
            "style": _style(texts_of(raw, "style"), prints),
            "required": _is_required(raw),
        }
        return Translated(item, None, notes.ways, tuple(notes.dropped))

    def _palette_of(self, places: tuple[tuple[str, str], ...], audience: str | None) -> Palette:
        wares = wares_of(self.vocabulary, audience)
        return Palette.of([wares[place] for place in places], self._offered_colours(audience), self.guide)

    def _all_colours(self, audience: str | None) -> Mapping[str, Colour]:
        return plain_colours(self.shelf(audience), self.guide)

    def _colour(self, word: str, places: tuple[tuple[str, str], ...], audience: str | None) -> tuple[ColourWord, str | None]:
        """What a word means, and the colour that stands for it among the wares at those (slot, word)."""
        meant = colour_words(word, self.guide)
        return meant, self._palette(places, audience).nearest(meant.colour) if meant.colour else None

    def _stated_slot(self, raw: Mapping[str, Any]) -> str | None:
        for text in texts_of(raw, "slot"):
            named = _SLOTS.get(key(text))
            if named:
                return named
        for text in (*texts_of(raw, "slot"), *texts_of(raw, "categories")):
            found = self.guide.article_type_in(_last_step(text))
            if found and found.slot != "other":
                return found.slot
        return None

    def _wares(self, said: Sequence[str], stated: str | None, anchor: Product, notes: _Notes) -> tuple[Ware, ...]:
        """What the words mean, all of one slot: the stated one if any word is of it, else that of the first word."""
        found: list[tuple[str, Found]] = []
        for word in said:
            one = self._words.find(word, stated, anchor.audience) or self._words.find(_last_step(word), stated, anchor.audience)
            if one is None:
                notes.drop(word, self._words.why_not(word, anchor.audience))
            else:
                found.append((word, one))
        slots = [one.wares[0].slot for _, one in found]
        slot = stated if stated in slots else next(iter(slots), None)
        kept: dict[str, Ware] = {}
        for word, one in found:
            if one.wares[0].slot == slot:
                notes.ways[one.way] += 1
                kept |= {ware.word: kept.get(ware.word, ware) for ware in one.wares}
            else:
                notes.drop(word, f"is {one.wares[0].slot}, the item is {slot}")
        return tuple(kept.values())[:MOST_WORDS]

    def _colours(
        self, said: Sequence[str], wares: Sequence[Ware], audience: str | None, notes: _Notes
    ) -> tuple[tuple[str, ...], list[str]]:
        places = tuple((ware.slot, ware.word) for ware in wares)
        colours: dict[str, None] = {}
        prints: list[str] = []
        for word in said:
            meant, near = self._colour_once(word, places, audience)
            if meant.style:
                prints.append(meant.style)
                notes.ways[Way.COLOUR_AS_STYLE] += meant.colour is None
            if near:
                notes.ways[Way.COLOUR if near == (meant.colour and meant.colour.name) else Way.COLOUR_NEAR] += 1
                colours.setdefault(near)
            elif not meant.style:
                notes.drop(word, "no colour of the catalogue", Way.COLOUR_DROPPED)
        return tuple(colours)[:MOST_WORDS], prints


_SLOTS = {key(slot): slot for slot in SLOTS if slot != "other"}


def texts_of(raw: Mapping[str, Any], what: str) -> tuple[str, ...]:
    """What `raw` says under any of the names of a field, as texts; a single text counts as a list of one."""
    for name in ALIASES[what]:
        value = raw.get(name)
        if value:
            found = [value] if isinstance(value, str) else value if isinstance(value, list | tuple) else []
            return tuple(" ".join(one.split())[:LONGEST] for one in found[:MOST_READ] if isinstance(one, str) and one.strip())
    return ()


def _is_required(raw: Mapping[str, Any]) -> bool:
    value = raw.get("required", True)
    return value.strip().lower() not in {"false", "no"} if isinstance(value, str) else bool(value) or value is None


def _style(said: Iterable[str], prints: Iterable[str]) -> str:
    """Style words in lower case, none twice, prints last."""
    return ", ".join(dict.fromkeys(text.lower() for text in (*said, *prints)))[:LONGEST]


def _last_step(path: str) -> str:
    """The last step of a path such as "Apparel/Lowerwear"."""
    return path.replace(">", "/").replace("|", "/").rsplit("/", 1)[-1].strip()
