"""What a product's name says of how it is carried, and what that never meets: a sports brand's bag is no company for a saree."""

from collections.abc import Mapping
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path

from outfit_pairing.style.guide_files import GUIDE_FOLDER, known, mapping, read_guide, refuse_unknown, text_list
from outfit_pairing.style.normalise import key, keys_in
from outfit_pairing.style.traits import Traits
from outfit_pairing.style.vocabulary import DRESS_CODES, StyleGuide

MOST_WORDS = 3  # of an entry


@dataclass(frozen=True, slots=True)
class Bearing:
    """One way in which a product is carried, and the dress codes and article types (or families) that it never meets."""

    name: str
    dress_codes: frozenset[str]
    types: frozenset[str]

    def at_odds(self, other: Traits) -> bool:
        """Whether something carried so is never in one outfit with something of these traits."""
        return bool({other.strict, other.dress_code} & self.dress_codes or {other.article_type, other.family} & self.types)


@dataclass(frozen=True, eq=False)
class Bearings:
    """The bearings of the guide; the earlier wins."""

    all: tuple[Bearing, ...]
    by_word: Mapping[str, int]

    def of(self, name: str | None) -> int:
        """1 and up for the bearing that the words of a name tell; 0 when they tell none."""
        return min((self.by_word[run] for run in keys_in(name or "", MOST_WORDS) & self.by_word.keys()), default=0)


@lru_cache(maxsize=4)
def load_bearings(style_guide: StyleGuide, folder: Path | None = None) -> Bearings:
    """The bearings of bearings.yaml.   style_guide: its article types and families are what entries may name.

    Raises:  SettingsError: an unknown field, dress code or type; names file and entry.
    """
    path = (folder or GUIDE_FOLDER) / "bearings.yaml"
    types = tuple(sorted({name for one in style_guide.article_types for name in (one.name, one.family)}))
    found: list[Bearing] = []
    by_word: dict[str, int] = {}
    for number, (name, said) in enumerate(read_guide(path).items(), start=1):
        where = f"{path}: {name}"
        entry = mapping(where, said)
        refuse_unknown(where, entry, {"words", "dress_codes", "types"})
        for word in text_list(where, "words", entry.get("words")):
            by_word.setdefault(key(word), number)
        codes, kinds = (text_list(where, field, entry.get(field)) for field in ("dress_codes", "types"))
        found.append(
            Bearing(
                name,
                frozenset(known(where, "dress code", code, DRESS_CODES) for code in codes),
                frozenset(known(where, "type", kind, types) for kind in kinds),
            )
        )
    return Bearings(tuple(found), by_word)
