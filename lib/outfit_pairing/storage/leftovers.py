"""Files that runs leave behind beside the tables: staged rows of runs that were killed, old report pages, old replies.

Only folders are looked through; staged rows behind a URL are overwritten by the next run.
"""

import logging
import shutil
import time
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from outfit_pairing.settings import Settings
from outfit_pairing.storage.places import URL, local_warehouse, reports_folder
from outfit_pairing.storage.tables import identifier

if TYPE_CHECKING:
    from pyspark.sql import SparkSession

logger = logging.getLogger(__name__)

DAY_S = 86_400
STAGED = "staged_"  # as StagingPlace names its places
OF_A_DEAD_RUN_S = DAY_S  # no stage stages rows for a day


@dataclass(frozen=True, slots=True)
class Leftover:
    """A kind of leftover: how many, their bytes, and whether they were removed or only told of."""

    what: str
    count: int
    bytes: int
    removed: bool


def sweep(settings: Settings, *, journal_too: bool = False, dry: bool = False, now: float | None = None) -> list[Leftover]:
    """Remove what is past its time from a local warehouse, else from publish.folder; kinds of which there is nothing are left out.

    Replies in the journal are paid for, so they are told of, and removed only with `journal_too`.
    """
    moment = time.time() if now is None else now
    past = moment - settings.storage.retention_days * DAY_S
    found: list[Leftover] = []
    warehouse = local_warehouse(settings)
    if warehouse:
        dead = moment - OF_A_DEAD_RUN_S
        staged = _older([*warehouse.glob(f"_{STAGED}*"), warehouse / "exports" / ".partial"], dead)
        found.append(_remove("staged rows of dead runs", staged, dry=dry))
    reports = reports_folder(settings)
    if reports:
        found.append(_remove("report pages past retention", _older(_but_newest(reports.glob("*.html")), past), dry=dry))
    journal = settings.llm.journal or f"{settings.storage.warehouse.rstrip('/')}/journal"
    if not URL.match(journal):
        folder = Path(journal).expanduser().resolve()
        torn = _older((path for path in folder.rglob(".*") if path.is_file()), moment - OF_A_DEAD_RUN_S)
        found.append(_remove("half-written journal files", torn, dry=dry))
        requests = [path for path in folder.glob("[0-9a-f][0-9a-f]/*") if path.is_dir()]
        found.append(_remove("requests in the journal past retention", _older(requests, past), dry=dry or not journal_too))
    return [one for one in found if one.count]


def _older(paths: Iterable[Path], moment: float) -> list[Path]:
    return [path for path in paths if path.exists() and _newest(path) < moment]


def _newest(path: Path) -> float:
    """When something in a folder was written last."""
    return max((one.lstat().st_mtime for one in (path, *path.rglob("*"))), default=0.0)


def _but_newest(paths: Iterable[Path]) -> list[Path]:
    """All but the page of the last check, which is kept however old."""
    return sorted(paths, key=lambda path: path.lstat().st_mtime)[:-1]


def _remove(what: str, paths: Iterable[Path], *, dry: bool) -> Leftover:
    count = size = 0
    for path in paths:
        count += 1
        size += sum(one.lstat().st_size for one in (path, *path.rglob("*")) if one.is_file())
        if dry:
            continue
        if path.is_dir() and not path.is_symlink():
            shutil.rmtree(path, ignore_errors=True)
        else:
            path.unlink(missing_ok=True)
    return Leftover(what, count, size, not dry)


def sweep_staged_tables(
    spark: "SparkSession", settings: Settings, *, dry: bool, now: Callable[[], float] = time.time
) -> list[Leftover]:
    """Drop staged tables of dead runs from the schema, where tables have names."""
    schema = identifier(*(part for part in (settings.storage.catalog, settings.storage.schema_) if part))
    if not schema:
        return []
    dead = list(_dead_tables(spark, schema, now() - OF_A_DEAD_RUN_S))
    for place in dead if not dry else ():
        spark.sql(f"DROP TABLE IF EXISTS {place}")
    return [Leftover("staged tables of dead runs", len(dead), 0, not dry)] if dead else []


def _dead_tables(spark: "SparkSession", schema: str, moment: float) -> Iterator[str]:
    for row in spark.sql(f"SHOW TABLES IN {schema} LIKE '{STAGED}*'").collect():
        if row["isTemporary"]:
            continue
        place = f"{schema}.{identifier(row['tableName'])}"
        told = {one["col_name"]: one["data_type"] for one in spark.sql(f"DESCRIBE TABLE EXTENDED {place}").collect()}
        created = _moment(told.get("Created Time", ""))
        if created is None:
            logger.warning("%s: does not tell when it was made; drop it when no run is under way", place)
        elif created < moment:
            yield place


def _moment(text: str) -> float | None:
    """`Tue Nov 24 12:00:00 UTC 2026`, as Spark tells times of tables."""
    from datetime import UTC, datetime

    try:
        return datetime.strptime(text.replace(" UTC", ""), "%a %b %d %H:%M:%S %Y").replace(tzinfo=UTC).timestamp()
    except ValueError:
        return None
