"""The written look formulas are complete, and a slip of the pen is found when they are read."""

import shutil
from pathlib import Path

import pytest

from outfit_pairing.errors import SettingsError
from outfit_pairing.style.formulas import WEARERS, read_formulas, version_of
from outfit_pairing.style.guide_files import GUIDE_FOLDER
from tests.unit.style.wardrobes import GUIDE

LOOK = """
  Test Look:
    for: [women]
    occasion: weekend
    core:
      top: [blouse]
      bottom: [jeans]
      footwear: [sneakers]
"""


def written(folder: Path, formulas: str, palettes: str = "{}") -> Path:
    """A guide folder whose templates.yaml holds these formulas."""
    shutil.copy(GUIDE_FOLDER / "occasions.yaml", folder)
    (folder / "templates.yaml").write_text(f"palettes: {palettes}\nformulas:{formulas}", encoding="utf-8")
    return folder


def test_every_wearer_has_looks_in_plenty() -> None:
    """At least sixty looks; women and men have one for each dress code."""
    looks = read_formulas(GUIDE).looks
    assert len(looks) >= 60
    assert all(sum(wearer in look.wearers for look in looks) >= 15 for wearer in WEARERS)
    for wearer in ("women", "men"):
        codes = {look.dress_code for look in looks if wearer in look.wearers}
        assert {"casual", "smart_casual", "formal", "party", "ethnic", "sports", "beach"} <= codes


def test_looks_say_what_they_are_good_for() -> None:
    """Names are short and descriptions have an end to put after the colours."""
    assert all(len(look.name) <= 24 and look.says and look.wearers for look in read_formulas(GUIDE).looks)


def test_a_family_stands_for_its_types_and_an_exception_is_taken_out(tmp_path: Path) -> None:
    """`sandals` is all sandals, `not flip-flops` all but these."""
    text = LOOK.replace("[sneakers]", "[sandals, not flip-flops]")
    (look,) = read_formulas(GUIDE, written(tmp_path, text)).looks
    shoes = next(piece for piece in look.pieces if piece.slot == "footwear")
    assert "sports sandals" in shoes.ranks
    assert "flip-flops" not in shoes.ranks
    assert shoes.ranks["sandals"] < shoes.ranks["slides"]


@pytest.mark.parametrize(
    ("right", "wrong", "word"),
    [
        ("[sneakers]", "[sneekers]", "sneekers"),
        ("[sneakers]", "[blouse]", "blouse"),
        ("[women]", "[ladies]", "ladies"),
        ("weekend", "weakend", "weakend"),
        ("      footwear: [sneakers]", "", "three pieces"),
        ("core:", "care:", "care"),
        ("      footwear:", "      shoes:", "shoes"),
    ],
)
def test_a_slip_of_the_pen_is_named_with_file_and_entry(tmp_path: Path, right: str, wrong: str, word: str) -> None:
    """Unknown words, occasions, wearers, slots and fields are refused."""
    with pytest.raises(SettingsError, match="Test Look") as caught:
        read_formulas(GUIDE, written(tmp_path, LOOK.replace(right, wrong)))
    assert word in str(caught.value)
    assert "templates.yaml" in str(caught.value)


@pytest.mark.parametrize("palettes", ["{jeans: [blurple]}", "{jeens: [blue]}"])
def test_a_palette_names_known_things_and_colours(tmp_path: Path, palettes: str) -> None:
    """A palette with an unknown colour or for an unknown thing is refused."""
    with pytest.raises(SettingsError, match="palette"):
        read_formulas(GUIDE, written(tmp_path, LOOK, palettes))


def test_version_changes_with_a_word(tmp_path: Path) -> None:
    """Patterns of another version of the formulas can be told apart."""
    before = read_formulas(GUIDE, written(tmp_path, LOOK)).version
    after = read_formulas(GUIDE, written(tmp_path, LOOK.replace("jeans", "skirt"))).version
    assert before != after
    assert after == version_of(tmp_path / "templates.yaml", tmp_path / "occasions.yaml")
