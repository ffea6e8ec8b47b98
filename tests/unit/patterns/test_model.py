"""What is stored as a pattern is a whole one, whoever wrote it."""

from typing import Any

import pytest
from pydantic import ValidationError

from outfit_pairing.patterns.model import Pattern, PatternItem

SHIRT = {"slot": "top", "article_types": ["Shirts"], "colours": ["white"], "style": "formal", "required": True}
TROUSERS = SHIRT | {"slot": "bottom", "article_types": ["Trousers"]}
SHOES = SHIRT | {"slot": "footwear", "article_types": ["Formal Shoes"]}


def pattern(**changes: Any) -> Pattern:
    """A pattern of a shirt and trousers, with changes."""
    whole = {
        "name": "Boardroom",
        "description": "",
        "occasion": "office",
        "season": None,
        "items": [SHIRT, TROUSERS],
        "confidence": 0.9,
    }
    return Pattern.model_validate(whole | changes)


@pytest.mark.parametrize(
    ("changes", "word"),
    [
        ({"items": [SHIRT]}, "at least 2"),
        ({"items": [SHIRT, TROUSERS, SHOES, SHOES | {"slot": "bag"}, SHOES | {"slot": "belt"}]}, "at most 4"),
        ({"items": [SHIRT, TROUSERS | {"slot": "legs"}]}, "no slot"),
        ({"items": [SHIRT, SHIRT | {"colours": ["blue"]}]}, "asks twice for Shirts"),
        ({"items": [SHIRT, TROUSERS | {"article_types": []}]}, "at least 1"),
        ({"season": "monsoon"}, "no season"),
        ({"confidence": 1.2}, "less than or equal to 1"),
        ({"name": " "}, "at least 1"),
        ({"mood": "fine"}, "Extra inputs"),
    ],
)
def test_a_pattern_that_is_not_whole_is_refused(changes: dict[str, Any], word: str) -> None:
    """Item counts, slots, seasons, confidence and unknown fields are checked."""
    with pytest.raises(ValidationError, match=word):
        pattern(**changes)


def test_two_items_of_one_slot_are_allowed() -> None:
    """A lipstick may come with nail polish, earrings with a bracelet."""
    lips, nails = (SHIRT | {"slot": "beauty", "article_types": [word]} for word in ("Lipstick", "Nail Polish"))
    assert len(pattern(items=[lips, nails]).items) == 2


def test_the_id_hangs_on_anchor_prompt_and_items_alone() -> None:
    """A pattern that is renamed stays the same pattern; other items make another one."""
    own = pattern().pattern_id("1", "v1")
    assert own == pattern(name="Desk", description="Other words.", confidence=0.5).pattern_id("1", "v1")
    others = [pattern().pattern_id("2", "v1"), pattern().pattern_id("1", "v2"), pattern(items=[SHIRT, SHOES]).pattern_id("1", "v1")]
    assert len({own, *others}) == 4
    assert len(own) == 64


def test_items_cannot_be_changed_after_they_were_checked() -> None:
    """A pattern item is frozen."""
    with pytest.raises(ValidationError):
        PatternItem.model_validate(SHIRT).slot = "bottom"  # type: ignore[misc]
