"""A slip in the style guide is found when it is loaded, and said with file and entry."""

import shutil
from pathlib import Path

import pytest

from outfit_pairing.errors import SettingsError
from outfit_pairing.style import load_style_guide
from outfit_pairing.style.guide_files import GUIDE_FOLDER

SHIRT = "shirt:\n  slot: top\n  kind: clothing\n  suits: [casual]\n  types:\n    shirt: [button-down]\n"
RED = 'families:\n  red:\n    colours:\n      red: ["#c8202e"]\n'


@pytest.fixture
def guide(tmp_path: Path) -> Path:
    """A copy of the guide that a test may spoil."""
    for name in ("article_types", "colours", "words"):
        shutil.copy(GUIDE_FOLDER / f"{name}.yaml", tmp_path)
    return tmp_path


def test_a_folder_of_ones_own_is_read(guide: Path) -> None:
    """A shop can bring its own words."""
    (guide / "article_types.yaml").write_text(SHIRT)
    assert [one.name for one in load_style_guide(guide).article_types] == ["shirt"]


def test_the_guide_is_read_once() -> None:
    """Asking again costs nothing."""
    assert load_style_guide() is load_style_guide()


@pytest.mark.parametrize(
    ("file", "text", "said"),
    [
        ("coarse_words", "knitwear: {type: sweater}", "slots is missing"),
        ("coarse_words", "knitwear: {slots: [tops]}", "slots 'tops' is unknown"),
        ("coarse_words", "knitwear: {slots: [bag], type: sweater}", "'sweater' is no article type of its slots"),
        ("foreign_words", "german: {head: last, types: {zorbling: [Hose]}}", "'zorbling' is no word of the guide"),
        ("foreign_words", "german: {head: middle, types: {}}", "head 'middle' is unknown"),
        (
            "foreign_words",
            "german: {head: last, types: {shirt: [Hemd], trousers: [hemd]}, colours: {}, shades: {}, audiences: {}}",
            "'hemd' of 'trousers' already stands for 'shirt'",
        ),
    ],
)
def test_a_slip_in_rough_and_foreign_words_is_said_too(guide: Path, file: str, text: str, said: str) -> None:
    """They are checked against the rest of the guide."""
    (guide / f"{file}.yaml").write_text(text)
    with pytest.raises(SettingsError) as caught:
        load_style_guide(guide)
    assert f"{file}.yaml" in str(caught.value)
    assert said in str(caught.value)


@pytest.mark.parametrize(
    ("file", "text", "said"),
    [
        ("article_types", SHIRT.replace("slot: top", "slot: tops"), ["'shirt'", "slot 'tops' is unknown"]),
        ("article_types", SHIRT.replace("[casual]", "[cosy]"), ["'shirt'", "suits 'cosy' is unknown"]),
        ("article_types", SHIRT.replace("kind:", "kynd:"), ["'shirt'", "kynd is no field"]),
        ("article_types", SHIRT.replace("  kind: clothing\n", ""), ["'shirt'", "kind None is unknown"]),
        ("article_types", SHIRT + "    tee: [Shirts]\n", ["'Shirts' of 'tee' already stands for 'shirt'"]),
        ("article_types", SHIRT + "    shirt: []\n", ["shirt is given twice"]),
        ("article_types", SHIRT + "    tee: {formality: 9}\n", ["'tee'", "formality 9 is not between 0 and 5"]),
        ("article_types", SHIRT + "    sari: {strict: ethnic}\n", ["'sari'", "not among what it suits"]),
        ("article_types", SHIRT + "    tee: [no, 3]\n", ["'tee'", "list of texts"]),
        ("article_types", SHIRT + "    '—': []\n", ["no letter or digit"]),
        ("article_types", "shirt: 3\n", ["family 'shirt' must be a mapping"]),
        ("article_types", "- shirt\n", ["expected a mapping"]),
        ("article_types", "a: [\n", ["article_types.yaml"]),
        ("colours", RED.replace("#c8202e", "#c8202"), ["colour 'red'", "six hexadecimal digits"]),
        ("colours", RED + '      rouge: ["#c8202e", Red]\n', ["'Red' of 'rouge' already stands for 'red'"]),
        ("colours", RED + "modifiers:\n  dark: {lightnes: 1}\n", ["'dark'", "lightnes is no field"]),
        ("words", "sexes: {}\nages: {}\nusages: {}\nseasons:\n  monsoon: []\n", ["entry 'monsoon' is unknown"]),
    ],
)
def test_slips_are_said_with_file_and_entry(guide: Path, file: str, text: str, said: list[str]) -> None:
    """Unknown fields, unknown words, words given twice and bad values stop the load."""
    (guide / f"{file}.yaml").write_text(text)
    with pytest.raises(SettingsError) as error:
        load_style_guide(guide)
    assert all(part in error.value.what for part in [f"{file}.yaml", *said]), error.value.what


def test_a_missing_file_is_named(guide: Path) -> None:
    """The message says which file is not there."""
    (guide / "colours.yaml").unlink()
    with pytest.raises(SettingsError, match=r"colours\.yaml"):
        load_style_guide(guide)
