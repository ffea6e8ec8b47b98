"""What only trying tells: a local session that writes and reads a small table, and the text model at work."""

import sys
import tempfile
import time
from collections.abc import Iterable, Iterator
from functools import partial
from typing import TYPE_CHECKING

import pyarrow as pa

from outfit_pairing.doctor.examination import made
from outfit_pairing.doctor.finding import Finding, fault, ok
from outfit_pairing.embedding.encoders import open_encoder
from outfit_pairing.settings import Settings, StorageSettings
from outfit_pairing.storage import TableStore
from outfit_pairing.storage.session import open_session
from outfit_pairing.storage.tables import ANCHOR_PRODUCTS

if TYPE_CHECKING:
    from pyspark.sql import SparkSession

TEXT = "navy blue cotton shirt for men"
ROWS = 3


def examine_deeply(settings: Settings) -> Iterator[Finding]:
    """Findings of a session, a table, a worker and the text model. All is written into a temporary folder, gone afterwards."""
    with tempfile.TemporaryDirectory(prefix="outfit_pairing_doctor_") as folder:
        tried = settings.model_copy(
            update={
                "storage": StorageSettings(warehouse=folder),
                "spark": settings.spark.model_copy(update={"master": "local[2]", "partitions": 2}),
            }
        )
        yield from made("session", partial(_session, tried))
    yield from made("text model at work", partial(_text_model, settings))


def _session(settings: Settings) -> Iterator[Finding]:
    from pyspark.sql import SparkSession

    given, started = SparkSession.getActiveSession() is not None, time.perf_counter()
    spark = open_session(settings, brief=True)
    try:
        yield ok("session", f"Spark {spark.version} after {time.perf_counter() - started:.1f} s")
        yield from made("delta table", partial(_table, spark, settings))
        yield from made("worker", partial(_worker, spark))
    finally:
        if not given:
            spark.stop()


def _table(spark: "SparkSession", settings: Settings) -> Finding:
    store = TableStore(spark, settings)
    rows = [(f"product {number}", "tops | women", ROWS, 1, number) for number in range(ROWS)]
    store.merge(ANCHOR_PRODUCTS, spark.createDataFrame(rows, ANCHOR_PRODUCTS.schema))
    store.merge(ANCHOR_PRODUCTS, spark.createDataFrame(rows[1:], ANCHOR_PRODUCTS.schema), delete_missing=True)
    left = store.read(ANCHOR_PRODUCTS).count()
    if left != ROWS - 1:
        return fault("delta table", f"{left} rows came back where {ROWS - 1} were left", "see that Delta fits this Spark")
    return ok("delta table", f"{ROWS} rows written, one deleted, {left} read")


def _worker(spark: "SparkSession") -> Finding:
    row = spark.range(1, numPartitions=1).mapInArrow(_shown, "version string, executable string").collect()[0]
    here = sys.version.split()[0]
    if row.version != here:
        return fault("worker", f"Python {row.version} at {row.executable}, here {here}", "unset PYSPARK_PYTHON")
    return ok("worker", f"Python {row.version} at {row.executable}, with this package")


def _shown(_: Iterable[pa.RecordBatch]) -> Iterator[pa.RecordBatch]:
    """Runs in the worker; that it can be read there at all shows that the package is there."""
    yield pa.RecordBatch.from_pydict({"version": [sys.version.split()[0]], "executable": [sys.executable]})


def _text_model(settings: Settings) -> Finding:
    started = time.perf_counter()
    encoder = open_encoder(settings.embedding)
    vectors = encoder.encode([TEXT])
    return ok("text model at work", f"{encoder.name}: {vectors.shape[1]} dimensions after {time.perf_counter() - started:.1f} s")
