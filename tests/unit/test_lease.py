"""A warehouse of this machine is held by one process, and let go when it ends, however it ends."""

import errno
import os
import signal
import subprocess
import sys
import time
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from outfit_pairing.errors import WarehouseError
from outfit_pairing.settings import Settings, load_settings
from outfit_pairing.storage.lease import LOCK_FILE, held_folder

HOLD = """
import sys, time
from outfit_pairing.settings import load_settings
from outfit_pairing.storage.lease import held_folder
with held_folder(load_settings(overrides=[f"storage.warehouse={sys.argv[1]}"], environment={})):
    print("held", flush=True)
    time.sleep(float(sys.argv[2]))
"""


def settings_of(folder: Path, *overrides: str) -> Settings:
    return load_settings(overrides=[f"storage.warehouse={folder}", *overrides], environment={})


def holder(folder: Path, seconds: float) -> "subprocess.Popen[str]":
    process = subprocess.Popen([sys.executable, "-c", HOLD, str(folder), str(seconds)], stdout=subprocess.PIPE, text=True)
    assert process.stdout is not None
    assert process.stdout.readline() == "held\n"
    return process


def test_a_second_run_stops_with_one_line(tmp_path: Path) -> None:
    """It says who is writing, and how to wait; the first one's hold is untouched."""
    first = holder(tmp_path, 60)
    try:
        for _ in range(2):
            with (
                pytest.raises(WarehouseError, match=rf"process {first.pid} on .*storage\.wait_s"),
                held_folder(settings_of(tmp_path)),
            ):
                pass
    finally:
        first.kill()
        first.wait()


def test_a_dead_run_holds_nothing(tmp_path: Path) -> None:
    """Killed with -9; the next run need not wait, and is told of it. One that ends is not told of."""
    settings = settings_of(tmp_path)
    with held_folder(settings) as nobody:
        assert nobody is None
    first = holder(tmp_path, 60)
    os.kill(first.pid, signal.SIGKILL)
    first.wait()
    holds = (tmp_path / LOCK_FILE).read_text()
    with held_folder(settings) as killed:
        assert killed is not None
        assert f"run {killed.run_id} (process {first.pid} " in holds
        assert timedelta(0) <= datetime.now(UTC) - killed.since < timedelta(minutes=10)
        assert "process" in (tmp_path / LOCK_FILE).read_text()
    assert (tmp_path / LOCK_FILE).read_text() == ""
    (tmp_path / LOCK_FILE).write_text(holds[:20])  # cut short
    with held_folder(settings) as killed:
        assert killed is None


def test_a_folder_without_locks_is_said(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """It would otherwise look held for ever."""

    def no_locks(*_: object) -> None:
        raise OSError(errno.ENOLCK, "No locks available")

    monkeypatch.setattr("fcntl.flock", no_locks)
    with pytest.raises(WarehouseError, match=r"cannot be locked \(No locks available\)"), held_folder(settings_of(tmp_path)):
        pass


def test_a_second_run_may_wait(tmp_path: Path, caplog: pytest.LogCaptureFixture) -> None:
    """As long as storage.wait_s says; it tells whom it waits for."""
    first = holder(tmp_path, 2)
    with held_folder(settings_of(tmp_path, "storage.wait_s=60")):
        assert first.wait(timeout=60) == 0
    assert f"process {first.pid}" in caplog.text
    started = time.monotonic()
    first = holder(tmp_path, 60)
    try:
        with pytest.raises(WarehouseError), held_folder(settings_of(tmp_path, "storage.wait_s=0.5")):
            pass
    finally:
        first.kill()
        first.wait()
    assert time.monotonic() - started < 50


def test_a_warehouse_elsewhere_is_not_held_by_a_file(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A URL or a catalogue has its lease in a table."""
    monkeypatch.chdir(tmp_path)
    for override in ("storage.warehouse=s3://bucket/shop", "storage.schema=shop"):
        with held_folder(load_settings(overrides=[override], environment={})):
            assert not list(tmp_path.iterdir())
