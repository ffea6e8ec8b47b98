"""Entries of the request journal, and the files that hold them. A file that is not exactly of this version is not believed."""

import re
from dataclasses import dataclass
from typing import Literal

from pydantic import ValidationError

from outfit_pairing.patterns.asking.chat import ChatReply, ReplyFormat
from outfit_pairing.settings import Strict


@dataclass(frozen=True, slots=True)
class Sent:
    """A request, as written before it goes out. `sent_at`: epoch seconds.

    most_prompt_tokens, most_completion_tokens: what it may cost at most.   repair: its messages hold an earlier reply.
    """

    request_hash: str
    attempt: int
    sent_at: float
    run_id: str
    model: str
    most_prompt_tokens: int
    most_completion_tokens: int
    reply_format: str
    repair: bool

    @property
    def most_tokens(self) -> int:
        """Prompt and completion together."""
        return self.most_prompt_tokens + self.most_completion_tokens


@dataclass(frozen=True, slots=True)
class Entry:
    """A request and what came back. `reply` None: none was ever recorded, since its sender was killed in flight."""

    sent: Sent
    reply: ChatReply | None
    replied_at: float | None


class SentFile(Strict):
    """`<attempt>.sent.json`: a request is about to go out."""

    version: Literal[1] = 1
    sent: Sent


class ReplyFile(Strict):
    """`<attempt>.reply.json`. Holds what was sent too: one file tells all, also when the other one cannot be read."""

    version: Literal[1] = 1
    sent: Sent
    reply: ChatReply
    replied_at: float


class FormatFile(Strict):
    """`servers/<hash>.json`: how a server is asked for JSON."""

    version: Literal[1] = 1
    reply_format: ReplyFormat


def folder_of(request_hash: str) -> str:
    """Where all of a request lies. Raises: ValueError: no hash, so no safe name."""
    if not re.fullmatch(r"[0-9A-Za-z_-]{3,128}", request_hash):
        raise ValueError(f"{request_hash!r} is no request hash")
    return f"{request_hash[:2]}/{request_hash}"


def place_of(sent: Sent) -> str:
    """Where one attempt lies, without the kind of file."""
    return f"{folder_of(sent.request_hash)}/{sent.attempt:04d}"


def read_entry(name: str, content: bytes) -> Entry | str:
    """An entry, or why the file is not to be believed."""
    try:
        if ".reply." in name:
            file = ReplyFile.model_validate_json(content)
            entry = Entry(file.sent, file.reply, file.replied_at)
        else:
            entry = Entry(SentFile.model_validate_json(content).sent, None, None)
    except ValidationError as fault:
        return first_fault(fault)
    own = (entry.sent.request_hash, f"{entry.sent.attempt:04d}")
    folder, _, file_name = name.rpartition("/")
    there = (folder.rpartition("/")[2], file_name.partition(".")[0])
    return entry if own == there else "it belongs to another request"


def first_fault(fault: ValidationError) -> str:
    """What is wrong with a file, without what it holds."""
    error = fault.errors(include_url=False, include_input=False)[0]
    where = ".".join(str(part) for part in error["loc"])
    return f"{where}: {error['msg']}" if where else error["msg"]
