"""The tables of a released result in Postgres, and the views that show it.

Each table is there twice, as side `a` and side `b`. One side is shown, the other holds what was shown before and takes the next
result: in one transaction its rows become the new ones and `sides` says that it is shown. No table is renamed, locked or dropped:
readers never wait, prepared statements stay good, and rights that were granted stay granted.
"""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from outfit_pairing.errors import SettingsError
from outfit_pairing.storage.tables import FEEDBACK, OUTFIT_RECOMMENDATIONS, PRODUCTS, QUALITY_METRICS, Column, Table

if TYPE_CHECKING:
    from psycopg import Connection
    from psycopg.sql import Composed

LAYOUT = "outfit-pairing, layout 1"  # comment on `sides`; counts up when tables change
SIDES = ("a", "b")
MACHINES = {"text", "text_hash", "row_hash"}  # columns of products that nobody reads there
WORDS = Column("words", "string", "Id, name, type and colour in lower case, for search")
TYPES = {
    "string": "text",
    "int": "integer",
    "bigint": "bigint",
    "double": "double precision",
    "boolean": "boolean",
    "timestamp": "timestamptz",
}

# What the views are: SQL behind each name; {schema} and {side} are filled in.
RELEASE_VIEW = "SELECT number, run_id, released_at, products, outfits FROM {schema}.sides WHERE shown"
SHOWN_VIEW = (
    "SELECT * FROM {a} WHERE (SELECT side FROM {schema}.sides WHERE shown) = 'a' "
    "UNION ALL SELECT * FROM {b} WHERE (SELECT side FROM {schema}.sides WHERE shown) = 'b'"
)
PAIRS_VIEW = (
    "SELECT DISTINCT ON (o.product_id, i.item->>'product_id') o.product_id, i.item->>'product_id' AS recommended_product_id, "
    "i.item->>'slot' AS slot, (i.item->>'score')::double precision AS score, o.confidence, o.source, o.outfit_id, o.rank "
    "FROM {schema}.outfit_recommendations o CROSS JOIN LATERAL jsonb_array_elements(o.items) AS i(item) "
    "ORDER BY o.product_id, i.item->>'product_id', o.rank"
)


@dataclass(frozen=True, slots=True)
class PostgresTable:
    """A table of the result: its columns as Delta has them, and its key."""

    name: str
    key: tuple[str, ...]
    comment: str
    columns: tuple[Column, ...]

    @property
    def names(self) -> tuple[str, ...]:
        """Column names in the order of COPY."""
        return tuple(column.name for column in self.columns)

    def on(self, side: str) -> str:
        """The name of the table that holds this side."""
        return f"{self.name}_{side}"


def _like(table: Table, left_out: frozenset[str] = frozenset(), more: tuple[Column, ...] = ()) -> PostgresTable:
    columns = (*(one for one in table.all_columns if one.name not in left_out), *more)
    return PostgresTable(table.name, table.key, table.comment, columns)


SHOWN_PRODUCTS = _like(PRODUCTS, frozenset(MACHINES), (WORDS,))
SHOWN_OUTFITS = _like(OUTFIT_RECOMMENDATIONS)
WITHOUT_OUTFITS = PostgresTable(
    "products_without_outfits",
    ("product_id",),
    "Products of the catalogue that have no outfit, each with the reason",
    (
        Column("product_id", "string", "The product"),
        Column("code", "string", "For programs: free_item, home_item, unknown_type, no_candidate, no_match"),
        Column("reason", "string", "For people"),
    ),
)
METRICS = _like(QUALITY_METRICS)
EVENTS = _like(FEEDBACK)
SIDED = (SHOWN_PRODUCTS, SHOWN_OUTFITS, WITHOUT_OUTFITS)


def prepare(connection: "Connection[tuple[Any, ...]]", schema: str) -> None:
    """Make schema, tables and views where they are not there yet, in one transaction.

    Raises:  SettingsError: the schema holds tables of another version of this package.    psycopg.Error: not allowed.
    """
    from psycopg import sql

    name = sql.Identifier(schema)
    held = connection.execute(
        "SELECT obj_description(c.oid) FROM pg_class c JOIN pg_namespace n ON n.oid = c.relnamespace "
        "WHERE n.nspname = %s AND c.relname = 'sides'",
        [schema],
    ).fetchone()
    if held:
        if held[0] != LAYOUT:
            raise SettingsError(
                f"schema {schema} in Postgres is of {held[0] or 'another program'}, this package writes {LAYOUT}; "
                "name another with publish.postgres_schema"
            )
        return
    with connection.transaction():
        exists = connection.execute("SELECT 1 FROM pg_namespace WHERE nspname = %s", [schema]).fetchone()
        if not exists:
            connection.execute(sql.SQL("CREATE SCHEMA {}").format(name))
        for statement in _statements(name):
            connection.execute(statement)


def _statements(schema: Any) -> "Iterator[Composed]":
    from psycopg import sql

    sides = (
        "CREATE TABLE {}.sides (side text PRIMARY KEY CHECK (side IN ('a', 'b')), shown boolean NOT NULL, number bigint, "
        "run_id text, released_at timestamptz, products bigint, outfits bigint, made_of jsonb)"
    )
    yield sql.SQL(sides).format(schema)
    yield sql.SQL("COMMENT ON TABLE {}.sides IS {}").format(schema, sql.Literal(LAYOUT))
    yield sql.SQL("INSERT INTO {}.sides (side, shown) VALUES ('a', false), ('b', false)").format(schema)
    for table in SIDED:
        for side in SIDES:
            yield from _made(schema, table, table.on(side))
        sided = [sql.SQL("{}.{}").format(schema, sql.Identifier(table.on(side))) for side in SIDES]
        shown = sql.SQL(SHOWN_VIEW).format(a=sided[0], b=sided[1], schema=schema)
        yield from _viewed(schema, table.name, shown, table.comment)
    for table in (METRICS, EVENTS):
        yield from _made(schema, table, table.name)
    release = sql.SQL(RELEASE_VIEW).format(schema=schema)
    yield from _viewed(schema, "release", release, "Which release is shown")
    pairs = sql.SQL(PAIRS_VIEW).format(schema=schema)
    yield from _viewed(schema, "recommended_pairs", pairs, "One row per pair of products that share an outfit")


def _made(schema: Any, table: PostgresTable, name: str) -> "Iterator[Composed]":
    from psycopg import sql

    place = sql.SQL("{}.{}").format(schema, sql.Identifier(name))
    columns = sql.SQL(", ").join(_column(column, table.key) for column in table.columns)
    key = sql.SQL(", ").join(map(sql.Identifier, table.key))
    yield sql.SQL("CREATE TABLE {} ({}, PRIMARY KEY ({}))").format(place, columns, key)
    yield sql.SQL("COMMENT ON TABLE {} IS {}").format(place, sql.Literal(table.comment))
    for column in table.columns:
        at = sql.SQL("{}.{}").format(place, sql.Identifier(column.name))
        yield sql.SQL("COMMENT ON COLUMN {} IS {}").format(at, sql.Literal(column.comment))


def _column(column: Column, key: Sequence[str]) -> "Composed":
    from psycopg import sql

    kind = sql.SQL(TYPES.get(column.type, "jsonb"))
    null = sql.SQL(" NOT NULL" if column.name in key else "")
    return sql.SQL("{} {}{}").format(sql.Identifier(column.name), kind, null)


def _viewed(schema: Any, name: str, query: "Composed", comment: str) -> "Iterator[Composed]":
    from psycopg import sql

    place = sql.SQL("{}.{}").format(schema, sql.Identifier(name))
    yield sql.SQL("CREATE VIEW {} AS {}").format(place, query)
    yield sql.SQL("COMMENT ON VIEW {} IS {}").format(place, sql.Literal(comment))
