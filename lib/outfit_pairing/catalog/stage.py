"""The ingest stage: a catalogue file or table → `products` and `rejected_products`.

Every row of the catalogue ends in one of the two. Only what changed since the last run is written.
"""

import logging
from dataclasses import dataclass
from typing import TYPE_CHECKING

from outfit_pairing.catalog.product_rows import NOTES
from outfit_pairing.catalog.rejects import reject
from outfit_pairing.catalog.source import Catalogue, open_catalogue
from outfit_pairing.catalog.staging import staged_rows
from outfit_pairing.errors import CatalogError, listed
from outfit_pairing.settings import Settings
from outfit_pairing.storage import StageReport, TableStore
from outfit_pairing.storage.tables import PRODUCTS, REJECTED_PRODUCTS
from outfit_pairing.style import SLOTS

if TYPE_CHECKING:
    from pyspark.sql import Column, DataFrame, SparkSession

logger = logging.getLogger(__name__)

_NOT_WORN = {"beauty", "other"}


def run(spark: "SparkSession", settings: Settings) -> StageReport:
    """Read the catalogue of `catalog.path` into the warehouse.

    Raises:  InputError: the catalogue or its mapping cannot be used; nothing is written.
    """
    catalogue = open_catalogue(settings)
    logger.info("ingest: %s as %s, mapping %s", catalogue.path, catalogue.format, settings.catalog.mapping)
    with staged_rows(spark, settings, catalogue) as rows:
        judged = refuse_duplicates(rows)
        found = _figures(judged, catalogue)
        # most catalogues hold no duplicates: then the writes need not look for them again
        written = _write(TableStore(spark, settings), catalogue, judged if found.duplicates else rows, found)
    report = StageReport(
        "ingest", found.rows_in, found.rows_out, found.rows_rejected, counters={**found.counters, "rows_written": written}
    )
    logger.info("ingest: %s products, %s rejected, %s rows written", report.rows_out, report.rows_rejected, written)
    return report


@dataclass(frozen=True, slots=True)
class _Figures:
    """What one pass over all rows tells. `rejects`: a fingerprint of the refused rows, whatever their order."""

    rows_out: int
    rows_rejected: int
    duplicates: int
    priced: int
    rejects: int
    counters: dict[str, int | float | str]

    @property
    def rows_in(self) -> int:
        return self.rows_out + self.rows_rejected


def refuse_duplicates(rows: "DataFrame") -> "DataFrame":
    """`rows` with every product but the first of each id refused, in file order."""
    from pyspark.sql import functions as F

    first = (
        rows.where("reason_code IS NULL")
        .groupBy("product_id")
        .agg(F.min("line_number").alias("first_line"), F.count("*").alias("times"))
        .where("times > 1")
        .drop("times")
    )
    again = F.col("reason_code").isNull() & (F.col("line_number") > F.col("first_line"))
    fault = reject("duplicate_id", product_id="%s", first_line="%s")
    reason = F.format_string(fault.reason, "product_id", "first_line")
    return rows.join(first, "product_id", "left").withColumns(
        {
            "reason_code": F.when(again, fault.reason_code).otherwise(F.col("reason_code")),
            "reason": F.when(again, reason).otherwise(F.col("reason")),
        }
    )


def _figures(judged: "DataFrame", catalogue: Catalogue) -> _Figures:
    """One pass; warns of what outfits will lack.

    Raises:  CatalogError: no row can be used, so that writing would empty the tables.
    """
    from pyspark.sql import functions as F

    summary = (
        _with_source(judged, catalogue)
        .groupBy("slot", "reason_code")
        .agg(
            F.count("*").alias("rows"),
            F.count("price").alias("priced"),
            F.count_if(F.col("audience").isNull()).alias("without_audience"),
            *(F.count_if(F.col(note)).alias(note) for note in NOTES),
            _fingerprint().alias("fingerprint"),
        )
        .collect()
    )
    sold = [row for row in summary if row.reason_code is None]
    refused = [row for row in summary if row.reason_code is not None]
    if not sold:
        reasons = listed(sorted(row.reason_code for row in refused))
        raise CatalogError(f"{catalogue.path}: none of its {sum(row.rows for row in refused)} rows can be sold ({reasons})")
    totals = {note: sum(row[note] for row in sold) for note in (*NOTES, "without_audience")}
    if totals["unknown_article_type"]:
        _name_unknown_types(judged)
    return _Figures(
        rows_out=sum(row.rows for row in sold),
        rows_rejected=sum(row.rows for row in refused),
        duplicates=sum(row.rows for row in refused if row.reason_code == "duplicate_id"),
        priced=sum(row.priced for row in sold),
        rejects=sum(int(row.fingerprint) for row in refused),
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
            "missing_slots": _missing_slots({row.slot for row in sold}),
        },
    )


def _missing_slots(present: set[str]) -> str:
    missing = [slot for slot in SLOTS if slot not in present | _NOT_WORN]
    if missing:
        logger.warning("ingest: the catalogue has nothing for %s; outfits go without", ", ".join(missing))
    return ", ".join(missing)


def _with_source(judged: "DataFrame", catalogue: Catalogue) -> "DataFrame":
    from pyspark.sql import functions as F

    return judged.withColumn("source", F.lit(catalogue.source))


def _fingerprint() -> "Column":
    """An aggregate that is equal for equal sets of rejected rows."""
    from pyspark.sql import functions as F

    return F.sum(F.xxhash64(*(F.col(column.name) for column in REJECTED_PRODUCTS.columns)).cast("decimal(38,0)"))


def _name_unknown_types(judged: "DataFrame") -> None:
    """The most frequent ones, with where their products went."""
    from pyspark.sql import functions as F

    unknown = judged.where("unknown_article_type AND reason_code IS NULL").groupBy("unknown_type", "slot")
    rows = unknown.agg(F.count("*").alias("times"), F.avg("confidence").alias("confidence"))
    most = rows.orderBy("times", "unknown_type", "slot", ascending=[False, True, True]).limit(13).collect()
    names = [f"{row.unknown_type} → {row.slot} ({row.times}, confidence {row.confidence:.2f})" for row in most]
    logger.warning("ingest: article types that the style guide does not know: %s", listed(names))


def _write(store: TableStore, catalogue: Catalogue, judged: "DataFrame", found: _Figures) -> int:
    """Rows written to both tables."""
    from pyspark.sql import functions as F

    products = judged.where("reason_code IS NULL")
    products = with_price_tiers(products) if found.priced else products.withColumn("price_tier", F.lit(None).cast("string"))
    products = products.select(*(column.name for column in PRODUCTS.columns))
    written = store.merge(PRODUCTS, products, delete_missing=True).rows_written
    if _as_before(store, found):
        return written
    rejected = _with_source(judged, catalogue).where("reason_code IS NOT NULL")
    rejected = rejected.select(*(column.name for column in REJECTED_PRODUCTS.columns))
    return written + store.merge(REJECTED_PRODUCTS, rejected, delete_missing=True).rows_written


def _as_before(store: TableStore, found: _Figures) -> bool:
    """Whether the table, which always shows the latest catalogue's rejects, holds these already, under whatever run."""
    from pyspark.sql import functions as F

    store.create(REJECTED_PRODUCTS)
    held = store.read(REJECTED_PRODUCTS).agg(F.count("*").alias("rows"), _fingerprint().alias("fingerprint")).collect()[0]
    return (held.rows, int(held.fingerprint or 0)) == (found.rows_rejected, found.rejects)


def with_price_tiers(products: "DataFrame") -> "DataFrame":
    """`products` with budget, mid or premium: thirds of the prices of the same slot and currency; null without a price."""
    from pyspark.sql import functions as F

    thirds = products.groupBy("slot", "currency").agg(F.percentile("price", F.array(F.lit(1 / 3), F.lit(2 / 3))).alias("thirds"))
    tier = (
        F.when(F.col("price").isNull(), None)
        .when(F.col("price") <= F.col("thirds")[0], "budget")
        .when(F.col("price") <= F.col("thirds")[1], "mid")
        .otherwise("premium")
    )
    return products.join(thirds, ["slot", "currency"], "left").withColumn("price_tier", tier)
