"""What is tried again, and when."""

from datetime import UTC, datetime, timedelta
from email.utils import format_datetime

import pytest
from hypothesis import given
from hypothesis import strategies as st

from outfit_pairing.patterns.asking.chat import Fault
from outfit_pairing.patterns.asking.retry import MOST_RETRY_AFTER_S, backoff_s, fault_of, retry_after_s

NOW = datetime(2026, 3, 1, 12, 0, tzinfo=UTC)


class TestRetryAfter:
    """A server says when to come again, in three forms."""

    @pytest.mark.parametrize(
        ("headers", "seconds"),
        [
            ({"Retry-After": "7"}, 7.0),
            ({"retry-after": " 0.25 "}, 0.25),
            ({"Retry-After-Ms": "1500"}, 1.5),
            ({"Retry-After": "9", "retry-after-ms": "200"}, 0.2),
            ({"Retry-After": "Sun, 01 Mar 2026 12:00:30 GMT"}, 30.0),
            ({"Retry-After": "Sun, 01 Mar 2026 13:00:30 +0100"}, 30.0),
            ({"Retry-After": "Sun, 01 Mar 2026 11:00:00 GMT"}, 0.0),
            ({"Retry-After": "-3"}, 0.0),
            ({"Retry-After": "86400"}, MOST_RETRY_AFTER_S),
            ({"Retry-After": "inf"}, MOST_RETRY_AFTER_S),
        ],
    )
    def test_every_form_is_obeyed(self, headers: dict[str, str], seconds: float) -> None:
        """Milliseconds, seconds and dates, whatever the letters' case; never below 0, never above ten minutes."""
        assert retry_after_s(headers, NOW) == seconds

    @pytest.mark.parametrize("value", ["", "soon", "nan", "12 s", "Sun, 99 Foo 2026", "\x00"])
    def test_nonsense_is_no_wish(self, value: str) -> None:
        """Then the usual waiting holds."""
        assert retry_after_s({"Retry-After": value, "retry-after-ms": value}, NOW) is None
        assert retry_after_s({}, NOW) is None

    @given(st.integers(0, 600))
    def test_a_date_means_the_time_until_then(self, seconds: int) -> None:
        """As the same wish in seconds."""
        date = format_datetime(NOW + timedelta(seconds=seconds), usegmt=True)
        assert retry_after_s({"Retry-After": date}, NOW) == retry_after_s({"Retry-After": str(seconds)}, NOW)

    @given(st.text(max_size=40), st.text(max_size=40))
    def test_no_header_raises(self, seconds: str, milliseconds: str) -> None:
        """Whatever it holds, it is a wait within bounds or none."""
        wait = retry_after_s({"Retry-After": seconds, "retry-after-ms": milliseconds}, NOW)
        assert wait is None or 0 <= wait <= MOST_RETRY_AFTER_S


class TestFaults:
    """What follows from an answer."""

    @pytest.mark.parametrize(
        ("status", "text", "fault"),
        [
            (200, "", None),
            (429, '{"error": {"message": "Rate limit reached"}}', Fault.BUSY),
            (408, "", Fault.BUSY),
            (409, "", Fault.BUSY),
            (425, "", Fault.BUSY),
            (429, '{"error": {"code": "insufficient_quota", "message": "check your plan and billing details"}}', Fault.REFUSED),
            (402, "Insufficient Balance", Fault.REFUSED),
            (401, "", Fault.REFUSED),
            (403, "", Fault.REFUSED),
            (404, "model not found", Fault.REFUSED),
            (405, "Method Not Allowed", Fault.REFUSED),
            (302, "", Fault.REFUSED),
            (500, "Internal Server Error", Fault.DOWN),
            (503, "overloaded", Fault.DOWN),
            (529, "", Fault.DOWN),
            (503, "response_format worker crashed", Fault.DOWN),
            (400, "Invalid parameter: 'response_format' of type 'json_schema' is not supported with this model", Fault.FORMAT),
            (400, "Unknown parameter: 'response_format.schema'.", Fault.FORMAT),
            (422, '{"detail": [{"loc": ["body", "response_format"], "msg": "Extra inputs are not permitted"}]}', Fault.FORMAT),
            (500, "response_format type must be one of text, json_object", Fault.FORMAT),
            (501, "Structured output is unavailable", Fault.FORMAT),
            (400, "failed to parse grammar", Fault.FORMAT),
            (400, "this feature is not supported", Fault.FORMAT),
            (400, "'temperature' is not supported with this model", Fault.BAD_REQUEST),
            (400, "maximum context length is 8192 tokens", Fault.BAD_REQUEST),
            (400, "The model `gpt-9` does not exist", Fault.REFUSED),
            (413, "too large", Fault.BAD_REQUEST),
            (418, "", Fault.BAD_REQUEST),
        ],
    )
    def test_each_answer_has_one_consequence(self, status: int, text: str, fault: Fault | None) -> None:
        """Busy, down, refused, another format, or a request that never succeeds."""
        assert fault_of(status, text) is fault

    @given(st.integers(300, 599), st.text(max_size=80))
    def test_every_other_status_is_a_fault(self, status: int, text: str) -> None:
        """Nothing but 2xx is a reply."""
        assert fault_of(status, text) is not None


class TestBackoff:
    """Exponential with full jitter."""

    def test_it_doubles_up_to_a_limit(self) -> None:
        """The longest waits of the first tries, and of a late one."""
        assert [backoff_s(attempt, lambda: 1.0) for attempt in (1, 2, 3, 4, 50)] == [0.5, 1.0, 2.0, 4.0, 30.0]

    def test_the_servers_wish_is_the_least(self) -> None:
        """The jitter comes on top of it."""
        assert backoff_s(1, lambda: 0.0, retry_after_s=7.0) == 7.0
        assert backoff_s(1, lambda: 1.0, retry_after_s=7.0) == 7.5

    @given(st.integers(-3, 10_000), st.floats(0, 1, exclude_max=True), st.none() | st.floats(0, 600))
    def test_it_stays_within_bounds(self, attempt: int, dice: float, wish: float | None) -> None:
        """Never less than the server asked for, never more than that and half a minute."""
        assert (wish or 0) <= backoff_s(attempt, lambda: dice, retry_after_s=wish) <= (wish or 0) + 30
