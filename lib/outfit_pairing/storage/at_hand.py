"""Rows that the driver has at hand, as Arrow: Spark takes them without a Python worker, deltalake writes them without Spark."""

from collections.abc import Iterable, Sequence
from datetime import UTC, datetime, timedelta
from typing import Any

import pyarrow as pa
import pyarrow.compute as pc

from outfit_pairing.storage.tables import Table

EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
CHANGE = "merge_change"  # column of changes to merge: insert, update or delete


def as_arrow(table: Table, rows: Sequence[tuple[Any, ...]]) -> pa.Table:
    """Rows of the table's columns without audit columns, in their order."""
    return pa.Table.from_pylist([dict(zip(table.arrow_schema.names, row, strict=True)) for row in rows], table.arrow_schema)


def stamped(table: Table, rows: pa.Table, run_id: str) -> pa.Table:
    """The rows with the audit columns of this run, in the table's order."""
    schema = table.written_arrow_schema
    now = pa.scalar(datetime.now(UTC), schema.field("updated_at").type)
    audit = {"run_id": pa.repeat(run_id, len(rows)), "updated_at": pa.repeat(now, len(rows))}
    return pa.table([audit[name] if name in audit else rows[name] for name in table.names], schema)


def to_insert(table: Table, rows: Sequence[tuple[Any, ...]], run_id: str) -> pa.Table:
    """The rows as changes to merge."""
    return stamped(table, as_arrow(table, rows), run_id).append_column(CHANGE, pa.repeat("insert", len(rows)))


def changes_schema(table: Table) -> pa.Schema:
    """Of changes to merge into a table."""
    return table.written_arrow_schema.append(pa.field(CHANGE, pa.string()))


def as_collected(rows: pa.Table) -> list[dict[str, Any]]:
    """Rows as Spark collects them, as dictionaries: times are local ones without a zone."""
    found: list[dict[str, Any]] = rows.to_pylist()
    for name in (field.name for field in rows.schema if pa.types.is_timestamp(field.type)):
        for row in found:
            row[name] = row[name] and row[name].astimezone().replace(tzinfo=None)
    return found


def by_time(rows: Iterable[dict[str, Any]], column: str) -> list[dict[str, Any]]:
    """Such rows in the order of a time, those without any first."""
    # by the instant: in the hour that clocks go back, local times repeat
    return sorted(rows, key=lambda row: row[column].timestamp() if row[column] else float("-inf"))


def latest_of(moments: pa.ChunkedArray) -> datetime | None:
    """The latest of some times, in local time without a zone, as Spark collects it; None of none."""
    latest = pc.max(moments.cast(pa.timestamp("us", "UTC")).cast(pa.int64())).as_py()
    return None if latest is None else (EPOCH + timedelta(microseconds=latest)).astimezone().replace(tzinfo=None)
