"""Catalogues that cannot be used are refused in one line, before Spark starts; the others are recognised."""

import gzip
import json
from collections.abc import Callable
from pathlib import Path

import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from outfit_pairing.catalog import check_catalog, open_catalogue
from outfit_pairing.catalog.source import Catalogue
from outfit_pairing.errors import CatalogError, MissingColumns
from outfit_pairing.settings import Settings

MakeSettings = Callable[..., Settings]
ROWS = "id,name,gender\n1,Red Shirt,Men\n2,Blue Skirt,Women\n"


@pytest.fixture
def opened(tmp_path: Path, make_settings: MakeSettings) -> Callable[..., Catalogue]:
    """Opens a file of the given name and content."""

    def opened(name: str, content: bytes | str, mapping: str = "auto") -> Catalogue:
        path = tmp_path / name
        path.write_bytes(content.encode() if isinstance(content, str) else content)
        return open_catalogue(make_settings(f"catalog.path={path}", f"catalog.mapping={mapping}"))

    return opened


@pytest.mark.parametrize(
    ("name", "content", "message"),
    [
        ("empty.csv", b"", "the file is empty"),
        ("blank.csv", b"\n \n", "the file is empty"),
        ("empty.csv.gz", gzip.compress(b"", mtime=0), "the file is empty"),
        ("header.csv", b"id,name\n", "holds a header and no product"),
        ("picture.csv", b"\x89PNG\r\n\x1a\n\0\0\0\rIHDR", "is not a text file"),
        ("letter.csv", b"Dear shop\nplease find attached\n", "is not a CSV catalogue"),
        ("broken.csv.gz", gzip.compress(ROWS.encode() * 99, mtime=0)[:-20], "the gzip file is broken"),
        ("rubbish.csv.gz", b"\x1f\x8brubbish and more", "the gzip file is broken"),
        ("twice.csv", b"id,name,name\n1,a,b\n", "column name stands in the header twice"),
        ("list.json", b"[1, 2]\n", "write one object per line, or one array of objects"),
        ("half.json", b'[{"id": 1, "name": \n', "the array breaks off"),
        ("other.jsonl", b"id,name\n1,a\n", "is not JSON lines"),
        ("x.parquet", b"PAR1 and no more", "is not a readable Parquet file"),
    ],
)
def test_a_file_that_is_no_catalogue_says_what_it_is_instead(
    opened: Callable[..., Catalogue], name: str, content: bytes, message: str
) -> None:
    """One line names the file and how to mend it."""
    with pytest.raises(CatalogError) as caught:
        opened(name, content)
    assert name in caught.value.what
    assert message in caught.value.what


@pytest.mark.parametrize(
    ("path", "message"),
    [("", "no catalogue is given"), ("/no/such/file.csv", "there is no such file"), ("foo://bucket/x.csv", "kind of URL")],
)
def test_a_catalogue_that_is_not_there_is_said_so(make_settings: MakeSettings, path: str, message: str) -> None:
    """A missing path and a missing file are told apart."""
    with pytest.raises(CatalogError, match=message):
        check_catalog(make_settings(f"catalog.path={path}"))


def test_a_mapping_that_names_an_absent_column_lists_those_present(opened: Callable[..., Catalogue]) -> None:
    """The message holds the names that the mapping could have used."""
    with pytest.raises(MissingColumns) as caught:
        opened("x.csv", ROWS, mapping="myntra")
    assert "productDisplayName" in caught.value.what
    assert "it has id, name, gender" in caught.value.what


def test_a_folder_without_a_table_is_refused(tmp_path: Path, make_settings: MakeSettings) -> None:
    """A folder is a Delta table, or holds Parquet files, or is a mistake."""
    with pytest.raises(CatalogError, match="neither a Delta table nor Parquet files"):
        check_catalog(make_settings(f"catalog.path={tmp_path}"))


@pytest.mark.parametrize(("delimiter", "name"), [(",", "a.csv"), (";", "b.csv"), ("\t", "c.tsv"), ("|", "d.txt")])
def test_the_delimiter_is_seen_from_the_header(opened: Callable[..., Catalogue], delimiter: str, name: str) -> None:
    """Nobody has to say that a file is cut by semicolons."""
    catalogue = opened(name, ROWS.replace(",", delimiter))
    assert [row.values["name"] for row in catalogue.rows()] == ["Red Shirt", "Blue Skirt"]


def test_column_names_may_be_quoted_missing_or_marked(opened: Callable[..., Catalogue]) -> None:
    """A byte order mark, quotes with commas and a nameless column do not hide the others."""
    catalogue = opened("x.csv", '\ufeffid,name,"size, EU",\n1,Red Shirt,40,x\n')
    assert catalogue.columns == ("id", "name", "size, EU", "column_4")
    assert next(catalogue.rows()).values["id"] == "1"


def test_gzip_is_seen_from_the_bytes(opened: Callable[..., Catalogue]) -> None:
    """A zipped file is read whatever it is called."""
    assert len(list(opened("catalogue.csv", gzip.compress(ROWS.encode())).rows())) == 2


def test_a_file_without_header_gets_its_names_from_the_mapping(tmp_path: Path, opened: Callable[..., Catalogue]) -> None:
    """`header: [names]` makes the first line a product."""
    mapping = tmp_path / "bare.yaml"
    mapping.write_text("header: [sku, title]\ncolumns: {product_id: sku, name: title}", "utf-8")
    rows = list(opened("x.csv", "1,Red Shirt\n2,Blue Skirt\n", mapping=str(mapping)).rows())
    assert [(row.line_number, row.values["sku"]) for row in rows] == [(1, "1"), (2, "2")]


def test_a_file_url_is_read_like_the_file(tmp_path: Path, make_settings: MakeSettings) -> None:
    """URLs that name a disk need no object store."""
    (tmp_path / "x.csv").write_text(ROWS, "utf-8")
    catalogue = open_catalogue(make_settings(f"catalog.path=file://{tmp_path}/x.csv"))
    assert (catalogue.source, len(list(catalogue.rows()))) == ("x.csv", 2)


def test_json_lines_and_parquet_give_the_rows_of_the_same_csv(
    tmp_path: Path, opened: Callable[..., Catalogue], make_settings: MakeSettings
) -> None:
    """The same products come out of every format."""
    wanted = [row.values for row in opened("x.csv", ROWS).rows()]
    table = [{"id": 1, "name": "Red Shirt", "gender": "Men"}, {"id": 2.0, "name": "Blue Skirt ", "gender": "Women"}]
    lines = opened("x.jsonl", "\n".join(map(json.dumps, table)))
    assert [row.values for row in lines.rows()] == wanted
    pq.write_table(pa.Table.from_pylist([{**row, "id": float(str(row["id"]))} for row in table]), tmp_path / "x.parquet")
    parquet = open_catalogue(make_settings(f"catalog.path={tmp_path / 'x.parquet'}"))
    assert [row.values for row in parquet.rows()] == wanted
    assert [row.line_number for row in parquet.rows()] == [1, 2]


def test_objects_inside_objects_are_columns_of_their_own(tmp_path: Path, opened: Callable[..., Catalogue]) -> None:
    """Nested JSON needs no mapping: the last part of a dotted name says what it is, in Parquet and arrays too."""
    rows = [
        {
            "id": 7,
            "product": {"title": "Hoop Earrings", "color": {"name": "Gold"}},
            "price": {"amount": "12.00", "currency": "EUR"},
        },
        {"id": 8, "product": {"title": "Tote", "color": {"name": "Tan"}}, "price": {"amount": "1.299,00", "currency": "EUR"}},
    ]
    lines = opened("x.jsonl", "\n".join(map(json.dumps, rows)))
    assert lines.mapping is not None
    assert lines.mapping.columns.named() == {
        "product_id": "id",
        "name": "product.title",
        "colour": "product.color.name",
        "price": "price.amount",
        "currency": "price.currency",
    }
    wanted = [dict(row.values) for row in lines.rows()]
    assert wanted[0]["product.color.name"] == "Gold"
    for indent in (None, 2):
        array = opened("x.json", json.dumps(rows, indent=indent))
        assert [dict(row.values) for row in array.rows()] == wanted
    pq.write_table(pa.Table.from_pylist(rows), tmp_path / "x.parquet")
    parquet = opened("y.parquet", (tmp_path / "x.parquet").read_bytes())
    assert [dict(row.values) for row in parquet.rows()] == wanted


def test_a_broken_element_of_an_array_is_refused_and_those_before_it_are_read(opened: Callable[..., Catalogue]) -> None:
    """Products in front of a fault are not lost."""
    rows = list(opened("x.json", '[{"id": 1, "name": "Tee"}, 5, {"id": 2, "name": "Tote"}, {"id": 3, "na').rows())
    assert [row.values.get("id") for row in rows] == ["1", None, "2", None]
    assert [row.fault is not None for row in rows] == [False, True, False, True]


def test_the_columns_of_a_delta_table_are_checked_without_spark(tmp_path: Path, make_settings: MakeSettings) -> None:
    """A wrong mapping of a table costs no Spark start either."""
    log = tmp_path / "table" / "_delta_log"
    log.mkdir(parents=True)
    schema = json.dumps({"fields": [{"name": "id"}, {"name": "price"}]})
    (log / "00000000000000000000.json").write_text(json.dumps({"metaData": {"schemaString": schema}}) + "\n", "utf-8")
    with pytest.raises(CatalogError, match="no column looks like a name"):
        check_catalog(make_settings(f"catalog.path={tmp_path / 'table'}"))


def test_the_real_catalogue_is_recognised(catalogue_file: Path, make_settings: MakeSettings) -> None:
    """The public catalogue opens by its mapping, with all its rows."""
    catalogue = open_catalogue(make_settings(f"catalog.path={catalogue_file}", "catalog.mapping=myntra"))
    rows = list(catalogue.rows())
    assert (len(rows), sum(row.repaired for row in rows), sum(row.fault is not None for row in rows)) == (44_446, 22, 0)


@pytest.mark.parametrize(
    ("given", "read"),
    [
        ("dbfs:/Volumes/main/shop/files/incoming/no.csv", "/Volumes/main/shop/files/incoming/no.csv"),
        ("dbfs:///Volumes/main/shop/files/incoming/no.csv", "/Volumes/main/shop/files/incoming/no.csv"),
        ("dbfs:/incoming/no.csv", "/dbfs/incoming/no.csv"),
        ("file:///incoming/no.csv", "/incoming/no.csv"),
    ],
)
def test_paths_of_databricks_are_read_where_they_are_mounted(make_settings: MakeSettings, given: str, read: str) -> None:
    """A volume is no folder below /dbfs."""
    with pytest.raises(CatalogError, match=f"^{read}: "):
        open_catalogue(make_settings(f"catalog.path={given}"))
