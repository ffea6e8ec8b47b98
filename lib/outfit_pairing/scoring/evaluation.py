"""How well a score agrees with people who made outfits: AUC and fill-in-the-blank, with intervals.

AUC: how often an outfit scores above one that nobody made, out of as many random products (random), or with each item replaced
by another product of its kind (same type), which asks for taste rather than for structure. Fill in the blank: for every item of
every outfit, how often the outfit scores above three others that have another product in that item's place, random or of its kind.
Wrong products are drawn from those that people used. Chance is 0.5 for AUC and 0.25 for fill-in-the-blank of four.
"""

import random
from collections import defaultdict
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import NamedTuple

import numpy as np
import numpy.typing as npt

from outfit_pairing.scoring.outfit_files import GivenOutfit
from outfit_pairing.style.garment import Garment

Floats = npt.NDArray[np.float64]
Items = tuple[str, ...]
Scorer = Callable[[Sequence[Items]], Floats]

WRONG = 3  # wrong answers beside the right one
NOBODYS = 3  # outfits that nobody made, beside each that somebody did
RESAMPLES = 400
INTERVAL = (2.5, 97.5)


class Measured(NamedTuple):
    """A figure and its 95 % interval, from resampling whole outfits; `questions` it rests on."""

    value: float
    low: float
    high: float
    questions: int


@dataclass(frozen=True, slots=True)
class Blank:
    """One item of one outfit, asked for: the outfit, and the same with wrong items in its place.

    outfit: its number.   slot, audience: of the item.   same: empty when too few products are of its kind.
    """

    outfit: int
    slot: str
    audience: str | None
    right: Items
    random: tuple[Items, ...]
    same: tuple[Items, ...]


@dataclass(frozen=True)
class Evaluation:
    """All figures by name; `by_slot` and `by_audience`: fill-in-the-blank with same-type answers."""

    outfits: int
    figures: Mapping[str, Measured]
    by_slot: Mapping[str, Measured]
    by_audience: Mapping[str, Measured]


def known_outfits(outfits: Sequence[GivenOutfit], garments: Mapping[str, Garment]) -> list[Items]:
    """Items of each outfit that the catalogue has, of outfits with two or more such."""
    found = [tuple(dict.fromkeys(item for item in one.items if item in garments)) for one in outfits]
    return [items for items in found if len(items) > 1]


def blanks_of(outfits: Sequence[Items], garments: Mapping[str, Garment], seed: int) -> list[Blank]:
    """A question for every item; the same seed asks the same."""
    dice = random.Random(seed)
    used = sorted({item for items in outfits for item in items})
    by_kind, by_family = _grouped(used, garments)
    found = []
    for number, items in enumerate(outfits):
        for place, item in enumerate(items):
            others, garment = items[:place] + items[place + 1 :], garments[item]
            pools = (by_kind[garment.kind], by_family[garment.traits.family])
            same = next((some for pool in pools if (some := _drawn(pool, items, dice))), ())
            wrong = _drawn(used, items, dice)
            if wrong:
                found.append(
                    Blank(
                        outfit=number,
                        slot=garment.traits.slot,
                        audience=garment.audience,
                        right=items,
                        random=tuple((*others, other) for other in wrong),
                        same=tuple((*others, other) for other in same),
                    )
                )
    return found


def _drawn(pool: Sequence[str], taken: Items, dice: random.Random, many: int = WRONG) -> tuple[str, ...]:
    """As many of the pool as are asked for, none of them taken; none at all where it has too few."""
    some = dice.sample(pool, min(len(pool), many + len(taken)))
    free = [item for item in some if item not in taken][:many]
    return tuple(free) if len(free) == many else ()


def evaluate(outfits: Sequence[Items], garments: Mapping[str, Garment], score: Scorer, seed: int = 7) -> Evaluation:
    """All figures of a score on outfits that people made (two known items or more each)."""
    blanks = blanks_of(outfits, garments, seed)
    right = score([blank.right for blank in blanks])
    wrong_random = _scores(score, [blank.random for blank in blanks])
    fair = [number for number, blank in enumerate(blanks) if blank.same]
    wrong_same = _scores(score, [blanks[number].same for number in fair])
    whole, shuffled, alike = score(outfits), *(score(made) for made in nobodys(outfits, garments, seed))
    group, each = np.array([blank.outfit for blank in blanks]), np.arange(len(outfits))
    shuffled, alike = shuffled.reshape(len(outfits), -1), alike.reshape(len(outfits), -1)
    figures = {
        "auc_random": _resampled(each, lambda some: auc(whole[some], shuffled[some].ravel())),
        "auc_same_type": _resampled(each, lambda some: auc(whole[some], alike[some].ravel())),
        "fill_in_random": _resampled(group, lambda some: float(_won(right, wrong_random)[some].mean())),
        "fill_in_same_type": _resampled(group[fair], lambda some: float(_won(right[fair], wrong_same)[some].mean())),
    }
    won = _won(right[fair], wrong_same)
    return Evaluation(
        outfits=len(outfits),
        figures=figures,
        by_slot=_split(group[fair], won, [blanks[number].slot for number in fair]),
        by_audience=_split(group[fair], won, [blanks[number].audience or "not said" for number in fair]),
    )


def _scores(score: Scorer, questions: Sequence[Sequence[Items]]) -> Floats:
    """(questions, WRONG) scores of the wrong outfits."""
    return score([items for wrong in questions for items in wrong]).reshape(len(questions), WRONG)


def nobodys(outfits: Sequence[Items], garments: Mapping[str, Garment], seed: int) -> tuple[list[Items], list[Items]]:
    """NOBODYS outfits as large as each one: of random products, and of other products of the same kinds."""
    dice, used = random.Random(seed), sorted({item for items in outfits for item in items})
    kinds, families = _grouped(used, garments)
    shuffled = [tuple(dice.sample(used, min(len(items), len(used)))) for items in outfits for _ in range(NOBODYS)]
    alike = []
    for items in outfits:
        for _ in range(NOBODYS):
            made: list[str] = []
            for item in items:
                pools = (kinds[garments[item].kind], families[garments[item].traits.family])
                drawn = (_drawn(pool, (*items, *made), dice, 1) for pool in pools)
                made.append(next((one[0] for one in drawn if one), item))
            alike.append(tuple(made))
    return shuffled, alike


def _grouped(used: Sequence[str], garments: Mapping[str, Garment]) -> tuple[dict[str, list[str]], dict[str, list[str]]]:
    """Products by kind and by family."""
    kinds: dict[str, list[str]] = defaultdict(list)
    families: dict[str, list[str]] = defaultdict(list)
    for item in used:
        kinds[garments[item].kind].append(item)
        families[garments[item].traits.family].append(item)
    return kinds, families


def auc(right: Floats, wrong: Floats) -> float:
    """Share of pairs in which the right one scores higher; ties count half."""
    if not len(right) or not len(wrong):
        return float("nan")
    ordered = np.sort(wrong)
    below, up_to = np.searchsorted(ordered, right, "left"), np.searchsorted(ordered, right, "right")
    return float((below + up_to).mean() / (2 * len(wrong)))


def _won(right: Floats, wrong: Floats) -> Floats:
    """1 where the right answer scores highest; ties share."""
    higher, equal = (wrong > right[:, None]).any(axis=1), (wrong == right[:, None]).sum(axis=1)
    return np.where(higher, 0.0, 1.0 / (1 + equal))


def _resampled(group: npt.NDArray[np.int64], figure: Callable[[npt.NDArray[np.int64]], float]) -> Measured:
    everything = np.arange(len(group))
    if not len(group):
        return Measured(float("nan"), float("nan"), float("nan"), 0)
    dice = np.random.default_rng(1)
    names, inverse = np.unique(group, return_inverse=True)
    members = [np.flatnonzero(inverse == number) for number in range(len(names))]
    drawn = [
        figure(np.concatenate([members[number] for number in dice.integers(0, len(names), len(names))])) for _ in range(RESAMPLES)
    ]
    low, high = np.percentile(drawn, INTERVAL)
    return Measured(figure(everything), float(low), float(high), len(group))


def _split(group: npt.NDArray[np.int64], won: Floats, by: Sequence[str]) -> dict[str, Measured]:
    names = np.array(by)
    return {
        name: _resampled(group[names == name], lambda some, name=name: float(won[names == name][some].mean()))  # type: ignore[misc]
        for name in sorted(set(by))
    }
