"""Rubbish is read or refused: never a traceback, a hang, a lost row, or memory without bound."""

import gzip
import io
import sys
import tracemalloc
from collections import Counter
from collections.abc import Callable
from pathlib import Path

import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from outfit_pairing.catalog import Catalogue, open_catalogue
from outfit_pairing.catalog.lines import LONGEST_ROW
from outfit_pairing.catalog.rows import RawRow
from outfit_pairing.errors import CatalogError
from outfit_pairing.settings import Settings
from tests.broken_catalogues import KINDS, broken_catalogues
from tests.catalogue_judge import MEMORY, judged

ROWS = b"id,name,gender\n1,Red Shirt,Men\n2,Blue Skirt,Women\n"
MB = 1 << 20


in_bounds = pytest.mark.skipif(sys.platform != "linux", reason="memory is bounded and measured as Linux does it")


def hold(folder: Path, count: int, seed: int, large: int) -> None:
    """Every file ends accepted with every row accounted for, or refused in one line; prints how many did which."""
    folder.chmod(0o755)  # of an unreadable file the file is unreadable
    files = list(broken_catalogues(folder, count, seed, large))
    verdicts = judged([file.path for file in files])
    outcomes = Counter(verdict.outcome for verdict in verdicts)
    rows, rejected = sum(one.rows for one in verdicts), sum(one.rejected for one in verdicts)
    print(
        f"\n{count} files: {dict(outcomes)}; of {rows:,} rows {rejected:,} rejected; most memory {max(v.peak for v in verdicts):,}"
    )
    ended = list(zip(files, verdicts, strict=False))
    assert [f"{file}: {verdict.outcome} {verdict.said}" for file, verdict in ended if not verdict.sound] == []
    assert len(verdicts) == count
    read = [(file, verdict) for file, verdict in ended if verdict.outcome == "accepted" and file.rows is not None]
    wrong = [f"{file}: {verdict.rows} rows of {file.rows}" for file, verdict in read if verdict.rows != file.rows]
    assert wrong == []


@in_bounds
def test_every_kind_of_damage_alone_and_some_together(tmp_path: Path) -> None:
    """The short form: every kind once, and 50 combinations."""
    hold(tmp_path, len(KINDS) + 50, seed=20, large=3 * MB)


@in_bounds
@pytest.mark.slow
@pytest.mark.timeout(3_600)
def test_a_thousand_broken_catalogues(tmp_path: Path) -> None:
    """The long form, fields and lines of 64 MB, bombs of 1 GB: `pytest -m slow -s tests/unit/catalog/test_broken_catalogues.py`."""
    hold(tmp_path, 1_000, seed=1, large=64 * MB)


@pytest.fixture
def opened(tmp_path: Path, make_settings: Callable[..., Settings]) -> Callable[..., Catalogue]:
    """Opens a file of the given name and content."""

    def opened(name: str, content: bytes) -> Catalogue:
        (tmp_path / name).write_bytes(content)
        return open_catalogue(make_settings(f"catalog.path={tmp_path / name}"))

    return opened


def codes(rows: list[RawRow]) -> list[str | None]:
    """Reason codes, None for rows that can be read."""
    return [row.fault and row.fault.reason_code for row in rows]


@pytest.mark.parametrize("end", [b"\r", b"\r\n", b"\n", b"\r\n\r\n"])
def test_lines_may_end_as_on_any_system(opened: Callable[..., Catalogue], end: bytes) -> None:
    """Files of old Macs are read like those of Windows and Linux, mixed ones too."""
    rows = list(opened("x.csv", ROWS.replace(b"\n", end, 2)).rows())
    assert [row.values["name"] for row in rows] == ["Red Shirt", "Blue Skirt"]


@pytest.mark.parametrize("encoding", ["utf-16", "utf-32", "utf-8-sig"])
@pytest.mark.parametrize("name", ["x.csv", "x.jsonl"])
def test_a_mark_tells_the_encoding(opened: Callable[..., Catalogue], encoding: str, name: str) -> None:
    """What spreadsheets export as Unicode text needs no mapping."""
    text = "id\tname\n1\tGröße\n" if name == "x.csv" else '{"id": 1, "name": "Größe"}\n'
    assert [row.values["name"] for row in opened(name, text.encode(encoding)).rows()] == ["Größe"]


def test_half_a_letter_of_utf_16_costs_its_row_only(opened: Callable[..., Catalogue]) -> None:
    """A file that breaks off within a letter, or holds half a surrogate pair, is read up to there and beyond."""
    content = "id,name\n1,Tee\n2,T\n3,Tote\n4,Cap".encode("utf-16")[:-1].replace(b"2\0,\0T\0", b"2\0,\0\x3d\xd8")
    assert codes(list(opened("x.csv", content).rows())) == [None, "undecodable_bytes", None, "undecodable_bytes"]


def test_a_header_in_another_encoding_is_said_so(opened: Callable[..., Catalogue]) -> None:
    """A column name that cannot be decoded would be no column's name."""
    with pytest.raises(CatalogError, match="its header is not utf-8-sig"):
        opened("x.csv", "id,name,größe\n1,Tee,40\n".encode("latin-1"))


def test_a_wide_header_is_read_whole(opened: Callable[..., Catalogue]) -> None:
    """Also beyond what fits the first look at a file."""
    names = ["id", "name", *(f"attribute number {number}" for number in range(9_000))]
    (row,) = opened("x.csv", (",".join(names) + "\n" + "x," * 9_001 + "x\n").encode()).rows()
    assert len(row.values) == len(names)


def test_a_header_over_two_lines_is_one_header(opened: Callable[..., Catalogue]) -> None:
    """A quoted line break in a column name does not turn the header into a row."""
    catalogue = opened("x.csv", b'id,name,"price\n(EUR)"\n1,Tee,5\n')
    assert catalogue.columns == ("id", "name", "price\n(EUR)")
    assert [(row.line_number, row.values["name"]) for row in catalogue.rows()] == [(3, "Tee")]


@pytest.mark.parametrize(
    ("name", "content", "message"),
    [
        ("wide.csv", b"id,name," + b",".join(b"c%d" % n for n in range(100_000)) + b"\n1,a\n", "100,002 columns"),
        ("long.csv", b"id,name," + b"x" * 5_000 + b"\n1,a,b\n", "a name of 5,000 characters"),
        ("endless.csv", b"id,name," + b"x," * LONGEST_ROW + b"\n1,a,b\n", "its header has quotes that do not fit, or more than"),
        ("twice.csv.gz", gzip.compress(gzip.compress(ROWS, mtime=0), mtime=0), "gzip inside gzip"),
        ("wide.csv", ROWS.decode().encode("utf-16-le"), "set `encoding: utf-16-le`"),
        ("keys.jsonl", b"\n".join(b"{" + b",".join(b'"%d": 1' % (n * k) for n in range(99, 9_999)) + b"}" for k in (1, 2)), "keys"),
        ("ids.jsonl", b"\n".join(b'{"%d": 1, "%d": 2}' % (n, -n) for n in range(9_999)), "looks like an id"),
        ("nothing.csv", b"id,name\n,\n,x\n1,\n", "none of its 3 rows can be sold (missing_id, missing_name; line 2: no product id"),
    ],
)
def test_what_cannot_be_a_catalogue_is_refused_in_a_line(
    opened: Callable[..., Catalogue], name: str, content: bytes, message: str
) -> None:
    """What is wrong, where, and what to do about it, in a line that fits a screen."""
    with pytest.raises(CatalogError) as caught:
        opened(name, content)
    assert message in caught.value.what
    assert len(caught.value.what) < 1_000


def test_names_of_columns_cannot_spoil_the_message(opened: Callable[..., Catalogue]) -> None:
    """Signs that a terminal obeys are written out, and a long name is cut."""
    with pytest.raises(CatalogError) as caught:
        opened("x.csv", "\x1b[31mred,\u202eleft,".encode() + b"y" * 900 + b"\n1,2,3\n")
    assert "\\x1b[31mred, \\u202eleft, yyy" in caught.value.what
    assert "y" * 61 not in caught.value.what


def test_a_line_without_end_costs_its_own_row(opened: Callable[..., Catalogue]) -> None:
    """A field of megabytes is read up to a limit, beyond it refused; the rows around it are not touched."""
    long = b"3,Tote," + b"x" * (LONGEST_ROW + 10) + b"\n4,Cap,Men\n"
    for content in (ROWS + long, ROWS + long.replace(b",x", b',"x').replace(b"x\n", b'x"\n')):
        rows = list(opened("x.csv", content).rows())
        assert codes(rows) == [None, None, "row_too_large", None]
        assert [row.line_number for row in rows] == [2, 3, 4, 5]
    assert len(list(opened("x.csv", ROWS + b"3,Tote," + b"x" * 1_000_000 + b"\n").rows())[2].values["gender"]) == 1_000_000


def test_a_line_ten_times_as_long_takes_no_more_memory(opened: Callable[..., Catalogue]) -> None:
    """A gzip file of kilobytes may hold a line of hundreds of megabytes."""
    catalogue = opened("bomb.csv.gz", gzip.compress(ROWS + b"x" * (100 * MB) + b"\n3,Cap,Men\n"))
    tracemalloc.start()
    assert codes(list(catalogue.rows())) == [None, None, "row_too_large", None]
    assert tracemalloc.get_traced_memory()[1] < 16 * MB
    tracemalloc.stop()


def test_a_nul_costs_its_row_only(opened: Callable[..., Catalogue]) -> None:
    """No table of a shop's database takes one."""
    assert codes(list(opened("x.csv", ROWS + b"3,To\0te,Men\n4,Cap,Men\n").rows())) == [None, None, "binary_data", None]
    assert codes(list(opened("x.jsonl", b'{"id": 1, "name": "T"}\n{"id": 2, "name": "T\\u0000"}').rows())) == [None, "binary_data"]


@pytest.mark.parametrize(
    ("line", "code"),
    [
        (b"[" * 100_000, "bad_json"),
        (b'{"id": ' * 5_000 + b"1" + b"}" * 5_000, "bad_json"),
        (b'{"id": "1", "name": "T", "x": ' + b"[" * 990 + b"]" * 990 + b"}", "bad_json"),
        (b'{"id": ' + b"9" * 5_000 + b"}", "bad_json"),
        (b'{"id": "2", "name": "T", "\\udc00": 1}', "undecodable_bytes"),
        (b'{"id": "2", "name": "' + b"x" * 9_000 + b'\xff"}', "undecodable_bytes"),
        (b'{"id": "2", "name": "T", ' + b",".join(b'"k%d": 1' % n for n in range(20_000)) + b"}", "row_too_large"),
        (b'{"id": "2", "' + b"k" * 2_000 + b'": 1}', "row_too_large"),
        (b'{"id": "2", "name": "' + b"x" * LONGEST_ROW + b'"}', "row_too_large"),
        (b"null", "bad_json"),
        (b'["1", "Shirt"]', "bad_json"),
    ],
)
def test_a_line_of_odd_json_is_refused_alone(opened: Callable[..., Catalogue], line: bytes, code: str) -> None:
    """Nesting without end, numbers without end, keys that are no text: one row each, also on the first line."""
    good = b'{"id": "1", "name": "Tee"}'
    assert codes(list(opened("x.jsonl", good + b"\n" + line + b"\n" + good + b"\n").rows())) == [None, code, None]
    assert codes(list(opened("x.jsonl", line + b"\n" + good + b"\n").rows())) == [code, None]


def test_a_large_array_is_read_in_one_go(opened: Callable[..., Catalogue]) -> None:
    """Rows on one line are not read again for each of them; a value on the border of two blocks is one."""
    rows = b",".join(b'{"id": %d, "name": "Tee %d"}, %d' % (n, n, 10**9 + n) for n in range(50_000))
    found = list(opened("x.json", b"[" + rows + b"]").rows())
    assert (len(found), sum(row.fault is None for row in found)) == (100_000, 50_000)


def test_what_follows_an_array_is_not_lost(opened: Callable[..., Catalogue]) -> None:
    """Two exports in one file: the second is refused as one row, in words."""
    *rows, last = opened("x.json", b'[{"id": 1, "name": "Tee"}]\n[{"id": 2,\n "name": "Tote"}]\n').rows()
    assert codes(rows) == [None]
    assert last.fault is not None
    assert "follows the end of the array" in last.fault.reason


def parquet(table: pa.Table, **how: object) -> bytes:
    """The bytes of a Parquet file."""
    stream = io.BytesIO()
    pq.write_table(table, stream, **how)
    return stream.getvalue()


def test_texts_of_parquet_that_are_no_utf_8_cost_their_row(opened: Callable[..., Catalogue]) -> None:
    """Texts may be bytes without a type, and bytes need not be texts."""
    names = pa.array([b"Tee", b"Gr\xfcn", "Größe".encode()], pa.binary())
    for kind in (pa.string(), pa.binary()):
        rows = list(opened("x.parquet", parquet(pa.table({"id": ["1", "2", "3"], "name": names.view(kind)}))).rows())
        assert codes(rows) == [None, "undecodable_bytes", None]
        assert rows[2].values["name"] == "Größe"


def test_a_day_beyond_the_calendar_costs_its_row(opened: Callable[..., Catalogue]) -> None:
    """A date that Python has none for is refused with its row."""
    table = pa.table({"id": ["1", "2"], "name": ["Tee", "Tote"], "since": pa.array([1, 10_000_000], pa.date32())})
    assert codes(list(opened("x.parquet", parquet(table)).rows())) == [None, "unreadable_value"]


def test_parquet_that_is_damaged_inside_is_refused(opened: Callable[..., Catalogue]) -> None:
    """Also where its end, which tells its columns, is whole."""
    content = bytearray(parquet(pa.table({"id": [f"{n}" for n in range(5_000)], "name": ["Tee"] * 5_000}), compression="zstd"))
    content[200:4_000] = b"\xff" * 3_800
    with pytest.raises(CatalogError, match="is not a readable Parquet file"):
        opened("x.parquet", bytes(content))


def test_two_columns_of_parquet_with_one_name_are_refused(opened: Callable[..., Catalogue]) -> None:
    """As in any other file."""
    with pytest.raises(CatalogError, match="column name stands in the header twice"):
        opened("x.parquet", parquet(pa.Table.from_arrays([pa.array(["1"])] * 3, names=["id", "name", "name"])))


def test_small_parquet_of_large_texts_stays_small_in_memory(opened: Callable[..., Catalogue]) -> None:
    """A text that a thousand rows share is a megabyte in the file, and a thousand in rows."""
    table = pa.table({"id": [f"{n}" for n in range(300)], "name": ["Tee"] * 300, "x": ["y" * MB] * 300})
    catalogue = opened("x.parquet", parquet(table, compression="zstd"))
    tracemalloc.start()
    before = pa.total_allocated_bytes()
    assert sum(len(row.values["x"]) == MB for row in catalogue.rows()) == 300
    assert tracemalloc.get_traced_memory()[1] < 64 * MB
    tracemalloc.stop()
    assert pa.default_memory_pool().max_memory() - before < MEMORY


def test_a_broken_log_of_a_delta_table_is_said_so(tmp_path: Path, make_settings: Callable[..., Settings]) -> None:
    """Half a commit tells no columns."""
    (tmp_path / "table" / "_delta_log").mkdir(parents=True)
    (tmp_path / "table" / "_delta_log" / "0.json").write_bytes(b'{"metaData": {"schemaStr')
    with pytest.raises(CatalogError, match="its _delta_log cannot be read"):
        open_catalogue(make_settings(f"catalog.path={tmp_path / 'table'}"))
