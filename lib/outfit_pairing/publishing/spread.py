"""Which few products to show of a whole catalogue: spread over slots and audiences, the same every time."""

import math
from collections import Counter
from collections.abc import Mapping, Sequence

from outfit_pairing.style.vocabulary import AUDIENCES, SLOTS

Group = tuple[str, str]  # slot, audience


def spread(sizes: Mapping[Group, int], queues: Mapping[Group, Sequence[str]], count: int) -> list[str]:
    """`count` product ids, or all there are, in the order chosen.

    Every slot gets one before any gets a second; then slots, and within a slot audiences, are served in proportion to
    the square root of their products, so that the large get more but not all.

    Args:    sizes: products per group.   queues: per group, ids in the order in which they are to be taken.
    Source:  the method of equal proportions (Huntington, 1928), with square-root weights.
    """
    waiting = {group: list(reversed(ids)) for group, ids in queues.items() if ids}
    slots, audiences = _weights(sizes, 0), _weights(sizes, 1)
    taken: Counter[str] = Counter()
    chosen: list[str] = []
    while waiting and len(chosen) < count:
        slot = max(sorted({group[0] for group in waiting}, key=_place), key=lambda name: _claim(slots[name], taken[name]))
        present = sorted((group[1] for group in waiting if group[0] == slot), key=_place)
        audience = max(present, key=lambda name: _claim(audiences[name], taken[name]))
        queue = waiting[slot, audience]
        chosen.append(queue.pop())
        taken.update((slot, audience))
        if not queue:
            del waiting[slot, audience]
    return chosen


def _weights(sizes: Mapping[Group, int], part: int) -> dict[str, float]:
    totals: Counter[str] = Counter()
    for group, size in sizes.items():
        totals[group[part]] += size
    return {name: math.sqrt(total) for name, total in totals.items()}


def _claim(weight: float, taken: int) -> float:
    return weight / math.sqrt(taken * (taken + 1)) if taken else math.inf


def _place(name: str) -> tuple[int, str]:
    known = SLOTS + AUDIENCES
    return (known.index(name) if name in known else len(known)), name
