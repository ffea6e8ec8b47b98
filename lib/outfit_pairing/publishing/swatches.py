"""How a colour name looks on a screen: the style guide's L*a*b* as a fill, and a line that shows on it."""

from dataclasses import dataclass

from outfit_pairing.style.vocabulary import StyleGuide

_WHITE = (0.95047, 1.0, 1.08883)  # D65
_XYZ_TO_RGB = (
    (3.2404542, -1.5371385, -0.4985314),
    (-0.9692660, 1.8760108, 0.0415560),
    (0.0556434, -0.2040259, 1.0572252),
)
_CHROMA_STEPS = 12  # halvings; leaves less than a hundredth of a unit of chroma
_ROUNDING = 0.002  # a hex code that went to L*a*b* and back may lie this far outside the cube
DARK_BELOW = 45.0  # L*


@dataclass(frozen=True, slots=True)
class Paint:
    """How to paint a product: a CSS colour or url(#…), and whether lines on it must be light."""

    fill: str
    dark: bool

    @property
    def colour(self) -> str:
        """The colour itself; a plain grey under a pattern."""
        return self.fill if self.fill.startswith("#") else "#999999"

    @property
    def kind(self) -> str:
        """The class that look.css paints by: plain, dark, multi, unknown; strict pages forbid style attributes."""
        return {UNKNOWN: "unknown", MULTI: "multi"}.get(self, "dark" if self.dark else "plain")


UNKNOWN = Paint("url(#paint-unknown)", dark=False)
MULTI = Paint("url(#paint-multi)", dark=False)


def paint_of(colour: str | None, guide: StyleGuide) -> Paint:
    """How a product of this colour looks; a pale hatch when the shop says no colour that the guide knows."""
    known = guide.colour(colour) if colour else None
    if known is None:
        return UNKNOWN
    return MULTI if known.family == "multi" else Paint(lab_to_hex(known.lab), known.lightness < DARK_BELOW)


def lab_to_hex(lab: tuple[float, float, float]) -> str:
    """#rrggbb of a CIE L*a*b* colour (D65). What sRGB cannot show keeps its hue and lightness and loses chroma.

    Source: CIE 15 (L*a*b*), IEC 61966-2-1 (sRGB).
    """
    low, high = (1.0, 1.0) if _shown(_linear_rgb(lab, 1.0)) else (0.0, 1.0)
    for _ in range(_CHROMA_STEPS if low < high else 0):
        middle = (low + high) / 2
        low, high = (middle, high) if _shown(_linear_rgb(lab, middle)) else (low, middle)
    channels = (round(255 * _companded(channel)) for channel in _linear_rgb(lab, low))
    return "#" + "".join(f"{channel:02x}" for channel in channels)


def _linear_rgb(lab: tuple[float, float, float], chroma: float) -> tuple[float, ...]:
    y = (lab[0] + 16) / 116
    ratios = (y + chroma * lab[1] / 500, y, y - chroma * lab[2] / 200)
    xyz = tuple(_cubed(ratio) * white for ratio, white in zip(ratios, _WHITE, strict=True))
    return tuple(sum(m * c for m, c in zip(row, xyz, strict=True)) for row in _XYZ_TO_RGB)


def _shown(rgb: tuple[float, ...]) -> bool:
    return all(-_ROUNDING <= channel <= 1 + _ROUNDING for channel in rgb)


def _cubed(ratio: float) -> float:
    return ratio**3 if ratio > 6 / 29 else 3 * (6 / 29) ** 2 * (ratio - 4 / 29)


def _companded(linear: float) -> float:
    clipped = min(1.0, max(0.0, linear))
    return 12.92 * clipped if clipped <= 0.0031308 else 1.055 * clipped ** (1 / 2.4) - 0.055
