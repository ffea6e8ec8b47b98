"""What every request passes first and every answer last: its id, the key, the limit of its body, log and figures.

One plain ASGI layer: each further layer of a framework's kind would cost as much as making an answer.
"""

import base64
import binascii
import hmac
import logging
import re
import time
import uuid
from collections.abc import Iterable

from starlette.exceptions import HTTPException
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from outfit_pairing.serving.monitoring import AccessLog, Figures
from outfit_pairing.serving.problems import MEDIA_TYPE, problem_bytes

logger = logging.getLogger(__name__)

MOST_BODY = 64 * 1024  # bytes
LONGEST_PATH = 32 * 1024  # bytes, and so for the query: no filter of the API needs more
GIVEN_ID = re.compile(rb"[A-Za-z0-9._:-]{1,64}")
# Without a key: what a load balancer asks, and files that are the same for everyone.
OPEN = ("/health/", "/assets/")
SAFE = [(b"x-content-type-options", b"nosniff"), (b"referrer-policy", b"no-referrer"), (b"x-frame-options", b"DENY")]

FAILED = "something failed that should not; the service's log has it under this request_id"


class Edge:
    """See the module.   key: who does not give it is refused; None: open to all."""

    def __init__(self, app: ASGIApp, key: str | None, figures: Figures, log: AccessLog) -> None:
        self.app, self.figures, self.log = app, figures, log
        self.key = key.encode() if key else None

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """One request."""
        if scope["type"] != "http":
            await self.app(scope, receive, send)
            return
        started = time.perf_counter()
        exchange = Exchange(scope, receive, send, _request_id(scope["headers"]))
        self.figures.in_flight.inc()
        try:
            refusal = self._refusal(scope)
            if refusal:
                await exchange.refuse(*refusal)
            else:
                await self.app(scope, exchange.receive, exchange.send)
        except Exception:
            logger.exception("request %s failed", exchange.request_id)
            if not exchange.status:
                await exchange.refuse(500, FAILED)
        finally:
            seconds = time.perf_counter() - started
            route, status = _route(scope), exchange.status or 499
            self.figures.in_flight.dec()
            self.figures.answered(route, exchange.method, status, seconds)
            self.log.write(
                exchange.request_id, exchange.method, scope["path"], route=route, status=status, seconds=seconds, size=exchange.size
            )

    def _refusal(self, scope: Scope) -> tuple[int, str] | None:
        if len(scope.get("raw_path") or b"") > LONGEST_PATH or len(scope["query_string"]) > LONGEST_PATH:
            return 414, f"path and query may have {LONGEST_PATH} bytes each"
        length = next((value for name, value in scope["headers"] if name == b"content-length"), b"0")
        if not length.isdigit() or int(length) > MOST_BODY:
            return 413, f"a body may have {MOST_BODY} bytes"
        if self.key and not scope["path"].startswith(OPEN) and not any(hmac.compare_digest(self.key, one) for one in _keys(scope)):
            return 401, "give the API key as X-API-Key, as Authorization: Bearer, or as the password of a browser's login"
        return None


class Exchange:
    """One request and its answer as they pass the edge.   status: 0 until the answer has begun.   size: bytes of its body."""

    def __init__(self, scope: Scope, receive: Receive, send: Send, request_id: str) -> None:
        self._receive, self._send = receive, send
        self.method: str = scope["method"]
        self.request_id = request_id
        self.status, self.size, self._taken = 0, 0, 0
        scope["request_id"] = request_id
        self._head = self.method == "HEAD"
        if self._head:
            scope["method"] = "GET"  # the same answer without its body

    async def receive(self) -> Message:
        """What the client sends, within the limit."""
        message = await self._receive()
        self._taken += len(message.get("body", b""))
        if self._taken > MOST_BODY:
            raise HTTPException(413, f"a body may have {MOST_BODY} bytes")
        return message

    async def send(self, message: Message) -> None:
        """What the client gets."""
        if message["type"] == "http.response.start":
            self.status = message["status"]
            message["headers"] = [*message.get("headers", ()), (b"x-request-id", self.request_id.encode()), *SAFE]
        elif message["type"] == "http.response.body":
            self.size += len(message.get("body", b""))
            if self._head:
                message = {**message, "body": b""}
        await self._send(message)

    async def refuse(self, status: int, detail: str) -> None:
        """Answer with a problem."""
        body = problem_bytes(status, detail, self.request_id)
        headers = [
            (b"content-type", MEDIA_TYPE.encode()),
            (b"content-length", str(len(body)).encode()),
            (b"cache-control", b"no-store"),
        ]
        if status == 401:
            headers.append((b"www-authenticate", b'Basic realm="outfit-pairing", charset="UTF-8"'))
        await self.send({"type": "http.response.start", "status": status, "headers": headers})
        await self.send({"type": "http.response.body", "body": body})


def _request_id(headers: Iterable[tuple[bytes, bytes]]) -> str:
    """The client's own, where it is one that a log can hold; else a new one."""
    given = next((value for name, value in headers if name == b"x-request-id"), b"")
    return given.decode() if GIVEN_ID.fullmatch(given) else uuid.uuid4().hex


def _keys(scope: Scope) -> list[bytes]:
    """What the client offers as key."""
    found = []
    for name, value in scope["headers"]:
        if name == b"x-api-key":
            found.append(value)
        elif name == b"authorization":
            kind, _, given = value.partition(b" ")
            if kind.lower() == b"bearer":
                found.append(given.strip())
            elif kind.lower() == b"basic":
                try:
                    found.append(base64.b64decode(given, validate=True).partition(b":")[2])
                except binascii.Error:
                    continue
    return found


def _route(scope: Scope) -> str:
    """The route's pattern, so that figures have few names whatever is asked."""
    route = scope.get("route")
    return getattr(route, "path_format", None) or scope.get("lean_route") or "other"
