"""Which outfits a product page shows when several sources offer some: a pure kernel, Arrow in and out.

The order is that of the sources' base confidence, then the outfit's own confidence, then its score; ties by outfit id. After a
change of some outfits of a product the others stay where they are shown: shoppers and caches meet the same page.
The result does not depend on how rows were cut into batches or partitions, as long as a product's rows stay together.
"""

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from itertools import combinations
from typing import NamedTuple

import pyarrow as pa

from outfit_pairing.storage.whole_products import item_sets, ranked, runs, whole_products
from outfit_pairing.style.outfit_difference import differ
from outfit_pairing.style.sources import BASE_CONFIDENCE

LEAST_OUTFITS = 3  # below this a product keeps an outfit that hardly differs rather than none


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


def kept_ranks(stands: Sequence[int | None]) -> list[int]:
    """The rank of each outfit, best first given. One that is shown at a rank already stays there; the others take what is left.

    Args:  stands: per outfit the rank at which it is shown, None for a new one.
    """
    ranks = range(1, len(stands) + 1)
    taken = {rank for rank in stands if rank in ranks}
    free = iter([rank for rank in ranks if rank not in taken])
    found = []
    for rank in stands:
        keeps = rank in taken
        found.append(rank if keeps and rank is not None else next(free))
        taken -= {rank}  # two outfits cannot share a rank
    return found


@dataclass(frozen=True, slots=True)
class BestOutfits:
    """Ranks outfits. In: the columns of a recommendations table and `stands`, the rank at which the outfit is shown already, or
    null; a product's rows must follow each other. Out: the columns without `stands`.

    Peak memory: one batch and the rows of one product.
    """

    most: int

    def __call__(self, batches: Iterable[pa.RecordBatch]) -> Iterator[pa.RecordBatch]:
        """The outfits that each product keeps, `rank` set."""
        for rows in whole_products(batches):
            yield from ranked(rows, *self._kept(rows))

    def _kept(self, rows: pa.Table) -> tuple[list[int], list[int]]:
        offers, stands = _offers(rows), rows.column("stands").to_pylist()
        positions: list[int] = []
        ranks: list[int] = []
        for start, end in runs(rows.column("product_id").to_pylist()):
            best = [start + position for position in best_offers(offers[start:end], self.most)]
            positions += best
            ranks += kept_ranks([stands[position] for position in best])
        return positions, ranks


def best_of(offers: Sequence[pa.Table], drafted: pa.Table, most: int) -> pa.Table:
    """The outfits of a few products, as BestOutfits ranks them.

    Args:    offers: rows of recommendations tables.   drafted: product_id, outfit_id, and the rank at which the outfit stands.
    """
    united = pa.concat_tables(offers)
    standing = {(row["product_id"], row["outfit_id"]): row["rank"] for row in drafted.to_pylist()}
    keys = zip(united["product_id"].to_pylist(), united["outfit_id"].to_pylist(), strict=True)
    marked = united.append_column("stands", pa.array([standing.get(key) for key in keys], pa.int32()))
    rows = marked.sort_by("product_id").combine_chunks()
    return pa.Table.from_batches(list(BestOutfits(most)(rows.to_batches())), united.schema)


def _offers(rows: pa.Table) -> list[Offer]:
    columns = [rows.column(name).to_pylist() for name in ("source", "confidence", "score", "outfit_id")]
    return [Offer(*row) for row in zip(*columns, item_sets(rows), strict=True)]
