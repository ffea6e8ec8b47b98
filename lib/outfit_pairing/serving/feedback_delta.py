"""Feedback into the Delta table of the warehouse, by batches: a commit for each event would make a file for each.

What waits is in memory: a process that is killed loses at most the events of the last FLUSH_S seconds, or FLUSH_EVENTS of them.
"""

import asyncio
import contextlib
import logging
from collections import OrderedDict
from collections.abc import Sequence
from datetime import UTC, datetime

import pyarrow as pa

from outfit_pairing.errors import SettingsError, first_line, installing
from outfit_pairing.serving.feedback import FeedbackEvent
from outfit_pairing.serving.store import StoreNotReady
from outfit_pairing.settings import Settings
from outfit_pairing.storage.places import local_warehouse
from outfit_pairing.storage.tables import ARROW_TYPES, FEEDBACK

logger = logging.getLogger(__name__)

FLUSH_S = 5.0
FLUSH_EVENTS = 1_000
MOST_WAITING = 50_000  # events in memory while the table cannot be written; then no more are taken
REMEMBERED = 100_000  # ids of events that this process has taken


class DeltaFeedback:
    """Appends to table feedback with deltalake, without Spark.

    An event_id that this process has taken counts once; over several processes the reader counts each id once.

    Raises:  SettingsError: deltalake is not installed.
    """

    def __init__(self, settings: Settings) -> None:
        folder = local_warehouse(settings)
        self.place = f"{folder or settings.storage.warehouse.rstrip('/')}/{FEEDBACK.name}"
        self.run_id = settings.run_id
        try:
            import deltalake  # noqa: F401
        except ImportError:
            raise SettingsError(f"serve.feedback = delta needs deltalake; {installing('serve')}") from None
        self._waiting: list[FeedbackEvent] = []
        self._taken: OrderedDict[str, None] = OrderedDict()
        self._writing = asyncio.Lock()
        self._flushing: asyncio.Task[None] | None = None
        self._full = asyncio.Event()

    async def open(self) -> None:
        """Start to write down what waits, every few seconds."""
        self._flushing = asyncio.create_task(self._keep_flushing())

    async def add(self, events: Sequence[FeedbackEvent]) -> None:
        """Take events; they are written within seconds.    Raises: StoreNotReady: too many wait, since nothing can be written."""
        new = {event.event_id: event for event in events if event.event_id not in self._taken}
        if len(self._waiting) + len(new) > MOST_WAITING:
            raise StoreNotReady(f"{self.place} cannot be written, and {len(self._waiting):,} events wait already", round(FLUSH_S))
        self._waiting += new.values()
        self._taken.update(dict.fromkeys(new))
        while len(self._taken) > REMEMBERED:
            self._taken.popitem(last=False)
        if len(self._waiting) >= FLUSH_EVENTS:
            self._full.set()

    async def close(self) -> None:
        """Write down what waits."""
        if self._flushing is not None:
            self._flushing.cancel()
            with contextlib.suppress(asyncio.CancelledError):
                await self._flushing
            self._flushing = None
        await self.flush()

    async def flush(self) -> None:
        """Write down what waits now, in one commit. What cannot be written waits on."""
        async with self._writing:
            events, self._waiting = self._waiting, []
            if not events:
                return
            writing = asyncio.ensure_future(asyncio.to_thread(append_events, self.place, events, self.run_id))
            try:
                await asyncio.shield(writing)
            except asyncio.CancelledError:
                await writing  # a commit under way is not left in doubt
                raise
            except Exception as fault:  # whatever a store of files may raise: the events are kept
                logger.error("%s: %s events wait on (%s)", self.place, f"{len(events):,}", first_line(fault))
                self._waiting = events + self._waiting

    async def _keep_flushing(self) -> None:
        while True:
            with contextlib.suppress(TimeoutError):
                await asyncio.wait_for(self._full.wait(), FLUSH_S)
            self._full.clear()
            await self.flush()
            if len(self._waiting) >= FLUSH_EVENTS:  # it could not be written
                await asyncio.sleep(FLUSH_S)


def append_events(place: str, events: Sequence[FeedbackEvent], run_id: str) -> None:
    """Append events to the table at a folder or URL, which is made when it is not there, in one commit."""
    from deltalake import write_deltalake

    now = datetime.now(UTC)
    rows = [{**event.model_dump(), "run_id": run_id, "updated_at": now} for event in events]
    write_deltalake(
        place,
        pa.RecordBatch.from_pylist(rows, schema=_schema()),
        mode="append",
        name=FEEDBACK.name,
        description=FEEDBACK.comment,
    )


def _schema() -> pa.Schema:
    return pa.schema(
        [
            pa.field(column.name, ARROW_TYPES[column.type], FEEDBACK.may_be_null(column), metadata={"comment": column.comment})
            for column in FEEDBACK.all_columns
        ]
    )
