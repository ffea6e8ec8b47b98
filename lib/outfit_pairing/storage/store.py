"""Reading and writing tables: by path on a laptop or cluster, by name in Unity Catalog.

Writes go by content: a row that is the same as before is not written again, so that a repeated run leaves every table
as it was. Only SQL and DataFrame calls that Spark Connect allows.
"""

import logging
from collections.abc import Sequence
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pyarrow as pa

from outfit_pairing.errors import MissingTable, WarehouseError, first_line
from outfit_pairing.settings import Settings
from outfit_pairing.storage.at_hand import as_collected, stamped, to_insert
from outfit_pairing.storage.conflicts import against_others, written_here
from outfit_pairing.storage.delta_tables import DeltaTables, Snapshot, tables_here
from outfit_pairing.storage.merging import Merging, WriteReport
from outfit_pairing.storage.migrations import bring_up, found_by_spark, found_in_log, version_properties
from outfit_pairing.storage.places import absolute, local_warehouse
from outfit_pairing.storage.retention import SAFE_DAYS, retention_properties
from outfit_pairing.storage.session import runs_here, spark_faults
from outfit_pairing.storage.staging import StagingPlace
from outfit_pairing.storage.tables import DRAFTED_RECOMMENDATIONS, OUTFIT_RECOMMENDATIONS, Table, identifier, quoted

if TYPE_CHECKING:
    from pyspark.sql import DataFrame, SparkSession

logger = logging.getLogger(__name__)

# What Spark and Delta call a table that is not there; a folder without a Delta log is none either.
ABSENT = (
    "DELTA_MISSING_DELTA_TABLE",
    "DELTA_TABLE_NOT_FOUND",
    "DELTA_PATH_DOES_NOT_EXIST",
    "DELTA_PATH_BASED_ACCESS_TO_NON_DELTA_TABLE",
    "TABLE_OR_VIEW_NOT_FOUND",
    "PATH_NOT_FOUND",
)


class TableStore:
    """All tables of one warehouse."""

    def __init__(self, spark: "SparkSession", settings: Settings) -> None:
        self.spark = spark
        self.settings = settings
        self.reads_drafts = False

    def drafts(self) -> "TableStore":
        """The same store, but for outfit_recommendations, which is read as drafted."""
        found = TableStore(self.spark, self.settings)
        found.reads_drafts = True
        return found

    @property
    def _named(self) -> tuple[str, ...]:
        """Catalog and schema where tables have names, else nothing."""
        return tuple(part for part in (self.settings.storage.catalog, self.settings.storage.schema_) if part)

    def place(self, table: Table) -> str:
        """How SQL names the table: `catalog`.`schema`.`name`, or delta.`<warehouse>/name`."""
        if self._named:
            return identifier(*self._named, self.source(table).name)
        return identifier("delta", self._path(table))

    def _path(self, table: Table) -> str:
        return f"{absolute(self.settings.storage.warehouse)}/{self.source(table).name}"

    def source(self, table: Table) -> Table:
        """The table that is read as this one: the draft, for a store of drafts."""
        return DRAFTED_RECOMMENDATIONS if self.reads_drafts and table is OUTFIT_RECOMMENDATIONS else table

    def exists(self, table: Table) -> bool:
        """Whether the table was ever written. A warehouse that cannot be read is an error, never 'not there'."""
        return self.small(table) is not None or self._rows_of_delta(table) is not None

    def read(self, table: Table) -> "DataFrame":
        """The table's rows.

        Raises: MissingTable: no stage has written it yet; the message names the stage to run.
        """
        snapshot = self.small(table)
        rows = self._rows_of_files(table, snapshot) if snapshot else None
        rows = self._rows_of_delta(table) if rows is None else rows
        if rows is None:
            raise MissingTable(table.name, ".".join(self._named) or self.settings.storage.warehouse, table.stage)
        return rows

    def small(self, table: Table) -> Snapshot | None:
        """The table if it is small and lies here, of this package's schema; None: Spark has to look."""
        snapshot = self._snapshot(table)
        if snapshot is None:
            return None
        look = partial(found_in_log, snapshot.schema, snapshot.properties)
        return self._snapshot(table) if bring_up(self.spark, self.settings.run_id, self.place(table), table, look) else snapshot

    def _snapshot(self, table: Table, version: int | None = None) -> Snapshot | None:
        here = self.here
        return here.small(self.source(table), version) if here else None

    def _rows_of_files(self, table: Table, snapshot: Snapshot) -> "DataFrame | None":
        """The same rows as by Delta, which replays the log by a job, and looks for the files by another, whenever it is asked.

        They stay those of this version, whatever is written afterwards. None where a file has gone.
        """
        if not snapshot.files:
            return self.spark.createDataFrame([], table.written_ddl)
        if not all(Path(file).exists() for file in snapshot.files):
            return None
        # the files' names are no patterns
        return self.spark.read.schema(table.written_ddl).option("__globPaths__", "false").parquet(*snapshot.files)

    def _rows_of_delta(self, table: Table) -> "DataFrame | None":
        """The table's rows, None where it was never written: analysing a query tells, at no job's cost."""
        from pyspark.errors import AnalysisException

        if self._named and not self.spark.catalog.tableExists(self.place(table)):
            return None
        try:
            rows = self.spark.sql(f"SELECT * FROM {self.place(table)}")
            present = {field.name: field.dataType.simpleString() for field in rows.schema.fields}  # analysed only when asked
        except AnalysisException as fault:
            if (fault.getCondition() or "").startswith(ABSENT):
                return None
            raise WarehouseError(f"{self.place(table)} cannot be read: {first_line(fault)}") from fault
        look = partial(found_by_spark, self.spark, self.place(table), present)
        if bring_up(self.spark, self.settings.run_id, self.place(table), table, look):
            return self.spark.sql(f"SELECT * FROM {self.place(table)}")
        return rows

    def create(self, table: Table) -> None:
        """Create the table, empty, with its comments and NOT NULL keys; nothing happens when it is there."""
        if self._snapshot(table):
            return
        days = max(SAFE_DAYS, self.settings.storage.retention_days)  # less is said by `maintain` alone, while nothing else runs
        properties = f"{version_properties(table)}, {retention_properties(days)}"
        self.spark.sql(
            f"CREATE TABLE IF NOT EXISTS {self.place(table)} ({table.ddl}) USING delta COMMENT {quoted(table.comment)} "
            f"TBLPROPERTIES ({properties})"
        )

    def merge(
        self,
        table: Table,
        rows: "DataFrame | pa.Table",
        *,
        delete_missing: bool = False,
        within: "DataFrame | pa.Table | None" = None,
    ) -> WriteReport:
        """Make the table hold `rows`: new keys inserted, changed rows updated, equal rows left alone, in one commit.

        Args:    rows: the table's columns without audit columns, as Arrow if the driver has them at hand; keys distinct.
                 delete_missing: whether keys that `rows` lacks are deleted (rows are the whole table).
                 within: values of its columns, distinct; rows of the table that have others are left alone. Arrow: as for rows.
        """
        if not self.exists(table):
            self.append(table, rows)
            return WriteReport(inserted=len(rows) if isinstance(rows, pa.Table) else self.read(table).count())
        # safe to repeat: compared anew with what another writer has left
        merging = Merging(self, table)
        report = against_others(table, lambda: merging.once(rows, within, delete_missing=delete_missing))
        logger.info("%s: %s", table.name, report)
        return report

    def note(self, table: Table, rows: Sequence[tuple[Any, ...]]) -> None:
        """Make the table hold a few rows that the driver has at hand, without comparing: keys that are there are overwritten.

        Args:    rows: values of the table's columns without audit columns, in their order; keys distinct.
        """
        if not self.exists(table):
            self.create(table)
        noted = to_insert(table, rows, self.settings.run_id)
        against_others(table, lambda: Merging(self, table).write(noted))

    @property
    def here(self) -> DeltaTables | None:
        """The tables as files that Spark and this process both see; None elsewhere (URLs, catalogues, clusters), or if unwanted.

        Not on Databricks, whose folders are no file systems: they lack the link by which a commit is made once.
        """
        wanted = self.settings.storage.small_by_driver and runs_here(self.spark, self.settings)
        return tables_here(self.settings) if wanted else None

    def small_here(self, table: Table) -> DeltaTables | None:
        """`here` if the table is for the driver: it reads what changed there, and merges a few rows, by itself."""
        here = None if self.reads_drafts else self.here
        return here if here and here.small(table) else None

    def at_hand(
        self, table: Table, columns: Sequence[str], where: str = "", values: Sequence[str] = (), version: int | None = None
    ) -> pa.Table | None:
        """Columns of a small table, by the driver: all its rows, or those with some values in column `where`.

        None where it is for Spark to read, or not there.
        """
        here, snapshot = self.here, self.small(table) if version is None else self._snapshot(table, version)
        if here is None or snapshot is None:
            return None
        try:
            return here.held(self.source(table), columns, where, pa.array(values, pa.string()) if where else None, version)
        except WarehouseError as fault:
            logger.warning("%s: read by Spark (%s)", table.name, fault)
            return None

    def held(self, table: Table, columns: Sequence[str]) -> pa.Table:
        """The same of a table that the driver may hold, whoever reads it.    Raises:  MissingTable: as `read`."""
        held = self.at_hand(table, columns)
        return self._as_arrow(table, self.read(table), columns) if held is None else held

    def held_within(self, table: Table, columns: Sequence[str], within: pa.Table) -> pa.Table:
        """The rows of a few products, as Arrow, whoever reads them.    within: distinct values of one column."""
        name = within.column_names[0]
        held = self.at_hand(table, tuple(dict.fromkeys((*columns, name))), name, within[name].to_pylist())
        if held is not None:
            return held.select(list(columns))
        return self._as_arrow(table, self.read(table).join(self.spark.createDataFrame(within), name, "left_semi"), columns)

    def _as_arrow(self, table: Table, rows: "DataFrame", columns: Sequence[str]) -> pa.Table:
        return rows.select(*columns).toArrow().cast(pa.schema([table.written_arrow_schema.field(name) for name in columns]))

    def rows_of(
        self, table: Table, columns: Sequence[str], where: str, values: Sequence[str], version: int | None = None
    ) -> list[dict[str, Any]]:
        """The few rows with some values in column `where`; maps are for Spark alone."""
        from pyspark.sql import functions as F

        held = self.at_hand(table, tuple(dict.fromkeys((*columns, where))), where, values, version)
        if held is not None:
            return as_collected(held.select(list(columns)))
        rows = self.read(table) if version is None else self.read_version(table, version)
        return [row.asDict(recursive=True) for row in rows.where(F.col(where).isin(list(values))).select(*columns).collect()]

    def rows(self, table: Table, columns: Sequence[str], version: int | None = None) -> list[dict[str, Any]]:
        """All rows of a table that has few by its nature; maps are for Spark alone."""
        held = self.at_hand(table, columns, version=version)
        if held is not None:
            return as_collected(held)
        rows = self.read(table) if version is None else self.read_version(table, version)
        return [row.asDict(recursive=True) for row in rows.select(*columns).collect()]

    def is_empty(self, table: Table) -> bool:
        """Whether the table has no row.    Raises:  MissingTable: as `read`."""
        snapshot = self.small(table)
        return not snapshot.rows if snapshot else self.read(table).isEmpty()

    def count(self, table: Table) -> int:
        """Rows of the table.    Raises:  MissingTable: as `read`."""
        snapshot = self.small(table)
        return snapshot.rows if snapshot else self.read(table).count()

    def count_distinct(self, table: Table, column: str) -> int:
        """Distinct values of a column."""
        held = self.at_hand(table, (column,))
        return self.read(table).select(column).distinct().count() if held is None else len(held[column].unique())

    def put_aside(self, table: Table, rows: "DataFrame", place: StagingPlace, schema: str) -> "DataFrame":
        """Few columns about rows of a table, computed once to be read several times: held by the driver if the table is small."""
        if self.small_here(table):
            return self.spark.createDataFrame(rows.toArrow(), schema)
        place.add(rows)
        return place.frame(schema)

    def version(self, table: Table) -> int:
        """The version of the table's last commit."""
        folder = local_warehouse(self.settings)
        log = (folder / self.source(table).name / "_delta_log").glob("*.json") if folder else ()
        # commits are files named by version (Delta's protocol); to ask by a query takes a quarter of a second
        commits = [int(commit.stem) for commit in log if commit.stem.isdecimal()]
        if commits:
            return max(commits)
        return int(self.spark.sql(f"DESCRIBE HISTORY {self.place(table)} LIMIT 1").collect()[0]["version"])

    def delta_id(self, table: Table) -> str:
        """Delta's own id of the table, another one when it was put away and made anew."""
        snapshot = self.small(table)
        return snapshot.id if snapshot else str(self.spark.sql(f"DESCRIBE DETAIL {self.place(table)}").collect()[0]["id"])

    def read_version(self, table: Table, version: int) -> "DataFrame":
        """The table's rows as they were; an action fails where VACUUM has removed them."""
        snapshot = self._snapshot(table, version)
        rows = self._rows_of_files(table, snapshot) if snapshot else None
        return rows if rows is not None else self.spark.sql(f"SELECT * FROM {self.place(table)} VERSION AS OF {version}")

    def changed_since(self, table: Table, version: int, column: str, now: int | None = None) -> "DataFrame | None":
        """Distinct values of `column` in rows that were inserted, updated or deleted after that version.

        now: the table's version, where the caller has asked for it already.
        None where that cannot be told: the change data feed was off then, or VACUUM has removed it.
        """
        try:
            if (self.version(table) if now is None else now) == version:
                return self.read(table).select(column).limit(0)
            here = self._changed_here(table, version, column)
            if here is not None:
                return here
            feed = self.spark.read.format("delta").option("readChangeFeed", "true").option("startingVersion", version + 1)
            rows = feed.table(self.place(table)) if self._named else feed.load(self._path(table))
            found = rows.select(column).distinct()
            found.count()  # reads all files, so that one that is gone is met here
        except spark_faults() as fault:
            logger.info("%s: its changes since version %d are not known (%s)", table.name, version, first_line(fault))
            return None
        return found

    def _changed_here(self, table: Table, version: int, column: str) -> "DataFrame | None":
        """The same, of small tables, by the driver; None where Spark has to."""
        here, types = self.small_here(table), {one.name: one.type for one in table.all_columns}
        if here is None:
            return None
        try:
            return self.spark.createDataFrame(here.changed_since(table, version, column), f"{column} {types[column]}")
        except WarehouseError as fault:
            logger.warning("%s: its changes are read by Spark (%s)", table.name, fault)
            return None

    def restore(self, table: Table, version: int) -> None:
        """Make the table what it was, in one commit.

        Raises:  WarehouseError: that version is gone, by VACUUM or with its log.
        """
        from pyspark.errors import PySparkException

        try:
            self.spark.sql(f"RESTORE TABLE {self.place(table)} TO VERSION AS OF {version}")
        except PySparkException as fault:
            raise WarehouseError(f"{self.place(table)} cannot go back to version {version}: {first_line(fault)}") from fault

    def append(self, table: Table, rows: "DataFrame | pa.Table") -> None:
        """Add rows whose keys are known to be new (an event, a vector of a new text), in one commit.

        Args:    rows: the table's columns without audit columns; as Arrow if the driver has them at hand.
        """
        self.create(table)
        if isinstance(rows, pa.Table):
            here = self.small_here(table)
            if here and written_here(table, lambda: here.append(table, stamped(table, rows, self.settings.run_id))):
                return
            rows = self.spark.createDataFrame(rows, table.schema)
        writer = self.audited(rows, table).write.format("delta").mode("append")
        if self._named:
            writer.saveAsTable(self.place(table))
        else:
            writer.save(self._path(table))

    def audited(self, rows: "DataFrame", table: Table) -> "DataFrame":
        """The rows with the audit columns of this run, in the table's order."""
        from pyspark.sql import functions as F

        audit = {"run_id": F.lit(self.settings.run_id), "updated_at": F.current_timestamp()}
        return rows.withColumns(audit).select(*table.names)
