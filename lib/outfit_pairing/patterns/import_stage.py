"""`import-patterns`: patterns that exist already, from a file into outfit_patterns, in the words of this catalogue."""

import hashlib
import logging
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from outfit_pairing.patterns.importing import Imported, ImportFile, Rejected, anchor_ids, import_patterns
from outfit_pairing.patterns.reply_check import translator
from outfit_pairing.patterns.stage import pattern_rows, read_vocabulary
from outfit_pairing.settings import Settings
from outfit_pairing.storage import StageReport, TableStore
from outfit_pairing.storage.tables import IMPORTED, OUTFIT_PATTERNS, PRODUCTS
from outfit_pairing.style.product import PRODUCT_COLUMNS, Product

if TYPE_CHECKING:
    from pyspark.sql import DataFrame, SparkSession

logger = logging.getLogger(__name__)

COMMAND = "import-patterns"


@dataclass(frozen=True, slots=True)
class FileWriter:
    """The writer of imported patterns: a file. `prompt_version` changes with its content."""

    model: str
    prompt_version: str
    name: str = IMPORTED


def run(spark: "SparkSession", settings: Settings, file: ImportFile, path: Path) -> StageReport:
    """Put the file's patterns into outfit_patterns, in place of those of an earlier import; patterns of others stay.

    Raises: MissingTable: there are no products yet.
    """
    store = TableStore(spark, settings)
    products = store.read(PRODUCTS)
    known = products.where(products["product_id"].isin(list(anchor_ids(file)))).select(*PRODUCT_COLUMNS).collect()
    by_id = {row["product_id"]: Product.from_row(row.asDict()) for row in known}
    words = translator(read_vocabulary(products), settings.embedding)
    found = import_patterns(file, by_id, words, settings.patterns.min_score)
    _tell(found)
    writer = FileWriter(path.name, hashlib.sha256(path.read_bytes()).hexdigest()[:12])
    rows = [row for anchor_id, one in found.readings.items() for row in pattern_rows(anchor_id, one.patterns, writer)]
    written = store.merge(OUTFIT_PATTERNS, _with_others(store, rows), delete_missing=True)
    return StageReport(
        COMMAND, rows_in=len(file.patterns), rows_out=len(rows), rows_rejected=len(found.rejected),
        counters=_counters(found) | {"rows_written": written.rows_written},
    )  # fmt: skip


def _with_others(store: TableStore, rows: Sequence[tuple[object, ...]]) -> "DataFrame":
    imported = store.spark.createDataFrame(list(rows), OUTFIT_PATTERNS.schema)
    if not store.exists(OUTFIT_PATTERNS):
        return imported
    others = store.read(OUTFIT_PATTERNS).where(f"provider <> '{IMPORTED}'").select(*OUTFIT_PATTERNS.schema.names)
    return imported.unionByName(others)


def _tell(found: Imported) -> None:
    """Every pattern and item that was not taken over, with the reason."""
    for one in found.rejected:
        logger.warning("%s", _line("pattern", one))
    for one in found.lost:
        logger.warning("%s", _line("an item of pattern", one))
    for anchor in found.missing_anchors:
        logger.warning("anchor %s is no product of the catalogue", anchor)


def _line(what: str, one: Rejected) -> str:
    return f"{what} {one.line} ({one.name}, anchor {one.anchor_id}): {one.reason}"


def _counters(found: Imported) -> dict[str, int | float | str]:
    items = found.items
    return {
        "anchors": sum(bool(one.patterns) for one in found.readings.values()),
        "missing_anchors": len(found.missing_anchors),
        "items": items,
        "items_lost": len(found.lost),
        "share_of_items_kept": round(1 - len(found.lost) / items, 4) if items else 0.0,
        **{f"words_{way.value}": count for way, count in sorted(found.ways.items())},
    }
