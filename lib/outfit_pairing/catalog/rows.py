"""Raw rows of a catalogue file, one at a time: with line number, text and what is wrong with them.

Reading is a stream on the driver: Spark's readers split files and so lose line numbers, and drop or null what they
cannot parse; here every row comes out, and memory does not grow with the file.
"""

import csv
import io
import json
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date
from itertools import chain, islice
from pathlib import Path
from typing import Any, BinaryIO

from outfit_pairing.catalog.files import open_bytes
from outfit_pairing.catalog.rejects import Reject, reject
from outfit_pairing.errors import CatalogError

MOST_RAW = 4_000
# A quoted field over more lines than this is an unclosed quote, not a long text.
MOST_LINES = 200
DEEPEST = 4  # objects inside objects that are taken apart; what lies deeper stays JSON


@dataclass(frozen=True, slots=True)
class RawRow:
    """One row as the shop wrote it. `values` are trimmed; there are none when `fault` says why it cannot be read."""

    line_number: int
    raw: str
    values: Mapping[str, str] = field(default_factory=dict)
    fault: Reject | None = None
    repaired: bool = False


@dataclass(frozen=True, slots=True)
class CsvLayout:
    """How a CSV file is cut. `has_header`: whether its first line is not data."""

    columns: tuple[str, ...]
    delimiter: str = ","
    quoted: bool = True
    encoding: str = "utf-8-sig"
    join_last: bool = False
    has_header: bool = True


def text_lines(stream: BinaryIO, encoding: str) -> Iterator[str]:
    """Lines that end with a line feed; a byte that cannot be decoded becomes a lone surrogate."""
    return iter(io.TextIOWrapper(stream, encoding, errors="surrogateescape", newline="\n"))


def csv_rows(path: str, layout: CsvLayout) -> Iterator[RawRow]:
    """Every row of a CSV file but blank lines, in file order.    Raises:  CatalogError: not in this encoding at all."""
    cut = _quoted_records if layout.quoted else _plain_records
    with open_bytes(path) as stream:
        records = cut(text_lines(stream, layout.encoding), layout)
        try:
            if layout.has_header:
                next(records, None)
            for record in records:
                yield _csv_row(record, layout)
        except UnicodeError as fault:
            raise CatalogError(f"{path}: is not {layout.encoding} text ({fault}); set `encoding:` in the mapping") from None


@dataclass(frozen=True, slots=True)
class _Record:
    line_number: int
    raw: str
    fields: list[str] | None  # None: beyond reading
    mended: bool = False


def _plain_records(lines: Iterator[str], layout: CsvLayout) -> Iterator[_Record]:
    for number, line in enumerate(lines, 1):
        raw = line.rstrip("\r\n")
        if raw:
            yield _Record(number, raw, raw.split(layout.delimiter))


class _Lines:
    """Lines for the csv module that remembers which of them a record took, and takes lines back."""

    def __init__(self, lines: Iterator[str]) -> None:
        self.lines, self.number = lines, 0
        self.taken: list[str] = []
        self.returned: list[str] = []

    def __iter__(self) -> Iterator[str]:
        return self

    def __next__(self) -> str:
        if len(self.taken) >= MOST_LINES:
            raise StopIteration
        line = self.returned.pop() if self.returned else next(self.lines)
        self.number += 1
        self.taken.append(line)
        return line

    def put_back(self, lines: Sequence[str]) -> None:
        self.number -= len(lines)
        self.returned.extend(reversed(lines))


def _quoted_records(lines: Iterator[str], layout: CsvLayout) -> Iterator[_Record]:
    """Records with quoted fields. An unclosed quote costs its own line only: the lines it swallowed are read again."""
    source = _Lines(lines)
    reader = csv.reader(source, delimiter=layout.delimiter, strict=True)
    while True:
        source.taken, start = [], source.number + 1
        try:
            fields: list[str] | None = next(reader)
        except StopIteration:
            return
        except csv.Error:
            fields = None
        several = len(source.taken) > 1
        mended = fields is None or (several and len(fields) != len(layout.columns))
        if mended:
            source.put_back(source.taken[1:])
            reader = csv.reader(source, delimiter=layout.delimiter, strict=True)
            source.taken = source.taken[:1]
            fields = _one_line(source.taken[0], layout.delimiter)
        if fields != []:
            yield _Record(start, "".join(source.taken).rstrip("\r\n"), fields, mended)


def _one_line(line: str, delimiter: str) -> list[str] | None:
    try:
        return next(csv.reader([line], delimiter=delimiter), None)
    except csv.Error:
        return None


def _csv_row(record: _Record, layout: CsvLayout) -> RawRow:
    raw = readable(record.raw)[:MOST_RAW]
    if record.fields is None:
        return RawRow(record.line_number, raw, fault=reject("unreadable_row"))
    expected = len(layout.columns)
    fields, repaired = _fitted(record.fields, expected, layout), record.mended
    if len(fields) != expected:
        code = "too_few_fields" if len(fields) < expected else "too_many_fields"
        return RawRow(record.line_number, raw, fault=reject(code, found=len(fields), expected=expected))
    values = dict(zip(layout.columns, map(str.strip, fields), strict=True))
    if not record.raw.isascii() and (fault := _undecodable(values, layout.encoding)):
        return RawRow(record.line_number, raw, fault=fault)
    return RawRow(record.line_number, raw, values, repaired=repaired or len(record.fields) != expected)


def _fitted(fields: list[str], expected: int, layout: CsvLayout) -> list[str]:
    """The fields, with surplus empty ones dropped and surplus others joined to the last column where that is right."""
    if len(fields) > expected and not any(fields[expected:]):
        return fields[:expected]
    if len(fields) > expected and layout.join_last:
        return [*fields[: expected - 1], layout.delimiter.join(fields[expected - 1 :])]
    return fields


def _undecodable(values: Mapping[str, str], encoding: str) -> Reject | None:
    for column, value in values.items():
        if readable(value) != value:
            return reject("undecodable_bytes", column=column, encoding=encoding)
    return None


def readable(text: str) -> str:
    """`text` with undecodable bytes shown as the replacement sign."""
    return text if text.isascii() else "".join("\ufffd" if "\ud800" <= sign <= "\udfff" else sign for sign in text)


def json_rows(path: str, encoding: str) -> Iterator[RawRow]:
    """Every row of a JSON lines file but blank lines, or of a file that is one array, in file order."""
    with open_bytes(path) as stream:
        lines = text_lines(stream, encoding)
        first = next((line for line in lines if line.strip()), "")
        if first.lstrip().startswith("["):
            yield from _array_rows(chain([first], lines), encoding)
            return
    with open_bytes(path) as stream:
        for number, line in enumerate(text_lines(stream, encoding), 1):
            if line.strip():
                yield _json_row(number, line.strip(), encoding)


def _array_rows(lines: Iterator[str], encoding: str) -> Iterator[RawRow]:
    """Rows of one JSON array, numbered by their place in it. What follows a fault cannot be told apart: one row stands for it."""
    decoder, number, text = json.JSONDecoder(), 1, next(lines).lstrip()[1:]
    for more in chain(_blocks(lines), [""]):
        text = (text + more).lstrip(" \t\r\n,")
        while text and not text.startswith("]"):
            try:
                _, end = decoder.raw_decode(text)
            except ValueError:
                break  # half a row, or no JSON
            yield _json_row(number, text[:end], encoding)
            number, text = number + 1, text[end:].lstrip(" \t\r\n,")
    if not text.startswith("]"):
        yield RawRow(number, readable(text)[:MOST_RAW], fault=reject("bad_json", fault="the array breaks off or is no JSON here"))


def _blocks(lines: Iterator[str]) -> Iterator[str]:
    """The lines in pieces of some thousand: a row of one object need not be looked at again for each of its lines."""
    while block := "".join(islice(lines, 2_000)):
        yield block


def _json_row(number: int, line: str, encoding: str) -> RawRow:
    raw = readable(line)[:MOST_RAW]
    if raw != line[:MOST_RAW]:
        return RawRow(number, raw, fault=reject("undecodable_bytes", column=None, encoding=encoding))
    try:
        found = json.loads(line)
    except ValueError as fault:
        return RawRow(number, raw, fault=reject("bad_json", fault=fault))
    if not isinstance(found, dict):
        return RawRow(number, raw, fault=reject("bad_json", fault="no object"))
    values = as_texts(found)
    if "\\u" in line and (spoilt := _undecodable(values, "Unicode")):
        return RawRow(number, raw, fault=spoilt)
    return RawRow(number, raw, values)


def parquet_rows(path: str) -> Iterator[RawRow]:
    """Every row of a Parquet file, or of a folder's files by name; the first row has number 1."""
    import pyarrow.parquet as pq

    number = 0
    for file in parquet_files(path):
        for batch in pq.ParquetFile(file).iter_batches(batch_size=5_000):
            for row in batch.to_pylist():
                number += 1
                yield typed_row(number, row)


def parquet_files(path: str) -> list[Path]:
    """The file itself, or the folder's Parquet files in order of name."""
    place = Path(path)
    return sorted(place.rglob("*.parquet")) if place.is_dir() else [place]


def typed_row(number: int, row: Mapping[str, Any]) -> RawRow:
    """A row of a table with types, as texts."""
    values = as_texts(row)
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
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, float):
        return str(int(value)) if value.is_integer() else repr(value)
    if isinstance(value, date):
        return value.isoformat()
    if isinstance(value, dict | list | tuple):
        return json.dumps(value, ensure_ascii=False, sort_keys=True, default=str)
    return str(value)
