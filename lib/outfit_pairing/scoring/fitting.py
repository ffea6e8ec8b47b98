"""Learning from a shop's own outfits, with the written style guide as the prior.

Affinities are smoothed logarithms of "how often together" over "how often by chance". What each of them weighs is learnt on
outfits that the affinities have not seen, beside the style guide's judgement, which keeps its full weight; an affinity that
does not help there weighs nothing. Memory of very items is weighed last, so that it cannot displace what holds for new ones.
"""

import math
import random
from collections import defaultdict
from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace
from functools import cache
from itertools import combinations, takewhile
from typing import NamedTuple

import numpy as np
import numpy.typing as npt

from outfit_pairing.scoring.judge import Judge
from outfit_pairing.scoring.questions import Items, alike_outfits, blanks_of, shuffled_outfits
from outfit_pairing.scoring.wardrobe import Wardrobe
from outfit_pairing.style.garment import Garment
from outfit_pairing.style.lookbook_model import AFFINITIES, MOST_AFFINITY, LookbookModel, coloured, ordered

Floats = npt.NDArray[np.float64]

FOLDS = 5
SMOOTHED = 3.0  # pairs added to both what was seen and what chance gives
LEAST_AFFINITY = 0.02
MOST_ASKED = 400  # outfits of a fold that questions are asked about
RANK = 32
AT_ONCE = 1_000  # outfits whose vectors are multiplied together
RIDGE = 0.02  # of the style directions, as a share of the mean variance
PENALTY = 6.0  # of the weights' squares (each for one standard deviation of its affinity), where an outfit counts 1
SHARES = (0.25, 0.5, 0.75, 1.0)
LEAST_LOSS = 0.002
LEAST_OUTFITS = 30
STEPS = 60


def fit(
    outfits: Sequence[Items], wardrobe: Wardrobe, encoder: str, weak: Sequence[Items] = (), weight: float = 0.0, *, seed: int = 7
) -> LookbookModel:
    """A model of outfits that a shop's people made (two known items or more each).

    Args:    weak: outfits that shoppers chose among those they were shown. They add to the affinities, each as much as `weight` of
             a stylist's; what an affinity weighs is learnt on stylists' outfits alone.
    Raises:  ValueError: too few.
    """
    if len(outfits) < LEAST_OUTFITS:
        raise ValueError(f"{len(outfits)} outfits are too few to learn from; {LEAST_OUTFITS} are needed")
    order = list(range(len(outfits)))
    random.Random(seed).shuffle(order)
    folds = []
    for fold in range(FOLDS):
        held = set(order[fold::FOLDS])
        model = affinities_of([outfits[one] for one in order if one not in held], wardrobe, encoder, weak, weight)
        folds.append(_questions([outfits[one] for one in sorted(order[fold::FOLDS][:MOST_ASKED])], wardrobe, model, seed + fold))
    asked = _Questions(*(np.concatenate(parts) for parts in zip(*folds, strict=True)))
    weights = _weights(asked, len(outfits))
    return replace(affinities_of(outfits, wardrobe, encoder, weak, weight), weights=weights)


def affinities_of(
    outfits: Sequence[Items], wardrobe: Wardrobe, encoder: str, weak: Sequence[Items] = (), weight: float = 0.0
) -> LookbookModel:
    """The affinities of outfits, all weights 0.   weak, weight: see `fit`."""
    worn = [[wardrobe.garments[item] for item in items] for items in (*outfits, *weak)]
    counts_as = [1.0] * len(outfits) + [weight] * len(weak)
    kinds = _affinity(worn, counts_as, lambda one: one.kind)
    beyond = _affinity(worn, counts_as, coloured)
    colours = {}
    for pair, value in beyond.items():
        left, right = (one.rpartition("/") for one in pair)
        if left[2] and right[2]:
            colours[pair] = value - kinds.get(ordered(left[0], right[0]), 0.0)
    counts = defaultdict[tuple[str, str], float](float)
    for some, one in zip(worn, counts_as, strict=True):
        for a, b in combinations(some, 2):
            counts[ordered(a.product_id, b.product_id)] += one
    directions, strengths = _styles(worn, counts_as, wardrobe)
    return LookbookModel(
        kinds=kinds,
        colours=colours,
        items={pair: math.log1p(count) for pair, count in counts.items()},
        directions=directions,
        strengths=strengths,
        weights=dict.fromkeys(AFFINITIES, 0.0),
        encoder=encoder,
    )


def _affinity(
    worn: Sequence[Sequence[Garment]], counts_as: Sequence[float], word: Callable[[Garment], str]
) -> dict[tuple[str, str], float]:
    """log((together + s) / (by chance + s)) for each pair of words that could have met; s = SMOOTHED."""
    alone, together = defaultdict[str, float](float), defaultdict[tuple[str, str], float](float)
    for some, weight in zip(worn, counts_as, strict=True):
        for one in some:
            alone[word(one)] += weight * (len(some) - 1)
        for a, b in combinations(some, 2):
            together[ordered(word(a), word(b))] += weight
    total = sum(alone.values()) / 2

    def chance(left: str, right: str) -> float:
        return alone[left] * alone[right] / (4 * total) * (1 if left == right else 2)

    could_meet = set(together)
    usual = sorted(alone, key=lambda name: (-alone[name], name))
    for at, left in enumerate(usual):
        least = 2 * total / alone[left]  # so often alone, and they would have met once
        could_meet |= {ordered(left, right) for right in takewhile(lambda other, least=least: alone[other] > least, usual[at:])}  # type: ignore[misc]
    found = {}
    for pair in sorted(could_meet):
        value = math.log((together.get(pair, 0) + SMOOTHED) / (chance(*pair) + SMOOTHED))
        if abs(value) >= LEAST_AFFINITY:
            found[pair] = max(-MOST_AFFINITY, min(MOST_AFFINITY, value))
    return found


def _styles(
    worn: Sequence[Sequence[Garment]], counts_as: Sequence[float], wardrobe: Wardrobe
) -> tuple[npt.NDArray[np.float32], npt.NDArray[np.float32]]:
    """Directions in which items of one outfit agree: the leading ones of their cross-covariance, whitened."""
    dimensions = wardrobe.vectors.shape[1]
    placed = [([one.place for one in outfit if one.place >= 0], weight) for outfit, weight in zip(worn, counts_as, strict=True)]
    groups = [some for some, _ in placed if len(some) > 1]
    weights = [weight for some, weight in placed if len(some) > 1]
    pairs = sum(weight * len(some) * (len(some) - 1) for some, weight in zip(groups, weights, strict=True))
    if not pairs or not wardrobe.vectors.any():
        return np.zeros((0, dimensions), dtype=np.float32), np.zeros(0, dtype=np.float32)
    total, cross = np.zeros((dimensions, dimensions)), np.zeros((dimensions, dimensions))
    for first in range(0, len(groups), AT_ONCE):
        sizes = [len(some) for some in groups[first : first + AT_ONCE]]
        rows = wardrobe.vectors[[place for some in groups[first : first + AT_ONCE] for place in some]].astype(np.float64)
        whole = np.add.reduceat(rows, np.cumsum([0, *sizes[:-1]]), axis=0)
        each = np.asarray(weights[first : first + AT_ONCE])
        by_row = np.repeat(each, sizes)[:, None]
        total += (rows * by_row * np.repeat(np.subtract(sizes, 1), sizes)[:, None]).T @ rows
        cross += (whole * each[:, None]).T @ whole - (rows * by_row).T @ rows
    total, cross = total / pairs, cross / pairs
    values, basis = np.linalg.eigh(total + RIDGE * np.trace(total) * np.eye(dimensions))
    whitener = basis @ np.diag(values**-0.5) @ basis.T
    strengths, found = np.linalg.eigh(whitener @ cross @ whitener)
    best = np.argsort(-np.abs(strengths))[: min(RANK, dimensions)]
    best = best[strengths[best] > 0]
    return (found[:, best].T @ whitener).astype(np.float32), strengths[best].astype(np.float32)


class _Questions(NamedTuple):
    """Right outfits against wrong ones: differences of the style guide's log odds (n,) and of the affinities (n, 4); kinds (n,)."""

    written: Floats
    affinities: Floats
    kind: npt.NDArray[np.int64]


def _questions(outfits: Sequence[Items], wardrobe: Wardrobe, model: LookbookModel, seed: int) -> _Questions:
    """Of each outfit, its blanks; and it against outfits that nobody made, its own and the next outfit's."""
    judge, garments = Judge(wardrobe), wardrobe.garments

    @cache
    def judged(items: Items) -> Floats:
        affinities = model.affinities(judge.known(items), wardrobe.vectors)
        return np.array([judge.log_odds(items), *(affinities[name] for name in AFFINITIES)])

    rows, kinds = [], []
    for blank in blanks_of(outfits, garments, seed):
        for kind, wrong in enumerate((blank.random, blank.same)):
            rows += [judged(blank.right) - judged(items) for items in wrong]
            kinds += [kind] * len(wrong)
    for kind, made in enumerate((shuffled_outfits(outfits, seed), alike_outfits(outfits, garments, seed)), 2):
        for own, items in made:
            rows += [judged(outfits[one % len(outfits)]) - judged(items) for one in (own, own + 1)]
            kinds += [kind] * 2
    found = np.array(rows)
    return _Questions(found[:, 0], found[:, 1:], np.array(kinds))


def _weights(asked: _Questions, outfits: int) -> Mapping[str, float]:
    """Not below 0 each; those of items last, the others held; then all of them as far as they harm no kind of question."""
    first, last = [AFFINITIES.index(name) for name in AFFINITIES[:-1]], [len(AFFINITIES) - 1]
    shares = 1 / np.maximum(np.bincount(asked.kind), 1)[asked.kind]
    found = np.zeros(len(AFFINITIES))
    found[first] = _least(asked.written, asked.affinities[:, first], shares, outfits)
    found[last] = _least(asked.written + asked.affinities[:, first] @ found[first], asked.affinities[:, last], shares, outfits)
    found *= _harmless(asked, found)
    return {name: round(float(value), 4) for name, value in zip(AFFINITIES, found, strict=True)}


def _harmless(asked: _Questions, weights: Floats) -> float:
    """The share of the weights that wins most questions without losing more than LEAST_LOSS of any kind."""
    before = _won(asked.written, asked.kind)
    best = (0.0, float(before.mean()))
    for share in SHARES:
        now = _won(asked.written + asked.affinities @ (share * weights), asked.kind)
        if (now >= before - LEAST_LOSS).all() and now.mean() > best[1]:
            best = (share, float(now.mean()))
    return best[0]


def _won(odds: Floats, kind: npt.NDArray[np.int64]) -> Floats:
    return np.array([np.mean((odds[kind == one] > 0) + 0.5 * (odds[kind == one] == 0)) for one in np.unique(kind)])


def _least(offset: Floats, affinities: Floats, shares: Floats, outfits: int) -> Floats:
    """Weights >= 0 that make wrong answers least likely, with a penalty on their squares: projected Newton steps."""
    scale = affinities.std(axis=0) + 1e-9
    inputs, weights = affinities / scale, np.zeros(affinities.shape[1])
    counted = shares * outfits / shares.sum()  # as many answers as outfits: those of one outfit are not independent
    for _ in range(STEPS):
        wrong = 1 / (1 + np.exp(np.clip(offset + inputs @ weights, -30, 30)))
        slope = inputs.T @ (counted * wrong) - PENALTY * weights
        curve = (inputs * (counted * wrong * (1 - wrong))[:, None]).T @ inputs + PENALTY * np.eye(len(weights))
        free = (weights > 0) | (slope > 0)
        step = np.zeros_like(weights)
        step[free] = np.linalg.solve(curve[np.ix_(free, free)], slope[free])
        weights = np.maximum(0.0, weights + step)
    found: Floats = weights / scale
    return found
