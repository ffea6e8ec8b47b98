"""What a coordinator answers, and what it counts. Plain values: they travel between driver and workers."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Literal

from outfit_pairing.patterns.asking.chat import ReplyFormat
from outfit_pairing.patterns.asking.limits import SEND_WITHIN_S

StopKind = Literal["refused", "budget", "down", "window", "stopped"]


@dataclass(frozen=True, slots=True)
class Granted:
    """One request may be sent in `reply_format`, within `send_within_s` seconds from the call of acquire."""

    permit: int
    reply_format: ReplyFormat
    send_within_s: float = SEND_WITHIN_S


@dataclass(frozen=True, slots=True)
class Wait:
    """Acquire again after so many seconds. `why`: rate, budget, pause (the server's Retry-After) or down."""

    seconds: float
    why: str


@dataclass(frozen=True, slots=True)
class Busy:
    """Another asker holds this request, or held it until now: look in the journal again after so many seconds."""

    seconds: float


@dataclass(frozen=True, slots=True)
class Stop:
    """No request is to be sent any more; `window` concerns this request alone, which is larger than a minute's tokens."""

    reason: str
    kind: StopKind


Answer = Granted | Wait | Busy | Stop


@dataclass(frozen=True, slots=True)
class Figures:
    """Counts of a run. Tokens and cost hold `earlier` ones too; `tokens_at_most` of them are upper bounds, not counted ones."""

    granted: int
    returned: int  # permits given back unused
    lost: int  # permits whose worker went away
    too_large: int  # requests stopped with kind window
    in_flight: int
    waits: Mapping[str, int]
    prompt_tokens: int
    completion_tokens: int
    tokens_at_most: int
    earlier_prompt_tokens: int
    earlier_completion_tokens: int
    cost: float | None
    reply_format: ReplyFormat | None  # None: not confirmed
    stop: Stop | None
