"""Rows that pass through the driver one after the other: a piece of them is held at a time, however many there are."""

from collections.abc import Iterator, Sequence
from typing import TYPE_CHECKING, Any

from outfit_pairing.storage.staging import StagingPlace
from outfit_pairing.storage.store import TableStore

if TYPE_CHECKING:
    from pyspark.sql import DataFrame

PIECE = "piece"
MOST_AT_ONCE = 100_000  # that pass over Spark Connect as they are: its server holds all that it has not yet sent


def fetched(store: TableStore, rows: "DataFrame", order: Sequence[str], name: str, about: int | None = None) -> Iterator[Any]:
    """The rows, partition after partition.

    Classic Spark fetches a partition when it is asked for. A server of Spark Connect computes all of them at once and keeps what is
    still to be sent, so there they are put aside by partition and fetched from there.

    Args:  order: in which the rows of a partition lie.    name: of the place where they are put aside.
           about: how many they are, or stand for; None: they are counted where it matters.
    """
    if not is_connected(rows) or (rows.count() if about is None else about) <= MOST_AT_ONCE:
        yield from rows.toLocalIterator(prefetchPartitions=True)
        return
    from pyspark.sql import functions as F

    place = StagingPlace(store.spark, store.settings, name)
    try:
        marked = rows.withColumn(PIECE, F.spark_partition_id())
        place.add(marked, by=PIECE)
        staged = place.frame(marked.schema)
        for row in sorted(staged.select(PIECE).distinct().collect()):
            yield from staged.where(F.col(PIECE) == row[PIECE]).orderBy(*order).drop(PIECE).collect()
    finally:
        place.remove()


def is_connected(rows: "DataFrame") -> bool:
    """Whether a frame is one of Spark Connect."""
    return type(rows).__module__.startswith("pyspark.sql.connect")
