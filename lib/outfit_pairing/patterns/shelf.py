"""What a catalogue has on the shelf for an audience: its own words for article types, whoever of the audience wears them."""

from collections import Counter
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from functools import lru_cache

from outfit_pairing.style.assortment import Kind, Vocabulary
from outfit_pairing.style.audience import may_mix
from outfit_pairing.style.formulas import WEARERS
from outfit_pairing.style.rules import flags_of
from outfit_pairing.style.traits import Traits


@dataclass(frozen=True, slots=True)
class Ware:
    """One of the catalogue's words for an article type, as an audience finds it.

    traits: distinct, those of most products first.   colours: products by colour.   counts: products by wearer.
    in_numbers: whether some wearer finds enough of them to choose from.
    """

    word: str
    slot: str
    traits: tuple[Traits, ...]
    colours: Mapping[str, int]
    counts: Mapping[str, int]
    in_numbers: bool

    @property
    def article_type(self) -> str:
        """In the style guide's words; the catalogue's own where the guide knows none."""
        return self.traits[0].article_type

    @property
    def family(self) -> str:
        """The coarser article type."""
        return self.traits[0].family

    @property
    def count(self) -> int:
        """Products for the wearer who finds most of them."""
        return max(self.counts.values())

    @property
    def flags(self) -> int:
        """Bits for rules.structure_fault."""
        return flags_of(self.traits[0])


def wearers_of(audience: str | None) -> tuple[str, ...]:
    """Who may wear a product of this audience: both sexes for unisex and kids."""
    return tuple(wearer for wearer in WEARERS if may_mix(audience, wearer))


@lru_cache(maxsize=64)
def whole_shelf(vocabulary: Vocabulary, audience: str | None) -> tuple[Ware, ...]:
    """Everything offered to an audience; put together once per catalogue."""
    return shelf_of(vocabulary, audience)


def shelf_of(vocabulary: Vocabulary, audience: str | None, goes: Callable[[Traits], bool] | None = None) -> tuple[Ware, ...]:
    """Everything offered to an audience, by slot and word.

    Args:    goes: leaves out products of whose traits it says no; a word is there while any of its products is.
    """
    found: dict[tuple[str, str], list[tuple[str, Kind]]] = {}
    for wearer in wearers_of(audience):
        for kind in vocabulary.kinds[wearer]:
            if goes is None or goes(kind.traits):
                found.setdefault((kind.traits.slot, kind.word), []).append((wearer, kind))
    return tuple(_ware(slot, word, kinds, vocabulary) for (slot, word), kinds in sorted(found.items()))


def _ware(slot: str, word: str, kinds: list[tuple[str, Kind]], vocabulary: Vocabulary) -> Ware:
    counts, colours, traits = Counter[str](), Counter[str](), Counter[Traits]()
    for wearer, kind in kinds:
        counts[wearer] += kind.count
        colours.update(kind.colours)
        traits[kind.traits] += kind.count
    ordered = sorted(traits, key=lambda one: (-traits[one], one.dress_code or "", one.strict or ""))
    enough = any(count >= vocabulary.in_numbers(wearer) for wearer, count in counts.items())
    return Ware(word, slot, tuple(ordered), dict(colours), dict(counts), enough)
