"""Connections of the service to Postgres, and what it means when there are none."""

import logging
from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

from outfit_pairing.errors import first_line
from outfit_pairing.publishing.postgres_place import connection_text, place_name
from outfit_pairing.serving.store import StoreNotReady
from outfit_pairing.settings import Settings

if TYPE_CHECKING:
    from psycopg import AsyncConnection
    from psycopg_pool import AsyncConnectionPool

    Connection = AsyncConnection[tuple[Any, ...]]

CONNECTIONS = 4  # a process answers one request at a time; more only wait for the server's cores
WAIT_S = 2.0  # for a free connection


class Pool:
    """Runs single statements, prepared, each of which sees one state of the database. Comes back by itself when Postgres does.

    Raises:  SettingsError: publish.postgres is unset or cannot be used, or psycopg is not installed.
    """

    def __init__(self, settings: Settings) -> None:
        self.text, self.place = connection_text(settings), place_name(settings)
        self._pool: AsyncConnectionPool[Connection] | None = None
        self._free: list[Connection] = []  # kept back from the pool, whose own bookkeeping takes as long as a read
        self._waiting = 0

    async def open(self) -> None:
        """Start to connect; does not wait for it."""
        from psycopg_pool import AsyncConnectionPool

        # what the pool says of each failed try is said by StoreNotReady
        logging.getLogger("psycopg.pool").setLevel(logging.ERROR)
        self._pool = AsyncConnectionPool(
            self.text,
            kwargs={"autocommit": True},
            min_size=1,
            max_size=CONNECTIONS,
            timeout=WAIT_S,
            # no waiting in longer and longer steps: the next request tries again
            reconnect_timeout=0,
            open=False,
        )
        await self._pool.open(wait=False)

    async def close(self) -> None:
        """End all connections."""
        if self._pool is not None:
            await self._give_back()
            await self._pool.close()
            self._pool = None

    async def rows(self, statement: bytes, values: Mapping[str, Any] | None = None) -> list[tuple[Any, ...]]:
        """What the statement finds. A connection that Postgres has ended is replaced, and the statement tried once more.

        Raises:  StoreNotReady: Postgres cannot be reached, or refuses.    psycopg.Error: the statement is at fault.
        """
        import psycopg

        try:
            return await self._rows(statement, values)
        except psycopg.OperationalError:
            await self._weed()
        try:
            return await self._rows(statement, values)
        except psycopg.OperationalError as fault:
            raise self.not_ready(first_line(fault)) from None

    def not_ready(self, why: str) -> StoreNotReady:
        """What is said while there is no answer."""
        return StoreNotReady(f"{self.place} cannot answer now: {why}")

    async def _rows(self, statement: bytes, values: Mapping[str, Any] | None) -> list[tuple[Any, ...]]:
        from psycopg.pq import TransactionStatus

        connection = self._free.pop() if self._free else await self._take()
        try:
            cursor = await connection.execute(statement, values, prepare=True)
            return await cursor.fetchall() if cursor.description else []
        finally:
            idle = connection.pgconn.transaction_status == TransactionStatus.IDLE  # neither broken nor left by a cancelled request
            if idle and not self._waiting and self._pool is not None:
                self._free.append(connection)
            else:
                await self._return(connection)

    async def _take(self) -> "Connection":
        from psycopg_pool import PoolTimeout

        if self._pool is None:
            raise self.not_ready("it is not opened")
        self._waiting += 1
        try:
            return await self._pool.getconn()
        except PoolTimeout:
            raise self.not_ready("no connection") from None
        finally:
            self._waiting -= 1

    async def _return(self, connection: "Connection") -> None:
        if self._pool is None:
            await connection.close()
        else:
            await self._pool.putconn(connection)

    async def _give_back(self) -> None:
        while self._free:
            await self._return(self._free.pop())

    async def _weed(self) -> None:
        """Throw broken connections away: after a restart of Postgres all are."""
        await self._give_back()
        if self._pool is not None:
            await self._pool.check()
