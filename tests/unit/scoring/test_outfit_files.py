"""Files of outfits are read as they are meant, or refused with the line and what to write instead."""

from pathlib import Path

import pytest

from outfit_pairing.errors import OutfitsError
from outfit_pairing.scoring.outfit_files import GivenOutfit, check_writable, read_outfits, scores_text, write_whole


def read(tmp_path: Path, text: str, encoding: str = "utf-8") -> list[GivenOutfit]:
    path = tmp_path / "outfits.jsonl"
    path.write_bytes(text.encode(encoding))
    return read_outfits(path)


def test_outfits_come_in_the_order_given(tmp_path: Path) -> None:
    """Ids keep leading zeros, numbers become text, other fields and blank lines are passed over, ids may come again."""
    text = '{"outfit_id": "b", "items": ["007", 12], "by": "Ann"}\n\n{"items": [], "outfit_id": 3}\r\n'
    text += '{"outfit_id": "b", "items": [" x "]}'
    assert read(tmp_path, text, "utf-8-sig") == [GivenOutfit("b", ("007", "12")), GivenOutfit("3", ()), GivenOutfit("b", ("x",))]


def test_only_a_line_end_ends_a_line(tmp_path: Path) -> None:
    """A line separator of Unicode may stand in a text, and is counted as no line."""
    text = '{"outfit_id": "a\u2028b", "items": ["x\x85y"]}\n{"outfit_id": 1}'
    with pytest.raises(OutfitsError, match="line 2: has no list"):
        read(tmp_path, text)


@pytest.mark.parametrize(
    ("line", "says"),
    [
        ("{", "line 2: is no JSON"),
        ("[" * 100_000, "line 2: is no JSON"),
        ("[1, 2]", 'line 2: has no list "items"'),
        ('{"outfit_id": "a"}', 'line 2: has no list "items"'),
        ('{"outfit_id": "a", "items": "x"}', 'line 2: has no list "items"'),
        ('{"items": ["x"]}', "line 2: outfit_id is null"),
        ('{"outfit_id": " ", "items": ["x"]}', 'line 2: outfit_id is " "'),
        ('{"outfit_id": true, "items": ["x"]}', "line 2: outfit_id is true"),
        ('{"outfit_id": "a", "items": [1.5]}', "line 2: an item is 1.5"),
        ('{"outfit_id": "a", "items": [null]}', "line 2: an item is null"),
        ('{"outfit_id": "a", "items": [["x"]]}', 'line 2: an item is ["x"]'),
        ('{"outfit_id": "\\ud800", "items": []}', 'line 2: outfit_id is "\\ud800"'),
        ('{"outfit_id": {"a": "' + "x" * 500 + '"}, "items": []}', "not an id"),
    ],
)
def test_a_line_that_is_no_outfit_is_told_with_its_number(tmp_path: Path, line: str, says: str) -> None:
    """And briefly."""
    with pytest.raises(OutfitsError) as caught:
        read(tmp_path, '{"outfit_id": "first", "items": ["x"]}\n' + line)
    assert says in caught.value.what
    assert len(caught.value.what) < 400


def test_a_file_that_cannot_be_read_is_said(tmp_path: Path) -> None:
    """Absent, a folder, empty, no text."""
    with pytest.raises(OutfitsError, match="no file"):
        read_outfits(tmp_path / "absent.jsonl")
    with pytest.raises(OutfitsError, match="cannot be read"):
        read_outfits(tmp_path)
    with pytest.raises(OutfitsError, match="holds no outfit"):
        read(tmp_path, "\n\n")
    with pytest.raises(OutfitsError, match="is not UTF-8"):
        read(tmp_path, '{"outfit_id": "é", "items": []}', "latin-1")


def test_scores_are_a_plain_csv() -> None:
    """With a header, six places, ids quoted where they need it."""
    assert scores_text([("a", 0.5), ('b,"c"', 1 / 3)]) == 'outfit_id,score\na,0.500000\n"b,""c""",0.333333\n'


def test_a_file_is_written_whole(tmp_path: Path) -> None:
    """Its folder is made; nothing lies beside it afterwards; an older one is replaced."""
    path = tmp_path / "new" / "scores.csv"
    for content in (b"old and longer", b"new"):
        write_whole(content, path, "--out")
        assert path.read_bytes() == content
    assert list(path.parent.iterdir()) == [path]


def test_where_nothing_can_be_written_is_said_beforehand(tmp_path: Path) -> None:
    """With the flag that names another file."""
    (tmp_path / "a_file").touch()
    for path in (tmp_path, tmp_path / "a_file" / "scores.csv", tmp_path / ("x" * 300), Path("/proc/nowhere/scores.csv")):
        with pytest.raises(OutfitsError, match=r"cannot be written.*--out"):
            check_writable(path, "--out")


def test_a_device_is_written_to_and_stays_one() -> None:
    """`--out /dev/null` does not put a file in its place."""
    write_whole(b"scores", Path("/dev/null"), "--out")
    assert Path("/dev/null").is_char_device()
