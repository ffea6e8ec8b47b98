"""Other writers' commits that came first, and writes that deltalake cannot do."""

import logging
from collections.abc import Callable
from typing import TypeVar

from outfit_pairing.errors import first_line
from outfit_pairing.storage.tables import Table

Found = TypeVar("Found")

logger = logging.getLogger(__name__)

CONFLICTS = (  # what Delta calls a commit that came second
    "DELTA_CONCURRENT",
    "DELTA_METADATA_CHANGED",
    "DELTA_PROTOCOL_CHANGED",  # also where two make the table
    "ConcurrentAppend",
    "ConcurrentDelete",
    "ConcurrentTransaction",
    "ConcurrentWrite",
    "MetadataChangedException",
    "ProtocolChangedException",
    "concurrent transaction",  # … and in the words of deltalake
)
TRIES = 3  # of a merge that meets another writer, such as OPTIMIZE


def written_here(table: Table, write: Callable[[], None]) -> bool:
    """Whether the driver could write; not so on a file system without links.    Raises: what another writer's commit causes."""
    try:
        write()
    except Exception as fault:
        if is_conflict(fault):
            raise
        logger.warning("%s: written by Spark, since it cannot be by deltalake (%s)", table.name, first_line(fault))
        return False
    return True


def against_others(table: Table, write: Callable[[], Found]) -> Found:
    """What `write` gives; tried again where another writer's commit came first."""
    for _ in range(TRIES - 1):
        try:
            return write()
        except Exception as fault:
            if not is_conflict(fault):
                raise
            logger.warning("%s: another writer came first, comparing again", table.name)
    return write()


def is_conflict(fault: Exception) -> bool:
    """Whether another writer's commit came first (Delta's optimistic concurrency), as Spark or deltalake says it."""
    return any(name in str(fault) for name in CONFLICTS)
