"""Raw rows of a catalogue file, one at a time: with line number, text and what is wrong with them.

Cutting a file into rows is a stream on the driver: Spark's readers split files and so lose line numbers, and drop or null what
they cannot parse; here every row comes out, and memory grows neither with the file nor, beyond a bound, with a row.
"""

import json
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from datetime import date
from typing import Any

from outfit_pairing.catalog.lines import LONGEST_ROW, is_sound
from outfit_pairing.catalog.rejects import Reject, reject

MOST_RAW = 4_000
MOST_COLUMNS = 10_000
LONGEST_COLUMN = 1_000  # characters of a column's name
MOST_CHARACTERS = 16_000_000  # of rows held at once, their cells counted in
_OF_CELL = 100  # characters that a cell counts for beside its text
DEEPEST = 4  # objects inside objects that are taken apart; what lies deeper stays JSON


@dataclass(frozen=True, slots=True)
class RawRow:
    """One row as the shop wrote it. `values` are trimmed; there are none when `fault` says why it cannot be read."""

    line_number: int
    raw: str
    values: Mapping[str, str] = field(default_factory=dict)
    fault: Reject | None = None
    repaired: bool = False

    def packed(self) -> str:
        """The row as one line of JSON, for another process."""
        return json.dumps([self.line_number, self.raw, self.values, self.fault, self.repaired])


def unpacked(text: str) -> RawRow:
    """The row that `RawRow.packed` has written."""
    line_number, raw, values, fault, repaired = json.loads(text)
    return RawRow(line_number, raw, values, Reject(*fault) if fault else None, repaired)


def in_chunks(rows: Iterable[RawRow], size: int, characters: int = MOST_CHARACTERS) -> Iterator[list[RawRow]]:
    """The rows by `size`, by fewer where they are large; order kept.   characters: of a chunk at most, and one row more."""
    chunk: list[RawRow] = []
    held = 0
    for row in rows:
        chunk.append(row)
        held += sum(map(len, row.values.values())) + _OF_CELL * len(row.values)
        if len(chunk) == size or held > characters:
            yield chunk
            chunk, held = [], 0
    if chunk:
        yield chunk


def too_large(what: str) -> Reject:
    """The reject of a row that is larger than rows are.    what: what there is too much of."""
    return reject("row_too_large", what=what)


OVERLONG = too_large(f"{LONGEST_ROW:,} characters")


def fault_of(values: Mapping[str, str], encoding: str) -> Reject | None:
    """What makes the cells of a row no text: undecodable bytes, or NUL."""
    for column, value in values.items():
        if not is_sound(value) or not is_sound(column):
            code = "binary_data" if "\0" in f"{column}{value}" else "undecodable_bytes"
            return reject(code, column=column if is_sound(column) else None, encoding=encoding)
    return None


def fault_of_size(values: Mapping[str, str]) -> Reject | None:
    """What makes a row of named cells larger than rows are."""
    if len(values) > MOST_COLUMNS:
        return too_large(f"{MOST_COLUMNS:,} fields")
    if sum(map(len, values.values())) > LONGEST_ROW:
        return OVERLONG
    return too_large(f"{LONGEST_COLUMN:,} characters in the name of a field") if _longest(values) > LONGEST_COLUMN else None


def _longest(values: Mapping[str, str]) -> int:
    return max(map(len, values), default=0)


def typed_row(number: int, row: Mapping[str, Any]) -> RawRow:
    """A row of a table with types, as texts."""
    values = as_texts(row)
    fault = fault_of_size(values) or fault_of(values, "UTF-8")
    if fault:
        shown = {column: value[:MOST_RAW] for column, value in list(values.items())[:100]}
        return RawRow(number, json.dumps(shown)[:MOST_RAW], fault=fault)
    return RawRow(number, json.dumps(values, ensure_ascii=False)[:MOST_RAW], values)


def as_texts(row: Mapping[str, Any]) -> dict[str, str]:
    """Typed values as a shop would write them: 12.0 → "12", true → "true", lists as JSON; trimmed, no nulls.

    A field inside an object is called by both names: {"price": {"amount": 5}} gives price.amount.
    """
    return {column: _as_text(value).strip() for column, value in _flat(row, "", DEEPEST) if value is not None and value == value}  # noqa: PLR0124 - NaN


def _flat(row: Mapping[str, Any], before: str, depth: int) -> Iterator[tuple[str, Any]]:
    for name, value in row.items():
        if isinstance(value, dict) and value and depth:
            yield from _flat(value, f"{before}{name}.", depth - 1)
        else:
            yield f"{before}{name}", value


def _as_text(value: Any) -> str:
    if isinstance(value, str):
        return value
    if isinstance(value, bytes):
        return value.decode("utf-8", "surrogateescape")
    return _number_as_text(value) if isinstance(value, int | float) else _other_as_text(value)


def _number_as_text(value: float) -> str:
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, float):
        return str(int(value)) if value.is_integer() else repr(value)
    return str(value)


def _other_as_text(value: Any) -> str:
    if isinstance(value, date):
        return value.isoformat()
    if isinstance(value, dict | list | tuple):
        return json.dumps(value, ensure_ascii=False, sort_keys=True, default=str)
    return str(value)
