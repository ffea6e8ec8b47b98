"""A question is asked until it is answered, within limits, and what is paid for is never asked again."""

import threading
from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from pathlib import Path

import pytest

from outfit_pairing.patterns.asking.asker import RE_ASKED, Asker, Question
from outfit_pairing.patterns.asking.chat import ChatReply, Fault, Message, ReplyFormat
from outfit_pairing.patterns.asking.coordinator import Coordinator
from outfit_pairing.patterns.asking.journal import RequestJournal
from outfit_pairing.patterns.asking.permits import Answer
from outfit_pairing.settings import LlmSettings

GOOD = ChatReply(text="good", prompt_tokens=10, completion_tokens=5)
BAD = ChatReply(text="bad", prompt_tokens=10, completion_tokens=5)
BUSY = ChatReply(fault=Fault.BUSY, error="HTTP 429", http_status=429)
SETTINGS = LlmSettings(model="m", max_tokens=64)


class OnlyGood:
    """Takes the reply `good`."""

    def fault(self, question: Question, reply: ChatReply) -> str | None:
        return None if reply.text == "good" else f"it says {reply.text}"

    def repair(self, error: str) -> str:
        return f"again, since {error}"


class Here:
    """The coordinator, without a way to it; threads are told apart as connections are."""

    def __init__(self, coordinator: Coordinator) -> None:
        self.coordinator = coordinator

    def acquire(self, request_hash: str, most_prompt_tokens: int, most_completion_tokens: int) -> Answer:
        return self.coordinator.acquire(request_hash, most_prompt_tokens, most_completion_tokens, str(threading.get_ident()))

    def settle(self, permit: int, outcome: ChatReply) -> None:
        self.coordinator.settle(permit, outcome)

    def return_unused(self, permit: int) -> None:
        self.coordinator.return_unused(permit)

    def release(self, request_hash: str) -> None:
        self.coordinator.release(request_hash, str(threading.get_ident()))

    def stop(self, reason: str) -> None:
        self.coordinator.stop(reason)


@dataclass
class Script:
    """A chat that gives these replies in turn, the last one for ever."""

    replies: Sequence[ChatReply]
    heard: list[tuple[tuple[Message, ...], ReplyFormat]] = field(default_factory=list)

    def send(self, messages: Sequence[Message], reply_format: ReplyFormat) -> ChatReply:
        self.heard.append((tuple(messages), reply_format))
        return self.replies[min(len(self.heard), len(self.replies)) - 1]


def question(name: str = "q1") -> Question:
    return Question(name * 4, "{}", "system", f"about {name}", "{}")


def asker(folder: Path, chat: Script, settings: LlmSettings = SETTINGS, remembered: ReplyFormat | None = None) -> Asker:
    coordinator = Here(Coordinator(settings, remembered=remembered))
    return Asker(RequestJournal(str(folder)), coordinator, lambda _: chat, OnlyGood(), settings, "run", sleep=lambda _: None)


def test_a_good_reply_is_kept_and_never_asked_for_again(tmp_path: Path) -> None:
    """Another asker, another run: the journal answers."""
    chat = Script([GOOD])
    assert asker(tmp_path, chat).answer(question()).status == "ok"
    assert asker(tmp_path, chat).answer(question()).status == "ok"
    assert len(chat.heard) == 1
    (entry,) = RequestJournal(str(tmp_path)).of(question().request_hash)
    assert entry.reply == GOOD


def test_a_useless_reply_is_asked_for_again_with_the_reason(tmp_path: Path) -> None:
    """The model sees its own reply and what is wrong with it; the question itself stays the same."""
    chat = Script([BAD, GOOD])
    assert asker(tmp_path, chat).answer(question()).status == "ok"
    (first, _), (second, _) = chat.heard
    assert second[: len(first)] == first
    assert second[len(first) :] == (Message("assistant", "bad"), Message("user", "again, since it says bad"))
    assert [entry.sent.repair for entry in RequestJournal(str(tmp_path)).of(question().request_hash)] == [False, True]


def test_useless_replies_end_in_quarantine_and_cost_no_more(tmp_path: Path) -> None:
    """At most two re-asks; a later run asks nothing, unless more tries are allowed."""
    chat = Script([BAD])
    ended = asker(tmp_path, chat).answer(question())
    assert (ended.status, ended.error) == ("quarantined", "it says bad")
    assert len(chat.heard) == 1 + RE_ASKED
    assert asker(tmp_path, chat).answer(question()).status == "quarantined"
    assert len(chat.heard) == 1 + RE_ASKED
    more = Question(*(getattr(question(), name) for name in ("request_hash", "anchor", "system", "user", "schema")), 6)
    asker(tmp_path, Script([GOOD])).answer(more)
    assert asker(tmp_path, chat).answer(more).status == "ok"


def test_a_busy_server_is_asked_again_but_not_for_ever(tmp_path: Path) -> None:
    """`llm.attempts` tries; then the question failed, and a later run may ask again."""
    assert asker(tmp_path, Script([BUSY, BUSY, GOOD])).answer(question()).status == "ok"
    settings = SETTINGS.model_copy(update={"attempts": 3})
    chat = Script([BUSY])
    ended = asker(tmp_path, chat, settings).answer(question("q2"))
    assert (ended.status, ended.error, len(chat.heard)) == ("failed", "HTTP 429", 3)
    assert asker(tmp_path, Script([GOOD])).answer(question("q2")).status == "ok"


def test_a_request_that_can_never_succeed_is_sent_once(tmp_path: Path) -> None:
    """A bad request is no reason to wait."""
    chat = Script([ChatReply(fault=Fault.BAD_REQUEST, error="HTTP 400")])
    assert asker(tmp_path, chat).answer(question()).status == "failed"
    assert len(chat.heard) == 1


def test_a_refusal_stops_every_question(tmp_path: Path) -> None:
    """A wrong key is asked with once."""
    chat = Script([ChatReply(fault=Fault.REFUSED, error="HTTP 401")])
    one = asker(tmp_path, chat)
    assert [one.answer(question(name)).status for name in ("q1", "q2", "q3")] == ["stopped"] * 3
    assert len(chat.heard) == 1


def test_formats_are_tried_until_the_server_takes_one(tmp_path: Path) -> None:
    """Found out once, and then remembered for all questions."""
    no = ChatReply(fault=Fault.FORMAT, error="no json_schema")
    chat = Script([no, no, GOOD])
    one = asker(tmp_path, chat)
    assert one.answer(question("q1")).status == one.answer(question("q2")).status == "ok"
    assert [form for _, form in chat.heard] == [*ReplyFormat, ReplyFormat.PROMPT]


def test_a_server_that_refuses_what_it_took_before_fails_one_question_only(tmp_path: Path) -> None:
    """The format is proven; the request is at fault."""
    no = ChatReply(fault=Fault.FORMAT, error="schema too large")
    chat = Script([GOOD, no, no, GOOD])
    one = asker(tmp_path, chat, remembered=ReplyFormat.JSON_SCHEMA)
    assert [one.answer(question(name)).status for name in ("q1", "q2", "q3")] == ["ok", "failed", "ok"]


def test_what_takes_time_to_load_is_loaded_before_a_permit_is_taken(tmp_path: Path) -> None:
    """A permit holds for seconds; importing a client on a busy machine may take longer, and would send too late."""
    coordinator = Coordinator(SETTINGS)
    granted: list[int] = []

    def open_chat(_: str) -> Script:
        granted.append(coordinator.figures().granted)
        return Script([GOOD])

    one = Asker(RequestJournal(str(tmp_path)), Here(coordinator), open_chat, OnlyGood(), SETTINGS, "run")
    assert one.answer(question()).status == one.answer(question()).status == "ok"
    assert granted == [0]


@pytest.mark.parametrize("threads", [1, 8])
def test_many_askers_of_one_question_pay_for_it_once(tmp_path: Path, threads: int) -> None:
    """A retried or speculative task waits for the reply that is on its way."""
    chat = Script([GOOD])
    one = asker(tmp_path, chat)
    with ThreadPoolExecutor(threads) as pool:
        ended = list(pool.map(lambda _: one.answer(question()).status, range(8)))
    assert (ended, len(chat.heard)) == (["ok"] * 8, 1)


def test_a_journal_that_fails_stops_the_run_before_it_pays(tmp_path: Path) -> None:
    """What cannot be kept is not asked for."""
    (tmp_path / "file").write_text("no folder")
    chat = Script([GOOD])
    ended = asker(tmp_path / "file", chat).answer(question())
    assert ended.status == "stopped"
    assert "journal" in (ended.error or "")
    assert chat.heard == []
