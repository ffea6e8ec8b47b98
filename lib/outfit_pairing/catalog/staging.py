"""Hands a stream of rows to Spark without holding it: a small catalogue as it is, a large one through a staging place."""

import logging
import re
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING

import pyarrow as pa

from outfit_pairing.catalog.product_rows import SPARK_SCHEMA, ProductReader
from outfit_pairing.catalog.rows import typed_row
from outfit_pairing.catalog.source import Catalogue
from outfit_pairing.errors import CatalogError
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
    reader = ProductReader(catalogue.mapping_for(catalogue.columns), load_style_guide(), settings.catalog.currency)
    done = 0
    for batch in reader.batches(catalogue.rows(), chunk_rows):
        done += batch.num_rows
        logger.info("ingest: %s rows read", f"{done:,}")
        yield spark.createDataFrame(pa.Table.from_batches([batch]), SPARK_SCHEMA)


def _by_spark(spark: "SparkSession", settings: Settings, catalogue: Catalogue) -> "DataFrame":
    """Rows of a table, numbered by id and content: a table has no order of its own, and its files may be rewritten."""
    from pyspark.errors import AnalysisException
    from pyspark.sql import Window
    from pyspark.sql import functions as F

    try:
        rows = _table(spark, catalogue)
        mapping = catalogue.mapping_for(tuple(rows.columns))
    except AnalysisException as fault:
        raise CatalogError(f"{catalogue.path}: cannot be read as {catalogue.format} ({_first_line(fault)})") from None
    order = Window.orderBy(F.col(f"`{mapping.columns.product_id}`"), F.to_json(F.struct("*")))
    numbered = rows.select(F.row_number().over(order).alias("line_number"), F.struct("*").alias("row"))
    currency = settings.catalog.currency

    def read(batches: Iterable[pa.RecordBatch]) -> Iterable[pa.RecordBatch]:
        reader = ProductReader(mapping, load_style_guide(), currency)
        found = (typed_row(one["line_number"], one["row"]) for batch in batches for one in batch.to_pylist())
        yield from reader.batches(found, 10_000)

    return numbered.mapInArrow(read, SPARK_SCHEMA)


def _table(spark: "SparkSession", catalogue: Catalogue) -> "DataFrame":
    if "/" not in catalogue.path:
        return spark.table(catalogue.path)
    path = catalogue.path if re.match(r"^[a-z][a-z0-9+.-]*:", catalogue.path) else str(Path(catalogue.path).resolve())
    return spark.read.format(catalogue.format).load(path)


def _first_line(fault: Exception) -> str:
    return str(fault).strip().splitlines()[0][:200]
