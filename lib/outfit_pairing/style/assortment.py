"""What a catalogue has to pair with: its own words for article types, with colours and counts, for each wearer."""

from collections import Counter
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from functools import cached_property
from typing import Any

from outfit_pairing.style.audience import may_mix
from outfit_pairing.style.formulas import WEARERS
from outfit_pairing.style.traits import Traits, traits_of
from outfit_pairing.style.vocabulary import StyleGuide

# (audience, slot, article type, colour, usage, products)
CountRow = tuple[str | None, str, str | None, str | None, str | None, int]
_Key = tuple[str, str, str | None]  # slot, article type, usage

# Without further word an idea asks only for what the catalogue has in numbers: this share of a wearer's products …
SHARE_IN_NUMBERS = 1 / 200
MOST_IN_NUMBERS = 10  # … but never more products than these


@dataclass(frozen=True, slots=True)
class Kind:
    """Products of one article type (`word`: the catalogue's own) and usage that one wearer can wear."""

    word: str
    traits: Traits
    colours: Mapping[str, int]
    count: int
    known: bool  # to the style guide


@dataclass(frozen=True, eq=False)
class Vocabulary:
    """The kinds of products that a catalogue offers, per wearer: women, men, girls, boys; shared ones are in both."""

    kinds: Mapping[str, tuple[Kind, ...]]

    @classmethod
    def from_counts(cls, rows: Iterable[CountRow], guide: StyleGuide) -> "Vocabulary":
        """From counts of products, one row per (audience, slot, article type, colour, usage), in any order."""
        stock: dict[str, dict[_Key, Counter[str | None]]] = {wearer: {} for wearer in WEARERS}
        for audience, slot, word, colour, usage, count in rows:
            for wearer in WEARERS:
                if word and may_mix(audience, wearer):
                    stock[wearer].setdefault((slot, word, usage), Counter())[colour] += count
        return cls({wearer: _kinds(held, guide) for wearer, held in stock.items()})

    def __reduce__(self) -> tuple[Any, ...]:
        return Vocabulary, (self.kinds,)  # without what is remembered

    def slots(self, wearer: str) -> frozenset[str]:
        """Slots in which the wearer has anything at all."""
        return frozenset(kind.traits.slot for kind in self.kinds[wearer])

    def in_numbers(self, wearer: str) -> int:
        """Products of an article type from which it counts as carried in numbers; 1 in a small catalogue."""
        return self._in_numbers[wearer]

    @cached_property
    def _in_numbers(self) -> dict[str, int]:
        shares = {wearer: int(sum(kind.count for kind in kinds) * SHARE_IN_NUMBERS) for wearer, kinds in self.kinds.items()}
        return {wearer: max(1, min(share, MOST_IN_NUMBERS)) for wearer, share in shares.items()}


def _kinds(stock: Mapping[_Key, Counter[str | None]], guide: StyleGuide) -> tuple[Kind, ...]:
    kinds = []
    for (slot, word, usage), colours in sorted(stock.items(), key=lambda entry: (entry[0][0], entry[0][1], entry[0][2] or "")):
        traits = traits_of(word, slot, usage, None, guide)
        if traits.offered:
            named = {colour: count for colour, count in sorted(colours.items(), key=str) if colour is not None}
            kinds.append(Kind(word, traits, named, sum(colours.values()), guide.article_type(word) is not None))
    return tuple(kinds)
