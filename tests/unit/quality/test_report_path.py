"""Where the report page lies."""

import time
from collections.abc import Callable
from pathlib import Path

import pytest

from outfit_pairing.errors import WarehouseError
from outfit_pairing.quality.stage import _write_page, report_path
from outfit_pairing.settings import Settings, load_settings
from outfit_pairing.storage.leftovers import sweep


@pytest.mark.parametrize("override", ["storage.warehouse=s3://bucket/outfits", "storage.schema=shop"])
def test_no_page_where_nothing_is_a_folder(override: str) -> None:
    """A URL or a Unity Catalog schema gets no file by itself, nor does a publish.folder behind a URL."""
    assert report_path(load_settings(overrides=[override], environment={})) is None
    assert report_path(load_settings(overrides=[override, "publish.folder=s3://bucket/exports"], environment={})) is None


@pytest.mark.parametrize("override", ["storage.warehouse=s3://bucket/outfits", "storage.schema=shop"])
def test_elsewhere_the_page_lies_beside_what_is_published(override: str, tmp_path: Path) -> None:
    """In the volume on Databricks, on a disk where the tables are on S3."""
    settings = load_settings(overrides=[override, f"publish.folder={tmp_path}/exports", "run_id=run-9"], environment={})
    _write_page(settings, "<h1>Run 9</h1>")
    assert (tmp_path / "exports" / "reports" / "run-9.html").read_text("utf-8") == "<h1>Run 9</h1>"


def test_pages_past_retention_go_wherever_they_lie(tmp_path: Path) -> None:
    """The last one stays, however old."""
    settings = load_settings(overrides=["storage.schema=shop", f"publish.folder={tmp_path}"], environment={})
    for run_id in ("run-1", "run-2"):
        _write_page(settings.model_copy(update={"run_id": run_id}), "<h1>Run</h1>")
        time.sleep(0.01)
    sweep(settings, now=time.time() + 365 * 86_400)
    assert [path.name for path in (tmp_path / "reports").iterdir()] == ["run-2.html"]


def test_a_page_that_cannot_be_written_is_said_in_one_line(tmp_path: Path) -> None:
    """With the two settings that say where it goes."""
    (tmp_path / "exports").touch()
    settings = load_settings(overrides=["storage.schema=shop", f"publish.folder={tmp_path}/exports"], environment={})
    with pytest.raises(WarehouseError, match=r"choose another storage\.warehouse or publish\.folder"):
        _write_page(settings, "")


def test_the_page_is_named_after_the_run(make_settings: Callable[..., Settings], tmp_path: Path) -> None:
    """Pages of earlier runs stay."""
    assert report_path(make_settings("run_id=run-9")) == tmp_path / "warehouse" / "reports" / "run-9.html"
