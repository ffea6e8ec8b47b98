"""What catalogues call colours: from "Medium Heather Grey", "Russet Red" or "Black/White" to a `Colour`.

An exact name wins. Else the longest known name at the end of the text is the colour, and the words before it shade it:
"dark teal" is teal moved towards black, "russet red" lies between russet and red, "galaxy blue" is blue.
"""

import re
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any, NamedTuple

from outfit_pairing.errors import SettingsError
from outfit_pairing.style.colours import Colour
from outfit_pairing.style.guide_files import mapping, read_guide, refuse_unknown, text_list, word_index
from outfit_pairing.style.lab import Lab, hex_to_lab
from outfit_pairing.style.normalise import key, words

_BRACKETS = re.compile(r"\(.*?\)|\[.*?\]")
_SEVERAL = re.compile(r"[/,&+;|]|\s-\s|\band\b|\bwith\b", re.IGNORECASE)
_TAILS = re.compile(r"\bin\s+|\s[-–—|]\s|[(\[,]", re.IGNORECASE)
_ASIDE = re.compile(r"\bwith\b", re.IGNORECASE)
_MOST_WORDS = 3  # of a colour's name inside a longer text
_NEON = 120.0  # no dye is stronger


class Shade(NamedTuple):
    """What a word such as "dark" does: moves lightness to white (+) or black (-) by a share, multiplies chroma."""

    name: str
    lightness: float
    chroma: float


@dataclass(frozen=True, eq=False)
class ColourNames:
    """Finds the colour that a text names. `by_key` and `shades` are looked up by `normalise.key`.

    plain: keys of words that mean their colour also in the middle of a product name ("navy", not "rose" or "sand").
    """

    colours: tuple[Colour, ...]
    by_key: Mapping[str, Colour]
    shades: Mapping[str, Shade]
    plain: frozenset[str] = frozenset()

    def find(self, text: str) -> Colour | None:
        """The colour `text` names, the first of two, "multi" for three or more; None when it names none."""
        exact = self.by_key.get(key(text))
        if exact:
            return exact
        named = [self._shaded(words(part)) for part in _SEVERAL.split(_BRACKETS.sub(" ", text))]
        found = [colour for colour in named if colour]
        if len({colour.family for colour in found}) > 2:
            return self.by_key.get("multi", found[0])
        return found[0] if found else None

    def find_in_name(self, name: str) -> Colour | None:
        """The colour that a product name says, or None: a part after "in", a dash or a bracket that is all colour
        ("The Crew - Medium Heather Grey"), else the first run of colour words that holds a plain one ("Olive Green Cargo").
        """
        for tail in reversed(_TAILS.split(name)[1:]):
            parts = words(tail)
            if parts and all(part in self.shades or part in self.by_key for part in parts):
                return self.find(tail.rstrip(")] "))
        parts = words(_ASIDE.split(name)[0])
        place = next((place for place, part in enumerate(parts) if part in self.plain), None)
        return None if place is None else self._shaded(parts[self._run_start(parts, place) : self._run_end(parts, place)])

    def _run_start(self, parts: tuple[str, ...], place: int) -> int:
        """Where the run of colour words around a plain one begins."""
        while place and (parts[place - 1] in self.shades or parts[place - 1] in self.by_key):
            place -= 1
        starts = range(max(0, place - _MOST_WORDS + 1), place)
        return next((start for start in starts if "".join(parts[start : place + 1]) in self.by_key), place)

    def _run_end(self, parts: tuple[str, ...], place: int) -> int:
        ends = range(min(len(parts), place + _MOST_WORDS), place + 1, -1)
        return next((end for end in ends if "".join(parts[place:end]) in self.by_key), place + 1)

    def _shaded(self, parts: tuple[str, ...]) -> Colour | None:
        """The longest name that ends furthest right, shaded by the words before it; a plain colour before a print."""
        many_coloured = None
        for end in range(len(parts), 0, -1):
            for start in range(end):
                base = self.by_key.get("".join(parts[start:end]))
                if base and base.family != "multi":
                    return self._shade(base, parts[:start])
                many_coloured = many_coloured or base
        return many_coloured

    def _shade(self, base: Colour, qualifiers: tuple[str, ...]) -> Colour:
        colour = base
        for word in reversed(qualifiers):
            shade, other = self.shades.get(word), self.by_key.get(word)
            if shade:
                colour = _moved(colour, shade)
            elif other and other.family != "multi" and other.name not in colour.name:
                colour = _between(other, colour)
            else:
                break
        return colour


def _moved(colour: Colour, shade: Shade) -> Colour:
    if not shade.lightness and shade.chroma == 1:
        return colour
    towards = 100 if shade.lightness > 0 else 0
    lightness = colour.lightness + abs(shade.lightness) * (towards - colour.lightness)
    strength = min(shade.chroma, _NEON / max(colour.chroma, 1.0))
    lab = (lightness, colour.lab[1] * strength, colour.lab[2] * strength)
    return Colour(f"{shade.name} {colour.name}", colour.family, lab, colour.neutral)


def _between(first: Colour, colour: Colour) -> Colour:
    """`colour` with a cast of `first`; the family stays."""
    lab: Lab = tuple(0.4 * x + 0.6 * y for x, y in zip(first.lab, colour.lab, strict=True))  # type: ignore[assignment]
    return Colour(f"{first.name} {colour.name}", colour.family, lab, colour.neutral)


def read_colour_names(path: Path) -> ColourNames:
    """The colours of a guide file.

    Raises:  SettingsError: a bad hex code, an unknown field, or a name given twice; names file and entry.
    """
    guide = read_guide(path)
    refuse_unknown(str(path), guide, {"families", "modifiers", "plain"})
    colours = tuple(
        colour
        for family, content in mapping(f"{path}: families", guide.get("families")).items()
        for colour in _family(path, str(family), content)
    )
    shades = mapping(f"{path}: modifiers", guide.get("modifiers", {}))
    return ColourNames(
        colours,
        word_index(path, colours),
        {key(word): _shade_of(f"{path}: modifier {word!r}", word, entry) for word, entry in shades.items()},
        frozenset(map(key, text_list(str(path), "plain", guide.get("plain")))),
    )


def _family(path: Path, family: str, content: Any) -> list[Colour]:
    where = f"{path}: colour family {family!r}"
    content = mapping(where, content)
    refuse_unknown(where, content, {"neutral", "colours"})
    return [
        _colour(f"{path}: colour {name!r}", str(name), family, content.get("neutral") is True, entry)
        for name, entry in mapping(where, content.get("colours")).items()
    ]


def _colour(where: str, name: str, family: str, neutral: bool, entry: Any) -> Colour:
    code, *others = text_list(where, "the entry", entry) or ("",)
    try:
        return Colour(name, family, hex_to_lab(code), neutral, tuple(others))
    except ValueError as error:
        raise SettingsError(f"{where}: {error}") from error


def _shade_of(where: str, word: str, entry: Any) -> Shade:
    entry = mapping(where, entry)
    refuse_unknown(where, entry, {"lightness", "chroma"})
    return Shade(word, float(entry.get("lightness", 0)), float(entry.get("chroma", 1)))
