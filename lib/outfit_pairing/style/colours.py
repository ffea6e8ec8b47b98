"""Colours as a stylist sees them: coordinates, families, and how well two of them go together.

Harmony is computed from hue, chroma and lightness, so that any colour a catalogue names can be judged. The weights and
curves below were set so that pairs on which stylists agree come out in their order; the table of those pairs is a test.
"""

import math
from dataclasses import dataclass
from functools import lru_cache
from itertools import pairwise
from typing import NamedTuple

from outfit_pairing.style.lab import Lab, delta_e, hex_to_lab

__all__ = ["Colour", "Harmony", "Lab", "delta_e", "harmony", "hex_to_lab"]


@dataclass(frozen=True, slots=True)
class Colour:
    """A colour of the style guide, or one derived from it ("dusty teal"): canonical name, family, CIE L*a*b* (D65).

    neutral: goes with everything (black, beige, navy, gold).    names: the other words for it.
    """

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
        """C*: 0 grey, 30 soft, 60 strong, above 95 neon."""
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


class _Pair(NamedTuple):
    """What harmony depends on, for two colours in a fixed order."""

    a: Colour
    b: Colour
    gap: float  # degrees between the hues, 0 to 180
    contrast: float  # 0 equally light to 1 as light and dark as can be told apart at a glance
    vivid: float  # 0 when either is quiet, 1 when both are strong: how much the hues matter
    near_miss: float  # 1 when the two look like a match that failed
    clash: float  # above one half the two fight


# Hue gap in degrees → score of two strong colours: kin, neighbours, the third of a circle that jars, opposites.
_HUE_CURVE = ((0, 0.62), (15, 0.56), (32, 0.43), (60, 0.52), (80, 0.48), (105, 0.36), (140, 0.56), (180, 0.60))
_JARRING_GAP, _JARRING_WIDTH = 104.0, 20.0
_EASY_HUE, _EASY_WIDTH = 275.0, 40.0  # blue: worn so much that it offends nobody
_QUIET_SCORE, _CONTRAST_GAIN = 0.74, 0.18
_NEUTRAL_VIVIDNESS = 0.25


@lru_cache(maxsize=10_000)
def harmony(a: Colour, b: Colour) -> Harmony:
    """How well two colours go together, in either order; a neutral never clashes."""
    pair = _pair(*sorted((a, b), key=lambda colour: (colour.name, colour.lab)))
    if "multi" in (a.family, b.family):
        return Harmony(_print_score(pair), _print_reason(pair), False)
    clash = pair.clash > 0.5 and not (a.neutral or b.neutral)
    score = (1 - pair.vivid) * _quiet_score(pair) + pair.vivid * (_hue_score(pair.gap) + 0.1 * pair.contrast)
    score -= 0.28 * pair.near_miss + 0.22 * pair.clash + _faults_of_quiet_pairs(pair)
    return Harmony(min(1.0, max(0.0, score)), _reason(pair, clash), clash)


def _pair(a: Colour, b: Colour) -> _Pair:
    gap = abs((a.hue - b.hue + 180) % 360 - 180)
    distance = delta_e(a.lab, b.lab)
    light_gap = abs(a.lightness - b.lightness)
    strictness = 0.25 + 0.35 * _darkness(a, b) if a.neutral and b.neutral else 1.0
    return _Pair(
        a,
        b,
        gap,
        contrast=_ease(light_gap / 60),
        vivid=math.sqrt(_vividness(a) * _vividness(b)),
        near_miss=strictness * _ease((distance - 2) / 4) * _ease((22 - distance) / 11),
        clash=_clash_level(a, b, gap, light_gap),
    )


def _vividness(colour: Colour) -> float:
    blue = math.exp(-(((colour.hue - _EASY_HUE) / _EASY_WIDTH) ** 2))
    strength = _ease((colour.chroma - 14) / 50) * (1 - 0.55 * blue)
    return strength * (_NEUTRAL_VIVIDNESS if colour.neutral else 1.0)


def _clash_level(a: Colour, b: Colour, gap: float, light_gap: float) -> float:
    loud = math.sqrt(_loudness(a) * _loudness(b))
    jarring = math.exp(-(((gap - _JARRING_GAP) / _JARRING_WIDTH) ** 2))
    alike = math.exp(-((light_gap / 55) ** 2))
    return loud * max(jarring * alike, max(_neon(a), _neon(b)) * _ease((gap - 45) / 30))


def _loudness(colour: Colour) -> float:
    """Vividness as far as a quarrel goes: soft colours cannot have one."""
    return _ease((_vividness(colour) - 0.35) / 0.5)


def _quiet_score(pair: _Pair) -> float:
    """At least one is quiet: light against dark helps, and so does warm against cool."""
    warm_and_cool = _ease(abs(pair.a.lab[2] - pair.b.lab[2]) / 50)
    return _QUIET_SCORE + _CONTRAST_GAIN * pair.contrast + 0.06 * warm_and_cool


def _hue_score(gap: float) -> float:
    for (left, low), (right, high) in pairwise(_HUE_CURVE):
        if gap <= right:
            return low + (high - low) * _ease((gap - left) / (right - left))
    return _HUE_CURVE[-1][1]


def _faults_of_quiet_pairs(pair: _Pair) -> float:
    """What to take off: gold beside silver, black beside a dark brown, neon beside anything."""
    metals = pair.a.family == pair.b.family == "metallic"
    mixed_metals = _ease(delta_e(pair.a.lab, pair.b.lab) / 25) if metals else 0.0
    muddy = max(_muddy(pair.a, pair.b), _muddy(pair.b, pair.a))
    return 0.2 * mixed_metals + 0.14 * muddy + 0.15 * max(_neon(pair.a), _neon(pair.b))


def _muddy(brown: Colour, black: Colour) -> float:
    """A dark brown looks dirty beside black."""
    red_and_yellow = _ease(brown.lab[1] / 10) * _ease((brown.lab[2] - 8) / 14)
    dull_and_dark = _ease((50 - brown.chroma) / 15) * _ease((52 - brown.lightness) / 15)
    return red_and_yellow * dull_and_dark * _ease((12 - black.chroma) / 8) * _ease((35 - black.lightness) / 20)


def _darkness(a: Colour, b: Colour) -> float:
    return _ease((45 - (a.lightness + b.lightness) / 2) / 25)


def _neon(colour: Colour) -> float:
    return _ease((colour.chroma - 82) / 14)


def _ease(t: float) -> float:
    """0 below 0, 1 above 1, and smooth between."""
    t = min(1.0, max(0.0, t))
    return t * t * (3 - 2 * t)


def _print_score(pair: _Pair) -> float:
    if pair.a.family == pair.b.family:
        return 0.38
    plain = pair.b if pair.a.family == "multi" else pair.a
    return 0.8 - 0.22 * _vividness(plain)


def _print_reason(pair: _Pair) -> str:
    if pair.a.family == pair.b.family:
        return "two many-coloured pieces compete"
    plain = pair.b if pair.a.family == "multi" else pair.a
    return f"plain {plain.name} gives the colourful piece room"


def _reason(pair: _Pair, clash: bool) -> str:
    a, b = pair.a.name, pair.b.name
    if a == b:
        return f"{a} with {a}: one colour throughout"
    if clash:
        return f"{a} and {b}: two loud colours that fight"
    if pair.near_miss > 0.5:
        return f"{a} and {b}: almost a match, but not quite"
    if pair.a.neutral or pair.b.neutral:
        return _neutral_reason(pair)
    return f"{a} and {b}: {_hue_reason(pair)}"


def _neutral_reason(pair: _Pair) -> str:
    neutral, other = (pair.a, pair.b) if pair.a.neutral else (pair.b, pair.a)
    if other.family == "metallic":
        neutral, other = other, neutral
    if neutral.family == "metallic":
        return f"{neutral.name} adds a touch of shine to {other.name}"
    if not other.neutral:
        loud = _vividness(other) > 0.4
        return f"{neutral.name} lets the {other.name} speak" if loud else f"{neutral.name} and {other.name}: an easy pair"
    if pair.contrast > 0.7:
        return f"{neutral.name} and {other.name}: a classic contrast"
    return f"{neutral.name} and {other.name}: two neutrals, calm together"


def _hue_reason(pair: _Pair) -> str:
    if pair.vivid < 0.2:
        return "quiet enough to sit well together"
    if pair.gap < 18:
        return "lighter and darker of one colour" if pair.contrast > 0.15 else "close kin"
    if pair.gap < 62:
        return "neighbours on the colour wheel"
    return "opposites that bring each other out" if pair.gap > 135 else "a bold mix"
