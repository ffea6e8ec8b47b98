"""Feedback into a table of Postgres, which `release` has made: an event is kept when the client hears that it is."""

from collections.abc import Sequence
from typing import TYPE_CHECKING

from outfit_pairing.publishing.postgres_tables import EVENTS, TYPES
from outfit_pairing.serving.feedback import FeedbackEvent
from outfit_pairing.serving.postgres_pool import Pool
from outfit_pairing.settings import Settings

if TYPE_CHECKING:
    from psycopg.sql import Composed

NAMES = tuple(FeedbackEvent.model_fields)


class PostgresFeedback:
    """Appends to table feedback. The role needs INSERT on it, and SELECT of its key.

    Raises:  SettingsError: publish.postgres is unset or cannot be used, or psycopg is not installed.
    """

    def __init__(self, settings: Settings) -> None:
        self.pool, self.run_id = Pool(settings), settings.run_id
        self.statement = _insert(settings.publish.postgres_schema).as_bytes(None)

    async def open(self) -> None:
        """Start to connect."""
        await self.pool.open()

    async def add(self, events: Sequence[FeedbackEvent]) -> None:
        """All of them or none, in one statement.    Raises: StoreNotReady: Postgres is away, or has no such table."""
        import psycopg

        if not events:
            return
        columns = {name: [getattr(event, name) for event in events] for name in NAMES}
        try:
            await self.pool.rows(self.statement, {**columns, "run_id": self.run_id})
        except (psycopg.errors.UndefinedTable, psycopg.errors.InvalidSchemaName):
            raise self.pool.not_ready("it has no table feedback; run `outfit-pairing release` with publish.postgres") from None
        except psycopg.errors.InsufficientPrivilege:
            raise self.pool.not_ready("the role may not INSERT into table feedback (docs/postgres.md)") from None

    async def close(self) -> None:
        """End all connections; nothing waits."""
        await self.pool.close()


def _insert(schema: str) -> "Composed":
    """One statement whatever the number of events, so that it is prepared once."""
    from psycopg import sql

    types = {column.name: TYPES[column.type] for column in EVENTS.columns}
    arrays = sql.SQL(", ").join(sql.SQL("{}::{}[]").format(sql.Placeholder(name), sql.SQL(types[name])) for name in NAMES)
    names = sql.SQL(", ").join(map(sql.Identifier, NAMES))
    return sql.SQL(
        "INSERT INTO {}.{} ({}, run_id, updated_at) SELECT *, %(run_id)s::text, now() FROM unnest({}) "
        "ON CONFLICT (event_id) DO NOTHING"
    ).format(sql.Identifier(schema), sql.Identifier(EVENTS.name), names, arrays)
