"""Which item a product's name tells of: the name without colours, prints, sizes and words for whom.

Products of one article type and audience whose names agree in what is left are one item in several colours or prints.
"""

from collections.abc import Iterable
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path

from outfit_pairing.style.guide_files import GUIDE_FOLDER, read_guide, refuse_unknown, text_list
from outfit_pairing.style.normalise import words
from outfit_pairing.style.vocabulary import StyleGuide

FILE = "item_names.yaml"
LONGEST_COLOUR = 4  # words
LEAST_LETTERS = 2  # of a word that tells something: the "t" of T-shirt tells nothing


@dataclass(frozen=True, eq=False)
class ItemNames:
    """Reads items off names. `silent`: words, in the spelling of `normalise.words`, that tell nothing of the item."""

    guide: StyleGuide
    silent: frozenset[str]

    def of(self, name: str, article_type: str | None, brand: str | None = None) -> str | None:
        """What is left of the name, its words sorted; None when no word of it tells one item from another.

        Words for article types, usages and the maker are no such word. Where the catalogue names no brand, the words before
        the one for whom ("Turtle Men …") are the maker's; where that word is absent too, one more word must tell something,
        since one of them is likely the maker's.
        """
        parts = words(name)
        maker = set(words(brand)) if brand else set(self._before_audience(parts))
        left = {word for word in self._without_colours(parts) if word not in self.silent}
        telling = [word for word in left - maker - self._type_words(article_type) if self._tells(word)]
        return " ".join(sorted(left)) if len(telling) >= (1 if maker else 2) else None

    def _before_audience(self, parts: tuple[str, ...]) -> tuple[str, ...]:
        audience = self.guide.product_words.audience_words
        return next((parts[:place] for place, word in enumerate(parts) if word in audience), ())

    def _without_colours(self, parts: tuple[str, ...]) -> list[str]:
        """`parts` without any run of words that names a colour, and without words that shade one."""
        names = self.guide.colour_names
        left, place = [], 0
        while place < len(parts):
            ends = range(min(len(parts), place + LONGEST_COLOUR), place, -1)
            end = next((end for end in ends if "".join(parts[place:end]) in names.by_key), None)
            if end is None and parts[place] not in names.shades:
                left.append(parts[place])
            place = end or place + 1
        return left

    def _type_words(self, article_type: str | None) -> set[str]:
        known = self.guide.article_type(article_type) if article_type else None
        return {*words(article_type or ""), *words(known.name if known else ""), *words(known.family if known else "")}

    def _tells(self, word: str) -> bool:
        guide = self.guide
        return len(word) >= LEAST_LETTERS and word not in guide.product_words.usages and word not in guide.article_type_names.by_key


@lru_cache(maxsize=4)
def item_names(guide: StyleGuide, folder: Path | None = None) -> ItemNames:
    """The reader of a guide folder, by default the one that ships with the package; read once per process.

    Raises:  SettingsError: an unknown field, or an entry that is no text; names file and entry.
    """
    path = (folder or GUIDE_FOLDER) / FILE
    content = read_guide(path)
    refuse_unknown(str(path), content, {"prints", "sizes", "fillers"})
    listed = (word for field in ("prints", "sizes", "fillers") for word in text_list(str(path), field, content.get(field)))
    return ItemNames(guide, _spelt(listed) | guide.product_words.audience_words)


def _spelt(listed: Iterable[str]) -> frozenset[str]:
    return frozenset(word for text in listed for word in words(text))
