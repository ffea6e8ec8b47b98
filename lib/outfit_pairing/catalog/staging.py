"""The rows of a catalogue, read by its mapping: few by the driver, many by workers into a staging place, without holding them."""

import logging
import re
from collections import Counter
from collections.abc import Iterable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from dataclasses import dataclass
from functools import partial
from itertools import accumulate
from pathlib import Path
from typing import TYPE_CHECKING, Any, TypeVar

import pyarrow as pa

from outfit_pairing.catalog.learned import Learned
from outfit_pairing.catalog.learning import MOST_WORDS, ROWS_HEARD, WORDS_OF, Encode, encode_of, learn, learned_of, text_of
from outfit_pairing.catalog.mapping import CatalogueMapping
from outfit_pairing.catalog.product_rows import ARROW_SCHEMA, SPARK_SCHEMA, ProductReader
from outfit_pairing.catalog.rows import DEEPEST, MOST_CHARACTERS, RawRow, in_chunks, typed_row, unpacked
from outfit_pairing.catalog.said import FieldReader
from outfit_pairing.catalog.source import Catalogue
from outfit_pairing.embedding.kept import kept_vectors
from outfit_pairing.errors import CatalogError, first_line
from outfit_pairing.settings import Settings
from outfit_pairing.storage.session import partitions
from outfit_pairing.storage.staging import StagingPlace
from outfit_pairing.storage.store import TableStore
from outfit_pairing.storage.tables import identifier
from outfit_pairing.style import load_style_guide

if TYPE_CHECKING:
    from pyspark.sql import DataFrame, SparkSession

T = TypeVar("T")
logger = logging.getLogger(__name__)

FEW_ROWS = 50_000  # that the driver reads by itself, at some 9,000 a second
FEW_BYTES = 128_000_000  # of these, where the driver judges and writes them as well
FEW_BYTES_ELSEWHERE = 16_000_000  # where they go to Spark in one piece
CHUNK_ROWS = 50_000  # of more, that are handed out at once
CHUNK_CHARACTERS = 4 * MOST_CHARACTERS
BATCH_ROWS = 10_000
MOST_KEPT = 20_000  # vectors from which words are no longer remembered: a shop may send new ones each night
RANGE_BITS = 40  # of a line number within a range of a table; more rows than one has


@contextmanager
def staged_rows(
    spark: "SparkSession", settings: Settings, catalogue: Catalogue, few_rows: int = FEW_ROWS
) -> Iterator["DataFrame | pa.Table"]:
    """Every row of the catalogue in the columns of `product_rows.SPARK_SCHEMA`: as Arrow where they are few, in file order.

    Else cheap to read several times.   few_rows: that are few at most.
    """
    place = StagingPlace(spark, settings, "catalogue_rows")
    try:
        if not catalogue.streamed:
            place.add(_by_spark(spark, settings, catalogue))
            yield _numbered(spark, place.frame(SPARK_SCHEMA))
            return
        learned = learned_of(catalogue, settings, _encode(spark, settings))
        read = _Read(catalogue.mapping_for(catalogue.columns), settings.catalog.currency, learned)
        cut = iter(catalogue.rows())
        most = FEW_BYTES if TableStore(spark, settings).here else FEW_BYTES_ELSEWHERE
        first, more = _first_rows(read.reader(), cut, few_rows, most)
        if not more:
            yield first
            return
        place.add(spark.createDataFrame(first, SPARK_SCHEMA))
        done = len(first)
        del first
        for chunk in one_ahead(in_chunks(cut, CHUNK_ROWS, CHUNK_CHARACTERS)):
            place.add(spark.createDataFrame(packed(chunk), "row string").mapInArrow(read, SPARK_SCHEMA))
            done += len(chunk)
            logger.info("ingest: %s rows read", f"{done:,}")
        yield place.frame(SPARK_SCHEMA)
    finally:
        place.remove()


def _encode(spark: "SparkSession", settings: Settings) -> Encode | None:
    """The encoder for unknown words and those of the guide, which remembers them from night to night."""
    return encode_of(settings) and partial(kept_vectors, TableStore(spark, settings), most=MOST_KEPT)


def _first_rows(reader: ProductReader, cut: Iterator[RawRow], most: int, most_bytes: int) -> tuple[pa.Table, bool]:
    """As many rows as are few, taken from `cut`, and whether there may be more."""
    batches: list[pa.RecordBatch] = []
    for chunk in in_chunks(cut, min(BATCH_ROWS, most)):
        batches += reader.batches(chunk, BATCH_ROWS)
        if sum(map(len, batches)) >= most or sum(batch.nbytes for batch in batches) > most_bytes:
            return pa.Table.from_batches(batches), True
    return pa.Table.from_batches(batches, ARROW_SCHEMA), False


@dataclass(frozen=True, slots=True)
class _Read:
    """Packed rows to rows of the products table, where the rows are.   In: row.   Out: SPARK_SCHEMA."""

    mapping: CatalogueMapping
    currency: str
    learned: Learned

    def __call__(self, batches: Iterable[pa.RecordBatch]) -> Iterator[pa.RecordBatch]:
        return self.of(unpacked(text) for batch in batches for text in batch.column("row").to_pylist())

    def of(self, rows: Iterable[RawRow]) -> Iterator[pa.RecordBatch]:
        """Rows that need no unpacking."""
        return self.reader().batches(rows, BATCH_ROWS)

    def reader(self) -> ProductReader:
        """Remembers what it has read of repeated words."""
        return ProductReader(self.mapping, load_style_guide(), self.currency, self.learned)


def packed(rows: Iterable[RawRow]) -> pa.Table:
    """Rows for workers, which read them at once instead of one process alone."""
    return pa.table({"row": pa.array([row.packed() for row in rows], pa.string())})


def one_ahead(chunks: Iterator[T]) -> Iterator[T]:
    """The same, the next one being made while the last one is used: Spark reads and writes while Python cuts the file."""
    with ThreadPoolExecutor(1) as cutting:
        coming = cutting.submit(next, chunks, None)
        while (chunk := coming.result()) is not None:
            coming = cutting.submit(next, chunks, None)
            yield chunk


def _by_spark(spark: "SparkSession", settings: Settings, catalogue: Catalogue) -> "DataFrame":
    """Rows of a table in the order of id and content: a table has no order of its own, and its files may be rewritten.

    They are cut into ranges, so that no task sorts them all; line numbers count within a range, see `_numbered`.
    """
    from pyspark.errors import AnalysisException
    from pyspark.sql import functions as F

    try:
        rows = _table(spark, catalogue)
        mapping = catalogue.mapping_for(tuple(_names(rows.schema)))
    except AnalysisException as fault:
        raise CatalogError(f"{catalogue.path}: cannot be read as {catalogue.format} ({first_line(fault)})") from None
    order = [F.col(_quoted(mapping.columns.product_id, rows)).alias("id"), F.to_json(F.struct("*")).alias("content")]
    ranges = rows.select(*order, F.struct("*").alias("row")).repartitionByRange(partitions(settings), "id", "content")
    ordered = ranges.sortWithinPartitions("id", "content").select(F.spark_partition_id().alias("range"), "row")
    read = _Read(mapping, settings.catalog.currency, _learned_by_spark(rows, mapping, _encode(spark, settings)))

    def read_range(batches: Iterable[pa.RecordBatch]) -> Iterator[pa.RecordBatch]:
        found = enumerate((one for batch in batches for one in batch.to_pylist()), 1)
        return read.of(typed_row((one["range"] << RANGE_BITS) + number, one["row"]) for number, one in found)

    return ordered.mapInArrow(read_range, SPARK_SCHEMA)


def _numbered(spark: "SparkSession", rows: "DataFrame") -> "DataFrame":
    """Rows of `_by_spark` with line numbers that count from 1 over all ranges."""
    from pyspark.sql import functions as F

    ranges = F.shiftright("line_number", RANGE_BITS)
    counts = sorted((row["range"], row["count"]) for row in rows.groupBy(ranges.alias("range")).count().collect())
    before = accumulate((count for _, count in counts), initial=0)
    shifts = [(number, start - (number << RANGE_BITS)) for (number, _), start in zip(counts, before, strict=False)]
    known = spark.createDataFrame(shifts, "range bigint, shift bigint")
    shifted = rows.withColumn("range", ranges).join(F.broadcast(known), "range")
    return shifted.withColumn("line_number", F.col("line_number") + F.col("shift")).select(*rows.columns)


def _learned_by_spark(rows: "DataFrame", mapping: CatalogueMapping, encode: Encode | None) -> Learned:
    """As `learning.learned_of`, from a few small aggregates. Words are those that stand in the table, untranslated."""
    from pyspark.sql import functions as F

    fields = FieldReader(mapping)
    cells = {column: F.col(_quoted(column, rows)).cast("string") for column in dict.fromkeys(fields.taken.values())}
    counts: dict[str, Counter[str]] = {}
    for field in (field for field in WORDS_OF if field in fields.taken):
        word = cells[fields.taken[field]].alias("word")
        found = rows.select(word).groupBy("word").count().orderBy(F.desc("count"), "word").limit(MOST_WORDS).collect()
        said = [(fields.said({fields.taken[field]: (row.word or "").strip()}).get(field), row["count"]) for row in found]
        counts[field] = Counter()
        for told, count in said:
            if told:
                counts[field][told] += count
    first = rows.select(*(cell.alias(column) for column, cell in cells.items()))
    first = first.orderBy(F.col(f"`{mapping.columns.product_id}`")).limit(ROWS_HEARD)
    heard = [text_of(fields.said({column: value for column, value in row.asDict().items() if value})) for row in first.collect()]
    return learn(counts, heard, mapping, load_style_guide(), encode)


def _names(schema: Any, before: str = "", depth: int = DEEPEST) -> Iterator[str]:
    """Column names, those inside structs with the struct's name before them."""
    for field in schema:
        inner = list(field.dataType) if field.dataType.typeName() == "struct" and depth else []
        yield from _names(inner, f"{before}{field.name}.", depth - 1) if inner else [f"{before}{field.name}"]


def _quoted(column: str, rows: "DataFrame") -> str:
    """The column for Spark SQL, also inside a struct and with a dot in its own name."""
    return f"`{column}`" if column in rows.columns else ".".join(f"`{part}`" for part in column.split("."))


def _table(spark: "SparkSession", catalogue: Catalogue) -> "DataFrame":
    if "/" not in catalogue.path:
        return spark.table(identifier(*catalogue.path.split(".")))
    path = catalogue.path if re.match(r"^[a-z][a-z0-9+.-]*:", catalogue.path) else str(Path(catalogue.path).resolve())
    return spark.read.format(catalogue.format).load(path)
