"""What a pattern is: a named outfit idea for an anchor, with 2 to 4 pattern items.

Every reply of a provider is held to these models before anything of it is stored.
"""

import hashlib
from typing import Annotated, Any

from pydantic import AfterValidator, BaseModel, ConfigDict, Field, model_validator

from outfit_pairing.style import SEASONS, SLOTS

LEAST_ITEMS, MOST_ITEMS = 2, 4


def _known_slot(value: str) -> str:
    if value not in SLOTS:
        raise ValueError(f"{value!r} is no slot; use one of {', '.join(SLOTS)}")
    return value


def _known_season(value: str | None) -> str | None:
    if value is not None and value not in SEASONS:
        raise ValueError(f"{value!r} is no season; use one of {', '.join(SEASONS)} or null")
    return value


Text = Annotated[str, Field(min_length=1, max_length=200)]


class _Strict(BaseModel):
    model_config = ConfigDict(frozen=True, extra="forbid", str_strip_whitespace=True)


class PatternItem(_Strict):
    """What a pattern asks for in one slot: article types in the catalogue's words, colours in the style guide's, best first."""

    slot: Annotated[str, AfterValidator(_known_slot)]
    article_types: tuple[Text, ...] = Field(min_length=1, max_length=8)
    colours: tuple[Text, ...] = Field(max_length=8)
    style: str = Field(max_length=200)
    required: bool


class Pattern(_Strict):
    """A named outfit idea. It asks for no article type twice."""

    name: str = Field(min_length=1, max_length=80)
    description: str = Field(max_length=500)
    occasion: str = Field(min_length=1, max_length=80)
    season: Annotated[str | None, AfterValidator(_known_season)]
    items: tuple[PatternItem, ...] = Field(min_length=LEAST_ITEMS, max_length=MOST_ITEMS)
    confidence: float = Field(ge=0, le=1)

    @model_validator(mode="after")
    def _asks_for_nothing_twice(self) -> "Pattern":
        asked = [(item.slot, word) for item in self.items for word in item.article_types]
        twice = sorted({word for slot, word in asked if asked.count((slot, word)) > 1})
        if twice:
            raise ValueError(f"asks twice for {', '.join(twice)}")
        return self

    def pattern_id(self, anchor_product_id: str, prompt_version: str) -> str:
        """sha256 of anchor, prompt version and items: the same idea for the same anchor keeps its id, whatever its name."""
        items = [item.model_dump_json() for item in self.items]
        return fingerprint(anchor_product_id, prompt_version, *items)


class PatternReply(_Strict):
    """What a provider's reply must hold, as JSON: `{"patterns": [...]}`."""

    patterns: tuple[Pattern, ...]


def fingerprint(*parts: Any) -> str:
    """sha256 of the parts as hexadecimal digits; where one part ends matters."""
    return hashlib.sha256("\x1f".join(str(part) for part in parts).encode()).hexdigest()
