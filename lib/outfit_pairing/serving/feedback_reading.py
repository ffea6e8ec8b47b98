"""Feedback read back, without Spark: counts of events, and the outfits that shoppers liked."""

from collections import Counter
from collections.abc import Iterable
from typing import TYPE_CHECKING, Any

from outfit_pairing.errors import InputError, MissingTable, SettingsError, first_line, installing
from outfit_pairing.publishing.postgres_place import connect, place_name
from outfit_pairing.serving.feedback_report import Counted
from outfit_pairing.settings import Settings
from outfit_pairing.storage.places import local_warehouse
from outfit_pairing.storage.tables import FEEDBACK, OUTFIT_RECOMMENDATIONS, Table

if TYPE_CHECKING:
    import pyarrow as pa

LIKED = ("clicked", "bought")
Key = tuple[str, str]  # product_id, outfit_id


def feedback_counts(settings: Settings) -> list[Counted]:
    """How many events there are of each kind, where `serve.feedback` keeps them; an event_id counts once.

    Raises:  SettingsError: feedback is off, or its place cannot be used.    MissingTable: there is none yet.
    """
    names = ("event", "source", "slot", "variant")
    if _from_postgres(settings):
        from psycopg import sql

        columns = sql.SQL(", ").join(map(sql.Identifier, names))
        query = sql.SQL("SELECT {0}, count(*) FROM {1}.feedback GROUP BY {0}")
        return [Counted(*row) for row in _rows(settings, query.format(columns, sql.Identifier(settings.publish.postgres_schema)))]
    rows = _delta(settings, FEEDBACK, ["event_id", *names]).to_pylist()
    distinct = {row["event_id"]: (row["event"], row["source"], row["slot"], row["variant"]) for row in rows}
    return [Counted(*key, count) for key, count in Counter(distinct.values()).items()]


def liked_outfits(settings: Settings) -> tuple[list[list[str]], int]:
    """Outfits that were clicked or bought more often than dismissed, as product ids with the page's own first; and how many more
    there are that are shown no longer, so that nobody knows their items.

    Raises:  as `feedback_counts`; MissingTable also where nothing was released.
    """
    if _from_postgres(settings):
        found = _liked_in_postgres(settings)
        liked, items = _worth(found[0]), {(row[0], row[1]): row[2] for row in found[1]}
    else:
        rows = _delta(settings, FEEDBACK, ["event_id", "event", "product_id", "outfit_id"]).to_pylist()
        events = {row["event_id"]: (row["product_id"], row["outfit_id"], row["event"]) for row in rows}
        liked = _worth((*key, count) for key, count in Counter(events.values()).items())
        items = _items(settings, liked)
    known = [[key[0], *items[key]] for key in sorted(liked) if key in items]
    return known, len(liked) - len(known)


def _worth(counted: Iterable[tuple[str, str, str, int]]) -> set[Key]:
    """Outfits that more people liked than dismissed."""
    balance = Counter[Key]()
    for product_id, outfit_id, event, count in counted:
        balance[product_id, outfit_id] += count if event in LIKED else -count if event == "dismissed" else 0
    return {key for key, value in balance.items() if value > 0}


def _items(settings: Settings, liked: set[Key]) -> dict[Key, list[str]]:
    import pyarrow as pa
    import pyarrow.compute as pc

    shown = _delta(settings, OUTFIT_RECOMMENDATIONS, ["product_id", "outfit_id", "items"])
    wanted = pa.array(sorted({outfit_id for _, outfit_id in liked}), pa.string())
    rows = shown.filter(pc.is_in(pc.cast(shown.column("outfit_id"), pa.string()), value_set=wanted)).to_pylist()
    return {(row["product_id"], row["outfit_id"]): [item["product_id"] for item in row["items"]] for row in rows}


def _liked_in_postgres(settings: Settings) -> tuple[list[tuple[Any, ...]], list[tuple[Any, ...]]]:
    from psycopg import sql

    schema = sql.Identifier(settings.publish.postgres_schema)
    counted = sql.SQL("SELECT product_id, outfit_id, event, count(*) FROM {}.feedback GROUP BY product_id, outfit_id, event")
    items = sql.SQL(
        "SELECT product_id, outfit_id, ARRAY(SELECT i.item->>'product_id' FROM jsonb_array_elements(items) AS i(item)) "
        "FROM {0}.outfit_recommendations JOIN (SELECT DISTINCT product_id, outfit_id FROM {0}.feedback "
        "WHERE event IN ('clicked', 'bought')) liked USING (product_id, outfit_id)"
    )
    return _rows(settings, counted.format(schema)), _rows(settings, items.format(schema))


def _from_postgres(settings: Settings) -> bool:
    if settings.serve.feedback == "off":
        raise SettingsError("serve.feedback is off: nothing is kept; set it to delta or postgres")
    return settings.serve.feedback == "postgres"


def _rows(settings: Settings, query: Any) -> list[tuple[Any, ...]]:
    import psycopg

    try:
        with connect(settings) as connection:
            return connection.execute(query).fetchall()
    except (psycopg.errors.UndefinedTable, psycopg.errors.InvalidSchemaName):
        raise MissingTable(FEEDBACK.name, place_name(settings), "release") from None
    except psycopg.Error as fault:
        raise InputError(f"{place_name(settings)} cannot be read: {first_line(fault)}") from None


def _delta(settings: Settings, table: Table, columns: list[str]) -> "pa.Table":
    """Columns of a Delta table of a folder or URL."""
    if settings.storage.catalog or settings.storage.schema_:
        raise SettingsError("tables of storage.catalog are not read without Spark; set serve.feedback to postgres")
    try:
        from deltalake import DeltaTable
        from deltalake.exceptions import TableNotFoundError
    except ImportError:
        raise SettingsError(f"reading feedback needs deltalake; {installing('serve')}") from None
    folder = local_warehouse(settings)
    warehouse = str(folder or settings.storage.warehouse.rstrip("/"))
    try:
        found = DeltaTable(f"{warehouse}/{table.name}")
    except TableNotFoundError:
        raise MissingTable(table.name, warehouse, table.stage) from None
    if folder is None:
        return found.to_pyarrow_table(columns=columns)
    from pyarrow.fs import LocalFileSystem, SubTreeFileSystem

    # Arrow's own file system: that of deltalake keeps threads that now and then abort the interpreter at its exit
    return found.to_pyarrow_table(columns=columns, filesystem=SubTreeFileSystem(str(folder / table.name), LocalFileSystem()))
