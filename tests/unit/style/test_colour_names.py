"""The words of catalogues find their colours."""

from collections.abc import Callable

import pytest
from hypothesis import given
from hypothesis import strategies as st

from outfit_pairing.style import Colour, load_style_guide

GUIDE = load_style_guide()
NAMES = [(one, word) for one in GUIDE.colours for word in (one.name, *one.names)]


def colour(text: str) -> Colour:
    found = GUIDE.colour(text)
    assert found is not None, text
    return found


@pytest.mark.parametrize(
    ("texts", "name"),
    [
        (["Navy", "navy blue", "Dark Navy", "DARK BLUE", "marine"], "navy blue"),
        (["Grey", "gray", "Grau"], "grey"),
        (["Medium Heather Grey", "Grey Melange", "grey marl", "Heather Gray"], "grey melange"),
        (["off-white", "Off White", "offwhite"], "off white"),
        (["Multi", "multicolour", "Multicolor", "Multi-Coloured", "Floral Pattern", "Red, Blue, Green"], "multi"),
        (["Blue (Cool family)", "Galaxy Blue", "Solid Blue"], "blue"),
        (["Black/White", "Black & Gold", "black - white"], "black"),
        (["Pink Floral", "Other Pink"], "pink"),
        (["Bronze/Copper"], "bronze"),
        (["Army", "Khaki Green"], "army green"),
        (["Rose-Gold Toned"], "rose gold"),
    ],
)
def test_trade_names_find_their_colour(texts: list[str], name: str) -> None:
    """Spellings, qualifiers that say nothing, and the first of two colours."""
    assert {colour(text).name for text in texts} == {name}


@pytest.mark.parametrize("text", ["", "NA", "N/A", "Unknown", "Zorblax", "?"])
def test_unknown_colours_are_not_guessed(text: str) -> None:
    """None for what names no colour."""
    assert GUIDE.colour(text) is None


def test_dark_and_light_move_a_colour() -> None:
    """A qualifier shifts lightness and keeps family and hue."""
    teal, dark, pale = colour("turquoise"), colour("Dark Turquoise"), colour("pale turquoise")
    assert dark.lightness < teal.lightness < pale.lightness
    assert {dark.family, teal.family, pale.family} == {"teal"}
    assert dark.hue == pytest.approx(teal.hue)
    assert dark.name == "dark turquoise blue"


def test_two_known_colours_are_blended() -> None:
    """A brownish green lies between its two and belongs to the last."""
    blend = colour("Copper Green")
    assert blend.family == "green"
    assert colour("green").lab[1] < blend.lab[1] < colour("copper").lab[1]


@pytest.mark.parametrize("name", ["black", "white", "grey", "beige", "tan", "navy", "denim", "gold", "nude", "steel", "khaki"])
def test_neutrals_are_marked(name: str) -> None:
    """What goes with everything is marked neutral."""
    assert colour(name).neutral


@pytest.mark.parametrize("name", ["red", "pink", "blue", "green", "olive", "maroon", "multi", "teal", "mustard"])
def test_colours_are_not_neutral(name: str) -> None:
    """What needs thought is not."""
    assert not colour(name).neutral


@pytest.mark.parametrize(
    ("name", "hue"),
    [("red", 30), ("orange", 60), ("yellow", 90), ("green", 145), ("blue", 282), ("purple", 318), ("hot pink", 355)],
)
def test_colours_look_as_they_are_called(name: str, hue: float) -> None:
    """Strong colours lie at the hue that people give them."""
    assert abs((colour(name).hue - hue + 180) % 360 - 180) < 12


@given(st.sampled_from(NAMES), st.sampled_from([str.upper, str.title, str.lower]), st.sampled_from(["-", " ", "_"]))
def test_every_name_leads_to_its_one_colour(entry: tuple[Colour, str], case: Callable[[str], str], hyphen: str) -> None:
    """Case and hyphen never matter."""
    found, word = entry
    assert GUIDE.colour(case(word.replace(" ", hyphen))) is found


@given(st.lists(st.sampled_from(["dark", "pale", "neon", "washed", "zorblax", "red", "multi", "gold", "/", "&"]), max_size=6))
def test_any_mixture_of_words_gives_a_colour_that_can_be_worn(parts: list[str]) -> None:
    """Whatever a catalogue writes, coordinates stay within what cloth can show."""
    found = GUIDE.colour(" ".join(parts))
    if found:
        assert 0 <= found.lightness <= 100
        assert found.chroma <= 121


@pytest.mark.parametrize(
    ("product", "name"),
    [
        ("Willow Wide Leg Jumpsuit in Russet Red", "brick"),
        ("The Everyday Crew - Medium Heather Grey", "grey melange"),
        ("Olive Green Cargo Pants", "olive"),
        ("Navy Blue Shirt with Gold Buttons", "navy blue"),
        ("Marlow Tee (Off White)", "off white"),
        ("Black & White Striped Tee", "black"),
        ("Rose Marlow Lemonade Dress", None),
        ("Marlow Sandals", None),
    ],
)
def test_a_product_name_says_its_colour(product: str, name: str | None) -> None:
    """After "in", a dash or a bracket any colour counts, elsewhere only words that mean nothing else."""
    found = GUIDE.colour_in_name(product)
    assert (found and found.name) == name
