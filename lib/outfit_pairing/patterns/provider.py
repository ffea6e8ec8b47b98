"""How patterns are asked for: a provider takes a request about an anchor and gives a reply; the rest is the same for all.

A reply is text, JSON by `model.PatternReply`, whoever wrote it. What cannot be read is a row with a reason, not an error.
"""

from dataclasses import dataclass
from typing import Protocol

from pydantic import ValidationError

from outfit_pairing.patterns.model import Pattern, PatternReply, fingerprint
from outfit_pairing.style.product import Product


@dataclass(frozen=True, slots=True)
class PatternRequest:
    """A wish for `count` patterns for an anchor. `prompt`: the question in full, as the provider reads it."""

    anchor: Product
    count: int
    prompt: str


@dataclass(frozen=True, slots=True)
class Reply:
    """What came back. `text` is None when nothing did, and then `error` says why. Unknown figures are None."""

    text: str | None
    error: str | None = None
    http_status: int | None = None
    prompt_tokens: int | None = None
    completion_tokens: int | None = None
    cost: float | None = None
    seconds: float | None = None


class Provider(Protocol):
    """Who writes patterns."""

    @property
    def name(self) -> str:
        """As `patterns.provider` names it."""

    @property
    def model(self) -> str:
        """Which model, or which version of the writer."""

    @property
    def prompt_version(self) -> str:
        """Changes whenever the same anchor would be asked about in another way."""

    def request(self, anchor: Product, count: int) -> PatternRequest:
        """The question about an anchor."""

    def reply(self, request: PatternRequest) -> Reply:
        """The answer. Does not raise for what goes wrong with one request."""


@dataclass(frozen=True, slots=True)
class Answer:
    """A request and what became of it: patterns, or a status and an error that say why there are none."""

    request: PatternRequest
    reply: Reply
    status: str  # ok, invalid, failed
    error: str | None
    patterns: tuple[Pattern, ...]


def ask(provider: Provider, anchor: Product, count: int) -> Answer:
    """Patterns for an anchor. Never raises for a reply that cannot be used."""
    request = provider.request(anchor, count)
    reply = provider.reply(request)
    if reply.text is None:
        return Answer(request, reply, "failed", reply.error or "no reply", ())
    try:
        patterns = PatternReply.model_validate_json(reply.text).patterns
    except ValidationError as fault:
        first = fault.errors()[0]
        where = ".".join(str(part) for part in first["loc"]) or "reply"
        return Answer(request, reply, "invalid", f"{where}: {first['msg']}", ())
    if not patterns:
        return Answer(request, reply, "failed", "nothing in the catalogue goes with this anchor", ())
    return Answer(request, reply, "ok", None, patterns)


def request_hash(provider: Provider, request: PatternRequest) -> str:
    """sha256 of prompt, model, parameters and prompt version: equal for a question that was asked before."""
    return fingerprint(request.prompt, provider.name, provider.model, provider.prompt_version, request.count)
