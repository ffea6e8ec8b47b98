"""The ingest stage: a catalogue file or table → `products` and `rejected_products`.

Every row of the catalogue ends in one of the two. Only what changed since the last run is written.
"""

import logging
from dataclasses import dataclass
from typing import TYPE_CHECKING, TypeAlias

import pyarrow as pa

from outfit_pairing.catalog.by_driver import JudgedByDriver
from outfit_pairing.catalog.by_spark import JudgedBySpark
from outfit_pairing.catalog.product_rows import NOTES, SPARK_SCHEMA
from outfit_pairing.catalog.source import open_catalogue
from outfit_pairing.catalog.staging import staged_rows
from outfit_pairing.credentials import without_credentials
from outfit_pairing.errors import CatalogError, listed
from outfit_pairing.settings import Settings
from outfit_pairing.storage import StageReport, TableStore
from outfit_pairing.storage.tables import PRODUCTS, REJECTED_PRODUCTS
from outfit_pairing.style import SLOTS

if TYPE_CHECKING:
    from pyspark.sql import DataFrame, SparkSession

logger = logging.getLogger(__name__)

Judged: TypeAlias = JudgedByDriver | JudgedBySpark

_NOT_WORN = {"beauty", "other"}
_MOST_NAMED = 13  # unknown article types


def run(spark: "SparkSession", settings: Settings) -> StageReport:
    """Read the catalogue of `catalog.path` into the warehouse.

    Raises:  InputError: the catalogue or its mapping cannot be used; the tables stay as they were.
    """
    catalogue, store = open_catalogue(settings), TableStore(spark, settings)
    path = without_credentials(catalogue.path)
    logger.info("ingest: %s as %s, mapping %s", path, catalogue.format, settings.catalog.mapping)
    with staged_rows(spark, settings, catalogue) as rows:
        judged = _judged(store, rows, catalogue.source)
        found = _figures(judged, path)
        written = _write(store, judged)
    report = StageReport(
        "ingest", found.rows_in, found.rows_out, found.rows_rejected, counters={**found.counters, "rows_written": written}
    )
    logger.info("ingest: %s products, %s rejected, %s rows written", report.rows_out, report.rows_rejected, written)
    return report


def _judged(store: TableStore, rows: "DataFrame | pa.Table", source: str) -> Judged:
    """The rows, to be asked: by the driver where it holds them and the tables lie here."""
    if not isinstance(rows, pa.Table):
        return JudgedBySpark(rows, source)
    return JudgedByDriver(rows, source) if store.here else JudgedBySpark(store.spark.createDataFrame(rows, SPARK_SCHEMA), source)


@dataclass(frozen=True, slots=True)
class _Figures:
    """What one pass over all rows tells."""

    rows_out: int
    rows_rejected: int
    counters: dict[str, int | float | str]

    @property
    def rows_in(self) -> int:
        return self.rows_out + self.rows_rejected


def _figures(judged: Judged, path: str) -> _Figures:
    """One pass; warns of what outfits will lack.

    Raises:  CatalogError: no row can be used, so that writing would empty the tables.
    """
    sold = [row for row in judged.summary if row["reason_code"] is None]
    refused = [row for row in judged.summary if row["reason_code"] is not None]
    if not sold:
        reasons = listed(sorted(row["reason_code"] for row in refused))
        raise CatalogError(f"{path}: none of its {sum(row['rows'] for row in refused)} rows can be sold ({reasons})")
    totals = {note: sum(row[note] for row in sold) for note in (*NOTES, "without_audience")}
    if totals["unknown_article_type"]:
        _name_unknown_types(judged)
    return _Figures(
        rows_out=sum(row["rows"] for row in sold),
        rows_rejected=sum(row["rows"] for row in refused),
        counters={
            "repaired": totals["repaired"],
            "audience_from_name": totals["audience_from_name"],
            "without_audience": totals["without_audience"],
            "unknown_article_types": totals["unknown_article_type"],
            "article_types_from_name": totals["article_type_from_name"],
            "article_types_by_resemblance": totals["article_type_by_resemblance"],
            "unknown_colours": totals["unknown_colour"],
            "colours_from_name": totals["colour_from_name"],
            "unknown_audiences": totals["unknown_audience"],
            "unreadable_prices": totals["unreadable_price"],
            "missing_slots": _missing_slots({row["slot"] for row in sold}),
        },
    )


def _missing_slots(present: set[str]) -> str:
    missing = [slot for slot in SLOTS if slot not in present | _NOT_WORN]
    if missing:
        logger.warning("ingest: the catalogue has nothing for %s; outfits go without", ", ".join(missing))
    return ", ".join(missing)


def _name_unknown_types(judged: Judged) -> None:
    """The most frequent ones, with where their products went."""
    rows = judged.unknown_types(_MOST_NAMED)
    names = [f"{row['unknown_type']} → {row['slot']} ({row['times']}, confidence {row['confidence']:.2f})" for row in rows]
    logger.warning("ingest: article types that the style guide does not know: %s", listed(names))


def _write(store: TableStore, judged: Judged) -> int:
    """Rows written to both tables."""
    written = store.merge(PRODUCTS, judged.products(), delete_missing=True).rows_written
    store.create(REJECTED_PRODUCTS)  # the table always shows the latest catalogue's rejects
    if judged.rejects_stand(store):
        return written
    return written + store.merge(REJECTED_PRODUCTS, judged.rejected(), delete_missing=True).rows_written
