"""An HTTP answer of a chat server as a ChatReply, and error lines that give nothing away."""

import json
import re
from collections.abc import Mapping, Sequence
from datetime import UTC, datetime
from typing import Any

from outfit_pairing.patterns.asking.chat import ChatReply, Fault
from outfit_pairing.patterns.asking.retry import fault_of, retry_after_s

MOST_ERROR_CHARACTERS = 300
MOST_BODY_CHARACTERS = 4_000  # of a body that is searched for a message
ECHO_LENGTH = 16  # letters and digits in a row that an error shares with the prompt are taken for a quotation
GATEWAY_GAVE_UP = frozenset({504, 524})  # the model behind may have answered, and counted, all the same
LEAST_PRIVATE = 6  # characters; what is shorter is no secret, and its letters are in every line
# A key that is not ours to compare with, or that the server has masked in part.
_KEY_LIKE = re.compile(r"\b(?:(?:sk|gsk|pk|hf|xai)[-_][\w*-]{6,}|dapi[0-9a-f]{8,})|\S*\*{3,}\S*")


def read_completion(status: int, headers: Mapping[str, str], body: bytes, private: Sequence[str] = ()) -> ChatReply:
    """What an answer with status 200 to 299 says; a body that was cut or is no completion is Fault.DOWN.

    An HTML page (a login page, a web site) is Fault.REFUSED: whatever answers there is no model.
    """
    try:
        answer = json.loads(body)
    except (ValueError, RecursionError):
        return _no_completion(status, headers, body)
    if not isinstance(answer, dict):
        return _down(status, "the answer is no chat completion; check llm.base_url")
    if answer.get("error"):
        return _error_in_disguise(status, answer, headers, private)
    message, finish_reason = _message(answer)
    if message is None:
        return _down(status, "the answer holds no message")
    usage = answer.get("usage")
    usage = usage if isinstance(usage, dict) else {}
    return ChatReply(
        text=text_of(message),
        finish_reason=finish_reason,
        http_status=status,
        prompt_tokens=_count(usage.get("prompt_tokens")),
        completion_tokens=_count(usage.get("completion_tokens")),
    )


def read_refusal(status: int, headers: Mapping[str, str], body: str, private: Sequence[str] = ()) -> ChatReply:
    """What an answer with another status says. `private`: key and prompt, which its error line must not repeat."""
    return ChatReply(
        fault=fault_of(status, body[:MOST_BODY_CHARACTERS]) or Fault.DOWN,
        error=error_line(f"HTTP {status}: {_said(body) or 'no reason given'}", private),
        http_status=status,
        retry_after_s=retry_after_s(headers, datetime.now(UTC)),
        may_be_billed=status in GATEWAY_GAVE_UP,
    )


def error_line(text: str, private: Sequence[str] = ()) -> str:
    """The text as one line of at most 300 characters, with what it quotes of key or prompt replaced by an ellipsis."""
    line = _KEY_LIKE.sub("…", " ".join(text[:MOST_BODY_CHARACTERS].split()))
    for secret in (secret for secret in private if len(secret.strip()) >= LEAST_PRIVATE):
        line = _without_quotations(line.replace(secret, "…"), secret)
    line = re.sub(r"…[\s…]*…", "…", line)
    return line if len(line) <= MOST_ERROR_CHARACTERS else line[: MOST_ERROR_CHARACTERS - 1] + "…"


def _without_quotations(line: str, secret: str) -> str:
    """Compares letters and digits only: servers quote with escapes, line breaks and commas of their own."""
    places = [place for place, character in enumerate(line) if character.isalnum()]
    letters = "".join(line[place] for place in places)
    hidden = "".join(character for character in secret if character.isalnum())
    length = min(ECHO_LENGTH, len(hidden))
    if not length:
        return line
    quoted = [hidden[start : start + length] for start in range(len(hidden) - length + 1)]
    known = set(quoted)
    drop: set[int] = set()
    for start in range(len(letters) - length + 1):
        if letters[start : start + length] in known:
            drop.update(range(places[start], places[start + length - 1] + 1))
    return "".join("…" if place in drop else character for place, character in enumerate(line))


def _no_completion(status: int, headers: Mapping[str, str], body: bytes) -> ChatReply:
    kind = headers.get("content-type", "")
    if "html" in kind or body.lstrip()[:9].lower() in {b"<!doctype", b"<html", b"<html>"}:
        error = "a web page answered, no model; check llm.base_url (it usually ends in /v1)"
        return ChatReply(fault=Fault.REFUSED, error=error, http_status=status)
    return _down(status, f"the answer is no JSON, or was cut after {len(body)} bytes")


def _down(status: int, error: str) -> ChatReply:
    return ChatReply(fault=Fault.DOWN, error=f"HTTP {status}: {error}", http_status=status, may_be_billed=True)


def _error_in_disguise(status: int, answer: Mapping[str, Any], headers: Mapping[str, str], private: Sequence[str]) -> ChatReply:
    """Gateways report faults of the model behind them with status 200 and an `error`, sometimes with its status."""
    error = answer["error"]
    code = error.get("code") if isinstance(error, dict) else None
    meant = code if isinstance(code, int) and 400 <= code < 600 else 502
    return read_refusal(meant if meant != status else 502, headers, json.dumps(answer), private)


def _message(answer: Mapping[str, Any]) -> tuple[Mapping[str, Any] | None, str | None]:
    choices = answer.get("choices")
    choice = choices[0] if isinstance(choices, list) and choices else None
    if not isinstance(choice, dict) or not isinstance(choice.get("message"), dict):
        return None, None
    reason = choice.get("finish_reason")
    return choice["message"], reason if isinstance(reason, str) else None


def text_of(message: Mapping[str, Any]) -> str:
    """Text of all parts but the reasoning; what the model said when it refused, else nothing."""
    content = message.get("content")
    parts = content if isinstance(content, list) else [content]
    text = "".join(_text_of_part(part) for part in parts)
    if not text and isinstance(message.get("refusal"), str):
        text = message["refusal"]
    # a lone surrogate cannot be stored as UTF-8
    return text.encode("utf-8", "replace").decode()


def _text_of_part(part: Any) -> str:
    if isinstance(part, str):
        return part
    if isinstance(part, dict) and part.get("type", "text") in {"text", "output_text"} and isinstance(part.get("text"), str):
        return str(part["text"])
    if isinstance(part, dict) and part.get("type") == "refusal" and isinstance(part.get("refusal"), str):
        return str(part["refusal"])
    return ""


def _count(value: Any) -> int | None:
    return value if isinstance(value, int) and not isinstance(value, bool) and value >= 0 else None


def _said(body: str) -> str:
    """The message in an error body, whatever the server's habit of writing one."""
    try:
        content = json.loads(body)
    except (ValueError, RecursionError):
        return re.sub(r"<[^>]{0,200}>", " ", body[:MOST_BODY_CHARACTERS]).strip()
    found = content
    for name in ("error", "message", "detail", "msg"):
        while isinstance(found, list) and found:
            found = found[0]
        if isinstance(found, dict) and name in found:
            found = found[name]
    while isinstance(found, list) and found:
        found = found[0]
    if isinstance(found, dict):  # FastAPI's form: its `input` quotes the request, `msg` and `loc` do not
        found = found.get("msg") or found.get("message") or ""
    return found if isinstance(found, str) else ""
