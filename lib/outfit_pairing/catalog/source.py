"""The catalogue that settings name: found, recognised and matched with its mapping, before Spark starts."""

import json
from collections import Counter
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, replace
from itertools import islice
from pathlib import Path
from typing import Any

from outfit_pairing.catalog.csv_rows import CsvLayout, csv_rows, first_record
from outfit_pairing.catalog.files import (
    check_gzip,
    delimiter_of,
    encoding_of,
    format_of,
    format_of_folder,
    head_of,
    is_folder,
    is_table_name,
    is_url,
    open_bytes,
    refuse_binary,
    refuse_columns,
)
from outfit_pairing.catalog.json_rows import json_rows
from outfit_pairing.catalog.lines import LONGEST_ROW, is_sound, text_lines
from outfit_pairing.catalog.mapping import AUTO, CatalogueMapping, Format, load_mapping
from outfit_pairing.catalog.parquet_rows import check_parquet, parquet_columns, parquet_rows
from outfit_pairing.catalog.rows import DEEPEST, MOST_COLUMNS, RawRow
from outfit_pairing.catalog.said import FieldReader
from outfit_pairing.catalog.usual_columns import usual_mapping
from outfit_pairing.errors import CatalogError, MissingColumns, first_line, listed
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
    encoding: str = "utf-8-sig"

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
            return json_rows(self.path, self.encoding)
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
             A streamed catalogue has at least one row that can be sold; reading it will not fail.
    """
    mapping = None if settings.catalog.mapping == AUTO else load_mapping(settings.catalog.mapping)
    path = _place(settings.catalog.path)
    if is_table_name(path):
        return Catalogue(path, "delta", mapping)
    if is_url(path) and (kind := _format_at_url(path, mapping)) in {"delta", "parquet"}:
        return Catalogue(path, kind, mapping)
    catalogue = _matched(_opened(path, mapping))
    if catalogue.streamed:
        _refuse_unsellable(catalogue)
    return catalogue


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
    refuse_columns(place, catalogue.columns)
    return catalogue


def _place(path: str | None) -> str:
    if not path:
        raise CatalogError("no catalogue is given; name one with --catalog FILE or catalog.path in the settings")
    if path.startswith("file:///"):
        return path.removeprefix("file://")
    if not path.startswith("dbfs:/"):
        return path
    # what Databricks mounts as a disk is read as one: a volume where its path says, all else below /dbfs
    mounted = f"/{path.removeprefix('dbfs:').lstrip('/')}"
    return mounted if mounted.startswith("/Volumes/") else f"/dbfs{mounted}"


def _format_at_url(path: str, mapping: CatalogueMapping | None) -> Format:
    if mapping and mapping.format:
        return mapping.format
    return format_of(path, b"") if Path(path).suffix else "delta"


def _opened(path: str, mapping: CatalogueMapping | None) -> Catalogue:
    if is_folder(path):
        kind = (mapping and mapping.format) or format_of_folder(path)
        return _parquet_catalogue(path, mapping) if kind == "parquet" else Catalogue(path, kind, mapping, _delta_columns(path))
    head = head_of(path)
    kind = (mapping and mapping.format) or format_of(path, head)
    if kind == "parquet":
        return _parquet_catalogue(path, mapping)
    if kind == "delta":
        raise CatalogError(f"{path}: the mapping says Delta, but this is a file; name the table's folder")
    encoding = encoding_of(head, mapping.encoding if mapping else None)
    refuse_binary(path, head, encoding)
    check_gzip(path)
    return _json_catalogue(path, mapping, encoding) if kind == "jsonl" else _csv_catalogue(path, head, mapping, encoding)


def _matched(catalogue: Catalogue) -> Catalogue:
    if not catalogue.columns:
        return catalogue
    refuse_columns(catalogue.path, catalogue.columns)
    return replace(catalogue, mapping=catalogue.mapping_for(catalogue.columns))


def _refuse_unsellable(catalogue: Catalogue) -> None:
    """Raises CatalogError when no row can be sold; most catalogues show in the first that one can."""
    fields = FieldReader(catalogue.mapping_for(catalogue.columns))
    refused: Counter[str] = Counter()
    first = ""
    for row in catalogue.rows():
        fault = row.fault or fields.fault_of(fields.said(row.values))
        if fault is None:
            return
        refused[fault.reason_code] += 1
        first = first or f"line {row.line_number}: {fault.reason}"
    rows = f"none of its {refused.total():,} rows can be sold"
    raise CatalogError(f"{catalogue.path}: {rows} ({listed(sorted(refused))}; {first})")


def _csv_catalogue(path: str, head: bytes, mapping: CatalogueMapping | None, encoding: str) -> Catalogue:
    quoted = mapping is None or mapping.quoting == "double"
    newline = "\n" if b"\n" in head and not quoted else ""
    first = _first_line(path, encoding, newline)
    delimiter = (mapping and mapping.delimiter) or delimiter_of(path, first)
    header = mapping.header if mapping else True
    names = () if header is True else header
    layout = CsvLayout(names, delimiter, quoted, encoding, bool(mapping and mapping.repair), header is True, newline)
    if header is True:
        layout = replace(layout, columns=_header(path, layout))
    if len(layout.columns) < 2:
        raise CatalogError(f"{path}: its first line holds no {delimiter!r} ({first[:60]!r}); correct `delimiter:` in the mapping")
    if next(csv_rows(path, layout), None) is None:
        raise CatalogError(f"{path}: holds a header and no product; give a catalogue with at least one row")
    return Catalogue(path, "csv", mapping, layout.columns, layout, encoding)


def _first_line(path: str, encoding: str, newline: str) -> str:
    with open_bytes(path) as stream:
        lines = (line for line in text_lines(stream, encoding, path, newline) if line.strip())
        return next(lines, "").rstrip("\r\n")


def _header(path: str, layout: CsvLayout) -> tuple[str, ...]:
    """Column names; a nameless column is called by its place."""
    fields = first_record(path, layout)
    if fields is None:
        raise CatalogError(
            f"{path}: its header has quotes that do not fit, or more than {LONGEST_ROW:,} characters; correct its first line"
        )
    if not all(map(is_sound, fields)):
        raise CatalogError(
            f"{path}: its header is not {layout.encoding} text; save the file as UTF-8, or set `encoding:` in the mapping"
        )
    names = (name.strip() for name in fields)
    return tuple(name or f"column_{place}" for place, name in enumerate(names, 1))


def _json_catalogue(path: str, mapping: CatalogueMapping | None, encoding: str) -> Catalogue:
    columns: dict[str, None] = {}
    reason = "no line holds anything"
    for row in islice(json_rows(path, encoding), _ROWS_LOOKED_AT):
        columns.update(dict.fromkeys(row.values))
        if row.fault and not columns:
            reason = f"line {row.line_number}: {row.fault.reason}"
        if len(columns) > MOST_COLUMNS:
            raise CatalogError(f"{path}: its objects have more than {MOST_COLUMNS:,} different keys; give those of products only")
    if not columns:
        raise CatalogError(f"{path}: is not JSON lines: {reason}; write one object per line, or one array of objects")
    return Catalogue(path, "jsonl", mapping, tuple(columns), encoding=encoding)


def _parquet_catalogue(path: str, mapping: CatalogueMapping | None) -> Catalogue:
    columns = parquet_columns(path)
    check_parquet(path)
    return Catalogue(path, "parquet", mapping, columns)


def _delta_columns(path: str) -> tuple[str, ...]:
    """Columns by the newest commit that states them; none when only a checkpoint does, then Spark will tell."""
    try:
        for commit in sorted(Path(path, "_delta_log").glob("*.json"), reverse=True):
            for line in commit.read_text("utf-8").splitlines():
                schema = json.loads(line).get("metaData", {}).get("schemaString")
                if schema:
                    return tuple(_delta_names(json.loads(schema)["fields"]))
    except (OSError, ValueError, LookupError, TypeError, AttributeError, RecursionError) as fault:
        raise CatalogError(f"{path}: its _delta_log cannot be read ({first_line(fault)}); write the table again") from None
    return ()


def _delta_names(fields: Iterable[dict[str, Any]], before: str = "", depth: int = DEEPEST) -> Iterator[str]:
    for field in fields:
        kind = field.get("type")
        inner = kind.get("fields", []) if isinstance(kind, dict) and depth else []
        yield from _delta_names(inner, f"{before}{field['name']}.", depth - 1) if inner else [f"{before}{field['name']}"]
