"""What a catalogue has on the shelf for an audience: its own words for article types, whoever of the audience wears them."""

from collections import Counter
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from functools import lru_cache

from outfit_pairing.style.assortment import Kind, Vocabulary
from outfit_pairing.style.audience import may_mix
from outfit_pairing.style.formulas import WEARERS
from outfit_pairing.style.normalise import key
from outfit_pairing.style.rules import flags_of
from outfit_pairing.style.traits import Traits


@dataclass(frozen=True, slots=True)
class Ware:
    """One of the catalogue's words for an article type, as an audience finds it.

    traits: distinct, those of most products first.   colours: products by colour.   counts: products by wearer.
    in_numbers: whether some wearer finds enough of them to choose from.   flags: its bits for rules.structure_fault.
    key: what all spellings of the word share, `normalise.key`.
    """

    word: str
    slot: str
    traits: tuple[Traits, ...]
    colours: Mapping[str, int]
    counts: Mapping[str, int]
    in_numbers: bool
    flags: int
    key: str

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


def wearers_of(audience: str | None) -> tuple[str, ...]:
    """Who may wear a product of this audience: both sexes for unisex and kids."""
    return tuple(wearer for wearer in WEARERS if may_mix(audience, wearer))


def whole_shelf(vocabulary: Vocabulary, audience: str | None) -> tuple[Ware, ...]:
    """Everything offered to an audience, by slot and word; put together once per catalogue."""
    return tuple(wares_of(vocabulary, audience).values())


@lru_cache(maxsize=64)
def wares_of(vocabulary: Vocabulary, audience: str | None) -> Mapping[tuple[str, str], Ware]:
    """The whole shelf by (slot, word)."""
    return {place: _ware(*place, kinds, vocabulary) for place, kinds in _kinds(vocabulary, audience).items()}


def fitting_shelf(vocabulary: Vocabulary, audience: str | None, goes: Callable[[Traits], bool]) -> tuple[Ware, ...]:
    """The shelf without products of whose traits `goes` says no; a word is there while any of its products is."""
    found = []
    kinds = _kinds(vocabulary, audience)
    for place, ware in wares_of(vocabulary, audience).items():
        going = [traits for traits in ware.traits if goes(traits)]
        if len(going) == len(ware.traits):
            found.append(ware)
        elif going:
            found.append(_ware(*place, [(wearer, kind) for wearer, kind in kinds[place] if kind.traits in going], vocabulary))
    return tuple(found)


@lru_cache(maxsize=64)
def _kinds(vocabulary: Vocabulary, audience: str | None) -> Mapping[tuple[str, str], Sequence[tuple[str, Kind]]]:
    """What is offered to an audience by (slot, word), in that order, each with its wearer."""
    found: dict[tuple[str, str], list[tuple[str, Kind]]] = {}
    for wearer in wearers_of(audience):
        for kind in vocabulary.kinds[wearer]:
            found.setdefault((kind.traits.slot, kind.word), []).append((wearer, kind))
    return dict(sorted(found.items()))


def _ware(slot: str, word: str, kinds: Iterable[tuple[str, Kind]], vocabulary: Vocabulary) -> Ware:
    counts, colours, traits = Counter[str](), Counter[str](), Counter[Traits]()
    for wearer, kind in kinds:
        counts[wearer] += kind.count
        colours.update(kind.colours)
        traits[kind.traits] += kind.count
    ordered = sorted(traits, key=lambda one: (-traits[one], one.dress_code or "", one.strict or ""))
    enough = any(count >= vocabulary.in_numbers(wearer) for wearer, count in counts.items())
    return Ware(word, slot, tuple(ordered), dict(colours), dict(counts), enough, flags_of(ordered[0]), key(word))
