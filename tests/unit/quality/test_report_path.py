"""Where the report page lies."""

from collections.abc import Callable
from pathlib import Path

import pytest

from outfit_pairing.quality.stage import report_path
from outfit_pairing.settings import Settings, load_settings


@pytest.mark.parametrize("override", ["storage.warehouse=s3://bucket/outfits", "storage.schema=shop"])
def test_no_page_where_the_warehouse_is_no_folder(override: str) -> None:
    """A URL or a Unity Catalog schema gets no file."""
    assert report_path(load_settings(overrides=[override], environment={})) is None


def test_the_page_is_named_after_the_run(make_settings: Callable[..., Settings], tmp_path: Path) -> None:
    """Pages of earlier runs stay."""
    assert report_path(make_settings("run_id=run-9")) == tmp_path / "warehouse" / "reports" / "run-9.html"
