"""What a product can be: the article types of the style guide, and the words catalogues use for them."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from outfit_pairing.errors import SettingsError
from outfit_pairing.style.guide_files import known, number, read_guide, refuse_unknown, text_list
from outfit_pairing.style.normalise import key

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


def read_article_types(path: Path) -> tuple[ArticleType, ...]:
    """The article types of a guide file, in its order.

    Raises:  SettingsError: an unknown slot, kind, dress code or audience, a word given twice; names file and entry.
    """
    families: Mapping[str, Any] = read_guide(path)
    found = tuple(one for name, family in families.items() for one in _family(path, name, family))
    index(path, ((one.name, one.names) for one in found))
    return found


def index(path: Path, entries: Iterator[tuple[str, tuple[str, ...]]]) -> dict[str, str]:
    """From the key of every word to the canonical name that it stands for.

    Raises:  SettingsError: one word stands for two entries, or is given twice for one.
    """
    owner: dict[str, str] = {}
    for name, others in entries:
        for word in (name, *others):
            if key(word) in owner:
                raise SettingsError(
                    f"{path}: {word!r} of entry {name!r} already stands for {owner[key(word)]!r}; keep one of them"
                )
            owner[key(word)] = name
    return owner


def _family(path: Path, name: str, family: Any) -> Iterator[ArticleType]:
    where = f"{path}: family {name!r}"
    if not isinstance(family, dict) or not isinstance(family.get("types"), dict):
        raise SettingsError(f"{where} needs a slot, a kind and a mapping `types`")
    refuse_unknown(where, family, _STYLING | {"types"})
    defaults = {field: value for field, value in family.items() if field != "types"}
    for type_name, entry in family["types"].items():
        yield _article_type(f"{path}: article type {type_name!r}", str(type_name), name, defaults, entry)


def _article_type(where: str, name: str, family: str, defaults: dict[str, Any], entry: Any) -> ArticleType:
    own = entry if isinstance(entry, dict) else {"names": entry}
    refuse_unknown(where, own, _STYLING | {"names"})
    styled = {**defaults, **own}
    warmth = number(where, "warmth", styled.get("warmth"), 3)
    return ArticleType(
        name=name,
        slot=known(where, "slot", styled.get("slot"), SLOTS),
        family=family,
        kind=known(where, "kind", styled.get("kind"), KINDS),
        formality=number(where, "formality", styled.get("formality"), 5),
        suits=_suits(where, styled.get("suits")),
        strict=_optional(where, "strict", styled, DRESS_CODES),
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
