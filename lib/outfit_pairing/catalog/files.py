"""Opening catalogue files: plain or gzip, local or at a URL, and telling what kind of file it is.

A fault of the file as a whole is a CatalogError; a fault of one row is for the readers.
"""

import codecs
import io
import os
import re
import stat
import zlib
from collections import Counter
from collections.abc import Iterator
from contextlib import contextmanager
from gzip import BadGzipFile, GzipFile
from pathlib import Path
from typing import BinaryIO, cast

from outfit_pairing.catalog.mapping import Format
from outfit_pairing.catalog.rows import LONGEST_COLUMN, MOST_COLUMNS
from outfit_pairing.errors import CatalogError, listed, short

_EXTENSIONS: dict[str, Format] = {
    ".csv": "csv",
    ".tsv": "csv",
    ".txt": "csv",
    ".jsonl": "jsonl",
    ".ndjson": "jsonl",
    ".json": "jsonl",
    ".parquet": "parquet",
}
_MARKS = {  # the longer ones first: those of UTF-16 are their beginnings
    codecs.BOM_UTF32_LE: "utf-32",
    codecs.BOM_UTF32_BE: "utf-32",
    codecs.BOM_UTF16_LE: "utf-16",
    codecs.BOM_UTF16_BE: "utf-16",
}
_CONTROL = bytes(set(range(32)) - set(b"\t\n\r\f\x1b"))
_GZIP = b"\x1f\x8b"
_HEAD_BYTES = 65_536
_DELIMITERS = (",", ";", "\t", "|")


def is_url(path: str) -> bool:
    """Whether `path` lies in an object store rather than on a disk."""
    return re.match(r"^[a-z][a-z0-9+.-]+:/", path) is not None


def is_table_name(path: str) -> bool:
    """Whether `path` is a name such as main.shop.products and no file."""
    named = re.fullmatch(r"[\w-]+\.[\w-]+\.[\w-]+", path) is not None
    return named and Path(path).suffix not in {*_EXTENSIONS, ".gz"} and not os.path.lexists(path)


def is_folder(path: str) -> bool:
    """Whether there is a folder; whoever may not look finds none."""
    try:
        return Path(path).is_dir()
    except (OSError, ValueError):
        return False


@contextmanager
def open_bytes(path: str) -> Iterator[BinaryIO]:
    """The file's bytes, unzipped.

    Raises:  CatalogError: not there, not readable, or (also while reading) a broken gzip file.
    """
    try:
        with _opened(path) as stream:
            zipped = stream.peek(2)[:2] == _GZIP
            yield cast("BinaryIO", GzipFile(fileobj=stream)) if zipped else cast("BinaryIO", stream)
    except FileNotFoundError:
        raise CatalogError(f"{path}: there is no such file; name an existing catalogue with --catalog") from None
    except (EOFError, BadGzipFile, zlib.error) as fault:
        raise CatalogError(f"{path}: the gzip file is broken ({fault}); make or copy it again") from None
    except OSError as fault:
        raise CatalogError(f"{path}: cannot be read ({fault.strerror or fault}); check the file and its rights") from None


def _opened(path: str) -> io.BufferedReader:
    if not is_url(path):
        return _regular(path).open("rb")
    from pyarrow import ArrowInvalid
    from pyarrow.fs import FileSystem

    try:
        system, inner = FileSystem.from_uri(path)
    except ArrowInvalid:
        raise CatalogError(f"{path}: this kind of URL cannot be read; copy the file to a disk or volume") from None
    return io.BufferedReader(system.open_input_file(inner))


def _regular(path: str) -> Path:
    """The path of a file that can be read more than once: a pipe would be waited for without end."""
    try:
        kind = Path(path).stat().st_mode
    except ValueError:  # a NUL in it
        raise FileNotFoundError(path) from None
    if not stat.S_ISREG(kind):
        raise CatalogError(f"{path}: is a pipe, device or socket, which cannot be read twice; write it to a file first")
    return Path(path)


def head_of(path: str) -> bytes:
    """The first 64 KB of the file, unzipped.    Raises:  CatalogError: not readable, or empty."""
    with open_bytes(path) as stream:
        head = stream.read(_HEAD_BYTES)
    if not head.strip():
        raise CatalogError(f"{path}: the file is empty; give a catalogue with a header and at least one product")
    return head


def check_gzip(path: str) -> None:
    """Raises CatalogError when the file is gzip and breaks off somewhere; costs a second per million rows."""
    with open_bytes(path) as stream:
        if isinstance(stream, GzipFile):
            while stream.read(1 << 20):
                pass


def format_of(path: str, head: bytes) -> Format:
    """What the file is, by its content where that is certain, else by its name, else CSV."""
    if head.startswith(b"PAR1"):
        return "parquet"
    named = next((kind for end in reversed(Path(path).suffixes) if (kind := _EXTENSIONS.get(end.lower()))), None)
    if named:
        return named
    return "jsonl" if re.match(rb"\s*(\[\s*)?\{", head.removeprefix(b"\xef\xbb\xbf")) else "csv"


def format_of_folder(path: str) -> Format:
    """What the folder is.    Raises:  CatalogError: neither a Delta table nor Parquet files."""
    folder = Path(path)
    if (folder / "_delta_log").is_dir():
        return "delta"
    if any(folder.rglob("*.parquet")):
        return "parquet"
    raise CatalogError(f"{path}: the folder holds neither a Delta table nor Parquet files; name a catalogue file")


def encoding_of(head: bytes, named: str | None) -> str:
    """The encoding: that of the mark at the beginning of the file, else the one named, else UTF-8 with or without a mark."""
    marked = next((encoding for mark, encoding in _MARKS.items() if head.startswith(mark)), None)
    named = "utf-8-sig" if named is None or named.lower() in {"utf-8", "utf8"} else named
    return marked or named


def refuse_binary(path: str, head: bytes, encoding: str) -> None:
    """Raises CatalogError when the bytes are no text at all (a picture, a spreadsheet, an archive)."""
    if head.startswith(_GZIP):
        raise CatalogError(f"{path}: is gzip inside gzip; unzip it once")
    wide = encoding.lower().replace("_", "-").startswith(("utf-16", "utf-32"))
    control = 1 - len(head.translate(None, delete=_CONTROL)) / len(head)
    if wide or b"\0" not in head or control < 0.05:
        return
    if head.count(b"\0") > 0.4 * len(head) and len(head.translate(None, delete=b"\0")) > len(head) / 4:
        raise CatalogError(
            f"{path}: looks like UTF-16 without a mark; save it as UTF-8, or set `encoding: utf-16-le` (or -be) in the mapping"
        )
    raise CatalogError(f"{path}: is not a text file (it holds binary data); export the catalogue as CSV, JSON lines or Parquet")


def delimiter_of(path: str, header: str) -> str:
    """The delimiter that cuts the header into most columns.    Raises:  CatalogError: none cuts it at all."""
    best = max(_DELIMITERS, key=header.count)
    if best not in header:
        raise CatalogError(
            f"{path}: is not a CSV catalogue: its first line holds no comma, semicolon, tab or bar "
            f"({header[:60]!r}); export it as CSV with a header"
        )
    return best


def refuse_columns(path: str, columns: tuple[str, ...]) -> None:
    """Raises CatalogError for columns without end, and when two share a name, so that nobody could say which is meant."""
    if len(columns) > MOST_COLUMNS:
        raise CatalogError(f"{path}: has {len(columns):,} columns, where {MOST_COLUMNS:,} are the most; leave out the rest")
    long = next((name for name in columns if len(name) > LONGEST_COLUMN), None)
    if long is not None:
        raise CatalogError(
            f"{path}: a column has a name of {len(long):,} characters ({short(long)}); close its quotes, or shorten it"
        )
    twice = sorted(name for name, times in Counter(columns).items() if times > 1)
    if twice:
        raise CatalogError(f"{path}: column {listed(twice)} stands in the header twice; rename one of them")
