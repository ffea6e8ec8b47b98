"""Rows that the driver has at hand, as Arrow: Spark takes them without a Python worker, deltalake writes them without Spark."""

from collections.abc import Sequence
from datetime import UTC, datetime
from typing import Any

import pyarrow as pa

from outfit_pairing.storage.tables import Table

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
