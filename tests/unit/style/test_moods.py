"""What the words of a product's name say about its mood and prints."""

import shutil
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from outfit_pairing.errors import SettingsError
from outfit_pairing.style.guide_files import GUIDE_FOLDER
from outfit_pairing.style.moods import JOINED, load_moods

MOODS = load_moods()
NAMES = st.lists(st.sampled_from([*MOODS.by_word, "blue", "the", "für", "42"]), max_size=8).map(" ".join)


def named(text: str) -> set[str]:
    return {name for name, weight in zip(MOODS.names, MOODS.of(text).weights, strict=False) if weight}


def test_words_name_moods() -> None:
    """Case, plurals and hyphens need no entry of their own."""
    assert "sporty" in named("Men's RUNNING shoes")
    assert named("High-Top sneaker") == named("high top sneakers") >= {"street"}
    assert named("Blue thing 42") == set()


@pytest.mark.parametrize(
    ("text", "prints", "loud"),
    [("Floral midi dress", True, True), ("Striped tee", True, False), ("Plain tee", False, False), ("Tie-dye tee", True, True)],
)
def test_prints_are_seen(text: str, prints: bool, loud: bool) -> None:
    """Quiet ones disturb nobody."""
    mood = MOODS.of(text)
    assert (bool(mood.prints), mood.loud) == (prints, loud)


@given(NAMES, NAMES)
def test_how_moods_go_together_lies_between_0_and_1(left: str, right: str) -> None:
    """And is the same both ways; a name that says nothing is not judged."""
    a, b = MOODS.of(left), MOODS.of(right)
    found = MOODS.together(a, b)
    if not a.weights or not b.weights:
        assert found is None
    else:
        assert found is not None
        assert 0 <= found <= 1
        assert found == pytest.approx(MOODS.together(b, a), abs=1e-12)
        assert MOODS.together(a, a) == pytest.approx(1)


def test_joined_moods_lie_between_the_same_and_strangers() -> None:
    """A hoodie joins running shoes better than pearls do."""
    sporty, street, romantic = (MOODS.names.index(name) for name in ("sporty", "street", "romantic"))
    assert MOODS.alike[sporty][street] == MOODS.alike[street][sporty] == JOINED
    assert MOODS.alike[sporty][sporty] == 1
    assert MOODS.alike[sporty][romantic] == 0


@pytest.mark.parametrize(
    ("old", "new", "complaint"),
    [
        ("joins: [street, cosy, outdoor, beach]", "joins: [streeet]", "join 'streeet' is unknown"),
        ("    words: [denim, jean", "    wrds: [denim, jean", "wrds is no field"),
        ("quiet: [stripe", "quite: [stripe", "quite is no field"),
        ("quiet: [stripe", "quiet: [no, stripe", "quiet must be a list of texts"),
    ],
)
def test_a_slip_in_the_moods_is_found(tmp_path: Path, old: str, new: str, complaint: str) -> None:
    """When they are loaded, with file and entry."""
    shutil.copy(GUIDE_FOLDER / "moods.yaml", tmp_path)
    text = (tmp_path / "moods.yaml").read_text("utf-8")
    assert old in text
    (tmp_path / "moods.yaml").write_text(text.replace(old, new, 1), "utf-8")
    with pytest.raises(SettingsError) as caught:
        load_moods(tmp_path)
    assert complaint in str(caught.value)
    assert "moods.yaml" in str(caught.value)
