"""Exports are judged by what lies on the disk."""

import json
from collections.abc import Callable
from pathlib import Path

import pytest

from outfit_pairing.quality.drafted_files import DraftedFiles, file_metrics, look_at_files
from outfit_pairing.quality.metrics import Metric
from outfit_pairing.settings import Settings, load_settings

SIZES = {"anchor_products.json": 3_000, "pattern_recs_00000.json": 9_000, "products_without_outfits.json": 300}


def _write(folder: Path, sizes: dict[str, int] = SIZES) -> Path:
    folder.mkdir(parents=True)
    for name, size in sizes.items():
        (folder / name).write_bytes(b" " * size)
    told = {"files": [{"name": name, "bytes": size} for name, size in sizes.items()]}
    (folder / "manifest.json").write_text(json.dumps(told))
    return folder


def _measured(settings: Settings) -> dict[str, Metric]:
    return {metric.name: metric for metric in file_metrics(look_at_files(settings))}


@pytest.fixture
def settings(make_settings: Callable[..., Settings], tmp_path: Path) -> Settings:
    """Small files are shown; whole ones wait."""
    _write(tmp_path / "warehouse" / "exports", {"pattern_recs_00000.json": 2})
    return make_settings()


def test_the_files_that_wait_are_looked_at(settings: Settings, tmp_path: Path) -> None:
    """Those shown are judged only where none wait; a list of products without outfits may be short."""
    assert _measured(settings)["smallest_file"].value == 2
    _write(tmp_path / "warehouse" / "exports" / ".next")
    found = _measured(settings)
    assert (found["smallest_file"].value, found["cut_files"].value, found["export_bytes"].value) == (3_000, 0, 12_300)


def test_a_truncated_file_is_noticed(settings: Settings, tmp_path: Path) -> None:
    """Two bytes where nine thousand were written, and a file that is gone."""
    waiting = _write(tmp_path / "warehouse" / "exports" / ".next")
    (waiting / "pattern_recs_00000.json").write_bytes(b"[]")
    (waiting / "products_without_outfits.json").unlink()
    found = _measured(settings)
    assert (found["smallest_file"].value, found["smallest_file"].detail) == (2, "bytes, of pattern_recs_00000.json")
    assert found["cut_files"].value == 2
    assert "pattern_recs_00000.json has 2 bytes, the manifest says 9,000 bytes" in found["cut_files"].detail
    assert "products_without_outfits.json is gone" in found["cut_files"].detail


@pytest.mark.parametrize("manifest", [None, "{}", "[]", '{"files": [{}]}', "{", '{"files": []}'])
def test_a_manifest_that_says_nothing_leaves_nothing_to_pass(
    make_settings: Callable[..., Settings], tmp_path: Path, manifest: str | None
) -> None:
    """No value, hence a missed gate; where there is something to say, it is said."""
    folder = tmp_path / "warehouse" / "exports"
    folder.mkdir(parents=True)
    if manifest is not None:
        (folder / "manifest.json").write_text(manifest)
    found = _measured(make_settings())
    assert (found["smallest_file"].value, found["cut_files"].value, found["cut_files"].excuse) == (None, None, "")
    assert "manifest.json" in found["cut_files"].detail


def test_where_no_folder_holds_exports_nothing_is_judged(tmp_path: Path) -> None:
    """A warehouse behind a URL has no exports, unless a folder for them is named."""
    away = load_settings(overrides=["storage.warehouse=s3://bucket/outfits"], environment={})
    assert look_at_files(away) == DraftedFiles(None)
    assert all(metric.excuse for metric in file_metrics(DraftedFiles(None)) if metric.name != "export_bytes")
    _write(tmp_path / "out")
    there = load_settings(overrides=["storage.warehouse=s3://b/o", f"publish.folder={tmp_path / 'out'}"], environment={})
    assert _measured(there)["smallest_file"].value == 3_000
