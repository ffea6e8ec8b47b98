"""JSON files are whole, split evenly, and left alone when nothing changed."""

import hashlib
import json
import os
from collections.abc import Iterator
from pathlib import Path
from typing import Self

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from outfit_pairing.errors import SettingsError, WarehouseError
from outfit_pairing.publishing.json_files import NEXT, JsonFolder, shard_sizes, standing_manifest, switch_files
from outfit_pairing.publishing.places import json_folder, page_path
from outfit_pairing.settings import load_settings


def products(count: int, padding: str = "x") -> Iterator[str]:
    return (json.dumps({"product_id": f"{number:05}", "padding": padding * 50}) for number in range(count))


def publish(folder: Path, count: int, padding: str = "x", per_file: int = 100) -> list[str]:
    with JsonFolder(folder) as files:
        files.write_list("anchor_products.json", products(40))
        files.write_shards(products(count, padding), count, per_file)
        files.finish({"products": count})
    return switch_files(folder)


def names(folder: Path) -> list[str]:
    return sorted(path.name for path in folder.iterdir())


@settings(deadline=None)
@given(st.integers(0, 100_000), st.integers(100, 20_000))
def test_shards_hold_every_product_and_none_is_small(count: int, per_file: int) -> None:
    """The sizes add up; only a single shard may be small; none is much larger than asked."""
    sizes = shard_sizes(count, per_file)
    assert sum(sizes) == count
    assert all(size == per_file for size in sizes[:-1])
    assert all(0 < size < 1.1 * per_file for size in sizes)
    assert len(sizes) <= 1 or sizes[-1] >= 0.1 * per_file


def test_a_small_last_shard_joins_the_one_before(tmp_path: Path) -> None:
    """205 products at 100 a file make two files, in order, none lost."""
    publish(tmp_path, 205)
    assert names(tmp_path) == ["anchor_products.json", "manifest.json", "pattern_recs_00000.json", "pattern_recs_00001.json"]
    shards = [json.loads((tmp_path / f"pattern_recs_0000{number}.json").read_text()) for number in (0, 1)]
    assert [len(shard) for shard in shards] == [100, 105]
    assert [one["product_id"] for shard in shards for one in shard] == [f"{number:05}" for number in range(205)]


def test_the_manifest_states_size_and_checksum_of_every_file(tmp_path: Path) -> None:
    """Whoever fetched the files can check that they are whole."""
    publish(tmp_path, 250)
    manifest = json.loads((tmp_path / "manifest.json").read_text())
    assert manifest["products"] == 250
    assert {one["name"] for one in manifest["files"]} == set(names(tmp_path)) - {"manifest.json"}
    for one in manifest["files"]:
        content = (tmp_path / one["name"]).read_bytes()
        assert (one["bytes"], one["sha256"]) == (len(content), hashlib.sha256(content).hexdigest())
        assert one["entries"] == len(json.loads(content))


def test_unchanged_content_leaves_bytes_and_times_alone(tmp_path: Path) -> None:
    """A second publication of the same outfits touches no file."""
    publish(tmp_path, 250)
    for path in tmp_path.iterdir():
        os.utime(path, (1, 1))
    assert publish(tmp_path, 250) == []
    assert {path.stat().st_mtime for path in tmp_path.iterdir()} == {1}


def test_only_what_changed_is_replaced_and_what_is_gone_removed(tmp_path: Path) -> None:
    """Fewer products: the spare shard goes; files of others stay."""
    publish(tmp_path, 350)
    (tmp_path / "notes.txt").write_text("mine")
    assert publish(tmp_path, 120) == [
        "pattern_recs_00001.json",
        "manifest.json",
        "pattern_recs_00002.json",
        "pattern_recs_00003.json",
    ]
    assert (tmp_path / "notes.txt").exists()
    assert (tmp_path / "pattern_recs_00000.json").exists()


def test_a_crash_leaves_the_old_files_whole(tmp_path: Path) -> None:
    """An error half-way through a shard changes nothing that was published before."""
    publish(tmp_path, 250)
    before = {path.name: path.read_bytes() for path in tmp_path.iterdir()}

    def broken() -> Iterator[str]:
        yield from products(30, "y")
        raise RuntimeError("the executor was lost")

    with pytest.raises(RuntimeError, match="executor"), JsonFolder(tmp_path) as files:
        files.write_shards(broken(), 250, 100)
    assert {path.name: path.read_bytes() for path in tmp_path.iterdir()} == before


def test_what_a_killed_run_left_is_cleared_away(tmp_path: Path) -> None:
    """Half-written files of a killed run are never taken for results."""
    (tmp_path / ".partial").mkdir()
    (tmp_path / ".partial" / "pattern_recs_00009.json").write_text("[")
    publish(tmp_path, 250)
    assert not any(name.startswith(".") or "00009" in name for name in names(tmp_path))


def test_finished_files_wait_for_the_switch(tmp_path: Path) -> None:
    """What was shown before stays until then; files that are finished later take the place of those that wait."""
    publish(tmp_path, 250)
    before = {path.name: path.read_bytes() for path in tmp_path.iterdir()}
    for padding in ("y", "z"):
        with JsonFolder(tmp_path) as files:
            files.write_shards(products(120, padding), 120, 100)
            files.finish({"products": 120})
        assert {path.name: path.read_bytes() for path in tmp_path.iterdir() if path.is_file()} == before
    assert "pattern_recs_00002.json" in switch_files(tmp_path)
    assert b"zzz" in (tmp_path / "pattern_recs_00000.json").read_bytes()
    assert not (tmp_path / NEXT).exists()
    assert switch_files(tmp_path) == []


@pytest.mark.parametrize("torn", ["", '{"products": 12', None])
def test_files_whose_manifest_is_not_whole_are_not_switched(tmp_path: Path, torn: str | None) -> None:
    """Whoever copied them was killed; the next switch clears them away, and what was shown stays."""
    publish(tmp_path, 250)
    before = {path.name: path.read_bytes() for path in tmp_path.iterdir()}
    with JsonFolder(tmp_path) as files:
        files.write_shards(products(120, "y"), 120, 100)
        files.finish({"products": 120})
    manifest = tmp_path / NEXT / "manifest.json"
    manifest.unlink() if torn is None else manifest.write_text(torn)
    assert switch_files(tmp_path) == []
    assert {path.name: path.read_bytes() for path in tmp_path.iterdir()} == before


@pytest.mark.usefixtures("without_moves")
def test_a_volume_that_moves_nothing_shows_the_same(tmp_path: Path) -> None:
    """Files are copied to their places; nothing is left aside, and what is the same is not touched."""
    publish(tmp_path, 350)
    os.utime(tmp_path / "pattern_recs_00000.json", (1, 1))
    assert "pattern_recs_00003.json" in publish(tmp_path, 120)
    assert names(tmp_path) == ["anchor_products.json", "manifest.json", "pattern_recs_00000.json", "pattern_recs_00001.json"]
    manifest = json.loads((tmp_path / "manifest.json").read_text())
    for one in manifest["files"]:
        content = (tmp_path / one["name"]).read_bytes()
        assert (one["bytes"], one["sha256"]) == (len(content), hashlib.sha256(content).hexdigest())
    assert (tmp_path / "pattern_recs_00000.json").stat().st_mtime == 1


def test_a_manifest_stands_as_long_as_its_files_do(tmp_path: Path) -> None:
    """Then there is nothing to write again; a file that is gone or cut is reason enough."""
    assert standing_manifest(tmp_path) is None
    publish(tmp_path, 250)
    found = standing_manifest(tmp_path)
    assert found is not None
    assert found["products"] == 250
    with JsonFolder(tmp_path) as files:
        files.write_shards(products(120), 120, 100)
        files.finish({"products": 120})
    waiting = standing_manifest(tmp_path)
    assert waiting is not None
    assert waiting["products"] == 120
    (tmp_path / NEXT / "pattern_recs_00000.json").write_text("[")
    assert standing_manifest(tmp_path) is None
    (tmp_path / NEXT / "pattern_recs_00000.json").unlink()
    assert standing_manifest(tmp_path) is None


def test_a_switch_that_was_killed_goes_on(tmp_path: Path) -> None:
    """Files that took their place already are not missed; the manifest comes last."""
    publish(tmp_path, 250)
    with JsonFolder(tmp_path) as files:
        files.write_shards(products(250, "y"), 250, 100)
        files.finish({"products": 250})
    (tmp_path / NEXT / "pattern_recs_00000.json").replace(tmp_path / "pattern_recs_00000.json")
    assert switch_files(tmp_path) == ["pattern_recs_00001.json", "pattern_recs_00002.json", "manifest.json"]
    assert b"yyy" in (tmp_path / "pattern_recs_00001.json").read_bytes()


@pytest.mark.parametrize("left", ["pattern_recs_00002.json", "anchor_products.json"])
def test_a_switch_that_was_killed_at_its_end_leaves_nothing(tmp_path: Path, left: str) -> None:
    """All files are in place, the old ones not yet away: the next switch clears up, and takes nothing that has no manifest."""
    publish(tmp_path, 120)
    (tmp_path / left).write_text("of an earlier result")
    (tmp_path / NEXT).mkdir()
    (tmp_path / NEXT / "pattern_recs_00000.json").write_text("[")
    before = (tmp_path / "pattern_recs_00000.json").read_bytes()
    assert switch_files(tmp_path) == [left] * left.startswith("pattern_recs")
    assert (tmp_path / "pattern_recs_00000.json").read_bytes() == before
    assert not (tmp_path / NEXT).exists()


def test_waiting_files_of_a_first_run_that_was_killed_are_no_fault(tmp_path: Path) -> None:
    """There is no manifest at all: nothing to show, nothing left."""
    (tmp_path / NEXT).mkdir()
    assert switch_files(tmp_path) == []
    assert not (tmp_path / NEXT).exists()


def test_files_are_read_without_holding_them(tmp_path: Path) -> None:
    """Rows are taken one by one, so that memory does not grow with the catalogue."""
    alive = 0
    most_alive = 0

    class Text(str):
        def __new__(cls, text: str) -> Self:
            nonlocal alive, most_alive
            alive += 1
            most_alive = max(alive, most_alive)
            return super().__new__(cls, text)

        def __del__(self) -> None:
            nonlocal alive
            alive -= 1

    with JsonFolder(tmp_path) as files:
        files.write_shards((Text(one) for one in products(1_000)), 1_000, 100)
    assert most_alive <= 3


def test_an_object_carries_its_header_before_the_list(tmp_path: Path) -> None:
    """A small list comes with an explanation of what it is."""
    with JsonFolder(tmp_path) as files:
        files.write_object("without.json", {"about": "why “none”"}, "products", products(2))
        files.write_object("nothing.json", {"about": "none"}, "products", iter(()))
        files.finish({})
    switch_files(tmp_path)
    found = json.loads((tmp_path / "without.json").read_text("utf-8"))
    assert (found["about"], len(found["products"])) == ("why “none”", 2)
    assert json.loads((tmp_path / "nothing.json").read_text("utf-8")) == {"about": "none", "products": []}


def test_a_folder_that_cannot_be_written_is_one_clear_line(tmp_path: Path) -> None:
    """The folder and the setting are named."""
    (tmp_path / "file").write_text("in the way")
    with (
        pytest.raises(WarehouseError, match=r"file/exports cannot be written .*publish\.folder"),
        JsonFolder(tmp_path / "file" / "exports"),
    ):
        pass


@pytest.mark.parametrize(
    ("overrides", "folder", "page"),
    [
        (["storage.warehouse=/data/shop"], "/data/shop/exports", "/data/shop/lookbook.html"),
        (["storage.warehouse=/data/shop", "publish.folder=/out"], "/out", "/data/shop/lookbook.html"),
        (["storage.warehouse=s3://bucket/shop"], None, None),
        (["storage.warehouse=s3://bucket/shop", "publish.folder=/Volumes/a/b"], "/Volumes/a/b", "/Volumes/a/b/lookbook.html"),
        (["storage.catalog=main", "storage.schema=shop"], None, None),
        (
            ["storage.catalog=main", "storage.schema=shop", "publish.folder=/Volumes/a/b"],
            "/Volumes/a/b",
            "/Volumes/a/b/lookbook.html",
        ),
    ],
)
def test_files_go_beside_a_local_warehouse_or_where_the_setting_says(
    overrides: list[str], folder: str | None, page: str | None
) -> None:
    """A warehouse behind a URL or in Unity Catalog has files only where publish.folder names a local folder."""
    settings = load_settings(overrides=overrides, environment={})
    assert (json_folder(settings), page_path(settings)) == (folder and Path(folder), page and Path(page))


def test_a_url_is_no_folder_for_files() -> None:
    """Said with the setting's name before anything is written."""
    with pytest.raises(SettingsError, match=r"publish\.folder = s3://bucket/out"):
        json_folder(load_settings(overrides=["publish.folder=s3://bucket/out"], environment={}))
