"""Mends the outfits of a product of which some can no longer be worn: the others stay, the gaps are filled with new ones."""

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass

import pyarrow as pa

from outfit_pairing.pairing.assembly import LEAST_OUTFITS
from outfit_pairing.storage.whole_products import item_sets, ranked, runs, whole_products
from outfit_pairing.style.outfit_difference import differ

Items = frozenset[str]


def mended(standing: Sequence[tuple[int, Items]], fresh: Sequence[Items]) -> list[tuple[int, bool, int]]:
    """What a product shows now: (rank, whether it is a standing outfit, position in its list), ranks 1, 2, 3 ….

    Standing outfits keep their ranks as long as there are no gaps before them. Gaps are filled with fresh outfits in their order
    that differ from all others, up to as many outfits as are fresh. Where fewer than LEAST_OUTFITS come together so, the fresh
    ones are taken as they are, if they are more.

    Args:  standing: ranks, distinct, and items.   fresh: what would be made if nothing stood, best first.
    """
    size = max(len(fresh), len(standing))
    taken = {rank: position for position, (rank, _) in enumerate(standing)}
    free = [rank for rank in range(1, size + 1) if rank not in taken][: size - len(standing)]
    shown = [items for _, items in standing]
    filled: list[tuple[int, bool, int]] = [(rank, True, position) for rank, position in taken.items()]
    for position, items in enumerate(fresh):
        if not free:
            break
        if all(differ(items, other) for other in shown):
            shown.append(items)
            filled.append((free.pop(0), False, position))
    if len(filled) < min(LEAST_OUTFITS, len(fresh)):
        filled = [(rank, False, rank - 1) for rank in range(1, len(fresh) + 1)]
    return [(rank, *one[1:]) for rank, one in enumerate(sorted(filled), 1)]


@dataclass(frozen=True, slots=True)
class Mend:
    """In: the columns of a recommendations table and `stands`, true for what is shown already; a product's rows follow each other,
    in order of `stands` and rank. Out: the columns without `stands`.
    """

    def __call__(self, batches: Iterable[pa.RecordBatch]) -> Iterator[pa.RecordBatch]:
        """Arrow batches in, Arrow batches out."""
        for rows in whole_products(batches):
            yield from ranked(rows, *self._kept(rows))

    def _kept(self, rows: pa.Table) -> tuple[list[int], list[int]]:
        stands, rank, items = rows.column("stands").to_pylist(), rows.column("rank").to_pylist(), item_sets(rows)
        positions: list[int] = []
        ranks: list[int] = []
        for start, end in runs(rows.column("product_id").to_pylist()):
            old, new = ([place for place in range(start, end) if stands[place] is which] for which in (True, False))
            for to, is_old, position in mended([(rank[place], items[place]) for place in old], [items[place] for place in new]):
                positions.append((old if is_old else new)[position])
                ranks.append(to)
        return positions, ranks
