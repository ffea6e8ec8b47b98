"""One run at a time writes a warehouse.

A warehouse of this machine is held by a lock on a file, which the system takes back when the process ends, however it ends. One
behind a URL or in a catalogue is held by a row of the table run_lease, in which Delta lets one of two writers win; its time
runs out when nobody renews it. A hold that was never given back tells of a run that was killed.
"""

import contextlib
import fcntl
import logging
import os
import re
import socket
import threading
import time
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import IO, TYPE_CHECKING, Any

from outfit_pairing import __version__
from outfit_pairing.errors import WarehouseError, first_line
from outfit_pairing.settings import Settings
from outfit_pairing.storage.conflicts import against_others, is_conflict
from outfit_pairing.storage.places import local_warehouse
from outfit_pairing.storage.session import open_session
from outfit_pairing.storage.store import TableStore
from outfit_pairing.storage.tables import RUN_LEASE, RUNS, quoted

if TYPE_CHECKING:
    from pyspark.sql import SparkSession

logger = logging.getLogger(__name__)

LOCK_FILE = "_run.lock"
LASTS_S = 600.0  # a lease in a table that nobody renews
LOOK_AGAIN_S = 2.0
_held_here: set[str] = set()  # places of leases that this process holds
ME = "warehouse"  # the one row of run_lease
TELLS_TIME = "%Y-%m-%d %H:%M UTC"
HOLDER = re.compile(r"run (?P<run_id>.+) \(process \d+ on .*, since (?P<since>[^,]+ UTC)\)")


@dataclass(frozen=True, slots=True)
class Killed:
    """A run that held the warehouse and never gave it back.   since: when it began, or renewed its hold last; UTC."""

    run_id: str
    since: datetime


@contextlib.contextmanager
def writing(settings: Settings, *, brief: bool = False) -> Iterator["SparkSession"]:
    """A session that alone writes the warehouse.   brief: as in `open_session`.

    Raises:  WarehouseError: another run holds it, and still does after `storage.wait_s`.
    """
    with held_folder(settings) as killed_here:
        spark = open_session(settings, brief=brief)
        with held_table(spark, settings) as killed:
            _tell(spark, settings, killed_here or killed)
            yield spark


def _tell(spark: "SparkSession", settings: Settings, killed: Killed | None) -> None:
    """Write down a run that could not do so itself."""
    if killed is None or killed.run_id == settings.run_id:
        return
    told = "run %s, last heard of %s, was killed; this run takes up its work"
    logger.warning(told, killed.run_id, f"{killed.since:{TELLS_TIME}}")
    error = f"killed, or its machine was lost; run {settings.run_id} found its hold on the warehouse"
    row = (killed.run_id, RUNS.stage, killed.since, 0.0, 0, 0, 0, "{}", __version__, "killed", error)
    TableStore(spark, settings.model_copy(update={"run_id": killed.run_id})).note(RUNS, [row])


def assert_not_taken_over(spark: "SparkSession", settings: Settings) -> None:
    """No other run has held, since this one, a warehouse that no file of this machine can hold; nothing is looked at for a folder.

    Raises:  WarehouseError: one has, or has by now given it back, since this one did not renew its hold in time.
    """
    if local_warehouse(settings):
        return
    lease = TableLease(spark, settings, LASTS_S)
    holder = lease.holder()
    if holder != settings.run_id and (holder or lease.place in _held_here):
        raise WarehouseError(
            f"{f'run {holder} writes' if holder else 'another run has written'} the warehouse, since this run's hold on it ran out "
            f"(it was asleep, or could not write for {LASTS_S:.0f} s); start it again"
        )


@contextlib.contextmanager
def held_folder(settings: Settings) -> Iterator[Killed | None]:
    """Hold a warehouse of this machine; nothing happens for another. Starts no Spark. Gives the run that was killed holding it.

    Raises:  WarehouseError: another run holds it, and still does after `storage.wait_s`.
    """
    folder = local_warehouse(settings)
    if folder is None:
        yield None
        return
    path = folder / LOCK_FILE
    path.parent.mkdir(parents=True, exist_ok=True)
    with path.open("a+") as file:
        killed = _lock(file, path, settings)
        try:
            yield killed
        finally:
            file.truncate(0)


def _lock(file: IO[str], path: Path, settings: Settings) -> Killed | None:
    ends = time.monotonic() + settings.storage.wait_s
    said = False
    while not _try(file, path):
        file.seek(0)
        holder = file.read().strip() or "another run"
        if time.monotonic() >= ends:
            raise WarehouseError(f"warehouse {path.parent} is being written by {holder}; wait for it to end, or set storage.wait_s")
        if not said:
            logger.warning("waiting up to %.0f s for %s, which is writing %s", settings.storage.wait_s, holder, path.parent)
        said = True
        time.sleep(min(LOOK_AGAIN_S, max(0.0, ends - time.monotonic())))
    file.seek(0)
    killed = _killed(file.read())
    file.truncate(0)
    since = f"{datetime.now(UTC):{TELLS_TIME}}"
    file.write(f"run {settings.run_id} (process {os.getpid()} on {socket.gethostname()}, since {since})")
    file.flush()
    return killed


def _killed(holder: str) -> Killed | None:
    """Who wrote this into the lock file and never took it out; what was cut short tells nobody."""
    told = HOLDER.fullmatch(holder)
    return Killed(told["run_id"], datetime.strptime(told["since"], TELLS_TIME).replace(tzinfo=UTC)) if told else None


def _try(file: IO[str], path: Path) -> bool:
    try:
        fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except (BlockingIOError, PermissionError):  # the latter on network shares
        return False
    except OSError as fault:
        raise WarehouseError(
            f"{path} cannot be locked ({fault.strerror}); choose a storage.warehouse on a file system that has locks"
        ) from fault
    return True


@contextlib.contextmanager
def held_table(spark: "SparkSession", settings: Settings, lasts_s: float = LASTS_S) -> Iterator[Killed | None]:
    """Hold a warehouse that no file of this machine can hold; nothing happens for a local folder. Gives whose hold had run out.

    Raises:  WarehouseError: another run holds it, and still does after `storage.wait_s`.
    """
    if local_warehouse(settings):
        yield None
        return
    lease = TableLease(spark, settings, lasts_s)
    killed = lease.take()
    _held_here.add(lease.place)
    ended = threading.Event()
    renewing = threading.Thread(target=lease.renew_until, args=(ended,), daemon=True)
    renewing.start()
    try:
        yield killed
    finally:
        ended.set()
        renewing.join()
        _held_here.discard(lease.place)
        lease.give_back()


class TableLease:
    """The row of run_lease, as one run sees it."""

    def __init__(self, spark: "SparkSession", settings: Settings, lasts_s: float) -> None:
        self.store, self.settings, self.lasts_s = TableStore(spark, settings), settings, lasts_s
        self.place = self.store.place(RUN_LEASE)

    def take(self) -> Killed | None:
        """Wait for it as long as `storage.wait_s` says; gives the run whose hold had run out.

        Raises:  WarehouseError: in vain.
        """
        against_others(RUN_LEASE, lambda: self.store.create(RUN_LEASE))
        ends = time.monotonic() + self.settings.storage.wait_s
        while True:
            before = self._row()
            self._take_if_free()
            now = self._row()
            holder = now["holder"] if now else ""
            if now and holder == self.settings.run_id:
                # one whose time had not run out has given it back between the two looks
                ran_out = before and before["holder"] != holder and before["until"].timestamp() < now["updated_at"].timestamp()
                return Killed(before["holder"], before["updated_at"].astimezone(UTC)) if before and ran_out else None
            if time.monotonic() >= ends:
                raise WarehouseError(f"the warehouse is being written by run {holder}; wait for it to end, or set storage.wait_s")
            logger.warning("waiting for run %s, which is writing the warehouse", holder)
            time.sleep(min(LOOK_AGAIN_S, max(0.0, ends - time.monotonic())))

    def renew_until(self, ended: threading.Event) -> None:
        """Renew it while it is used; where that fails, it is tried twice more before the hold runs out."""
        while not ended.wait(self.lasts_s / 3):
            try:
                self._renew()
            except Exception as fault:
                logger.warning("the hold on the warehouse was not renewed (%s); tried again soon", first_line(fault))

    def give_back(self) -> None:
        """Others may have it at once."""
        with contextlib.suppress(Exception):  # it runs out by itself
            self.store.spark.sql(f"DELETE FROM {self.place} WHERE holder = {self._me}")

    @property
    def _me(self) -> str:
        return quoted(self.settings.run_id)

    def holder(self) -> str:
        """The run that took it last; empty when it was given back, or never taken."""
        row = self._row()
        return str(row["holder"]) if row else ""

    def _row(self) -> Mapping[str, Any] | None:
        rows = self.store.rows(RUN_LEASE, ("holder", "until", "updated_at")) if self.store.exists(RUN_LEASE) else []
        return rows[0] if rows else None

    def _renew(self) -> None:
        """Nothing where another run has taken it, or taken it and given it back."""
        self.store.spark.sql(
            f"UPDATE {self.place} SET until = {self._until}, updated_at = current_timestamp() WHERE holder = {self._me}"
        )

    @property
    def _until(self) -> str:
        return f"current_timestamp() + make_dt_interval(0, 0, 0, {self.lasts_s})"

    def _take_if_free(self) -> None:
        """Make the row ours where it is so already, or its time is over; whoever comes second meets Delta's conflict."""
        me, until = self._me, self._until
        names = ", ".join(RUN_LEASE.names)
        ours = {"name": f"'{ME}'", "holder": me, "until": until, "run_id": me, "updated_at": "current_timestamp()"}
        try:
            self.store.spark.sql(
                f"MERGE INTO {self.place} t USING (SELECT '{ME}' AS name) s ON t.name = s.name "
                f"WHEN MATCHED AND (t.holder = {me} OR t.until < current_timestamp()) "
                f"THEN UPDATE SET t.holder = {me}, t.until = {until}, t.run_id = {me}, t.updated_at = current_timestamp() "
                f"WHEN NOT MATCHED THEN INSERT ({names}) VALUES ({', '.join(ours[name] for name in RUN_LEASE.names)})"
            )
        except Exception as fault:
            if not is_conflict(fault):
                raise
