"""One coordinator per run, on the driver: rates, budget, breaker, reply format and leases for all workers together.

Workers reach it through `coordinator_server` and `coordinator_client`. It sends nothing itself, and its clocks are passed in.
The protocol of one asker, who holds the lease of its request hash from the first `acquire` to `release`:

    look in the journal; acquire → Busy: pause, look in the journal again; Wait: pause, acquire again; Stop: leave it;
    Granted: journal.sent, send within `send_within_s` of *calling* acquire, journal.replied, settle; when that is too late,
    journal.not_sent, return_unused.

A request answered by Fault.FORMAT is acquired again; when it is granted the very format that was refused, others get
replies in that format, and it is this request that the server does not take.
"""

import threading
import time
from collections import Counter
from collections.abc import Callable, Iterable
from dataclasses import dataclass

from outfit_pairing.patterns.asking.budget import Budget, Usage, usage_of
from outfit_pairing.patterns.asking.chat import ChatReply, Fault, ReplyFormat
from outfit_pairing.patterns.asking.earlier import latest_sends, usage_of_entry
from outfit_pairing.patterns.asking.formats import FormatTrial
from outfit_pairing.patterns.asking.journal import Entry
from outfit_pairing.patterns.asking.leases import Leases
from outfit_pairing.patterns.asking.limits import Breaker, RequestWindow
from outfit_pairing.patterns.asking.permits import Answer, Busy, Figures, Granted, Stop, StopKind, Wait
from outfit_pairing.settings import LlmSettings

DOWN_IN_A_ROW = 8  # faults that open the breaker: by chance alone once in a million requests when 1 of 6 fails
BUSY_IN_A_ROW = 3  # a server that turns everybody away; before, Retry-After is for the request that it answers
LEAST_WAIT_S, MOST_WAIT_S = 0.01, 1.0  # what is waited for may come sooner: a permit settles below its upper bound
BUSY_S = 0.2  # before the journal is worth another look


@dataclass(frozen=True, slots=True)
class _Permit:
    asker: str
    reply_format: ReplyFormat
    granted_at: float
    most_prompt_tokens: int
    most_completion_tokens: int


class Coordinator:
    """Thread-safe. An asker is who holds leases and permits: a connection of a worker's thread.

    earlier: the journal's entries for the anchors at hand; they count into the budget, and the latest into the window.
    remembered: the reply format that an earlier run confirmed for this server.
    clock: steady seconds.   now: epoch seconds, only to place earlier sends on the clock.
    """

    def __init__(
        self,
        settings: LlmSettings,
        earlier: Iterable[Entry] = (),
        remembered: ReplyFormat | None = None,
        clock: Callable[[], float] = time.monotonic,
        now: Callable[[], float] = time.time,
    ) -> None:
        self._settings, self._clock = settings, clock
        self._lock = threading.Lock()
        self._leases = Leases()
        self._permits: dict[int, _Permit] = {}
        self._counts: Counter[str] = Counter()
        self._waits: Counter[str] = Counter()
        self._pause_until = float("-inf")
        self._busy_in_a_row = 0
        self._stop: Stop | None = None
        self._last_fault = "no reply"
        self._format = FormatTrial(remembered)
        self._breaker = Breaker(DOWN_IN_A_ROW, settings.give_up_s)
        self._budget = Budget(settings.budget_tokens, settings.budget_cost, settings.price_prompt, settings.price_completion)
        entries = list(earlier)
        for entry in entries:
            self._budget.spend(usage_of_entry(entry))
        self._earlier = self._budget.spent
        sends = latest_sends(entries, clock(), now())
        self._window = RequestWindow(settings.requests_per_minute, settings.tokens_per_minute, sends, clock())

    def acquire(self, request_hash: str, most_prompt_tokens: int, most_completion_tokens: int, asker: str = "") -> Answer:
        """A permit for one request of at most so many tokens, or what to do instead. Never blocks."""
        with self._lock:
            now = self._clock()
            if not self._stop and self._breaker.given_up(now):
                self._give_up(now)
            if self._stop:
                return self._stop
            taken = self._leases.take(request_hash, asker)
            if taken != "held":
                return Busy(BUSY_S if taken == "others" else 0.0)
            most = Usage(most_prompt_tokens, most_completion_tokens)
            answer = self._stop_for(most) or self._wait_for(most, now)
            if answer is None:
                return self._grant(asker, most, now)
            if isinstance(answer, Wait):
                self._waits[answer.why] += 1
            return answer

    def settle(self, permit: int, outcome: ChatReply) -> None:
        """What became of a granted request. An unknown permit (its connection was lost meanwhile) is ignored."""
        with self._lock:
            held = self._permits.pop(permit, None)
            if held is not None:
                self._count(permit, held, outcome)
                self._learn(permit, held, outcome)

    def return_unused(self, permit: int) -> None:
        """The request was not sent; the permit costs nothing."""
        with self._lock:
            if self._permits.pop(permit, None) is not None:
                self._window.give_back(permit)
                self._budget.give_back(permit)
                self._breaker.neither(permit)
                self._counts["returned"] += 1

    def release(self, request_hash: str, asker: str = "") -> None:
        """The asker is done with this request, whatever came of it."""
        with self._lock:
            self._leases.free(request_hash, asker)

    def gone(self, asker: str) -> None:
        """The asker will not come back: its leases are free, and what it had in flight may have been billed."""
        with self._lock:
            self._leases.free_all(asker)
            for permit in [permit for permit, held in self._permits.items() if held.asker == asker]:
                held = self._permits.pop(permit)
                self._budget.settle(permit, usage_of(None, held.most_prompt_tokens, held.most_completion_tokens))
                self._breaker.neither(permit)
                self._counts["lost"] += 1

    def stop(self, reason: str, kind: StopKind = "stopped") -> None:
        """Grant nothing any more; the first reason stays."""
        with self._lock:
            self._stop = self._stop or Stop(reason, kind)

    def confirmed_format(self) -> ReplyFormat | None:
        """The format that this server takes; None until a reply has shown it."""
        with self._lock:
            return self._format.current if self._format.confirmed else None

    def figures(self) -> Figures:
        """Counts so far."""
        with self._lock:
            spent = self._budget.spent
            return Figures(
                granted=self._counts["granted"],
                returned=self._counts["returned"],
                lost=self._counts["lost"],
                too_large=self._counts["too_large"],
                in_flight=len(self._permits),
                waits=dict(self._waits),
                prompt_tokens=spent.prompt_tokens,
                completion_tokens=spent.completion_tokens,
                tokens_at_most=self._budget.spent_at_most,
                earlier_prompt_tokens=self._earlier.prompt_tokens,
                earlier_completion_tokens=self._earlier.completion_tokens,
                cost=self._budget.cost,
                reply_format=self._format.current if self._format.confirmed else None,
                stop=self._stop,
            )

    def _stop_for(self, most: Usage) -> Answer | None:
        """A reason why this request can never go, or must wait for what others in flight leave of the budget."""
        if not self._window.fits(most.tokens):
            limit = self._settings.tokens_per_minute
            self._counts["too_large"] += 1
            reason = f"one request may take {most.tokens:,} tokens, more than llm.tokens_per_minute ({limit:,}) allows"
            return Stop(f"{reason}; raise it or lower llm.max_tokens", "window")
        if self._budget.fits(most.prompt_tokens, most.completion_tokens):
            return None
        if self._permits:
            return Wait(self._poll_s(), "budget")
        self._stop = Stop(self._budget_reason(most), "budget")
        return self._stop

    def _budget_reason(self, most: Usage) -> str:
        spent, settings = self._budget.spent, self._settings
        if settings.budget_tokens is not None and spent.tokens + most.tokens > settings.budget_tokens:
            used, limit = f"{spent.tokens:,} of {settings.budget_tokens:,} tokens are spent", "llm.budget_tokens"
        else:
            used, limit = f"{self._budget.cost:.4f} of {settings.budget_cost:.4f} is spent", "llm.budget_cost"
        return f"{used} and the next request may take {most.tokens:,} tokens; raise {limit} to go on"

    def _wait_for(self, most: Usage, now: float) -> Wait | None:
        waits = {
            "pause": self._pause_until - now,
            "down": self._breaker.wait_s(now),
            "rate": self._window.wait_s(now, most.tokens),
        }
        why = max(waits, key=lambda name: waits[name])
        return Wait(min(MOST_WAIT_S, max(LEAST_WAIT_S, waits[why])), why) if waits[why] > 0 else None

    def _poll_s(self) -> float:
        """How soon to look whether a permit in flight is back: the longer it takes, the less often."""
        oldest = min(held.granted_at for held in self._permits.values())
        return min(MOST_WAIT_S / 2, max(2 * LEAST_WAIT_S, (self._clock() - oldest) / 10))

    def _grant(self, asker: str, most: Usage, now: float) -> Granted:
        self._counts["granted"] += 1
        permit = self._counts["granted"]
        self._budget.reserve(permit, most.prompt_tokens, most.completion_tokens)
        self._window.grant(permit, now, most.tokens)
        self._breaker.granted(permit)
        self._permits[permit] = _Permit(asker, self._format.current, now, most.prompt_tokens, most.completion_tokens)
        return Granted(permit, self._format.current)

    def _count(self, permit: int, held: _Permit, outcome: ChatReply) -> None:
        usage = usage_of(outcome, held.most_prompt_tokens, held.most_completion_tokens)
        self._budget.settle(permit, usage)
        self._window.settle(permit, self._clock(), usage.tokens)

    def _learn(self, permit: int, held: _Permit, outcome: ChatReply) -> None:
        """What an outcome says about the server."""
        now = self._clock()
        if outcome.fault is not Fault.BUSY:
            self._busy_in_a_row = 0
        match outcome.fault:
            case None:
                self._breaker.up()
                self._format.replied(held.reply_format)
            case Fault.BUSY:
                self._breaker.neither(permit)
                self._busy_in_a_row += 1
                if self._busy_in_a_row >= BUSY_IN_A_ROW:
                    self._pause_until = max(self._pause_until, now + (outcome.retry_after_s or 0.0))
            case Fault.DOWN:
                self._is_down(permit, held, outcome, now)
            case Fault.FORMAT:
                self._breaker.up()
                self._format.refused(held.reply_format)
                if self._format.exhausted:
                    self._stop = self._stop or Stop(f"the server takes no reply format: {_why(outcome)}", "refused")
            case Fault.BAD_REQUEST:
                self._breaker.up()
            case Fault.REFUSED:
                self._stop = self._stop or Stop(_why(outcome), "refused")

    def _is_down(self, permit: int, held: _Permit, outcome: ChatReply, now: float) -> None:
        if self._format.failed(held.reply_format, outcome):
            self._breaker.neither(permit)
            return
        self._breaker.down(permit, now, outcome.retry_after_s or 0.0)
        self._last_fault = _why(outcome)
        if self._breaker.is_open:
            self._format.server_was_down()

    def _give_up(self, now: float) -> None:
        down_s = self._breaker.down_for_s(now) or 0.0
        self._stop = Stop(f"the server has been down for {down_s:.0f} s: {self._last_fault}", "down")


def _why(outcome: ChatReply) -> str:
    return outcome.error or (f"HTTP {outcome.http_status}" if outcome.http_status else "no reply")
