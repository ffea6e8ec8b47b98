"""Rows as the lines that COPY reads: a pure kernel, Arrow in, bytes out. It runs where the rows are, so that whoever sends them
passes on large blocks and never handles a row.

Format: https://www.postgresql.org/docs/current/sql-copy.html, "Text Format".
"""

from typing import Any

import pyarrow as pa
import pyarrow.compute as pc

from outfit_pairing.publishing.json_texts import REPLACEMENT, json_texts

ESCAPED = "[\\\\\t\n\r\x00]"
ESCAPES = (("\\", "\\\\"), ("\t", "\\t"), ("\n", "\\n"), ("\r", "\\r"), ("\x00", REPLACEMENT))


def copy_lines(batch: pa.RecordBatch) -> bytes:
    """The rows as COPY reads them, each line ended.

    Args:  batch: columns in the order of COPY's column list: strings, numbers, booleans, times with a zone; nested ones go as JSON.
    """
    columns = [_field(column) for column in batch.columns]
    lines = pc.binary_join_element_wise(*columns, "\t") if len(columns) > 1 else columns[0]
    (joined,) = pc.binary_join(pa.ListArray.from_arrays([0, len(lines)], lines), "\n")
    return bytes(joined.as_buffer()) + b"\n"


def _field(column: Any) -> Any:
    """The column as escaped texts, null as COPY writes it."""
    if pa.types.is_nested(column.type):
        # within JSON all other signs that COPY reads are escaped already, by a backslash
        texts = pc.replace_substring(json_texts(column), pattern="\\", replacement="\\\\")
        return pc.fill_null(texts, "\\N")
    if pa.types.is_timestamp(column.type):
        column = pc.cast(column, pa.timestamp("us", "UTC"))
    texts = pc.cast(column, pa.string())
    is_text = pa.types.is_string(column.type) or pa.types.is_large_string(column.type)
    if is_text and pc.any(pc.match_substring_regex(texts, ESCAPED)).as_py():
        for sign, escaped in ESCAPES:
            texts = pc.replace_substring(texts, pattern=sign, replacement=escaped)
    return pc.fill_null(texts, "\\N")
