"""What a product can be: the article types of the style guide, and the words catalogues use for them."""

import re
from collections.abc import Collection, Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from outfit_pairing.errors import SettingsError
from outfit_pairing.style.guide_files import (
    known,
    mapping,
    number,
    read_guide,
    refuse_unknown,
    text_list,
    word_index,
)
from outfit_pairing.style.normalise import key, words

SLOTS = (
    "top",
    "bottom",
    "one_piece",
    "outerwear",
    "footwear",
    "bag",
    "belt",
    "headwear",
    "eyewear",
    "watch",
    "jewellery",
    "scarf_or_tie",
    "innerwear",
    "sleepwear",
    "swimwear",
    "beauty",
    "other",
)
DRESS_CODES = ("casual", "smart_casual", "formal", "party", "ethnic", "sports", "beach", "lounge")
AUDIENCES = ("women", "men", "unisex", "girls", "boys", "kids")
KINDS = ("clothing", "footwear", "accessory", "beauty", "equipment", "home", "free")

_BRACKETS = re.compile(r"\(.*?\)|\[.*?\]")
_STEPS = re.compile(r"[>|]")
_MEMBERS = re.compile(r"[,/&;+]|\band\b", re.IGNORECASE)
_ASIDE = re.compile(r"\b(?:with|for)\b", re.IGNORECASE)
_STYLING = {"slot", "kind", "formality", "suits", "strict", "warmth", "audience"}


@dataclass(frozen=True, slots=True)
class ArticleType:
    """One kind of product.

    name: canonical, lower case, singular (pairs as people say them: "jeans").    family: the coarser type.
    formality: 0 loungewear or beach, 1 sporty, 2 casual, 3 smart casual, 4 business, 5 black tie; None fits any level.
    suits: dress codes of the outfits it can join.    strict: the dress code it imposes on the whole outfit, if any.
    warmth: 0 bare, 1 light, 2 medium, 3 warm; None fits any season.    audience: set when the word alone says it.
    """

    name: str
    slot: str
    family: str
    kind: str
    formality: float | None
    suits: frozenset[str]
    strict: str | None
    warmth: int | None
    audience: str | None
    names: tuple[str, ...]


@dataclass(frozen=True, eq=False)
class ArticleTypeNames:
    """Finds the article type that a text names. `by_key` is looked up by `normalise.key`.

    ignored: words that say for whom, not what ("women's jeans").
    """

    article_types: tuple[ArticleType, ...]
    by_key: Mapping[str, ArticleType]
    ignored: Collection[str]

    def find(self, text: str) -> ArticleType | None:
        """The article type that all of `text` names, or None."""
        exact = self.by_key.get(key(text))
        return exact or self.by_key.get("".join(self._telling(text)))

    def find_in(self, text: str, slots: Collection[str] | None = None) -> ArticleType | None:
        """The article type named somewhere in `text`, of one of `slots` if given, or None.

        Of a path ("Women > Dresses > Maxi Dresses") the last step that names one, of a list ("Jackets & Vests") the
        first member, of a product name the longest type, the last of equals, before any "with" or "for".
        """
        for step in reversed(_STEPS.split(text)):
            for member in _MEMBERS.split(_ASIDE.split(step)[0]):
                found = self._longest(self._telling(member), slots)
                if found:
                    return found
        return None

    def _longest(self, parts: tuple[str, ...], slots: Collection[str] | None) -> ArticleType | None:
        runs = (
            self.by_key.get("".join(parts[start : start + size]))
            for size in range(len(parts), 0, -1)
            for start in range(len(parts) - size, -1, -1)
        )
        return next((found for found in runs if found and (slots is None or found.slot in slots)), None)

    def _telling(self, text: str) -> tuple[str, ...]:
        return tuple(word for word in words(_BRACKETS.sub(" ", text)) if word not in self.ignored)


def read_article_types(path: Path, ignored: Collection[str] = ()) -> ArticleTypeNames:
    """The article types of a guide file, in its order.

    Raises:  SettingsError: an unknown slot, kind, dress code or audience, a word given twice; names file and entry.
    """
    found = tuple(one for name, family in read_guide(path).items() for one in _family(path, str(name), family))
    return ArticleTypeNames(found, word_index(path, found), frozenset(ignored))


def _family(path: Path, name: str, family: Any) -> Iterator[ArticleType]:
    where = f"{path}: family {name!r}"
    family = mapping(where, family)
    refuse_unknown(where, family, _STYLING | {"types"})
    defaults = {field: value for field, value in family.items() if field != "types"}
    for type_name, entry in mapping(f"{where}: types", family.get("types")).items():
        yield _article_type(f"{path}: article type {type_name!r}", str(type_name), name, defaults, entry)


def _article_type(where: str, name: str, family: str, defaults: dict[str, Any], entry: Any) -> ArticleType:
    own = entry if isinstance(entry, dict) else {"names": entry}
    refuse_unknown(where, own, _STYLING | {"names"})
    styled = {**defaults, **own}
    warmth = number(where, "warmth", styled.get("warmth"), 3)
    suits, strict = _suits(where, styled.get("suits")), _optional(where, "strict", styled, DRESS_CODES)
    if strict and strict not in suits:
        raise SettingsError(f"{where}: strict {strict!r} is not among what it suits; add it to `suits`, or write strict: null")
    return ArticleType(
        name=name,
        slot=known(where, "slot", styled.get("slot"), SLOTS),
        family=family,
        kind=known(where, "kind", styled.get("kind"), KINDS),
        formality=number(where, "formality", styled.get("formality"), 5),
        suits=suits,
        strict=strict,
        warmth=None if warmth is None else int(warmth),
        audience=_optional(where, "audience", styled, AUDIENCES),
        names=text_list(where, "names", own.get("names")),
    )


def _suits(where: str, value: Any) -> frozenset[str]:
    if value == "any":
        return frozenset(DRESS_CODES)
    return frozenset(known(where, "suits", code, DRESS_CODES) for code in text_list(where, "suits", value))


def _optional(where: str, field: str, styled: dict[str, Any], allowed: tuple[str, ...]) -> str | None:
    value = styled.get(field)
    return None if value is None else known(where, field, value, allowed)
