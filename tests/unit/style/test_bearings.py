"""What names say of how a product is carried, and what that never meets."""

import shutil
from pathlib import Path

import pytest

from outfit_pairing.errors import SettingsError
from outfit_pairing.style import load_style_guide
from outfit_pairing.style.bearings import load_bearings
from outfit_pairing.style.guide_files import GUIDE_FOLDER
from outfit_pairing.style.traits import Traits, traits_of

GUIDE = load_style_guide()
BEARINGS = load_bearings(GUIDE)


def traits(word: str, usage: str | None = None) -> Traits:
    known = GUIDE.article_type(word)
    assert known is not None, word
    return traits_of(word, known.slot, usage, None, GUIDE)


def at_odds(name: str, other: Traits) -> bool:
    found = BEARINGS.of(name)
    return bool(found) and BEARINGS.all[found - 1].at_odds(other)


@pytest.mark.parametrize(
    ("name", "other", "odds"),
    [
        ("Puma Unisex Black Backpack", traits("Sarees", "ethnic"), True),
        ("NIKE Women White Watch", traits("Kurtas", "ethnic"), True),
        ("Under Armour Cap", traits("Shirts", "formal"), True),
        ("Puma Unisex Black Backpack", traits("Jeans", "casual"), False),
        ("Sequinned Evening Top", traits("Flip Flops", "casual"), True),
        ("Women Sequins Silver Top", traits("Track Pants", "sports"), True),
        ("Women Sequins Silver Top", traits("Heels", "casual"), False),
        ("Lino Perros Women Brown Handbag", traits("Sarees", "ethnic"), False),
        ("Pumas", traits("Sarees", "ethnic"), True),
        ("Impumaa", traits("Sarees", "ethnic"), False),
        ("", traits("Sarees", "ethnic"), False),
    ],
)
def test_what_is_carried_so_never_meets(name: str, other: Traits, *, odds: bool) -> None:
    """A sports brand's bag and a saree, sequins and flip-flops."""
    assert at_odds(name, other) is odds


def test_a_product_without_a_name_has_no_bearing() -> None:
    """Nothing is guessed."""
    assert BEARINGS.of(None) == 0


@pytest.mark.parametrize(
    ("old", "new", "complaint"),
    [
        ("dress_codes: [sports, beach]", "dress_code: [sports, beach]", "dress_code is no field"),
        ("dress_codes: [sports, beach]", "dress_codes: [sprots, beach]", "dress code 'sprots' is unknown"),
        ("types: [flip-flops,", "types: [flipflops,", "type 'flipflops' is unknown"),
        ("words: [nike,", "words: [1,", "words must be a list of texts"),
    ],
)
def test_a_slip_in_the_guide_is_found(tmp_path: Path, old: str, new: str, complaint: str) -> None:
    """With file and entry."""
    shutil.copy(GUIDE_FOLDER / "bearings.yaml", tmp_path)
    text = (tmp_path / "bearings.yaml").read_text("utf-8")
    assert old in text
    (tmp_path / "bearings.yaml").write_text(text.replace(old, new, 1), "utf-8")
    with pytest.raises(SettingsError, match=r"bearings\.yaml") as caught:
        load_bearings(GUIDE, tmp_path)
    assert complaint in str(caught.value)
