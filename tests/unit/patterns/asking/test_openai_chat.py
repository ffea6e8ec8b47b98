"""One request to a real server on loopback, whatever the server does to it."""

import logging
import pickle
import socket
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack
from typing import Any

import pytest

from outfit_pairing.errors import SettingsError
from outfit_pairing.patterns.asking.chat import ChatReply, Fault, Message, ReplyFormat
from outfit_pairing.patterns.asking.openai_chat import OpenAIChat, open_chat
from outfit_pairing.patterns.asking.reach import reach
from outfit_pairing.settings import LlmSettings
from tests.model_behaviour import Behaviour
from tests.model_server import ModelServer

pytest.importorskip("openai")

SCHEMA = {"type": "object"}
PROMPT = "A question about a navy blue linen shirt."
KEY = "a-key-that-nobody-may-see"
Opener = Callable[..., tuple[ModelServer, OpenAIChat]]


@pytest.fixture
def opened() -> Iterator[Opener]:
    """A server that behaves as told, and a chat with it."""
    with ExitStack() as stack:

        def open_one(behaviour: Behaviour | None = None, key: str | None = None, **settings: Any) -> tuple[ModelServer, OpenAIChat]:
            server = stack.enter_context(ModelServer(behaviour))
            return server, open_chat(LlmSettings(base_url=server.base_url, model="stylist", **settings), key, SCHEMA)

        yield open_one


def ask(chat: OpenAIChat, reply_format: ReplyFormat = ReplyFormat.JSON_SCHEMA) -> ChatReply:
    """One request."""
    return chat.send([Message("system", "You are a stylist."), Message("user", PROMPT)], reply_format)


class TestReplies:
    """What comes back when all is well."""

    def test_a_reply_has_text_tokens_and_time(self, opened: Opener) -> None:
        """Tokens are what the server counted."""
        server, chat = opened()
        reply = ask(chat)
        assert reply.text
        assert reply.text.startswith('{"patterns"')
        assert (reply.fault, reply.finish_reason, reply.http_status) == (None, "stop", 200)
        assert (reply.prompt_tokens, reply.completion_tokens) == (server.counts.prompt_tokens, server.counts.completion_tokens)
        assert reply.seconds > 0

    def test_parts_are_joined_without_the_reasoning(self, opened: Opener) -> None:
        """As gpt-oss answers behind Databricks."""
        _, chat = opened(Behaviour(parts=True))
        assert (ask(chat).text or "").startswith('{"patterns": [{')

    def test_a_reply_at_the_token_limit_says_so(self, opened: Opener) -> None:
        """`llm.max_tokens` reaches the server."""
        server, chat = opened(max_tokens=64)
        reply = ask(chat)
        assert (reply.finish_reason, reply.completion_tokens) == ("length", 64)
        assert server.counts.good.total() == 0

    def test_many_threads_share_a_chat(self, opened: Opener) -> None:
        """They are in flight together and each gets its own reply."""
        server, chat = opened(Behaviour(latency_s=0.2))
        with ThreadPoolExecutor(16) as threads:
            replies = list(threads.map(lambda number: chat.send([Message("user", f"q{number}")], ReplyFormat.PROMPT), range(16)))
        assert all(reply.text for reply in replies)
        assert server.counts.in_flight_max > 8
        assert server.counts.calls == 16


class TestRequests:
    """What is sent."""

    @pytest.mark.parametrize("reply_format", list(ReplyFormat))
    def test_each_format_is_asked_for_in_its_own_way(self, reply_format: ReplyFormat, opened: Opener) -> None:
        """A server that takes only this one is content."""
        others = tuple(one.value for one in ReplyFormat if one is not reply_format)
        _, chat = opened(Behaviour(refuses=others))
        assert ask(chat, reply_format).text

    @pytest.mark.parametrize("status", [400, 500])
    def test_a_format_that_is_not_taken_is_told_apart(self, status: int, opened: Opener) -> None:
        """Whatever status the server has for it."""
        _, chat = opened(Behaviour(refuses=("json_schema",), refuse_status=status))
        assert ask(chat).fault is Fault.FORMAT
        assert ask(chat, ReplyFormat.JSON_OBJECT).text

    def test_the_schema_stands_in_the_prompt_where_no_format_is_taken(self, opened: Opener) -> None:
        """After what the user says; earlier messages stay as they are."""
        server, chat = opened()
        before = ask(chat).prompt_tokens or 0
        assert (ask(chat, ReplyFormat.PROMPT).prompt_tokens or 0) > before
        assert len(server.counts.asked) == 1  # the server knows it for the same question

    def test_a_schema_can_be_changed(self, opened: Opener) -> None:
        """Vocabularies differ from anchor to anchor."""
        _, chat = opened()
        wide = chat.with_schema({"type": "object", "description": "x" * 400})
        assert (ask(wide, ReplyFormat.PROMPT).prompt_tokens or 0) >= (ask(chat, ReplyFormat.PROMPT).prompt_tokens or 0) + 100

    def test_parameters_that_a_model_does_not_take_are_left_out(self, opened: Opener) -> None:
        """Found out once, one request at a time, remembered for all chats with the server."""
        behaviour = Behaviour(wants_max_completion_tokens=True, wants_default_temperature=True)
        server, chat = opened(behaviour)
        first, second, third = ask(chat), ask(chat), ask(chat)
        assert [first.fault, second.fault, third.fault] == [Fault.BUSY, Fault.BUSY, None]
        assert first.retry_after_s == second.retry_after_s == 0.0
        assert ask(chat.with_schema({})).text
        assert server.counts.by_status == {"400": 2, "200": 2}

    def test_a_key_is_sent_where_there_is_one(self, opened: Opener) -> None:
        """And no request is worth repeating without it."""
        server, chat = opened(Behaviour(key=KEY), key=f"{KEY}\n")
        assert ask(chat).text
        without = open_chat(LlmSettings(base_url=server.base_url, model="stylist"), None, SCHEMA)
        assert ask(without).fault is Fault.REFUSED


class TestFaults:
    """What comes back when something goes wrong."""

    @pytest.mark.parametrize(
        ("behaviour", "fault", "billed"),
        [
            (Behaviour(busy=1, retry_after_s=2), Fault.BUSY, False),
            (Behaviour(down=1), Fault.DOWN, False),
            (Behaviour(reset=1), Fault.DOWN, True),
            (Behaviour(cut=1), Fault.DOWN, True),
            (Behaviour(hang=1), Fault.DOWN, True),
            (Behaviour(trickle=1), Fault.DOWN, True),
            (Behaviour(no_model=True), Fault.REFUSED, False),
            (Behaviour(key="another"), Fault.REFUSED, False),
        ],
        ids=lambda value: getattr(value, "value", None),
    )
    def test_each_fault_is_named(self, behaviour: Behaviour, fault: Fault, billed: bool, opened: Opener) -> None:
        """What may have been counted by the server is told from what was not; nothing is tried twice here."""
        server, chat = opened(behaviour, key=KEY, timeout_s=0.4)
        reply = ask(chat)
        assert (reply.text, reply.fault, reply.may_be_billed) == (None, fault, billed)
        assert reply.error
        assert server.counts.calls == 1

    @pytest.mark.parametrize("form", ["seconds", "date", "ms"])
    def test_the_wish_to_wait_is_read(self, form: str, opened: Opener) -> None:
        """In each of its forms."""
        _, chat = opened(Behaviour(busy=1, retry_after_s=30, retry_after_forms=(form,)))
        assert 25 < (ask(chat).retry_after_s or 0) <= 31

    @pytest.mark.parametrize("kind", ["hang", "trickle"])
    def test_the_limit_is_for_the_whole_request(self, kind: str, opened: Opener) -> None:
        """A server that sends a few bytes now and then is given up as well."""
        _, chat = opened(Behaviour(hang_s=60, **{kind: 1.0}), timeout_s=0.4)
        reply = ask(chat)
        assert "0.4 s" in (reply.error or "")
        assert reply.seconds < 30

    def test_a_server_that_is_not_there_costs_nothing(self) -> None:
        """No request left."""
        port = _free_port()
        reply = ask(open_chat(LlmSettings(base_url=f"http://127.0.0.1:{port}/v1", model="m"), None, SCHEMA))
        assert (reply.fault, reply.may_be_billed, reply.http_status) == (Fault.DOWN, False, None)

    def test_a_wrong_path_is_refused(self, opened: Opener) -> None:
        """A base URL without /v1."""
        server, _ = opened()
        chat = open_chat(LlmSettings(base_url=server.base_url.removesuffix("/v1"), model="m"), None, SCHEMA)
        assert ask(chat).fault is Fault.REFUSED


class TestSecrets:
    """The key stays where it is."""

    def test_nothing_written_holds_key_or_prompt(self, opened: Opener, caplog: pytest.LogCaptureFixture) -> None:
        """Logs at the default level, representations, error lines."""
        caplog.set_level(logging.INFO)
        for behaviour in (Behaviour(), Behaviour(key="another"), Behaviour(down=1), Behaviour(reset=1), Behaviour(hang=1)):
            _, chat = opened(behaviour, key=KEY, timeout_s=0.4)
            reply = ask(chat)
            written = caplog.text + repr(chat) + repr(vars(chat)) + (reply.error or "")
            assert KEY not in written
            assert "linen" not in written

    def test_a_chat_does_not_travel(self, opened: Opener) -> None:
        """It can enter no plan."""
        _, chat = opened(key=KEY)
        with pytest.raises(TypeError, match="holds a key"):
            pickle.dumps(chat)


class TestSettings:
    """What cannot work is said in one line before anything is sent."""

    def test_a_model_must_be_named(self) -> None:
        """None ships."""
        with pytest.raises(SettingsError, match=r"llm\.model"):
            open_chat(LlmSettings(base_url="http://127.0.0.1:1/v1"), None, SCHEMA)

    @pytest.mark.parametrize("key", ["töken", "two\nlines"])
    def test_a_key_that_no_header_can_hold_is_named_by_its_variable(self, key: str) -> None:
        """Without being shown."""
        with pytest.raises(SettingsError, match="OPENAI_API_KEY") as caught:
            open_chat(LlmSettings(base_url="http://127.0.0.1:1/v1", model="m"), key, SCHEMA)
        assert key not in str(caught.value)

    @pytest.mark.parametrize("base_url", ["http://", "http://[::1/v1", "http://host:99999/v1"])
    def test_a_url_that_is_none_is_a_settings_error(self, base_url: str) -> None:
        """Before any request."""
        with pytest.raises(SettingsError, match=r"llm\.base_url"):
            open_chat(LlmSettings(base_url=base_url, model="m"), None, SCHEMA)


class TestReach:
    """Whether anything listens is known before Spark starts."""

    def test_a_server_that_listens_is_reached(self, opened: Opener) -> None:
        """Without a request."""
        server, _ = opened()
        assert reach(server.base_url, 2) is None
        assert server.counts.calls == 0

    @pytest.mark.parametrize("base_url", ["http://", "http://127.0.0.1:99999/v1", "http://[::1", "http://no-such-host.invalid/v1"])
    def test_what_cannot_be_reached_is_said(self, base_url: str) -> None:
        """In one line, without raising."""
        assert "\n" not in (reach(base_url, 2) or "\n")

    def test_a_closed_port_is_named(self) -> None:
        """Host, port and reason."""
        port = _free_port()
        assert f"127.0.0.1:{port}" in (reach(f"http://127.0.0.1:{port}/v1", 2) or "")

    def test_a_proxy_is_the_way_where_there_is_one(self, opened: Opener, monkeypatch: pytest.MonkeyPatch) -> None:
        """Behind a company's proxy the server itself cannot be reached."""
        server, _ = opened()
        monkeypatch.setenv("http_proxy", f"http://127.0.0.1:{server.port}")
        monkeypatch.setenv("no_proxy", "")
        assert reach("http://no-such-host.invalid/v1", 2) is None


def _free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])
