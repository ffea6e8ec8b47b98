"""A place in the warehouse for rows that are computed once and read twice, gone at the end of the run.

It lies in the warehouse, since driver and workers share no other disk, and is written through Spark, so that the driver
needs no rights there of its own.
"""

import logging
import shutil
from typing import TYPE_CHECKING

import pyarrow as pa

from outfit_pairing.errors import first_line
from outfit_pairing.settings import Settings
from outfit_pairing.storage.places import local_warehouse
from outfit_pairing.storage.tables import identifier

if TYPE_CHECKING:
    from pyspark.sql import DataFrame, SparkSession
    from pyspark.sql.types import StructType

logger = logging.getLogger(__name__)


class StagingPlace:
    """A folder of Parquet files in the warehouse, or a Delta table in the Unity Catalog schema. `name` tells places apart."""

    def __init__(self, spark: "SparkSession", settings: Settings, name: str) -> None:
        storage, name = settings.storage, f"staged_{name}"
        named = [part for part in (storage.catalog, storage.schema_) if part]
        self.spark, self.used = spark, False
        self.table = identifier(*named, name) if named else None
        folder = local_warehouse(settings)
        self.local = folder / f"_{name}" if folder else None
        self.folder = str(self.local or f"{storage.warehouse.rstrip('/')}/_{name}")

    def add(self, rows: "DataFrame", by: str | None = None) -> None:
        """Write `rows` to the place; the first write of a run clears it.    by: a column whose values lie in files of their own."""
        writer = rows.write.mode("append" if self.used else "overwrite")
        writer = writer.partitionBy(by) if by else writer
        if self.table:  # managed tables of Unity Catalog are Delta
            fresh = {} if self.used else {"overwriteSchema": "true"}
            writer.format("delta").options(**fresh).saveAsTable(self.table)
        else:
            writer.format("parquet").save(self.folder)
        self.used = True

    def frame(self, schema: "StructType | str") -> "DataFrame":
        """All rows written in this run, which has to have written some: in an object store those of another may still lie there."""
        if not self.used:
            raise RuntimeError(f"nothing was put into {self.table or self.folder}")
        return self.spark.table(self.table) if self.table else self.spark.read.schema(schema).parquet(self.folder)

    def at_hand(self, schema: pa.Schema, most: int) -> pa.Table | None:
        """The same as Arrow, read by this process; None where it cannot, or where there are more than `most`."""
        import pyarrow.parquet as pq

        try:
            files = sorted(self.local.glob("*.parquet")) if self.local else []
            if not files or sum(pq.read_metadata(file).num_rows for file in files) > most:
                return None
            # Spark writes times without saying that they are UTC
            return pa.concat_tables(pq.read_table(file, partitioning=None).cast(schema, safe=False) for file in files)
        except (OSError, pa.ArrowException) as fault:
            logger.info("%s is read by Spark (%s)", self.folder, first_line(fault))
            return None

    def remove(self) -> None:
        """Clear the place; one in an object store is left for the next run to overwrite."""
        if self.used and self.table:
            self.spark.sql(f"DROP TABLE IF EXISTS {self.table}")
        elif self.used and self.local:
            shutil.rmtree(self.local, ignore_errors=True)
