"""What is sent to a chat model and what comes back, whoever serves it."""

from collections.abc import Sequence
from dataclasses import dataclass
from enum import StrEnum
from typing import Protocol


class ReplyFormat(StrEnum):
    """How a server is told to answer in JSON; servers differ, so the first that one takes is remembered."""

    JSON_SCHEMA = "json_schema"  # response_format {"type": "json_schema", "json_schema": {…}}
    JSON_OBJECT = "json_object"  # response_format {"type": "json_object", "schema": {…}}
    PROMPT = "prompt"  # no response_format; the schema stands in the prompt


class Fault(StrEnum):
    """Why a request brought no reply, by what follows from it."""

    BUSY = "busy"  # 408, 409, 425, 429: come again later; the server is well
    DOWN = "down"  # 5xx, time-out, reset, refused, cut body: the server may be down; come again later
    REFUSED = "refused"  # 401, 403, 404: no request of this run can succeed
    FORMAT = "format"  # the server does not take this ReplyFormat
    BAD_REQUEST = "bad_request"  # any other 4xx: this request never succeeds


@dataclass(frozen=True, slots=True)
class Message:
    """One message of a chat; role is system, user or assistant."""

    role: str
    content: str


@dataclass(frozen=True, slots=True)
class ChatReply:
    """What became of one request as sent. Either `text` or `fault` is set. Unknown figures are None.

    text: the answer as it came, parts joined, reasoning left out; may be no valid JSON.
    may_be_billed: there is no reply, but the server may have counted one (time-out, cut body).
    error: one line, without key or prompt.
    """

    text: str | None = None
    finish_reason: str | None = None
    fault: Fault | None = None
    error: str | None = None
    http_status: int | None = None
    retry_after_s: float | None = None
    prompt_tokens: int | None = None
    completion_tokens: int | None = None
    seconds: float = 0.0
    may_be_billed: bool = False


class ChatModel(Protocol):
    """A server that answers chats. Thread-safe."""

    def send(self, messages: Sequence[Message], reply_format: ReplyFormat) -> ChatReply:
        """One request, no retries. Never raises for what goes wrong on the way."""
