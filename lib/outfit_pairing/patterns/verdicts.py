"""How good a pattern is: whether it makes an outfit that this catalogue can fill, and how well it hangs together.

Structure and hard rules are a gate: a pattern that breaks one scores 0. What passes is scored by parts on fixed scales, so
that one pattern's score does not depend on the others.
"""

from collections.abc import Collection, Iterable, Iterator, Sequence
from dataclasses import dataclass
from functools import reduce
from itertools import combinations, product
from operator import or_
from typing import NamedTuple

from outfit_pairing.patterns.model import Pattern, PatternItem
from outfit_pairing.patterns.occasions import codes_joined, dress_codes, occasions_for
from outfit_pairing.patterns.shelf import Ware, wares_of
from outfit_pairing.style.assortment import Vocabulary
from outfit_pairing.style.colours import Colour, harmony
from outfit_pairing.style.compatibility import NEUTRAL, WEIGHTS, traits_score
from outfit_pairing.style.product import Product
from outfit_pairing.style.rules import flags_of, structure_fault, verdict
from outfit_pairing.style.traits import OWN_KIND, Traits, traits_of
from outfit_pairing.style.vocabulary import StyleGuide
from outfit_pairing.style.wording import listed

MIN_SCORE = 0.6
# What each part of a score weighs; they sum to 1.
PARTS = {"carried": 0.15, "dressed": 0.35, "colours": 0.25, "occasion": 0.1, "confidence": 0.15}
FULL_TRAITS_SCORE = WEIGHTS["dress"] + WEIGHTS["formality"] + WEIGHTS["season"] / 2
MOST_OPTIONS = 16  # distinct traits tried per item
UNSURE, PALE = 0.4, 0.35  # confidence, and any other part, below which it is worth a word
# Where these parts begin and end: the tenth of what chance puts together, and the middle of what the style guide does.
DRESSED, COLOURED = (0.5, 0.85), (0.5, 0.8)
FAULTS = {
    4: "a top needs a bottom, a bottom a top, and a one_piece neither",
    7: "a belt needs a bottom or one_piece, socks need shoes, a tie needs a shirt",
}


@dataclass(frozen=True, slots=True)
class Verdict:
    """What is thought of a pattern: a score in [0, 1], reasons in words (the worst first), whether it may be used."""

    score: float
    reasons: tuple[str, ...]
    usable: bool


@dataclass(frozen=True, slots=True)
class Judged:
    """A pattern with its verdict."""

    pattern: Pattern
    verdict: Verdict


class _Part(NamedTuple):
    """One part of a score, in [0, 1], and what speaks against the pattern in it."""

    score: float
    reason: str


@dataclass(frozen=True, slots=True)
class _Option:
    """One way to fill an item: products of these traits, for these wearers."""

    traits: Traits
    wearers: frozenset[str]


def judge_pattern(
    pattern: Pattern, anchor: Product, guide: StyleGuide, vocabulary: Vocabulary, min_score: float = MIN_SCORE
) -> Verdict:
    """The verdict on a pattern in the catalogue's words, for an anchor."""
    own = traits_of(anchor.article_type, anchor.slot, anchor.usage, anchor.department, guide)
    wares = wares_of(vocabulary, anchor.audience)
    held = [[wares[item.slot, word] for word in item.article_types if (item.slot, word) in wares] for item in pattern.items]
    fault = _missing(pattern, held, anchor) or _crowded(pattern, anchor, held, own) or _bare(pattern, own, wares.values())
    if fault:
        return Verdict(0.0, (fault,), usable=False)
    outfit, fault = _outfit(pattern, own, held)
    if outfit is None:
        return Verdict(0.0, (fault,), usable=False)
    parts = {
        "carried": _carried(pattern, held),
        "dressed": _dressed([own, *outfit]),
        "colours": _colours(pattern, guide, guide.colour(anchor.colour or "")),
        "occasion": _occasion(pattern.occasion, occasions_for(anchor.audience, own, guide), own),
        "confidence": _Part(pattern.confidence, "its writer is not sure of it" if pattern.confidence < UNSURE else ""),
    }
    score = round(sum(weight * parts[name].score for name, weight in PARTS.items()), 3)
    reasons = tuple(part.reason for part in sorted(parts.values(), key=lambda part: part.score) if part.reason)
    return Verdict(score, reasons or (f"makes an outfit for {pattern.occasion}",), usable=score >= min_score)


def judge_set(judged: Sequence[Judged], *, narrow: bool = False) -> tuple[tuple[Judged, ...], tuple[Judged, ...]]:
    """Patterns of one anchor that differ, best first, and those left out because a better one asks for the same.

    Args:    narrow: the catalogue has so little for the anchor that other colours make a difference too.
    """
    ordered = sorted(judged, key=lambda one: -one.verdict.score)  # stable: of equals the first stays
    kept: dict[object, Judged] = {}
    left: list[Judged] = []
    for one in ordered:
        sign = signature(one.pattern, colours=narrow)
        if sign in kept:
            left.append(one)
        else:
            kept[sign] = one
    return tuple(kept.values()), tuple(left)


def signature(pattern: Pattern, *, colours: bool = False) -> object:
    """What makes two patterns of an anchor the same: slots and article types, in any order."""
    return frozenset(
        (item.slot, frozenset(item.article_types), frozenset(item.colours) if colours else None) for item in pattern.items
    )


def _missing(pattern: Pattern, held: Sequence[Sequence[Ware]], anchor: Product) -> str | None:
    for item, wares in zip(pattern.items, held, strict=True):
        if not wares:
            return f"the catalogue has no {' or '.join(item.article_types)} for {anchor.audience or 'this audience'}"
    shared = [frozenset(wearer for ware in wares for wearer in ware.counts) for wares in held]
    if not frozenset.intersection(*shared):
        return "no one person can wear all of it: it mixes women's and men's, or girls' and boys'"
    return None


def _crowded(pattern: Pattern, anchor: Product, held: Sequence[Sequence[Ware]], own: Traits) -> str | None:
    """Hard rule 3: one item per slot; jewellery may hold two article types, and things of their own kind many."""
    filled = [(anchor.slot, {own.article_type})]
    filled += [(item.slot, {ware.article_type for ware in wares}) for item, wares in zip(pattern.items, held, strict=True)]
    for (left, some), (right, others) in combinations(filled, 2):
        if left == right and (left not in (*OWN_KIND, "jewellery") or len(some | others) < 2):
            where = "the anchor's own slot" if left == anchor.slot else "one slot"
            return f"two items for {where}, {left}"
    if sum(slot == "jewellery" for slot, _ in filled) > 2:
        return "more than two pieces of jewellery"
    return None


def _bare(pattern: Pattern, own: Traits, wares: Iterable[Ware]) -> str | None:
    """A cap, a bag and a watch are no outfit, unless the catalogue has nothing to dress in beside the anchor."""
    worn = {own.slot, *(item.slot for item in pattern.items)}
    if own.slot in OWN_KIND or worn & {"top", "bottom", "one_piece"}:
        return None  # a top without a bottom is another fault
    there = {ware.slot for ware in wares if any(verdict(own, traits).allowed for traits in ware.traits)}
    dressed = {"top", "bottom"} <= there or "one_piece" in there
    return "leaves its wearer undressed: it needs a top and a bottom, or a one_piece" if dressed else None


def _outfit(pattern: Pattern, own: Traits, held: Sequence[Sequence[Ware]]) -> tuple[tuple[Traits, ...] | None, str]:
    """Traits that fill all items without breaking a rule, those with most products first; else None and what is broken."""
    options: list[list[_Option]] = []
    for item, wares in zip(pattern.items, held, strict=True):
        every = [_Option(traits, frozenset(ware.counts)) for ware in wares for traits in ware.traits]
        fitting = [one for one in every if verdict(own, one.traits).allowed and (one.traits.slot != own.slot or _other(one, own))]
        if not fitting:
            why = verdict(own, every[0].traits).why or "the same as the anchor"
            return None, f"{_named(item)} cannot go with the anchor: {why}"
        options.append(fitting[:MOST_OPTIONS])
    fault = _structure_fault(own, [{flags_of(one.traits) for one in some} for some in options])
    if fault:
        return None, FAULTS[fault]
    for chosen in _together(options, ()):
        traits = tuple(one.traits for one in chosen)
        if not _structure_fault(own, [{flags_of(one)} for one in traits]):
            return traits, ""
    return None, _quarrel(options)


def _structure_fault(own: Traits, flags: Sequence[Collection[int]]) -> int:
    """The rule that every way to fill the items breaks; 0 when some way breaks none."""
    faults = [structure_fault(reduce(or_, some, flags_of(own)), len(some) + 1) for some in product(*flags)]
    return min(faults)


def _quarrel(options: Sequence[Sequence[_Option]]) -> str:
    """Why no way to fill the items goes together: the first two that never do."""
    for some, others in combinations(options, 2):
        if not any(_pair(one, other) for one in some for other in others):
            why = verdict(some[0].traits, others[0].traits).why
            return (
                f"{some[0].traits.article_type} and {others[0].traits.article_type} do not go together{f': {why}' if why else ''}"
            )
    return "its items do not all go together"


def _other(option: _Option, own: Traits) -> bool:
    return option.traits.article_type != own.article_type


def _together(options: Sequence[Sequence[_Option]], chosen: tuple[_Option, ...]) -> Iterator[tuple[_Option, ...]]:
    if len(chosen) == len(options):
        if frozenset.intersection(*(one.wearers for one in chosen)):
            yield chosen
        return
    for one in options[len(chosen)]:
        if all(_pair(one, other) for other in chosen):
            yield from _together(options, (*chosen, one))


def _pair(one: _Option, other: _Option) -> bool:
    if one.traits.slot == other.traits.slot and one.traits.article_type == other.traits.article_type:
        return False
    return bool(one.wearers & other.wearers) and verdict(one.traits, other.traits).allowed


def _carried(pattern: Pattern, held: Sequence[Sequence[Ware]]) -> _Part:
    """The share of items for which the catalogue has products in numbers."""
    few = [_named(item) for item, wares in zip(pattern.items, held, strict=True) if not any(ware.in_numbers for ware in wares)]
    return _Part(1 - len(few) / len(held), f"the catalogue has only a few products for {listed(few)}" if few else "")


def _dressed(traits: Sequence[Traits]) -> _Part:
    """How well pairs are dressed for the same day, dress code, formality and warmth: the mean, and the worst of them."""
    scores = [(traits_score(left, right) / FULL_TRAITS_SCORE, left, right) for left, right in combinations(traits, 2)]
    worst, left, right = min(scores, key=lambda one: one[0])
    mean = sum(score for score, _, _ in scores) / len(scores)
    level = _stretched((mean + worst) / 2, DRESSED)
    return _Part(level, f"{left.article_type} and {right.article_type} are dressed for different days" if level < PALE else "")


def _colours(pattern: Pattern, guide: StyleGuide, anchor: Colour | None) -> _Part:
    """Mean harmony of the first colours and the anchor's; a clash counts as none at all."""
    firsts = [guide.colour(item.colours[0]) for item in pattern.items if item.colours]
    known = [colour for colour in (anchor, *firsts) if colour is not None]
    pairs = [harmony(left, right) for left, right in combinations(known, 2)]
    if not pairs:
        return _Part(_stretched(NEUTRAL, COLOURED), "")
    worst = min(pairs, key=lambda pair: (not pair.clash, pair.score))
    level = _stretched(sum(0.0 if pair.clash else pair.score for pair in pairs) / len(pairs), COLOURED)
    return _Part(level, worst.reason if worst.clash or level < PALE else "")


def _stretched(value: float, scale: tuple[float, float]) -> float:
    """`value` on a scale from what chance gives (0) to what stylists give (1)."""
    low, high = scale
    return min(1.0, max(0.0, (value - low) / (high - low)))


def _occasion(occasion: str, suitable: Sequence[str], own: Traits) -> _Part:
    code = dress_codes().get(occasion)
    if code is None:
        return _Part(0.0, f"{occasion!r} is no occasion of the style guide")
    if occasion in suitable or own.slot in OWN_KIND or code in codes_joined(own):
        return _Part(1.0, "")
    return _Part(0.4, f"the anchor is not dressed for {occasion}")


def _named(item: PatternItem) -> str:
    return " or ".join(item.article_types)
