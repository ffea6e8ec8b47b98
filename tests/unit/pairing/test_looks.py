"""A lookbook file is read as it is, or refused in one line that names the place and the cure."""

import json
from pathlib import Path

import pytest

from outfit_pairing.errors import OutfitsError
from outfit_pairing.pairing.looks import Look, check_lookbook, read_lookbook
from outfit_pairing.settings import load_settings

GOOD = '{"outfit_id": "a", "items": ["001", "002"]}'


def read(tmp_path: Path, text: str) -> tuple[Look, ...]:
    path = tmp_path / "looks.jsonl"
    path.write_text(text, "utf-8")
    return read_lookbook(str(path))


def test_looks_are_read_in_order_with_their_lines(tmp_path: Path) -> None:
    """Blank lines are passed over and counted; leading zeros stay; seasons are translated; what is not said is None."""
    full = {"outfit_id": "b", "items": ["9", "8", "7"], "name": " Autumn\u2028in town ", "occasion": "office", "season": "Autumn"}
    found = read(tmp_path, f"\ufeff{GOOD}\n\n{json.dumps(full, ensure_ascii=False)}\n")
    assert found == (
        Look(1, "a", ("001", "002")),
        Look(3, "b", ("9", "8", "7"), "Autumn in town", "office", "fall"),
    )
    assert [look.title for look in found] == ["look a", "Autumn in town"]


@pytest.mark.parametrize(
    ("line", "says"),
    [
        ("{oops", "line 2: no JSON"),
        ("[1, 2]", "line 2: no JSON object"),
        ('{"outfit_id": "b", "items": ["1", "2"], "stylist": "Ann"}', "unknown key stylist"),
        ('{"outfit_id": "b", "items": ["1", "2"], "items": ["3", "4"]}', "given twice"),
        ('{"outfit_id": 7, "items": ["1", "2"]}', "outfit_id 7 is no text"),
        ('{"items": ["1", "2"]}', "no outfit_id"),
        ('{"outfit_id": "b"}', "no list of items"),
        ('{"outfit_id": "b", "items": ["1", 2]}', "item 2 is no product id"),
        ('{"outfit_id": "b", "items": ["1", ""]}', 'item "" is no product id'),
        ('{"outfit_id": "b", "items": ["1"]}', "has 1 items; give 2 to 8"),
        (json.dumps({"outfit_id": "b", "items": [str(number) for number in range(9)]}), "has 9 items; give 2 to 8"),
        ('{"outfit_id": "b", "items": ["1", "2", "1"]}', "item 1 is given twice"),
        ('{"outfit_id": "a", "items": ["3", "4"]}', "stands in line 1 already"),
        ('{"outfit_id": "b", "items": ["1", "2"], "season": "soon"}', "season 'soon'"),
        ("[" * 100_000, "line 2: no JSON"),
    ],
)
def test_a_bad_line_is_named_with_its_cure(tmp_path: Path, line: str, says: str) -> None:
    """File, line, what is wrong; one line."""
    with pytest.raises(OutfitsError, match=r"looks\.jsonl, line 2") as raised:
        read(tmp_path, f"{GOOD}\n{line}\n")
    assert says in raised.value.what
    assert "\n" not in str(raised.value)
    assert raised.value.exit_code == 2


def test_a_file_that_cannot_be_used_is_refused(tmp_path: Path) -> None:
    """Absent, empty, a folder, no text."""
    (tmp_path / "picture.jsonl").write_bytes(b"\x89PNG\xff\xfe")
    for path, says in ((tmp_path / "absent", "no such file"), (tmp_path, "cannot be read"), (tmp_path / "picture.jsonl", "UTF-8")):
        with pytest.raises(OutfitsError, match=says):
            read_lookbook(str(path))
    with pytest.raises(OutfitsError, match="holds no look"):
        read(tmp_path, "\n\n")


def test_no_lookbook_is_no_fault(tmp_path: Path) -> None:
    """The check before Spark reads what settings name, and nothing else."""
    check_lookbook(load_settings(environment={}))
    with pytest.raises(OutfitsError):
        check_lookbook(load_settings(overrides=[f"lookbook.path={tmp_path / 'absent'}"], environment={}))
