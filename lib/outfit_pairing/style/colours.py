"""Colours as a stylist sees them: coordinates, families, and how well two of them go together.

Harmony is computed from hue, chroma and lightness, so that any colour a catalogue names can be judged.
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import NamedTuple

from outfit_pairing.style.lab import Lab, delta_e, hex_to_lab

__all__ = ["Colour", "Harmony", "Lab", "delta_e", "harmony", "hex_to_lab"]


@dataclass(frozen=True, slots=True)
class Colour:
    """A colour of the style guide, or one derived from it ("dark teal"): canonical name, family, CIE L*a*b* (D65)."""

    name: str
    family: str
    lab: Lab
    neutral: bool
    names: tuple[str, ...] = ()

    @property
    def lightness(self) -> float:
        """L*: 0 black to 100 white."""
        return self.lab[0]

    @property
    def chroma(self) -> float:
        """C*: 0 grey, 30 soft, 60 strong, above 90 neon."""
        return math.hypot(self.lab[1], self.lab[2])

    @property
    def hue(self) -> float:
        """Degrees in [0, 360): about 30 red, 60 orange, 95 yellow, 145 green, 280 blue, 320 purple, 350 pink."""
        return math.degrees(math.atan2(self.lab[2], self.lab[1])) % 360


class Harmony(NamedTuple):
    """How well two colours go together: score in [0, 1], a reason in a shopper's words, and whether they clash."""

    score: float
    reason: str
    clash: bool


def harmony(a: Colour, b: Colour) -> Harmony:
    """How well two colours go together, the same for (a, b) and (b, a)."""
    first, second = sorted((a, b), key=lambda colour: colour.name)
    gap = abs((first.hue - second.hue + 180) % 360 - 180)
    contrast = abs(first.lightness - second.lightness) / 100
    if first.neutral or second.neutral:
        return Harmony(0.7 + 0.25 * contrast, f"{first.name} and {second.name}: a neutral goes with anything", False)
    score = 0.45 + 0.2 * math.cos(math.radians(2 * gap)) + 0.2 * contrast
    return Harmony(score, f"{first.name} and {second.name}", False)
