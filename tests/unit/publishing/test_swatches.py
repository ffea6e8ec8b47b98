"""Colours on the page look as the style guide means them."""

from itertools import pairwise

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from outfit_pairing.publishing.swatches import MULTI, UNKNOWN, lab_to_hex, paint_of
from outfit_pairing.style import hex_to_lab, load_style_guide

GUIDE = load_style_guide()


@settings(deadline=None)
@given(st.integers(0, 0xFFFFFF).map(lambda number: f"#{number:06x}"))
def test_every_screen_colour_survives_the_way_there_and_back(code: str) -> None:
    """A hex code to L*a*b* to hex gives the same colour."""
    assert lab_to_hex(hex_to_lab(code)) == code


@settings(deadline=None)
@given(st.floats(0, 100), st.floats(-128, 128), st.floats(-128, 128))
def test_what_a_screen_cannot_show_is_still_a_colour(lightness: float, a: float, b: float) -> None:
    """Any coordinates give a colour code."""
    code = lab_to_hex((lightness, a, b))
    assert len(code) == 7
    int(code[1:], 16)


def test_a_colour_beyond_the_screen_keeps_its_lightness_and_hue() -> None:
    """Chroma is given up first: a neon green stays a light green."""
    lightness, a, b = hex_to_lab(lab_to_hex((88.0, -120.0, 100.0)))
    assert lightness == pytest.approx(88, abs=1)
    assert b / a == pytest.approx(-100 / 120, abs=0.03)


def test_greys_stay_grey_and_grow_lighter() -> None:
    """No tint on the way from black to white."""
    codes = [lab_to_hex((lightness, 0.0, 0.0)) for lightness in range(0, 101, 5)]
    channels = [[int(code[i : i + 2], 16) for i in (1, 3, 5)] for code in codes]
    assert all(max(one) - min(one) <= 1 for one in channels)
    assert all(left[0] < right[0] for left, right in pairwise(channels))


def test_unknown_and_mixed_colours_are_painted_as_such() -> None:
    """No invented colour where the shop says none."""
    assert paint_of(None, GUIDE) == paint_of("qwertyuiop", GUIDE) == UNKNOWN
    assert paint_of("multi", GUIDE) == MULTI
    assert paint_of("navy blue", GUIDE).dark
    assert not paint_of("white", GUIDE).dark
