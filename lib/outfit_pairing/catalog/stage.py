"""The ingest stage: a catalogue file or table → `products` and `rejected_products`.

Every row of the catalogue ends in one of the two. Only what changed since the last run is written.
"""

import logging
from typing import TYPE_CHECKING, Any

from outfit_pairing.catalog.catalogue import Catalogue, open_catalogue
from outfit_pairing.catalog.product_rows import NOTES
from outfit_pairing.catalog.rejects import reject
from outfit_pairing.catalog.staging import staged_rows
from outfit_pairing.errors import CatalogError, listed
from outfit_pairing.settings import Settings
from outfit_pairing.storage import StageReport, TableStore
from outfit_pairing.storage.tables import PRODUCTS, REJECTED_PRODUCTS
from outfit_pairing.style import SLOTS

if TYPE_CHECKING:
    from pyspark.sql import DataFrame, SparkSession

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
        figures = _figures(judged, catalogue)
        written = _write(TableStore(spark, settings), catalogue, judged)
    report = StageReport(
        stage="ingest",
        rows_in=figures.pop("rows_in"),
        rows_out=figures.pop("rows_out"),
        rows_rejected=figures.pop("rows_rejected"),
        counters=figures | {"rows_written": written},
    )
    logger.info("ingest: %s products, %s rejected, %s rows written", report.rows_out, report.rows_rejected, written)
    return report


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


def _figures(judged: "DataFrame", catalogue: Catalogue) -> dict[str, Any]:
    """What the report says, from one pass; warns of what outfits will lack.

    Raises:  CatalogError: no row can be used, so that writing would empty the tables.
    """
    from pyspark.sql import functions as F

    notes = [F.count_if(F.col(note)).alias(note) for note in NOTES]
    nobody = F.count_if(F.col("audience").isNull()).alias("without_audience")
    summary = judged.groupBy("slot", "reason_code").agg(F.count("*").alias("rows"), *notes, nobody).collect()
    sold = [row for row in summary if row.reason_code is None]
    refused = {row.reason_code: row.rows for row in summary if row.reason_code is not None}
    rows_out, rows_rejected = sum(row.rows for row in sold), sum(row.rows for row in summary) - sum(row.rows for row in sold)
    if rows_out == 0:
        raise CatalogError(f"{catalogue.path}: none of its {rows_rejected} rows can be sold ({listed(sorted(refused))})")
    totals = {note: sum(row[note] for row in sold) for note in (*NOTES, "without_audience")}
    missing = [slot for slot in SLOTS if slot not in _NOT_WORN | {row.slot for row in sold}]
    if missing:
        logger.warning("ingest: the catalogue has nothing for %s; outfits go without", ", ".join(missing))
    if totals["unknown_article_type"]:
        _name_unknown_types(judged)
    return {
        "rows_in": rows_out + rows_rejected,
        "rows_out": rows_out,
        "rows_rejected": rows_rejected,
        **{f"{name}s" if name.startswith("un") else name: count for name, count in totals.items()},
        "missing_slots": ", ".join(missing),
    }


def _name_unknown_types(judged: "DataFrame") -> None:
    unknown = judged.where("unknown_article_type AND reason_code IS NULL").groupBy("article_type").count()
    rows = unknown.orderBy("count", "article_type", ascending=[False, True]).limit(13).collect()
    names = [f"{row.article_type} ({row['count']})" for row in rows]
    logger.warning("ingest: article types that the style guide does not know: %s", listed(names))


def _write(store: TableStore, catalogue: Catalogue, judged: "DataFrame") -> int:
    """Rows written to both tables."""
    from pyspark.sql import functions as F

    products = with_price_tiers(judged.where("reason_code IS NULL")).select(*(column.name for column in PRODUCTS.columns))
    written = store.merge(PRODUCTS, products, delete_missing=True).rows_written
    rejected = judged.where("reason_code IS NOT NULL").withColumn("source", F.lit(catalogue.source))
    rejected = rejected.select(*(column.name for column in REJECTED_PRODUCTS.columns))
    if _as_before(store, rejected):
        return written
    return written + store.merge(REJECTED_PRODUCTS, rejected, delete_missing=True).rows_written


def _as_before(store: TableStore, rejected: "DataFrame") -> bool:
    """Whether the table holds these rows already, under whatever run; it always shows the latest catalogue."""
    if not store.exists(REJECTED_PRODUCTS):
        return False
    held = store.read(REJECTED_PRODUCTS).select(*rejected.columns)
    return held.exceptAll(rejected).unionAll(rejected.exceptAll(held)).isEmpty()


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
