"""What is finished takes its place whole, where it can be moved and where it cannot."""

import errno
import shutil
from pathlib import Path
from typing import Any

import pytest

from outfit_pairing.whole_files import put_file, put_folder

EITHER_WAY = pytest.mark.parametrize("file_system", ["disk", "volume"])


@pytest.fixture
def _here(file_system: str, request: pytest.FixtureRequest) -> None:
    if file_system == "volume":
        request.getfixturevalue("without_moves")


@EITHER_WAY
@pytest.mark.usefixtures("_here")
def test_a_file_takes_the_place_of_an_older_one(tmp_path: Path) -> None:
    """Nothing is left where it was written."""
    (tmp_path / "new").write_bytes(b"new" * 3_000_000)
    (tmp_path / "place").write_bytes(b"old")
    put_file(tmp_path / "new", tmp_path / "place")
    assert [path.name for path in tmp_path.iterdir()] == ["place"]
    assert (tmp_path / "place").read_bytes() == b"new" * 3_000_000


def folder_of(folder: Path) -> Path:
    """Three files, one of which says that all are there."""
    folder.mkdir()
    for name in ("a", "manifest", "z"):
        (folder / name).write_text(name)
    return folder


@EITHER_WAY
@pytest.mark.usefixtures("_here")
def test_a_folder_takes_its_place_with_all_files(tmp_path: Path) -> None:
    """And is gone where it was written."""
    put_folder(folder_of(tmp_path / "new"), tmp_path / "place", last="manifest")
    found = {path.name: path.read_text() for path in (tmp_path / "place").iterdir()}
    assert found == {"a": "a", "manifest": "manifest", "z": "z"}
    assert not (tmp_path / "new").exists()


@pytest.mark.usefixtures("without_moves")
def test_half_a_folder_lacks_the_file_that_says_that_all_are_there(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Of a process that was interrupted on the way."""
    copied, copy = [], shutil.copyfileobj

    def until_killed(source: Any, target: Any, length: int) -> None:
        if len(copied) == 2:
            raise KeyboardInterrupt
        copied.append(Path(source.name).name)
        copy(source, target, length)

    monkeypatch.setattr(shutil, "copyfileobj", until_killed)
    with pytest.raises(KeyboardInterrupt):
        put_folder(folder_of(tmp_path / "new"), tmp_path / "place", last="manifest")
    assert sorted(copied) == ["a", "z"]
    assert sorted(path.name for path in (tmp_path / "place").iterdir()) == ["a", "z"]
    assert len(list((tmp_path / "new").iterdir())) == 3


def test_other_faults_are_told(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A full disk is no reason to try to write there again."""

    def full(*_: object) -> None:
        raise OSError(errno.ENOSPC, "No space left on device")

    monkeypatch.setattr(Path, "replace", full)
    (tmp_path / "new").write_text("new")
    with pytest.raises(OSError, match="No space left"):
        put_file(tmp_path / "new", tmp_path / "place")
    assert (tmp_path / "new").exists()
