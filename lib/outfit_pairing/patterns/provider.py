"""Who writes patterns: a provider answers for all anchors at once; tables, counters and errors are the same for all."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Protocol

from outfit_pairing.errors import OutfitPairingError
from outfit_pairing.patterns.model import Pattern
from outfit_pairing.style.product import Product


class Writer(Protocol):
    """Whose patterns they are."""

    @property
    def name(self) -> str:
        """As `patterns.provider` names it."""

    @property
    def model(self) -> str:
        """Which model, or which version of the writer."""

    @property
    def prompt_version(self) -> str:
        """Changes whenever the same anchor would be asked about in another way."""


@dataclass(frozen=True, slots=True)
class Attempt:
    """One request for patterns and what came of it: a row of pattern_requests. Unknown figures are None.

    status: ok, invalid (cannot be used, asked again), quarantined (the last that was asked for), failed (no reply).
    """

    number: int
    status: str
    error: str | None = None
    http_status: int | None = None
    raw_reply: str | None = None
    prompt_tokens: int | None = None
    completion_tokens: int | None = None
    cost: float | None = None
    seconds: float | None = None


@dataclass(frozen=True, slots=True)
class Answer:
    """What a provider has for an anchor: patterns, or a status and an error that say why there are none.

    status: ok, failed (worth another try, or nothing goes with the anchor), quarantined, stopped (with the run).
    writer: whose patterns they are, where not the provider's own.
    """

    anchor: Product
    request_hash: str
    status: str
    error: str | None
    attempts: tuple[Attempt, ...]
    patterns: tuple[Pattern, ...]
    writer: Writer | None = None


@dataclass(frozen=True, slots=True)
class Answers:
    """All answers, in the order of the anchors. `stop`: what ended the asking before all were answered; raised after writing."""

    answers: tuple[Answer, ...]
    counters: Mapping[str, int | float | str] = field(default_factory=dict)
    stop: OutfitPairingError | None = None


class Provider(Writer, Protocol):
    """A writer that can be asked."""

    def answer(self, anchors: Sequence[Product], count: int) -> Answers:
        """`count` patterns for each anchor, as far as they can be had. Does not raise for what goes wrong with one of them."""
