"""Which JSON files are written, and what is in each."""

import logging
from collections import Counter

from outfit_pairing.publishing.figures import Published
from outfit_pairing.publishing.json_files import JsonFolder
from outfit_pairing.publishing.json_rows import anchor_rows, pattern_rows, product_rows, without_outfits_rows
from outfit_pairing.publishing.places import json_folder
from outfit_pairing.storage.session import partitions
from outfit_pairing.storage.store import TableStore
from outfit_pairing.storage.tables import ANCHOR_PRODUCTS, OUTFIT_PATTERNS

logger = logging.getLogger(__name__)

ABOUT_WITHOUT = (
    "Products of the catalogue that have no outfit, each with the reason. "
    "Codes: free_item, home_item (nothing to wear); unknown_type (the style guide lacks the article type); "
    "no_candidate (a slot has nothing in stock); no_match (nothing kept the hard rules and scored enough)."
)


def write_files(store: TableStore, published: Published) -> dict[str, int | str]:
    """Write the JSON files of what the store shows, to be put in place by release; counters for the stage report."""
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
        files.finish(counts)
    reasons = {f"without_outfits_{code}": count for code, count in sorted(without.items())}
    return {"files": len(files.files) + 1, "folder": str(folder), **reasons}
