"""How well the items of an outfit go together, 0 to 1, whoever put them together.

The make-up (what is worn, what is missing, what is there twice) is a gate: its factors multiply the odds. The other parts are
means over the pairs of items, each on a fixed scale around 0 for "says nothing": one outfit's score does not depend on the
others. What a catalogue does not say counts as 0. Of two pairs of shoes only one is worn at a time, and the outfit is as good as
with the worse of them: no nice colours outweigh a second pair.

The weights were fitted to looks that stylists wrote for three made-up shops, judged on the shop left out, and rounded;
docs/decisions.md has the figures.
"""

import math
from collections.abc import Callable, Sequence
from functools import lru_cache
from itertools import combinations, islice, product

import numpy as np
import numpy.typing as npt

from outfit_pairing.style.colours import Colour, harmony
from outfit_pairing.style.compatibility import dress_score, formality_score, season_score
from outfit_pairing.style.garment import Garment
from outfit_pairing.style.make_up import MakeUp, load_make_up
from outfit_pairing.style.moods import load_moods
from outfit_pairing.style.traits import Traits
from outfit_pairing.style.vocabulary import load_style_guide

Vectors = npt.NDArray[np.float32]

# What each part weighs in the logarithm of the odds.
WEIGHTS = {
    "make_up": 1.0, "style": 18.0, "mood": 8.0, "tone": 1.5, "one_colour": 2.0, "clash": 5.0, "dress": 0.5, "formality": 1.4,
    "warmth": 5.0, "season": 5.0, "price": 2.5, "prints": 0.5,
}  # fmt: skip
BASE = 1.0  # of an outfit of which nothing is known
USUAL = {"tone": 0.26, "dress": 0.72, "formality": 0.85, "season": 0.7, "mood": 0.45, "price": 0.5}  # what says nothing
TONE_REACH = 30.0  # CIELAB distance at which two colours look no more alike than chance
WARMTH = (0.3, 0.1, -0.5, -1.0)  # by levels of warmth apart; a coat goes over anything
ONE_AT_A_TIME = ("footwear", "bag")  # slots of which one item is worn, whatever else is there
MOST_WAYS = 64  # to wear an outfit that are looked at
COVERED = frozenset({"top", "one_piece"})  # worn under outerwear, so that two levels more are no fault
MOST_PRICE_GAP = 2.0  # natural logarithm: one costs seven times what the other does, for its kind


def log_odds(garments: Sequence[Garment], vectors: Vectors, learnt: Callable[[Sequence[Garment]], float] | None = None) -> float:
    """The logarithm of the odds that people put two or more garments together.

    Args:  vectors: the wardrobe's style vectors.   learnt: what is to be added for garments that are worn together.
    """
    make_up = WEIGHTS["make_up"] * _make_up().log_factor([one.piece for one in garments])
    return BASE + make_up + min(_company(worn, vectors) + (learnt(worn) if learnt else 0.0) for worn in ways_to_wear(garments))


def ways_to_wear(garments: Sequence[Garment]) -> list[tuple[Garment, ...]]:
    """The garments that are worn at a time, in each way: all of them, unless a slot of ONE_AT_A_TIME holds more than one."""
    spare = {slot: [one for one in garments if one.traits.slot == slot] for slot in ONE_AT_A_TIME}
    choices = [[(one,) for one in some] for some in spare.values() if len(some) > 1]
    if not choices:
        return [tuple(garments)]
    always = tuple(one for one in garments if len(spare.get(one.traits.slot, ())) < 2)
    return [(*always, *(one for some in way for one in some)) for way in islice(product(*choices), MOST_WAYS)]


def _company(garments: Sequence[Garment], vectors: Vectors) -> float:
    return math.fsum(WEIGHTS[name] * value for name, value in company(garments, vectors).items())


def score_of(odds: float) -> float:
    """0 to 1 from a logarithm of odds."""
    return 1 / (1 + math.exp(-max(-60.0, min(60.0, odds))))


def company(garments: Sequence[Garment], vectors: Vectors) -> dict[str, float]:
    """Every part but the make-up by name, of garments worn together; 0 says nothing, below 0 speaks against the outfit."""
    pairs = list(combinations(garments, 2))
    many = max(1, len(pairs))
    found = {name: math.fsum(part(left, right) for left, right in pairs) / many for name, part in _OF_PAIRS.items()}
    found["style"] = _style([one.place for one in garments if one.place >= 0], vectors)
    found["prints"] = -float(max(0, sum(one.mood.loud for one in garments) - 1))
    return found


def _style(places: Sequence[int], vectors: Vectors) -> float:
    """Mean cosine of the pairs."""
    if len(places) < 2:
        return 0.0
    rows = vectors[sorted(places)].astype(np.float64)  # sorted: another order gives other bits
    whole = rows.sum(axis=0)
    return float(whole @ whole - np.square(rows).sum()) / (len(places) * (len(places) - 1))


def _tone(left: Garment, right: Garment) -> float:
    """How alike two colours look: people dress in tones more than in contrasts."""
    a, b = left.colour, right.colour
    return 0.0 if a is None or b is None or _many(a, b) else math.exp(-math.dist(a.lab, b.lab) / TONE_REACH) - USUAL["tone"]


def _one_colour(left: Garment, right: Garment) -> float:
    a, b = left.colour, right.colour
    return 1.0 if a is not None and b is not None and a.family == b.family and not _many(a, b) else 0.0


def _clash(left: Garment, right: Garment) -> float:
    a, b = left.colour, right.colour
    return -1.0 if a is not None and b is not None and harmony(a, b).clash else 0.0


def _many(a: Colour, b: Colour) -> bool:
    return "multi" in {a.family, b.family}


def _dress(left: Garment, right: Garment) -> float:
    return _dress_of(left.traits, right.traits)


@lru_cache(maxsize=200_000)
def _dress_of(left: Traits, right: Traits) -> float:
    """Whether two are dressed for the same thing: by what they are sold for, else by how much of what they suit they share."""
    if left.dress_code and right.dress_code:
        return dress_score(left, right) - USUAL["dress"]
    shared = len(left.suits & right.suits) / max(1, min(len(left.suits), len(right.suits)))
    return shared - USUAL["dress"]


def _formality(left: Garment, right: Garment) -> float:
    if left.traits.formality is None or right.traits.formality is None:
        return 0.0
    return formality_score(left.traits, right.traits) - USUAL["formality"]


def _warmth(left: Garment, right: Garment) -> float:
    a, b = left.traits.warmth, right.traits.warmth
    if a is None or b is None:
        return 0.0
    slots = {left.traits.slot, right.traits.slot}
    gap = abs(a - b) - (2 if "outerwear" in slots and slots & COVERED else 0)
    return WARMTH[max(0, min(gap, len(WARMTH) - 1))]


def _season(left: Garment, right: Garment) -> float:
    return 0.0 if left.season is None or right.season is None else season_score(left.season, right.season) - USUAL["season"]


def _price(left: Garment, right: Garment) -> float:
    if left.price_level is None or right.price_level is None:
        return 0.0
    return USUAL["price"] - min(1.0, abs(left.price_level - right.price_level) / MOST_PRICE_GAP)


def _mood(left: Garment, right: Garment) -> float:
    together = load_moods().together(left.mood, right.mood)
    return 0.0 if together is None else together - USUAL["mood"]


_OF_PAIRS = {
    "mood": _mood, "tone": _tone, "one_colour": _one_colour, "clash": _clash, "dress": _dress, "formality": _formality,
    "warmth": _warmth, "season": _season, "price": _price,
}  # fmt: skip


@lru_cache(maxsize=1)
def _make_up() -> MakeUp:
    return load_make_up(load_style_guide())
