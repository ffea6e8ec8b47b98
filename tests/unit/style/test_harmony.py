"""Colours go together as stylists say."""

from itertools import combinations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from outfit_pairing.style import Colour, StyleGuide, harmony, load_style_guide

GUIDE = load_style_guide()
EXCELLENT, GOOD, FAIR, POOR = (0.8, 1.0), (0.68, 1.0), (0.5, 0.78), (0.0, 0.58)

# Pairs on which stylists agree: score between the two bounds.
AGREED = [
    ("black", "white", EXCELLENT),
    ("navy", "white", EXCELLENT),
    ("beige", "navy", EXCELLENT),
    ("camel", "black", EXCELLENT),
    ("brown", "cream", EXCELLENT),
    ("denim", "white", EXCELLENT),
    ("red", "white", EXCELLENT),
    ("red", "black", EXCELLENT),
    ("mustard", "navy", EXCELLENT),
    ("rust", "navy", EXCELLENT),
    ("navy", "light blue", EXCELLENT),
    ("burgundy", "grey", EXCELLENT),
    ("blush", "burgundy", EXCELLENT),
    ("gold", "black", EXCELLENT),
    ("gold", "maroon", EXCELLENT),
    ("navy", "brown", GOOD),
    ("grey", "pink", GOOD),
    ("tan", "olive", GOOD),
    ("tan", "blue", GOOD),
    ("silver", "grey", GOOD),
    ("beige", "cream", GOOD),
    ("pink", "light blue", GOOD),
    ("lavender", "mint", GOOD),
    ("sage", "blush", GOOD),
    ("peach", "teal", GOOD),
    ("black", "multi", GOOD),
    ("teal", "mustard", FAIR),
    ("rust", "olive", FAIR),
    ("olive", "burgundy", FAIR),
    ("blue", "orange", FAIR),
    ("purple", "yellow", FAIR),
    ("pink", "green", FAIR),
    ("blue", "red", FAIR),
    ("blue", "purple", FAIR),
    ("black", "brown", FAIR),
    ("black", "navy", FAIR),
    ("black", "black", FAIR),
    ("red", "red", FAIR),
    ("gold", "silver", FAIR),
    ("red", "pink", POOR),
    ("red", "orange", POOR),
    ("hot pink", "red", POOR),
    ("orange", "green", POOR),
    ("blue", "royal blue", POOR),
    ("light blue", "sky blue", POOR),
    ("multi", "multi", POOR),
    ("red", "green", POOR),
    ("orange", "purple", POOR),
    ("fluorescent green", "purple", POOR),
]
CATALOGUE_COLOURS = (
    "beige black blue bronze brown burgundy charcoal coffee copper cream gold green grey khaki lavender lime magenta maroon "
    "mauve metallic multi mushroom mustard navy nude offwhite olive orange peach pink purple red rose rust seagreen silver "
    "skin steel tan taupe teal turquoise white yellow fluorescent-green grey-melange"
)


def colour(name: str, guide: StyleGuide = GUIDE) -> Colour:
    found = guide.colour(name)
    assert found is not None, name
    return found


def any_colour() -> st.SearchStrategy[Colour]:
    coordinates = st.tuples(st.floats(0, 100), st.floats(-90, 90), st.floats(-90, 90))
    made = st.builds(Colour, st.just("made"), st.just("made"), coordinates, st.booleans())
    return st.one_of(st.sampled_from(GUIDE.colours), made)


@pytest.mark.parametrize(("first", "second", "bounds"), AGREED)
def test_pairs_score_as_stylists_agree(first: str, second: str, bounds: tuple[float, float]) -> None:
    """Each well-known pair falls into its class."""
    low, high = bounds
    assert low <= harmony(colour(first), colour(second)).score <= high


@pytest.mark.parametrize(
    "pair", [("red", "green"), ("orange", "purple"), ("fluorescent green", "red"), ("neon yellow", "hot pink")]
)
def test_loud_colours_at_an_unlucky_angle_clash(pair: tuple[str, str]) -> None:
    """The few pairs that nobody wears together are marked."""
    assert harmony(colour(pair[0]), colour(pair[1])).clash


@pytest.mark.parametrize(
    "pair",
    [("maroon", "bottle green"), ("blue", "red"), ("pink", "red"), ("pink", "yellow"), ("mustard", "purple"), ("olive", "red")],
)
def test_bold_but_wearable_pairs_do_not_clash(pair: tuple[str, str]) -> None:
    """Bold is not ugly: pairs that are worn stay allowed."""
    assert not harmony(colour(pair[0]), colour(pair[1])).clash


def test_a_near_miss_is_worse_than_a_match_and_than_a_contrast() -> None:
    """Two blues that almost match score below one blue throughout and below navy with light blue."""
    near_miss = harmony(colour("blue"), colour("royal blue")).score
    assert near_miss < harmony(colour("blue"), colour("blue")).score
    assert near_miss < harmony(colour("navy"), colour("light blue")).score


def test_clashes_are_rare() -> None:
    """Under two of a hundred pairs of an ordinary catalogue's colours are forbidden."""
    colours = [colour(name) for name in CATALOGUE_COLOURS.split()]
    pairs = list(combinations(colours, 2))
    assert sum(harmony(a, b).clash for a, b in pairs) < 0.02 * len(pairs)


@given(any_colour(), any_colour())
def test_the_order_of_two_colours_does_not_matter(a: Colour, b: Colour) -> None:
    """Score and clash are the same both ways round, and for colours of the guide the reason too."""
    there, back = harmony(a, b), harmony(b, a)
    assert there.score == pytest.approx(back.score)
    assert there.clash == back.clash
    assert a.name == b.name or there.reason == back.reason


@given(any_colour(), any_colour())
def test_scores_lie_between_0_and_1_and_have_a_reason(a: Colour, b: Colour) -> None:
    """Whatever the colours, the answer can be shown."""
    found = harmony(a, b)
    assert 0 <= found.score <= 1
    assert found.reason


@given(any_colour(), any_colour())
def test_a_neutral_never_clashes(a: Colour, b: Colour) -> None:
    """Black, beige, navy or gold can be worn with everything."""
    assert not ((a.neutral or b.neutral) and harmony(a, b).clash)


@given(any_colour(), any_colour(), st.tuples(st.floats(-0.1, 0.1), st.floats(-0.1, 0.1), st.floats(-0.1, 0.1)))
def test_a_change_nobody_sees_hardly_changes_the_score(a: Colour, b: Colour, change: tuple[float, float, float]) -> None:
    """Harmony is smooth: no cliff between two colours that look alike."""
    light, green_red, blue_yellow = (x + dx for x, dx in zip(a.lab, change, strict=True))
    moved = Colour(a.name, a.family, (light, green_red, blue_yellow), a.neutral)
    assert harmony(moved, b).score == pytest.approx(harmony(a, b).score, abs=0.05)


def test_reasons_are_words_for_shoppers() -> None:
    """A reason names both colours and says in plain words why."""
    assert harmony(colour("navy"), colour("white")).reason == "navy blue and white: a classic contrast"
    assert harmony(colour("white"), colour("red")).reason == "white lets the red speak"
    assert harmony(colour("red"), colour("green")).reason == "green and red: two loud colours that fight"
