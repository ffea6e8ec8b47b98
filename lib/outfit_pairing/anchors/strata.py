"""Strata: which products may be anchors, which of them are alike, and how many anchors each stratum gets.

The rule: anchors go one by one to the stratum with the largest sqrt(size) / (3 * anchors + 1), the Danish divisor method
(divisors 1, 4, 7, …) over square roots: the largest strata get several, but a stratum gets its second anchor only when
those of a sixteenth of its size have their first. Two clauses:

* every sub-category of at least SMALLEST_CATEGORY products gets an anchor, whatever its strata are worth alone;
* where an anchor already stands, stratum and sub-category count as LOYALTY times their size, so that patterns that were
  paid for are given up only for a real gain.

A divisor method fills places in one order of worth that does not depend on the budget, so the rule applied to its own
result returns it.
"""

import heapq
import math
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from typing import TypeAlias

from outfit_pairing.style.traits import traits_of
from outfit_pairing.style.vocabulary import StyleGuide

SMALLEST_CATEGORY = 20  # products from which a sub-category is sure of an anchor
LOYALTY = 1.3
MOST_PER_STRATUM = 500  # products of a stratum that selection looks at, hence also its most anchors
UNSAID = "any"  # what a stratum's name says where the shop says nothing

KIND = ("article_type", "slot", "department")  # what decides whether products may be anchors
Kind: TypeAlias = tuple[str | None, str, str | None]


@dataclass(frozen=True, slots=True)
class Stratum:
    """Products alike in sub-category (slot where the shop has none), audience, usage and season."""

    key: str
    category: str
    size: int
    incumbents: int = 0  # products of the stratum that are anchors already

    @property
    def places(self) -> int:
        """The most anchors it can get."""
        return min(self.size, MOST_PER_STRATUM)

    def worth(self, place: int, *, loyal: bool = False) -> float:
        """What an anchor at `place` (0 = the stratum's first) is worth against those of other strata."""
        size = self.size * LOYALTY if loyal and place < self.incumbents else self.size
        return math.sqrt(size) / (3 * place + 1)


def may_be_anchor(article_type: str | None, slot: str, department: str | None, guide: StyleGuide) -> bool:
    """Whether products of this kind may be anchors: they can have outfits, and are neither given away nor for the home."""
    traits = traits_of(article_type, slot, None, department, guide)
    # a football is no item of an outfit, yet outfits are shown on its page
    return traits.can_have_outfits and (traits.offered or traits.kind == "equipment")


def allocate(strata: Sequence[Stratum], budget: int) -> tuple[str, ...]:
    """Share the budget over strata by the rule above.

    Args:    strata: with distinct keys, in any order.
    Returns: keys of strata by falling worth of their anchors, one entry per anchor: a stratum with three appears three
             times. As many as the budget, or as there are places when the budget exceeds them.
    """
    by_key = {stratum.key: stratum for stratum in strata}
    sure = _sure_of_one(strata)
    anchors: Counter[str] = Counter()
    queue = [(key not in sure, -stratum.worth(0, loyal=True), key) for key, stratum in by_key.items()]
    heapq.heapify(queue)
    while queue and anchors.total() < budget:
        key = heapq.heappop(queue)[-1]
        anchors[key] += 1
        stratum, place = by_key[key], anchors[key]
        if place < stratum.places:
            heapq.heappush(queue, (True, -stratum.worth(place, loyal=True), key))
    return _by_worth(by_key, anchors)


def _sure_of_one(strata: Sequence[Stratum]) -> frozenset[str]:
    """The stratum of the greatest worth of each sub-category that is large enough."""
    best: dict[str, Stratum] = {}
    sizes: Counter[str] = Counter()
    loyal = {stratum.category for stratum in strata if stratum.incumbents}
    for stratum in sorted(strata, key=lambda one: (-one.worth(0, loyal=True), one.key)):
        best.setdefault(stratum.category, stratum)
        sizes[stratum.category] += stratum.size
    return frozenset(
        best[category].key for category, size in sizes.items() if size * (LOYALTY if category in loyal else 1) >= SMALLEST_CATEGORY
    )


def _by_worth(by_key: dict[str, Stratum], anchors: Counter[str]) -> tuple[str, ...]:
    """Without loyalty, so that the order says nothing about the past."""
    places = [(-by_key[key].worth(place), key) for key, number in anchors.items() for place in range(number)]
    return tuple(key for _, key in sorted(places))
