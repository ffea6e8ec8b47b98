"""Rows of JSON lines, or of a file that is one JSON array."""

import json
import re
from collections.abc import Iterator
from typing import Any, TextIO

from outfit_pairing.catalog.files import open_bytes
from outfit_pairing.catalog.lines import LONGEST_ROW, is_sound, not_in, opened_text, readable, text_lines
from outfit_pairing.catalog.rejects import Reject, reject
from outfit_pairing.catalog.rows import LONGEST_COLUMN, MOST_RAW, OVERLONG, RawRow, as_texts, fault_of, fault_of_size

_BLOCK = 1 << 16
_BETWEEN = re.compile(r"[\s,]*")
TOO_DEEP = "objects inside objects, hundreds deep"


def json_rows(path: str, encoding: str) -> Iterator[RawRow]:
    """Every row of a JSON lines file but blank lines, or of a file that is one array, in file order.

    Raises:  CatalogError: not in this encoding at all.
    """
    if _is_array(path, encoding):
        yield from _array_file(path, encoding)
        return
    with open_bytes(path) as stream:
        for number, line in enumerate(text_lines(stream, encoding, path), 1):
            if line.strip():
                yield _line_row(number, line.strip(), encoding)


def _is_array(path: str, encoding: str) -> bool:
    """Whether one array is the whole file, rather than the first of many lines."""
    with open_bytes(path) as stream:
        lines = (line for line in text_lines(stream, encoding, path) if line.strip())
        first = next(lines, "").strip()
        return first.startswith("[") and ("{" in first or not (_is_whole(first) and next(lines, None)))


def _is_whole(line: str) -> bool:
    try:
        json.loads(line)
    except RecursionError:
        return True
    except ValueError:
        return False
    return True


def _array_file(path: str, encoding: str) -> Iterator[RawRow]:
    with open_bytes(path) as stream:
        try:
            yield from _array_rows(opened_text(stream, encoding), encoding)
        except UnicodeError as fault:
            raise not_in(path, encoding, fault) from None


def _array_rows(text: TextIO, encoding: str) -> Iterator[RawRow]:
    """Rows of one JSON array, numbered by their place in it. What follows a fault cannot be told apart: one row stands for it."""
    decoder, number = json.JSONDecoder(), 1
    held, more = text.read(_BLOCK).lstrip()[1:], True
    at, fault = 0, "the array breaks off or is no JSON here"
    found: Any = None
    while True:
        at = _end_of(held, at)
        if held[at : at + 1] == "]":
            break
        try:
            found, end = decoder.raw_decode(held, at)
        except RecursionError:
            fault, end = TOO_DEEP, -1
            break
        except ValueError as refused:
            fault, end = _why_not(refused, fault), -1  # half a row, or no JSON
        if end >= 0 and (end < len(held) or not more):
            yield _row_of(number, held[at:end], found, encoding)
            number, at = number + 1, end
            continue
        if not more or len(held) - at > LONGEST_ROW:
            break
        piece = text.read(max(_BLOCK, len(held) - at))
        held, at, more = held[at:] + piece, 0, bool(piece)
    if held[at : at + 1] != "]":
        yield RawRow(number, readable(held[at : at + MOST_RAW]), fault=reject("bad_json", fault=fault))
    elif rest := _beyond(held[at + 1 :], text):
        yield RawRow(number, readable(rest), fault=reject("bad_json", fault="it follows the end of the array"))


def _end_of(held: str, at: int) -> int:
    found = _BETWEEN.match(held, at)
    return found.end() if found else at


def _beyond(rest: str, text: TextIO) -> str:
    """The beginning of what a file holds beyond its array."""
    while not rest.strip():
        rest = text.read(_BLOCK)
        if not rest:
            return ""
    return rest.strip()[:MOST_RAW]


def _line_row(number: int, line: str, encoding: str) -> RawRow:
    refused = OVERLONG if len(line) > LONGEST_ROW else None
    try:
        if refused is None:
            return _row_of(number, line, json.loads(line), encoding)
    except RecursionError:
        refused = reject("bad_json", fault=TOO_DEEP)
    except ValueError as fault:
        refused = _unsound(line, encoding) or reject("bad_json", fault=_why_not(fault, str(fault)))
    return RawRow(number, readable(line[:MOST_RAW]), fault=refused)


def _row_of(number: int, text: str, found: Any, encoding: str) -> RawRow:
    """The row that was found in `text`."""
    if fault := _unsound(text, encoding):
        return RawRow(number, readable(text[:MOST_RAW]), fault=fault)
    raw = text[:MOST_RAW]
    if not isinstance(found, dict):
        return RawRow(number, raw, fault=reject("bad_json", fault="no object"))
    try:
        values = as_texts(found)
    except RecursionError:  # it can be read, and not written again
        return RawRow(number, raw, fault=reject("bad_json", fault=TOO_DEEP))
    large = fault_of_size(values) if len(text) > LONGEST_COLUMN else None
    fault = large or (fault_of(values, "Unicode") if "\\u" in text else None)
    return RawRow(number, raw, fault=fault) if fault else RawRow(number, raw, values)


def _unsound(text: str, encoding: str) -> Reject | None:
    if is_sound(text):
        return None
    return reject("binary_data" if "\0" in text else "undecodable_bytes", column=None, encoding=encoding)


def _why_not(fault: ValueError, otherwise: str) -> str:
    """Python refuses to read numbers of thousands of figures."""
    return otherwise if isinstance(fault, json.JSONDecodeError) else "a number of thousands of figures"
