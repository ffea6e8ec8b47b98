"""Reads the Delta tables of a warehouse without Spark, in a folder or behind a URL, and writes a few rows of small ones.

Which tables are small, for this process to read and write, is said here too.

A MERGE by Spark takes seconds, however little it does: 2 s for one row, 10 s for 8,000 of 221,000 rows; deltalake
takes 0.03 and 1.5 s.
"""

import logging
from collections.abc import Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from importlib.util import find_spec
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.compute as pc

from outfit_pairing.credentials import without_credentials
from outfit_pairing.errors import WarehouseError, first_line
from outfit_pairing.settings import Settings
from outfit_pairing.storage.at_hand import EPOCH
from outfit_pairing.storage.places import URL, local_warehouse
from outfit_pairing.storage.tables import Table

logger = logging.getLogger(__name__)

BATCH_ROWS = 16_384  # rows that are decoded at once: what the loading of a large table costs in memory
MOST_ROWS = 300_000  # of a small table: some 1 GB of memory where all its columns are held
# What a table may ask of its writers so that deltalake is one.
WRITER_FEATURES = frozenset({"appendOnly", "invariants", "changeDataFeed"})
PLAIN_WRITER = 2  # version of the protocol that asks for nothing else than the first two
NAMED_FEATURES = 7  # … from which on features have names
CHECKPOINT_EVERY = 10  # commits, as Spark does
ROW_GROUP = 16_384  # rows: Spark's tasks share a file by row groups
# Commits that rewrite files and change no row.
SAME_ROWS = frozenset({"OPTIMIZE", "VACUUM START", "VACUUM END", "SET TBLPROPERTIES", "REORG"})


def tables_here(settings: Settings) -> "DeltaTables | None":
    """The tables where they lie in a folder, and deltalake is installed."""
    folder = local_warehouse(settings)
    return DeltaTables(str(folder)) if folder and folder.is_dir() and find_spec("deltalake") else None


@dataclass(frozen=True, slots=True)
class Snapshot:
    """One version of a table in a folder.   id: Delta's own.   files: whole paths.   schema: as Delta's log has it, in JSON."""

    id: str
    files: tuple[str, ...]
    rows: int
    schema: str
    properties: Mapping[str, str]


@dataclass(frozen=True, slots=True)
class DeltaTables:
    """The tables of one warehouse.   root: a folder, or a URL that deltalake knows (its login comes from the environment)."""

    root: str

    def version(self, table: Table) -> int | None:
        """The newest version of a table; None where there is none (yet)."""
        from deltalake.exceptions import TableNotFoundError

        try:
            return int(self._open(table).version())
        except TableNotFoundError:
            return None
        except Exception as fault:
            raise self._unreadable(table, fault) from fault

    def same_rows(self, table: Table, version: int) -> int:
        """The newest version with the same rows as `version`: files of older ones may have been compacted and vacuumed."""
        return _same_rows(self._commits(table), version)

    def versions_at(self, table: Table, moments: Sequence[datetime]) -> list[int | None]:
        """For each moment the version that the table had then, or a later one with the same rows; None where its log does not tell.

        Goes by what commits say of their time: that of their files changes when a warehouse is copied.
        Raises:  WarehouseError: there is no such table, or its log cannot be read.
        """
        commits = self._commits(table)
        times = {version: told["timestamp"] for version, told in commits.items() if told.get("timestamp") is not None}
        found = [max((one for one, at in times.items() if at <= moment.timestamp() * 1_000), default=None) for moment in moments]
        return [None if one is None else _same_rows(commits, one) for one in found]

    def properties(self, table: Table) -> Mapping[str, str]:
        """What a table says of itself.    Raises:  WarehouseError: there is no such table, or it cannot be read."""
        try:
            return dict(self._open(table).metadata().configuration)
        except Exception as fault:
            raise self._unreadable(table, fault) from fault

    def batches(
        self, table: Table, columns: Sequence[str], version: int | None = None, coded: Collection[str] = ()
    ) -> Iterator[pa.RecordBatch]:
        """Rows of a table in small batches.

        Args:    coded: columns whose words are wanted as codes of a dictionary, where the files hold them so.
        Raises:  WarehouseError: there is no such table or version, or it cannot be read.
        """
        try:
            yield from self._scan(table, columns, version, coded)
        except Exception as fault:
            raise self._unreadable(table, fault) from fault

    def held(
        self, table: Table, columns: Sequence[str], where: str = "", values: pa.Array | None = None, version: int | None = None
    ) -> pa.Table:
        """The rows of a small table, as Arrow; where `values` are given, those whose column `where`, one of them, has one of these.

        Raises:  WarehouseError: see `batches`.
        """
        schema = pa.schema([table.written_arrow_schema.field(name) for name in columns])
        batches = self.batches(table, columns, version)
        if values is not None:
            batches = (batch.filter(pc.is_in(batch[where], values)) for batch in batches)
        return pa.Table.from_batches(batches, schema)

    def rows(self, table: Table, columns: Sequence[str]) -> list[dict[str, Any]]:
        """All rows of a small table."""
        return [
            dict(zip(batch.schema.names, row, strict=True))
            for batch in self.batches(table, columns)
            for row in zip(*map(_values, batch.columns), strict=True)
        ]

    def small(self, table: Table, version: int | None = None) -> Snapshot | None:
        """The table if it is for this process to read and write: there, small, and no feature that deltalake might not know.

        What cannot be read is not either: Spark says what is wrong with it.
        """
        try:
            opened = self._open(table, version)
            protocol, metadata = opened.protocol(), opened.metadata()
            plain = protocol.min_writer_version <= PLAIN_WRITER
            named = protocol.min_writer_version == NAMED_FEATURES and WRITER_FEATURES.issuperset(protocol.writer_features or ())
            counts = pa.table(opened.get_add_actions())["num_records"]  # null where a writer has counted nothing
            rows = sum(counts.to_pylist()) if not counts.null_count else MOST_ROWS + 1
            if not (plain or named) or metadata.partition_columns or rows > MOST_ROWS:
                return None
            files = (str(Path(self.root, table.name, Path(uri).name)) for uri in opened.file_uris())
            return Snapshot(str(metadata.id), tuple(sorted(files)), rows, opened.schema().to_json(), metadata.configuration)
        except Exception as fault:
            logger.debug("%s is left to Spark (%s)", table.name, first_line(fault))
            return None

    def merge(self, table: Table, changes: pa.Table, change: str) -> None:
        """Rows into the table, in one commit; change data are written where the table keeps them.

        Args:    changes: all columns of the table, keys distinct, and in column `change` the word insert, update or delete; a row
                 to insert whose key is there overwrites it.
        Raises:  CommitFailedError: another writer came first.    Others: as deltalake has them.
        """
        values = {f"`{name}`": f"s.`{name}`" for name in table.names}
        opened = self._open(table)
        merging = opened.merge(
            changes,
            " AND ".join(f"t.`{name}` = s.`{name}`" for name in table.key),
            source_alias="s",
            target_alias="t",
            **_as_spark_writes(),
        )
        merging = merging.when_matched_delete(f"s.`{change}` = 'delete'").when_matched_update(values)
        merging.when_not_matched_insert(values, f"s.`{change}` = 'insert'").execute()
        self._keep_log_short(table)

    def append(self, table: Table, rows: pa.Table) -> None:
        """Add rows in one commit.    rows: all columns of the table.    Raises: as deltalake has them."""
        from deltalake import write_deltalake

        write_deltalake(self._open(table), rows, mode="append", **_as_spark_writes())
        self._keep_log_short(table)

    def _keep_log_short(self, table: Table) -> None:
        """After a commit: should this fail, the rows are there all the same, and the tenth commit from now tries again."""
        try:
            opened = self._open(table)
            if opened.version() % CHECKPOINT_EVERY == 0:
                # Hadoop's checksum of the file that names the last checkpoint, which Spark would hold against the new one
                Path(self.root, table.name, "_delta_log", "._last_checkpoint.crc").unlink(missing_ok=True)
                opened.create_checkpoint()
                opened.cleanup_metadata()
        except Exception as fault:
            logger.warning("%s: no checkpoint could be written (%s)", table.name, first_line(fault))

    def changed_since(self, table: Table, version: int, column: str) -> pa.Table:
        """Distinct values of a column in rows that were inserted, updated or deleted after that version: Delta's change data feed.

        Where the feed was off, all rows of the files that changed.
        Raises:  WarehouseError: VACUUM has removed it, or it cannot be read.
        """
        kind = table.written_arrow_schema.field(column).type
        try:
            opened = self._open(table)
            if opened.version() == version:
                return pa.table({column: pa.array([], kind)})
            changed = pa.table(opened.load_cdf(starting_version=version + 1, columns=[column]))
            return pa.table({column: changed[column].cast(kind).unique()})
        except Exception as fault:
            raise self._unreadable(table, fault) from fault

    def _scan(self, table: Table, columns: Sequence[str], version: int | None, coded: Collection[str]) -> Iterator[pa.RecordBatch]:
        opened, schema = self._open(table, version), table.written_arrow_schema
        if "deletionVectors" in (opened.protocol().reader_features or ()):
            for batch in opened.scan(columns=list(columns)):
                yield _as_declared(pa.record_batch(batch), schema)
            return
        if URL.match(self.root):
            dataset = opened.to_pyarrow_dataset()
            for batch in dataset.to_batches(list(columns), batch_size=BATCH_ROWS, batch_readahead=2, fragment_readahead=1):
                yield _as_declared(batch, schema)
            return
        for file in opened.file_uris():
            yield from _file_batches(Path(self.root, table.name, Path(file).name), schema, columns, coded)

    def _commits(self, table: Table) -> dict[int, dict[str, Any]]:
        """What each commit says of itself, by its version, as far back as the log goes."""
        try:
            return {told["version"]: told for told in self._open(table).history() if "version" in told}
        except Exception as fault:
            raise self._unreadable(table, fault) from fault

    def _open(self, table: Table, version: int | None = None) -> Any:
        from deltalake import DeltaTable

        return DeltaTable(f"{self.root}/{table.name}", version=version)

    def _unreadable(self, table: Table, fault: Exception) -> WarehouseError:
        from deltalake.exceptions import TableNotFoundError

        where = without_credentials(self.root)
        if isinstance(fault, TableNotFoundError):
            return WarehouseError(f"{where} holds no table {table.name}; `outfit-pairing run` makes and releases it")
        return WarehouseError(f"table {table.name} of {where} cannot be read: {first_line(fault)}")


def _same_rows(commits: Mapping[int, Mapping[str, Any]], version: int) -> int:
    """The newest version of these commits with the same rows."""
    while commits.get(version + 1, {}).get("operation") in SAME_ROWS:
        version += 1
    return version


def _as_spark_writes() -> dict[str, Any]:
    """What a write is told, so that files are as Spark's are."""
    from deltalake import PostCommitHookProperties, WriterProperties

    return {
        "writer_properties": WriterProperties(compression="SNAPPY", max_row_group_size=ROW_GROUP),
        # what fails after a commit must not look as if there were none
        "post_commithook_properties": PostCommitHookProperties(create_checkpoint=False, cleanup_expired_logs=False),
    }


def _file_batches(file: Path, schema: pa.Schema, columns: Sequence[str], coded: Collection[str]) -> Iterator[pa.RecordBatch]:
    """Rows of one file of a table in a folder: tables are not partitioned, so that all files lie in it.

    Arrow's own reader: its data sets would import pandas, a third of the time until the service is ready, and deltalake's file
    system keeps threads that may abort the interpreter at its exit. A column that the file is too old to have is null.
    """
    import pyarrow.parquet as pq

    metadata = pq.read_metadata(file)
    leaves = [metadata.schema.column(place).path for place in range(metadata.num_columns)]
    dictionaries = [path for path in leaves if path.split(".")[0] in coded]
    with pq.ParquetFile(file, metadata=metadata, read_dictionary=dictionaries) as opened:
        present = [name for name in columns if name in opened.schema_arrow.names]
        for batch in opened.iter_batches(BATCH_ROWS, columns=present):
            held = [batch.column(name) if name in present else pa.nulls(len(batch), schema.field(name).type) for name in columns]
            yield _as_declared(pa.record_batch(held, list(columns)), schema, coded)


def _as_declared(batch: pa.RecordBatch, schema: pa.Schema, coded: Collection[str] = ()) -> pa.RecordBatch:
    """Columns in the types that the table declares: Spark writes times without saying that they are UTC, deltalake views.

    Those that are `coded` stay as they are.
    """
    columns = [
        column if name in coded or column.type == schema.field(name).type else column.cast(schema.field(name).type, safe=False)
        for name, column in zip(batch.schema.names, batch.columns, strict=True)
    ]
    return pa.record_batch(columns, batch.schema.names)


def _values(column: pa.Array) -> list[Any]:
    """As Python has them. Of times Arrow would import pandas, which takes as long as reading all outfits."""
    if not pa.types.is_timestamp(column.type):
        return list(column.to_pylist())
    since = column.cast(pa.timestamp("us", "UTC"), safe=False).cast(pa.int64()).to_pylist()
    return [None if one is None else EPOCH + timedelta(microseconds=one) for one in since]
