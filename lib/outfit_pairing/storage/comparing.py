"""What a merge has to change, found by the driver where both sides are few: a pure kernel, Arrow in and out.

Rows are equal as Spark's `<=>` has it: null is equal to null, NaN to NaN.
"""

from typing import Any, TypeAlias

import numpy as np
import numpy.typing as npt
import pyarrow as pa
import pyarrow.compute as pc

from outfit_pairing.storage.at_hand import CHANGE
from outfit_pairing.storage.tables import Table

Bools: TypeAlias = npt.NDArray[np.bool_]
Ints: TypeAlias = npt.NDArray[np.int64]


def changes(table: Table, held: pa.Table, rows: pa.Table, *, delete_missing: bool) -> pa.Table:
    """Rows to insert, update or delete, marked so in column CHANGE; of those to delete only the key is told.

    Args:    held: key and compared columns of the table as it is.   rows: all columns, as it shall be; keys distinct.
    """
    held, rows = held.combine_chunks(), rows.combine_chunks()
    keys_held, keys = _numbered(table, held, rows)
    place = _places(keys_held, keys)
    there = np.flatnonzero(place >= 0)
    changed = np.zeros(len(there), dtype=bool)
    for name in table.compared:
        new, old = rows[name].combine_chunks().take(pa.array(there)), held[name].combine_chunks().take(pa.array(place[there]))
        changed |= _differ(new, old)
    distinct = np.unique(keys_held, return_index=True)[1] if delete_missing else np.empty(0, dtype=np.int64)
    gone = distinct[~np.isin(keys_held[distinct], keys)]
    parts = {"insert": rows.take(np.flatnonzero(place < 0)), "update": rows.take(there[changed])}
    parts["delete"] = _keys_only(table, held.take(gone), rows.schema)
    return pa.concat_tables(part.append_column(CHANGE, pa.repeat(change, len(part))) for change, part in parts.items())


def _keys_only(table: Table, rows: pa.Table, schema: pa.Schema) -> pa.Table:
    columns = [rows[name] if name in table.key else pa.nulls(len(rows), schema.field(name).type) for name in table.names]
    return pa.table(columns, schema)


def _numbered(table: Table, held: pa.Table, rows: pa.Table) -> tuple[Ints, Ints]:
    """A number for each key, equal for equal keys."""
    numbers = np.zeros(len(held) + len(rows), dtype=np.int64)
    for name in table.key:
        coded = pa.chunked_array([*held[name].chunks, *rows[name].chunks], held[name].type).combine_chunks().dictionary_encode()
        numbers = numbers * max(1, len(coded.dictionary)) + coded.indices.to_numpy(zero_copy_only=False)
        numbers = np.unique(numbers, return_inverse=True)[1]  # small again, lest the next product overflows
    return numbers[: len(held)], numbers[len(held) :]


def _places(held: Ints, rows: Ints) -> Ints:
    """Where each row's key is held, -1: nowhere."""
    at = np.full(max(held.max(initial=-1), rows.max(initial=-1)) + 1, -1, dtype=np.int64)
    at[held] = np.arange(len(held))
    return at[rows]


def _differ(left: Any, right: Any) -> Bools:
    """(n,) whether the values of two arrays of one type differ."""
    null, other_null = _bools(left.is_null()), _bools(right.is_null())
    both, kind = ~null & ~other_null, left.type
    if pa.types.is_list(kind):
        found = _lists_differ(left, right, both)
    elif pa.types.is_struct(kind):
        found = np.zeros(len(left), dtype=bool)
        for number in range(kind.num_fields):
            found |= _differ(pc.struct_field(left, [number]), pc.struct_field(right, [number]))
    else:
        found = ~_bools(pc.fill_null(pc.equal(left, right), False))
        if pa.types.is_floating(kind):
            found &= ~_bools(pc.fill_null(pc.and_(pc.is_nan(left), pc.is_nan(right)), False))
    differ: Bools = (null != other_null) | (both & found)
    return differ


def _lists_differ(left: Any, right: Any, both: Bools) -> Bools:
    lengths, others = (pc.fill_null(pc.list_value_length(one), -1).to_numpy(zero_copy_only=False) for one in (left, right))
    found: Bools = lengths != others
    alike = np.flatnonzero(both & ~found)
    inner = _differ(left.take(pa.array(alike)).flatten(), right.take(pa.array(alike)).flatten())
    found[np.repeat(alike, lengths[alike])[inner]] = True
    return found


def _bools(column: Any) -> Bools:
    found: Bools = column.to_numpy(zero_copy_only=False)
    return found
