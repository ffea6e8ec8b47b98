"""Where no file can be locked, a row of a table tells which run is writing."""

import threading
import time
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from outfit_pairing.errors import WarehouseError
from outfit_pairing.pipeline import run_stages
from outfit_pairing.quality.history import run_history
from outfit_pairing.settings import Settings
from outfit_pairing.storage import TableStore
from outfit_pairing.storage.lease import LOCK_FILE, TableLease, assert_not_taken_over, held_table, writing
from outfit_pairing.storage.tables import RUNS

if TYPE_CHECKING:
    from pyspark.sql import SparkSession


def test_one_run_holds_it_at_a_time(spark: "SparkSession", make_settings: Callable[..., Settings]) -> None:
    """The second is told who has it; it gets it when given back, and when the first died and its time ran out."""
    settings = make_settings()
    first, second = (TableLease(spark, settings.model_copy(update={"run_id": run_id}), 60.0) for run_id in ("o'clock", "tuesday"))
    assert first.take() is None
    assert first.take() is None  # again, by the same run
    with pytest.raises(WarehouseError, match=r"run o'clock; wait .*storage\.wait_s"):
        second.take()
    first.give_back()
    assert second.take() is None
    with pytest.raises(WarehouseError, match="run tuesday"):
        first.take()
    second.lasts_s = 0.001
    second.take()  # its last sign of life
    time.sleep(0.1)
    killed = first.take()
    assert killed is not None
    assert killed.run_id == "tuesday"
    assert timedelta(0) < datetime.now(UTC) - killed.since < timedelta(minutes=10)
    second._renew()  # it wakes up, and has it no more
    assert second.holder() == "o'clock"
    first._renew()
    first.give_back()
    first._renew()
    assert first.holder() == ""


def test_a_run_that_gave_it_back_meanwhile_was_not_killed(
    spark: "SparkSession", make_settings: Callable[..., Settings], monkeypatch: pytest.MonkeyPatch
) -> None:
    """It ended well between two looks of the one that waits."""
    settings = make_settings()
    first, second = (TableLease(spark, settings.model_copy(update={"run_id": run_id}), 60.0) for run_id in ("one", "two"))
    first.take()
    take = second._take_if_free

    def take_late() -> None:
        first.give_back()
        take()

    monkeypatch.setattr(second, "_take_if_free", take_late)
    assert second.take() is None


def test_a_hold_is_renewed_though_once_it_could_not_be(
    spark: "SparkSession", make_settings: Callable[..., Settings], monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    """A store that fails for a moment ends no renewing."""
    lease, ended, tried = TableLease(spark, make_settings(), 0.03), threading.Event(), []

    def renew() -> None:
        tried.append(time.monotonic())
        if len(tried) == 1:
            raise RuntimeError("the store is away")
        ended.set()

    monkeypatch.setattr(lease, "_renew", renew)
    lease.renew_until(ended)
    assert len(tried) == 2
    assert "was not renewed (the store is away)" in caplog.text


def test_a_run_whose_hold_was_taken_writes_no_more(
    spark: "SparkSession", make_settings: Callable[..., Settings], monkeypatch: pytest.MonkeyPatch
) -> None:
    """It had slept for longer than its hold lasts; it stops before its next stage, and the runs table says why."""
    settings = make_settings()
    monkeypatch.setattr("outfit_pairing.storage.lease.local_warehouse", lambda _: None)
    assert_not_taken_over(spark, settings)  # nobody ever held it
    TableLease(spark, settings, 0.001).take()
    assert_not_taken_over(spark, settings)
    time.sleep(0.1)
    other = settings.model_copy(update={"run_id": "tuesday"})
    with held_table(spark, other):
        with pytest.raises(WarehouseError, match="run tuesday writes the warehouse, since"):
            run_stages(spark, settings, ["ingest"])
        ((error, status),) = [(row["error"], row["status"]) for row in TableStore(spark, settings).rows(RUNS, ("error", "status"))]
        assert status == "failed"
        assert "ran out" in error
    monkeypatch.setattr("outfit_pairing.storage.lease._held_here", {TableLease(spark, settings, 60).place})
    with pytest.raises(WarehouseError, match="another run has written"):  # and has given it back
        assert_not_taken_over(spark, settings)


def test_a_run_that_was_killed_is_in_the_history(spark: "SparkSession", make_settings: Callable[..., Settings]) -> None:
    """Whoever comes next writes it down."""
    settings = make_settings()
    folder = Path(settings.storage.warehouse)
    folder.mkdir(parents=True)
    (folder / LOCK_FILE).write_text("run monday (process 7 on host, since 2026-03-03 02:00 UTC)")
    for _ in range(2):
        with writing(settings) as session:
            TableStore(session, settings).create(RUNS)
    (run,) = run_history(spark, settings, 10)
    assert (run.run_id, run.status, run.stages, run.shown) == ("monday", "killed", 0, False)
    assert f"run {settings.run_id} found its hold" in (run.error or "")
