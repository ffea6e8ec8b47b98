"""The publish stage: the unified table, the pairs view, the JSON files and the lookbook page."""

import logging
from collections import Counter
from typing import TYPE_CHECKING

from outfit_pairing.publishing.figures import Published, published_figures
from outfit_pairing.publishing.json_files import JsonFolder
from outfit_pairing.publishing.json_rows import anchor_rows, pattern_rows, product_rows, without_outfits_rows
from outfit_pairing.publishing.lookbook import write_lookbook
from outfit_pairing.publishing.pairs import create_pairs_view
from outfit_pairing.publishing.places import json_folder, page_path
from outfit_pairing.publishing.unified import BestOutfits
from outfit_pairing.storage.runs import StageReport
from outfit_pairing.storage.session import partitions
from outfit_pairing.storage.store import TableStore, WriteReport
from outfit_pairing.storage.tables import (
    ANCHOR_PRODUCTS,
    OUTFIT_PATTERNS,
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

ABOUT_WITHOUT = (
    "Products of the catalogue that have no outfit, each with the reason. "
    "Codes: free_item, home_item (nothing to wear); unknown_type (the style guide lacks the article type); "
    "no_candidate (a slot has nothing in stock); no_match (nothing kept the hard rules and scored enough)."
)


def run(spark: "SparkSession", settings: "Settings") -> StageReport:
    """Publish: unite the sources, then write all that people and programs read.

    Raises:  MissingTable: no source has any outfits.    SettingsError, WarehouseError: files cannot be written.
    """
    store = TableStore(spark, settings)
    json_folder(settings)  # settings that cannot work are said before anything is written
    sources = source_tables(store)
    rows_in = sum(store.read(table).count() for table in sources)
    logger.info("publish: %s outfits from %s", f"{rows_in:,}", ", ".join(table.name for table in sources))
    written = unite(store, sources)
    create_pairs_view(store)
    published = published_figures(store)
    counters = _counters(written, published) | write_files(store, published)
    page = page_path(settings)
    if page:
        write_lookbook(store, published, page)
    logger.info("publish: %s outfits for %s products", f"{published.outfits:,}", f"{published.products:,}")
    return StageReport("publish", rows_in, published.outfits, counters=counters | ({"lookbook": str(page)} if page else {}))


def source_tables(store: TableStore) -> list[Table]:
    """The tables of recommendations that exist, the unified one apart.    Raises:  MissingTable: there is none."""
    found = [table for table in TABLES.values() if _is_source(table) and store.exists(table)]
    if not found:
        store.read(PATTERN_RECOMMENDATIONS)
    return found


def unite(store: TableStore, sources: list[Table]) -> WriteReport:
    """Write the best outfits of each product over all sources, in one commit."""
    offers = [store.read(table).select(*OUTFIT_RECOMMENDATIONS.schema.names) for table in sources]
    return store.merge(OUTFIT_RECOMMENDATIONS, best_outfits(offers, store.settings), delete_missing=True)


def best_outfits(offers: list["DataFrame"], settings: "Settings") -> "DataFrame":
    """The rows of the unified table. `offers`: rows of recommendations tables."""
    united = offers[0]
    for other in offers[1:]:
        united = united.unionByName(other)
    per_product = united.repartition(partitions(settings), "product_id").sortWithinPartitions("product_id")
    return per_product.mapInArrow(BestOutfits(settings.outfits.per_product), OUTFIT_RECOMMENDATIONS.schema)


def write_files(store: TableStore, published: Published) -> dict[str, int | str]:
    """Write the JSON files where there is a local folder for them; counters for the stage report."""
    settings = store.settings
    folder = json_folder(settings)
    if folder is None:
        logger.warning("no JSON files and no lookbook: %s is no local folder; set publish.folder", settings.storage.warehouse)
        return {}
    without: Counter[str] = Counter()
    with JsonFolder(folder) as files:
        if store.exists(ANCHOR_PRODUCTS):
            files.write_list("anchor_products.json", anchor_rows(store))
        if store.exists(OUTFIT_PATTERNS):
            files.write_list("outfit_patterns.json", pattern_rows(store))
        rows = product_rows(store, published.products, partitions(settings))
        files.write_shards(rows, published.products, settings.publish.products_per_file)
        about = {"about": ABOUT_WITHOUT}
        files.write_object("products_without_outfits.json", about, "products", without_outfits_rows(store, without))
        counts = {"products": published.products, "outfits": published.outfits, "products_without_outfits": without.total()}
        changed = files.switch(counts)
    reasons = {f"without_outfits_{code}": count for code, count in sorted(without.items())}
    return {"files": len(files.files) + 1, "files_changed": len(changed), "folder": str(folder), **reasons}


def _is_source(table: Table) -> bool:
    return table.columns is RECOMMENDATION_COLUMNS and table is not OUTFIT_RECOMMENDATIONS


def _counters(written: WriteReport, published: Published) -> dict[str, int | float | str]:
    counts = {"products": published.products, "products_with_three": published.with_three}
    return {**counts, **published.by_source, "rows_written": written.rows_written}
