"""Answers of every server read alike; errors give nothing away."""

import json
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from outfit_pairing.patterns.asking.chat import ChatReply, Fault
from outfit_pairing.patterns.asking.completions import error_line, read_completion, read_refusal

PROMPT = "You are a stylist. The anchor is a navy blue linen shirt for men, sold as smart casual wear."
KEY = "sk-proj-abcdefghijklmnop1234"


def completion(message: Any, **more: Any) -> ChatReply:
    """What becomes of an answer that holds this message."""
    return read_completion(200, {}, json.dumps({"choices": [{"message": message, "finish_reason": "stop"}], **more}).encode())


class TestReplies:
    """Servers write replies in different ways."""

    @pytest.mark.parametrize(
        ("message", "text"),
        [
            ({"content": "{}"}, "{}"),
            ({"content": None}, ""),
            ({}, ""),
            ({"content": "", "refusal": "I cannot help with that."}, "I cannot help with that."),
            ({"content": "{}", "reasoning_content": "hm", "reasoning": "hm"}, "{}"),
            ({"content": [{"type": "reasoning", "summary": [{"text": "hm"}]}, {"type": "text", "text": "{"}, {"text": "}"}]}, "{}"),
            ({"content": [{"type": "refusal", "refusal": "No."}]}, "No."),
            ({"content": [{"type": "thinking", "text": "hm"}, "{}", 3, None]}, "{}"),
            ({"content": {"a": 1}}, ""),
            ({"content": "\ud800"}, "?"),
        ],
    )
    def test_the_text_is_found(self, message: dict[str, Any], text: str) -> None:
        """A string, a list of parts, a refusal or nothing; reasoning is left out."""
        reply = completion(message)
        assert (reply.text, reply.fault, reply.finish_reason) == (text, None, "stop")

    def test_tokens_are_what_the_server_counted(self) -> None:
        """Whatever is no count is unknown."""
        reply = completion({"content": "x"}, usage={"prompt_tokens": 12, "completion_tokens": 5})
        assert (reply.prompt_tokens, reply.completion_tokens) == (12, 5)
        for usage in (None, [], {"prompt_tokens": "12", "completion_tokens": -1}, {"prompt_tokens": True}):
            reply = completion({"content": "x"}, usage=usage)
            assert (reply.prompt_tokens, reply.completion_tokens) == (None, None)

    @pytest.mark.parametrize(
        "body", [b"", b'{"choices": [{"mess', b"\xff\xfe", b"[1]", b"null", b"{}", b'{"choices": []}', b"[" * 90_000]
    )
    def test_a_body_that_is_no_completion_may_be_billed(self, body: bytes) -> None:
        """It is tried again, and counted as if it had cost."""
        reply = read_completion(200, {}, body)
        assert (reply.text, reply.fault, reply.may_be_billed) == (None, Fault.DOWN, True)

    def test_a_web_page_is_no_model(self) -> None:
        """A wrong base URL stops the run at once."""
        reply = read_completion(200, {"content-type": "text/html; charset=utf-8"}, b"<!DOCTYPE html><html>")
        assert (reply.fault, reply.may_be_billed) == (Fault.REFUSED, False)
        assert "llm.base_url" in (reply.error or "")

    @pytest.mark.parametrize(("code", "fault"), [(429, Fault.BUSY), (401, Fault.REFUSED), ("boom", Fault.DOWN), (None, Fault.DOWN)])
    def test_an_error_in_a_200_is_an_error(self, code: Any, fault: Fault) -> None:
        """Gateways do that."""
        reply = read_completion(200, {}, json.dumps({"error": {"code": code, "message": "upstream failed"}}).encode())
        assert (reply.text, reply.fault) == (None, fault)
        assert "upstream failed" in (reply.error or "")

    @given(st.recursive(st.none() | st.booleans() | st.integers() | st.text(max_size=5), lambda inner: st.lists(inner, max_size=3)))
    def test_no_answer_raises(self, odd: Any) -> None:
        """Whatever stands where."""
        for answer in (odd, {"choices": odd}, {"choices": [odd]}, {"choices": [{"message": odd}]}, {"error": odd}):
            reply = read_completion(200, {}, json.dumps(answer).encode())
            assert (reply.text is None) != (reply.fault is None)
        assert completion({"content": odd}, usage=odd).text is not None


class TestErrorLines:
    """One line, short, and nothing that is private."""

    @pytest.mark.parametrize(
        ("body", "said"),
        [
            ('{"error": {"message": "slow\\ndown", "code": "x"}}', "HTTP 429: slow down"),
            ('{"error": "slow down"}', "HTTP 429: slow down"),
            ('{"message": "slow down"}', "HTTP 429: slow down"),
            ('{"detail": [{"msg": "slow down", "input": "private"}]}', "HTTP 429: slow down"),
            ('[{"error": {"message": "slow down"}}]', "HTTP 429: slow down"),
            ("<html><body>slow down</body></html>", "HTTP 429: slow down"),
            ("", "HTTP 429: no reason given"),
            ('{"error": {}}', "HTTP 429: no reason given"),
        ],
    )
    def test_the_message_is_found(self, body: str, said: str) -> None:
        """Every server's habit of writing an error."""
        assert read_refusal(429, {}, body).error == said

    def test_the_wish_to_wait_comes_along(self) -> None:
        """For whoever tries again."""
        assert read_refusal(429, {"Retry-After": "3"}, "").retry_after_s == 3.0

    @pytest.mark.parametrize(("status", "billed"), [(500, False), (502, False), (504, True), (524, True), (429, False)])
    def test_a_gateway_that_gave_up_may_have_cost(self, status: int, billed: bool) -> None:
        """The model behind it may have answered."""
        assert read_refusal(status, {}, "").may_be_billed is billed

    @pytest.mark.parametrize(
        "text",
        [
            f"bad request: {PROMPT}",
            f"Incorrect API key provided: {KEY}.",
            "Incorrect API key provided: sk-proj-abcd****************1234.",
            "Illegal header value b'Bearer sk-proj-abcdefghijklmnop1234'",
            json.dumps({"input": f"{PROMPT}\n{PROMPT}"}),
            "cannot parse 'the anchor is a Navy blue linen shirt for men', sorry",
        ],
    )
    def test_neither_key_nor_prompt_are_repeated(self, text: str) -> None:
        """Servers like to quote what they were sent."""
        line = error_line(text, [PROMPT, KEY])
        assert "…" in line
        for private in ("linen", "navy", "abcd", "1234", "ijkl"):
            assert private not in line.lower()

    def test_other_words_stay(self) -> None:
        """An error has to say what is wrong."""
        text = "HTTP 400: response_format json_schema is not supported"
        assert error_line(text, [PROMPT, KEY, ""]) == text

    @given(st.text(max_size=600), st.text(max_size=60))
    def test_it_is_one_short_line(self, text: str, private: str) -> None:
        """A table row takes it."""
        line = error_line(text, [private])
        assert len(line) <= 300
        assert line == " ".join(line.split())
