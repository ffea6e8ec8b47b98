"""Which few products to show of a whole catalogue: spread over slots, audiences and sources, the same every time."""

import math
from collections import Counter
from collections.abc import Collection, Mapping, Sequence

from outfit_pairing.style.sources import BASE_CONFIDENCE
from outfit_pairing.style.vocabulary import AUDIENCES, SLOTS

Group = tuple[str, ...]  # slot, audience and, where that matters, source; no name belongs to two of them
KNOWN = (*SLOTS, *AUDIENCES, *BASE_CONFIDENCE)


def spread(sizes: Mapping[Group, int], queues: Mapping[Group, Sequence[str]], count: int) -> list[str]:
    """`count` product ids, or all there are, in the order chosen.

    Every slot gets one before any gets a second; then slots, within a slot audiences, and within an audience sources are
    served in proportion to the square root of their products, so that the large get more but not all.

    Args:    sizes: products per group.   queues: per group, ids in the order in which they are to be taken.
    Source:  the method of equal proportions (Huntington, 1928), with square-root weights.
    """
    waiting = {group: list(reversed(ids)) for group, ids in queues.items() if ids}
    weights = _weights(sizes)
    taken: Counter[str] = Counter()
    chosen: list[str] = []
    while waiting and len(chosen) < count:
        group = _next(waiting, weights, taken)
        chosen.append(waiting[group].pop())
        taken.update(group)
        if not waiting[group]:
            del waiting[group]
    return chosen


def _next(waiting: Collection[Group], weights: Mapping[str, float], taken: Mapping[str, int]) -> Group:
    """The group to be served next: name by name, the one with the strongest claim."""
    group: Group = ()
    while group not in waiting:
        depth = len(group)
        names = {one[depth] for one in waiting if one[:depth] == group}
        group += (max(sorted(names, key=_place), key=lambda name: _claim(weights[name], taken.get(name, 0))),)
    return group


def _weights(sizes: Mapping[Group, int]) -> dict[str, float]:
    totals: Counter[str] = Counter()
    for group, size in sizes.items():
        totals.update(dict.fromkeys(group, size))
    return {name: math.sqrt(total) for name, total in totals.items()}


def _claim(weight: float, taken: int) -> float:
    return weight / math.sqrt(taken * (taken + 1)) if taken else math.inf


def _place(name: str) -> tuple[int, str]:
    return (KNOWN.index(name) if name in KNOWN else len(KNOWN)), name
