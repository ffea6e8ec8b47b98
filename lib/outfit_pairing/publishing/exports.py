"""Which JSON files are written, and what is in each."""

import json
import logging
from collections import Counter
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from outfit_pairing import __version__
from outfit_pairing.publishing.figures import Published
from outfit_pairing.publishing.json_files import JsonFolder, standing_manifest
from outfit_pairing.publishing.json_rows import anchor_rows, pattern_rows, product_rows, without_outfits_rows
from outfit_pairing.publishing.places import json_folder
from outfit_pairing.storage.made_of import versions_of
from outfit_pairing.storage.session import partitions
from outfit_pairing.storage.store import TableStore
from outfit_pairing.storage.tables import (
    ANCHOR_PRODUCTS,
    OUTFIT_PATTERNS,
    OUTFIT_RECOMMENDATIONS,
    PRODUCTS,
)

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
    made_of = _made_of(store)
    standing = standing_manifest(folder, made_of)
    if standing:
        logger.info("the files of %s hold this already", folder)
        return _told(folder, standing)
    without: Counter[str] = Counter()
    with JsonFolder(folder) as files:
        if store.exists(ANCHOR_PRODUCTS):
            files.write_list("anchor_products.json", anchor_rows(store))
        if store.exists(OUTFIT_PATTERNS):
            files.write_list("outfit_patterns.json", pattern_rows(store))
        rows = product_rows(store, published.products, partitions(settings, published.outfits))
        files.write_shards(rows, published.products, settings.publish.products_per_file)
        about = {"about": ABOUT_WITHOUT}
        files.write_object("products_without_outfits.json", about, "products", without_outfits_rows(store, without))
        counts = {"products": published.products, "outfits": published.outfits, "products_without_outfits": without.total()}
        manifest = files.finish({**counts, "reasons": dict(sorted(without.items()))}, made_of)
    return _told(folder, manifest)


def _made_of(store: TableStore) -> str:
    """Equal as long as the files would be the same: versions of tables, and how the files are cut."""
    tables = (store.source(OUTFIT_RECOMMENDATIONS), PRODUCTS, ANCHOR_PRODUCTS, OUTFIT_PATTERNS)
    told = {
        "tables": versions_of(store, tables),
        "products_per_file": store.settings.publish.products_per_file,
        "code": __version__,
    }
    return json.dumps(told, sort_keys=True)


def _told(folder: Path, manifest: Mapping[str, Any]) -> dict[str, int | str]:
    reasons = {f"without_outfits_{code}": count for code, count in manifest["reasons"].items()}
    return {"files": len(manifest["files"]) + 1, "folder": str(folder), **reasons}
