"""What an HTTP status means for a request, and how long to wait before the next try."""

import math
import re
from collections.abc import Callable, Mapping
from datetime import UTC, datetime
from email.utils import parsedate_to_datetime

from outfit_pairing.patterns.asking.chat import Fault

MOST_RETRY_AFTER_S = 600.0  # a server that asks for more is taken for one that asks for ten minutes

BUSY = frozenset({408, 409, 425, 429})
# 402: out of credit; 405 and 410: the URL is no chat endpoint (any more)
REFUSED = frozenset({401, 402, 403, 404, 405, 407, 410})
MAY_SPEAK_OF_FORMAT = frozenset({400, 415, 422, 500, 501})

_OUT_OF_CREDIT = re.compile(r"insufficient[_ ](quota|credit|balance|fund)|billing|credit balance|payment required", re.IGNORECASE)
_NO_MODEL = re.compile(
    r"model_not_found|unknown model|no such model|model\b[^.{}]{0,80}\b(not found|not exist|not loaded|unavailable)", re.IGNORECASE
)
_FORMAT = re.compile(
    r"response_format|json_schema|json_object|schema|grammar|structured[ _]output|guided[ _]decoding", re.IGNORECASE
)
_NOT_SUPPORTED = re.compile(r"(not|un)[ _-]?supported", re.IGNORECASE)
_ANOTHER_MATTER = re.compile(r"temperature|max_(completion_)?tokens|\bmodel\b|\brole\b|context", re.IGNORECASE)


def fault_of(http_status: int, body_text: str) -> Fault | None:
    """What follows from an answer's status and, where servers disagree on the status, from its text; None for 2xx.

    A redirect that was not followed is REFUSED, as is 405: the base URL is wrong, and no request of the run can succeed.
    """
    if http_status < 300:
        return None
    if http_status < 400 or http_status in REFUSED or _can_never_succeed(http_status, body_text):
        return Fault.REFUSED
    if http_status in BUSY:
        return Fault.BUSY
    if http_status in MAY_SPEAK_OF_FORMAT and _speaks_of_format(body_text):
        return Fault.FORMAT
    return Fault.DOWN if http_status >= 500 else Fault.BAD_REQUEST


def _can_never_succeed(http_status: int, text: str) -> bool:
    return bool((http_status == 429 and _OUT_OF_CREDIT.search(text)) or (http_status == 400 and _NO_MODEL.search(text)))


def _speaks_of_format(text: str) -> bool:
    if _FORMAT.search(text):
        return True
    return bool(_NOT_SUPPORTED.search(text)) and not _ANOTHER_MATTER.search(text)


def retry_after_s(headers: Mapping[str, str], now: datetime) -> float | None:
    """Seconds to wait that a server asked for, 0 to 600; None when it did not, or in no known form.

    Reads `retry-after-ms` before `Retry-After` (seconds, also fractional, or an HTTP date). `now` must know its time zone.
    """
    given = {name.lower(): value.strip() for name, value in headers.items()}
    if (wait_ms := _number(given.get("retry-after-ms"))) is not None:
        return _within(wait_ms / 1000)
    if (wait_s := _number(given.get("retry-after"))) is not None:
        return _within(wait_s)
    try:
        at = parsedate_to_datetime(given.get("retry-after", ""))
        return _within((at if at.tzinfo else at.replace(tzinfo=UTC)).timestamp() - now.timestamp())
    except (ValueError, TypeError, OverflowError):
        return None


def _number(text: str | None) -> float | None:
    try:
        value = float(text or "")
    except ValueError:
        return None
    return None if math.isnan(value) else value


def _within(seconds: float) -> float:
    return min(max(seconds, 0.0), MOST_RETRY_AFTER_S)


def backoff_s(
    attempt: int,
    random: Callable[[], float],
    base_s: float = 0.5,
    most_s: float = 30.0,
    retry_after_s: float | None = None,
) -> float:
    """Seconds to wait after the failed try number `attempt` (from 1): exponential with full jitter.

    Args:    random: a number in [0, 1).   retry_after_s: what the server asked for; the jitter comes on top of it, so
             that callers who were sent away together do not come back together.
    Source:  Brooker, "Exponential Backoff And Jitter", AWS Architecture Blog, 2015.
    """
    doublings = min(max(attempt, 1) - 1, 62)
    return (retry_after_s or 0.0) + random() * min(most_s, base_s * 2.0**doublings)
