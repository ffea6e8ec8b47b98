"""Which outfits a product page shows when several sources offer some: a pure kernel, Arrow in and out.

The order is that of the sources' base confidence, then the outfit's own confidence, then its score; ties by outfit id.
The result does not depend on how rows were cut into batches or partitions, as long as a product's rows stay together.
"""

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from itertools import combinations
from typing import Any, NamedTuple

import pyarrow as pa
import pyarrow.compute as pc

from outfit_pairing.style.sources import BASE_CONFIDENCE

LEAST_OUTFITS = 3  # below this a product keeps an outfit that hardly differs rather than none
LEAST_DIFFERENCE = 2  # items


class Offer(NamedTuple):
    """One outfit that a source offers for a product. `items` are the ids of its products beside the product itself."""

    source: str
    confidence: float
    score: float
    outfit_id: str
    items: frozenset[str]


def best_offers(offers: Sequence[Offer], most: int) -> list[int]:
    """Positions of the offers that a product keeps, best first.

    An outfit that comes twice is kept once. One that hardly differs from a better one is passed over. Where that leaves
    fewer than three, the best three that all differ are kept; where there are no such three, look-alikes fill up.

    Raises:  ValueError: a source without base confidence.
    """
    order = _distinct(offers, sorted(range(len(offers)), key=lambda position: _worth(offers[position])))
    kept = _apart(offers, order, most, ())
    if len(kept) < LEAST_OUTFITS:
        trio = next(
            (three for three in combinations(order, LEAST_OUTFITS) if len(_apart(offers, three, most, ())) == len(three)), ()
        )
        look_alikes = [position for position in order if position not in kept]
        kept = _apart(offers, order, most, trio) if trio else kept + look_alikes[: LEAST_OUTFITS - len(kept)]
    return [position for position in order if position in kept]


def differ(left: frozenset[str], right: frozenset[str]) -> bool:
    """Whether two outfits of a product differ: the smaller has two items, or all that it has, that the other lacks."""
    smaller = min(len(left), len(right))
    return smaller - len(left & right) >= min(smaller, LEAST_DIFFERENCE)


def _apart(offers: Sequence[Offer], order: Sequence[int], most: int, first: Sequence[int]) -> list[int]:
    """`first`, then in their order those that differ from all taken before."""
    kept = list(first)
    for position in order:
        apart = all(differ(offers[position].items, offers[other].items) for other in kept)
        if apart and position not in kept and len(kept) < most:
            kept.append(position)
    return kept


def _worth(offer: Offer) -> tuple[float, float, float, str]:
    if offer.source not in BASE_CONFIDENCE:
        raise ValueError(f"source {offer.source!r} has no base confidence; known are {', '.join(BASE_CONFIDENCE)}")
    return -BASE_CONFIDENCE[offer.source], -(offer.confidence or 0.0), -(offer.score or 0.0), offer.outfit_id


def _distinct(offers: Sequence[Offer], order: Sequence[int]) -> list[int]:
    """`order` without outfits that a better position already holds, by id or by their items."""
    seen: set[str | frozenset[str]] = set()
    kept = []
    for position in order:
        offer = offers[position]
        if not seen & {offer.outfit_id, offer.items}:
            kept.append(position)
        seen |= {offer.outfit_id, offer.items}
    return kept


@dataclass(frozen=True, slots=True)
class BestOutfits:
    """Ranks outfits. In and out: the columns of a recommendations table; a product's rows must follow each other.

    Peak memory: one batch and the rows of one product.
    """

    most: int

    def __call__(self, batches: Iterable[pa.RecordBatch]) -> Iterator[pa.RecordBatch]:
        """The outfits that each product keeps, `rank` set."""
        carried: pa.Table | None = None
        for batch in batches:
            if batch.num_rows:
                rows = pa.Table.from_batches([batch])
                rows = pa.concat_tables([carried, rows]) if carried is not None else rows
                last = _start_of_last_product(rows)
                yield from self._ranked(rows.slice(0, last))
                carried = rows.slice(last)
        if carried is not None:
            yield from self._ranked(carried)

    def _ranked(self, rows: pa.Table) -> Iterator[pa.RecordBatch]:
        if rows.num_rows:
            positions, ranks = self._kept(rows.column("product_id").to_pylist(), _offers(rows))
            kept = rows.take(pa.array(positions, pa.int64()))
            column = rows.schema.get_field_index("rank")
            yield from kept.set_column(column, rows.schema.field(column), pa.array(ranks, pa.int32())).combine_chunks().to_batches()

    def _kept(self, product_ids: Sequence[str], offers: Sequence[Offer]) -> tuple[list[int], list[int]]:
        positions: list[int] = []
        ranks: list[int] = []
        for start, end in _runs(product_ids):
            best = best_offers(offers[start:end], self.most)
            positions += [start + position for position in best]
            ranks += range(1, len(best) + 1)
        return positions, ranks


def _runs(values: Sequence[Any]) -> Iterator[tuple[int, int]]:
    """(start, end) of each stretch of equal values."""
    start = 0
    for position in range(1, len(values) + 1):
        if position == len(values) or values[position] != values[start]:
            yield start, position
            start = position


def _start_of_last_product(rows: pa.Table) -> int:
    product_ids = rows.column("product_id")
    start: int = pc.index(product_ids, product_ids[-1]).as_py()
    return start


def _offers(rows: pa.Table) -> list[Offer]:
    columns = [rows.column(name).to_pylist() for name in ("source", "confidence", "score", "outfit_id")]
    items = rows.column("items").combine_chunks()
    product_ids = items.flatten().field("product_id").to_pylist()
    ends = items.value_lengths().fill_null(0).to_numpy(zero_copy_only=False).cumsum().tolist()
    sets = (frozenset(product_ids[start:end]) for start, end in zip([0, *ends], ends, strict=False))
    return [Offer(*row) for row in zip(*columns, sets, strict=True)]
