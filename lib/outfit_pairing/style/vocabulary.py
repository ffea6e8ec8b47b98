"""The vocabulary of the style guide: from the words of any catalogue to the words of this package."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path

from outfit_pairing.style.article_types import (
    AUDIENCES,
    DRESS_CODES,
    KINDS,
    SLOTS,
    ArticleType,
    index,
    read_article_types,
)
from outfit_pairing.style.colour_names import ColourNames, read_colour_names
from outfit_pairing.style.colours import Colour
from outfit_pairing.style.guide_files import GUIDE_FOLDER
from outfit_pairing.style.normalise import key
from outfit_pairing.style.product_words import SEASONS, USAGES, ProductWords, read_product_words

__all__ = [
    "AUDIENCES",
    "DRESS_CODES",
    "KINDS",
    "SEASONS",
    "SLOTS",
    "USAGES",
    "ArticleType",
    "Colour",
    "StyleGuide",
    "load_style_guide",
]


@dataclass(frozen=True, eq=False)
class StyleGuide:
    """The written styling vocabulary. Lookups take a catalogue's own words and give None for what they do not know."""

    article_types: tuple[ArticleType, ...]
    by_key: Mapping[str, ArticleType]
    colour_names: ColourNames
    product_words: ProductWords

    @property
    def colours(self) -> tuple[Colour, ...]:
        """Every colour of the guide, in its order."""
        return self.colour_names.colours

    def article_type(self, value: str) -> ArticleType | None:
        """The article type that `value` names; case, plural, hyphens and "men's" do not matter."""
        return self.by_key.get(key(value))

    def colour(self, value: str) -> Colour | None:
        """The colour that `value` names."""
        return self.colour_names.find(value)

    def audience(self, gender: str | None, age_group: str | None = None) -> str | None:
        """One of AUDIENCES from a gender and an age group, either of which may be missing."""
        return self.product_words.audience(gender, age_group)

    def season(self, value: str) -> str | None:
        """One of SEASONS."""
        return self.product_words.season(value)

    def usage(self, value: str) -> str | None:
        """One of USAGES."""
        return self.product_words.usage(value)


def load_style_guide(folder: Path | None = None) -> StyleGuide:
    """The style guide of `folder`, by default the one that ships with the package; read once per process.

    Raises:  SettingsError: something in the YAML is wrong; the message names file and entry.
    """
    return _load(folder or GUIDE_FOLDER)


@lru_cache(maxsize=8)
def _load(folder: Path) -> StyleGuide:
    path = folder / "article_types.yaml"
    found = read_article_types(path)
    by_name = {one.name: one for one in found}
    owner = index(path, ((one.name, one.names) for one in found))
    return StyleGuide(
        article_types=found,
        by_key={word: by_name[name] for word, name in owner.items()},
        colour_names=read_colour_names(folder / "colours.yaml"),
        product_words=read_product_words(folder / "words.yaml"),
    )
