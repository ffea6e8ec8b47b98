"""Patterns that exist already: read from a file of this package's own or of another system, in the words of this catalogue.

Two shapes are read, as a JSON list, as JSON lines, or as a list under `patterns`: the one that publish writes
(`outfit_patterns.json`), and one with role, categories, subcategories and colors per item and the anchor's id in anchor_id.
"""

import json
from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from outfit_pairing.errors import CatalogError
from outfit_pairing.patterns.article_words import Way
from outfit_pairing.patterns.reading import ITEMS, Reading, read_patterns
from outfit_pairing.patterns.translate import Translator
from outfit_pairing.patterns.verdicts import MIN_SCORE
from outfit_pairing.style.product import Product

ANCHOR_ID = ("anchor_product_id", "anchor_id")
PRODUCT_ID = ("product_id", "anchor_product_id", "anchor_id", "id")
NAME = ("name", "product_display_name")
LISTS = ("patterns", "outfit_patterns", "anchors", "anchor_products")


@dataclass(frozen=True, slots=True)
class RawPattern:
    """A pattern as the file has it. `line`: its place in the file, from 1."""

    anchor_id: str
    line: int
    raw: Mapping[str, Any]


@dataclass(frozen=True, slots=True)
class ImportFile:
    """What a file holds. `anchor_names`: what an anchors file calls the anchors, to name those that are gone."""

    patterns: tuple[RawPattern, ...]
    anchor_names: Mapping[str, str]


@dataclass(frozen=True, slots=True)
class Rejected:
    """A pattern of the file, or an item of it, that was not taken over."""

    line: int
    anchor_id: str
    name: str
    reason: str


@dataclass(frozen=True, slots=True)
class Imported:
    """What came of a file.

    missing_anchors: those that are no products any more, as "id (name)".   rejected: patterns that were not taken over.
    lost: items that cannot be said in the catalogue's words; their patterns may still be usable.
    """

    readings: Mapping[str, Reading]
    missing_anchors: tuple[str, ...]
    rejected: tuple[Rejected, ...]
    lost: tuple[Rejected, ...]

    @property
    def ways(self) -> Counter[Way]:
        """How many words were translated in which way."""
        return sum((Counter(one.ways) for one in self.readings.values()), Counter[Way]())

    @property
    def items(self) -> int:
        """Pattern items read, of anchors that are products."""
        return sum(one.items for one in self.readings.values())


def read_import(path: Path, anchors_path: Path | None = None) -> ImportFile:
    """The patterns of a file, in its order.

    Args:    anchors_path: a file that names the anchors, of the same writer.
    Raises:  CatalogError: a file cannot be read, is empty, is no JSON, or holds something else; names file and place.
    """
    patterns = tuple(_raw_pattern(path, line, entry) for line, entry in enumerate(_entries(path), 1))
    names: dict[str, str] = {}
    for line, entry in enumerate(_entries(anchors_path) if anchors_path else (), 1):
        names[_id(entry, PRODUCT_ID, f"{anchors_path}: anchor {line}")] = str(_first(entry, NAME) or "")
    return ImportFile(patterns, names)


def import_patterns(
    file: ImportFile, products: Mapping[str, Product], translator: Translator, min_score: float = MIN_SCORE
) -> Imported:
    """The patterns of a file in the catalogue's words.

    Args:    products: by product_id, at least those that `anchor_ids` names, where they still exist.
    """
    by_anchor: dict[str, list[RawPattern]] = {}
    for pattern in file.patterns:
        by_anchor.setdefault(pattern.anchor_id, []).append(pattern)
    readings: dict[str, Reading] = {}
    rejected: list[Rejected] = []
    lost: list[Rejected] = []
    for anchor_id, patterns in by_anchor.items():
        anchor = products.get(anchor_id)
        if anchor is None:
            rejected += [_rejected(one, "its anchor is no product of the catalogue") for one in patterns]
            continue
        reading = read_patterns([one.raw for one in patterns], anchor, translator, min_score=min_score)
        readings[anchor_id] = reading
        rejected += [_rejected(patterns[index], reason) for index, reason in reading.rejected]
        lost += [_rejected(patterns[index], reason) for index, reason in reading.lost]
    missing = [anchor_id for anchor_id in by_anchor if anchor_id not in readings]
    return Imported(
        readings=readings,
        missing_anchors=tuple(_called(one, file.anchor_names.get(one, "")) for one in sorted(missing)),
        rejected=tuple(sorted(rejected, key=lambda one: one.line)),
        lost=tuple(sorted(lost, key=lambda one: one.line)),
    )


def anchor_ids(file: ImportFile) -> tuple[str, ...]:
    """The anchors that the file has patterns for, each once, in its order."""
    return tuple(dict.fromkeys(pattern.anchor_id for pattern in file.patterns))


def _entries(path: Path) -> list[Mapping[str, Any]]:
    data = _data(path, _text(path))
    if isinstance(data, Mapping):
        data = next((data[name] for name in LISTS if isinstance(data.get(name), list)), [data])
    if not isinstance(data, list):
        raise CatalogError(f"{path} holds a single value; give a JSON list of objects, or one object per line")
    if not data:
        raise CatalogError(f"{path} holds an empty list; there is nothing to import")
    for place, entry in enumerate(data, 1):
        if not isinstance(entry, Mapping):
            raise CatalogError(f"{path}: entry {place} is no JSON object; give a JSON list of objects, or one object per line")
    return data


def _text(path: Path) -> str:
    try:
        text = path.read_text("utf-8-sig")
    except FileNotFoundError:
        raise CatalogError(f"{path} does not exist; give the path of a JSON file with patterns") from None
    except UnicodeDecodeError:
        raise CatalogError(f"{path} is no UTF-8 text; give a JSON file") from None
    except OSError as fault:
        raise CatalogError(f"{path} cannot be read: {fault.strerror or fault}") from fault
    if not text.strip():
        raise CatalogError(f"{path} is empty; give a JSON list of objects, or one object per line")
    return text


def _data(path: Path, text: str) -> Any:
    """The JSON document, or the list of those that stand one per line."""
    try:
        return json.loads(text)
    except (json.JSONDecodeError, RecursionError) as fault:
        whole = fault
    found = []
    lines = text.splitlines()
    for number, line in enumerate(lines, 1):
        try:
            found += [json.loads(line)] if line.strip() else []
        except (json.JSONDecodeError, RecursionError) as fault:
            where = f"line {number}: {fault}" if found else str(whole)
            raise CatalogError(f"{path} is no JSON ({where}); give a JSON list of objects, or one object per line") from None
    return found


def _raw_pattern(path: Path, line: int, entry: Mapping[str, Any]) -> RawPattern:
    where = f"{path}: pattern {line}"
    anchor_id = _id(entry, ANCHOR_ID, where)
    if not any(isinstance(entry.get(name), list) for name in ITEMS):
        raise CatalogError(f"{where} has no list of items; it has {', '.join(list(entry)[:8])}")
    return RawPattern(anchor_id, line, entry)


def _id(entry: Mapping[str, Any], names: Sequence[str], where: str) -> str:
    value = _first(entry, names)
    if isinstance(value, bool) or not isinstance(value, str | int) or not str(value).strip():
        raise CatalogError(f"{where} has no {names[0]} (a text or a whole number); it has {', '.join(list(entry)[:8])}")
    return str(value).strip()


def _first(entry: Mapping[str, Any], names: Sequence[str]) -> Any:
    return next((entry[name] for name in names if entry.get(name) is not None), None)


def _rejected(one: RawPattern, reason: str) -> Rejected:
    return Rejected(one.line, one.anchor_id, str(one.raw.get("name", "")), reason)


def _called(anchor_id: str, name: str) -> str:
    return f"{anchor_id} ({name})" if name else anchor_id
