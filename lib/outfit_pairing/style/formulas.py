"""The look formulas of the style guide: what stylists put together, read from templates.yaml and occasions.yaml.

A formula is a whole look. Whatever product belongs to it can be taken out; the rest is an outfit idea for that product.
"""

import hashlib
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from outfit_pairing.errors import SettingsError
from outfit_pairing.style.guide_files import GUIDE_FOLDER, known, read_guide, refuse_unknown, text_list
from outfit_pairing.style.vocabulary import DRESS_CODES, SEASONS, SLOTS, StyleGuide

TEMPLATES, OCCASIONS = "templates.yaml", "occasions.yaml"
WEARERS = ("women", "men", "girls", "boys")
IN_FAMILY = 0.5  # how far the other types of a family stand behind the one that gave it its name

_SHARED = {"for", "occasion", "dress_code", "season", "says", "named_only"}
_LOOK = _SHARED | {"core", "extras"}
_COMPANIONS = _SHARED | {"slot", "pieces"}
_EXCEPT = "not "


@dataclass(frozen=True, slots=True)
class Piece:
    """One place of a look. `ranks`: article types (canonical) that can take it, 0 = first choice, 0.5 = of its family."""

    slot: str
    ranks: Mapping[str, float]
    required: bool


@dataclass(frozen=True, slots=True)
class Formula:
    """A whole look. `own_kind`: its pieces share one slot, whose products are shown with their own kind only.

    `named_only`: it takes in no product that it does not name.
    """

    name: str
    wearers: tuple[str, ...]
    occasion: str
    dress_code: str
    season: str | None
    says: str
    pieces: tuple[Piece, ...]
    own_kind: bool
    named_only: bool


@dataclass(frozen=True, eq=False)
class Formulas:
    """All formulas, and the palettes in which article types, families or slots serve other products best."""

    looks: tuple[Formula, ...]
    palettes: Mapping[str, frozenset[str]]
    version: str

    def palette(self, article_type: str, family: str, slot: str) -> frozenset[str]:
        """Colours and colour families to prefer, empty when any will do; the narrowest entry holds."""
        return next((self.palettes[name] for name in (article_type, family, slot) if name in self.palettes), frozenset())


def read_formulas(guide: StyleGuide, folder: Path | None = None) -> Formulas:
    """The formulas of a guide folder, by default the one that ships with the package.

    Raises:  SettingsError: an unknown article type, colour, occasion, audience, season or field; names file and entry.
    """
    folder = folder or GUIDE_FOLDER
    path = folder / TEMPLATES
    content = read_guide(path)
    refuse_unknown(str(path), content, {"palettes", "formulas", "companions"})
    reader = _Reader(guide, read_occasions(folder))
    looks = [reader.look(f"{path}: formula {name!r}", name, entry) for name, entry in content.get("formulas", {}).items()]
    kinds = content.get("companions", {})
    looks += [reader.companions(f"{path}: companions {name!r}", name, entry) for name, entry in kinds.items()]
    palettes = {name: reader.palette(f"{path}: palette {name!r}", name, value) for name, value in content["palettes"].items()}
    return Formulas(tuple(looks), palettes, version_of(path, folder / OCCASIONS))


def version_of(*paths: Path) -> str:
    """Twelve hexadecimal digits that change with the content of any of the files."""
    digest = hashlib.sha256()
    for path in paths:
        digest.update(path.name.encode() + b"\0" + path.read_bytes())
    return digest.hexdigest()[:12]


def read_occasions(folder: Path | None = None) -> dict[str, str]:
    """Occasions of a guide folder, by default the one that ships with the package, and the dress code of each.

    Raises:  SettingsError: an unknown dress code or field; names file and entry.
    """
    path = (folder or GUIDE_FOLDER) / OCCASIONS
    codes: dict[str, str] = {}
    for occasion, entry in read_guide(path).items():
        where = f"{path}: occasion {occasion!r}"
        refuse_unknown(where, entry, {"dress_code"})
        codes[occasion] = known(where, "dress_code", entry.get("dress_code"), DRESS_CODES)
    return codes


class _Reader:
    """Turns entries of templates.yaml into formulas, and refuses words that the style guide does not know."""

    def __init__(self, guide: StyleGuide, dress_codes: Mapping[str, str]) -> None:
        self.dress_codes = dress_codes
        self.types_of: dict[str, list[tuple[str, str]]] = {}  # family or article type → its (article type, slot)
        for kind in guide.article_types:
            self.types_of.setdefault(kind.family, []).append((kind.name, kind.slot))
        for kind in guide.article_types:
            self.types_of.setdefault(kind.name, [(kind.name, kind.slot)])
        self.colours = {name for colour in guide.colours for name in (colour.name, colour.family)}

    def look(self, where: str, name: str, entry: Mapping[str, Any]) -> Formula:
        refuse_unknown(where, entry, _LOOK)
        pieces = [
            self._piece(where, known(where, "slot", slot, SLOTS), words, required=part == "core")
            for part in ("core", "extras")
            for slot, words in entry.get(part, {}).items()
        ]
        if len({piece.slot for piece in pieces}) != len(pieces):
            raise SettingsError(f"{where}: a slot stands in core and in extras; keep one of them")
        return self._formula(where, name, entry, pieces, own_kind=False)

    def companions(self, where: str, name: str, entry: Mapping[str, Any]) -> Formula:
        refuse_unknown(where, entry, _COMPANIONS)
        slot = known(where, "slot", entry.get("slot"), SLOTS)
        pieces = [self._piece(where, slot, words, required=True) for words in entry.get("pieces", [])]
        return self._formula(where, name, entry, pieces, own_kind=True)

    def palette(self, where: str, name: str, value: Any) -> frozenset[str]:
        if name not in self.types_of and name not in SLOTS:
            raise SettingsError(f"{where} is no article type, family or slot of the style guide")
        names = text_list(where, "colours", value)
        return frozenset(known(where, "colour", colour, tuple(self.colours)) for colour in names)

    def _formula(self, where: str, name: str, entry: Mapping[str, Any], pieces: Sequence[Piece], *, own_kind: bool) -> Formula:
        occasion = known(where, "occasion", entry.get("occasion"), tuple(self.dress_codes))
        season = entry.get("season")
        if len(pieces) < 3:
            raise SettingsError(f"{where}: a look needs at least three pieces, since one of them is taken out")
        return Formula(
            name=name,
            wearers=tuple(known(where, "for", one, WEARERS) for one in text_list(where, "for", entry.get("for"))),
            occasion=occasion,
            dress_code=known(where, "dress_code", entry.get("dress_code", self.dress_codes[occasion]), DRESS_CODES),
            season=None if season is None else known(where, "season", season, SEASONS),
            says=str(entry.get("says", "")),
            pieces=tuple(pieces),
            own_kind=own_kind,
            named_only=bool(entry.get("named_only", False)),
        )

    def _piece(self, where: str, slot: str, words: Any, *, required: bool) -> Piece:
        ranks: dict[str, float] = {}
        listed = text_list(where, slot, words)
        for rank, word in enumerate(word for word in listed if not word.startswith(_EXCEPT)):
            for name in self._expand(where, slot, word):
                ranks.setdefault(name, rank if name == word else rank + IN_FAMILY)
        for word in listed:
            if word.startswith(_EXCEPT):
                for name in self._expand(where, slot, word.removeprefix(_EXCEPT)):
                    ranks.pop(name, None)
        return Piece(slot, ranks, required)

    def _expand(self, where: str, slot: str, word: str) -> Iterator[str]:
        found = [name for name, its_slot in self.types_of.get(word, []) if its_slot == slot]
        if not found:
            raise SettingsError(f"{where}: {word!r} is no article type or family of slot {slot} in article_types.yaml")
        return iter(found)
