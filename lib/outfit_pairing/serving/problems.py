"""Errors as problem+json (RFC 9457): what is wrong, where, and how to mend it."""

import json
from http import HTTPStatus
from typing import Any

from starlette.responses import Response

from outfit_pairing.errors import printable

MEDIA_TYPE = "application/problem+json"
LONGEST = 300  # characters of a detail; what a client has sent may be anything


def problem(status: int, detail: str, request_id: str, headers: dict[str, str] | None = None, **more: Any) -> Response:
    """One error as an answer.   more: further members, such as `errors` of a request that cannot be used."""
    return Response(problem_bytes(status, detail, request_id, **more), status, headers, MEDIA_TYPE)


def problem_bytes(status: int, detail: str, request_id: str, **more: Any) -> bytes:
    """The same as bytes."""
    told = {
        "type": "about:blank",
        "title": HTTPStatus(status).phrase,
        "status": status,
        "detail": printable(detail)[:LONGEST],
        "request_id": request_id,
        **more,
    }
    return json.dumps(told, ensure_ascii=True).encode()
