"""Files of outfits, JSON lines `{"outfit_id": …, "items": [product ids]}`, and what is written beside them."""

import csv
import errno
import io
import json
import os
from collections.abc import Sequence
from pathlib import Path
from typing import Any, NamedTuple

from outfit_pairing.errors import OutfitsError
from outfit_pairing.whole_files import put_file

MOST_SHOWN = 60  # characters of a value that is no id


class GivenOutfit(NamedTuple):
    """An outfit as somebody gave it; ids in its order."""

    outfit_id: str
    items: tuple[str, ...]


def read_outfits(path: Path) -> list[GivenOutfit]:
    """The outfits of a file, in its order; blank lines are passed over.

    Raises: OutfitsError: no such file, a line that is no outfit (with its number), no outfit at all.
    """
    try:
        lines = path.read_text("utf-8-sig").split("\n")  # no other line ends: U+2028 may stand in a text
    except FileNotFoundError:
        raise OutfitsError(f"no file {path}; give JSON lines with outfit_id and items") from None
    except UnicodeError as fault:
        raise OutfitsError(f"{path}: is not UTF-8 text ({fault}); write it as JSON lines") from None
    except OSError as fault:
        raise OutfitsError(f"{path}: cannot be read ({fault.strerror or fault}); give a file of JSON lines") from None
    found = [_outfit(f"{path}, line {number}", line) for number, line in enumerate(lines, 1) if line.strip()]
    if not found:
        raise OutfitsError(f'{path}: holds no outfit; write one {{"outfit_id": …, "items": […]}} per line')
    return found


def _outfit(where: str, line: str) -> GivenOutfit:
    try:
        given: Any = json.loads(line)
    except (ValueError, RecursionError) as fault:
        raise OutfitsError(f"{where}: is no JSON ({fault}); write one object per line") from None
    if not isinstance(given, dict) or not isinstance(given.get("items"), list):
        raise OutfitsError(f'{where}: has no list "items"; write {{"outfit_id": …, "items": [product ids]}}')
    items = [_text(where, "an item", item) for item in given["items"]]
    return GivenOutfit(_text(where, "outfit_id", given.get("outfit_id")), tuple(items))


def _text(where: str, what: str, value: Any) -> str:
    if isinstance(value, str) and value.strip() and _can_be_written(value):
        return value.strip()
    if isinstance(value, int) and not isinstance(value, bool):
        return str(value)
    raise OutfitsError(f"{where}: {what} is {json.dumps(value)[:MOST_SHOWN]}, not an id; write it as text")


def _can_be_written(value: str) -> bool:
    """Half a surrogate pair, which JSON lets pass, cannot."""
    try:
        value.encode()
    except UnicodeEncodeError:
        return False
    return True


def check_writable(path: Path, flag: str) -> None:
    """A file can be written there, its folder made if need be.    Raises: OutfitsError: it cannot."""
    try:
        if path.is_dir():
            raise IsADirectoryError(errno.EISDIR, os.strerror(errno.EISDIR))
        path.parent.mkdir(parents=True, exist_ok=True)
        probe = _beside(path)
        probe.touch()
        if probe != path:
            probe.unlink()
    except (OSError, ValueError) as fault:
        reason = getattr(fault, "strerror", None) or fault
        raise OutfitsError(f"{path}: cannot be written ({reason}); name another file with {flag}") from None


def _beside(path: Path) -> Path:
    """Where a file is written before it takes its place; the place itself when it is a pipe or a device."""
    return path if path.exists() and not path.is_file() else path.with_name(f".{path.name}.{os.getpid()}")


def write_whole(content: bytes, path: Path, flag: str) -> None:
    """The whole file or none.    Raises: OutfitsError: it cannot be written."""
    check_writable(path, flag)
    part = _beside(path)
    try:
        part.write_bytes(content)
        if part != path:
            put_file(part, path)
    except OSError as fault:
        if part != path:
            part.unlink(missing_ok=True)
        raise OutfitsError(f"{path}: cannot be written ({fault.strerror or fault}); name another file with {flag}") from None


def scores_text(scores: Sequence[tuple[str, float]]) -> str:
    """`outfit_id,score` with a header, a line each."""
    text = io.StringIO()
    writer = csv.writer(text, lineterminator="\n")
    writer.writerow(("outfit_id", "score"))
    writer.writerows((outfit_id, f"{score:.6f}") for outfit_id, score in scores)
    return text.getvalue()
