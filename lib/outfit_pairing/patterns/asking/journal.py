"""The request journal: what was sent and what came back, on storage that outlives tasks, jobs and machines.

A reply is durable before it counts. One small file per request sent, one per reply, each whole or not there:
`<folder>/<hash[:2]>/<hash>/<attempt>.sent.json` and `.reply.json`. A killed task, a retried stage, a second action and a
restarted job find them and do not ask again. Files hold no key.
"""

import hashlib
import logging
import re
import threading
import time
import uuid
from collections.abc import Callable, Collection, Iterable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import replace

from pydantic import ValidationError

from outfit_pairing.credentials import without_credentials
from outfit_pairing.errors import InputError, WarehouseError
from outfit_pairing.patterns.asking.chat import ChatReply, ReplyFormat
from outfit_pairing.patterns.asking.entries import (
    Entry,
    FormatFile,
    ReplyFile,
    Sent,
    SentFile,
    first_fault,
    folder_of,
    place_of,
    read_entry,
)
from outfit_pairing.patterns.asking.journal_files import JournalFiles, names_in, open_files

__all__ = ["Entry", "RequestJournal", "Sent"]

logger = logging.getLogger(__name__)

MOST_ATTEMPTS = 9_999
NAME = re.compile(r".*/(?P<attempt>[0-9]{4})\.(?P<kind>sent|reply)\.json")


class RequestJournal:
    """The journal in `folder`: a local path or any URL that fsspec knows. Picklable and thread-safe.

    Raises: WarehouseError: a file cannot be written, or a read is denied or fails (never taken for "not there").
    """

    def __init__(self, folder: str, now: Callable[[], float] = time.time) -> None:
        self.folder, self._now = folder, now
        self._opened: JournalFiles | None = None
        self._lock = threading.Lock()
        self._broken: dict[str, str] = {}

    def __reduce__(self) -> tuple[type["RequestJournal"], tuple[str, Callable[[], float]]]:
        return RequestJournal, (self.folder, self._now)

    @property
    def broken(self) -> tuple[str, ...]:
        """Names of files met so far that cannot be read: half-written, not JSON, of another version. They are ignored."""
        with self._lock:
            return tuple(sorted(self._broken))

    def check(self) -> None:
        """Try the folder before anything is paid for. Raises: InputError: it cannot be written, read and cleared."""
        probe = f"probe-{uuid.uuid4().hex}"
        with _explained(self.folder, "written"):
            self._files.write(probe, b"first")
            self._files.write(probe, b"second")
            read = self._files.read(probe)
            self._files.remove(probe)
        if read != b"second":
            raise WarehouseError(
                f"journal {without_credentials(self.folder)}: gives back other bytes than were written; name another folder"
            )

    def sent(self, sent: Sent) -> Sent:
        """Write that a request is about to go out; returns it with the attempt's number, the next free one from its own on."""
        while sent.attempt <= MOST_ATTEMPTS:
            place, content = place_of(sent), SentFile(sent=sent).model_dump_json().encode()
            with _explained(self.folder, "written"):
                if self._files.create(f"{place}.sent.json", content):
                    return sent
            sent = replace(sent, attempt=sent.attempt + 1)
        raise WarehouseError(
            f"journal {without_credentials(self.folder)}: {sent.request_hash} was asked {MOST_ATTEMPTS:,} times; something is wrong"
        )

    def not_sent(self, sent: Sent) -> None:
        """Take back what `sent` wrote: the request did not go out after all, so it can have cost nothing."""
        place = place_of(sent)
        with _explained(self.folder, "written"):
            self._files.remove(f"{place}.sent.json")

    def replied(self, sent: Sent, reply: ChatReply) -> Entry:
        """Write what came back; once this returns, the reply is durable. Returns it as any later reader will find it."""
        stored = replace(reply, text=_storable(reply.text), error=_storable(reply.error))
        file = ReplyFile(sent=sent, reply=stored, replied_at=self._now())
        place = place_of(sent)
        with _explained(self.folder, "written"):
            self._files.write(f"{place}.reply.json", file.model_dump_json().encode())
        return Entry(sent, stored, file.replied_at)

    def of(self, request_hash: str) -> tuple[Entry, ...]:
        """All that is known of a request, by attempt."""
        folder = folder_of(request_hash)
        with _explained(self.folder, "read"):
            names = [f"{folder}/{entry}" for entry in self._files.entries(folder)]
            found = {name: content for name in _needed(names) if (content := self._files.read(name)) is not None}
            found |= self._sent_of_broken(found, names)
        return self._entries(found)

    def all_of(self, request_hashes: Collection[str]) -> dict[str, tuple[Entry, ...]]:
        """The same for many requests, with few listings; those of which nothing is known are left out."""
        by_folder = {folder_of(request_hash): request_hash for request_hash in request_hashes}
        with _explained(self.folder, "read"):
            names = names_in(self._files, by_folder)
            found = self._files.read_all(_needed(names))
            found |= self._sent_of_broken(found, names)
        grouped: dict[str, dict[str, bytes]] = {}
        for name, content in found.items():
            grouped.setdefault(name.rpartition("/")[0], {})[name] = content
        entries = {by_folder[folder]: self._entries(files) for folder, files in sorted(grouped.items())}
        return {request_hash: known for request_hash, known in entries.items() if known}

    def remember_format(self, server: str, reply_format: ReplyFormat) -> None:
        """Keep the format that a server takes. `server`: its base URL and model; only a hash of it is stored."""
        with _explained(self.folder, "written"):
            self._files.write(_server_file(server), FormatFile(reply_format=reply_format).model_dump_json().encode())

    def format_of(self, server: str) -> ReplyFormat | None:
        """The format that a server took in an earlier run; None when that is not known."""
        name = _server_file(server)
        with _explained(self.folder, "read"):
            content = self._files.read(name)
        try:
            return None if content is None else FormatFile.model_validate_json(content).reply_format
        except ValidationError as fault:
            self._report({name: first_fault(fault)})
            return None

    @property
    def _files(self) -> JournalFiles:
        if self._opened is None:
            self._opened = open_files(self.folder)
        return self._opened

    def _sent_of_broken(self, found: Mapping[str, bytes], names: Iterable[str]) -> dict[str, bytes]:
        """Sent files of replies that cannot be read: such a request was paid for all the same."""
        there = set(names)
        broken = [name for name, content in found.items() if ".reply." in name and isinstance(read_entry(name, content), str)]
        sent = [name for name in map(_sent_name, broken) if name in there]
        return self._files.read_all(sent) if sent else {}

    def _entries(self, files: Mapping[str, bytes]) -> tuple[Entry, ...]:
        read = {name: read_entry(name, content) for name, content in files.items()}
        self._report({name: reason for name, reason in read.items() if isinstance(reason, str)})
        entries = [entry for entry in read.values() if isinstance(entry, Entry)]
        return tuple(sorted(entries, key=lambda entry: entry.sent.attempt))

    def _report(self, broken: Mapping[str, str]) -> None:
        """Say once that there are files that cannot be read."""
        if not broken:
            return
        with self._lock:
            first = not self._broken
            self._broken.update(broken)
        if first:
            name, reason = min(broken.items())
            count = f"{len(broken)} file{'s' if len(broken) > 1 else ''}"
            place = without_credentials(self.folder)
            logger.warning("journal %s: %s cannot be read and will be ignored, such as %s (%s)", place, count, name, reason)


@contextmanager
def _explained(folder: str, what: str) -> Iterator[None]:
    """Turns whatever a file system raises into one line about the journal."""
    try:
        yield
    except InputError:
        raise
    except Exception as fault:
        said = (fault.strerror if isinstance(fault, OSError) else None) or str(fault) or type(fault).__name__
        reason = " ".join(said.split())[:200]
        mend = "name a folder in llm.journal that driver and workers may write"
        raise WarehouseError(f"journal {without_credentials(folder)}: cannot be {what} ({reason}); {mend}") from fault


def _server_file(server: str) -> str:
    return f"servers/{hashlib.sha256(server.encode()).hexdigest()[:16]}.json"


def _sent_name(reply_name: str) -> str:
    return reply_name.replace(".reply.", ".sent.")


def _needed(names: Iterable[str]) -> list[str]:
    """Replies, and what was sent only where there is no reply: a reply's file holds both."""
    known = [name for name in names if NAME.fullmatch(name)]
    answered = {_sent_name(name) for name in known if ".reply." in name}
    return [name for name in known if name not in answered]


def _storable(text: str | None) -> str | None:
    """Text without halves of surrogate pairs, which no UTF-8 file can hold; a reply that is paid for must not fail on them."""
    return None if text is None else text.encode("utf-8", "replace").decode("utf-8")
