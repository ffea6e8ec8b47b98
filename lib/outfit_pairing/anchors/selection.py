"""Selection: the products that stand best for their stratum, and whom each anchor stands for.

Similarities are products of fixed-point vectors (whole numbers, exact in float32; sums in float64 are exact too), so a
choice depends neither on the order of rows nor on how the work was cut.
"""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from outfit_pairing.style.audience import may_mix
from outfit_pairing.style.vectors import SCALE, Vectors

KEPT_FROM = 0.98  # share of a fresh choice's value from which anchors that already stand are kept

Rows = npt.NDArray[np.int64]
Mask = npt.NDArray[np.bool_]


def likeness(vectors: Vectors, slots: npt.NDArray[np.str_], targets: Mask) -> Vectors:
    """How well each row stands for each target: their cosine times SCALE**2, and 0 for different slots or negative ones.

    Args:    vectors: (n, dimensions) fixed point.   slots: (n,).   targets: (n,), m of them true.
    Returns: (n, m) float32 of whole numbers.
    """
    alike: Vectors = np.maximum(vectors @ vectors[targets].T, 0)
    alike[slots[:, None] != slots[targets]] = 0
    return alike


def facility_location(similarity: Vectors, budget: int, start: Sequence[int] = (), allowed: Mask | None = None) -> Rows:
    """Rows that together stand best for all columns: each step takes the row that adds most.

    Without `start` their value is at least 1 - 1/e of the best that `budget` rows can have.

    Args:    similarity: (n, m), not negative.   budget: rows to choose, those of `start` included.
             start: rows chosen already.   allowed: (n,) rows that may be added; None: all.
    Returns: (budget,) int64: `start`, then rows by order of choice; ties to the smaller index.
    Raises:  ValueError: there are fewer than `budget` rows to choose.
    Source:  Nemhauser, Wolsey and Fisher, An analysis of approximations for maximizing submodular set functions, 1978.
    """
    chosen = list(start)
    free = np.ones(len(similarity), dtype=np.bool_) if allowed is None else allowed.copy()
    free[chosen] = False
    if budget - len(chosen) > free.sum():
        raise ValueError(f"{budget} rows asked for; {len(chosen)} given and {free.sum()} free")
    reached = similarity[chosen].max(axis=0, initial=0)
    while len(chosen) < budget:
        gains = np.maximum(similarity - reached, 0).sum(axis=1, dtype=np.float64)
        best = int(np.where(free, gains, -1).argmax())
        chosen.append(best)
        free[best] = False
        reached = np.maximum(reached, similarity[best])
    return np.array(chosen, dtype=np.int64)


def value(similarity: Vectors, chosen: Rows) -> float:
    """How well the chosen rows stand for all columns: the sum over columns of the largest similarity."""
    return float(similarity[chosen].max(axis=0, initial=0).sum(dtype=np.float64))


def choose(similarity: Vectors, sampled: Mask, incumbents: Mask, number: int) -> Rows:
    """The anchors of one stratum, keeping those that already stand as long as they do so nearly as well as a fresh choice.

    Incumbents are kept, all or the best of them, when they and what is added to them reach KEPT_FROM of the value of a
    choice that starts from nothing. A choice applied to its own result returns it.

    Args:    similarity: (n, m) over rows in order of product_id; columns are the sampled rows.
             sampled: (n,), m of them true.   incumbents: (n,).   number: anchors to choose, at most m.
    Returns: (number,) row indices by order of choice.
    """
    fresh = facility_location(similarity, number, allowed=sampled)
    standing = np.flatnonzero(incumbents)
    best_first = facility_location(similarity, min(number, len(standing)), allowed=incumbents)
    for keep in range(len(best_first), 0, -1):
        kept = facility_location(similarity, number, start=best_first[:keep].tolist(), allowed=sampled)
        if value(similarity, kept) >= KEPT_FROM * value(similarity, fresh):
            return _in_order(similarity, kept)
    return fresh


def _in_order(similarity: Vectors, chosen: Rows) -> Rows:
    """The order in which these rows would be chosen among themselves, so that it says nothing about the past."""
    mine = np.zeros(len(similarity), dtype=np.bool_)
    mine[chosen] = True
    return facility_location(similarity, len(chosen), allowed=mine)


@dataclass(frozen=True, slots=True)
class Place:
    """Where a product stands: what decides which anchors may stand for it."""

    stratum: str
    slot: str
    audience: str | None

    def nearness(self, other: "Place") -> int:
        """4: same stratum and slot; 3: same slot and audience; 2: same slot, audiences that mix; 1: those only; 0: neither."""
        mixes = may_mix(self.audience, other.audience)
        if self.slot != other.slot:
            return int(mixes)
        if self.stratum == other.stratum:
            return 4
        return 3 if self.audience == other.audience else 2 * mixes


def stand_for(vectors: Vectors, nearness: npt.NDArray[np.int64], anchors: Vectors) -> Rows:
    """The anchor that stands for each product: of those nearest by place, the most similar; ties to the smaller index.

    Args:    vectors: (n, dimensions) fixed point.   nearness: (n, anchors), see Place.   anchors: (anchors, dimensions).
    Returns: (n,) indices of anchors.
    """
    # one step of place outweighs any two cosines, which lie in ±SCALE**2; all is whole and exact in float64
    result: Rows = (nearness * (4.0 * SCALE**2) + vectors @ anchors.T).argmax(axis=1)
    return result
