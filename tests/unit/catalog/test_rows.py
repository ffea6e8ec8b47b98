"""Raw rows: every line is accounted for, whatever quotes, commas and bytes it holds."""

import csv
import io
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from outfit_pairing.catalog.csv_rows import CsvLayout, csv_rows
from outfit_pairing.catalog.json_rows import json_rows
from outfit_pairing.catalog.rejects import Reject
from outfit_pairing.catalog.rows import RawRow, as_texts, unpacked

COLUMNS = ("id", "colour", "name")


def read(tmp_path: Path, content: str | bytes, **layout: object) -> list[RawRow]:
    """Rows of a CSV file with the columns id, colour, name and that content below the header."""
    path = tmp_path / "rows.csv"
    path.write_bytes(b"id,colour,name\n" + (content if isinstance(content, bytes) else content.encode()))
    return list(csv_rows(str(path), CsvLayout(COLUMNS, **layout)))  # type: ignore[arg-type]


def test_surplus_commas_of_the_last_column_are_joined_again(tmp_path: Path) -> None:
    """A name with unescaped commas is repaired, counted, and whole."""
    (row,) = read(tmp_path, "1,red,Shirt, red, large\n", quoted=False, join_last=True)
    assert (row.values["name"], row.repaired, row.fault) == ("Shirt, red, large", True, None)


def test_surplus_empty_fields_are_dropped(tmp_path: Path) -> None:
    """Trailing commas of a spreadsheet do no harm."""
    (row,) = read(tmp_path, "1,red,Shirt,,\n")
    assert (row.values["name"], row.repaired) == ("Shirt", True)


@pytest.mark.parametrize(
    ("line", "code"),
    [("1,red", "too_few_fields"), ("1,red,Shirt,large", "too_many_fields"), (b"1,gr\xfcn,Shirt", "undecodable_bytes")],
)
def test_a_row_that_cannot_be_read_says_why(tmp_path: Path, line: str | bytes, code: str) -> None:
    """The fault carries a code, a remedy, and the row as it was."""
    (row,) = read(tmp_path, line)
    assert row.fault is not None
    assert (row.fault.reason_code, row.line_number, dict(row.values)) == (code, 2, {})
    assert ";" in row.fault.reason  # what is wrong; how to mend it
    assert row.raw.startswith("1,")


def test_undecodable_bytes_name_their_column(tmp_path: Path) -> None:
    """One bad letter is found without searching the file."""
    (row,) = read(tmp_path, b"1,gr\xfcn,Shirt")
    assert row.fault is not None
    assert row.fault.column == "colour"


def test_another_encoding_is_read_when_the_mapping_says_so(tmp_path: Path) -> None:
    """A file of an older system keeps its umlauts."""
    (row,) = read(tmp_path, b"1,gr\xfcn,Shirt", encoding="cp1252")
    assert row.values["colour"] == "grün"


def test_a_bare_quote_is_a_letter_when_quoting_is_off(tmp_path: Path) -> None:
    """Inches do not swallow the next row."""
    rows = read(tmp_path, '1,red,"Shirt\n2,red,17" Bag\n', quoted=False)
    assert [row.values["name"] for row in rows] == ['"Shirt', '17" Bag']


def test_an_unclosed_quote_costs_its_own_line_only(tmp_path: Path) -> None:
    """Rows after a stray quote come out, with their own line numbers."""
    rows = read(tmp_path, '1,red,"Shirt\n2,blue,Skirt\n3,"navy, blue",Cap\n')
    assert [(row.line_number, row.values["id"], row.fault) for row in rows] == [(2, "1", None), (3, "2", None), (4, "3", None)]
    assert [row.repaired for row in rows] == [True, False, False]


def test_many_stray_quotes_do_not_stop_the_reading(tmp_path: Path) -> None:
    """A thousand unclosed quotes give a thousand rows."""
    rows = read(tmp_path, "".join(f'{number},red,"Shirt {number}\n' for number in range(1_000)))
    assert [row.line_number for row in rows] == list(range(2, 1_002))


def test_a_line_break_inside_quotes_belongs_to_the_field(tmp_path: Path) -> None:
    """A description over two lines is one row that starts on its first line."""
    rows = read(tmp_path, '1,red,"Shirt\nfor men"\n\n2,blue,Skirt\n')
    assert [(row.line_number, row.values["name"]) for row in rows] == [(2, "Shirt\nfor men"), (5, "Skirt")]


@settings(deadline=None)
@given(st.lists(st.tuples(*(st.text(st.characters(codec="utf-8", exclude_characters="\0\r\n"), max_size=6),) * 3), max_size=20))
def test_what_a_csv_writer_wrote_is_read_back(tmp_path_factory: pytest.TempPathFactory, table: list[tuple[str, str, str]]) -> None:
    """Quotes, commas and any letters survive the way through a file, row by row."""
    stream = io.StringIO()
    csv.writer(stream, quoting=csv.QUOTE_ALL, lineterminator="\n").writerows(table)
    rows = read(tmp_path_factory.mktemp("csv"), stream.getvalue())
    assert [tuple(row.values.values()) for row in rows] == [tuple(field.strip() for field in fields) for fields in table]


@settings(deadline=None)
@given(st.lists(st.text(st.sampled_from('ab,"'), max_size=8), max_size=30))
def test_every_line_comes_out_as_a_row_or_a_reject(tmp_path_factory: pytest.TempPathFactory, lines: list[str]) -> None:
    """However the quotes of a file are broken, no physical line is lost and none is counted twice."""
    rows = read(tmp_path_factory.mktemp("csv"), "\n".join(lines) + "\n")
    covered = [number for row in rows for number in range(row.line_number, row.line_number + row.raw.count("\n") + 1)]
    assert covered == [number for number, line in enumerate(lines, 2) if line or number in covered]
    assert all(bool(row.values) != bool(row.fault) for row in rows)


def test_json_lines_keep_line_numbers_and_faults(tmp_path: Path) -> None:
    """A bad line between good ones is refused alone."""
    path = tmp_path / "rows.jsonl"
    path.write_text('{"id": 1, "tags": ["a", "b"], "sale": true, "was": null}\n\n{"id": 2\n[3]\n{"id": "\\ud800"}\n', "utf-8")
    rows = list(json_rows(str(path), "utf-8"))
    assert rows[0].values == {"id": "1", "tags": '["a", "b"]', "sale": "true"}
    faults = [(row.line_number, row.fault.reason_code) for row in rows if row.fault]
    assert faults == [(3, "bad_json"), (4, "bad_json"), (5, "undecodable_bytes")]


def test_numbers_of_a_table_look_as_the_shop_writes_them() -> None:
    """An id that a spreadsheet made 12.0 is 12 again; NaN says nothing."""
    assert as_texts({"id": 12.0, "price": 9.5, "gone": float("nan"), "none": None}) == {"id": "12", "price": "9.5"}


FAULTS = st.builds(Reject, st.text(max_size=9), st.text(max_size=9), st.none() | st.text(max_size=9))
CELLS = st.dictionaries(st.text(max_size=9), st.text(max_size=9), max_size=4)


@given(st.builds(RawRow, st.integers(1), st.text(max_size=9), CELLS, st.none() | FAULTS, st.booleans()))
def test_a_row_comes_out_of_another_process_as_it_went_in(row: RawRow) -> None:
    """Whatever it holds, columns in their order."""
    back = unpacked(row.packed())
    assert back == row
    assert list(back.values) == list(row.values)
