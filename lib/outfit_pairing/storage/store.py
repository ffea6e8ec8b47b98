"""Reading and writing tables: by path on a laptop or cluster, by name in Unity Catalog.

Writes go by content: a row that is the same as before is not written again, so that a repeated run leaves every table
as it was. Only SQL and DataFrame calls that Spark Connect allows.
"""

import logging
import re
from dataclasses import dataclass
from typing import TYPE_CHECKING

from outfit_pairing.errors import MissingTable, WarehouseError
from outfit_pairing.settings import Settings
from outfit_pairing.storage.tables import Table, quoted

if TYPE_CHECKING:
    from pyspark.sql import DataFrame, SparkSession

logger = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True)
class WriteReport:
    """Rows that a write touched; all zero when nothing had changed."""

    inserted: int = 0
    updated: int = 0
    deleted: int = 0

    @property
    def rows_written(self) -> int:
        """Rows inserted, updated or deleted."""
        return self.inserted + self.updated + self.deleted


class TableStore:
    """All tables of one warehouse."""

    def __init__(self, spark: "SparkSession", settings: Settings) -> None:
        self.spark = spark
        self.settings = settings

    def place(self, table: Table) -> str:
        """How SQL names the table: `catalog`.`schema`.`name`, or delta.`<warehouse>/name`."""
        storage = self.settings.storage
        if storage.catalog or storage.schema_:
            parts = [part for part in (storage.catalog, storage.schema_, table.name) if part]
            return ".".join(f"`{part}`" for part in parts)
        return f"delta.`{_absolute(storage.warehouse)}/{table.name}`"

    def exists(self, table: Table) -> bool:
        """Whether the table was ever written. A warehouse that cannot be read is an error, never 'not there'."""
        from pyspark.errors import AnalysisException

        try:
            self.spark.sql(f"DESCRIBE DETAIL {self.place(table)}").collect()
        except AnalysisException as fault:
            condition = fault.getCondition() or ""
            if condition.startswith(("DELTA_MISSING_DELTA_TABLE", "DELTA_TABLE_NOT_FOUND", "DELTA_PATH_DOES_NOT_EXIST")) or (
                condition in {"TABLE_OR_VIEW_NOT_FOUND", "PATH_NOT_FOUND", "DELTA_PATH_BASED_ACCESS_TO_NON_DELTA_TABLE"}
            ):
                return False
            raise WarehouseError(f"{self.place(table)} cannot be read: {_first_line(fault)}") from fault
        return True

    def read(self, table: Table) -> "DataFrame":
        """The table's rows.

        Raises: MissingTable: no stage has written it yet; the message names the stage to run.
        """
        if not self.exists(table):
            raise MissingTable(table.name, self._where(), table.stage)
        return self.spark.sql(f"SELECT * FROM {self.place(table)}")

    def create(self, table: Table) -> None:
        """Create the table, empty, with its comments and NOT NULL keys; nothing happens when it is there."""
        self.spark.sql(
            f"CREATE TABLE IF NOT EXISTS {self.place(table)} ({table.ddl}) USING delta COMMENT {quoted(table.comment)} "
            "TBLPROPERTIES ('outfit_pairing.schema_version' = '1')"
        )

    def merge(self, table: Table, rows: "DataFrame", *, delete_missing: bool = False) -> WriteReport:
        """Make the table hold `rows`: new keys inserted, changed rows updated, equal rows left alone, in one commit.

        Args:    rows: the table's columns without audit columns; keys distinct.
                 delete_missing: whether keys that `rows` lacks are deleted (rows are the whole table).
        """
        from pyspark.sql import functions as F

        if not self.exists(table):
            self.append(table, rows)
            return WriteReport(inserted=self.read(table).count())
        audit = {"run_id": F.lit(self.settings.run_id), "updated_at": F.current_timestamp()}
        source = rows.withColumns(audit).select(*table.names)
        view = f"merge_source_{table.name}"
        source.createOrReplaceTempView(view)
        try:
            result = self.spark.sql(self._merge_statement(table, view, delete_missing)).collect()[0].asDict()
        finally:
            self.spark.catalog.dropTempView(view)
        report = WriteReport(
            inserted=result["num_inserted_rows"], updated=result["num_updated_rows"], deleted=result["num_deleted_rows"]
        )
        logger.info("%s: %s", table.name, report)
        return report

    def append(self, table: Table, rows: "DataFrame") -> None:
        """Add rows whose keys are known to be new (an event, a vector of a new text), in one commit."""
        from pyspark.sql import functions as F

        self.create(table)
        audit = {"run_id": F.lit(self.settings.run_id), "updated_at": F.current_timestamp()}
        rows = rows.withColumns(audit).select(*table.names)
        if self.settings.storage.catalog or self.settings.storage.schema_:
            rows.write.format("delta").mode("append").saveAsTable(self.place(table))
        else:
            rows.write.format("delta").mode("append").save(f"{_absolute(self.settings.storage.warehouse)}/{table.name}")

    def _merge_statement(self, table: Table, view: str, delete_missing: bool) -> str:
        # a map cannot be compared; row_hash covers it where there is one
        compared = [
            column.name
            for column in table.columns
            if column.name not in {*table.key, "run_id", "updated_at"} and not column.type.startswith("map<")
        ]
        on = " AND ".join(f"t.`{name}` = s.`{name}`" for name in table.key)
        changed = " OR ".join(f"NOT (t.`{name}` <=> s.`{name}`)" for name in compared)
        statement = f"MERGE INTO {self.place(table)} t USING {view} s ON {on} WHEN MATCHED AND ({changed}) THEN UPDATE SET *"
        statement += " WHEN NOT MATCHED THEN INSERT *"
        return statement + (" WHEN NOT MATCHED BY SOURCE THEN DELETE" if delete_missing else "")

    def _where(self) -> str:
        storage = self.settings.storage
        named = ".".join(part for part in (storage.catalog, storage.schema_) if part)
        return named or storage.warehouse


def _absolute(warehouse: str) -> str:
    """A local folder as an absolute path (Spark would take a relative one as the server's), a URL as it is."""
    if re.match(r"^[a-z][a-z0-9+.-]*:", warehouse):
        return warehouse.rstrip("/")
    from pathlib import Path

    return str(Path(warehouse).expanduser().resolve())


def _first_line(fault: Exception) -> str:
    return str(fault).strip().splitlines()[0][:200]
