"""The catalogue that settings name: found, recognised and matched with its mapping, before Spark starts."""

import csv
import io
import json
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from itertools import islice
from pathlib import Path
from typing import Any

from outfit_pairing.catalog.files import (
    check_gzip,
    delimiter_of,
    format_of,
    format_of_folder,
    head_of,
    is_table_name,
    is_url,
    refuse_binary,
    refuse_doubles,
)
from outfit_pairing.catalog.mapping import AUTO, CatalogueMapping, Format, load_mapping
from outfit_pairing.catalog.rows import (
    DEEPEST,
    CsvLayout,
    RawRow,
    csv_rows,
    json_rows,
    parquet_files,
    parquet_rows,
    text_lines,
)
from outfit_pairing.catalog.usual_columns import usual_mapping
from outfit_pairing.errors import CatalogError, MissingColumns
from outfit_pairing.settings import Settings

_ROWS_LOOKED_AT = 1_000  # JSON lines have no header: columns are those of the first rows


@dataclass(frozen=True, slots=True)
class Catalogue:
    """A catalogue that can be read. `columns` is empty where only Spark can tell them (tables, object stores)."""

    path: str
    format: Format
    mapping: CatalogueMapping | None  # None: found by the usual names once the columns are known
    columns: tuple[str, ...] = ()
    layout: CsvLayout | None = None

    @property
    def source(self) -> str:
        """What `rejected_products` calls it: the file's name without its folder, or the table's name."""
        return self.path if is_table_name(self.path) else self.path.rstrip("/").rsplit("/", 1)[-1]

    @property
    def streamed(self) -> bool:
        """Whether this process reads it row by row; Delta and Parquet in object stores are read by Spark."""
        return self.format in {"csv", "jsonl"} or (self.format == "parquet" and not is_url(self.path))

    def rows(self) -> Iterator[RawRow]:
        """Every row, in file order; for streamed catalogues."""
        if self.layout is not None:
            return csv_rows(self.path, self.layout)
        if self.format == "jsonl":
            return json_rows(self.path, self.mapping.encoding if self.mapping else "utf-8-sig")
        return parquet_rows(self.path)

    def mapping_for(self, columns: tuple[str, ...]) -> CatalogueMapping:
        """The mapping, found by the usual names when none was named.

        Raises:  MissingColumns: the mapping names a column that is not there.
                 CatalogError: no mapping was named and no column looks like an id or a name.
        """
        mapping = self.mapping or usual_mapping(columns, self.path)
        named = mapping.columns.named()
        missing = [column for column in named.values() if column not in columns]
        if missing:
            raise MissingColumns(self.path, missing, columns)
        return mapping


def check_catalog(settings: Settings) -> None:
    """Raises InputError, in one line, for a catalogue or mapping that cannot be used. Needs no Spark, writes nothing."""
    open_catalogue(settings)


def open_catalogue(settings: Settings) -> Catalogue:
    """The catalogue of `catalog.path`, read with `catalog.mapping`.

    Raises:  CatalogError: no path, unknown mapping, no such file, empty, not what it claims to be.
             MissingColumns: the mapping names a column that the catalogue does not have.
    """
    mapping = None if settings.catalog.mapping == AUTO else load_mapping(settings.catalog.mapping)
    path = _place(settings.catalog.path)
    if is_table_name(path):
        return Catalogue(path, "delta", mapping)
    if is_url(path) and (kind := _format_at_url(path, mapping)) in {"delta", "parquet"}:
        return Catalogue(path, kind, mapping)
    return _matched(_opened(path, mapping))


def recognised(path: str) -> Catalogue:
    """A file whose layout nobody has described yet, with its columns and no mapping.

    Raises:  CatalogError: as `open_catalogue`, or it is a table, or lies in an object store and only Spark can read it.
    """
    place = _place(path)
    if is_table_name(place) or is_url(place):
        raise CatalogError(f"{path}: only files on a disk can be looked at without Spark; copy some of its rows to a CSV file")
    catalogue = _opened(place, None)
    if not catalogue.streamed:
        raise CatalogError(
            f"{path}: a Delta table cannot be looked at without Spark; write some of its rows to a CSV or Parquet file"
        )
    refuse_doubles(place, catalogue.columns)
    return catalogue


def _place(path: str | None) -> str:
    if not path:
        raise CatalogError("no catalogue is given; name one with --catalog FILE or catalog.path in the settings")
    # what Databricks mounts as a disk is read as one
    return path.removeprefix("file://") if path.startswith("file:///") else path.replace("dbfs:/", "/dbfs/", 1)


def _format_at_url(path: str, mapping: CatalogueMapping | None) -> Format:
    if mapping and mapping.format:
        return mapping.format
    return format_of(path, b"") if Path(path).suffix else "delta"


def _opened(path: str, mapping: CatalogueMapping | None) -> Catalogue:
    if Path(path).is_dir():
        kind = (mapping and mapping.format) or format_of_folder(path)
        return Catalogue(path, kind, mapping, _parquet_columns(path) if kind == "parquet" else _delta_columns(path))
    head = head_of(path)
    kind = (mapping and mapping.format) or format_of(path, head)
    if kind == "parquet":
        return Catalogue(path, kind, mapping, _parquet_columns(path))
    if kind == "delta":
        raise CatalogError(f"{path}: the mapping says Delta, but this is a file; name the table's folder")
    refuse_binary(path, head, mapping.encoding if mapping else "")
    check_gzip(path)
    return _json_catalogue(path, mapping) if kind == "jsonl" else _csv_catalogue(path, head, mapping)


def _matched(catalogue: Catalogue) -> Catalogue:
    if not catalogue.columns:
        return catalogue
    refuse_doubles(catalogue.path, catalogue.columns)
    mapping = catalogue.mapping_for(catalogue.columns)
    return Catalogue(catalogue.path, catalogue.format, mapping, catalogue.columns, catalogue.layout)


def _csv_catalogue(path: str, head: bytes, mapping: CatalogueMapping | None) -> Catalogue:
    encoding = mapping.encoding if mapping else "utf-8-sig"
    encoding = "utf-8-sig" if encoding.lower() in {"utf-8", "utf8"} else encoding
    first = _first_line(path, head, encoding)
    delimiter = (mapping and mapping.delimiter) or delimiter_of(path, first)
    quoted = mapping is None or mapping.quoting == "double"
    header = mapping.header if mapping else True
    names = _header(first, delimiter, quoted) if header is True else header
    if len(names) < 2:
        raise CatalogError(f"{path}: its first line holds no {delimiter!r} ({first[:60]!r}); correct `delimiter:` in the mapping")
    join_last = bool(mapping and mapping.repair)
    layout = CsvLayout(names, delimiter, quoted, encoding, join_last, has_header=header is True)
    if next(csv_rows(path, layout), None) is None:
        raise CatalogError(f"{path}: holds a header and no product; give a catalogue with at least one row")
    return Catalogue(path, "csv", mapping, names, layout)


def _first_line(path: str, head: bytes, encoding: str) -> str:
    try:
        return next(text_lines(io.BytesIO(head), encoding), "").rstrip("\r\n")
    except UnicodeError as fault:
        raise CatalogError(f"{path}: is not {encoding} text ({fault}); set `encoding:` in the mapping") from None


def _header(line: str, delimiter: str, quoted: bool) -> tuple[str, ...]:
    """Column names; a nameless column is called by its place."""
    fields = next(csv.reader([line], delimiter=delimiter), []) if quoted else line.split(delimiter)
    names = (name.strip() for name in fields)
    return tuple(name or f"column_{place}" for place, name in enumerate(names, 1))


def _json_catalogue(path: str, mapping: CatalogueMapping | None) -> Catalogue:
    rows = list(islice(json_rows(path, mapping.encoding if mapping else "utf-8-sig"), _ROWS_LOOKED_AT))
    columns = tuple(dict.fromkeys(column for row in rows for column in row.values))
    if not columns:
        reason = rows[0].fault.reason if rows and rows[0].fault else "no line holds anything"
        raise CatalogError(f"{path}: is not JSON lines: {reason}; write one object per line, or one array of objects")
    return Catalogue(path, "jsonl", mapping, columns)


def _parquet_columns(path: str) -> tuple[str, ...]:
    import pyarrow.parquet as pq
    from pyarrow import ArrowException

    try:
        files = [pq.ParquetFile(file) for file in parquet_files(path)]
        if sum(file.metadata.num_rows for file in files) == 0:
            raise CatalogError(f"{path}: holds no rows; give a catalogue with at least one product")
        return tuple(dict.fromkeys(name for file in files for name in nested_names(file.schema_arrow)))
    except (ArrowException, OSError) as fault:
        raise CatalogError(f"{path}: is not a readable Parquet file ({str(fault).splitlines()[0]}); write it again") from None


def nested_names(fields: Iterable[Any], before: str = "", depth: int = DEEPEST) -> Iterator[str]:
    """Names of Arrow fields, those of structs with the struct's name before them, as `rows.as_texts` has them."""
    for field in fields:
        inner = [field.type.field(place) for place in range(field.type.num_fields)] if _is_struct(field.type) and depth else []
        yield from nested_names(inner, f"{before}{field.name}.", depth - 1) if inner else [f"{before}{field.name}"]


def _is_struct(kind: Any) -> bool:
    import pyarrow as pa

    return bool(pa.types.is_struct(kind))


def _delta_columns(path: str) -> tuple[str, ...]:
    """Columns by the newest commit that states them; none when only a checkpoint does, then Spark will tell."""
    for commit in sorted(Path(path, "_delta_log").glob("*.json"), reverse=True):
        for line in commit.read_text("utf-8").splitlines():
            schema = json.loads(line).get("metaData", {}).get("schemaString")
            if schema:
                return tuple(_delta_names(json.loads(schema)["fields"]))
    return ()


def _delta_names(fields: Iterable[dict[str, Any]], before: str = "", depth: int = DEEPEST) -> Iterator[str]:
    for field in fields:
        kind = field.get("type")
        inner = kind.get("fields", []) if isinstance(kind, dict) and depth else []
        yield from _delta_names(inner, f"{before}{field['name']}.", depth - 1) if inner else [f"{before}{field['name']}"]
