"""Making a table hold rows: what a merge changes is found out first, since MERGE alone copies files that hold an equal row.

The driver compares and writes where both sides are small, else Spark does.
"""

import logging
from collections import Counter
from dataclasses import dataclass
from functools import reduce
from operator import and_
from typing import TYPE_CHECKING

import pyarrow as pa

from outfit_pairing.errors import WarehouseError
from outfit_pairing.storage.at_hand import CHANGE, changes_schema, stamped
from outfit_pairing.storage.comparing import changes as compare
from outfit_pairing.storage.conflicts import written_here
from outfit_pairing.storage.staging import StagingPlace
from outfit_pairing.storage.tables import Table

if TYPE_CHECKING:
    from pyspark.sql import DataFrame

    from outfit_pairing.storage.store import TableStore

logger = logging.getLogger(__name__)

MOST_AT_HAND = 50_000  # changed rows that the driver merges by itself
MOST_COMPARED = 100_000  # rows that it compares by itself
MOST_WANTED = 20_000  # products whose rows it picks for that out of a larger table


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


@dataclass(frozen=True, slots=True)
class Merging:
    """Rows into one table that exists."""

    store: "TableStore"
    table: Table

    def once(self, rows: "DataFrame | pa.Table", within: "DataFrame | pa.Table | None", *, delete_missing: bool) -> WriteReport:
        """As `TableStore.merge`, which repeats it where another writer came first."""
        staged, changes = (
            StagingPlace(self.store.spark, self.store.settings, f"{what}_of_{self.table.name}") for what in ("rows", "changes")
        )
        try:
            held = self._held(within)
            if held is not None:
                few = self._few(rows, staged)
                if few is not None:
                    found = compare(
                        self.table, held, stamped(self.table, few, self.store.settings.run_id), delete_missing=delete_missing
                    )
                    if len(found) <= MOST_AT_HAND:
                        return self._apply_few(found)
                held = None  # not kept while Spark compares
            if isinstance(rows, pa.Table):
                rows = self.store.spark.createDataFrame(rows, self.table.schema)
            elif staged.used:
                rows = staged.frame(rows.select(*self.table.given).schema)
            if isinstance(within, pa.Table):
                within = self.store.spark.createDataFrame(within)
            changes.add(self._changes(rows, within, delete_missing=delete_missing))
            return self._apply(changes)
        finally:
            staged.remove()
            changes.remove()

    def _few(self, rows: "DataFrame | pa.Table", staged: StagingPlace) -> pa.Table | None:
        """The rows, computed once, as Arrow where the driver may hold them."""
        if isinstance(rows, pa.Table):
            return rows
        staged.add(rows.select(*self.table.given))
        return staged.at_hand(pa.schema([self.table.written_arrow_schema.field(name) for name in self.table.given]), MOST_COMPARED)

    def _held(self, within: "DataFrame | pa.Table | None") -> pa.Table | None:
        """Key and compared columns of the rows to compare with, where the driver may hold them."""
        here, snapshot = self.store.small_here(self.table), self.store.small(self.table)
        if not here or not snapshot or (within is not None and len(within.columns) > 1):
            return None
        values = within if within is None or isinstance(within, pa.Table) else within.toArrow()
        name = values.column_names[0] if values is not None else ""
        wanted = values[name].combine_chunks() if values is not None else None
        if snapshot.rows > MOST_COMPARED and (wanted is None or len(wanted) > MOST_WANTED):
            return None
        try:
            return here.held(self.table, (*self.table.key, *self.table.compared), name, wanted)
        except WarehouseError as fault:
            logger.warning("%s: compared by Spark (%s)", self.table.name, fault)
            return None

    def _changes(self, rows: "DataFrame", within: "DataFrame | None", *, delete_missing: bool) -> "DataFrame":
        """Rows to insert, update or delete, marked so in column CHANGE.

        MERGE alone would not do: it copies every file that holds a matching key, also when no row of it changes.
        """
        from pyspark.sql import functions as F

        new = self.store.audited(rows, self.table).withColumn("is_new", F.lit(True)).alias("s")
        held = (
            self.store.read(self.table) if within is None else self.store.read(self.table).join(within, within.columns, "left_semi")
        )
        old = held.select(*self.table.names, F.lit(True).alias("is_old")).alias("t")
        keys = [F.col(f"s.{name}") == F.col(f"t.{name}") for name in self.table.key]
        equal = [F.col(f"s.{name}").eqNullSafe(F.col(f"t.{name}")) for name in self.table.compared]
        changed = ~reduce(and_, equal, F.lit(True))
        change = F.when(F.col("is_old").isNull(), "insert").when(F.col("is_new").isNull(), "delete").when(changed, "update")
        columns = [
            F.coalesce(f"s.{name}", f"t.{name}") if name in self.table.key else F.col(f"s.{name}") for name in self.table.names
        ]
        named = [column.alias(name) for column, name in zip(columns, self.table.names, strict=True)]
        joined = new.join(old, reduce(and_, keys), "full" if delete_missing else "left")
        return joined.select(*named, change.alias(CHANGE)).where(f"{CHANGE} IS NOT NULL")

    def _apply(self, staged: StagingPlace) -> WriteReport:
        """Changes into the table in one commit; none at all when there are no changes."""
        few = staged.at_hand(changes_schema(self.table), MOST_AT_HAND) if self.store.small_here(self.table) else None
        if few is not None:
            return self._apply_few(few)
        changes = staged.frame(f"{self.table.written_ddl}, {CHANGE} string")
        counted = Counter({row[CHANGE]: row["count"] for row in changes.groupBy(CHANGE).count().collect()})
        if counted:
            self._merge_into(changes)
        return WriteReport(counted["insert"], counted["update"], counted["delete"])

    def _apply_few(self, changes: pa.Table) -> WriteReport:
        """The same, of changes at hand."""
        counted = Counter(changes[CHANGE].to_pylist())
        if counted:
            self.write(changes)
        return WriteReport(counted["insert"], counted["update"], counted["delete"])

    def write(self, changes: pa.Table) -> None:
        """Rows marked in CHANGE into the table, in one commit: by the driver where the table is small and they are few.

        Else by Spark, also where the driver fails, as on a file system without links: if both commit, the second changes nothing.
        """
        here = self.store.small_here(self.table)
        if here is None or not written_here(self.table, lambda: here.merge(self.table, changes, CHANGE)):
            self._merge_into(self.store.spark.createDataFrame(changes))

    def _merge_into(self, changes: "DataFrame") -> None:
        """Rows marked in CHANGE into the table, in one commit; one to insert whose key is there overwrites it."""
        view = f"changes_of_{self.table.name}"
        changes.createOrReplaceTempView(view)
        try:
            self.store.spark.sql(self._merge_statement(view))
        finally:
            self.store.spark.catalog.dropTempView(view)

    def _merge_statement(self, view: str) -> str:
        on = " AND ".join(f"t.`{name}` = s.`{name}`" for name in self.table.key)
        names = ", ".join(f"`{name}`" for name in self.table.names)
        values = ", ".join(f"s.`{name}`" for name in self.table.names)
        updates = ", ".join(f"t.`{name}` = s.`{name}`" for name in self.table.names)
        return (
            f"MERGE INTO {self.store.place(self.table)} t USING {view} s ON {on} "
            f"WHEN MATCHED AND s.{CHANGE} = 'delete' THEN DELETE "
            f"WHEN MATCHED THEN UPDATE SET {updates} "
            f"WHEN NOT MATCHED AND s.{CHANGE} = 'insert' THEN INSERT ({names}) VALUES ({values})"
        )
