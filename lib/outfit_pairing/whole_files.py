"""Files that are written aside and appear whole at their place, as far as the file system can do that.

A volume of Databricks, like other mounted object stores, may refuse to move files (`ENOSYS`). There they are copied to their
places, and are seen once they are closed; one whose writer was killed meanwhile may be half a file: whoever reads checks it.
"""

import errno
import os
import shutil
from pathlib import Path

NO_MOVES = frozenset({errno.ENOSYS, errno.EOPNOTSUPP, errno.EXDEV, errno.EINVAL, errno.EIO})
NO_SYNC = frozenset({errno.EINVAL, errno.ENOTSUP, errno.ENOSYS})  # what mounted object stores may say to fsync
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


def force_to_disk(descriptor: int) -> None:
    """Nothing happens where a file system cannot be told to.    Raises:  OSError: it could, and failed."""
    try:
        os.fsync(descriptor)
    except OSError as fault:
        if fault.errno not in NO_SYNC:
            raise


def _copy(file: Path, place: Path) -> None:
    """From first to last byte: what else `shutil` does to be fast may not be known there either."""
    try:
        with file.open("rb") as source, place.open("wb") as target:
            shutil.copyfileobj(source, target, _AT_ONCE)
            target.flush()
            force_to_disk(target.fileno())
    except BaseException:
        place.unlink(missing_ok=True)  # half of it
        raise
