"""What a table was made of, remembered beside it, so that the next run makes anew only what a change touches."""

import json
import logging
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, TypeAlias

import pyarrow as pa

from outfit_pairing.errors import WarehouseError
from outfit_pairing.storage.merging import WriteReport
from outfit_pairing.storage.staging import StagingPlace
from outfit_pairing.storage.store import TableStore
from outfit_pairing.storage.tables import PAIRING_STATE, TABLES, Table

if TYPE_CHECKING:
    from pyspark.sql import DataFrame

logger = logging.getLogger(__name__)

IDS = "ids"  # among the versions, beside the tables' names
MOST_FOLLOWED = 10_000  # changed products whose rows the driver makes by itself


@dataclass(frozen=True, slots=True)
class Past:
    """versions: table → its version, as read or, for the table itself, once written.   changed: products since all were made."""

    versions: Mapping[str, int]
    changed: int


def told_of(store: TableStore, table: Table) -> str | None:
    """The `made_of` that was remembered last."""
    row = _remembered(store, table)
    return row["made_of"] if row else None


def _remembered(store: TableStore, table: Table) -> Mapping[str, Any] | None:
    if not store.exists(PAIRING_STATE):
        return None
    rows = store.rows_of(PAIRING_STATE, PAIRING_STATE.given, "table_name", [table.name])
    return rows[0] if rows else None


def past_of(store: TableStore, table: Table, made_of: str) -> Past | None:
    """What the table was made of; None where all of it has to be made, because of `full`, another `made_of` or no memory."""
    row = None if store.settings.full or not store.exists(table) else _remembered(store, table)
    if row is None or row["made_of"] != made_of or not row["versions"]:
        return None
    versions = json.loads(row["versions"])
    ids = versions.pop(IDS, {})
    # versions of a table that was put away and made anew begin again
    anew = [name for name, known in _ids(store, versions).items() if ids.get(name, known) != known]
    return None if anew else Past(versions, row["changed"])


def _ids(store: TableStore, names: Iterable[str]) -> dict[str, str]:
    """Delta's own ids of the tables that are there."""
    return {name: store.delta_id(TABLES[name]) for name in names if store.exists(TABLES[name])}


def versions_of(store: TableStore, tables: Iterable[Table]) -> dict[str, int]:
    """The tables' versions now; those that are not there are left out."""
    return {table.name: store.version(table) for table in tables if store.exists(table)}


def stands(store: TableStore, table: Table, versions: Mapping[str, int], past: Past) -> bool:
    """Whether neither the table nor anything that it was made of has a new version. `versions`: of what it is made of, now."""
    return past.versions == {**versions, table.name: store.version(table)}


def remember(
    store: TableStore, table: Table, made_of: str, versions: Mapping[str, int], *, past: Past | None, changed: int = 0
) -> None:
    """Say what the table is made of now. `versions`: of the tables read, taken before they were.   past: what was said before."""
    now = Past({**versions, table.name: store.version(table)}, changed)
    if now != past:
        told = json.dumps({**now.versions, IDS: _ids(store, now.versions)}, sort_keys=True)
        store.note(PAIRING_STATE, [(table.name, made_of, told, changed)])


Rows: TypeAlias = "Callable[[DataFrame | pa.Table | None], DataFrame | pa.Table]"


def follow(store: TableStore, table: Table, made_of: str, sources: Sequence[Table], rows: "Rows") -> WriteReport:
    """Make the table what `rows` gives, in one commit; only for products whose rows in a source or in itself have changed.

    rows: gives the table's rows: all of them, or those of the products whose distinct product_id it is given, as Arrow if that is.
    """
    tables = [*sources, table]
    versions, past = versions_of(store, tables), past_of(store, table, made_of)
    if past and past.versions == versions:
        return WriteReport()
    touched = _touched_by_driver(store, past, tables) if past else None
    if touched is None and past:
        touched = _touched_products(store, past, versions, tables)
    written = store.merge(table, rows(None), delete_missing=True) if touched is None else _renewed(store, table, touched, rows)
    remember(store, table, made_of, versions, past=past)
    return written


def is_followed(store: TableStore, table: Table, made_of: str, sources: Sequence[Table]) -> bool:
    """Whether `follow` would find nothing to do: neither the table nor a source has changed since it was made."""
    past = past_of(store, table, made_of)
    return past is not None and stands(store, table, versions_of(store, sources), past)


def _renewed(store: TableStore, table: Table, touched: "DataFrame | pa.Table", rows: "Rows") -> WriteReport:
    """The same for the products of `touched`. They are put aside: Spark then sees how few they are, and moves no other rows."""
    place = StagingPlace(store.spark, store.settings, f"touched_of_{table.name}")
    try:
        within = touched if isinstance(touched, pa.Table) else store.put_aside(table, touched, place, "product_id string")
        return store.merge(table, rows(within), delete_missing=True, within=within)
    finally:
        place.remove()


def _touched_by_driver(store: TableStore, past: Past, tables: Iterable[Table]) -> pa.Table | None:
    """Distinct product_id of the rows of these tables that have changed since, where the driver can tell and they are few."""
    found: set[str] = set()
    for table in tables:
        here = store.small_here(table)
        if here is None or table.name not in past.versions:
            return None
        try:
            found.update(here.changed_since(table, past.versions[table.name], "product_id")["product_id"].to_pylist())
        except WarehouseError as fault:
            logger.info("%s: its changes are read by Spark (%s)", table.name, fault)
            return None
    return pa.table({"product_id": pa.array(sorted(found), pa.string())}) if len(found) <= MOST_FOLLOWED else None


def _touched_products(store: TableStore, past: Past, versions: Mapping[str, int], tables: Iterable[Table]) -> "DataFrame | None":
    """Distinct product_id of the rows of these tables that have changed since; None where that is unknown."""
    found: DataFrame | None = None
    for table in tables:
        if table.name not in past.versions:
            return None
        changed = store.changed_since(table, past.versions[table.name], "product_id", versions.get(table.name))
        if changed is None:
            return None
        found = changed if found is None else found.unionByName(changed).distinct()
    return found
