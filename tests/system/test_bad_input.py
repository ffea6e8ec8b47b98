"""Bad input ends with exit code 2 and one clear line, before Spark starts and before any table is touched."""

import gzip
import os
from pathlib import Path

import pytest

from outfit_pairing.settings import load_settings
from outfit_pairing.storage.lease import LOCK_FILE, held_folder
from tests.system.command import run

HEADER = "id,gender,masterCategory,subCategory,articleType,baseColour,season,year,usage,productDisplayName\n"
ROW = "1,Men,Apparel,Topwear,Shirts,Blue,Summer,2012,Casual,A Blue Shirt\n"


@pytest.fixture
def files(tmp_path: Path) -> Path:
    """A folder of catalogues, mappings and settings with one fault each."""
    (tmp_path / "good.csv").write_text(HEADER + ROW)
    (tmp_path / "empty.csv").write_text("")
    (tmp_path / "header_only.csv").write_text(HEADER)
    (tmp_path / "picture.csv").write_bytes(b"\x89PNG\r\n\x1a\n" + bytes(range(256)) * 20)
    (tmp_path / "cut.csv.gz").write_bytes(gzip.compress((HEADER + ROW * 500).encode())[:-20])
    (tmp_path / "wrong_column.yaml").write_text(
        "columns:\n  product_id: id\n  name: title_of_product\n  article_type: articleType\n"
    )
    (tmp_path / "twice.yaml").write_text("anchors:\n  budget: 10\n  budget: 20\n")
    (tmp_path / "unknown.yaml").write_text("anchors:\n  bugdet: 10\n")
    (tmp_path / "a_file").write_text("not a folder")
    (tmp_path / "no_ids.csv").write_text(HEADER + ROW.replace("1,", ",", 1) * 3)
    (tmp_path / "half.jsonl").write_text('{"id": 1, "name": ' + "[" * 10_000 + "\n")
    os.mkfifo(tmp_path / "pipe.csv")
    (tmp_path / "loop.csv").symlink_to(tmp_path / "loop.csv")
    (tmp_path / "number.jsonl").write_text('{"outfit_id": "a", "items": ["1", 2]}\n')
    return tmp_path


@pytest.mark.parametrize(
    ("arguments", "says"),
    [
        ("--catalog {}/absent.csv --mapping myntra", "absent.csv"),
        ("--catalog {}/empty.csv --mapping myntra", "empty"),
        ("--catalog {}/picture.csv --mapping myntra", "picture.csv"),
        ("--catalog {}/cut.csv.gz --mapping myntra", "cut.csv.gz"),
        (
            "--catalog {}/no_ids.csv",
            "none of its 3 rows can be sold (missing_id; line 2: no product id; give every product its own)",
        ),
        ("--catalog {}/half.jsonl", "hundreds deep"),
        ("--catalog {}/pipe.csv", "write it to a file first"),
        ("--catalog {}/loop.csv", "symbolic links"),
        ("--catalog {}/good.csv --mapping {}/wrong_column.yaml", "title_of_product"),
        ("--catalog {}/good.csv --mapping myntr", "myntra"),
        ("--catalog {}/good.csv --mapping myntra --config {}/twice.yaml", "given twice"),
        ("--catalog {}/good.csv --mapping myntra --config {}/unknown.yaml", "did you mean anchors.budget?"),
        ("--catalog {}/good.csv --mapping myntra --set anchors.budget=0", "anchors.budget"),
        ("--catalog {}/good.csv --mapping myntra --warehouse {}/a_file/warehouse", "--warehouse"),
        ("--mapping myntra", "--catalog"),
        ("--catalog {}/good.csv --mapping myntra --lookbook {}/absent.jsonl", "--lookbook"),
        ("--catalog {}/good.csv --mapping myntra --set style.model={}/absent.npz", "fit-compatibility, or unset style.model"),
        ("--catalog {}/good.csv --mapping myntra --lookbook {}/number.jsonl", "item 2 is no product id"),
    ],
)
def test_bad_input_is_one_clear_line(files: Path, arguments: str, says: str) -> None:
    """What, where and how to mend it; nothing is written."""
    warehouse = files / "warehouse"
    given = [part.format(files, files) for part in arguments.split()]
    ended = run("run", *given, *([] if "--warehouse" in given else ["--warehouse", warehouse]))
    assert ended.code == 2, ended.stderr
    assert len(ended.stderr.strip().splitlines()) == 1, ended.stderr
    assert says in ended.stderr
    assert "Traceback" not in ended.stderr
    assert not warehouse.exists() or not list(warehouse.iterdir())


def test_a_lookbook_of_nothing_is_one_clear_line(files: Path) -> None:
    """No warehouse, nothing published, no place for the page: said before Spark starts, and nothing is made."""
    (files / "empty").mkdir()
    asked = {
        "outfit-pairing publish": ["--warehouse", files / "absent"],
        "no table outfit_recommendations": ["--warehouse", files / "empty"],
        "is a folder": ["--warehouse", files / "empty", "--out", files],
        "--out FILE": ["--warehouse", "s3://shop/outfits"],
    }
    for says, flags in asked.items():
        ended = run("lookbook", *flags)
        assert ended.code == 2, ended.stderr
        assert len(ended.stderr.strip().splitlines()) == 1, ended.stderr
        assert says in ended.stderr
    assert not (files / "absent").exists()
    assert not list((files / "empty").iterdir())


def test_a_warehouse_that_another_run_is_writing_is_left_alone(files: Path) -> None:
    """Said before Spark starts, with who it is; nothing is written beside it."""
    warehouse = files / "warehouse"
    with held_folder(load_settings(overrides=[f"storage.warehouse={warehouse}", "run_id=nightly"], environment={})):
        for command in (["run", "--catalog", files / "good.csv", "--mapping", "myntra"], ["rollback", "--to", "x"], ["maintain"]):
            ended = run(*command, "--warehouse", warehouse)
            assert ended.code == 2, ended.stderr
            assert len(ended.stderr.strip().splitlines()) == 1, ended.stderr
            assert "is being written by run nightly" in ended.stderr
    assert [path.name for path in warehouse.iterdir()] == [LOCK_FILE]


def test_a_misspelt_command_or_flag_is_one_line() -> None:
    """The complaint fits on one line and points to --help."""
    for arguments in (["runn"], ["embed", "--warehous", "x"], ["sample", "--products", "-3"]):
        ended = run(*arguments)
        assert ended.code == 2
        assert "--help" in ended.stderr
        assert len(ended.stderr.strip().splitlines()) == 1


def test_every_command_shows_its_flags_with_defaults() -> None:
    """--help of each command works without Spark and names every flag's default."""
    overview = run("--help")
    assert overview.code == 0
    for command in (
        "run",
        "ingest",
        "embed",
        "select-anchors",
        "generate-patterns",
        "pair-by-lookbook",
        "apply-patterns",
        "pair-by-rules",
        "publish",
        "doctor",
        "maintain",
    ):
        assert command in overview.stdout
        ended = run(command, "--help")
        assert (ended.code, "default" in ended.stdout, "--warehouse" in ended.stdout) == (0, True, True)
