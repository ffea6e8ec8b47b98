"""Colour coordinates: from the hex codes of the style guide to CIE L*a*b*, and how far apart two colours look."""

import math
from string import hexdigits

Lab = tuple[float, float, float]

_D65 = (0.95047, 1.0, 1.08883)
_RGB_TO_XYZ = (
    (0.4124564, 0.3575761, 0.1804375),
    (0.2126729, 0.7151522, 0.0721750),
    (0.0193339, 0.1191920, 0.9503041),
)
_25_TO_7 = 25.0**7


def hex_to_lab(hex: str) -> Lab:  # noqa: A002 - the word people use
    """CIE L*a*b* (D65, 2 degree observer) of an sRGB colour written "#rrggbb" or "rrggbb".

    Raises:  ValueError: not six hexadecimal digits.     Source: IEC 61966-2-1 (sRGB), CIE 15 (L*a*b*).
    """
    digits = hex.removeprefix("#")
    if len(digits) != 6 or not set(digits.lower()) <= set(hexdigits):
        raise ValueError(f"{hex!r} is no colour: write six hexadecimal digits, such as #1f2a44")
    rgb = [_linear(int(digits[i : i + 2], 16) / 255) for i in (0, 2, 4)]
    xyz = (sum(m * c for m, c in zip(row, rgb, strict=True)) for row in _RGB_TO_XYZ)
    x, y, z = (_cube_root(value / white) for value, white in zip(xyz, _D65, strict=True))
    return 116 * y - 16, 500 * (x - y), 200 * (y - z)


def _linear(channel: float) -> float:
    return channel / 12.92 if channel <= 0.04045 else ((channel + 0.055) / 1.055) ** 2.4


def _cube_root(t: float) -> float:
    return math.cbrt(t) if t > 216 / 24389 else (24389 / 27 * t + 16) / 116


def delta_e(a: Lab, b: Lab) -> float:
    """How different two colours look (CIEDE2000): under 2 hardly seen, about 10 clearly other, over 50 opposite.

    Source: Sharma, Wu and Dalal, "The CIEDE2000 color-difference formula", Color Research & Application 30, 2005.
    """
    l1, c1, h1, l2, c2, h2 = *_primed(a, b), *_primed(b, a)
    chroma_mean, light_mean = (c1 + c2) / 2, (l1 + l2) / 2
    hue_step, hue_mean = _hue_step_and_mean(c1, h1, c2, h2)
    weights = _weights(light_mean, chroma_mean, hue_mean)
    light = (l2 - l1) / weights[0]
    chroma = (c2 - c1) / weights[1]
    hue = 2 * math.sqrt(c1 * c2) * math.sin(math.radians(hue_step / 2)) / weights[2]
    return math.sqrt(max(0.0, light**2 + chroma**2 + hue**2 + weights[3] * chroma * hue))


def _primed(lab: Lab, other: Lab) -> Lab:
    """Lightness, chroma and hue (degrees) of `lab` with the formula's correction of a* for greyish colours."""
    mean_7 = ((math.hypot(lab[1], lab[2]) + math.hypot(other[1], other[2])) / 2) ** 7
    a = lab[1] * (1.5 - 0.5 * math.sqrt(mean_7 / (mean_7 + _25_TO_7)))
    return lab[0], math.hypot(a, lab[2]), math.degrees(math.atan2(lab[2], a)) % 360


def _hue_step_and_mean(c1: float, h1: float, c2: float, h2: float) -> tuple[float, float]:
    if c1 * c2 == 0:
        return 0.0, h1 + h2
    step = (h2 - h1 + 180) % 360 - 180
    if step == -180 and h2 > h1:
        step = 180.0
    mean = (h1 + h2) / 2
    if abs(h1 - h2) > 180:
        mean += 180 if h1 + h2 < 360 else -180
    return step, mean


def _weights(light: float, chroma: float, hue: float) -> tuple[float, float, float, float]:
    """The formula's S_L, S_C, S_H and R_T."""
    t = 1 - 0.17 * _cos(hue - 30) + 0.24 * _cos(2 * hue) + 0.32 * _cos(3 * hue + 6) - 0.20 * _cos(4 * hue - 63)
    s_l = 1 + 0.015 * (light - 50) ** 2 / math.sqrt(20 + (light - 50) ** 2)
    turn = 60 * math.exp(-(((hue - 275) / 25) ** 2))
    r_t = -2 * math.sqrt(chroma**7 / (chroma**7 + _25_TO_7)) * math.sin(math.radians(turn))
    return s_l, 1 + 0.045 * chroma, 1 + 0.015 * chroma * t, r_t


def _cos(degrees: float) -> float:
    return math.cos(math.radians(degrees))
