"""Postgres follows a release: its rows go to the side that nobody reads, are counted, and are shown by one transaction.

Until that commits, readers meet what was shown before; when it fails, whatever it had done is gone.
"""

import json
import logging
import time
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import TYPE_CHECKING, Any

from outfit_pairing.errors import PostgresBehind, first_line
from outfit_pairing.publishing.figures import Published
from outfit_pairing.publishing.postgres_place import connect, place_name
from outfit_pairing.publishing.postgres_plan import MadeOf, Plan, Side, Step, plan
from outfit_pairing.publishing.postgres_rows import ROWS_AT_ONCE, Block, ids, made_of, metric_blocks, table_blocks
from outfit_pairing.publishing.postgres_tables import METRICS, SHOWN_OUTFITS, SHOWN_PRODUCTS, SIDED, WITHOUT_OUTFITS, prepare
from outfit_pairing.publishing.without_outfits import absence_of
from outfit_pairing.storage.store import TableStore
from outfit_pairing.storage.tables import RELEASES
from outfit_pairing.style.product import PRODUCT_COLUMNS, Product
from outfit_pairing.style.vocabulary import load_style_guide

if TYPE_CHECKING:
    from psycopg import Connection
    from psycopg.sql import Composed, Identifier

    from outfit_pairing.publishing.postgres_tables import PostgresTable

logger = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True)
class Wanted:
    """The release to show.   products: with outfits.   outfits: theirs.   catalogue: all products.   made_of: see MadeOf."""

    number: int
    run_id: str
    released_at: datetime
    products: int
    outfits: int
    catalogue: int
    made_of: MadeOf


def follow_release(store: TableStore, published: Published) -> dict[str, int | float | str]:
    """Make Postgres show what is released; counters for the stage report. Nothing happens where publish.postgres is unset.

    Raises:  PostgresBehind: it could not be reached, or took other rows than were sent; it shows what it showed before.
    """
    if store.settings.publish.postgres is None:
        return {}
    import psycopg

    started = time.perf_counter()
    releases = sorted((row.asDict() for row in store.read(RELEASES).collect()), key=lambda row: row["number"])
    last = releases[-1]
    wanted = Wanted(
        last["number"], last["shown_run_id"], last["updated_at"], published.products, published.outfits, published.catalogue,
        made_of(store),
    )  # fmt: skip
    place = place_name(store.settings)
    try:
        with connect(store.settings) as connection:
            sender = Sender(store, connection, wanted, place)
            found = sender.send(releases)
            seconds = round(time.perf_counter() - started, 1)
            logger.info("%s shows release %d: %s, %s rows in %.1f s", place, wanted.number, found.way, f"{sender.rows:,}", seconds)
            sender.tidy(found)
    except psycopg.Error as fault:
        raise PostgresBehind(place, wanted.number, first_line(fault)) from fault
    return {"postgres": found.way, "postgres_rows": sender.rows, "postgres_seconds": seconds}


class Sender:
    """One release on its way.   rows: products and outfits sent."""

    def __init__(self, store: TableStore, connection: "Connection[tuple[Any, ...]]", wanted: Wanted, place: str) -> None:
        self.store, self.connection, self.wanted, self.place = store, connection, wanted, place
        self.schema = store.settings.publish.postgres_schema
        self.rows = 0

    def send(self, releases: list[dict[str, Any]]) -> Plan:
        """Fill a side and show it, in one transaction."""
        prepare(self.connection, self.schema)
        found = plan(self.store, self._sides(), self.wanted.made_of, self.wanted.catalogue, releases)
        logger.info("%s: %s to side %s", self.place, found.way, found.target.name)
        with self.connection.transaction():
            self._alone(found)
            self._fill(found)
            self._count(found.target.name)
            self._show(found.target.name)
        return found

    def _sides(self) -> list[Side]:
        query = self._sql("SELECT side, shown, number, made_of FROM {}.sides ORDER BY side")
        rows = self.connection.execute(query).fetchall()
        return [Side(name, shown, number, told or {}) for name, shown, number, told in rows]

    def _alone(self, found: Plan) -> None:
        """No other sender until this one is done; none has been here since the plan was made."""
        self.connection.execute("SELECT pg_advisory_xact_lock(hashtext('outfit_pairing'), hashtext(%s))", [self.schema])
        if found.target not in self._sides():
            raise PostgresBehind(self.place, self.wanted.number, "another run has written there meanwhile")

    def _fill(self, found: Plan) -> None:
        side = found.target.name
        for step in found.steps:
            self._fill_table(step, side)
        if any(step.base != "kept" or step.count for step in found.steps):
            self._execute("DELETE FROM {}.{}", WITHOUT_OUTFITS.on(side))
            self._tell_absences(side)
        self._execute("DELETE FROM {}.{}", METRICS.name)
        self._copy(METRICS, METRICS.name, metric_blocks(self.store))

    def _fill_table(self, step: Step, side: str) -> None:
        table, name = step.table, step.table.on(side)
        if step.base != "kept":
            self._execute("DELETE FROM {}.{}", name)
        if step.base == "copied":
            other = table.on("b" if side == "a" else "a")
            self._execute("INSERT INTO {}.{} SELECT * FROM {}.{} ORDER BY product_id", name, other)
        if step.touched is not None and step.count:
            for some in ids(step.touched):
                self.connection.execute(self._sql("DELETE FROM {}.{} WHERE product_id = ANY(%s)", name), [some])
        if step.count:
            per_product = self.wanted.outfits // max(1, self.wanted.products) if table is SHOWN_OUTFITS else 1
            self.rows += self._copy(table, name, table_blocks(self.store, table, per_product * step.count, step.touched))

    def _copy(self, table: "PostgresTable", name: str, blocks: Iterable[Block]) -> int:
        """COPY blocks into a table; rows sent."""
        rows = 0
        with self.connection.cursor() as cursor, cursor.copy(self._copy_statement(table, name)) as copy:
            for block in blocks:
                copy.write(block.lines)
                rows += block.rows
        return rows

    def _tell_absences(self, side: str) -> None:
        """Why products of the side have no outfit. It has all that this follows from: Spark would read its tables once more."""
        guide, products = load_style_guide(), SHOWN_PRODUCTS.on(side)
        slots = "SELECT slot, array_agg(DISTINCT coalesce(audience, 'unisex')) FROM {}.{} WHERE in_stock GROUP BY slot"
        stocked = dict(self.connection.execute(self._sql(slots, products)).fetchall())
        without = (
            f"SELECT {', '.join(PRODUCT_COLUMNS)} FROM {{}}.{{}} p "
            "WHERE NOT EXISTS (SELECT 1 FROM {}.{} o WHERE o.product_id = p.product_id) ORDER BY product_id"
        )
        with self.connection.cursor("absent") as absent:
            absent.execute(self._sql(without, products, SHOWN_OUTFITS.on(side)))
            while some := [Product(*row) for row in absent.fetchmany(ROWS_AT_ONCE)]:
                told = ((one.product_id, absence_of(one, guide, stocked)) for one in some)
                rows = ((product_id, why.code, why.reason) for product_id, why in told)
                self._copy_rows(WITHOUT_OUTFITS, WITHOUT_OUTFITS.on(side), rows)

    def _copy_rows(self, table: "PostgresTable", name: str, rows: Iterable[tuple[str, ...]]) -> None:
        with self.connection.cursor() as cursor, cursor.copy(self._copy_statement(table, name)) as copy:
            for row in rows:
                copy.write_row(row)

    def _copy_statement(self, table: "PostgresTable", name: str) -> "Composed":
        from psycopg import sql

        columns = sql.SQL(", ").join(map(sql.Identifier, table.names))
        return sql.SQL("COPY {}.{} ({}) FROM STDIN").format(sql.Identifier(self.schema), sql.Identifier(name), columns)

    def _count(self, side: str) -> None:
        """Postgres has what Delta has.    Raises:  PostgresBehind: it has not."""
        query = self._sql(
            "SELECT (SELECT count(*) FROM {}.{}), count(DISTINCT product_id), count(*) FROM {}.{}",
            SHOWN_PRODUCTS.on(side), SHOWN_OUTFITS.on(side),
        )  # fmt: skip
        found = self.connection.execute(query).fetchone()
        expected = (self.wanted.catalogue, self.wanted.products, self.wanted.outfits)
        if found != expected:
            told = "products", "products with outfits", "outfits"
            wrong = [
                f"{has:,} {name} instead of {due:,}"
                for name, has, due in zip(told, found or (), expected, strict=True)
                if has != due
            ]
            raise PostgresBehind(self.place, self.wanted.number, f"it took {', '.join(wrong)}")

    def _show(self, side: str) -> None:
        one = self.wanted
        self.connection.execute(
            self._sql(
                "UPDATE {}.sides SET number = %s, run_id = %s, released_at = %s, products = %s, outfits = %s, made_of = %s "
                "WHERE side = %s"
            ),
            [one.number, one.run_id, one.released_at, one.products, one.outfits, _json(one.made_of), side],
        )
        self.connection.execute(self._sql("UPDATE {}.sides SET shown = (side = %s) WHERE shown <> (side = %s)"), [side, side])

    def tidy(self, found: Plan) -> None:
        """Where all rows are new: room of deleted ones is free again, and the planner knows them. The release is shown already."""
        import psycopg

        if all(step.base == "kept" for step in found.steps):
            return
        side = found.target.name
        for table in SIDED:
            try:
                self._execute("VACUUM (ANALYZE) {}.{}", table.on(side))
            except psycopg.Error as fault:
                logger.warning("%s: %s is left to autovacuum (%s)", self.place, table.on(side), first_line(fault))

    def _execute(self, statement: str, *names: str) -> None:
        self.connection.execute(self._sql(statement, *names))

    def _sql(self, statement: str, *names: str) -> "Composed":
        """The statement with the schema and a name in each pair of braces, or the schema alone."""
        from psycopg import sql

        schema = sql.Identifier(self.schema)
        parts: list[Identifier] = [schema]
        for name in names:
            parts += [sql.Identifier(name), schema]
        return sql.SQL(statement).format(*parts)


def _json(told: Mapping[str, Any]) -> str:
    return json.dumps(told, sort_keys=True)
