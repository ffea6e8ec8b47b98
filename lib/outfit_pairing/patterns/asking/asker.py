"""One question until it is answered: look in the journal, ask for a permit, send, keep the reply, read it, ask again.

A reply that does not hold what it should is asked for again with the reason, RE_ASKED times; then the question is
quarantined with all that came back. What is durable in the journal is never asked again, whoever asked first.
"""

import random
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from typing import Protocol

from outfit_pairing.errors import InputError
from outfit_pairing.patterns.asking.budget import TokenBound
from outfit_pairing.patterns.asking.chat import ChatModel, ChatReply, Fault, Message, ReplyFormat
from outfit_pairing.patterns.asking.entries import Entry, Sent
from outfit_pairing.patterns.asking.journal import RequestJournal
from outfit_pairing.patterns.asking.permits import Answer, Busy, Granted, Stop, Wait
from outfit_pairing.patterns.asking.retry import backoff_s
from outfit_pairing.settings import LlmSettings

RE_ASKED = 2
LONGEST_QUOTE = 12_000  # characters of a bad reply that the model is shown again


@dataclass(frozen=True, slots=True)
class Question:
    """What is asked about an anchor; `anchor` and `schema` are JSON.

    invalid_allowed: replies that cannot be used, earlier ones included, before the question is quarantined.
    """

    request_hash: str
    anchor: str
    system: str
    user: str
    schema: str
    invalid_allowed: int = 1 + RE_ASKED

    @property
    def messages(self) -> tuple[Message, ...]:
        """As first sent."""
        return Message("system", self.system), Message("user", self.user)


@dataclass(frozen=True, slots=True)
class Outcome:
    """What became of a question: ok, quarantined, failed (worth another try later) or stopped (with the run)."""

    status: str
    error: str | None


@dataclass(frozen=True, slots=True)
class Standing:
    """Where a question stands: its outcome, or what to send next."""

    entries: tuple[Entry, ...]
    messages: tuple[Message, ...] = ()
    outcome: Outcome | None = None

    def next_sent(
        self, question: Question, settings: LlmSettings, *, most_prompt: int, reply_format: ReplyFormat, run_id: str, at: float
    ) -> Sent:
        """The question's next request, as the journal keeps it."""
        return Sent(
            request_hash=question.request_hash,
            attempt=max((entry.sent.attempt for entry in self.entries), default=0) + 1,
            sent_at=at,
            run_id=run_id,
            model=settings.model or "",
            most_prompt_tokens=most_prompt,
            most_completion_tokens=settings.max_tokens,
            reply_format=reply_format.value,
            repair=len(self.messages) > len(question.messages),
        )


class ReplyCheck(Protocol):
    """Knows what a reply has to hold."""

    def fault(self, question: Question, reply: ChatReply) -> str | None:
        """What to mend, in words for the model; None when the reply can be used."""

    def repair(self, error: str) -> str:
        """The message that asks for a better reply."""


class Coordination(Protocol):
    """What an asker needs of the coordinator; see there for the protocol."""

    def acquire(self, request_hash: str, most_prompt_tokens: int, most_completion_tokens: int) -> Answer:
        """A permit, or what to do instead."""

    def settle(self, permit: int, outcome: ChatReply) -> None:
        """What became of a granted request."""

    def return_unused(self, permit: int) -> None:
        """The request was not sent."""

    def release(self, request_hash: str) -> None:
        """Done with the request."""

    def stop(self, reason: str) -> None:
        """Let no request of the run go out any more."""


@dataclass(frozen=True)
class Asker:
    """Answers questions within the limits of the run. Used from several threads. `open_chat`: a chat for a schema."""

    journal: RequestJournal
    coordinator: Coordination
    open_chat: Callable[[str], ChatModel]
    check: ReplyCheck
    settings: LlmSettings
    run_id: str
    sleep: Callable[[float], None] = time.sleep
    clock: Callable[[], float] = time.monotonic
    now: Callable[[], float] = time.time
    bound: TokenBound = field(default_factory=TokenBound)

    def answer(self, question: Question) -> Outcome:
        """Ask until there is an answer, or a reason why there is none. Every request and reply is in the journal.

        A journal that fails stops the run: what cannot be kept is not to be paid for.
        """
        try:
            before = standing(self.check, question, self.journal.of(question.request_hash))
            return before.outcome or self._answer(question, before)
        except InputError as fault:
            self.coordinator.stop(fault.what)
            return Outcome("stopped", fault.what)
        finally:
            self.coordinator.release(question.request_hash)

    def _answer(self, question: Question, before: Standing) -> Outcome:
        tries = _Tries(self.settings.attempts)
        chat = self.open_chat(question.schema)  # may load for seconds, which a permit does not wait
        while before.outcome is None:
            started = self.clock()
            answer = self.coordinator.acquire(question.request_hash, *self._most(question, before))
            match answer:
                case Stop():
                    return Outcome("stopped", answer.reason)
                case Wait():
                    self.sleep(answer.seconds)
                case Busy():  # somebody else asked meanwhile, and may have kept the reply
                    self.sleep(answer.seconds)
                    before = standing(self.check, question, self.journal.of(question.request_hash))
                case Granted():
                    entry = self._send(chat, question, before, answer, started)
                    if entry is None or entry.reply is None:
                        continue
                    pause_s = tries.pause_s(entry.reply, answer.reply_format)
                    if pause_s is None:
                        return Outcome("failed", entry.reply.error)
                    self.sleep(pause_s)
                    before = standing(self.check, question, (*before.entries, entry))
        return before.outcome

    def _most(self, question: Question, before: Standing) -> tuple[int, int]:
        """Prompt and completion tokens that the next request may take."""
        return self.bound.most(before.messages, question.schema), self.settings.max_tokens

    def _send(self, chat: ChatModel, question: Question, before: Standing, grant: Granted, started: float) -> Entry | None:
        """The reply, durable; None when the permit grew too old to be used. `started`: when it was asked for."""
        sent = self.journal.sent(
            before.next_sent(
                question,
                self.settings,
                most_prompt=self._most(question, before)[0],
                reply_format=grant.reply_format,
                run_id=self.run_id,
                at=self.now(),
            )
        )
        if self.clock() - started > grant.send_within_s:
            self.journal.not_sent(sent)
            self.coordinator.return_unused(grant.permit)
            return None
        reply = chat.send(before.messages, grant.reply_format)
        entry = self.journal.replied(sent, reply)
        self.coordinator.settle(grant.permit, reply)
        if reply.prompt_tokens:
            self.bound.learn(before.messages, reply.prompt_tokens, question.schema)
        return entry


class _Tries:
    """What one question has met with so far."""

    def __init__(self, most: int) -> None:
        self._most, self._faults = most, 0
        self._refused = set[ReplyFormat]()

    def pause_s(self, reply: ChatReply, asked: ReplyFormat) -> float | None:
        """How long to wait before the next request; None when there is to be none."""
        match reply.fault:
            case Fault.BAD_REQUEST:
                return None
            case Fault.FORMAT:
                again = asked in self._refused
                self._refused.add(asked)
                return None if again else 0.0
            case Fault.BUSY | Fault.DOWN:
                self._faults += 1
                wait_s = backoff_s(self._faults, random.random, retry_after_s=reply.retry_after_s)
                return wait_s if self._faults < self._most else None
            case Fault.REFUSED | None:
                return 0.0


def standing(check: ReplyCheck, question: Question, entries: Sequence[Entry]) -> Standing:
    """Where a question stands by its journal entries. Replies are read anew: what reads better now mends old ones."""
    known, errors = tuple(entries), []
    last: ChatReply | None = None
    for reply in (entry.reply for entry in known):
        if reply is not None and reply.text is not None:
            error = check.fault(question, reply)
            if error is None:
                return Standing(known, outcome=Outcome("ok", None))
            errors.append(error)
            last = reply
    if len(errors) >= question.invalid_allowed:
        return Standing(known, outcome=Outcome("quarantined", errors[-1]))
    if last is None or last.text is None:
        return Standing(known, question.messages)
    quote = (Message("assistant", last.text[:LONGEST_QUOTE]),) if last.text.strip() else ()
    return Standing(known, (*question.messages, *quote, Message("user", check.repair(errors[-1]))))
