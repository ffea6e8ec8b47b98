"""Rows as the lines that COPY reads: a pure kernel, Arrow in, bytes out. It runs where the rows are, so that whoever sends them
passes on large blocks and never handles a row.

Format: https://www.postgresql.org/docs/current/sql-copy.html, "Text Format".
"""

import json
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from typing import Any

import pyarrow as pa
import pyarrow.compute as pc

NUL_IN_JSON = "\\u0000"
REPLACEMENT = "\ufffd"  # for U+0000, which Postgres cannot store
ESCAPES = (("\\", "\\\\"), ("\t", "\\t"), ("\n", "\\n"), ("\r", "\\r"), ("\x00", REPLACEMENT))
BLOCK_SCHEMA = "rows bigint, lines binary"


@dataclass(frozen=True, slots=True)
class CopyLines:
    """Batches to blocks of lines.   In: columns of strings, numbers and booleans, in the order of COPY's column list; those
    named in `json` hold JSON texts without line breaks or tabs.   Out: (rows, lines), a block for each batch.
    """

    json: tuple[str, ...] = ()

    def __call__(self, batches: Iterable[pa.RecordBatch]) -> Iterator[pa.RecordBatch]:
        """A block for each batch that has rows."""
        for batch in batches:
            if batch.num_rows:
                lines = copy_lines(batch, self.json)
                yield pa.record_batch([pa.array([batch.num_rows], pa.int64()), pa.array([lines], pa.binary())], ["rows", "lines"])


def copy_lines(batch: pa.RecordBatch, json_columns: Iterable[str] = ()) -> bytes:
    """The rows as COPY reads them, each line ended."""
    columns = [
        _json_field(column) if name in json_columns else _field(column)
        for name, column in zip(batch.schema.names, batch.columns, strict=True)
    ]
    lines = pc.binary_join_element_wise(*columns, "\t") if len(columns) > 1 else columns[0]
    (joined,) = pc.binary_join(pa.ListArray.from_arrays([0, len(lines)], lines), "\n")
    return bytes(joined.as_buffer()) + b"\n"


def _json_field(column: Any) -> Any:
    """As `_field`. Within JSON all other signs that COPY reads are escaped already, by a backslash."""
    return pc.fill_null(pc.replace_substring(_without_nul(column), pattern="\\", replacement="\\\\"), "\\N")


def _field(column: Any) -> Any:
    """The column as escaped texts, null as COPY writes it."""
    texts = pc.cast(column, pa.string())
    if pa.types.is_string(column.type) or pa.types.is_large_string(column.type):
        for sign, escaped in ESCAPES:
            texts = pc.replace_substring(texts, pattern=sign, replacement=escaped)
    return pc.fill_null(texts, "\\N")


def _without_nul(column: Any) -> Any:
    """JSON texts whose strings hold no U+0000, which jsonb refuses also as an escape."""
    if not pc.any(pc.match_substring(column, NUL_IN_JSON)).as_py():
        return column
    texts = (text if text is None or NUL_IN_JSON not in text else _mended(text) for text in column.to_pylist())
    return pa.array(texts, pa.string())


def _mended(text: str) -> str:
    return json.dumps(_replaced(json.loads(text)), ensure_ascii=False)


def _replaced(value: Any) -> Any:
    if isinstance(value, str):
        return value.replace("\x00", REPLACEMENT)
    if isinstance(value, dict):
        return {_replaced(name): _replaced(one) for name, one in value.items()}
    return [_replaced(one) for one in value] if isinstance(value, list) else value
