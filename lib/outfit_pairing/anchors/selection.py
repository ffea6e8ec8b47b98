"""Selection: the products that stand best for their stratum, and whom each anchor stands for.

Similarities are products of fixed-point vectors (whole numbers, exact in float32; sums in float64 are exact too), so a
choice depends neither on the order of rows nor on how the work was cut.
"""

import heapq
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
    codes = np.unique(slots, return_inverse=True)[1]
    alike[codes[:, None] != codes[targets]] = 0
    return alike


def facility_location(similarity: Vectors, budget: int, reached: Vectors | None = None) -> Rows:
    """Rows that together stand best for all columns: each step takes the row that adds most to the largest similarities.

    Without `reached` their value is at least 1 - 1/e of the best that `budget` rows can have. What a row adds never
    grows from one step to the next, so a row is looked at again only when its last gain is the largest left.

    Args:    similarity: (n, m), not negative.   budget: rows to choose.   reached: (m,) similarity that columns have already.
    Returns: (budget,) int64 by order of choice; ties to the smaller index.
    Raises:  ValueError: budget > n.
    Source:  Nemhauser, Wolsey and Fisher, An analysis of approximations for maximizing submodular set functions, 1978;
             Minoux, Accelerated greedy algorithms for maximizing submodular set functions, 1978.
    """
    if budget > len(similarity):
        raise ValueError(f"{budget} rows asked for, there are {len(similarity)}")
    reached = np.zeros(similarity.shape[1], dtype=similarity.dtype) if reached is None else reached
    queue = [(-gain, row) for row, gain in enumerate(_gains(similarity, reached).tolist())]
    heapq.heapify(queue)
    chosen: list[int] = []
    while len(chosen) < budget:
        row = heapq.heappop(queue)[1]
        now = (-float(_gains(similarity[row], reached)), row)
        if queue and queue[0] < now:
            heapq.heappush(queue, now)
        else:
            chosen.append(row)
            reached = np.maximum(reached, similarity[row])
    return np.array(chosen, dtype=np.int64)


def _gains(similarity: Vectors, reached: Vectors) -> npt.NDArray[np.float64]:
    result: npt.NDArray[np.float64] = np.maximum(similarity - reached, 0).sum(axis=-1, dtype=np.float64)
    return result


def value(similarity: Vectors, chosen: Rows) -> float:
    """How well the chosen rows stand for all columns: the sum over columns of the largest similarity."""
    return float(_reached(similarity, chosen).sum(dtype=np.float64))


def _reached(similarity: Vectors, chosen: Rows) -> Vectors:
    result: Vectors = similarity[chosen].max(axis=0, initial=0)
    return result


def choose(similarity: Vectors, sampled: Mask, incumbents: Mask, number: int) -> Rows:
    """The anchors of one stratum, keeping those that already stand as long as they do so nearly as well as a fresh choice.

    Incumbents are kept, all or the best of them, when they and what is added to them reach KEPT_FROM of the value of a
    choice that starts from nothing. A choice applied to its own result returns it.

    Args:    similarity: (n, m) over rows in order of product_id; columns are the sampled rows.
             sampled: (n,), m of them true.   incumbents: (n,).   number: anchors to choose, at most m.
    Returns: (number,) row indices by order of choice.
    """
    fresh = _best_of(similarity, np.flatnonzero(sampled), number)
    enough = KEPT_FROM * value(similarity, fresh)
    standing = np.flatnonzero(incumbents)
    standing = _best_of(similarity, standing, min(number, len(standing)))
    for keep in range(len(standing), 0, -1):
        kept = standing[:keep]
        others = np.setdiff1d(np.flatnonzero(sampled), kept)
        chosen = np.concatenate([kept, _best_of(similarity, others, number - keep, _reached(similarity, kept))])
        if value(similarity, chosen) >= enough:
            # in the order in which they would be chosen among themselves, which says nothing about the past
            return _best_of(similarity, np.sort(chosen), number)
    return fresh


def _best_of(similarity: Vectors, rows: Rows, number: int, reached: Vectors | None = None) -> Rows:
    return rows[facility_location(similarity[rows], number, reached)] if number else rows[:0]


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
