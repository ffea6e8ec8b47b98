"""Keeps tables few-filed and no larger than their retention asks for: OPTIMIZE, VACUUM, retention properties, clustering.

The rule for OPTIMIZE: at least FEWEST_FILES files of less than SMALL_BYTES on average. A table below that is left alone, since
a rewrite costs more than it saves. How long former versions stay is a property of each table, since VACUUM goes by it alone: what
is said after RETAIN it ignores (seen with Delta 4.4). It is tried dry first: it would make two commits for nothing.
"""

import logging
import os
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from outfit_pairing.settings import Settings
from outfit_pairing.storage.retention import RETENTION, retention, retention_properties
from outfit_pairing.storage.store import TableStore
from outfit_pairing.storage.tables import OUTFIT_RECOMMENDATIONS, PRODUCTS, TABLES, Table, identifier

if TYPE_CHECKING:
    from pyspark.sql import SparkSession

logger = logging.getLogger(__name__)

FEWEST_FILES = 8
SMALL_BYTES = 16 << 20
# Looked up by product, and large: files that hold near ids together let readers skip the others.
CLUSTERED = {PRODUCTS.name: "product_id", OUTFIT_RECOMMENDATIONS.name: "product_id"}
# VACUUM lists folders in so many tasks; the default of 10,000 takes a laptop most of a minute per table.
LISTING = "spark.sql.sources.parallelPartitionDiscovery.parallelism"
LISTING_LOCALLY = "2"


@dataclass(frozen=True, slots=True)
class Wish:
    """What is to be done. `cluster`: give CLUSTERED tables their clustering; `dry`: only tell."""

    retention_days: int
    cluster: bool = False
    dry: bool = False


@dataclass(frozen=True, slots=True)
class Kept:
    """One table before and after. `done`: in words.

    `deleted`, `freed`: files and bytes of former versions that went. A dry run knows them only where a table states its retention.
    """

    table: str
    files_before: int
    files_after: int
    bytes_before: int
    bytes_after: int
    deleted: int
    freed: int
    done: tuple[str, ...]


def maintain_tables(spark: "SparkSession", settings: Settings, wish: Wish) -> Iterator[Kept]:
    """Every table that is there, in the order of the stages.

    Raises: WarehouseError: a table cannot be read, or is of a newer schema.
    """
    store = TableStore(spark, settings)
    with _short_listings(spark):
        for table in TABLES.values():
            if store.exists(table):
                yield _maintain(store, table, wish)


def _maintain(store: TableStore, table: Table, wish: Wish) -> Kept:
    place, spark = store.place(table), store.spark
    before, done = _detail(spark, place), list[str]()
    done += _retain(spark, place, before, wish)
    done += _cluster(spark, place, table, before, wish)
    if _has_many_small(before) or "clustered" in done:
        done.append("compacted")
        if not wish.dry:
            spark.sql(f"OPTIMIZE {place}").collect()
    told = _retains(before, wish) or not wish.dry
    deleted, freed = _vacuum(spark, place, dry=wish.dry) if told and _is_old(before, wish) else (0, 0)
    after = before if wish.dry else _detail(spark, place)
    if done or deleted:
        logger.info("%s: %s", table.name, ", ".join([*done, f"{deleted} files of former versions deleted"]))
    return Kept(
        table.name, before["numFiles"], after["numFiles"], before["sizeInBytes"], after["sizeInBytes"], deleted, freed, tuple(done)
    )  # fmt: skip


def _detail(spark: "SparkSession", place: str) -> dict[str, Any]:
    return spark.sql(f"DESCRIBE DETAIL {place}").collect()[0].asDict()


def _has_many_small(detail: dict[str, Any]) -> bool:
    files = int(detail["numFiles"])
    return files >= FEWEST_FILES and int(detail["sizeInBytes"]) / files < SMALL_BYTES


def _retain(spark: "SparkSession", place: str, detail: dict[str, Any], wish: Wish) -> list[str]:
    """State the retention where it is not yet as wished. A version can be restored while its files and its log are there."""
    if _retains(detail, wish):
        return []
    if not wish.dry:
        spark.sql(f"ALTER TABLE {place} SET TBLPROPERTIES ({retention_properties(wish.retention_days)})")
    return [f"keeps {wish.retention_days} days"]


def _is_old(detail: dict[str, Any], wish: Wish) -> bool:
    """Whether the table is older than the retention; a younger one can have nothing past it, and need not be listed."""
    return bool(detail["createdAt"].timestamp() <= time.time() - wish.retention_days * 86_400)


def _retains(detail: dict[str, Any], wish: Wish) -> bool:
    return {detail["properties"].get(name) for name in RETENTION} == {retention(wish.retention_days)}


def _cluster(spark: "SparkSession", place: str, table: Table, detail: dict[str, Any], wish: Wish) -> list[str]:
    """Have OPTIMIZE and new writes keep near ids together; nothing where it is so, or where this Delta cannot."""
    column = CLUSTERED.get(table.name)
    if not wish.cluster or column is None or detail.get("clusteringColumns") == [column]:
        return []
    if wish.dry:
        return ["clustered"]
    from pyspark.errors import PySparkException

    try:
        spark.sql(f"ALTER TABLE {place} CLUSTER BY ({identifier(column)})")
    except PySparkException as fault:
        logger.warning("%s: cannot be clustered here (%s)", table.name, str(fault).strip().splitlines()[0][:200])
        return []
    return ["clustered"]


def _vacuum(spark: "SparkSession", place: str, *, dry: bool) -> tuple[int, int]:
    """Files of versions past the retention: how many went, and their bytes; of a dry run only how many would."""
    found = spark.sql(f"VACUUM {place} DRY RUN").collect()
    if not found or dry:
        return len(found), 0
    spark.sql(f"VACUUM {place}").collect()
    metrics: dict[str, str] = {}
    for row in spark.sql(f"DESCRIBE HISTORY {place} LIMIT 2").collect():
        metrics |= row["operationMetrics"] or {}
    return int(metrics.get("numDeletedFiles", len(found))), int(metrics.get("sizeOfDataToDelete", 0))


@contextmanager
def _short_listings(spark: "SparkSession") -> Iterator[None]:
    """On one machine: two listing tasks instead of thousands."""
    if "DATABRICKS_RUNTIME_VERSION" in os.environ or not str(spark.conf.get("spark.master", "")).startswith("local"):
        yield
        return
    before = str(spark.conf.get(LISTING))
    spark.conf.set(LISTING, LISTING_LOCALLY)
    try:
        yield
    finally:
        spark.conf.set(LISTING, before)
