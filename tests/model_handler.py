"""One connection to the fake model server: what is refused, what is answered, what goes wrong on purpose."""

import json
import select
import socket
import struct
import time
from dataclasses import asdict, dataclass, replace
from email.utils import formatdate
from http.server import BaseHTTPRequestHandler
from typing import TYPE_CHECKING, Any

from outfit_pairing.patterns.asking.openai_chat import SCHEMA_WISH
from tests.model_behaviour import DOWN_STATUSES, Behaviour
from tests.model_stylist import good_reply, malformed_text, off_schema_text, sloppy_text, tokens

if TYPE_CHECKING:
    from tests.model_server import Listener, ModelServer

MODEL = "stylist-1"
RESET = struct.pack("ii", 1, 0)  # SO_LINGER: closing sends RST
TRICKLE_BYTES, TRICKLE_PAUSE_S = 64, 0.05
HANG_PAUSE_S = 0.05


@dataclass(frozen=True)
class _Asked:
    """A request that is answered: its prompt, how often it came before, its tokens, how many it may be answered in."""

    prompt: str
    before: int
    prompt_tokens: int
    most_tokens: int | None


class Handler(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    disable_nagle_algorithm = True
    server: "Listener"

    @property
    def owner(self) -> "ModelServer":
        return self.server.model_server

    def log_message(self, format: str, *args: Any) -> None:  # noqa: A002 - the name of the overridden method
        """Silent: prompts have no business in logs."""

    def do_GET(self) -> None:
        if self.path == "/counts":
            self._send(200, self.owner.counts.snapshot())
        elif self.path == "/v1/models":
            self._send(200, {"object": "list", "data": [{"id": MODEL, "object": "model", "owned_by": "tests"}]})
        else:
            self._send(404, _error("no such page", "not_found"))

    def do_POST(self) -> None:
        body = self.rfile.read(int(self.headers.get("Content-Length") or 0))
        if self.path == "/behaviour":
            changes = json.loads(body)
            fields = {name: tuple(value) if isinstance(value, list) else value for name, value in changes.items()}
            self.owner.behaviour = replace(self.owner.behaviour, **fields)
            self._send(200, asdict(self.owner.behaviour))
            return
        self.owner.counts.arrived()
        self._chat(body)
        self.owner.changed.set()

    def _chat(self, body: bytes) -> None:
        try:
            request = json.loads(body)
            messages = request["messages"]
            prompt = next(str(message["content"]) for message in messages if message["role"] == "user")
            prompt = prompt.partition(SCHEMA_WISH)[0]  # the same question, in whatever format it is asked
        except (ValueError, LookupError, TypeError, StopIteration):
            self._answer(400, _error("messages must hold a user message", "invalid_request_error"), "bad_request")
            return
        if refusal := _refusal(self.owner.behaviour, self.path, self.headers.get("Authorization"), request):
            self._answer(*refusal)
            return
        asked = _Asked(
            prompt,
            self.owner.counts.asks(prompt),
            tokens("".join(str(message["content"]) for message in messages)),
            request.get("max_completion_tokens", request.get("max_tokens")),
        )
        outcome = self.owner.behaviour.outcome(prompt, asked.before)
        if outcome == "busy":
            self._busy(asked)
        elif outcome == "down":
            status = DOWN_STATUSES[int(self._draw(asked, "status") * len(DOWN_STATUSES))]
            self._answer(status, _error("the model crashed, try again", "server_error"), "down")
        elif outcome in {"hang", "reset"}:
            self._hang_up(outcome)
        else:
            self._reply(asked, outcome)

    def _draw(self, asked: _Asked, purpose: str) -> float:
        return self.owner.behaviour.draw(asked.prompt, asked.before, purpose)

    def _busy(self, asked: _Asked) -> None:
        behaviour = self.owner.behaviour
        form = behaviour.retry_after_forms[int(self._draw(asked, "form") * len(behaviour.retry_after_forms))]
        wait_s = behaviour.retry_after_s
        headers = {"Retry-After": f"{wait_s:g}"}
        if form == "ms":
            headers = {"retry-after-ms": f"{wait_s * 1000:g}"}
        elif form == "date":
            at = int(time.time() + wait_s) + 1  # dates know whole seconds
            headers, wait_s = {"Retry-After": formatdate(at, usegmt=True)}, at - time.time()
        self.owner.counts.told_to_wait(asked.prompt, wait_s)
        self._answer(429, _error("rate limit reached, slow down", "rate_limit_exceeded"), "busy", headers)

    def _hang_up(self, outcome: str) -> None:
        self.owner.counts.answered(outcome, outcome)
        if outcome == "hang":
            self._wait_for_nothing(self.owner.behaviour.hang_s)
        else:
            self.connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, RESET)
        self.owner.counts.left()
        self._close()

    def _wait_for_nothing(self, seconds: float) -> None:
        """Until the time is over, the server closes or the caller has hung up."""
        end = time.monotonic() + seconds
        while time.monotonic() < end and not self.owner.closing.wait(HANG_PAUSE_S):
            if select.select([self.connection], [], [], 0)[0] and not self.connection.recv(1, socket.MSG_PEEK):
                return

    def _reply(self, asked: _Asked, outcome: str) -> None:
        behaviour, counts, started = self.owner.behaviour, self.owner.counts, time.monotonic()
        content, finish_reason = self._content(asked, outcome)
        self.owner.closing.wait(max(0.0, behaviour.latency_s - (time.monotonic() - started)))
        body = _completion(_parts(content) if behaviour.parts else content, finish_reason, asked.prompt_tokens, tokens(content))
        if outcome in {"cut", "trickle"}:
            counts.answered(outcome, outcome)
            counts.lost(asked.prompt_tokens, tokens(content))
            counts.left()
            self._spoil(body, outcome)
            return
        # counted before it is sent: a caller that is gone has bought it all the same
        counts.billed(asked.prompt, asked.prompt_tokens, tokens(content), good=outcome == "good" and finish_reason == "stop")
        self._answer(200, body, outcome)

    def _content(self, asked: _Asked, outcome: str) -> tuple[str, str]:
        good = good_reply(asked.prompt)
        if outcome == "malformed":
            return malformed_text(good, self._draw(asked, "kind")), "stop"
        if outcome == "off_schema":
            return off_schema_text(good, self._draw(asked, "kind")), "stop"
        if self._draw(asked, "sloppy") < self.owner.behaviour.sloppy:
            content = sloppy_text(good, self._draw(asked, "kind"))
        else:
            content = json.dumps(good)
        if outcome == "length":
            return content[: len(content) // 2], "length"
        if asked.most_tokens is not None and tokens(content) > asked.most_tokens:
            return content[: 4 * asked.most_tokens], "length"
        return content, "stop"

    def _spoil(self, body: dict[str, Any], outcome: str) -> None:
        data = json.dumps(body).encode()
        self.wfile.write(_head(200, len(data), {}))
        if outcome == "cut":
            self.wfile.write(data[: len(data) // 2])
        else:
            end = time.monotonic() + self.owner.behaviour.hang_s
            for start in range(0, len(data) - TRICKLE_BYTES, TRICKLE_BYTES):
                if time.monotonic() > end or self.owner.closing.wait(TRICKLE_PAUSE_S):
                    break
                self.wfile.write(data[start : start + TRICKLE_BYTES])
        self._close()

    def _answer(self, status: int, body: dict[str, Any], outcome: str, headers: dict[str, str] | None = None) -> None:
        self.owner.counts.answered(str(status), outcome)
        self.owner.counts.left()  # before the caller can come again
        self.owner.changed.set()
        self._send(status, body, headers)

    def _send(self, status: int, body: dict[str, Any], headers: dict[str, str] | None = None) -> None:
        data = json.dumps(body).encode()
        self.wfile.write(_head(status, len(data), headers or {}) + data)

    def _close(self) -> None:
        self.close_connection = True
        self.connection.close() if self.connection.getsockopt(socket.SOL_SOCKET, socket.SO_LINGER) else None


def _refusal(behaviour: Behaviour, path: str, key: str | None, request: dict[str, Any]) -> tuple[int, dict[str, Any], str] | None:
    """Why a request is not answered whatever its prompt: status, body, outcome."""
    kind = (request.get("response_format") or {}).get("type")
    invalid = "invalid_request_error"
    tokens_name = "Unsupported parameter: 'max_tokens' is not supported with this model. Use 'max_completion_tokens' instead."
    temperature = "Unsupported value: 'temperature' does not support 0.7 with this model. Only the default (1) value is supported."
    rules = (
        (path != "/v1/chat/completions", 404, "no such page", "not_found", "refused"),
        (behaviour.key is not None and key != f"Bearer {behaviour.key}", 401, "Incorrect API key provided", invalid, "refused"),
        (behaviour.no_model, 404, f"The model `{request.get('model')}` does not exist", "model_not_found", "refused"),
        (kind in behaviour.refuses, behaviour.refuse_status, f"response_format {kind} is not supported", invalid, "format"),
        (behaviour.wants_max_completion_tokens and "max_tokens" in request, 400, tokens_name, invalid, "parameter"),
        (behaviour.wants_default_temperature and "temperature" in request, 400, temperature, invalid, "parameter"),
    )
    broken = next((rule for rule in rules if rule[0]), None)
    return (broken[1], _error(broken[2], broken[3]), broken[4]) if broken else None


def _completion(content: Any, finish_reason: str, prompt_tokens: int, completion_tokens: int) -> dict[str, Any]:
    return {
        "id": "chatcmpl-1",
        "object": "chat.completion",
        "created": int(time.time()),
        "model": MODEL,
        "choices": [{"index": 0, "message": {"role": "assistant", "content": content}, "finish_reason": finish_reason}],
        "usage": {
            "prompt_tokens": prompt_tokens,
            "completion_tokens": completion_tokens,
            "total_tokens": prompt_tokens + completion_tokens,
        },
    }


def _parts(content: str) -> list[dict[str, Any]]:
    """As gpt-oss behind Databricks answers."""
    thought = {"type": "reasoning", "summary": [{"type": "summary_text", "text": 'Perhaps {"patterns": []}?'}]}
    return [thought, {"type": "text", "text": content}]


def _error(message: str, code: str) -> dict[str, Any]:
    return {"error": {"message": message, "type": code, "code": code, "param": None}}


def _head(status: int, length: int, headers: dict[str, str]) -> bytes:
    reason = BaseHTTPRequestHandler.responses.get(status, ("",))[0]
    lines = [f"HTTP/1.1 {status} {reason}", "Content-Type: application/json", f"Content-Length: {length}"]
    return "\r\n".join([*lines, *(f"{name}: {value}" for name, value in headers.items()), "", ""]).encode()
