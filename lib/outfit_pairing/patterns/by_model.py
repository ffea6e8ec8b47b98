"""Patterns by a language model: what the journal knows is not asked again, the rest goes out within rates and budget."""

import logging
from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

from outfit_pairing.credentials import without_credentials
from outfit_pairing.errors import (
    BudgetSpent,
    ModelDown,
    ModelRefused,
    NoPatterns,
    OutfitPairingError,
    SettingsError,
    WarehouseError,
)
from outfit_pairing.patterns import by_query, by_workers
from outfit_pairing.patterns.asking.asker import Question, standing
from outfit_pairing.patterns.asking.chat import ReplyFormat
from outfit_pairing.patterns.asking.coordinator import Coordinator
from outfit_pairing.patterns.asking.entries import Entry
from outfit_pairing.patterns.asking.journal import RequestJournal
from outfit_pairing.patterns.asking.keys import key_from
from outfit_pairing.patterns.asking.openai_chat import OPENAI
from outfit_pairing.patterns.asking.permits import Stop
from outfit_pairing.patterns.asking.reach import reach
from outfit_pairing.patterns.ledger import attempts_of, run_figures
from outfit_pairing.patterns.prompt import PROMPT_VERSION
from outfit_pairing.patterns.provider import Answer, Answers
from outfit_pairing.patterns.questions import distinct, question_of
from outfit_pairing.patterns.reading import Reading
from outfit_pairing.patterns.reply_check import PatternsCheck
from outfit_pairing.patterns.style_guide import NOTHING, StyleGuideProvider
from outfit_pairing.settings import Settings
from outfit_pairing.style import StyleGuide
from outfit_pairing.style.product import Product
from outfit_pairing.style.templates import Vocabulary

if TYPE_CHECKING:
    from pyspark.sql import SparkSession

logger = logging.getLogger(__name__)

LONGEST_REACH_S = 10.0
ASK = {"openai": by_workers.ask, "ai_query": by_query.ask}
Journal = Mapping[str, tuple[Entry, ...]]


@dataclass(frozen=True)
class ModelProvider:
    """Asks a model. `name`: openai or ai_query, which differ only in how a question gets to the model."""

    spark: "SparkSession"
    settings: Settings
    guide: StyleGuide
    vocabulary: Vocabulary
    prompt_version: str = PROMPT_VERSION

    @property
    def name(self) -> str:
        """As `patterns.provider` names it."""
        return self.settings.patterns.provider

    @property
    def model(self) -> str:
        """As `llm.model` names it."""
        return self.settings.llm.model or ""

    def check(self, count: int) -> PatternsCheck:
        """What replies have to hold."""
        return PatternsCheck(self.vocabulary, self.settings.embedding, count, self.settings.patterns.min_score)

    def questions(self, anchors: Sequence[Product], count: int) -> list[Question | None]:
        """What to ask about each anchor; None where nothing goes with it."""
        return [question_of(anchor, self.guide, self.vocabulary, count, self.settings.llm) for anchor in anchors]

    def answer(self, anchors: Sequence[Product], count: int) -> Answers:
        """Patterns for each anchor, as far as the model, rates and budget allow.

        Raises: WarehouseError: the journal cannot be used.   SettingsError: no key, no server at llm.base_url.
        """
        check, journal = self.check(count), open_journal(self.settings)
        asked = self.questions(anchors, count)
        questions = distinct(asked)
        before = journal.all_of([question.request_hash for question in questions])
        if self.settings.patterns.retry_quarantined:
            questions = [_once_more(question, before, check) for question in questions]
        open_ = [one for one in questions if not _outcome(one, before, check)]
        logger.info("%s questions have their answer in the journal, %s are open", len(questions) - len(open_), len(open_))
        stop = self._ask(open_, before, journal, check)
        after = journal.all_of([question.request_hash for question in questions])
        by_hash = {question.request_hash: question for question in questions}
        answers = [
            self._answer(anchor, by_hash[one.request_hash] if one else None, after, check, stop)
            for anchor, one in zip(anchors, asked, strict=True)
        ]
        error = self._error(stop, answers)
        figures = run_figures(after, self.settings.run_id, self.settings.llm) | _yield(answers)
        if error is None:
            answers = self._with_stand_ins(answers, count)
            figures["anchors_by_style_guide"] = sum(answer.writer is not None for answer in answers)
        figures["prompt_version"] = PROMPT_VERSION
        figures |= {"journal_files_ignored": len(journal.broken)} if journal.broken else {}
        return Answers(tuple(answers), figures, error)

    def _ask(self, open_: Sequence[Question], before: Journal, journal: RequestJournal, check: PatternsCheck) -> Stop | None:
        """Ask what is open. Returns what stopped it before the end."""
        if not open_:
            return None
        llm = self.settings.llm
        address = llm.base_url or OPENAI
        if self.name == "openai" and (reason := reach(address, min(llm.timeout_s, LONGEST_REACH_S))):
            raise SettingsError(
                f"llm.base_url {without_credentials(address)} cannot be reached ({reason}); correct it, or start the server"
            )
        server = f"{llm.base_url} {llm.model}"
        known = ReplyFormat.PROMPT if self.name == "ai_query" else journal.format_of(server)
        earlier = [entry for entries in before.values() for entry in entries]
        coordinator = Coordinator(llm, earlier, known)
        ASK[self.name](open_, by_workers.Means(self.spark, coordinator, journal, check, llm, self.settings.run_id))
        confirmed = coordinator.confirmed_format()
        if confirmed is not None and confirmed is not known:
            journal.remember_format(server, confirmed)
        return coordinator.figures().stop

    def _answer(
        self, anchor: Product, question: Question | None, journal: Journal, check: PatternsCheck, stop: Stop | None
    ) -> Answer:
        if question is None:
            return Answer(anchor, f"none-{anchor.product_id}", "failed", NOTHING, (), ())
        entries = journal.get(question.request_hash, ())
        attempts = attempts_of(question, entries, check, self.settings.llm)
        reading = _best(question, entries, check)
        if reading is not None:
            return Answer(
                anchor, question.request_hash, "ok", None, attempts, reading.patterns[: self.settings.patterns.per_anchor]
            )
        last = attempts[-1] if attempts else None
        status = "quarantined" if last and last.status == "quarantined" else "stopped" if stop else "failed"
        error = last.error if last else stop.reason if stop else "it was not asked about"
        return Answer(anchor, question.request_hash, status, error, attempts, ())

    def _with_stand_ins(self, answers: Sequence[Answer], count: int) -> list[Answer]:
        """Answers in which the style guide stands in where the model gave nothing that can be used."""
        without = [answer.anchor for answer in answers if not answer.patterns]
        style_guide = StyleGuideProvider(self.guide, self.vocabulary)
        stands_in = {one.anchor.product_id: one for one in style_guide.answer(without, count).answers if one.patterns}
        return [
            replace(answer, patterns=stands_in[answer.anchor.product_id].patterns, writer=style_guide)
            if answer.anchor.product_id in stands_in
            else answer
            for answer in answers
        ]

    def _error(self, stop: Stop | None, answers: Sequence[Answer]) -> OutfitPairingError | None:
        """What to tell when the run cannot go on."""
        llm = self.settings.llm
        asks_by_query = self.name == "ai_query"
        server = "ai_query" if asks_by_query else without_credentials(llm.base_url or "the model's server")
        missing = sum(not answer.patterns for answer in answers)
        if stop is None:
            return None if missing < len(answers) or not answers else NoPatterns(len(answers), self.model, _usual(answers))
        match stop.kind:
            case "refused":
                cure = f"correct llm.base_url, llm.model or the key in {key_from(llm)}"
                return ModelRefused(server, self.model, stop.reason, by_query.ENDPOINT_CURE if asks_by_query else cure)
            case "down":
                return ModelDown(server, stop.reason, missing, len(answers))
            case "budget":
                return BudgetSpent(stop.reason, missing, len(answers))
            case "window":
                return SettingsError(stop.reason)
            case "stopped":
                return WarehouseError(stop.reason)


def open_journal(settings: Settings) -> RequestJournal:
    """The journal of `llm.journal`, by default beside the tables."""
    return RequestJournal(settings.llm.journal or f"{settings.storage.warehouse.rstrip('/')}/journal")


def _outcome(question: Question, journal: Journal, check: PatternsCheck) -> bool:
    return standing(check, question, journal.get(question.request_hash, ())).outcome is not None


def _once_more(question: Question, journal: Journal, check: PatternsCheck) -> Question:
    """The question, allowed as many useless replies again when it is quarantined."""
    entries = journal.get(question.request_hash, ())
    at = standing(check, question, entries)
    if at.outcome is None or at.outcome.status != "quarantined":
        return question
    had = sum(entry.reply is not None and entry.reply.text is not None for entry in entries)
    return replace(question, invalid_allowed=had + question.invalid_allowed)


def _best(question: Question, entries: Sequence[Entry], check: PatternsCheck) -> Reading | None:
    """The first reply that can be used."""
    readings = (check.reading(question, entry.reply) for entry in entries if entry.reply and entry.reply.text is not None)
    return next((reading for reading in readings if reading.error is None), None)


def _yield(answers: Sequence[Answer]) -> dict[str, int | float | str]:
    statuses = Counter(answer.status for answer in answers)
    return {f"anchors_{status}": count for status, count in sorted(statuses.items())}


def _usual(answers: Sequence[Answer]) -> str:
    return Counter(answer.error or "no reason" for answer in answers).most_common(1)[0][0]
