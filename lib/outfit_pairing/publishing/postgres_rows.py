"""The rows that go to Postgres, out of Spark as blocks of COPY lines: the driver holds a partition at a time, never a table."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from itertools import islice
from typing import TYPE_CHECKING

from outfit_pairing.publishing.postgres_copy import BLOCK_SCHEMA, CopyLines
from outfit_pairing.publishing.postgres_tables import METRICS, SHOWN_OUTFITS, SHOWN_PRODUCTS, WORDS, PostgresTable, is_json
from outfit_pairing.storage.session import partitions
from outfit_pairing.storage.store import TableStore
from outfit_pairing.storage.tables import OUTFIT_RECOMMENDATIONS, PRODUCTS, QUALITY_METRICS, Table

if TYPE_CHECKING:
    from pyspark.sql import Column, DataFrame

ROWS_AT_ONCE = 20_000  # that the driver holds
IDS_AT_ONCE = 5_000
MOST_RUNS = 100  # whose metrics are sent
OF_DELTA = {SHOWN_PRODUCTS.name: PRODUCTS, SHOWN_OUTFITS.name: OUTFIT_RECOMMENDATIONS}


@dataclass(frozen=True, slots=True)
class Block:
    """COPY lines, and how many."""

    rows: int
    lines: bytes


def source_of(table: PostgresTable) -> Table:
    """The Delta table that it shows."""
    return OF_DELTA[table.name]


def table_blocks(store: TableStore, table: PostgresTable, rows: int, within: "DataFrame | None" = None) -> Iterator[Block]:
    """The rows of the Delta table, those of a product side by side in the order of the key.

    Args:    rows: about how many there are.    within: distinct product_id of the rows wanted; all without.
    """
    found = store.read(source_of(table))
    if within is not None:
        found = found.join(within, "product_id", "left_semi")
    return _blocks(_flat(found, table), table, max(1, rows // ROWS_AT_ONCE, partitions(store.settings) if within is None else 1))


def metric_blocks(store: TableStore) -> Iterator[Block]:
    """What check-quality has measured on the latest runs."""
    from pyspark.sql import functions as F

    if not store.exists(QUALITY_METRICS):
        return iter(())
    metrics = store.read(QUALITY_METRICS)
    latest = metrics.groupBy("run_id").agg(F.max("updated_at").alias("at")).orderBy(F.desc("at")).limit(MOST_RUNS)
    return _blocks(_flat(metrics.join(latest, "run_id", "left_semi"), METRICS), METRICS, 1)


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


def _flat(rows: "DataFrame", table: PostgresTable) -> "DataFrame":
    """Columns in the order of COPY, nested ones as JSON texts, times with their offset."""
    from pyspark.sql import functions as F

    def column(name: str, kind: str, *, nested: bool) -> "Column":
        if name == WORDS.name:
            return F.lower(F.concat_ws(" ", "product_id", "name", "article_type", "colour")).alias(name)
        if nested:
            return F.to_json(name).alias(name)
        return F.date_format(name, "yyyy-MM-dd HH:mm:ss.SSSSSSXXX").alias(name) if kind == "timestamp" else F.col(name)

    return rows.select(*(column(one.name, one.type, nested=is_json(one)) for one in table.columns))


def _blocks(rows: "DataFrame", table: PostgresTable, parts: int) -> Iterator[Block]:
    order = list(table.key)
    # By hash: ranges would be found by reading all rows, and making their JSON, twice.
    rows = rows.repartition(parts, order[0]).sortWithinPartitions(*order) if parts > 1 else rows.coalesce(1)
    nested = tuple(column.name for column in table.columns if is_json(column))
    lines = rows.mapInArrow(CopyLines(nested), BLOCK_SCHEMA)
    return (Block(row["rows"], bytes(row["lines"])) for row in lines.toLocalIterator(prefetchPartitions=True))
