"""Search in the columns of the catalogue: every word of the query is held, best first."""

from collections.abc import Container
from dataclasses import dataclass
from functools import reduce

import numpy as np
import numpy.typing as npt
import pyarrow as pa
import pyarrow.compute as pc

from outfit_pairing.serving.arrays import taken, values
from outfit_pairing.serving.columns import ProductColumns

MOST_WORDS = 12  # of a query; more narrow nothing that a shopper would see
Flags = npt.NDArray[np.bool_]


@dataclass(frozen=True, slots=True)
class Search:
    """What a catalogue is searched by.   offered: whether a product has outfits.   place: of a product in the order of ids."""

    products: ProductColumns
    offered: Flags
    place: npt.NDArray[np.int64]

    @classmethod
    def of(cls, products: ProductColumns, with_outfits: Container[str]) -> "Search":
        """Over these products."""
        offered = np.fromiter((one in with_outfits for one in products.rows), np.bool_, len(products.rows))
        place = np.empty(len(products.rows), np.int64)
        place[values(pc.sort_indices(products.plain["product_id"]))] = np.arange(len(place))
        return cls(products, offered, place)

    def rows(self, query: str) -> npt.NDArray[np.int64]:
        """Rows of the products that hold all words of the query; all for no word.

        First the product of that very id; then products with outfits; then those in which more of the words begin a word ("men"
        begins "Men's", and is only held by "women"); then by id.
        """
        words = query.lower().split()[:MOST_WORDS]
        texts = self.products.searched
        kept = np.arange(len(texts))
        if words:
            kept = np.flatnonzero(_flags(reduce(pc.and_, (pc.match_substring(texts, word) for word in words))))
        begun = np.zeros(len(kept), np.int8)
        some = taken(texts, kept) if words else texts
        for word in words:
            begun += _flags(pc.or_(pc.starts_with(some, word), pc.match_substring(some, f" {word}")))
        named = self.products.rows.get(query.strip(), -1)
        return kept[np.lexsort((self.place[kept], -begun, ~self.offered[kept], kept != named))]


def _flags(column: pa.Array) -> Flags:
    return values(column).astype(np.bool_)
