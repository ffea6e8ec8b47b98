"""Which products looks and patterns together give three outfits that differ: those need none by rules."""

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from itertools import combinations

import pyarrow as pa

from outfit_pairing.pairing.assembly import LEAST_OUTFITS
from outfit_pairing.style.outfit_difference import differ

MOST_COMPARED = 24  # outfits of a product; of so many, three that differ are found or very unlikely


def has_enough(outfits: Sequence[frozenset[str]]) -> bool:
    """Whether LEAST_OUTFITS of a product's outfits, as sets of items, differ pairwise. Any order gives the same."""
    distinct = sorted(set(outfits), key=sorted)[:MOST_COMPARED]
    return any(all(differ(*pair) for pair in combinations(chosen, 2)) for chosen in combinations(distinct, LEAST_OUTFITS))


@dataclass(frozen=True)
class WithEnough:
    """In: product_id and `outfits`, a list of lists of item ids. Out: the product_id of those that have enough."""

    def __call__(self, batches: Iterable[pa.RecordBatch]) -> Iterator[pa.RecordBatch]:
        """Arrow batches in, Arrow batches out."""
        for batch in batches:
            columns = zip(batch.column("product_id").to_pylist(), batch.column("outfits").to_pylist(), strict=True)
            enough = [product_id for product_id, outfits in columns if has_enough([frozenset(items) for items in outfits])]
            yield pa.RecordBatch.from_arrays([pa.array(enough, pa.string())], names=["product_id"])
