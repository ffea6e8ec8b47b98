"""Rows of Parquet files. How many are unpacked at once depends on their size: a small file may unpack to a very large one."""

from collections.abc import Iterator
from pathlib import Path
from typing import Any

from outfit_pairing.catalog.rejects import reject
from outfit_pairing.catalog.rows import DEEPEST, MOST_COLUMNS, RawRow, typed_row
from outfit_pairing.errors import CatalogError, first_line

_MOST_ROWS = 5_000  # unpacked at once
_MOST_BYTES = 16 << 20  # … as far as they can be counted before
_MOST_LISTED = 100_000  # columns, or row groups, that a file may list: their list is read before anything can be counted
_LARGE = 64 << 20  # bytes of a column of a row group that so large is only with many rows …
_LARGE_CELL = 1 << 16  # … each of less than this


def parquet_rows(path: str) -> Iterator[RawRow]:
    """Every row of a Parquet file, or of a folder's files by name; the first row has number 1.

    Raises:  CatalogError: a file breaks off, or is damaged inside.
    """
    number = 0
    for batch in _batches(path):
        for one in _slices(batch):
            for row in _objects(one):
                number += 1
                yield _row(number, row)


def check_parquet(path: str) -> None:
    """Raises CatalogError when a file is damaged inside; costs a second per million rows."""
    for _ in _batches(path):
        pass


def parquet_files(path: str) -> list[Path]:
    """The file itself, or the folder's Parquet files in order of name."""
    place = Path(path)
    return sorted(file for file in place.rglob("*.parquet") if file.is_file()) if place.is_dir() else [place]


def parquet_columns(path: str) -> tuple[str, ...]:
    """The columns of all files, those of structs with the struct's name before them; a name as often as it stands in one file.

    Raises:  CatalogError: not readable, no rows, or columns without end.
    """
    from pyarrow import ArrowException

    try:
        files = [_opened(file) for file in parquet_files(path)]
        if sum(file.metadata.num_rows for file in files) == 0:
            raise CatalogError(f"{path}: holds no rows; give a catalogue with at least one product")
        if max(file.metadata.num_columns for file in files) > MOST_COLUMNS:
            raise CatalogError(f"{path}: has more than {MOST_COLUMNS:,} columns; give those of products only")
        columns: list[str] = []
        for file in files:
            known = frozenset(columns)
            columns += [name for name in nested_names(file.schema_arrow) if name not in known]
    except (ArrowException, OSError, RecursionError) as fault:
        raise _damaged(path, fault) from None
    return tuple(columns)


def nested_names(fields: Any, before: str = "", depth: int = DEEPEST) -> Iterator[str]:
    """Names of Arrow fields, those of structs with the struct's name before them, as `rows.as_texts` has them."""
    for field in fields:
        inner = [field.type.field(place) for place in range(field.type.num_fields)] if _is_struct(field.type) and depth else []
        yield from nested_names(inner, f"{before}{field.name}.", depth - 1) if inner else [f"{before}{field.name}"]


def _is_struct(kind: Any) -> bool:
    import pyarrow as pa

    return bool(pa.types.is_struct(kind))


def _opened(file: Path) -> Any:
    """A Parquet file whose texts stay as they are written: each different one once, however many rows have it."""
    import pyarrow as pa
    import pyarrow.parquet as pq

    schema = pq.ParquetFile(file, thrift_container_size_limit=_MOST_LISTED).schema_arrow
    texts = [field.name for field in schema if pa.types.is_string(field.type) or pa.types.is_binary(field.type)]
    return pq.ParquetFile(file, read_dictionary=texts, buffer_size=1 << 20, thrift_container_size_limit=_MOST_LISTED)


def _batches(path: str) -> Iterator[Any]:
    from pyarrow import ArrowException

    try:
        for file in parquet_files(path):
            opened = _opened(file)
            for place in range(opened.metadata.num_row_groups):
                group = opened.metadata.row_group(place)
                _refuse_large(path, group)
                rows = _MOST_BYTES * max(1, group.num_rows) // max(1, group.total_byte_size)
                yield from opened.iter_batches(batch_size=min(max(1, rows), _MOST_ROWS), row_groups=[place])
    except (ArrowException, OSError, ValueError) as fault:
        raise _damaged(path, fault) from None


def _refuse_large(path: str, group: Any) -> None:
    """Raises CatalogError for cells that no catalogue has: unpacking them might take all memory there is."""
    sizes = (group.column(place).total_uncompressed_size for place in range(group.num_columns))
    if max(sizes, default=0) > max(_LARGE, _LARGE_CELL * group.num_rows):
        raise CatalogError(f"{path}: holds cells of more than {_LARGE_CELL:,} bytes on average; give the columns of products only")


def _slices(batch: Any) -> Iterator[Any]:
    """The batch in pieces that stay small when every row has its own texts, as they then have."""
    import pyarrow as pa

    rows = max(1, min(batch.num_rows, _MOST_BYTES // max(1, sum(map(_longest, batch.columns)))))
    for start in range(0, batch.num_rows, rows):
        piece = batch.slice(start, rows)
        arrays = [column.dictionary_decode() if _is_dictionary(column) else column for column in piece.columns]
        yield pa.RecordBatch.from_arrays(arrays, piece.schema.names)


def _longest(column: Any) -> int:
    """Bytes of the longest text of a column whose texts are kept apart."""
    import pyarrow.compute as pc

    return int(pc.max(pc.binary_length(column.dictionary)).as_py() or 0) if _is_dictionary(column) else 0


def _is_dictionary(column: Any) -> bool:
    import pyarrow as pa

    return bool(pa.types.is_dictionary(column.type)) and column.dictionary.type in {pa.string(), pa.binary()}


def _objects(batch: Any) -> list[Any]:
    """A dictionary per row, or the fault of a row that has no Python objects: a text that is no UTF-8, a day in the year 20000."""
    from pyarrow import ArrowException

    try:
        return list(batch.to_pylist())
    except (ArrowException, ValueError, OverflowError) as fault:
        if batch.num_rows == 1:
            return [fault]
    return [row for place in range(batch.num_rows) for row in _objects(batch.slice(place, 1))]


def _row(number: int, row: Any) -> RawRow:
    if isinstance(row, UnicodeDecodeError):
        return RawRow(number, "", fault=reject("undecodable_bytes", encoding="UTF-8"))
    if isinstance(row, Exception):
        return RawRow(number, "", fault=reject("unreadable_value", fault=first_line(row)))
    return typed_row(number, row)


def _damaged(path: str, fault: Exception) -> CatalogError:
    return CatalogError(f"{path}: is not a readable Parquet file ({first_line(fault)}); write it again")
