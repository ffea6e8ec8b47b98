"""The few things that a journal does with files, on a local path or through fsspec. All writes are whole or not there.

Only what is really absent is absent: a read that is denied or fails raises.
"""

import os
import re
import uuid
from collections.abc import Collection
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Protocol

from outfit_pairing.whole_files import force_to_disk, put_file

READERS = 16  # files read at once: on mounted object stores each one is a round trip


class JournalFiles(Protocol):
    """Files by names relative to the journal's folder, with `/` between the parts. Raises OSError for all that goes wrong."""

    def write(self, name: str, content: bytes) -> None:
        """The whole file, in place of an older one."""

    def create(self, name: str, content: bytes) -> bool:
        """The whole file, unless there is one already: then False."""

    def read(self, name: str) -> bytes | None:
        """Content; None when there is no such file."""

    def read_all(self, names: Collection[str]) -> dict[str, bytes]:
        """Content of those files that are there."""

    def entries(self, folder: str) -> list[str]:
        """Names of what lies in one folder, sorted, without the folder; none when there is no such folder."""

    def remove(self, name: str) -> None:
        """Delete a file that is there."""


def open_files(folder: str) -> JournalFiles:
    """Files of a local folder (also a Databricks volume or dbfs:/, which are mounted) or of any URL that fsspec knows.

    Raises: SettingsError: the URL needs a package that is not installed, or is of an unknown kind.
    """
    local = _local(folder)
    if local is not None:
        return LocalFiles(Path(local).expanduser())
    from outfit_pairing.patterns.asking.url_files import UrlFiles

    return UrlFiles(folder)


def names_in(files: JournalFiles, folders: Collection[str]) -> list[str]:
    """Names of all files in folders of the form `part/folder`, sorted; looks only where something is.

    Not by a walk of the file system's own: those of fsspec leave out what is denied.
    """
    parts = sorted({folder.partition("/")[0] for folder in folders} & set(files.entries("")))
    with ThreadPoolExecutor(READERS) as pool:
        inside = zip(parts, pool.map(files.entries, parts), strict=True)
        there = sorted({f"{part}/{entry}" for part, entries in inside for entry in entries} & set(folders))
        found = zip(there, pool.map(files.entries, there), strict=True)
        return [f"{folder}/{entry}" for folder, entries in found for entry in entries]


def _local(folder: str) -> str | None:
    scheme, _, rest = folder.partition(":")
    if not re.fullmatch(r"[a-z][a-z0-9+.-]+", scheme):
        return folder
    path = "/" + rest.lstrip("/")
    if scheme == "file":
        return path
    if scheme == "dbfs":
        return path if path.startswith("/Volumes/") else f"/dbfs{path}"
    return None


class LocalFiles:
    """Files under a folder. A file is written beside its place, forced to disk, and moved there in one step where that can be."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder

    def write(self, name: str, content: bytes) -> None:
        """The whole file, in place of an older one."""
        temporary = self._temporary(name, content)
        try:
            put_file(temporary, self.folder / name)
        except OSError:
            temporary.unlink(missing_ok=True)
            raise

    def create(self, name: str, content: bytes) -> bool:
        """The whole file, unless there is one already: then False."""
        temporary, place = self._temporary(name, content), self.folder / name
        try:
            # unlike a move, a hard link never replaces what another process has put there meanwhile
            os.link(temporary, place)
        except FileExistsError:
            return False
        except OSError:  # mounted object stores have no links
            if os.path.lexists(place):
                return False
            put_file(temporary, place)
        finally:
            temporary.unlink(missing_ok=True)
        return True

    def read(self, name: str) -> bytes | None:
        """Content; None when there is no such file."""
        try:
            return (self.folder / name).read_bytes()
        except FileNotFoundError:
            return None

    def read_all(self, names: Collection[str]) -> dict[str, bytes]:
        """Content of those files that are there."""
        with ThreadPoolExecutor(READERS) as pool:
            read = zip(names, pool.map(self.read, names), strict=True)
            return {name: content for name, content in read if content is not None}

    def entries(self, folder: str) -> list[str]:
        """Names of what lies in one folder, sorted; what is still being written is left out."""
        try:
            return sorted(entry.name for entry in (self.folder / folder).iterdir() if not entry.name.startswith("."))
        except FileNotFoundError:
            return []

    def remove(self, name: str) -> None:
        """Delete a file that is there."""
        (self.folder / name).unlink()

    def _temporary(self, name: str, content: bytes) -> Path:
        place = self.folder / name
        temporary = place.with_name(f".{place.name}.{uuid.uuid4().hex}")
        place.parent.mkdir(parents=True, exist_ok=True)
        try:
            with temporary.open("wb") as file:
                file.write(content)
                file.flush()
                force_to_disk(file.fileno())
        except OSError:
            temporary.unlink(missing_ok=True)
            raise
        return temporary
