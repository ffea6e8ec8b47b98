"""Files that are written aside and appear whole at their place, also where the file system can move nothing.

A volume of Databricks, as other mounted object stores, knows neither moves nor links (`ENOSYS`). What is written to its place there
is seen once it is closed, so a copy is whole as well: it takes longer, and its bytes travel twice.
"""

import errno
import shutil
from pathlib import Path

NO_MOVES = frozenset({errno.ENOSYS, errno.EOPNOTSUPP, errno.EPERM})
_AT_ONCE = 1 << 22  # bytes


def put_file(finished: Path, place: Path) -> None:
    """Put a finished file at its place, over an older one.    Raises:  OSError: it cannot be written there."""
    try:
        finished.replace(place)
    except OSError as fault:
        if fault.errno not in NO_MOVES:
            raise
        _copy(finished, place)
        finished.unlink()


def put_folder(finished: Path, place: Path, last: str) -> None:
    """Put a folder of finished files where there is none yet.

    Args:    last: name of the file that says that all others are there; whoever meets a folder without it meets half a copy.
    Raises:  OSError: it cannot be written there.
    """
    try:
        finished.rename(place)
    except OSError as fault:
        if fault.errno not in NO_MOVES:
            raise
        place.mkdir()
        for file in sorted(finished.iterdir(), key=lambda one: one.name == last):
            _copy(file, place / file.name)
        shutil.rmtree(finished)


def _copy(file: Path, place: Path) -> None:
    """From first to last byte: what else `shutil` does to be fast may not be known there either."""
    with file.open("rb") as source, place.open("wb") as target:
        shutil.copyfileobj(source, target, _AT_ONCE)
