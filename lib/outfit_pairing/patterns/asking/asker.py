"""One question until it is answered: look in the journal, ask for a permit, send, keep the reply, read it, ask again.

A reply that does not hold what it should is asked for again with the reason, RE_ASKED times; then the question is
quarantined with all that came back. What is durable in the journal is never asked again, whoever asked first.
"""

import random
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Protocol

from outfit_pairing.patterns.asking.chat import ChatModel, ChatReply, Fault, Message
from outfit_pairing.patterns.asking.coordinator import Busy, CoordinatorClient, Granted, Stop, Wait
from outfit_pairing.patterns.asking.journal import Entry, RequestJournal, Sent
from outfit_pairing.patterns.asking.limits import most_prompt_tokens
from outfit_pairing.patterns.asking.retry import wait_s
from outfit_pairing.settings import LlmSettings

RE_ASKED = 2
BUSY_S = 0.2  # until another asker of the same question may have its reply
LONGEST_QUOTE = 12_000  # characters of a bad reply that are shown to the model again


@dataclass(frozen=True, slots=True)
class Question:
    """What is asked about an anchor. `invalid_allowed`: replies of no use, earlier ones included, before it is quarantined."""

    request_hash: str
    anchor_product_id: str
    system: str
    user: str
    invalid_allowed: int = 1 + RE_ASKED

    @property
    def messages(self) -> tuple[Message, ...]:
        """As first sent."""
        return Message("system", self.system), Message("user", self.user)


@dataclass(frozen=True, slots=True)
class Outcome:
    """What became of a question: ok, quarantined, failed (may be tried again later) or stopped (the run was stopped)."""

    status: str
    error: str | None
    entries: tuple[Entry, ...]


class ReplyCheck(Protocol):
    """Says what is wrong with a reply to a question."""

    def __call__(self, question: Question, reply: ChatReply) -> str | None:
        """What to mend, in words for the model; None when the reply can be used."""

    def repair(self, error: str) -> str:
        """The message that asks for a better reply."""


@dataclass(frozen=True)
class Asker:
    """Answers questions within the limits of the run. Used from several threads."""

    journal: RequestJournal
    coordinator: CoordinatorClient
    chat: ChatModel
    check: ReplyCheck
    settings: LlmSettings
    run_id: str
    sleep: Callable[[float], None] = time.sleep
    clock: Callable[[], float] = time.time

    def answer(self, question: Question) -> Outcome:
        """Ask until there is an answer, or a reason why there is none. Every request and reply is in the journal."""
        faults = 0
        while True:
            standing = self.standing(question, self.journal.of(question.request_hash))
            if standing.outcome:
                return standing.outcome
            grant = self._permit(question, standing.messages)
            if isinstance(grant, Stop):
                return Outcome("stopped", grant.reason, standing.entries)
            if isinstance(grant, Busy):
                self.sleep(BUSY_S)
                continue
            reply = self._send(question, standing, grant)
            if reply is None or reply.fault in {None, Fault.FORMAT, Fault.REFUSED}:
                continue  # read it, ask in another format, or be told to stop
            faults += 1
            if faults >= self.settings.attempts or reply.fault is Fault.BAD_REQUEST:
                return Outcome("failed", reply.error, self.journal.of(question.request_hash))
            self.sleep(wait_s(faults, reply.retry_after_s, random.random))

    def standing(self, question: Question, entries: Sequence[Entry]) -> "Standing":
        """Where a question stands by its journal entries."""
        return standing(self.check, question, tuple(entries))

    def _permit(self, question: Question, messages: Sequence[Message]) -> Granted | Busy | Stop:
        while True:
            answer = self.coordinator.acquire(question.request_hash, most_prompt_tokens(messages), self.settings.max_tokens)
            if not isinstance(answer, Wait):
                return answer
            self.sleep(answer.seconds)

    def _send(self, question: Question, before: "Standing", grant: Granted) -> ChatReply | None:
        """The reply, durable; None when there was no need to send, or the permit grew too old."""
        granted = time.monotonic()
        entries = self.journal.of(question.request_hash)
        if len(entries) != len(before.entries):  # another asker was faster
            self.coordinator.return_unused(grant.permit)
            return None
        number = max((entry.sent.attempt for entry in entries), default=0) + 1
        sent = Sent(
            request_hash=question.request_hash,
            attempt=number,
            sent_at=self.clock(),
            run_id=self.run_id,
            model=self.settings.model or "",
            most_tokens=most_prompt_tokens(before.messages) + self.settings.max_tokens,
            reply_format=grant.reply_format.value,
            repair=len(before.messages) > len(question.messages),
        )
        sent = self.journal.sent(sent)
        if time.monotonic() - granted > grant.send_within_s:
            self.coordinator.return_unused(grant.permit)
            self.journal.unsent(sent)
            return None
        reply = self.chat.send(before.messages, grant.reply_format)
        self.journal.replied(sent, reply)
        self.coordinator.settle(grant.permit, reply)
        return reply


@dataclass(frozen=True, slots=True)
class Standing:
    """Where a question stands: its outcome, or what to send next."""

    entries: tuple[Entry, ...]
    messages: tuple[Message, ...] = ()
    outcome: Outcome | None = None


def standing(check: ReplyCheck, question: Question, entries: tuple[Entry, ...]) -> Standing:
    """Where a question stands by its journal entries, in the order of attempts. Reads replies anew: better reading mends old ones."""
    errors = []
    last: ChatReply | None = None
    for entry in entries:
        if entry.reply is not None and entry.reply.text is not None:
            error = check(question, entry.reply)
            if error is None:
                return Standing(entries, outcome=Outcome("ok", None, entries))
            errors.append(error)
            last = entry.reply
    if len(errors) >= question.invalid_allowed:
        return Standing(entries, outcome=Outcome("quarantined", errors[-1], entries))
    if last is None or last.text is None:
        return Standing(entries, question.messages)
    again = (Message("assistant", last.text[:LONGEST_QUOTE]), Message("user", check.repair(errors[-1])))
    return Standing(entries, question.messages + (again if last.text.strip() else again[1:]))
