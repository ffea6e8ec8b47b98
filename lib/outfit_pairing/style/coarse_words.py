"""Words that say only roughly what a product is: "Accessories", "Knitwear", "Garment Lower body"; its name says the rest."""

from collections.abc import Collection, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from outfit_pairing.errors import SettingsError
from outfit_pairing.style.article_types import SLOTS, ArticleType, ArticleTypeNames
from outfit_pairing.style.guide_files import known, mapping, read_guide, refuse_unknown, text_list, word_index
from outfit_pairing.style.normalise import key, words


@dataclass(frozen=True, slots=True)
class CoarseWord:
    """A rough word.    slots: what it can be.    article_type: what it is when nothing says more; None: nobody knows."""

    name: str
    slots: frozenset[str]
    article_type: ArticleType | None
    names: tuple[str, ...] = ()


@dataclass(frozen=True, eq=False)
class CoarseWords:
    """Finds the rough word that a text is. `by_key` is looked up by `normalise.key`."""

    by_key: Mapping[str, CoarseWord]
    ignored: Collection[str]  # words that say for whom

    def find(self, text: str) -> CoarseWord | None:
        """The rough word that all of `text` is, or None; "women's" and the like do not matter."""
        exact = self.by_key.get(key(text))
        return exact or self.by_key.get("".join(word for word in words(text) if word not in self.ignored))


def read_coarse_words(path: Path, article_types: ArticleTypeNames) -> CoarseWords:
    """The rough words of a guide file.

    Raises:  SettingsError: an unknown slot or article type, a word given twice; names file and entry.
    """
    found = [_coarse_word(path, name, entry, article_types) for name, entry in read_guide(path).items()]
    return CoarseWords(word_index(path, found), article_types.ignored)


def _coarse_word(path: Path, name: str, entry: Any, article_types: ArticleTypeNames) -> CoarseWord:
    where = f"{path}: {name!r}"
    entry = mapping(where, entry)
    refuse_unknown(where, entry, {"slots", "type", "names"})
    slots = frozenset(known(where, "slots", slot, SLOTS) for slot in text_list(where, "slots", entry.get("slots")))
    if not slots:
        raise SettingsError(f"{where}: slots is missing; write what it can be, for example slots: [top, outerwear]")
    word = entry.get("type")
    article_type = None if word is None else article_types.find(str(word))
    if word is not None and (article_type is None or article_type.slot not in slots):
        raise SettingsError(f"{where}: type {word!r} is no article type of its slots; use a word of article_types.yaml")
    return CoarseWord(name, slots, article_type, text_list(where, "names", entry.get("names")))
