"""Which patterns products may follow; the others in their table are there for outfits whose anchor has gone."""

from collections.abc import Mapping, Sequence
from typing import Any

from outfit_pairing.storage.store import TableStore
from outfit_pairing.storage.tables import ANCHOR_PRODUCTS, IMPORTED, OUTFIT_PATTERNS


def lent_patterns(store: TableStore, columns: Sequence[str], versions: Mapping[str, int] | None = None) -> list[dict[str, Any]]:
    """Rows of outfit_patterns that were written for anchors of the last selection, and imported ones, for whichever product.

    Args:    columns: of the rows; they have more.   versions: of the two tables (default: the latest); without anchor_products
             among them, all rows.
    Raises:  MissingTable: there are no patterns.
    """
    at = versions or {}
    told = tuple(dict.fromkeys((*columns, "anchor_product_id", "provider")))
    rows = store.rows(OUTFIT_PATTERNS, told, at.get(OUTFIT_PATTERNS.name))
    if not (store.exists(ANCHOR_PRODUCTS) if versions is None else ANCHOR_PRODUCTS.name in at):
        return rows
    anchors = {row["product_id"] for row in store.rows(ANCHOR_PRODUCTS, ("product_id",), at.get(ANCHOR_PRODUCTS.name))}
    return [row for row in rows if row["provider"] == IMPORTED or row["anchor_product_id"] in anchors]
