"""Hands a stream of rows to Spark without holding it: a small catalogue as it is, a large one through a staging place."""

import logging
import re
from collections import Counter
from collections.abc import Iterable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pyarrow as pa

from outfit_pairing.catalog.learned import Learned
from outfit_pairing.catalog.learning import MOST_WORDS, ROWS_HEARD, WORDS_OF, encode_of, learn, learned_of, text_of
from outfit_pairing.catalog.mapping import CatalogueMapping
from outfit_pairing.catalog.product_rows import SPARK_SCHEMA, ProductReader
from outfit_pairing.catalog.rows import DEEPEST, typed_row
from outfit_pairing.catalog.said import FieldReader
from outfit_pairing.catalog.source import Catalogue
from outfit_pairing.errors import CatalogError, first_line
from outfit_pairing.settings import Settings
from outfit_pairing.storage.staging import StagingPlace
from outfit_pairing.style import load_style_guide

if TYPE_CHECKING:
    from pyspark.sql import DataFrame, SparkSession

logger = logging.getLogger(__name__)

CHUNK_ROWS = 50_000


@contextmanager
def staged_rows(
    spark: "SparkSession", settings: Settings, catalogue: Catalogue, chunk_rows: int = CHUNK_ROWS
) -> Iterator["DataFrame"]:
    """Every row of the catalogue in the columns of `product_rows.SPARK_SCHEMA`, cheap to read several times."""
    place = StagingPlace(spark, settings, "catalogue_rows")
    try:
        if not catalogue.streamed:
            place.add(_by_spark(spark, settings, catalogue))
            yield place.frame(SPARK_SCHEMA)
            return
        chunks = _frames(spark, settings, catalogue, chunk_rows)
        first = next(chunks)
        second = next(chunks, None)
        if second is None:
            yield first
            return
        place.add(first)
        place.add(second)
        for chunk in chunks:
            place.add(chunk)
        yield place.frame(SPARK_SCHEMA)
    finally:
        place.remove()


def _frames(spark: "SparkSession", settings: Settings, catalogue: Catalogue, chunk_rows: int) -> Iterator["DataFrame"]:
    mapping, learned = catalogue.mapping_for(catalogue.columns), learned_of(catalogue, settings)
    reader = ProductReader(mapping, load_style_guide(), settings.catalog.currency, learned)
    done = 0
    for batch in one_ahead(reader.batches(catalogue.rows(), chunk_rows)):
        done += batch.num_rows
        logger.info("ingest: %s rows read", f"{done:,}")
        yield spark.createDataFrame(pa.Table.from_batches([batch]), SPARK_SCHEMA)


def one_ahead(batches: Iterator[pa.RecordBatch]) -> Iterator[pa.RecordBatch]:
    """The same, the next one being made while the last one is used: Spark writes while Python reads."""
    with ThreadPoolExecutor(1) as reading:
        coming = reading.submit(next, batches, None)
        while (batch := coming.result()) is not None:
            coming = reading.submit(next, batches, None)
            yield batch


def _by_spark(spark: "SparkSession", settings: Settings, catalogue: Catalogue) -> "DataFrame":
    """Rows of a table, numbered by id and content: a table has no order of its own, and its files may be rewritten."""
    from pyspark.errors import AnalysisException
    from pyspark.sql import Window
    from pyspark.sql import functions as F

    try:
        rows = _table(spark, catalogue)
        mapping = catalogue.mapping_for(tuple(_names(rows.schema)))
    except AnalysisException as fault:
        raise CatalogError(f"{catalogue.path}: cannot be read as {catalogue.format} ({first_line(fault)})") from None
    order = Window.orderBy(F.col(_quoted(mapping.columns.product_id, rows)), F.to_json(F.struct("*")))
    numbered = rows.select(F.row_number().over(order).alias("line_number"), F.struct("*").alias("row"))
    currency, learned = settings.catalog.currency, _learned_by_spark(rows, mapping, settings)

    def read(batches: Iterable[pa.RecordBatch]) -> Iterable[pa.RecordBatch]:
        reader = ProductReader(mapping, load_style_guide(), currency, learned)
        found = (typed_row(one["line_number"], one["row"]) for batch in batches for one in batch.to_pylist())
        yield from reader.batches(found, 10_000)

    return numbered.mapInArrow(read, SPARK_SCHEMA)


def _learned_by_spark(rows: "DataFrame", mapping: CatalogueMapping, settings: Settings) -> Learned:
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
    return learn(counts, heard, mapping, load_style_guide(), encode_of(settings))


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
        return spark.table(catalogue.path)
    path = catalogue.path if re.match(r"^[a-z][a-z0-9+.-]*:", catalogue.path) else str(Path(catalogue.path).resolve())
    return spark.read.format(catalogue.format).load(path)
