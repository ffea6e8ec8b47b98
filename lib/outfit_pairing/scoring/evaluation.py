"""How well a score agrees with people who made outfits, in figures with intervals.

AUC: how often an outfit scores above one that nobody made, out of as many random products (random), or with each item replaced
by another product of its kind (same type), which asks for taste rather than for structure. Fill in the blank: for every item of
every outfit, how often the outfit scores above three others that have another product in that item's place, random or of its kind.
Recall: how often the item that was chosen is among the best 10 of 100 products of its slot. Chance is CHANCE.
"""

import math
import random
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from types import MappingProxyType
from typing import NamedTuple

import numpy as np
import numpy.typing as npt

from outfit_pairing.scoring.questions import (
    NOBODYS,
    WRONG,
    Blank,
    Garments,
    Items,
    Nobodys,
    alike_outfits,
    blanks_of,
    candidates_of,
    shuffled_outfits,
    some_of,
)

Floats = npt.NDArray[np.float64]
Numbers = npt.NDArray[np.int64]
Scorer = Callable[[Sequence[Items]], Floats]

CHANCE = MappingProxyType(
    {"auc_random": 0.5, "auc_same_type": 0.5, "fill_in_random": 0.25, "fill_in_same_type": 0.25, "recall_at_10": 0.1}
)
MOST_MEASURED = 4_000  # outfits, drawn where there are more; intervals are narrow by then
MOST_BLANKS_RANKED = 1_500
BEST = 0.1  # of the products ranked: 10 of 100
RESAMPLES = 400
INTERVAL = (2.5, 97.5)
WEARERS = {None: "not said", "female": "women or girls", "male": "men or boys"}


class Measured(NamedTuple):
    """A figure and its 95 % interval, from resampling whole outfits; `questions` it rests on. nan: nothing to measure."""

    value: float
    low: float
    high: float
    questions: int


NOTHING = Measured(math.nan, math.nan, math.nan, 0)
Figures = Mapping[str, Measured]


@dataclass(frozen=True)
class Evaluation:
    """Figures by the names of CHANCE; `by_slot` and `by_audience`: those of blanks, by the slot or audience of the item asked for.

    outfits: that people made.   measured: how many of them the figures rest on.
    """

    outfits: int
    measured: int
    figures: Figures
    by_slot: Mapping[str, Figures]
    by_audience: Mapping[str, Figures]


class _Asked(NamedTuple):
    """Blanks that were asked, and 0 to 1 for each: how right the answer was."""

    blanks: Sequence[Blank]
    right: Floats


def evaluate(outfits: Sequence[Items], garments: Garments, score: Scorer, seed: int = 7) -> Evaluation:
    """All figures of a score on outfits that people made (two known items or more each)."""
    measured = some_of(outfits, MOST_MEASURED, seed)
    whole, blanks = score(measured), blanks_of(measured, garments, seed)
    fair = [blank for blank in blanks if blank.same]
    asked = {
        "fill_in_random": _Asked(blanks, _filled(score, whole, blanks, [blank.random for blank in blanks])),
        "fill_in_same_type": _Asked(fair, _filled(score, whole, fair, [blank.same for blank in fair])),
        "recall_at_10": _recalled(score, whole, blanks, garments, seed),
    }
    split = {name: asked[name] for name in ("fill_in_same_type", "recall_at_10")}
    return Evaluation(
        outfits=len(outfits),
        measured=len(measured),
        figures={
            "auc_random": _auc_of(score, whole, shuffled_outfits(measured, seed)),
            "auc_same_type": _auc_of(score, whole, alike_outfits(measured, garments, seed)),
            **{name: _mean_of(one, range(len(one.blanks))) for name, one in asked.items()},
        },
        by_slot=_split(split, lambda blank: blank.slot),
        by_audience=_split(split, lambda blank: WEARERS.get(blank.audience) or str(blank.audience)),
    )


def auc(right: Floats, wrong: Floats) -> float:
    """Share of pairs in which the right one scores higher; ties count half. nan when there is no pair."""
    if not len(right) or not len(wrong):
        return math.nan
    ordered = np.sort(wrong)
    below, up_to = np.searchsorted(ordered, right, "left"), np.searchsorted(ordered, right, "right")
    return float((below + up_to).mean() / (2 * len(wrong)))


def _auc_of(score: Scorer, whole: Floats, made: Sequence[Nobodys]) -> Measured:
    """Of outfits that have outfits of nobody beside them."""
    beside = np.full((len(whole), NOBODYS), np.nan)
    taken = np.zeros(len(whole), dtype=np.int64)
    for one, scored in zip(made, score([one.items for one in made]), strict=True):
        beside[one.outfit, taken[one.outfit]] = scored
        taken[one.outfit] += 1
    right, wrong = whole[taken > 0], beside[taken > 0]

    def figure(some: Numbers) -> float:
        drawn = wrong[some].ravel()
        return auc(right[some], drawn[~np.isnan(drawn)])

    return _resampled(len(right), len(right), figure)


def _filled(score: Scorer, whole: Floats, blanks: Sequence[Blank], questions: Sequence[Sequence[Items]]) -> Floats:
    """For each blank 1 where the right answer scores highest; ties share."""
    wrong = score([items for answers in questions for items in answers]).reshape(len(questions), WRONG)
    right = whole[[blank.outfit for blank in blanks]][:, None]
    found: Floats = np.where((wrong > right).any(axis=1), 0.0, 1.0 / (1 + (wrong == right).sum(axis=1)))
    return found


def _recalled(score: Scorer, whole: Floats, blanks: Sequence[Blank], garments: Garments, seed: int) -> _Asked:
    """Whether the right product is among the BEST share of the products that it is ranked with, for some of the blanks."""
    chosen = [blanks[one] for one in sorted(random.Random(seed).sample(range(len(blanks)), min(len(blanks), MOST_BLANKS_RANKED)))]
    asked, right = [], []
    for blank, wrong in zip(chosen, candidates_of(chosen, garments, seed), strict=True):
        if wrong:
            others = blank.others
            asked.append(blank)
            right.append(_among_best(float(whole[blank.outfit]), score([(*others, one) for one in wrong])))
    return _Asked(asked, np.array(right, dtype=np.float64))


def _among_best(right: float, wrong: Floats) -> float:
    """The chance to find it among the BEST share when products of one score are in any order."""
    above, equal = int((wrong > right).sum()), int((wrong == right).sum())
    places = BEST * (len(wrong) + 1) - above
    return min(1.0, max(0.0, places / (1 + equal)))


def _mean_of(asked: _Asked, kept: Sequence[int]) -> Measured:
    """The mean over the blanks of those numbers."""
    if not kept:
        return NOTHING
    outfits, place = np.unique([asked.blanks[number].outfit for number in kept], return_inverse=True)
    counts, sums = np.bincount(place), np.bincount(place, weights=asked.right[kept])
    return _resampled(len(outfits), len(kept), lambda some: float(sums[some].sum() / counts[some].sum()))


def _resampled(outfits: int, questions: int, figure: Callable[[Numbers], float]) -> Measured:
    """`figure` of outfits by number, each as often as it was drawn."""
    if not questions:
        return NOTHING
    dice = np.random.default_rng(1)
    drawn = [figure(dice.integers(0, outfits, outfits)) for _ in range(RESAMPLES)] if outfits > 1 else [math.nan]
    low, high = np.percentile(drawn, INTERVAL)
    return Measured(figure(np.arange(outfits)), float(low), float(high), questions)


def _split(asked: Mapping[str, _Asked], by: Callable[[Blank], str]) -> dict[str, Figures]:
    names = sorted({by(blank) for one in asked.values() for blank in one.blanks})
    found: dict[str, dict[str, Measured]] = {name: {} for name in names}
    for figure, one in asked.items():
        numbers: dict[str, list[int]] = {name: [] for name in names}
        for number, blank in enumerate(one.blanks):
            numbers[by(blank)].append(number)
        for name, kept in numbers.items():
            found[name][figure] = _mean_of(one, kept)
    return dict(found)
