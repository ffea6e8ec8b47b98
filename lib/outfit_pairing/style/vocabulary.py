"""The vocabulary of the style guide: from the words of any catalogue to the words of this package."""

from collections.abc import Collection
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path

from outfit_pairing.style.article_types import (
    AUDIENCES,
    DRESS_CODES,
    KINDS,
    SLOTS,
    ArticleType,
    ArticleTypeNames,
    read_article_types,
)
from outfit_pairing.style.coarse_words import CoarseWord, CoarseWords, read_coarse_words
from outfit_pairing.style.colour_names import ColourNames, read_colour_names
from outfit_pairing.style.colours import Colour
from outfit_pairing.style.foreign_words import ForeignWords, read_foreign_words
from outfit_pairing.style.guide_files import GUIDE_FOLDER
from outfit_pairing.style.product_words import SEASONS, USAGES, ProductWords, read_product_words

__all__ = [
    "AUDIENCES",
    "DRESS_CODES",
    "KINDS",
    "SEASONS",
    "SLOTS",
    "USAGES",
    "ArticleType",
    "CoarseWord",
    "Colour",
    "StyleGuide",
    "load_style_guide",
]


@dataclass(frozen=True, eq=False)
class StyleGuide:
    """The written vocabulary of styling. Lookups take a catalogue's own words; None is for words they do not know."""

    article_type_names: ArticleTypeNames
    colour_names: ColourNames
    product_words: ProductWords
    coarse_words: CoarseWords
    foreign_words: ForeignWords

    @property
    def article_types(self) -> tuple[ArticleType, ...]:
        """Every article type of the guide, in its order."""
        return self.article_type_names.article_types

    @property
    def colours(self) -> tuple[Colour, ...]:
        """Every colour of the guide, in its order."""
        return self.colour_names.colours

    def article_type(self, value: str) -> ArticleType | None:
        """The article type that `value` names; case, plural, hyphens and "men's" do not matter."""
        return self.article_type_names.find(value)

    def article_type_in(self, text: str, slots: Collection[str] | None = None) -> ArticleType | None:
        """The article type named somewhere in `text`, of one of `slots` if given: for bare names and long category paths."""
        return self.article_type_names.find_in(text, slots)

    def coarse_word(self, value: str) -> CoarseWord | None:
        """The rough word that `value` is ("Accessories", "Garment Lower body"), None for all others."""
        return self.coarse_words.find(value)

    def colour(self, value: str) -> Colour | None:
        """The colour that `value` names, also "Dark Teal", "Medium Heather Grey" or "Black/White" (the first)."""
        return self.colour_names.find(value)

    def colour_in_name(self, name: str) -> Colour | None:
        """The colour that a product name says: "Jumpsuit in Russet Red", "Navy Blue Shirt"; None rather than a guess."""
        return self.colour_names.find_in_name(name)

    def audience(self, gender: str | None, age_group: str | None = None) -> str | None:
        """One of AUDIENCES from a gender and an age group, either of which may be missing or say it all."""
        return self.product_words.audience(gender, age_group)

    def season(self, value: str) -> str | None:
        """One of SEASONS; half-years by their peak ("Autumn/Winter 2012" is winter), None for all-year wear."""
        return self.product_words.season(value)

    def usage(self, value: str) -> str | None:
        """One of USAGES."""
        return self.product_words.usage(value)


def load_style_guide(folder: Path | None = None) -> StyleGuide:
    """The style guide of `folder`, by default the one that ships with the package; read once per process.

    Raises:  SettingsError: something in the YAML is wrong; the message names file and entry.
    """
    return _load(folder or GUIDE_FOLDER)


@lru_cache(maxsize=4)
def _load(folder: Path) -> StyleGuide:
    product_words = read_product_words(folder / "words.yaml")
    article_types = read_article_types(folder / "article_types.yaml", product_words.audience_words)
    colours = read_colour_names(folder / "colours.yaml")
    rough_file, foreign_file = folder / "coarse_words.yaml", folder / "foreign_words.yaml"  # a guide may do without
    coarse = read_coarse_words(rough_file, article_types) if rough_file.exists() else CoarseWords({}, article_types.ignored)
    foreign = read_foreign_words(foreign_file, article_types, coarse, colours) if foreign_file.exists() else ForeignWords(())
    return StyleGuide(article_types, colours, product_words, coarse, foreign)
