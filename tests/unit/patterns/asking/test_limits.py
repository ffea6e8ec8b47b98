"""Rates hold as the server sees them, and a server that is down is left alone."""

import heapq
import random
from collections.abc import Callable

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from outfit_pairing.patterns.asking.limits import MINUTE_S, SEND_WITHIN_S, Breaker, EarlierSend, RequestWindow

Latency = Callable[[random.Random], float]


def arrivals_at_server(
    window: RequestWindow, askers: int, until: float, latency: Latency, *, chance: random.Random, tokens: tuple[int, int] = (1, 1)
) -> list[tuple[float, int]]:
    """(time, true tokens) of each request that reaches the server, when `askers` ask as often as the window lets them."""
    seen, events, permit = [], [(chance.random() / 10, asker, None) for asker in range(askers)], 0
    heapq.heapify(events)
    most, least = tokens
    while events and events[0][0] < until:
        now, asker, done = heapq.heappop(events)
        if done is not None:
            window.settle(done[0], now, done[1])
        if wait_s := window.wait_s(now, most):
            heapq.heappush(events, (now + min(1.0, max(0.01, wait_s)), asker, None))
            continue
        permit += 1
        window.grant(permit, now, most)
        if chance.random() < 0.05:
            window.give_back(permit)
            heapq.heappush(events, (now + 0.01, asker, None))
            continue
        takes, true = latency(chance), chance.randint(least, most)
        seen.append((now + chance.random() * min(takes, SEND_WITHIN_S), true))
        heapq.heappush(events, (now + takes, asker, (permit, true)))
    return sorted(seen)


def most_in_a_minute(seen: list[tuple[float, int]]) -> tuple[int, int]:
    """Most (requests, tokens) in any 60 s."""
    requests = tokens = first = most_requests = most_tokens = 0
    for at, amount in seen:
        requests, tokens = requests + 1, tokens + amount
        while seen[first][0] < at - MINUTE_S:
            requests, tokens, first = requests - 1, tokens - seen[first][1], first + 1
        most_requests, most_tokens = max(most_requests, requests), max(most_tokens, tokens)
    return most_requests, most_tokens


@settings(max_examples=60)
@given(
    limit=st.integers(1, 90),
    askers=st.integers(1, 24),
    slowest=st.sampled_from([0.05, 0.5, 3.0, 20.0, 90.0]),
    seed=st.integers(0, 2**32),
)
def test_the_server_never_sees_more_requests_than_allowed_in_any_minute(limit: int, askers: int, slowest: float, seed: int) -> None:
    """Whatever the latencies, and wherever between grant and reply a request arrives."""
    chance = random.Random(seed)
    seen = arrivals_at_server(RequestWindow(limit, None), askers, 240, lambda c: c.random() * slowest, chance=chance)
    assert most_in_a_minute(seen)[0] <= limit


@settings(max_examples=60)
@given(
    limit=st.integers(500, 20_000),
    askers=st.integers(1, 16),
    slowest=st.sampled_from([0.1, 3.0, 30.0]),
    seed=st.integers(0, 2**32),
)
def test_the_server_never_sees_more_tokens_than_allowed_in_any_minute(limit: int, askers: int, slowest: float, seed: int) -> None:
    """Tokens count at their upper bound until the true figure is known."""
    chance = random.Random(seed)
    seen = arrivals_at_server(
        RequestWindow(None, limit), askers, 240, lambda c: c.random() * slowest, chance=chance, tokens=(500, 40)
    )
    assert most_in_a_minute(seen)[1] <= limit


@pytest.mark.parametrize("limit", [1, 7, 60, 120, 600, 3_000])
def test_nearly_all_of_the_limit_can_be_used(limit: int) -> None:
    """With constant demand and short latency at least 95 % of the permits of ten minutes are used."""
    seen = arrivals_at_server(RequestWindow(limit, None), 40, 600, lambda _: 0.2, chance=random.Random(1))
    assert len(seen) >= 0.95 * 10 * limit


def test_requests_are_paced_evenly_after_a_small_burst() -> None:
    """A rest saves up a twelfth of a minute's permits, not a whole minute's."""
    window, granted = RequestWindow(120, None), []
    for tenth in range(600):
        if window.wait_s(tenth / 10, 1) == 0:
            window.grant(tenth, tenth / 10, 1)
            granted.append(tenth / 10)
    at_once = sum(at <= 2 for at in granted)
    assert at_once <= 120 / 12 + 4
    assert max(sum(start <= at < start + 10 for at in granted[11:]) for start in range(50)) <= 21


def test_tokens_that_were_not_needed_are_free_again() -> None:
    """A reply that is shorter than feared leaves room for the next request, within seconds instead of a minute."""
    window = RequestWindow(None, 1_000)
    window.grant(1, 0.0, 900)
    assert window.wait_s(1.0, 900) > 50
    window.settle(1, 1.0, 50)
    assert window.wait_s(4.0, 900) == 0


def test_a_request_without_reply_counts_from_when_it_may_have_arrived_last() -> None:
    """It may reach the server two seconds after its grant, and counts for the minute after that."""
    window = RequestWindow(1, None)
    window.grant(1, 0.0, 1)
    assert window.wait_s(SEND_WITHIN_S + MINUTE_S, 1) > 0
    assert window.wait_s(SEND_WITHIN_S + MINUTE_S + 2, 1) == 0


def test_a_restarted_run_counts_what_the_killed_one_has_sent() -> None:
    """The server's minute does not begin anew with the run."""
    earlier = [EarlierSend(100.0 + second, 10, 100.5 + second) for second in range(10)]
    window = RequestWindow(10, None, earlier, now=112.0)
    assert window.wait_s(112.0, 1) > 40
    assert window.wait_s(161.6, 1) == 0


def test_a_request_above_the_limit_of_a_minute_is_known_to_be_hopeless() -> None:
    """It would wait for ever."""
    window = RequestWindow(None, 1_000)
    assert window.fits(1_000)
    assert not window.fits(1_001)
    assert RequestWindow(5, None).fits(10**9)


def test_without_limits_nothing_waits() -> None:
    """No limit is no limit."""
    window = RequestWindow(None, None)
    for permit in range(1_000):
        assert window.wait_s(0.0, 10**6) == 0
        window.grant(permit, 0.0, 10**6)


def opened(breaker: Breaker, at: float, faults: int = 3) -> Breaker:
    """A breaker after faults in a row."""
    for permit in range(faults):
        breaker.down(permit, at)
    return breaker


def test_a_server_that_is_down_gets_one_probe_at_a_time() -> None:
    """Faults in a row hold all back; after a cool-down one request tries; a reply lets all go."""
    breaker = opened(Breaker(3, 300), 10.0)
    assert breaker.wait_s(10.0) == 2.0
    assert breaker.wait_s(12.0) == 0.0
    breaker.granted(50)
    assert breaker.wait_s(12.0) > 0
    breaker.up()
    assert breaker.wait_s(12.0) == 0.0
    assert not breaker.is_open


def test_each_failed_probe_doubles_the_cool_down_to_a_minute() -> None:
    """2, 4, 8 … 60, 60 seconds; a reply starts over."""
    breaker, now, waits = opened(Breaker(3, 10_000), 0.0), 0.0, []
    for probe in range(100, 107):
        waits.append(breaker.wait_s(now))
        now += waits[-1]
        breaker.granted(probe)
        breaker.down(probe, now)
    assert waits == [2, 4, 8, 16, 32, 60, 60]
    breaker.up()
    assert opened(breaker, now).wait_s(now) == 2


def test_requests_sent_before_the_opening_do_not_lengthen_the_cool_down() -> None:
    """Twenty in flight that fail together are one bad moment, not twenty."""
    breaker = opened(Breaker(3, 300), 0.0, faults=20)
    assert breaker.wait_s(0.0) == 2
    breaker.granted(99)
    breaker.down(3, 0.5)
    assert breaker.wait_s(2.0) > 0, "the probe is still out"


def test_a_reply_between_faults_keeps_requests_flowing() -> None:
    """Only faults in a row count."""
    breaker = Breaker(3, 300)
    for permit in range(50):
        breaker.down(permit, permit)
        breaker.down(permit, permit)
        breaker.up()
    assert not breaker.is_open


def test_a_busy_probe_neither_closes_nor_lengthens() -> None:
    """A busy server is well, but this was no reply; the next probe may go."""
    breaker = opened(Breaker(3, 300), 0.0)
    breaker.granted(7)
    breaker.neither(7)
    assert breaker.is_open
    assert breaker.wait_s(2.0) == 0


def test_a_server_down_for_too_long_is_given_up() -> None:
    """Counted from the first fault of the series; a reply starts it anew."""
    breaker = opened(Breaker(3, 300), 5.0)
    assert not breaker.given_up(304.9)
    assert breaker.given_up(305.0)
    breaker.up()
    assert not breaker.given_up(305.0)
    assert not opened(breaker, 400.0).given_up(500.0)


def test_a_server_that_names_its_return_is_not_probed_earlier() -> None:
    """Retry-After of the fault that opens the breaker is a lower bound of the cool-down."""
    breaker = Breaker(1, 300)
    breaker.down(1, 0.0, retry_after_s=30.0)
    assert breaker.wait_s(10.0) == 20.0
