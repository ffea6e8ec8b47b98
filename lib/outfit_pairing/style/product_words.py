"""Who a product is for, when it is worn and what for: the words of catalogues read as audience, season and usage."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from outfit_pairing.style.article_types import AUDIENCES, index
from outfit_pairing.style.guide_files import known, read_guide, refuse_unknown, text_list
from outfit_pairing.style.normalise import key, words

SEASONS = ("spring", "summer", "fall", "winter")
USAGES = ("casual", "smart_casual", "formal", "party", "ethnic", "sports", "travel", "home")

_CHILD = {"women": "girls", "men": "boys", "unisex": "kids"}


@dataclass(frozen=True, eq=False)
class ProductWords:
    """Finds audience, season and usage of a product by the words a catalogue has for them."""

    audiences: Mapping[str, str]
    seasons: Mapping[str, str]
    usages: Mapping[str, str]

    def audience(self, gender: str | None, age_group: str | None = None) -> str | None:
        """One of AUDIENCES, or None when neither text says it."""
        who = _first(self.audiences, gender or "")
        age = _first(self.audiences, age_group or "")
        return _CHILD.get(who or "unisex", who) if age in ("kids", "girls", "boys") else who or age

    def season(self, text: str) -> str | None:
        """One of SEASONS, or None."""
        return _first(self.seasons, text)

    def usage(self, text: str) -> str | None:
        """One of USAGES, or None."""
        return _first(self.usages, text)


def read_product_words(path: Path) -> ProductWords:
    """The words of a guide file.    Raises:  SettingsError: an unknown audience, season or usage, a word given twice."""
    guide: Mapping[str, Any] = read_guide(path)
    refuse_unknown(str(path), guide, {"audiences", "seasons", "usages"})
    return ProductWords(
        _index(path, "audiences", guide, AUDIENCES),
        _index(path, "seasons", guide, SEASONS),
        _index(path, "usages", guide, USAGES),
    )


def _index(path: Path, section: str, guide: Mapping[str, Any], allowed: tuple[str, ...]) -> dict[str, str]:
    where = f"{path}: {section}"
    return index(
        path,
        (
            (known(where, "name", name, allowed), text_list(where, name, others))
            for name, others in guide.get(section, {}).items()
        ),
    )


def _first(table: Mapping[str, str], text: str) -> str | None:
    whole = table.get(key(text))
    return whole or next((table[word] for word in words(text) if word in table), None)
