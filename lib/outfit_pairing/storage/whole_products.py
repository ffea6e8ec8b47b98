"""Streams of rows sorted by product, cut where a product ends: what kernels need that judge a product's rows together."""

from collections.abc import Iterable, Iterator, Sequence
from typing import Any

import pyarrow as pa
import pyarrow.compute as pc


def whole_products(batches: Iterable[pa.RecordBatch]) -> Iterator[pa.Table]:
    """The same rows in tables that hold products whole. In: a column product_id; a product's rows follow each other.

    Peak memory: one batch and the rows of one product.
    """
    carried: pa.Table | None = None
    for batch in batches:
        if batch.num_rows:
            rows = pa.Table.from_batches([batch])
            rows = pa.concat_tables([carried, rows]) if carried is not None else rows
            last = _start_of_last_product(rows)
            if last:
                yield rows.slice(0, last)
            carried = rows.slice(last)
    if carried is not None:
        yield carried


def runs(values: Sequence[Any]) -> Iterator[tuple[int, int]]:
    """(start, end) of each stretch of equal values."""
    start = 0
    for position in range(1, len(values) + 1):
        if position == len(values) or values[position] != values[start]:
            yield start, position
            start = position


def item_sets(rows: pa.Table) -> list[frozenset[str]]:
    """The ids of each row's `items` (list<struct<product_id, …>>)."""
    items = rows.column("items").combine_chunks()
    product_ids = items.flatten().field("product_id").to_pylist()
    ends = items.value_lengths().fill_null(0).to_numpy(zero_copy_only=False).cumsum().tolist()
    return [frozenset(product_ids[start:end]) for start, end in zip([0, *ends], ends, strict=False)]


def ranked(rows: pa.Table, positions: Sequence[int], ranks: Sequence[int]) -> list[pa.RecordBatch]:
    """The rows at these positions with these ranks, without the column `stands`, which kernels read and do not hand on."""
    kept = rows.take(pa.array(positions, pa.int64())).drop_columns("stands")
    column = kept.schema.get_field_index("rank")
    found: list[pa.RecordBatch] = (
        kept.set_column(column, kept.schema.field(column), pa.array(ranks, pa.int32())).combine_chunks().to_batches()
    )
    return found


def _start_of_last_product(rows: pa.Table) -> int:
    product_ids = rows.column("product_id")
    start: int = pc.index(product_ids, product_ids[-1]).as_py()
    return start
