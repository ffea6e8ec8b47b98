"""Chats with an OpenAI-compatible server: OpenAI, Databricks model serving, vLLM, Ollama, llama.cpp.

Requests run on one event loop per process, in a thread of its own: only there can a limit be set on a whole request. The
client's own time-outs are for each read, so that a server that sends a byte now and then would never be given up.
"""

import asyncio
import json
import logging
import os
import re
import threading
import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from functools import lru_cache
from typing import TYPE_CHECKING, Any, NoReturn
from urllib.parse import urlsplit

from outfit_pairing.errors import InputError, SettingsError, installing
from outfit_pairing.patterns.asking.chat import ChatReply, Fault, Message, ReplyFormat
from outfit_pairing.patterns.asking.completions import error_line, read_completion, read_refusal
from outfit_pairing.settings import LlmSettings

if TYPE_CHECKING:
    from openai import AsyncOpenAI

logger = logging.getLogger(__name__)

OPENAI = "https://api.openai.com/v1"
NO_KEY = "none"  # what servers that need no key are sent: the client would otherwise look for one in the environment
SCHEMA_NAME = "outfit_patterns"
SCHEMA_WISH = "\n\nAnswer with nothing but JSON that follows this JSON schema:\n"
MOST_CONNECT_S = 10.0
# Exceptions of the client that mean that no request left: nothing can have been counted.
NOT_SENT = frozenset({"ConnectError", "ConnectTimeout", "PoolTimeout", "UnsupportedProtocol", "LocalProtocolError", "ProxyError"})
_OPENING = threading.Lock()  # one client per process and server, also when many threads open a chat at once
_TAKES_NO = re.compile(
    r"un(supported|known|recognized|recognised|expected)|not (supported|permitted|allowed)|extra|does not support", re.I
)


def open_chat(settings: LlmSettings, api_key: str | None, schema: Mapping[str, Any]) -> "OpenAIChat":
    """A chat with the server that the settings name. Cheap to call again: connections are shared within the process.

    Args:    api_key: None for servers that need none.   schema: JSON schema of the reply.
    Raises:  SettingsError: no model, a key that no header can hold, a URL that is none.
             InputError: the openai package is not there.
    """
    if settings.model is None:
        raise SettingsError("llm.model is not set; name the model that writes patterns")
    key = (api_key or "").strip() or None
    if key is not None and not (key.isascii() and key.isprintable()):
        raise SettingsError(f"the key in {settings.api_key_env} holds characters that no HTTP header can; set it again")
    base_url = _checked(settings.base_url or OPENAI)
    with _OPENING:
        server = _server(os.getpid(), base_url, settings.model, key, settings.timeout_s)
    return OpenAIChat(server, settings.max_tokens, settings.temperature, schema)


def _checked(base_url: str) -> str:
    try:
        url = urlsplit(base_url)
        usable = bool(url.hostname) and url.port != 0
    except ValueError:
        usable = False
    if not usable:
        raise SettingsError("llm.base_url names no host and port that could be called; write it as https://host:port/v1")
    return base_url


@dataclass(slots=True)
class _Habits:
    """What a server was found to take; found out once per process and server."""

    tokens_name: str = "max_tokens"
    temperature: bool = True


@dataclass(frozen=True, slots=True)
class _Server:
    client: "AsyncOpenAI"
    loop: asyncio.AbstractEventLoop
    model: str
    key: str | None = field(repr=False)
    timeout_s: float
    habits: _Habits = field(default_factory=_Habits)


@lru_cache(maxsize=8)
def _server(process: int, base_url: str, model: str, key: str | None, timeout_s: float) -> _Server:
    """`process`: a forked child inherits this cache, but neither thread nor connections."""
    try:
        import httpx2
        from openai import AsyncOpenAI
    except ImportError:
        raise InputError(f"patterns.provider openai needs the openai package; {installing('llm')}") from None
    limits = httpx2.Timeout(timeout_s, connect=min(timeout_s / 2, MOST_CONNECT_S))
    client = AsyncOpenAI(base_url=base_url, api_key=key or NO_KEY, max_retries=0, timeout=limits)
    _ = client.chat.completions  # loaded at first use; then the first request would wait for it
    return _Server(client, _loop(process), model, key, timeout_s)


@lru_cache(maxsize=1)
def _loop(process: int) -> asyncio.AbstractEventLoop:
    loop = asyncio.new_event_loop()
    threading.Thread(target=loop.run_forever, daemon=True, name=f"chat-{process}").start()
    return loop


class OpenAIChat:
    """A ChatModel. Thread-safe; made by `open_chat` in the process that uses it, since it holds the key."""

    def __init__(self, server: _Server, max_tokens: int, temperature: float | None, schema: Mapping[str, Any]) -> None:
        self._server = server
        self._max_tokens = max_tokens
        self._temperature = temperature
        self._schema = schema

    def __repr__(self) -> str:
        return f"OpenAIChat({self._server.model!r})"

    def __reduce__(self) -> NoReturn:
        raise TypeError("an OpenAIChat holds a key and open connections; open one in the process that uses it")

    def with_schema(self, schema: Mapping[str, Any]) -> "OpenAIChat":
        """The same chat for replies of another shape; shares connections and what was found out about the server."""
        return OpenAIChat(self._server, self._max_tokens, self._temperature, schema)

    def send(self, messages: Sequence[Message], reply_format: ReplyFormat) -> ChatReply:
        """One request, no retries, within the time limit. Never raises for what goes wrong on the way.

        A server that does not take `max_tokens` or `temperature` is remembered, and the reply is Fault.BUSY with no time
        to wait: the next try leaves them out, and is counted by whoever counts requests.
        """
        started = time.monotonic()
        body = self._body(messages, reply_format)
        private = [message.content for message in messages] + ([self._server.key] if self._server.key else [])
        reply = asyncio.run_coroutine_threadsafe(_post(self._server, body, private), self._server.loop).result()
        if reply.fault in {Fault.BAD_REQUEST, Fault.FORMAT} and self._learns(reply, body):
            reply = replace(reply, fault=Fault.BUSY, retry_after_s=0.0)
        elif reply.fault is Fault.FORMAT and reply_format is ReplyFormat.PROMPT:
            # no format was asked for: the answer only happens to speak of schemas
            down = (reply.http_status or 0) >= 500
            reply = replace(reply, fault=Fault.DOWN if down else Fault.BAD_REQUEST)
        return replace(reply, seconds=time.monotonic() - started)

    def _body(self, messages: Sequence[Message], reply_format: ReplyFormat) -> dict[str, Any]:
        said = [{"role": message.role, "content": message.content} for message in messages]
        # max_tokens first: OpenAI's newer models say that they do not take it, while llama.cpp ignores the newer name
        # without a word, and would then write without a limit
        body: dict[str, Any] = {"model": self._server.model, self._server.habits.tokens_name: self._max_tokens}
        if self._temperature is not None and self._server.habits.temperature:
            body["temperature"] = self._temperature
        match reply_format:
            case ReplyFormat.JSON_SCHEMA:
                schema = {"name": SCHEMA_NAME, "strict": True, "schema": self._schema}
                body["response_format"] = {"type": "json_schema", "json_schema": schema}
            case ReplyFormat.JSON_OBJECT:
                body["response_format"] = {"type": "json_object", "schema": self._schema}
            case ReplyFormat.PROMPT:
                said = self._with_schema_in_prompt(said)
        return {**body, "messages": said}

    def _with_schema_in_prompt(self, said: list[dict[str, str]]) -> list[dict[str, str]]:
        last = max((place for place, message in enumerate(said) if message["role"] == "user"), default=None)
        wish = SCHEMA_WISH + json.dumps(self._schema, ensure_ascii=False)
        if last is None:
            return [*said, {"role": "user", "content": wish.strip()}]
        return [
            {**message, "content": message["content"] + wish} if place == last else message for place, message in enumerate(said)
        ]

    def _learns(self, reply: ChatReply, body: Mapping[str, Any]) -> bool:
        """Whether the server named a parameter that it does not take and that the next request will not have."""
        error, habits = reply.error or "", self._server.habits
        if reply.http_status not in {400, 422} or not _TAKES_NO.search(error):
            return False
        if "max_tokens" in body and re.search(r"\bmax_tokens\b", error):
            habits.tokens_name = "max_completion_tokens"
        elif "temperature" in body and "temperature" in error:
            habits.temperature = False
        else:
            return False
        logger.info("%s takes other parameters: %s, temperature %s", self._server.model, habits.tokens_name, habits.temperature)
        return True


async def _post(server: _Server, body: Mapping[str, Any], private: Sequence[str]) -> ChatReply:
    import httpx2
    import openai

    create: Any = server.client.chat.completions.with_raw_response.create
    try:
        async with asyncio.timeout(server.timeout_s):
            answer = await create(**body)
        return read_completion(answer.status_code, answer.headers, answer.content, private)
    except openai.APIStatusError as fault:
        return read_refusal(fault.status_code, fault.response.headers, fault.response.text, private)
    except TimeoutError:
        error = f"no answer within {server.timeout_s:g} s (llm.timeout_s)"
        return ChatReply(fault=Fault.DOWN, error=error, may_be_billed=True)
    except (openai.OpenAIError, httpx2.HTTPError, OSError) as fault:
        return _broken_off(fault, server.timeout_s, private)


def _broken_off(fault: Exception, timeout_s: float, private: Sequence[str]) -> ChatReply:
    """A connection that was not made, or broke before the whole answer was there."""
    cause = fault if fault.__cause__ is None else fault.__cause__
    kind = type(cause).__name__
    if kind == "ReadTimeout":
        return ChatReply(fault=Fault.DOWN, error=f"no answer within {timeout_s:g} s (llm.timeout_s)", may_be_billed=True)
    what = "no connection" if kind in NOT_SENT else "the connection broke"
    return ChatReply(
        fault=Fault.DOWN, error=error_line(f"{what}: {str(cause) or kind}", private), may_be_billed=kind not in NOT_SENT
    )
