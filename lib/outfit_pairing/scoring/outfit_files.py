"""Files of outfits: JSON lines `{"outfit_id": …, "items": [product ids]}`, and the scores that are written for them."""

import csv
import io
import json
import os
from collections.abc import Iterable, Sequence
from pathlib import Path
from typing import Any, NamedTuple

from outfit_pairing.errors import OutfitsError


class GivenOutfit(NamedTuple):
    """An outfit as somebody gave it; ids in its order."""

    outfit_id: str
    items: tuple[str, ...]


def read_outfits(path: Path) -> list[GivenOutfit]:
    """The outfits of a file, in its order; blank lines are passed over.

    Raises: OutfitsError: no such file, a line that is no outfit (with its number), no outfit at all.
    """
    try:
        lines = path.read_text("utf-8-sig").splitlines()
    except FileNotFoundError:
        raise OutfitsError(f"no file {path}; give JSON lines with outfit_id and items") from None
    except (OSError, UnicodeError) as fault:
        raise OutfitsError(f"{path}: cannot be read as UTF-8 text ({fault})") from None
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
    if isinstance(value, str) and value.strip():
        return value.strip()
    if isinstance(value, int) and not isinstance(value, bool):
        return str(value)
    raise OutfitsError(f"{where}: {what} is {json.dumps(value)}, not an id; write it as text")


def write_scores(scores: Iterable[tuple[str, float]], path: Path) -> None:
    """`outfit_id,score` with a header, the whole file or none.    Raises: OutfitsError: it cannot be written."""
    text = scores_text(list(scores))
    part = path.with_name(f".{path.name}.{os.getpid()}")
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        part.write_text(text, "utf-8")
        part.replace(path)
    except OSError as fault:
        raise OutfitsError(f"{path}: cannot be written ({fault.strerror or fault}); name another file with --out") from None


def scores_text(scores: Sequence[tuple[str, float]]) -> str:
    """The lines of a file of scores."""
    text = io.StringIO()
    writer = csv.writer(text, lineterminator="\n")
    writer.writerow(("outfit_id", "score"))
    writer.writerows((outfit_id, f"{score:.6f}") for outfit_id, score in scores)
    return text.getvalue()
