"""What an outfit is made of, judged as a whole: which places of the body are filled, which twice, and which not at all.

The hard rules say what is never offered; this judges outfits that others have made, on one scale: the factor by which an
outfit is rarer among those that people make. Factors multiply, so that a fault cannot be outweighed by nice colours.
"""

import math
from collections import Counter
from collections.abc import Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import lru_cache
from itertools import combinations
from pathlib import Path
from typing import Any, NamedTuple

from outfit_pairing.errors import SettingsError
from outfit_pairing.style.article_types import SLOTS
from outfit_pairing.style.guide_files import GUIDE_FOLDER, known, mapping, read_guide, refuse_unknown, text_list
from outfit_pairing.style.vocabulary import StyleGuide

CHILDREN = frozenset({"girls", "boys", "kids"})
MIXED_SEXES, MIXED_AGES = 0.1, 0.05  # factors: women's with men's; adults' with children's
LACKING_FROM = 3  # items; a pair is no whole outfit, and lacks nothing
OWN_PLACE = ("innerwear", "sleepwear", "swimwear", "beauty")  # dressed, in their way
MISSING = ("bottom", "top", "shirt", "clothes", "footwear", "bag")
GROWN_UP = frozenset({"women", "men", "unisex"})
_SEX = {"women": "f", "girls": "f", "female": "f", "men": "m", "boys": "m", "male": "m"}


class Piece(NamedTuple):
    """What of an item the make-up depends on. `audience`: also female or male, where only the article type says for whom."""

    slot: str
    family: str
    audience: str | None = None


class Fault(NamedTuple):
    """One thing that makes an outfit rarer (factor below 1) or likelier (above), in words."""

    factor: float
    why: str


@dataclass(frozen=True, eq=False)
class MakeUp:
    """The written factors; see the guide's outfits.yaml for what each means. `same_job`: pairs of article types."""

    repeated: dict[str, float]
    same_family: float
    layers: frozenset[frozenset[str]]
    excluded: dict[frozenset[str], float]
    missing: dict[str, float]
    company: dict[frozenset[str], float]
    same_job: frozenset[frozenset[str]]

    def faults(self, pieces: Sequence[Piece]) -> tuple[Fault, ...]:
        """All that is to be said of an outfit of these pieces, in any order."""
        return _faults(self, tuple(sorted(pieces, key=lambda one: (one.slot, one.family, one.audience or ""))))

    def log_factor(self, pieces: Sequence[Piece]) -> float:
        """Natural logarithm of the product of all factors."""
        return math.fsum(math.log(fault.factor) for fault in self.faults(pieces))


@lru_cache(maxsize=100_000)
def _faults(make_up: MakeUp, pieces: tuple[Piece, ...]) -> tuple[Fault, ...]:
    slots = Counter(piece.slot for piece in pieces)
    return (
        *_repeats(make_up, pieces, slots),
        *_exclusions(make_up, pieces),
        *(_lacks(make_up, slots) if len(pieces) >= LACKING_FROM else ()),
        *_companies(make_up, pieces),
        *_wearers(frozenset(piece.audience for piece in pieces if piece.audience)),
    )


def _repeats(make_up: MakeUp, pieces: Sequence[Piece], slots: Counter[str]) -> list[Fault]:
    found = []
    for slot, count in slots.items():
        families = Counter(piece.family for piece in pieces if piece.slot == slot)
        layered = sum(frozenset(pair) in make_up.layers for pair in combinations(families, 2))
        more = max(0, count - 1 - min(layered, count - 1))
        if more and make_up.repeated[slot] < 1:
            found.append(Fault(make_up.repeated[slot] ** more, f"{count} items in one place ({slot})"))
        if make_up.repeated[slot] > make_up.same_family:
            found += [
                Fault(make_up.same_family ** (n - 1), f"{n} of one kind ({family})") for family, n in families.items() if n > 1
            ]
    return found


def _exclusions(make_up: MakeUp, pieces: Sequence[Piece]) -> list[Fault]:
    """Once for each pair of places, unless all that is in them is worn in layers."""
    met = {
        frozenset({left.slot, right.slot})
        for left, right in combinations(pieces, 2)
        if frozenset({left.family, right.family}) not in make_up.layers
    }
    return [
        Fault(factor, " with ".join(sorted(pair)).replace("_", " ")) for pair, factor in make_up.excluded.items() if pair in met
    ]


def _lacks(make_up: MakeUp, slots: Counter[str]) -> list[Fault]:
    dressed = slots["one_piece"] > 0 or any(slots[slot] for slot in OWN_PLACE)
    upper, lower = slots["top"] + slots["outerwear"] > 0, slots["bottom"] > 0
    lacking = {
        "bottom": upper and not lower and not dressed,
        "top": lower and not upper and not dressed,
        "shirt": lower and slots["outerwear"] > 0 and not slots["top"] and not dressed,
        "clothes": not (upper or lower or dressed),
        "footwear": not slots["footwear"] and not any(slots[slot] for slot in OWN_PLACE),
        "bag": not slots["bag"],
    }
    return [Fault(make_up.missing[what], f"no {what}") for what, lacks in lacking.items() if lacks]


def _companies(make_up: MakeUp, pieces: Sequence[Piece]) -> list[Fault]:
    found = []
    for left, right in combinations(pieces, 2):
        names = [frozenset({a, b}) for a in (left.family, left.slot) for b in (right.family, right.slot)]
        factor = next((make_up.company[pair] for pair in names if pair in make_up.company), None)
        if factor is not None:
            found.append(Fault(factor, f"{left.family} with {right.family}"))
    return found


def may_share(left: str | None, right: str | None) -> bool:
    """Whether one person may wear what is sold for these two audiences; one that is not said fits any."""
    return not _wearers(frozenset({left, right} - {None}))


def _wearers(said: frozenset[str | None]) -> list[Fault]:
    found = []
    if len({_SEX[audience] for audience in said if audience in _SEX}) > 1:
        found.append(Fault(MIXED_SEXES, "women's and men's"))
    if said & CHILDREN and said & GROWN_UP:
        found.append(Fault(MIXED_AGES, "adults' and children's"))
    return found


@lru_cache(maxsize=4)
def load_make_up(style_guide: StyleGuide, folder: Path | None = None) -> MakeUp:
    """The factors of outfits.yaml.   style_guide: its families and article types are what entries may name.

    Raises:  SettingsError: an unknown slot or family, a factor that is no positive number; names file and entry.
    """
    path = (folder or GUIDE_FOLDER) / "outfits.yaml"
    guide = read_guide(path)
    refuse_unknown(str(path), guide, {"repeated", "same_family", "layers", "excluded", "missing", "company", "same_job"})
    types = tuple(one.name for one in style_guide.article_types)
    names = (*SLOTS, *sorted({one.family for one in style_guide.article_types}))
    return MakeUp(
        repeated=_factors(path, guide, "repeated", SLOTS),
        same_family=_factor(path, "same_family", guide.get("same_family")),
        layers=frozenset(_pair(path, "layers", entry, names) for entry in guide.get("layers") or []),
        excluded=_pairs(path, "excluded", guide.get("excluded"), SLOTS),
        missing=_factors(path, guide, "missing", MISSING),
        company=_pairs(path, "company", guide.get("company"), names),
        same_job=frozenset(_same_jobs(path, guide.get("same_job"), types)),
    )


def _same_jobs(path: Path, entries: Any, types: tuple[str, ...]) -> Iterator[frozenset[str]]:
    """Every pair of article types that an entry holds."""
    for entry in entries or []:
        names = [known(f"{path}: same_job", "article type", name, types) for name in text_list(f"{path}", "same_job", entry)]
        yield from map(frozenset, combinations(names, 2))


def _factors(path: Path, guide: Mapping[str, Any], section: str, names: Sequence[str]) -> dict[str, float]:
    """A factor for each of the names, and for nothing else."""
    said = mapping(f"{path}: {section}", guide.get(section))
    refuse_unknown(f"{path}: {section}", said, names)
    absent = [name for name in names if name not in said]
    if absent:
        raise SettingsError(f"{path}: {section} says nothing of {absent[0]}; add it")
    return {name: _factor(path, f"{section} {name}", said[name]) for name in names}


def _pairs(path: Path, section: str, entries: Any, names: Collection[str]) -> dict[frozenset[str], float]:
    found = {}
    for entry in entries or []:
        if not isinstance(entry, list) or len(entry) != 3:
            raise SettingsError(f"{path}: {section}: {entry!r} is no [one, other, factor]")
        found[_pair(path, section, entry[:2], names)] = _factor(path, f"{section} {entry}", entry[2])
    return found


def _pair(path: Path, section: str, entry: Any, names: Collection[str]) -> frozenset[str]:
    if not isinstance(entry, list) or len(entry) != 2:
        raise SettingsError(f"{path}: {section}: {entry!r} is no pair of names")
    return frozenset(known(f"{path}: {section}", "name", name, tuple(names)) for name in entry)


def _factor(path: Path, what: str, value: Any) -> float:
    if isinstance(value, bool) or not isinstance(value, int | float) or not 0 < value < math.inf:
        raise SettingsError(f"{path}: {what}: {value!r} is no factor above 0")
    return float(value)
