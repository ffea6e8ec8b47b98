"""One run at a time writes a warehouse.

A warehouse of this machine is held by a lock on a file, which the system takes back when the process ends, however it ends. One
behind a URL or in a catalogue is held by a row of the table run_lease, in which Delta lets one of two writers win; its time
runs out when nobody renews it.
"""

import contextlib
import fcntl
import logging
import os
import socket
import threading
import time
from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path
from typing import IO, TYPE_CHECKING

from outfit_pairing.errors import WarehouseError
from outfit_pairing.settings import Settings
from outfit_pairing.storage.conflicts import is_conflict
from outfit_pairing.storage.places import local_warehouse
from outfit_pairing.storage.session import open_session
from outfit_pairing.storage.store import TableStore
from outfit_pairing.storage.tables import RUN_LEASE, quoted

if TYPE_CHECKING:
    from pyspark.sql import SparkSession

logger = logging.getLogger(__name__)

LOCK_FILE = "_run.lock"
LASTS_S = 600.0  # a lease in a table that nobody renews
LOOK_AGAIN_S = 2.0
ME = "warehouse"  # the one row of run_lease


@contextlib.contextmanager
def writing(settings: Settings, *, brief: bool = False) -> Iterator["SparkSession"]:
    """A session that alone writes the warehouse.   brief: as in `open_session`.

    Raises:  WarehouseError: another run holds it, and still does after `storage.wait_s`.
    """
    with held_folder(settings):
        spark = open_session(settings, brief=brief)
        with held_table(spark, settings):
            yield spark


@contextlib.contextmanager
def held_folder(settings: Settings) -> Iterator[None]:
    """Hold a warehouse of this machine; nothing happens for another. Starts no Spark.

    Raises:  WarehouseError: another run holds it, and still does after `storage.wait_s`.
    """
    folder = local_warehouse(settings)
    if folder is None:
        yield
        return
    path = folder / LOCK_FILE
    path.parent.mkdir(parents=True, exist_ok=True)
    with path.open("a+") as file:
        _lock(file, path, settings)
        try:
            yield
        finally:
            file.truncate(0)


def _lock(file: IO[str], path: Path, settings: Settings) -> None:
    ends = time.monotonic() + settings.storage.wait_s
    said = False
    while not _try(file):
        file.seek(0)
        holder = file.read().strip() or "another run"
        if time.monotonic() >= ends:
            raise WarehouseError(f"warehouse {path.parent} is being written by {holder}; wait for it to end, or set storage.wait_s")
        if not said:
            logger.warning("waiting up to %.0f s for %s, which is writing %s", settings.storage.wait_s, holder, path.parent)
        said = True
        time.sleep(min(LOOK_AGAIN_S, max(0.0, ends - time.monotonic())))
    file.truncate(0)
    since = f"{datetime.now(UTC):%Y-%m-%d %H:%M} UTC"
    file.write(f"run {settings.run_id} (process {os.getpid()} on {socket.gethostname()}, since {since})")
    file.flush()


def _try(file: IO[str]) -> bool:
    try:
        fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except OSError:
        return False
    return True


@contextlib.contextmanager
def held_table(spark: "SparkSession", settings: Settings, lasts_s: float = LASTS_S) -> Iterator[None]:
    """Hold a warehouse that no file of this machine can hold; nothing happens for a local folder.

    Raises:  WarehouseError: another run holds it, and still does after `storage.wait_s`.
    """
    if local_warehouse(settings):
        yield
        return
    lease = TableLease(spark, settings, lasts_s)
    lease.take()
    ended = threading.Event()
    renewing = threading.Thread(target=lease.renew_until, args=(ended,), daemon=True)
    renewing.start()
    try:
        yield
    finally:
        ended.set()
        renewing.join()
        lease.give_back()


class TableLease:
    """The row of run_lease, as one run sees it."""

    def __init__(self, spark: "SparkSession", settings: Settings, lasts_s: float) -> None:
        self.store, self.settings, self.lasts_s = TableStore(spark, settings), settings, lasts_s
        self.place = self.store.place(RUN_LEASE)

    def take(self) -> None:
        """Wait for it as long as `storage.wait_s` says.    Raises:  WarehouseError: in vain."""
        self.store.create(RUN_LEASE)
        ends = time.monotonic() + self.settings.storage.wait_s
        while True:
            self._write(f"t.holder = {self._me} OR t.until < current_timestamp()")
            holder = self._holder()
            if holder == self.settings.run_id:
                return
            if time.monotonic() >= ends:
                raise WarehouseError(f"the warehouse is being written by run {holder}; wait for it to end, or set storage.wait_s")
            logger.warning("waiting for run %s, which is writing the warehouse", holder)
            time.sleep(min(LOOK_AGAIN_S, max(0.0, ends - time.monotonic())))

    def renew_until(self, ended: threading.Event) -> None:
        """Renew it while it is used."""
        while not ended.wait(self.lasts_s / 3):
            self._write(f"t.holder = {self._me}")

    def give_back(self) -> None:
        """Others may have it at once."""
        with contextlib.suppress(Exception):  # it runs out by itself
            self.store.spark.sql(f"DELETE FROM {self.place} WHERE holder = {self._me}")

    @property
    def _me(self) -> str:
        return quoted(self.settings.run_id)

    def _holder(self) -> str:
        rows = self.store.read(RUN_LEASE).collect()
        return str(rows[0]["holder"]) if rows else ""

    def _write(self, allowed: str) -> None:
        """Make the row ours where `allowed`; whoever comes second meets Delta's conflict and has not got it."""
        until = f"current_timestamp() + make_dt_interval(0, 0, 0, {self.lasts_s})"
        names = ", ".join(RUN_LEASE.names)
        ours = {"name": f"'{ME}'", "holder": self._me, "until": until, "run_id": self._me, "updated_at": "current_timestamp()"}
        try:
            self.store.spark.sql(
                f"MERGE INTO {self.place} t USING (SELECT '{ME}' AS name) s ON t.name = s.name "
                f"WHEN MATCHED AND ({allowed}) THEN UPDATE SET t.holder = {self._me}, t.until = {until}, t.run_id = {self._me}, "
                "t.updated_at = current_timestamp() "
                f"WHEN NOT MATCHED THEN INSERT ({names}) VALUES ({', '.join(ours[name] for name in RUN_LEASE.names)})"
            )
        except Exception as fault:
            if not is_conflict(fault):
                raise
