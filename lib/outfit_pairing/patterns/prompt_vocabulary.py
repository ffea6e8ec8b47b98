"""The words that a model may use for an anchor: what this catalogue carries in numbers and hard rules allow beside it."""

from collections import Counter
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import lru_cache
from itertools import combinations, islice

from outfit_pairing.patterns.occasions import occasions_for
from outfit_pairing.patterns.shelf import Ware, fitting_shelf, wearers_of
from outfit_pairing.style.assortment import Vocabulary
from outfit_pairing.style.product import Product
from outfit_pairing.style.rules import TIE, flags_of, structure_fault, verdict
from outfit_pairing.style.traits import OWN_KIND, Traits, traits_of
from outfit_pairing.style.vocabulary import SLOTS, StyleGuide

# A prompt has to stay small whatever the catalogue; beyond this the words with most products stay.
MOST_WORDS, MOST_WORDS_PER_SLOT, MOST_COLOURS = 150, 24, 48
LONGEST_WORD = 60  # characters; longer ones are no word for an article type
ENTRIES = 4  # of a complete outfit, for rules that hold from three on
ENOUGH = 5  # patterns that an anchor should have
MOST_REMEMBERED = 2_000  # kinds of anchors of one catalogue


@dataclass(frozen=True, slots=True)
class PromptVocabulary:
    """What patterns for one anchor may be made of. All words sorted: equal catalogues give equal prompts.

    slots: the catalogue's words for article types.   colours: the style guide's.   wearers: who may wear the anchor.
    example: items of a plain outfit, as (slot, words), to show a model the shape.   narrow: there are too few words for
    ENOUGH patterns that differ in them, so that some may differ in colours only.   enough: patterns that can be demanded,
    ENOUGH where the words allow so many.   ties: whether there is one among them.
    """

    anchor_slot: str
    slots: Mapping[str, tuple[str, ...]]
    colours: tuple[str, ...]
    occasions: tuple[str, ...]
    wearers: tuple[str, ...]
    traits: Traits
    example: tuple[tuple[str, tuple[str, ...]], ...]
    narrow: bool
    enough: int
    ties: bool

    @property
    def askable(self) -> bool:
        """Whether the catalogue has enough for any outfit; otherwise asking would be money lost."""
        return bool(self.example)

    @property
    def own_kind(self) -> bool:
        """Whether the anchor goes with its own kind only."""
        return self.anchor_slot in OWN_KIND


def prompt_vocabulary(anchor: Product, guide: StyleGuide, assortment: Vocabulary) -> PromptVocabulary:
    """The words for an anchor; without slots when nothing in the catalogue goes with it."""
    traits = traits_of(anchor.article_type, anchor.slot, anchor.usage, anchor.department, guide)
    return _offer(guide, assortment).to(traits, anchor.audience)


@lru_cache(maxsize=4)
def _offer(guide: StyleGuide, assortment: Vocabulary) -> "_Offer":
    return _Offer(guide, assortment)


class _Offer:
    """What one catalogue offers to anchors; remembered, since many of them have the same traits."""

    def __init__(self, guide: StyleGuide, assortment: Vocabulary) -> None:
        self.guide, self.assortment = guide, assortment
        self.order = {kind.name: place for place, kind in enumerate(guide.article_types)}
        self.to = lru_cache(maxsize=MOST_REMEMBERED)(self._to)

    def _to(self, traits: Traits, audience: str | None) -> PromptVocabulary:
        shelf = _fitting(traits, fitting_shelf(self.assortment, audience, lambda other: verdict(traits, other).allowed))
        carried = [ware for ware in shelf if ware.in_numbers and _is_word(ware.word)]
        kept = _capped(_completable(traits, carried))
        colours = _colours(kept, self.guide, min(self.assortment.in_numbers(one) for one in wearers_of(audience)))
        outfits = sum(1 for _ in islice(_outfits(traits, kept), ENOUGH))
        return PromptVocabulary(
            anchor_slot=traits.slot,
            slots={slot: tuple(sorted(ware.word for ware in kept if ware.slot == slot)) for slot in _slots(kept)},
            colours=colours,
            occasions=occasions_for(audience, traits, self.guide),
            wearers=wearers_of(audience),
            traits=traits,
            example=_example(traits, sorted(kept, key=self._place)),
            narrow=outfits < ENOUGH,
            enough=min(ENOUGH, outfits * max(1, len(colours))),
            ties=any(ware.flags & TIE for ware in kept),
        )

    def _place(self, ware: Ware) -> tuple[int, str]:
        return self.order.get(ware.article_type, len(self.order)), ware.word


def _is_word(text: str) -> bool:
    return len(text) <= LONGEST_WORD and text.isprintable()


def _slots(wares: Iterable[Ware]) -> list[str]:
    return sorted({ware.slot for ware in wares}, key=SLOTS.index)


def _fitting(traits: Traits, wares: Iterable[Ware]) -> list[Ware]:
    """Wares that may stand beside the anchor: of another slot, or of another article type where a slot may hold two."""
    shared = (*OWN_KIND, "jewellery")
    if traits.slot not in shared:
        return [ware for ware in wares if ware.slot != traits.slot]
    return [ware for ware in wares if ware.slot != traits.slot or ware.article_type != traits.article_type]


def _completable(traits: Traits, wares: Sequence[Ware]) -> list[Ware]:
    """Wares that are part of some complete outfit with the anchor: no tie for a T-shirt, no shirt for a dress."""
    own, present = flags_of(traits), sorted({(ware.slot, ware.flags) for ware in wares})
    ways = [({left, right}, a | b) for left, a in [("", 0), *present] for right, b in [("", 0), *present] if left != right or not a]
    complete = {
        (slot, bits)
        for slot, bits in present
        if any(slot not in slots and not structure_fault(own | bits | flags, ENTRIES) for slots, flags in ways)
    }
    return [ware for ware in wares if (ware.slot, ware.flags) in complete]


def _capped(wares: Sequence[Ware]) -> list[Ware]:
    most = MOST_WORDS_PER_SLOT
    by_count = sorted(wares, key=lambda ware: (-ware.count, ware.word))
    while True:
        kept: list[Ware] = []
        for slot in _slots(wares):
            kept += [ware for ware in by_count if ware.slot == slot][:most]
        if len(kept) <= MOST_WORDS or most == 1:
            return kept
        most -= 1


def _colours(wares: Iterable[Ware], guide: StyleGuide, least: int) -> tuple[str, ...]:
    counts = Counter[str]()
    for ware in wares:
        counts.update(ware.colours)
    known = [(name, count) for name, count in counts.items() if count >= least and _is_colour(name, guide)]
    return tuple(sorted(name for name, _ in sorted(known, key=lambda one: (-one[1], one[0]))[:MOST_COLOURS]))


def _is_colour(name: str, guide: StyleGuide) -> bool:
    found = guide.colour(name)
    return found is not None and found.family != "multi"


def _outfits(traits: Traits, wares: Sequence[Ware]) -> Iterator[tuple[Ware, ...]]:
    """Complete outfits of two or three wares, in the order of the wares."""
    own = flags_of(traits)
    for size in (2, 3):
        for some in combinations(wares, size):
            flags = own
            for ware in some:
                flags |= ware.flags
            if _go_together(traits, some) and not structure_fault(flags, size + 1):
                yield some


def _go_together(traits: Traits, wares: Sequence[Ware]) -> bool:
    slots = [ware.slot for ware in wares]
    if traits.slot not in OWN_KIND and len({*slots, traits.slot}) <= len(slots):
        return False
    pairs = combinations(wares, 2)
    return all(verdict(left.traits[0], right.traits[0]).allowed and set(left.counts) & set(right.counts) for left, right in pairs)


def _example(traits: Traits, wares: Sequence[Ware]) -> tuple[tuple[str, tuple[str, ...]], ...]:
    """The plainest outfit: clothes first, then shoes, in the order of the style guide, dressed as the anchor demands."""
    plain = ("top", "bottom", "one_piece", "footwear")
    rank = {slot: place for place, slot in enumerate(plain)}

    def turn(ware: Ware) -> tuple[int, bool]:
        return rank.get(ware.slot, len(plain)), traits.strict is not None and traits.strict not in ware.traits[0].suits

    chosen = next(_outfits(traits, sorted(wares, key=turn)), ())
    return tuple((ware.slot, (ware.word,)) for ware in chosen)
