"""Who a product is for, when it is worn and what for: the words of catalogues read as audience, season and usage."""

import re
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from outfit_pairing.style.guide_files import known, mapping, read_guide, refuse_unknown, text_list, word_index
from outfit_pairing.style.normalise import key, words

SEASONS = ("spring", "summer", "fall", "winter")
USAGES = ("casual", "smart_casual", "formal", "party", "ethnic", "sports", "travel", "home")

_SEXES, _AGES = ("female", "male", "both"), ("adult", "child")
_WHO = {"female": ("women", "girls"), "male": ("men", "boys"), "both": ("unisex", "kids")}  # grown up, child
_DIGITS = re.compile(r"\d+")
_AGE = re.compile(r"(\d+)(?:\s*(?:-|–|to)\s*\d+)?\s*(m|y)(?:o|os|nths?|onths?|rs?|ears?)?\b", re.IGNORECASE)
_GROWN_UP = 15  # years; children's sizes end at 14


@dataclass(frozen=True, slots=True)
class _Word:
    """One meaning and the words for it."""

    name: str
    names: tuple[str, ...]


@dataclass(frozen=True, eq=False)
class ProductWords:
    """Finds audience, season and usage by the words a catalogue has for them; tables from key to meaning."""

    sexes: Mapping[str, _Word]
    ages: Mapping[str, _Word]
    seasons: Mapping[str, _Word]
    usages: Mapping[str, _Word]

    def audience(self, gender: str | None, age_group: str | None = None) -> str | None:
        """One of AUDIENCES from either or both texts: "Women" and "4-6 years" → girls; None when neither says it."""
        texts = [text for text in (gender, age_group) if text]
        sexes = {meaning for text in texts for meaning in _meanings(self.sexes, text)}
        ages = {age for text in texts for age in (*_meanings(self.ages, text), *_ages_in_figures(text))}
        if not sexes and not ages:
            return None
        grown_up, child = _WHO[next(iter(sexes)) if len(sexes) == 1 else "both"]
        return child if "child" in ages else grown_up

    def season(self, text: str) -> str | None:
        """One of SEASONS; "SS13" is summer, "Autumn/Winter 2012" winter; None for all-year wear."""
        named = _meanings(self.seasons, _DIGITS.sub(" ", text))
        all_year = len(named) > 2 or {"summer", "winter"} <= set(named)
        return named[0] if named and not all_year else None

    def is_season(self, text: str) -> bool:
        """Whether `text` says when a product is worn, be it all the year round."""
        return bool(_meanings(self.seasons, _DIGITS.sub(" ", text)))

    def usage(self, text: str) -> str | None:
        """One of USAGES, the first when `text` names several; None when it names none."""
        named = _meanings(self.usages, text)
        return named[0] if named else None

    @property
    def audience_words(self) -> frozenset[str]:
        """Keys of the words that say for whom a product is; letters such as "M" left out."""
        return frozenset(word for word in (*self.sexes, *self.ages) if len(word) > 2)


def read_product_words(path: Path) -> ProductWords:
    """The words of a guide file.

    Raises:  SettingsError: an unknown sex, age, season or usage, a word given twice; names file and entry.
    """
    guide = read_guide(path)
    refuse_unknown(str(path), guide, {"sexes", "ages", "seasons", "usages"})
    return ProductWords(
        _table(path, "sexes", guide, _SEXES),
        _table(path, "ages", guide, _AGES),
        _table(path, "seasons", guide, SEASONS),
        _table(path, "usages", guide, USAGES),
    )


def _table(path: Path, section: str, guide: Mapping[str, Any], allowed: tuple[str, ...]) -> dict[str, _Word]:
    where = f"{path}: {section}"
    meanings = mapping(where, guide.get(section))
    return word_index(
        path, [_Word(known(where, "entry", name, allowed), text_list(where, name, others)) for name, others in meanings.items()]
    )


def _meanings(table: Mapping[str, _Word], text: str) -> tuple[str, ...]:
    """What `text` means, in its order: as a whole if it is in the table, else by its longest runs of words."""
    whole = table.get(key(text))
    if whole:
        return (whole.name,)
    parts = words(text)
    found: dict[str, None] = {}
    start = 0
    while start < len(parts):
        ends = range(len(parts), start, -1)
        end = next((end for end in ends if "".join(parts[start:end]) in table), None)
        if end:
            found[table["".join(parts[start:end])].name] = None
        start = end or start + 1
    return tuple(found)


def _ages_in_figures(text: str) -> list[str]:
    """Ages written as "6-12 months" or "4-6 Y"."""
    return ["child" if unit in "mM" or int(number) < _GROWN_UP else "adult" for number, unit in _AGE.findall(text)]
