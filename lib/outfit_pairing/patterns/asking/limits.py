"""When a request may go out: the rates of the server, and whether it is up. Pure; every call is told the time.

Times are seconds of one steady clock, whose zero does not matter.
"""

import heapq
from collections.abc import Iterable
from dataclasses import dataclass

MINUTE_S = 60.0
SEND_WITHIN_S = 2.0  # a permit that has not been used so long after it was granted is given back
GUARD_S = 1.0  # on the way to the server, after the last look at the clock
BURST_SHARE = 1 / 12  # of a minute's permits, at once after a rest

COOL_DOWN_S = 2.0
MOST_COOL_DOWN_S = 60.0
PROBE_POLL_S = 0.25  # between two looks at whether the probe is back


@dataclass(frozen=True, slots=True)
class EarlierSend:
    """A request that went out before this run, on the window's clock. `settled_at` None: no reply is known."""

    sent_at: float
    tokens: int
    settled_at: float | None = None


@dataclass(slots=True)
class _Pace:
    """A bucket that refills evenly, `per_minute` a minute. What is larger than the bucket leaves a debt behind."""

    per_minute: int
    level: float
    at: float

    @property
    def capacity(self) -> float:
        return max(1.0, self.per_minute * BURST_SHARE)

    def wait_s(self, now: float, amount: float) -> float:
        missing = min(amount, self.capacity) - self._filled(now)
        return 0.0 if missing <= 1e-9 else missing * MINUTE_S / self.per_minute

    def take(self, now: float, amount: float) -> None:
        self.level, self.at = self._filled(now) - amount, max(now, self.at)

    def give_back(self, amount: float) -> None:
        self.level = min(self.capacity, self.level + amount)

    def _filled(self, now: float) -> float:
        return min(self.capacity, self.level + max(0.0, now - self.at) * self.per_minute / MINUTE_S)


@dataclass(slots=True)
class _Held:
    granted_at: float
    most_tokens: int
    tokens: int
    until: float


class RequestWindow:
    """Permits such that a server never sees more requests or tokens than allowed in any 60 s, wherever the 60 s begin.

    Only the sending side can be timed: a request reaches the server between its grant and its settling, at the latest
    `SEND_WITHIN_S` after the grant. A permit therefore counts from the grant until 60 s after the last moment at which it
    may have arrived. Tokens count as of the request's arrival: at most what it may cost, once settled at what it did cost.
    Grants are paced evenly with a burst of a twelfth of a minute, so that a server that refills a bucket is content too.
    None: no limit.
    """

    def __init__(
        self, requests_per_minute: int | None, tokens_per_minute: int | None, earlier: Iterable[EarlierSend] = (), now: float = 0.0
    ) -> None:
        self._requests_per_minute, self._tokens_per_minute = requests_per_minute, tokens_per_minute
        self._held: dict[int, _Held] = {}
        self._ends: list[tuple[float, int]] = []  # heap of (until, permit); an entry that no longer agrees with _held is void
        self._tokens = 0
        sends = sorted(earlier, key=lambda send: send.sent_at)
        start = min([now, *(send.sent_at for send in sends)])
        self._pace = _pace(requests_per_minute, start)
        self._token_pace = _pace(tokens_per_minute, start)
        for number, send in enumerate(sends, 1):
            self.grant(-number, send.sent_at, send.tokens)
            if send.settled_at is not None:
                self.settle(-number, send.settled_at, send.tokens)

    def fits(self, most_tokens: int) -> bool:
        """Whether a request of so many tokens can ever go; one above the limit of a minute would wait for ever."""
        return self._tokens_per_minute is None or most_tokens <= self._tokens_per_minute

    def wait_s(self, now: float, most_tokens: int) -> float:
        """Seconds after which it is worth asking again; 0: the request may be granted now."""
        self._forget(now)
        waits = [0.0]
        if self._pace and self._requests_per_minute:
            full = len(self._held) >= self._requests_per_minute
            waits += [self._pace.wait_s(now, 1), self._next_end(now) if full else 0.0]
        if self._token_pace and self._tokens_per_minute:
            full = self._tokens + most_tokens > self._tokens_per_minute
            waits += [self._token_pace.wait_s(now, most_tokens), self._next_end(now) if full else 0.0]
        return max(waits)

    def grant(self, permit: int, now: float, most_tokens: int) -> None:
        """Count a request that may go out from now on. `permit`: any number that is not in use."""
        if self._pace:
            self._pace.take(now, 1)
        if self._token_pace:
            self._token_pace.take(now, most_tokens)
        if self._pace or self._token_pace:
            self._held[permit] = _Held(now, most_tokens, most_tokens, 0.0)
            self._tokens += most_tokens
            self._hold(permit, now + SEND_WITHIN_S)

    def settle(self, permit: int, now: float, tokens: int) -> None:
        """The server has answered, or never will; `tokens` is what the request cost in truth."""
        held = self._held.get(permit)
        if held is None:
            return
        if self._token_pace:
            self._token_pace.give_back(held.tokens - tokens)
        self._tokens += tokens - held.tokens
        held.tokens = tokens
        self._hold(permit, min(now, held.granted_at + SEND_WITHIN_S))

    def give_back(self, permit: int) -> None:
        """The request was not sent."""
        held = self._held.pop(permit, None)
        if held is None:
            return
        self._tokens -= held.tokens
        if self._pace:
            self._pace.give_back(1)
        if self._token_pace:
            self._token_pace.give_back(held.tokens)

    def _hold(self, permit: int, arrived_by: float) -> None:
        until = arrived_by + MINUTE_S + GUARD_S
        self._held[permit].until = until
        heapq.heappush(self._ends, (until, permit))

    def _forget(self, now: float) -> None:
        """Drop permits whose arrival no 60 s from now on can hold."""
        while self._ends:
            until, permit = self._ends[0]
            held = self._held.get(permit)
            void = held is None or held.until != until
            if not void and until > now:
                return
            heapq.heappop(self._ends)
            if held is not None and not void:
                self._tokens -= held.tokens
                del self._held[permit]

    def _next_end(self, now: float) -> float:
        return self._ends[0][0] - now if self._ends else 0.0


def _pace(per_minute: int | None, now: float) -> _Pace | None:
    if per_minute is None:
        return None
    pace = _Pace(per_minute, 0.0, now)
    pace.level = pace.capacity
    return pace


class Breaker:
    """Holds requests back from a server that is down, so that not every anchor waits out its own retries.

    `threshold` faults in a row open it. Then a cool-down of 2 s, twice as long each time up to 60 s, and one probe: a reply
    closes it. A server that has been down for `give_up_s` without a reply in between is given up.
    """

    def __init__(self, threshold: int, give_up_s: float) -> None:
        self._threshold, self._give_up_s = threshold, give_up_s
        self._faults = 0
        self._first_fault_at = 0.0
        self._cool_down_s = COOL_DOWN_S
        self._closed_until: float | None = None  # None: requests flow; else no probe before that time
        self._probe: int | None = None

    @property
    def is_open(self) -> bool:
        """Whether requests are held back."""
        return self._closed_until is not None

    def down_for_s(self, now: float) -> float | None:
        """Seconds since the first fault of a series that opened the breaker; None while it is closed."""
        return now - self._first_fault_at if self.is_open else None

    def given_up(self, now: float) -> bool:
        """Whether the server has been down for so long that the run should stop."""
        down_s = self.down_for_s(now)
        return down_s is not None and down_s >= self._give_up_s

    def wait_s(self, now: float) -> float:
        """Seconds after which it is worth asking again; 0: a request may be granted now."""
        if self._closed_until is None:
            return 0.0
        return PROBE_POLL_S if self._probe is not None else max(0.0, self._closed_until - now)

    def granted(self, permit: int) -> None:
        """A request goes out; while the breaker is open it is the probe."""
        if self.is_open:
            self._probe = permit

    def up(self) -> None:
        """The server has answered in a way that shows it is well."""
        self._faults, self._cool_down_s = 0, COOL_DOWN_S
        self._closed_until = self._probe = None

    def down(self, permit: int, now: float, retry_after_s: float = 0.0) -> None:
        """The server gave no answer, or a failure. Latecomers of before the opening do not lengthen the cool-down."""
        if self._faults == 0:
            self._first_fault_at = now
        self._faults += 1
        opens = self._closed_until is None and self._faults >= self._threshold
        if opens or permit == self._probe:
            if not opens:
                self._cool_down_s = min(MOST_COOL_DOWN_S, 2 * self._cool_down_s)
            self._closed_until = now + max(self._cool_down_s, retry_after_s)
            self._probe = None

    def neither(self, permit: int) -> None:
        """A request that says nothing about the server: busy, not sent, or its sender is gone."""
        if permit == self._probe:
            self._probe = None
