"""An archive of Spark's classes, with which a session of our own starts sooner: the JVM's class data sharing.

A run loads 25,000 classes out of 250 jars, and reads and verifies each of them: as much processor time as the work of a small
catalogue. The archive holds them as the JVM has them in memory. It is made once, by `python -m outfit_pairing.storage.local_spark`.
Where Java or the jars are others than those that it was made with, it is passed over.

Source: https://docs.oracle.com/en/java/javase/17/vm/class-data-sharing.html
"""

import os
import subprocess
import sys
import tempfile
from collections.abc import Iterable, Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    import pyarrow as pa

NAME = "outfit-pairing.jsa"
MOST_S = 600  # for making it, on a slow machine


def java_options(archive: Path) -> str:
    """Options of a JVM that reads it. That it cannot be used is nothing to warn of."""
    return f'"-XX:SharedArchiveFile={archive}" -Xlog:cds*=off:stderr -Xlog:class+path*=off:stderr {_log_options(archive.parent)}'


def _log_options(home: Path) -> str:
    return f"-Dlog4j2.configurationFile={(home / 'conf' / 'log4j2.properties').as_uri()}"


@contextmanager
def without_conf_folder(home: Path) -> Iterator[None]:
    """Starts of Spark in here leave its conf folder off the class path, where an archive allows for jars alone.

    What `local_spark` writes there, such a session has to set by itself. For where SPARK_CONF_DIR is not set.
    """
    os.environ["SPARK_CONF_DIR"] = _no_conf(home)
    try:
        yield
    finally:
        del os.environ["SPARK_CONF_DIR"]


def _no_conf(home: Path) -> str:
    return str(home / "no-conf")


def make(home: Path, conf: Mapping[str, str]) -> None:
    """Make the archive, by a job that uses what a run uses: its JVM writes it when it ends.

    Args:    conf: what set-up writes to the conf folder.
    Raises:  RuntimeError: there is none; the words of the JVM.
    """
    part = home / f".{NAME}.part"
    part.unlink(missing_ok=True)
    options = f'"-XX:ArchiveClassesAtExit={part}" -XX:TieredStopAtLevel=1 -Xlog:disable -Xlog:all=error:stderr {_log_options(home)}'
    told = {**conf, "spark.driver.host": "127.0.0.1", "spark.sql.shuffle.partitions": "2"}
    command = [str(home / "bin" / "spark-submit"), "--master", "local[2]", "--driver-java-options", options]
    command += [word for key, value in told.items() for word in ("--conf", f"{key}={value}")]
    clean = {name: value for name, value in os.environ.items() if not name.startswith(("SPARK_", "PYSPARK_", "HADOOP_", "YARN_"))}
    clean |= {"SPARK_HOME": str(home), "SPARK_CONF_DIR": _no_conf(home), "PYSPARK_PYTHON": sys.executable}
    try:
        ended = subprocess.run([*command, __file__], env=clean, capture_output=True, text=True, timeout=MOST_S, check=False)
    except subprocess.TimeoutExpired:
        raise RuntimeError(f"it was not ready after {MOST_S} s") from None
    if ended.returncode or not part.exists():
        raise RuntimeError(ended.stderr.strip()[-2000:] or "the JVM has written none")
    part.replace(home / NAME)


def _use(folder: str) -> None:
    """What stages do: so that the classes for it are in the archive."""
    import pyarrow as pa
    from pyspark.sql import SparkSession, Window
    from pyspark.sql import functions as F

    spark = SparkSession.builder.getOrCreate()
    table = f"delta.`{folder}/table`"
    given = pa.table({"id": [str(one) for one in range(100)], "number": list(range(100))})
    rows = spark.createDataFrame(given).withColumn("items", F.array(F.struct("id", "number")))
    spark.sql(
        f"CREATE TABLE {table} (id STRING NOT NULL COMMENT 'id', number BIGINT, items ARRAY<STRUCT<id: STRING, number: BIGINT>>) "
        "USING delta TBLPROPERTIES (delta.enableChangeDataFeed = true)"
    )
    rows.write.format("delta").mode("append").save(f"{folder}/table")
    rows.where("number < 60").withColumn("number", F.col("number") + 1).write.parquet(f"{folder}/staged")
    spark.read.parquet(f"{folder}/staged").createOrReplaceTempView("changes")
    spark.sql(
        f"MERGE INTO {table} t USING changes s ON t.id = s.id WHEN MATCHED AND s.number < 10 THEN DELETE "
        "WHEN MATCHED THEN UPDATE SET t.number = s.number "
        "WHEN NOT MATCHED THEN INSERT (id, number, items) VALUES (s.id, s.number, s.items)"
    )
    changed = spark.read.format("delta").option("readChangeFeed", "true").option("startingVersion", 1).load(f"{folder}/table")
    ranked = changed.select("id", F.row_number().over(Window.partitionBy("number").orderBy("id")).alias("rank"))
    counted = ranked.join(F.broadcast(spark.table(table)), "id").groupBy("rank").agg(F.count("*").alias("rows"))
    counted.select(F.to_json(F.struct("*"))).toPandas()
    rows.select("id").mapInArrow(_as_they_are, "id string").toArrow()


def _as_they_are(batches: Iterable["pa.RecordBatch"]) -> Iterable["pa.RecordBatch"]:
    return batches


if __name__ == "__main__":
    with tempfile.TemporaryDirectory() as place:
        _use(place)
