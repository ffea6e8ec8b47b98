"""The publish stage: drafts the unified table and the JSON files. What was released before stays shown until the check."""

import json
import logging
from collections.abc import Sequence
from typing import TYPE_CHECKING

import pyarrow as pa

from outfit_pairing import __version__
from outfit_pairing.publishing.exports import write_files
from outfit_pairing.publishing.figures import Published, published_figures
from outfit_pairing.publishing.places import json_folder
from outfit_pairing.publishing.release import release
from outfit_pairing.publishing.unified import BestOutfits, best_of
from outfit_pairing.storage.made_of import follow
from outfit_pairing.storage.merging import WriteReport
from outfit_pairing.storage.runs import StageReport
from outfit_pairing.storage.session import partitions
from outfit_pairing.storage.store import TableStore
from outfit_pairing.storage.tables import (
    DRAFTED_RECOMMENDATIONS,
    LOOKBOOK_RECOMMENDATIONS,
    OUTFIT_RECOMMENDATIONS,
    PATTERN_RECOMMENDATIONS,
    RECOMMENDATION_COLUMNS,
    TABLES,
    Table,
)

if TYPE_CHECKING:
    from pyspark.sql import DataFrame, SparkSession

    from outfit_pairing.settings import Settings

logger = logging.getLogger(__name__)


def run(spark: "SparkSession", settings: "Settings") -> StageReport:
    """Unite the sources into the draft and prepare the files; where nothing was ever released, the draft is shown at once.

    Raises:  MissingTable: no source has any outfits.    SettingsError, WarehouseError: files cannot be written.
    """
    store = TableStore(spark, settings)
    json_folder(settings)  # settings that cannot work are said before anything is written
    sources = source_tables(store)
    rows_in = sum(store.count(table) for table in sources)
    logger.info("publish: %s outfits from %s", f"{rows_in:,}", ", ".join(table.name for table in sources))
    written = unite(store, sources, rows_in)
    drafted = published_figures(store.drafts())
    counters = _counters(written, drafted) | write_files(store.drafts(), drafted)
    if store.exists(OUTFIT_RECOMMENDATIONS):
        logger.info("publish: %s outfits for %s products, shown once checked", f"{drafted.outfits:,}", f"{drafted.products:,}")
    else:
        counters |= release(store, "first").counters
    return StageReport("publish", rows_in, drafted.outfits, counters=counters)


def source_tables(store: TableStore) -> list[Table]:
    """The tables of recommendations that exist, the unified one apart.

    Raises:  MissingTable: there is none, or only that of a lookbook which nobody gave.
    """
    found = [table for table in TABLES.values() if _is_source(table) and store.exists(table)]
    if not found or (found == [LOOKBOOK_RECOMMENDATIONS] and store.is_empty(LOOKBOOK_RECOMMENDATIONS)):
        store.read(PATTERN_RECOMMENDATIONS)
    return found


def unite(store: TableStore, sources: list[Table], rows_in: int) -> WriteReport:
    """Draft the best outfits of each product over all sources, in one commit.    rows_in: outfits of all sources."""
    from pyspark.sql import functions as F

    names = OUTFIT_RECOMMENDATIONS.given

    def best(within: "DataFrame | pa.Table | None") -> "DataFrame | pa.Table":
        if isinstance(within, pa.Table):
            drafted = store.held_within(DRAFTED_RECOMMENDATIONS, ("product_id", "outfit_id", "rank"), within)
            return best_of(
                [store.held_within(table, names, within) for table in sources], drafted, store.settings.outfits.per_product
            )
        offers = [store.read(table).select(*names) for table in sources]
        if within is None:
            return best_outfits(offers, store.settings, rows=rows_in)
        drafted = store.read(DRAFTED_RECOMMENDATIONS).join(within, "product_id", "left_semi")
        drafted = drafted.select("product_id", "outfit_id", F.col("rank").alias("stands"))
        offers = [rows.join(within, "product_id", "left_semi") for rows in offers]
        return best_outfits(offers, store.settings, drafted)

    return follow(store, DRAFTED_RECOMMENDATIONS, _made_of(store, sources), sources, best)


def _made_of(store: TableStore, sources: Sequence[Table]) -> str:
    told = {"per_product": store.settings.outfits.per_product, "sources": [table.name for table in sources], "code": __version__}
    return json.dumps(told, sort_keys=True)


def best_outfits(
    offers: Sequence["DataFrame"], settings: "Settings", drafted: "DataFrame | None" = None, rows: int = 0
) -> "DataFrame":
    """The rows of the unified table. `offers`: rows of recommendations tables. `drafted`: product_id, outfit_id, and the rank at
    which the outfit stands. `rows`: about how many, where there may be many.
    """
    from pyspark.sql import functions as F

    united = offers[0]
    for other in offers[1:]:
        united = united.unionByName(other)
    if drafted is None:
        united = united.withColumn("stands", F.lit(None).cast("int"))
    else:
        united = united.join(drafted, ["product_id", "outfit_id"], "left").select(*united.columns, "stands")
    per_product = united.repartition(partitions(settings, rows), "product_id").sortWithinPartitions("product_id")
    return per_product.mapInArrow(BestOutfits(settings.outfits.per_product), OUTFIT_RECOMMENDATIONS.schema)


def _is_source(table: Table) -> bool:
    return table.columns is RECOMMENDATION_COLUMNS and table not in {OUTFIT_RECOMMENDATIONS, DRAFTED_RECOMMENDATIONS}


def _counters(written: WriteReport, published: Published) -> dict[str, int | float | str]:
    counts = {"products": published.products, "products_with_three": published.with_three}
    return {**counts, **published.by_source, "rows_written": written.rows_written}
