"""The rows that go to Postgres, as blocks of COPY lines: what the driver holds is bounded, however large a table is.

A small table in a folder is read by the driver itself, sooner than Spark would have started a job; any other by Spark's workers.
"""

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from itertools import islice
from typing import TYPE_CHECKING

import pyarrow as pa
import pyarrow.compute as pc

from outfit_pairing.publishing.postgres_copy import copy_lines
from outfit_pairing.publishing.postgres_tables import METRICS, SHOWN_OUTFITS, SHOWN_PRODUCTS, WORDS, PostgresTable
from outfit_pairing.storage.session import partitions
from outfit_pairing.storage.store import TableStore
from outfit_pairing.storage.streaming import fetched
from outfit_pairing.storage.tables import OUTFIT_RECOMMENDATIONS, PRODUCTS, QUALITY_METRICS, Table

if TYPE_CHECKING:
    from pyspark.sql import DataFrame

ROWS_AT_ONCE = 20_000  # of those that Spark reads, held by the driver
IDS_AT_ONCE = 5_000
MOST_RUNS = 100  # whose metrics are sent
OF_DELTA = {SHOWN_PRODUCTS.name: PRODUCTS, SHOWN_OUTFITS.name: OUTFIT_RECOMMENDATIONS, METRICS.name: QUALITY_METRICS}
BLOCK_SCHEMA = "number int, rows bigint, lines binary"
SAID = ("product_id", "name", "article_type", "colour")  # what WORDS are made of


@dataclass(frozen=True, slots=True)
class Block:
    """COPY lines, and how many."""

    rows: int
    lines: bytes


@dataclass(frozen=True, slots=True)
class Blocks:
    """Rows of a Delta table to (number, rows, lines), a block for each batch that has rows, numbered in their order.

    names: the columns, in the order of COPY.
    """

    names: tuple[str, ...]

    def __call__(self, batches: Iterable[pa.RecordBatch]) -> Iterator[pa.RecordBatch]:
        """For mapInArrow; of BLOCK_SCHEMA."""
        for number, batch in enumerate(batches):
            if batch.num_rows:
                columns = {"number": pa.array([number], pa.int32()), "rows": pa.array([batch.num_rows], pa.int64())}
                yield pa.record_batch({**columns, "lines": pa.array([self.block(batch).lines], pa.binary())})

    def block(self, batch: pa.RecordBatch) -> Block:
        """A batch as one block."""
        columns = [_words(batch) if name == WORDS.name else batch.column(name) for name in self.names]
        return Block(batch.num_rows, copy_lines(pa.record_batch(columns, list(self.names))))


def source_of(table: PostgresTable) -> Table:
    """The Delta table that it shows."""
    return OF_DELTA[table.name]


def table_blocks(store: TableStore, table: PostgresTable, rows: int, within: "DataFrame | None" = None) -> Iterator[Block]:
    """The rows of the Delta table, those of a product side by side in the order of the key.

    Args:    rows: about how many there are.    within: distinct product_id of the rows wanted; all without.
    """
    here = store.small_here(source_of(table))
    if here:
        wanted = None if within is None else within.toArrow()["product_id"].combine_chunks()
        return _blocks_of(here.held(source_of(table), _delta_columns(table), "product_id", wanted), table)
    found = store.read(source_of(table)).select(*_delta_columns(table))
    if within is not None:
        found = found.join(within, "product_id", "left_semi")
    least = partitions(store.settings) if within is None else 1
    return _blocks_of_spark(store, found, table, max(least, rows // ROWS_AT_ONCE), rows)


def metric_blocks(store: TableStore) -> Iterator[Block]:
    """What check-quality has measured on the latest runs."""
    if not store.exists(QUALITY_METRICS):
        return iter(())
    here = store.small_here(QUALITY_METRICS)
    names = _delta_columns(METRICS)
    rows = here.held(QUALITY_METRICS, names) if here else store.read(QUALITY_METRICS).select(*names).toArrow()
    runs = rows.group_by("run_id").aggregate([("updated_at", "max")])
    latest = runs.sort_by([("updated_at_max", "descending")]).slice(0, MOST_RUNS)
    return _blocks_of(rows.filter(pc.is_in(rows["run_id"], latest["run_id"].combine_chunks())), METRICS)


def _delta_columns(table: PostgresTable) -> list[str]:
    """Columns that Delta has, in the order of COPY."""
    return [name for name in table.names if name != WORDS.name]


def _words(batch: pa.RecordBatch) -> pa.Array:
    """What search looks in."""
    said = [batch.column(name) for name in SAID]
    return pc.utf8_lower(pc.binary_join_element_wise(*said, " ", null_handling="skip"))


def _blocks_of(rows: pa.Table, table: PostgresTable) -> Iterator[Block]:
    kernel = Blocks(table.names)
    for batch in rows.sort_by([(name, "ascending") for name in table.key]).to_batches(max_chunksize=ROWS_AT_ONCE):
        yield kernel.block(batch)


def _blocks_of_spark(store: TableStore, rows: "DataFrame", table: PostgresTable, parts: int, number: int) -> Iterator[Block]:
    order = list(table.key)
    # By hash: ranges would be found by reading all rows twice.
    rows = rows.repartition(parts, order[0]).sortWithinPartitions(*order) if parts > 1 else rows.coalesce(1)
    lines = rows.mapInArrow(Blocks(table.names), BLOCK_SCHEMA)
    blocks = fetched(store, lines, ("number",), f"lines_of_{table.name}", number)
    return (Block(row["rows"], bytes(row["lines"])) for row in blocks)


def ids(touched: "DataFrame") -> Iterator[Sequence[str]]:
    """The ids of a frame of product_id, some thousand at a time."""
    rows = (str(row["product_id"]) for row in touched.toLocalIterator())
    while some := list(islice(rows, IDS_AT_ONCE)):
        yield some


def made_of(store: TableStore, tables: Sequence[PostgresTable] = (SHOWN_PRODUCTS, SHOWN_OUTFITS)) -> dict[str, list[str | int]]:
    """Table → [Delta's own id of it, its version]: equal as long as the rows are."""
    return {table.name: [_table_id(store, source_of(table)), store.version(source_of(table))] for table in tables}


def _table_id(store: TableStore, table: Table) -> str:
    return str(store.spark.sql(f"DESCRIBE DETAIL {store.place(table)}").collect()[0]["id"])
