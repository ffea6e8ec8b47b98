"""Products as small whole numbers, and the tables between those numbers.

Rules and compatibility are evaluated once per pair of distinct values (a few hundred traits, some fifty colours) on the
driver; workers only look results up. A lookup is also exact, so that outfits do not depend on how the catalogue was cut.
"""

import math
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt
import pandas as pd

from outfit_pairing.style import SEASONS, SLOTS, Colour, StyleGuide, harmony
from outfit_pairing.style.audience import may_mix
from outfit_pairing.style.bearings import Bearings, load_bearings
from outfit_pairing.style.compatibility import NEUTRAL, TIERS, WEIGHTS, dress_reason, price_score, season_score, traits_score
from outfit_pairing.style.make_up import load_make_up
from outfit_pairing.style.outfit_score import TONE_REACH
from outfit_pairing.style.rules import flags_of, verdict
from outfit_pairing.style.traits import OWN_KIND, Traits, traits_of
from outfit_pairing.style.vocabulary import AUDIENCES

Floats = npt.NDArray[np.float32]
Ints = npt.NDArray[np.int64]
Bools = npt.NDArray[np.bool_]

TRAIT_COLUMNS = ("article_type", "slot", "usage", "department")
CODED_COLUMNS = (*TRAIT_COLUMNS, "colour", "audience", "season", "price_tier")
NO_REASON = 0  # index of the empty reason
TONAL = 0.15  # share of likeness in how colours are judged
STYLE_REACH = 20.0 * 600**2  # odds, in units of `style_space`, from end to end of the scale
MULTIPLIER = np.uint64(0x9E3779B97F4A7C15)  # 2**64 / golden ratio: Fibonacci hashing (Knuth, TAOCP 3, 6.4)


@dataclass(frozen=True, eq=False)
class ProductCodes:
    """Codes of n products, each of shape (n,) int64, and the hash of each product id, (n,) uint64.

    style: (n, width) whole numbers of `style_space`; width 0 where nothing is known of it.   bearing: (n,) 0 where names say none.
    """

    traits: Ints
    colour: Ints
    audience: Ints
    season: Ints
    tier: Ints
    hash: npt.NDArray[np.uint64]
    style: Floats
    bearing: Ints

    def __len__(self) -> int:
        return len(self.traits)

    def take(self, rows: Ints) -> "ProductCodes":
        """The codes of some rows, in the order given; `rows` of any shape."""
        return ProductCodes(
            self.traits[rows], self.colour[rows], self.audience[rows], self.season[rows], self.tier[rows], self.hash[rows],
            self.style[rows], self.bearing[rows],
        )  # fmt: skip


@dataclass(frozen=True, eq=False)
class StyleTables:
    """Tables between codes: T distinct traits, C colours (code 0: none said), 4 seasons and 3 tiers (0: not said)."""

    trait_codes: Mapping[tuple[str | None, ...], int]
    colour_codes: Mapping[str | None, int]
    allowed: Bools  # (T, T)
    same_job: Bools  # (T, T) among what goes with its own kind only
    at_odds: Bools  # (1 + bearings, T)
    traits_score: Floats  # (T, T)
    dress_reason: Ints  # (T, T) into reasons
    offered: Bools  # (T,)
    slot: Ints  # (T,) into SLOTS
    own_kind: Bools  # (T,)
    article_type: Ints  # (T,) equal numbers = the same article type of the style guide
    family: Ints  # (T,)
    flags: Ints  # (T,)
    draws: Ints  # (T,) what lots are drawn by: numbers among all traits, what is nothing to wear counted too
    harmony: Floats  # (C, C)
    clash: Bools  # (C, C)
    colour_reason: Ints  # (C, C) into reasons
    colour_family: Ints  # (C,) 0 for neutrals, which do not count towards the two of one family
    audience: Bools  # (A, A)
    season: Floats  # (5, 5)
    price: Floats  # (4, 4)
    reasons: tuple[str, ...]
    bearings: Bearings

    def encode(self, frame: pd.DataFrame, style: Floats | None = None) -> ProductCodes:
        """Codes of products; `frame` has product_id, CODED_COLUMNS and maybe name. A value unknown to the tables is a KeyError."""
        nulled = {name: _nulled(frame[name]) for name in CODED_COLUMNS}
        keys = zip(*(nulled[name] for name in TRAIT_COLUMNS), strict=True)
        return ProductCodes(
            traits=_array([self.trait_codes[key] for key in keys]),
            colour=_array([self.colour_codes[value] for value in nulled["colour"]]),
            audience=_array([AUDIENCE_CODES[value or "unisex"] for value in nulled["audience"]]),
            season=_array([SEASON_CODES[value] for value in nulled["season"]]),
            tier=_array([TIER_CODES[value] for value in nulled["price_tier"]]),
            hash=hashes(frame["product_id"]),
            style=np.zeros((len(frame), 0), dtype=np.float32) if style is None else style,
            bearing=_array([self.bearings.of(_plain(name)) for name in frame["name"]] if "name" in frame else [0] * len(frame)),
        )


AUDIENCE_CODES = {name: code for code, name in enumerate(AUDIENCES)}
SEASON_CODES: dict[str | None, int] = {None: 0} | {name: code + 1 for code, name in enumerate(SEASONS)}
TIER_CODES: dict[str | None, int] = {None: 0} | {name: code + 1 for code, name in enumerate(TIERS)}
SLOT_CODES = {name: code for code, name in enumerate(SLOTS)}


def hashes(values: Iterable[str]) -> npt.NDArray[np.uint64]:
    """A 64-bit hash of each string, the same in every process."""
    return pd.util.hash_array(np.array(list(values), dtype=object), categorize=False)


def lots(left: npt.NDArray[np.uint64], right: npt.NDArray[np.uint64]) -> Floats:
    """A number in [0, 1) drawn for each pair of hashes, always the same one; broadcast."""
    mixed = (left ^ right) * MULTIPLIER
    mixed = (mixed ^ (mixed >> np.uint64(29))) * MULTIPLIER
    drawn: Floats = (mixed >> np.uint64(44)).astype(np.float32) * np.float32(1.0 / (1 << 20))
    return drawn


def style_tables(
    traits: Iterable[tuple[str | None, ...]],
    colours: Iterable[str | None],
    guide: StyleGuide,
    kinds_gain: Callable[[str | None, str | None], float] | None = None,
) -> StyleTables:
    """The tables for a catalogue's distinct traits (values of TRAIT_COLUMNS) and colour names.

    kinds_gain: what two of the shop's article types gain by going together, -0.5 to 0.5 of the weight of style.
    """
    keys = sorted({tuple(_plain(value) for value in key) for key in traits}, key=str)
    all_of_key = {key: traits_of(key[0], key[1] or "other", key[2], key[3], guide) for key in keys}
    draws = {found: draw for draw, found in enumerate(dict.fromkeys(all_of_key.values()))}
    of_key = {key: _judged_as(found, guide) for key, found in all_of_key.items()}
    distinct = list(dict.fromkeys(of_key.values()))
    number = {found: code for code, found in enumerate(distinct)}
    names = sorted({colour for colour in map(_plain, colours) if colour})
    reasons = [""]
    bearings, same_job = load_bearings(guide), load_make_up(guide).same_job
    return StyleTables(
        trait_codes={key: number[found] for key, found in of_key.items()},
        colour_codes={None: 0} | {name: code + 1 for code, name in enumerate(names)},
        allowed=_table(distinct, lambda a, b: verdict(a, b).allowed, np.bool_),
        same_job=_table(distinct, lambda a, b: frozenset({a.article_type, b.article_type}) in same_job, np.bool_),
        at_odds=np.array([[False] * len(distinct), *([one.at_odds(other) for other in distinct] for one in bearings.all)]),
        traits_score=_table(distinct, traits_score, np.float32) + _gains(keys, of_key, distinct, kinds_gain),
        dress_reason=_interned(_table(distinct, dress_reason, object), reasons),
        offered=np.array([found.offered for found in distinct]),
        slot=_array([SLOT_CODES[found.slot] for found in distinct]),
        own_kind=np.array([found.slot in OWN_KIND for found in distinct]),
        article_type=_numbered(found.article_type for found in distinct),
        family=_numbered(found.family for found in distinct),
        flags=_array([flags_of(found) for found in distinct]),
        draws=_array([draws.get(found, len(draws)) for found in distinct]),
        **_colour_tables([guide.colour(name) for name in names], reasons),
        audience=_table(list(AUDIENCES), may_mix, np.bool_),
        season=_table(list(SEASON_CODES), season_score, np.float32),
        price=_table(list(TIER_CODES), price_score, np.float32),
        reasons=tuple(reasons),
        bearings=bearings,
    )


def _judged_as(found: Traits, guide: StyleGuide) -> Traits:
    """The same for all that is nothing to wear: a shop has any number of words for that, and tables are as wide as traits."""
    return found if found.can_have_outfits else traits_of(None, "other", None, None, guide)


def _gains(keys: Any, of_key: Any, distinct: list[Any], kinds_gain: Callable[[str | None, str | None], float] | None) -> Floats:
    """(T, T) by the first of the shop's words for each kind of traits."""
    if kinds_gain is None:
        return np.zeros((len(distinct), len(distinct)), dtype=np.float32)
    word: dict[Any, str | None] = {}
    for one in keys:
        word.setdefault(of_key[one], one[0])
    gains = _table([word[one] for one in distinct], kinds_gain, np.float32)
    return np.asarray(gains * np.float32(WEIGHTS["style"]), dtype=np.float32)


def _colour_tables(colours: list[Colour | None], reasons: list[str]) -> dict[str, Any]:
    """Harmony among colours; code 0 and names that the guide does not know are neutral company without a reason."""
    known = [None, *colours]
    pairs = [[harmony(a, b) if a and b else None for b in known] for a in known]
    words = np.array([[pair.reason if pair else "" for pair in row] for row in pairs], dtype=object)
    strong = ["" if colour is None or colour.neutral else colour.family for colour in known]
    return {
        "harmony": np.array([[_colour_score(a, b) if a and b else NEUTRAL for b in known] for a in known], dtype=np.float32),
        "clash": np.array([[bool(pair and pair.clash) for pair in row] for row in pairs]),
        "colour_reason": _interned(words, reasons),
        "colour_family": _numbered(["", *strong])[1:],
    }


def _colour_score(a: Colour, b: Colour) -> float:
    """Harmony by the wheel, and likeness: people dress in tones more often than contrasts alone would tell."""
    wheel = harmony(a, b).score
    if "multi" in (a.family, b.family):
        return wheel
    return (1 - TONAL) * wheel + TONAL * math.exp(-math.dist(a.lab, b.lab) / TONE_REACH)


def _table(values: list, judge, dtype) -> npt.NDArray:  # type: ignore[no-untyped-def, type-arg]
    return np.array([[judge(a, b) for b in values] for a in values], dtype=dtype).reshape(len(values), len(values))


def _interned(words: npt.NDArray[np.object_], reasons: list[str]) -> Ints:
    """Words as indices into `reasons`, which grows; the empty word is NO_REASON."""
    index = {word: code for code, word in enumerate(reasons)}
    for word in words.ravel():
        if word not in index:
            index[word] = len(reasons)
            reasons.append(word)
    return _array([index[word] for word in words.ravel()]).reshape(words.shape)


def _numbered(names: Iterable[str]) -> Ints:
    index: dict[str, int] = {}
    return _array([index.setdefault(name, len(index)) for name in names])


def _array(values: list[int]) -> Ints:
    return np.array(values, dtype=np.int64)


def _nulled(column: "pd.Series[str]") -> list[str | None]:
    return [_plain(value) for value in column.tolist()]


def _plain(value: object) -> str | None:
    return value if isinstance(value, str) else None


def colour_score(tables: StyleTables, left: Ints, right: Ints) -> Floats:
    """Weighed harmony of colour codes, broadcast."""
    return np.float32(WEIGHTS["colour"]) * tables.harmony[left, right]


def style_score(left: Floats, right: Floats) -> Floats:
    """0 to 1, one half where nothing is known; broadcast over all but the last axis. Sums of whole numbers, hence exact."""
    odds = np.einsum("...d,...d->...", left, right) * np.float32(1 / STYLE_REACH)
    clipped: Floats = np.clip(odds, np.float32(-0.5), np.float32(0.5)) + np.float32(0.5)
    return clipped


def pair_score(tables: StyleTables, left: ProductCodes, right: ProductCodes) -> Floats:
    """Compatibility of products, 0 to 1, broadcast over the shapes of their codes. Elementwise, hence exact anywhere."""
    score = tables.traits_score[left.traits, right.traits] + colour_score(tables, left.colour, right.colour)
    score = score + np.float32(WEIGHTS["season"] / 2) * tables.season[left.season, right.season]
    score = score + np.float32(WEIGHTS["style"]) * style_score(left.style, right.style)
    return score + np.float32(WEIGHTS["price"]) * tables.price[left.tier, right.tier]


def pair_allowed(tables: StyleTables, left: ProductCodes, right: ProductCodes) -> Bools:
    """Whether products may share an outfit: by traits, audience, colour clash and slot (rules 2, 3, 5, 6, 8, 9) and bearing."""
    allowed: Bools = tables.allowed[left.traits, right.traits] & tables.audience[left.audience, right.audience]
    allowed = allowed & ~tables.clash[left.colour, right.colour]
    allowed &= ~(tables.at_odds[left.bearing, right.traits] | tables.at_odds[right.bearing, left.traits])
    same_slot = tables.slot[left.traits] == tables.slot[right.traits]
    may_share = tables.own_kind[left.traits] | (tables.slot[left.traits] == SLOT_CODES["jewellery"])
    other_type = tables.article_type[left.traits] != tables.article_type[right.traits]
    allowed &= ~same_slot | (may_share & other_type)
    return allowed
