"""Where tables, replies, figures and temporary files lie: rights, room, and whether it can be reached."""

import os
import re
import uuid
from collections.abc import Callable
from contextlib import suppress
from pathlib import Path

from outfit_pairing.credentials import without_credentials
from outfit_pairing.doctor.finding import Finding, fault, ok, said, warning
from outfit_pairing.doctor.machine import Machine
from outfit_pairing.errors import InputError
from outfit_pairing.settings import Settings
from outfit_pairing.storage.places import URL, local_warehouse
from outfit_pairing.storage.tracking import check_tracking
from outfit_pairing.whole_files import put_file

# Measured on 44,446 products: 6.7 KB each for all tables and exports of one run, of which Delta keeps former versions.
TABLE_BYTES = 20_000
TEMPORARY_BYTES = 10_000  # shuffled and staged rows
NAMED = "tables have names there, which only a session can try (--deep tries a folder)"


def warehouse(settings: Settings, _: Machine) -> Finding:
    """Files can be written, renamed and deleted where tables lie."""
    storage = settings.storage
    if storage.catalog or storage.schema_:
        return ok("warehouse", f"{'.'.join(part for part in (storage.catalog, storage.schema_) if part)}: {NAMED}")
    if URL.match(storage.warehouse):
        return ok("warehouse", f"{without_credentials(storage.warehouse)} is reached through Spark, which is not started here")
    return _rights("warehouse", Path(storage.warehouse), "name another folder with --warehouse")


def journal(settings: Settings, _: Machine, check_journal: Callable[[Settings], None]) -> Finding:
    """The same for the journal of replies, where a model is asked.

    Args:    check_journal: raises InputError where a URL cannot be written, read and cleared.
    """
    if settings.patterns.provider == "style_guide":
        return ok("journal", "none is kept without a model")
    place = settings.llm.journal or f"{settings.storage.warehouse.rstrip('/')}/journal"
    if not URL.match(place):
        return _rights("journal", Path(place), "name a folder in llm.journal that driver and workers may write", put_file)
    well = f"{without_credentials(place)} can be written, read and cleared"
    return _tried("journal", lambda: check_journal(settings), well, "correct llm.journal")


def _tried(check: str, attempt: Callable[[], None], well: str, cure: str) -> Finding:
    """What came of an attempt; its error has its own cure, or else this one."""
    try:
        attempt()
    except InputError as reason:
        found, own = said(reason)
        return fault(check, found, own or cure)
    return ok(check, well)


def _rights(check: str, folder: Path, cure: str, put: Callable[[Path, Path], object] | None = None) -> Finding:
    """Tried in the folder itself, or in the nearest one above that is there; nothing is left behind.

    Args:    put: how what lies there gets its name; None: it is renamed, as files of tables are.
    """
    folder = folder.expanduser().resolve()
    place = next(one for one in (folder, *folder.parents) if one.exists())
    if not place.is_dir():
        return fault(check, f"{place} is not a folder", cure)
    shown = str(folder) if place == folder else f"{folder}, to be made in {place}"
    failed = _failed_step(place / f".outfit_pairing_doctor_{uuid.uuid4().hex}", put)
    if failed:
        return fault(check, f"{shown}: {failed}", cure)
    return ok(check, f"{shown}: files can be written, renamed and deleted")


def _failed_step(folder: Path, put: Callable[[Path, Path], object] | None) -> str | None:
    """The step that a file system refuses, with its reason."""
    step = "folders cannot be made"
    try:
        folder.mkdir()
        try:
            step = "files cannot be written"
            (folder / "new").write_bytes(b"new")
            step = "files cannot be renamed"
            (put or Path.replace)(folder / "new", folder / "old")
            step = "files cannot be deleted"
            (folder / "old").unlink()
        finally:
            for left in ("new", "old"):
                with suppress(OSError):
                    (folder / left).unlink(missing_ok=True)
            folder.rmdir()
    except OSError as reason:
        return f"{step} ({reason.strerror or reason})"
    return None


def table_room(settings: Settings, machine: Machine, products: int) -> Finding:
    """Room for the tables of so many products."""
    folder = local_warehouse(settings)
    if folder is None:
        return ok("room for tables", "not on this machine")
    needed, cure = products * TABLE_BYTES, "free some, or name another disk with --warehouse"
    return _room("room for tables", folder, machine, needed=needed, what=_needs(products, needed), cure=cure)


def temporary_room(_: Settings, machine: Machine, products: int) -> Finding:
    """Room for what Spark shuffles."""
    needed, cure = products * TEMPORARY_BYTES, "free some, or let SPARK_LOCAL_DIRS name a folder on a larger disk"
    return _room("room for temporary files", machine.temporary, machine, needed=needed, what=_needs(products, needed), cure=cure)


def _needs(products: int, needed: int) -> str:
    return f"{products:,} products need {_size(needed)} ({needed // products // 1000} KB each)"


def _room(check: str, folder: Path, machine: Machine, *, needed: int, what: str, cure: str) -> Finding:
    place = next(one for one in (folder, *folder.parents) if one.exists())
    free = machine.free_space(place)
    shown = f"{_size(free)} free in {place}; {what}"
    if free < needed // 2:
        return fault(check, shown, cure)
    return warning(check, shown, cure) if free < needed else ok(check, shown)


def tracking(settings: Settings, machine: Machine) -> Finding:
    """The tracking server can be reached, or its folder written."""
    check, uri = "tracking", settings.tracking.uri
    if not uri:
        return ok(check, "off (tracking.uri is not set)")
    try:
        check_tracking(settings)
    except InputError as reason:
        return fault(check, *said(reason))
    if uri.startswith(("http://", "https://")):
        refused = machine.reach(uri)
        cure = "start the server, or correct tracking.uri"
        return (
            fault(check, f"{without_credentials(uri)} cannot be reached ({refused})", cure)
            if refused
            else ok(check, without_credentials(uri))
        )
    local = re.sub(r"^(file|sqlite):(//)?", "", uri)
    if local != uri or not URL.match(uri):
        folder = Path(local).parent if uri.startswith("sqlite:") else Path(local)
        return _rights(check, folder, "correct tracking.uri")
    return ok(check, f"{without_credentials(uri)} is not tried")


def postgres(settings: Settings, _: Machine, check_postgres: Callable[[Settings], None]) -> Finding:
    """Postgres would take a release, where one is named.

    Args:    check_postgres: raises InputError where it cannot be reached or its schema cannot be written.
    """
    if settings.publish.postgres is None:
        return ok("postgres", "nothing is sent (publish.postgres is not set)")
    well = f"schema {settings.publish.postgres_schema} can be written"
    return _tried("postgres", lambda: check_postgres(settings), well, "correct publish.postgres")


def clock(settings: Settings, machine: Machine) -> Finding:
    """This machine's clock is not behind what it wrote before, nor apart from the storage's."""
    now, cure = machine.now(), "set the clock (NTP); Delta's history and retention go by it"
    if now < machine.built_at - 86_400:
        return fault("clock", f"it says {_day(now)}, but this package was written on {_day(machine.built_at)}", cure)
    newest = _newest_commit(settings)
    if newest is not None and newest > now + 60:
        return warning("clock", f"it says {_day(now)}, but a table was written on {_day(newest)}", cure)
    return ok("clock", f"{_day(now)} UTC")


def _newest_commit(settings: Settings) -> float | None:
    """When the newest entry of a local table's log was written."""
    folder = local_warehouse(settings)
    if folder is None:
        return None
    logs = folder.glob("*/_delta_log")
    return max((entry.stat().st_mtime for log in logs for entry in os.scandir(log) if entry.name.endswith(".json")), default=None)


def _day(moment: float) -> str:
    import datetime

    return f"{datetime.datetime.fromtimestamp(moment, datetime.UTC):%Y-%m-%d %H:%M}"


def _size(size: float) -> str:
    return f"{size / 1e9:,.1f} GB" if size >= 1e9 else f"{size / 1e6:,.0f} MB"
