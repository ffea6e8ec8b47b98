"""Files of a journal on whatever fsspec knows: S3, ADLS, GCS, memory."""

from collections.abc import Collection
from typing import Any

from outfit_pairing.errors import SettingsError


class UrlFiles:
    """Files of an object store: one put is whole or not there. Listings are never taken from a cache."""

    def __init__(self, folder: str) -> None:
        try:
            from fsspec.core import url_to_fs

            self._fs: Any
            self._fs, root = url_to_fs(folder, use_listings_cache=False)
        except (ImportError, ValueError) as fault:
            kind, reason = folder.partition(":")[0], " ".join(str(fault).split())
            raise SettingsError(f"llm.journal: {kind}: URLs cannot be used here ({reason}); install what it needs") from None
        self._root = str(root).rstrip("/")

    def write(self, name: str, content: bytes) -> None:
        """The whole file, in place of an older one."""
        self._put(name, content, "overwrite")

    def create(self, name: str, content: bytes) -> bool:
        """The whole file, unless there is one already: then False. Two at once are told apart where the store can."""
        if self.read(name) is not None:
            return False
        try:
            self._put(name, content, "create")
        except FileExistsError:
            return False
        except (NotImplementedError, TypeError, ValueError):
            self._put(name, content, None)
        return True

    def read(self, name: str) -> bytes | None:
        """Content; None when there is no such file."""
        try:
            return bytes(self._fs.cat_file(self._path(name)))
        except FileNotFoundError:
            return None

    def read_all(self, names: Collection[str]) -> dict[str, bytes]:
        """Content of those files that are there."""
        if not names:
            return {}
        by_path = {self._path(name).lstrip("/"): name for name in names}
        answers = self._fs.cat([self._path(name) for name in names], on_error="return")
        content = {}
        # a single path may come back bare
        for path, answer in answers.items() if isinstance(answers, dict) else [(next(iter(by_path)), answers)]:
            if isinstance(answer, FileNotFoundError):
                continue
            if isinstance(answer, Exception):
                raise answer
            content[by_path[str(path).lstrip("/")]] = bytes(answer)
        return content

    def entries(self, folder: str) -> list[str]:
        """Names of what lies in one folder, sorted; none when there is no such folder."""
        self._fs.invalidate_cache()
        try:
            paths = self._fs.ls(self._path(folder), detail=False)
        except FileNotFoundError:
            return []
        return sorted(str(path).rstrip("/").rpartition("/")[2] for path in paths)

    def remove(self, name: str) -> None:
        """Delete a file that is there."""
        self._fs.rm_file(self._path(name))

    def _put(self, name: str, content: bytes, mode: str | None) -> None:
        path, more = self._path(name), {"mode": mode} if mode else {}
        try:
            self._fs.pipe_file(path, content, **more)
        except FileNotFoundError:
            # not an object store: folders have to be made, which object stores may forbid
            self._fs.makedirs(path.rpartition("/")[0], exist_ok=True)
            self._fs.pipe_file(path, content, **more)

    def _path(self, name: str) -> str:
        return f"{self._root}/{name}".rstrip("/")
