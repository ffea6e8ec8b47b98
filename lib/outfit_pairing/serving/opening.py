"""Opening store and feedback beside the first requests: whoever asks too early gets an honest 503, not a closed door."""

import asyncio
import contextlib
import logging

from outfit_pairing.serving.service import RecommendationsService

logger = logging.getLogger(__name__)


class Opening:
    """Opens what a service reads and writes, and closes it again."""

    def __init__(self, service: RecommendationsService) -> None:
        self.service = service
        self._task: asyncio.Task[None] | None = None

    async def start(self) -> None:
        """Begin to open; does not wait for a store that takes long."""
        await self.service.feedback.open()
        self._task = asyncio.create_task(self._open())

    async def end(self) -> None:
        """Close both; what was taken as feedback is written down."""
        if self._task:
            self._task.cancel()
            with contextlib.suppress(asyncio.CancelledError):
                await self._task
        try:
            await self.service.feedback.close()
        finally:
            await self.service.store.close()

    async def _open(self) -> None:
        try:
            await self.service.store.open()
        except Exception:
            logger.exception("the store cannot be opened")
        await asyncio.to_thread(lambda: self.service.guide)  # read by now when the first page needs it
