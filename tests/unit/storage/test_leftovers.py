"""What killed runs leave behind goes, what is in use or paid for stays."""

import os
from collections.abc import Callable
from pathlib import Path

import pytest

from outfit_pairing.settings import Settings
from outfit_pairing.storage.leftovers import DAY_S, _moment, sweep

Make = Callable[..., Settings]
NOW = 2_000_000_000.0


def aged(path: Path, days: float) -> Path:
    """A file written so many days ago, in folders of that age."""
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_bytes(b"0123456789")
    for one in (path, path.parent, path.parent.parent):
        os.utime(one, (NOW - days * DAY_S, NOW - days * DAY_S))
    return path


@pytest.fixture
def warehouse(tmp_path: Path) -> Path:
    return tmp_path / "warehouse"


def found(settings: Settings, **more: bool) -> dict[str, tuple[int, int, bool]]:
    return {one.what: (one.count, one.bytes, one.removed) for one in sweep(settings, now=NOW, **more)}


def test_staged_rows_of_dead_runs_go_and_those_of_today_stay(make_settings: Make, warehouse: Path) -> None:
    """A run under way has written within the day; tables are never touched."""
    dead = aged(warehouse / "_staged_catalogue_rows" / "part-0.parquet", 3)
    alive = aged(warehouse / "_staged_changes_of_products" / "part-0.parquet", 0.1)
    table = aged(warehouse / "products" / "part-0.parquet", 300)
    half = aged(warehouse / "exports" / ".partial" / "outfit_patterns.json", 3)
    os.utime(half.parent, (NOW - 3 * DAY_S, NOW - 3 * DAY_S))
    assert found(make_settings()) == {"staged rows of dead runs": (2, 20, True)}
    assert [path.exists() for path in (dead, alive, table, half)] == [False, True, True, False]
    assert found(make_settings()) == {}


def test_report_pages_past_retention_go_but_the_last_one_stays(make_settings: Make, warehouse: Path) -> None:
    """However old it is."""
    pages = [aged(warehouse / "reports" / f"{days}.html", days) for days in (90, 60, 40)]
    assert found(make_settings()) == {"report pages past retention": (2, 20, True)}
    assert [page.exists() for page in pages] == [False, False, True]


def test_replies_are_paid_for_and_only_told_of(make_settings: Make, warehouse: Path) -> None:
    """They go only when that is said; half-written files go always."""
    old = aged(warehouse / "journal" / "ab" / "abcd" / "0001.reply.json", 90)
    young = aged(warehouse / "journal" / "cd" / "cdef" / "0001.reply.json", 2)
    torn = aged(warehouse / "journal" / "ab" / "abcd" / ".0002.reply.json.0f", 90)
    told = found(make_settings())
    assert told["requests in the journal past retention"] == (1, 10, False)
    assert told["half-written journal files"] == (1, 10, True)
    assert (old.exists(), torn.exists()) == (True, False)
    os.utime(old.parent, (NOW - 90 * DAY_S, NOW - 90 * DAY_S))
    assert found(make_settings(), journal_too=True) == {"requests in the journal past retention": (1, 10, True)}
    assert (old.exists(), young.exists()) == (False, True)


def test_a_dry_sweep_removes_nothing(make_settings: Make, warehouse: Path) -> None:
    """It tells the same."""
    dead = aged(warehouse / "_staged_catalogue_rows" / "part-0.parquet", 3)
    assert found(make_settings(), dry=True) == {"staged rows of dead runs": (1, 10, False)}
    assert dead.exists()


def test_a_longer_retention_keeps_more(make_settings: Make, warehouse: Path) -> None:
    """storage.retention_days rules pages and replies."""
    for days in (90, 60):
        aged(warehouse / "reports" / f"{days}.html", days)
    assert found(make_settings("storage.retention_days=365")) == {}


def test_links_are_not_followed(make_settings: Make, warehouse: Path, tmp_path: Path) -> None:
    """A staged place that is a link to elsewhere: the link goes, elsewhere stays."""
    elsewhere = aged(tmp_path / "elsewhere" / "file", 90)
    warehouse.mkdir()
    link = warehouse / "_staged_link"
    link.symlink_to(elsewhere.parent)
    os.utime(link, (NOW - 3 * DAY_S, NOW - 3 * DAY_S), follow_symlinks=False)
    sweep(make_settings(), now=NOW)
    assert elsewhere.exists()


def test_times_of_tables_are_read_as_spark_tells_them() -> None:
    """UTC, as the session is set; anything else is not guessed."""
    assert _moment("Tue Nov 24 12:00:00 UTC 2026") == 1795521600.0
    assert _moment("UNKNOWN") is None
