"""Search in the columns of the catalogue: every word of the query is held, best first."""

from collections.abc import Container
from functools import reduce

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from outfit_pairing.serving.columns import ProductColumns

MOST_WORDS = 12  # of a query; more narrow nothing that a shopper would see


def found_rows(products: ProductColumns, with_outfits: Container[str], query: str) -> list[int]:
    """Rows of the products that hold all words of the query; all for no word.

    First the product of that very id; then products with outfits; then those in which more of the words begin a word ("men"
    begins "Men's", and is only held by "women"); then by id.
    """
    words = query.lower().split()[:MOST_WORDS]
    texts = products.searched
    holds = [pc.match_substring(texts, word) for word in words]
    kept = np.arange(len(texts)) if not words else np.flatnonzero(_array(reduce(pc.and_, holds)))
    some = texts.take(pa.array(kept))
    spaced = pc.binary_join_element_wise("", some, " ")
    starts = np.zeros(len(kept), np.int8)
    for word in words:
        starts += _array(pc.match_substring(spaced, f" {word}"))
    ids = products.plain["product_id"].take(pa.array(kept)).to_pylist()
    exact = query.strip()
    order = sorted(
        range(len(kept)), key=lambda place: (ids[place] != exact, ids[place] not in with_outfits, -starts[place], ids[place])
    )
    return [int(kept[place]) for place in order]


def _array(column: pa.Array) -> "np.ndarray[tuple[int], np.dtype[np.bool_]]":
    whole = column.combine_chunks() if isinstance(column, pa.ChunkedArray) else column
    return whole.to_numpy(zero_copy_only=False)  # type: ignore[no-any-return]
