"""Rows of a CSV file, by its line ends, quotes and delimiter."""

import csv
from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from outfit_pairing.catalog.files import open_bytes
from outfit_pairing.catalog.lines import LONGEST_ROW, readable, text_lines
from outfit_pairing.catalog.rejects import reject
from outfit_pairing.catalog.rows import MOST_RAW, OVERLONG, RawRow, fault_of

# A quoted field over more lines than this is an unclosed quote, not a long text.
MOST_LINES = 200

csv.field_size_limit(max(LONGEST_ROW + 1, csv.field_size_limit()))


@dataclass(frozen=True, slots=True)
class CsvLayout:
    """How a CSV file is cut.

    columns: none where the first record is to be read as it is.    has_header: whether its first record is not data.
    newline: "" ends lines at CR, LF and CRLF, a line feed at line feeds only.
    """

    columns: tuple[str, ...]
    delimiter: str = ","
    quoted: bool = True
    encoding: str = "utf-8-sig"
    join_last: bool = False
    has_header: bool = True
    newline: str = ""


def csv_rows(path: str, layout: CsvLayout) -> Iterator[RawRow]:
    """Every row of a CSV file but blank lines, in file order.    Raises:  CatalogError: not in this encoding at all."""
    with open_bytes(path) as stream:
        records = _records(text_lines(stream, layout.encoding, path, layout.newline), layout)
        if layout.has_header:
            next(records, None)
        for record in records:
            yield _csv_row(record, layout)


def first_record(path: str, layout: CsvLayout) -> list[str] | None:
    """The fields of the first record; None where they are beyond reading.    Raises:  CatalogError, as `csv_rows`."""
    with open_bytes(path) as stream:
        found = next(_records(text_lines(stream, layout.encoding, path, layout.newline), layout), None)
    return found.fields if found else None


@dataclass(frozen=True, slots=True)
class _Record:
    """`overlong`: a line that is too long to be held; `raw` is its beginning."""

    line_number: int
    raw: str
    fields: list[str] | None  # None: beyond reading
    mended: bool = False
    overlong: bool = False


def _records(lines: Iterator[str], layout: CsvLayout) -> Iterator[_Record]:
    return _quoted_records(lines, layout) if layout.quoted else _plain_records(lines, layout)


def _plain_records(lines: Iterator[str], layout: CsvLayout) -> Iterator[_Record]:
    for number, line in enumerate(lines, 1):
        if len(line) > LONGEST_ROW:
            yield _Record(number, line[:MOST_RAW], None, overlong=True)
            continue
        raw = line.rstrip("\r\n")
        if raw:
            yield _Record(number, raw, raw.split(layout.delimiter))


class _Lines:
    """Lines for the csv module that remembers which of them a record took, and takes lines back."""

    def __init__(self, lines: Iterator[str]) -> None:
        self.lines, self.number, self.size = lines, 0, 0
        self.taken: list[str] = []
        self.returned: list[str] = []

    def __iter__(self) -> Iterator[str]:
        return self

    def __next__(self) -> str:
        if len(self.taken) >= MOST_LINES:
            raise StopIteration
        line = self.returned.pop() if self.returned else next(self.lines)
        overlong = len(line) > LONGEST_ROW
        if self.taken and self.size + len(line) > LONGEST_ROW:
            self.returned.append(line)
            raise StopIteration
        self.number += 1
        self.size += len(line)
        self.taken.append(line)
        return "" if overlong else line

    def start(self) -> None:
        """A record begins."""
        self.taken, self.size = [], 0

    def keep_first(self) -> str:
        """Take back all lines of the record but the first, which comes back."""
        first, *rest = self.taken
        self.number -= len(rest)
        self.returned.extend(reversed(rest))
        self.taken = [first]
        return first


def _quoted_records(lines: Iterator[str], layout: CsvLayout) -> Iterator[_Record]:
    """Records with quoted fields. An unclosed quote costs its own line only: the lines it swallowed are read again."""
    source = _Lines(lines)
    reader = csv.reader(source, delimiter=layout.delimiter, strict=True)
    while True:
        source.start()
        start = source.number + 1
        try:
            fields: list[str] | None = next(reader)
        except StopIteration:
            return
        except csv.Error:
            fields = None
        if len(source.taken[0]) > LONGEST_ROW:
            yield _Record(start, source.taken[0][:MOST_RAW], None, overlong=True)
            continue
        several = len(source.taken) > 1
        mended = fields is None or (several and not _fits(fields, layout.columns))
        if mended:
            fields = _one_line(source.keep_first(), layout.delimiter)
            reader = csv.reader(source, delimiter=layout.delimiter, strict=True)
        if fields != []:
            yield _Record(start, "".join(source.taken).rstrip("\r\n"), fields, mended)


def _fits(fields: Sequence[str], columns: Sequence[str]) -> bool:
    return not columns or len(fields) == len(columns)


def _one_line(line: str, delimiter: str) -> list[str] | None:
    try:
        return next(csv.reader([line], delimiter=delimiter), None)
    except csv.Error:
        return None


def _csv_row(record: _Record, layout: CsvLayout) -> RawRow:
    raw = readable(record.raw[:MOST_RAW])
    if record.fields is None:
        return RawRow(record.line_number, raw, fault=OVERLONG if record.overlong else reject("unreadable_row"))
    expected = len(layout.columns)
    fields, repaired = _fitted(record.fields, expected, layout), record.mended
    if len(fields) != expected:
        code = "too_few_fields" if len(fields) < expected else "too_many_fields"
        return RawRow(record.line_number, raw, fault=reject(code, found=len(fields), expected=expected))
    values = dict(zip(layout.columns, map(str.strip, fields), strict=True))
    if not _is_plain(record.raw) and (fault := fault_of(values, layout.encoding)):
        return RawRow(record.line_number, raw, fault=fault)
    return RawRow(record.line_number, raw, values, repaired=repaired or len(record.fields) != expected)


def _is_plain(text: str) -> bool:
    return text.isascii() and "\0" not in text


def _fitted(fields: list[str], expected: int, layout: CsvLayout) -> list[str]:
    """The fields, with surplus empty ones dropped and surplus others joined to the last column where that is right."""
    if len(fields) > expected and not any(fields[expected:]):
        return fields[:expected]
    if len(fields) > expected and layout.join_last:
        return [*fields[: expected - 1], layout.delimiter.join(fields[expected - 1 :])]
    return fields
