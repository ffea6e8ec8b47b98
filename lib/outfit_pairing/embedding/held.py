"""Products with their vectors, held by the driver where they are few: a pass of Spark over them takes seconds, whatever it does."""

import logging
from collections.abc import Sequence

import pyarrow as pa
import pyarrow.compute as pc

from outfit_pairing.embedding.encoders import encoder_name
from outfit_pairing.errors import WarehouseError
from outfit_pairing.storage import TableStore
from outfit_pairing.storage.tables import PRODUCT_EMBEDDINGS, PRODUCTS

logger = logging.getLogger(__name__)

MOST_HELD = 100_000  # products: 150 MB of vectors of so many dimensions; more are faster by Spark
DIMENSIONS = 384


def held_products(store: TableStore, columns: Sequence[str]) -> pa.Table | None:
    """Columns of all products and their `vector`, null where there is none of the set encoder yet.

    None where they are too many, or none, or their tables do not lie here.
    """
    here, encoder = store.small_here(PRODUCTS), encoder_name(store.settings.embedding)
    if not here or not store.small_here(PRODUCT_EMBEDDINGS) or not 0 < store.count(PRODUCTS) <= MOST_HELD:
        return None
    try:
        known = here.held(PRODUCT_EMBEDDINGS, ("encoder", "dimensions"))
        widest = pc.max(known.filter(pc.equal(known["encoder"], encoder))["dimensions"]).as_py() or 0
        if store.count(PRODUCTS) * widest > MOST_HELD * DIMENSIONS:
            return None
        products = here.held(PRODUCTS, tuple(dict.fromkeys((*columns, "text_hash")))).combine_chunks()
        hashes = products["text_hash"].combine_chunks().unique()
        vectors = here.held(PRODUCT_EMBEDDINGS, ("text_hash", "encoder", "vector"), "text_hash", hashes)
    except WarehouseError as fault:
        logger.warning("the products are read by Spark (%s)", fault)
        return None
    vectors = vectors.filter(pc.equal(vectors["encoder"], encoder)).combine_chunks()
    place = pc.index_in(products["text_hash"].combine_chunks(), vectors["text_hash"].combine_chunks())
    return products.select(list(columns)).append_column("vector", vectors["vector"].combine_chunks().take(place))
