"""What the words of a product's name say: its moods (sporty, boho, tailored, …) and whether it carries a print."""

import math
from collections.abc import Mapping
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path
from typing import Any

from outfit_pairing.style.guide_files import GUIDE_FOLDER, known, mapping, read_guide, refuse_unknown, text_list
from outfit_pairing.style.normalise import key, keys_in

MOST_WORDS = 3  # of an entry
JOINED = 0.6  # how alike two moods are that join well, where one mood with itself is 1


@dataclass(frozen=True, slots=True)
class Mood:
    """What is read in a name. `weights`: of each mood, a unit vector; () when no word says anything.   prints: of its prints."""

    weights: tuple[float, ...]
    prints: frozenset[str]
    loud: bool


@dataclass(frozen=True, eq=False)
class Moods:
    """The moods of the guide. `alike`: (moods, moods) how well they go together, 0 to 1."""

    names: tuple[str, ...]
    by_word: Mapping[str, tuple[int, ...]]
    alike: tuple[tuple[float, ...], ...]
    prints: frozenset[str]
    quiet: frozenset[str]

    def of(self, text: str) -> Mood:
        """The moods that a text's words name, rarer words not preferred; each word counts once."""
        return _mood(self, text)

    def together(self, left: Mood, right: Mood) -> float | None:
        """0 at odds to 1 of one mood; None when either says nothing."""
        if not left.weights or not right.weights:
            return None
        return _together(self, left.weights, right.weights)


@lru_cache(maxsize=200_000)
def _mood(moods: Moods, text: str) -> Mood:
    runs = keys_in(text, MOST_WORDS)
    counts = [0.0] * len(moods.names)
    for run in sorted(runs & moods.by_word.keys()):  # sorted: a sum of fractions has other bits in another order
        for place in moods.by_word[run]:
            counts[place] += 1 / len(moods.by_word[run])
    length = math.sqrt(sum(count * count for count in counts if count))
    found = frozenset(runs) & moods.prints
    return Mood(tuple(count / length for count in counts) if length else (), found, bool(found - moods.quiet))


@lru_cache(maxsize=200_000)
def _together(moods: Moods, left: tuple[float, ...], right: tuple[float, ...]) -> float:
    return min(1.0, _product(moods, left, right) / math.sqrt(_product(moods, left, left) * _product(moods, right, right)))


@lru_cache(maxsize=200_000)
def _product(moods: Moods, left: tuple[float, ...], right: tuple[float, ...]) -> float:
    named = [(place, weight) for place, weight in enumerate(right) if weight]
    return math.fsum(x * y * moods.alike[row][place] for row, x in enumerate(left) if x for place, y in named)


@lru_cache(maxsize=4)
def load_moods(folder: Path | None = None) -> Moods:
    """The moods of moods.yaml.    Raises:  SettingsError: an unknown field or mood; names file and entry."""
    path = (folder or GUIDE_FOLDER) / "moods.yaml"
    guide = read_guide(path)
    refuse_unknown(str(path), guide, {"moods", "prints", "quiet"})
    entries = {
        name: mapping(f"{path}: mood {name}", entry) for name, entry in mapping(f"{path}: moods", guide.get("moods")).items()
    }
    names = tuple(entries)
    by_word: dict[str, list[int]] = {}
    joined = set()
    for place, (name, entry) in enumerate(entries.items()):
        refuse_unknown(f"{path}: mood {name}", entry, {"words", "joins"})
        for word in text_list(f"{path}: mood {name}", "words", entry.get("words")):
            by_word.setdefault(key(word), []).append(place)
        for other in text_list(f"{path}: mood {name}", "joins", entry.get("joins", [])):
            joined |= {(place, names.index(known(f"{path}: mood {name}", "join", other, names)))}
    alike = tuple(
        tuple(1.0 if a == b else JOINED if {(a, b), (b, a)} & joined else 0.0 for b in range(len(names))) for a in range(len(names))
    )
    return Moods(
        names,
        {word: tuple(dict.fromkeys(places)) for word, places in by_word.items()},
        alike,
        _keys(path, guide, "prints"),
        _keys(path, guide, "quiet"),
    )


def _keys(path: Path, guide: Mapping[str, Any], section: str) -> frozenset[str]:
    return frozenset(key(word) for word in text_list(str(path), section, guide.get(section)))
