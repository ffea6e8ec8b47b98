"""A lookbook file: outfits that the shop's own stylists made, one JSON object per line."""

import json
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from outfit_pairing.errors import OutfitsError, listed
from outfit_pairing.settings import Settings
from outfit_pairing.style import SEASONS, load_style_guide

FIELDS = ("outfit_id", "items", "name", "occasion", "season")
LEAST_ITEMS, MOST_ITEMS = 2, 8
SHAPE = '{"outfit_id": "…", "items": ["product id", …]}'


@dataclass(frozen=True, slots=True)
class Look:
    """One outfit of the lookbook. `items`: product ids in the stylist's order. `line`: its place in the file, from 1."""

    line: int
    outfit_id: str
    items: tuple[str, ...]
    name: str | None = None
    occasion: str | None = None
    season: str | None = None

    @property
    def title(self) -> str:
        """What people call it."""
        return self.name or f"look {self.outfit_id}"


def check_lookbook(settings: Settings) -> None:
    """Whether the lookbook that settings name can be read, if they name one.    Raises:  OutfitsError: as `read_lookbook`."""
    if settings.lookbook.path is not None:
        read_lookbook(settings.lookbook.path)


def read_lookbook(path: str) -> tuple[Look, ...]:
    """All looks of a file, in its order.

    Raises:  OutfitsError: no such file, no UTF-8 text, a line that is no JSON or holds something else than a look, an
             outfit_id given twice, no look at all; names file and line.
    """
    lines = _text(path).split("\n")  # not splitlines: JSON texts may hold other characters that end lines
    looks = tuple(_look(f"{path}, line {number}", number, line) for number, line in enumerate(lines, 1) if line.strip())
    if not looks:
        raise OutfitsError(f"{path}: the file holds no look; give one per line, as {SHAPE}")
    first: dict[str, int] = {}
    for look in looks:
        earlier = first.setdefault(look.outfit_id, look.line)
        if earlier != look.line:
            raise OutfitsError(
                f"{path}, line {look.line}: outfit_id {look.outfit_id!r} stands in line {earlier} already; give each look its own"
            )
    return looks


def _text(path: str) -> str:
    try:
        return Path(path).expanduser().read_text("utf-8-sig")
    except FileNotFoundError:
        raise OutfitsError(f"{path}: there is no such file; name an existing lookbook with --lookbook") from None
    except UnicodeDecodeError:
        raise OutfitsError(f"{path}: the lookbook is no UTF-8 text; give JSON lines") from None
    except OSError as fault:
        raise OutfitsError(
            f"{path}: the lookbook cannot be read ({fault.strerror or fault}); check the file and its rights"
        ) from None


def _look(where: str, number: int, line: str) -> Look:
    entry = _object(where, line)
    outfit_id = _word(where, entry, "outfit_id")
    if outfit_id is None:
        raise OutfitsError(f"{where}: the look has no outfit_id; write it as {SHAPE}")
    name, occasion = _word(where, entry, "name"), _word(where, entry, "occasion")
    return Look(number, outfit_id, _items(where, entry.get("items")), name, occasion, _season(where, entry))


def _object(where: str, line: str) -> Mapping[str, Any]:
    try:
        entry = json.loads(line, object_pairs_hook=_without_doubles)
    except RecursionError:
        raise OutfitsError(f"{where}: no JSON that can be read (nested too deeply); write the look as {SHAPE}") from None
    except ValueError as fault:
        raise OutfitsError(f"{where}: no JSON ({fault}); write one look per line, as {SHAPE}") from None
    if not isinstance(entry, Mapping):
        raise OutfitsError(f"{where}: no JSON object; write the look as {SHAPE}")
    unknown = [key for key in entry if key not in FIELDS]
    if unknown:
        raise OutfitsError(f"{where}: unknown key {listed(unknown)}; a look has {', '.join(FIELDS)}")
    return entry


def _without_doubles(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    """The object.    Raises:  ValueError: a key is given twice, which plain JSON silently lets the last one win."""
    found = dict(pairs)
    if len(found) < len(pairs):
        raise ValueError("a key is given twice")
    return found


def _items(where: str, value: Any) -> tuple[str, ...]:
    if not isinstance(value, list):
        raise OutfitsError(f"{where}: the look has no list of items; write it as {SHAPE}")
    for one in value:
        if not isinstance(one, str) or not one.strip():
            raise OutfitsError(f"{where}: item {json.dumps(one)} is no product id; give ids as texts, in quotes")
    items = tuple(one.strip() for one in value)
    if not LEAST_ITEMS <= len(items) <= MOST_ITEMS:
        raise OutfitsError(f"{where}: the look has {len(items)} items; give {LEAST_ITEMS} to {MOST_ITEMS}")
    twice = _twice(items)
    if twice:
        raise OutfitsError(f"{where}: item {twice} is given twice; give it once")
    return items


def _twice(items: Iterable[str]) -> str | None:
    seen: set[str] = set()
    return next((one for one in items if one in seen or seen.add(one)), None)  # type: ignore[func-returns-value]


def _word(where: str, entry: Mapping[str, Any], field: str) -> str | None:
    """A text without surrounding space, None when it is absent or empty."""
    value = entry.get(field)
    if value is not None and not isinstance(value, str):
        raise OutfitsError(f"{where}: {field} {json.dumps(value)} is no text; put it in quotes")
    return " ".join((value or "").split()) or None


def _season(where: str, entry: Mapping[str, Any]) -> str | None:
    """One of SEASONS; all-year looks need none."""
    said = _word(where, entry, "season")
    if said is None:
        return None
    season = load_style_guide().season(said)
    if season is None:
        raise OutfitsError(f"{where}: season {said!r} is none that is known; use one of {', '.join(SEASONS)}, or leave it out")
    return season
