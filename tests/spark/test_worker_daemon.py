"""Python workers of a session of our own: no archive is read anew before each task."""

from collections.abc import Iterable, Iterator
from typing import TYPE_CHECKING

import pyarrow as pa

if TYPE_CHECKING:
    from pyspark.sql import SparkSession


def test_workers_run_the_installed_pyspark(spark: "SparkSession") -> None:
    import pyspark

    def path_of_worker(_: Iterable[pa.RecordBatch]) -> Iterator[pa.RecordBatch]:
        import sys
        from zipimport import zipimporter

        import pyspark

        archives = sum(isinstance(finder, zipimporter) for finder in sys.path_importer_cache.values())
        yield pa.record_batch([pa.array([archives]), pa.array([pyspark.__file__])], ["archives", "pyspark"])

    found = spark.range(4).repartition(2).mapInArrow(path_of_worker, "archives bigint, pyspark string").collect()
    assert {(row["archives"], row["pyspark"]) for row in found} == {(0, pyspark.__file__)}


def test_unseeded_draws_differ_between_workers(spark: "SparkSession") -> None:
    def draw(_: Iterable[pa.RecordBatch]) -> Iterator[pa.RecordBatch]:
        import os
        import time

        import numpy as np

        time.sleep(0.5)  # so that both workers have a task
        yield pa.record_batch([pa.array([os.getpid()]), pa.array([np.random.random()])], ["pid", "drawn"])  # noqa: NPY002

    found = spark.range(8).repartition(4).mapInArrow(draw, "pid bigint, drawn double").collect()
    assert len({row["pid"] for row in found}) > 1
    assert len({row["drawn"] for row in found}) == len(found)
