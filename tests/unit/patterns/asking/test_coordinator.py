"""One coordinator holds the limits of a run for all askers."""

import math
from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from outfit_pairing.patterns.asking.chat import ChatReply, Fault, ReplyFormat
from outfit_pairing.patterns.asking.coordinator import BUSY_IN_A_ROW, DOWN_IN_A_ROW, Coordinator
from outfit_pairing.patterns.asking.journal import Entry, Sent
from outfit_pairing.patterns.asking.permits import Busy, Granted, Stop, Wait
from outfit_pairing.settings import LlmSettings

SCHEMA, OBJECT, PROMPT = ReplyFormat
GOOD = ChatReply(text="", prompt_tokens=60, completion_tokens=30)
DOWN = ChatReply(fault=Fault.DOWN, error="connection refused")


class Clock:
    """Seconds that pass when told."""

    def __init__(self) -> None:
        self.now = 1_000.0

    def __call__(self) -> float:
        return self.now


@pytest.fixture
def clock() -> Clock:
    """A clock that stands still."""
    return Clock()


def coordinator_of(
    clock: Clock, remembered: ReplyFormat | None = SCHEMA, earlier: tuple[Entry, ...] = (), **limits: object
) -> Coordinator:
    """A coordinator of a run that begins at epoch second 5,000."""
    return Coordinator(LlmSettings.model_validate(limits), earlier, remembered, clock, lambda: clock.now + 4_000.0)


def granted(coordinator: Coordinator, request_hash: str = "abc", asker: str = "a") -> Granted:
    """A permit for a request of at most 100 + 50 tokens."""
    answer = coordinator.acquire(request_hash, 100, 50, asker)
    assert isinstance(answer, Granted), answer
    return answer


def earlier(age_s: float, reply: ChatReply | None = GOOD) -> Entry:
    """A request of an earlier run."""
    sent = Sent("abc", 1, 5_000.0 - age_s, "run-0", "small", 100, 50, "json_schema", repair=False)
    return Entry(sent, reply, None if reply is None else 5_000.0 - age_s + 1)


def test_only_one_asker_at_a_time_holds_a_request(clock: Clock) -> None:
    """A speculative or retried task is told to look in the journal, before and after the first one is done."""
    coordinator = coordinator_of(clock)
    first = granted(coordinator, "abc", "first")
    busy = coordinator.acquire("abc", 100, 50, "second")
    assert isinstance(busy, Busy)
    assert busy.seconds > 0
    coordinator.settle(first.permit, GOOD)
    coordinator.release("abc", "second")
    assert isinstance(coordinator.acquire("abc", 100, 50, "second"), Busy), "a lease is freed by its holder alone"
    coordinator.release("abc", "first")
    assert coordinator.acquire("abc", 100, 50, "second") == Busy(0.0), "a reply may lie in the journal now"
    granted(coordinator, "abc", "second")


def test_the_holder_asks_again_without_a_word(clock: Clock) -> None:
    """Retries and re-asks of one asker need no second lease."""
    coordinator = coordinator_of(clock)
    for _ in range(3):
        coordinator.settle(granted(coordinator).permit, replace(DOWN, http_status=503))
    coordinator.release("abc", "a")
    granted(coordinator)


def test_an_asker_that_is_gone_frees_its_leases_and_may_have_been_billed(clock: Clock) -> None:
    """What it had in flight counts at its upper bound."""
    coordinator = coordinator_of(clock)
    lost = granted(coordinator, "abc", "first")
    coordinator.gone("first")
    assert coordinator.acquire("abc", 100, 50, "second") == Busy(0.0)
    granted(coordinator, "abc", "second")
    coordinator.settle(lost.permit, GOOD)
    figures = coordinator.figures()
    assert (figures.prompt_tokens, figures.completion_tokens, figures.tokens_at_most) == (100, 50, 150)
    assert (figures.granted, figures.lost, figures.in_flight) == (2, 1, 1)


def test_the_format_is_found_out_by_all_at_once(clock: Clock) -> None:
    """Nobody waits for a first reply; one refusal moves everybody on, and those in flight do not count again."""
    coordinator = coordinator_of(clock, remembered=None)
    for expected in (SCHEMA, OBJECT):
        trials = [granted(coordinator, f"h{number}", f"t{number}") for number in range(20)]
        assert {trial.reply_format for trial in trials} == {expected}
        for trial in trials:
            coordinator.settle(trial.permit, ChatReply(fault=Fault.FORMAT, http_status=400))
    trials = [granted(coordinator, f"h{number}", f"t{number}") for number in range(20)]
    assert {trial.reply_format for trial in trials} == {PROMPT}
    assert coordinator.confirmed_format() is None
    coordinator.settle(trials[0].permit, GOOD)
    assert coordinator.confirmed_format() is PROMPT


def test_a_server_that_fails_on_json_schema_is_asked_in_another_way(clock: Clock) -> None:
    """Failures of status 500 in a row are how llama.cpp refuses; they do not open the breaker, however many were in flight."""
    coordinator = coordinator_of(clock, remembered=None)
    trials = [granted(coordinator, f"h{number}", f"t{number}") for number in range(2 * DOWN_IN_A_ROW)]
    for trial in trials:
        coordinator.settle(trial.permit, replace(DOWN, http_status=500))
    assert granted(coordinator).reply_format is OBJECT


def test_a_server_that_fails_in_every_format_is_down_and_tried_afresh(clock: Clock) -> None:
    """When it is back, json_schema is tried first again."""
    coordinator = coordinator_of(clock, remembered=None)
    for _ in range(4 + DOWN_IN_A_ROW):
        coordinator.settle(granted(coordinator).permit, replace(DOWN, http_status=500))
    waiting = coordinator.acquire("abc", 100, 50, "a")
    assert isinstance(waiting, Wait)
    assert waiting.why == "down"
    clock.now += 2
    assert granted(coordinator).reply_format is SCHEMA


def test_a_refusal_stops_everyone(clock: Clock) -> None:
    """A wrong key is wrong for all."""
    coordinator = coordinator_of(clock)
    first = granted(coordinator, "abc", "a")
    coordinator.settle(first.permit, ChatReply(fault=Fault.REFUSED, error="HTTP 401: invalid key", http_status=401))
    assert coordinator.acquire("def", 100, 50, "b") == Stop("HTTP 401: invalid key", "refused")
    coordinator.stop("later")
    assert coordinator.figures().stop == Stop("HTTP 401: invalid key", "refused")


def test_a_busy_server_is_left_alone_by_all(clock: Clock) -> None:
    """One that turns everybody away holds every request back until then; a single 429 concerns its own request."""
    coordinator = coordinator_of(clock)
    for _ in range(BUSY_IN_A_ROW):
        coordinator.settle(granted(coordinator).permit, ChatReply(fault=Fault.BUSY, retry_after_s=7.0))
    clock.now += 6.9
    waiting = coordinator.acquire("def", 100, 50, "b")
    assert isinstance(waiting, Wait)
    assert (waiting.why, round(waiting.seconds, 6)) == ("pause", 0.1)
    clock.now += 0.1
    granted(coordinator, "def", "b")


def test_a_server_that_stays_down_stops_the_run(clock: Clock) -> None:
    """All wait while one probes; after give_up_s the run is told why, with the last fault."""
    coordinator = coordinator_of(clock, give_up_s=300)
    asked = 0
    while isinstance(answer := coordinator.acquire(f"h{asked}", 100, 50, "a"), Granted | Wait):
        if isinstance(answer, Granted):
            asked += 1
            coordinator.settle(answer.permit, DOWN)
        else:
            clock.now += answer.seconds
    assert isinstance(answer, Stop)
    assert (answer.kind, answer.reason) == ("down", "the server has been down for 300 s: connection refused")
    assert asked <= DOWN_IN_A_ROW + 10


def test_a_probe_whose_worker_is_killed_is_followed_by_another(clock: Clock) -> None:
    """A breaker does not stay open for a reply that nobody will report."""
    coordinator = coordinator_of(clock)
    for _ in range(DOWN_IN_A_ROW):
        coordinator.settle(granted(coordinator).permit, DOWN)
    clock.now += 2
    granted(coordinator, "def", "b")
    assert isinstance(coordinator.acquire("ghi", 100, 50, "c"), Wait)
    coordinator.gone("b")
    granted(coordinator, "ghi", "c")


@given(st.lists(st.tuples(st.integers(0, 5), st.sampled_from(["good", "down", "billed", "busy", "unused", "gone"])), max_size=80))
def test_what_the_server_may_count_never_exceeds_the_budget(events: list[tuple[int, str]]) -> None:
    """Whatever becomes of requests, true figures and upper bounds together stay below the limit."""
    outcomes = {
        "good": GOOD,
        "down": replace(DOWN, http_status=503),
        "billed": replace(DOWN, may_be_billed=True),
        "busy": ChatReply(fault=Fault.BUSY),
    }
    clock = Clock()
    coordinator = coordinator_of(clock, budget_tokens=1_000)
    out: list[tuple[int, str]] = []
    for number, fate in events:
        clock.now += 100
        answer = coordinator.acquire(f"hash{number}", 100, 50, f"asker{number}")
        if isinstance(answer, Granted):
            out.append((answer.permit, f"asker{number}"))
        if out and fate in outcomes:
            coordinator.settle(out.pop(0)[0], outcomes[fate])
        elif out and fate == "unused":
            coordinator.return_unused(out.pop(0)[0])
        elif fate == "gone":
            coordinator.gone(f"asker{number}")
            out = [(permit, asker) for permit, asker in out if asker != f"asker{number}"]
        figures = coordinator.figures()
        assert figures.in_flight == len(out)
        assert figures.prompt_tokens + figures.completion_tokens + 150 * figures.in_flight <= 1_000


def test_a_budget_waits_for_what_is_in_flight_before_it_stops(clock: Clock) -> None:
    """Requests in flight may settle below their bound; only when none is left is the budget spent."""
    coordinator = coordinator_of(clock, budget_tokens=300)
    first, second = granted(coordinator, "abc", "a"), granted(coordinator, "def", "b")
    waiting = coordinator.acquire("ghi", 100, 50, "c")
    assert isinstance(waiting, Wait)
    assert waiting.why == "budget"
    coordinator.settle(first.permit, GOOD)
    coordinator.settle(second.permit, GOOD)
    third = coordinator.acquire("ghi", 80, 40, "c")
    assert isinstance(third, Granted)
    coordinator.settle(third.permit, GOOD)
    stop = coordinator.acquire("jkl", 100, 50, "d")
    assert isinstance(stop, Stop)
    assert stop.kind == "budget"
    assert stop.reason == "270 of 300 tokens are spent and the next request may take 150 tokens; raise llm.budget_tokens to go on"
    assert coordinator.acquire("mno", 1, 1, "e") == stop


def test_a_budget_in_money_stops_with_its_own_name(clock: Clock) -> None:
    """The line says which setting to raise."""
    coordinator = coordinator_of(clock, budget_cost=0.0001, price_prompt=1.0, price_completion=2.0)
    stop = coordinator.acquire("abc", 100, 50, "a")
    assert isinstance(stop, Stop)
    assert stop.kind == "budget"
    assert "llm.budget_cost" in stop.reason


def test_earlier_runs_count_into_the_budget(clock: Clock) -> None:
    """A restarted job has not a new budget; an entry without reply counts at its upper bound."""
    coordinator = coordinator_of(clock, earlier=(earlier(9_999), earlier(9_999, reply=None)), budget_tokens=389)
    stop = coordinator.acquire("abc", 100, 50, "a")
    assert isinstance(stop, Stop)
    assert stop.reason.startswith("240 of 389 tokens")
    figures = coordinator.figures()
    assert (figures.earlier_prompt_tokens, figures.earlier_completion_tokens, figures.tokens_at_most) == (160, 80, 150)
    granted(coordinator_of(clock, earlier=(earlier(9_999), earlier(9_999, reply=None)), budget_tokens=390))


def test_a_restarted_run_keeps_the_rate_of_the_killed_one(clock: Clock) -> None:
    """Sends of the last minute count, also those that a worker with a fast clock dates into the future."""
    sends = (earlier(30), earlier(20, reply=None), earlier(-5, reply=None), earlier(300))
    waiting = coordinator_of(clock, earlier=sends, requests_per_minute=3).acquire("abc", 100, 50, "a")
    assert isinstance(waiting, Wait)
    assert waiting.why == "rate"
    clock.now += 33
    granted(coordinator_of(clock, earlier=sends, requests_per_minute=4))


def test_a_request_larger_than_a_minute_is_stopped_alone(clock: Clock) -> None:
    """It would wait for ever; smaller ones go on."""
    coordinator = coordinator_of(clock, tokens_per_minute=200)
    stop = coordinator.acquire("abc", 151, 50, "a")
    assert isinstance(stop, Stop)
    assert stop.kind == "window"
    assert "201 tokens, more than llm.tokens_per_minute (200)" in stop.reason
    granted(coordinator, "def", "b")
    assert coordinator.figures().too_large == 1


def test_figures_say_what_was_spent(clock: Clock) -> None:
    """Tokens as the server counted them, cost by the prices given, waits by reason."""
    coordinator = coordinator_of(clock, requests_per_minute=12, price_prompt=1.0, price_completion=10.0)
    coordinator.settle(granted(coordinator).permit, GOOD)
    assert isinstance(coordinator.acquire("abc", 100, 50, "a"), Wait)
    clock.now += 6
    coordinator.return_unused(granted(coordinator).permit)
    figures = coordinator.figures()
    assert (figures.prompt_tokens, figures.completion_tokens, figures.tokens_at_most) == (60, 30, 0)
    assert figures.cost is not None
    assert math.isclose(figures.cost, 0.00036)
    assert (figures.granted, figures.returned, figures.in_flight, figures.waits) == (2, 1, 0, {"rate": 1})
    assert figures.reply_format is SCHEMA
