"""How the fake model server behaves, and what it counts.

What becomes of a request follows from seed, prompt and how often the prompt was asked before, so that runs repeat
whatever the order in which workers ask.
"""

import hashlib
import threading
import time
from collections import Counter
from dataclasses import dataclass, field
from typing import Any

OUTCOMES = ("busy", "down", "hang", "reset", "cut", "trickle", "malformed", "off_schema", "length")
RETRY_AFTER_FORMS = ("seconds", "date", "ms")
DOWN_STATUSES = (500, 502, 503)


@dataclass(frozen=True)
class Behaviour:
    """Rates are shares of the requests that are not refused. Whatever is left over gets a good reply.

    busy: 429 with Retry-After in three forms.   down: 500, 502 or 503.   hang: silence for `hang_s`, then the line is cut.
    reset: the connection is reset before any answer.   cut: half of the body, then the end.   trickle: the body comes
    a few bytes at a time over `hang_s`.   malformed: no JSON that could be mended.   off_schema: JSON, but no pattern
    that could be used.   length: cut at the token limit.   sloppy: a good reply in fences, prose or thoughts, or with
    trailing commas; needs mending, counts as good.   parts: content as a list of parts, with reasoning.
    refuses: reply formats that are answered by `refuse_status`.   key: the only key that is taken.
    no_model: every request is answered by 404.
    """

    seed: int = 0
    latency_s: float = 0.0
    busy: float = 0.0
    down: float = 0.0
    hang: float = 0.0
    reset: float = 0.0
    cut: float = 0.0
    trickle: float = 0.0
    malformed: float = 0.0
    off_schema: float = 0.0
    length: float = 0.0
    sloppy: float = 0.0
    hang_s: float = 30.0
    retry_after_s: float = 1.0
    retry_after_forms: tuple[str, ...] = RETRY_AFTER_FORMS
    refuses: tuple[str, ...] = ()
    refuse_status: int = 400
    key: str | None = None
    wants_max_completion_tokens: bool = False
    wants_default_temperature: bool = False
    parts: bool = False
    no_model: bool = False

    def outcome(self, prompt: str, asked_before: int) -> str:
        """One of OUTCOMES, or `good`."""
        draw = self.draw(prompt, asked_before)
        for name in OUTCOMES:
            draw -= getattr(self, name)
            if draw < 0:
                return name
        return "good"

    def draw(self, prompt: str, asked_before: int, purpose: str = "") -> float:
        """A number in [0, 1) that depends on nothing but the arguments and the seed."""
        text = "\x1f".join((str(self.seed), prompt, str(asked_before), purpose))
        return int.from_bytes(hashlib.sha256(text.encode("utf-8", "replace")).digest()[:8]) / 2**64


@dataclass
class Counts:
    """What the server saw and gave. Thread-safe; prompts are known by the first 16 digits of their sha256.

    by_status: HTTP status, or hang, reset, cut, trickle.   good: good replies per prompt.   asked: requests per prompt
    that were not refused.   arrivals: (monotonic, epoch) seconds of every call.   prompt_tokens, completion_tokens: as
    reported in `usage` of complete replies; lost_…: of replies that were made and did not get through.
    too_early: calls for a prompt that came before its Retry-After had passed.
    """

    calls: int = 0
    in_flight: int = 0
    in_flight_max: int = 0
    prompt_tokens: int = 0
    completion_tokens: int = 0
    lost_prompt_tokens: int = 0
    lost_completion_tokens: int = 0
    too_early: int = 0
    by_status: Counter[str] = field(default_factory=Counter)
    by_outcome: Counter[str] = field(default_factory=Counter)
    good: Counter[str] = field(default_factory=Counter)
    asked: Counter[str] = field(default_factory=Counter)
    arrivals: list[tuple[float, float]] = field(default_factory=list)
    _not_before: dict[str, float] = field(default_factory=dict, repr=False)
    _lock: threading.Lock = field(default_factory=threading.Lock, repr=False)

    def arrived(self) -> None:
        with self._lock:
            self.calls += 1
            self.in_flight += 1
            self.in_flight_max = max(self.in_flight_max, self.in_flight)
            self.arrivals.append((time.monotonic(), time.time()))

    def left(self) -> None:
        with self._lock:
            self.in_flight -= 1

    def asks(self, prompt: str) -> int:
        """How often the prompt was asked before."""
        name = prompt_name(prompt)
        with self._lock:
            self.too_early += time.monotonic() < self._not_before.get(name, 0.0)
            self.asked[name] += 1
            return self.asked[name] - 1

    def told_to_wait(self, prompt: str, seconds: float) -> None:
        with self._lock:
            self._not_before[prompt_name(prompt)] = time.monotonic() + seconds

    def answered(self, status: str, outcome: str) -> None:
        with self._lock:
            self.by_status[status] += 1
            self.by_outcome[outcome] += 1

    def billed(self, prompt: str, prompt_tokens: int, completion_tokens: int, *, good: bool) -> None:
        with self._lock:
            self.prompt_tokens += prompt_tokens
            self.completion_tokens += completion_tokens
            if good:
                self.good[prompt_name(prompt)] += 1

    def lost(self, prompt_tokens: int, completion_tokens: int) -> None:
        with self._lock:
            self.lost_prompt_tokens += prompt_tokens
            self.lost_completion_tokens += completion_tokens

    def snapshot(self) -> dict[str, Any]:
        """Everything as JSON takes it, with the totals that tests ask for most."""
        with self._lock:
            figures = {name: value for name, value in vars(self).items() if not name.startswith("_") and isinstance(value, int)}
            return figures | {
                "distinct_prompts": len(self.asked),
                "good_replies": self.good.total(),
                "prompts_with_good_reply": len(self.good),
                "by_status": dict(self.by_status),
                "by_outcome": dict(self.by_outcome),
                "good": dict(self.good),
                "asked": dict(self.asked),
                "arrivals": list(self.arrivals),
            }


def prompt_name(prompt: str) -> str:
    """How a prompt is called in counts."""
    return hashlib.sha256(prompt.encode("utf-8", "replace")).hexdigest()[:16]
