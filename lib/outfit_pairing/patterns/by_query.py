"""Provider `ai_query`: questions through the Databricks SQL function, where workers may not reach the internet.

The platform spreads and retries requests; here they go in rounds, each reply durable before the next round is asked for.
"""

import json
import logging
import re
import time
from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from typing import TYPE_CHECKING, Any

from outfit_pairing.errors import InputError
from outfit_pairing.patterns.asking.asker import Question, Standing, standing
from outfit_pairing.patterns.asking.budget import most_prompt_tokens
from outfit_pairing.patterns.asking.chat import ChatReply, Fault, ReplyFormat
from outfit_pairing.patterns.asking.completions import error_line, text_of
from outfit_pairing.patterns.asking.coordinator import Coordinator
from outfit_pairing.patterns.asking.entries import Entry
from outfit_pairing.patterns.asking.journal_files import READERS
from outfit_pairing.patterns.asking.openai_chat import SCHEMA_WISH
from outfit_pairing.patterns.asking.permits import Granted, Stop, Wait
from outfit_pairing.patterns.by_workers import Means, Told
from outfit_pairing.settings import LlmSettings
from outfit_pairing.storage.session import spark_faults
from outfit_pairing.storage.tables import quoted

if TYPE_CHECKING:
    from pyspark.sql import SparkSession

logger = logging.getLogger(__name__)

ENDPOINT_CURE = (
    "correct llm.model, take llm.max_tokens and llm.temperature that it knows, or have CAN QUERY on it given to whoever runs this"
)
_OF_THE_ENDPOINT = re.compile(r"\[(REMOTE_FUNCTION|AI_FUNCTION)_|RESOURCE_DOES_NOT_EXIST|PERMISSION_DENIED")
_REFUSED = re.compile(
    r"\b(401|403|404)\b|PERMISSION_DENIED|DOES_NOT_EXIST|NOT_FOUND|UNAUTHENTICATED|"
    r"INVALID_MODEL_PARAMETERS|AI_FUNCTION_UNSUPPORTED|does not support the \w+ parameter",
    re.IGNORECASE,
)
_BUSY = re.compile(r"\b429\b|REQUEST_LIMIT_EXCEEDED|RESOURCE_EXHAUSTED|RATE.?LIMIT", re.IGNORECASE)


def ask(questions: Sequence[Question], means: Means) -> Told:
    """How each question ended; replies are in the journal.

    Raises: InputError: this Spark has no ai_query.
    """
    told: Told = {}
    coordinator, settings = means.coordinator, means.settings
    faults = dict.fromkeys((question.request_hash for question in questions), 0)
    known = means.journal.all_of([question.request_hash for question in questions])
    while waiting := [question for question in questions if question.request_hash not in told]:
        stands = [(question, standing(means.check, question, known.get(question.request_hash, ()))) for question in waiting]
        told |= {question.request_hash: (at.outcome.status, at.outcome.error) for question, at in stands if at.outcome}
        granted, answer = _granted(coordinator, [one for one in stands if one[1].outcome is None], settings)
        if granted:
            for (question, at, permit), (entry, reply) in zip(granted, _round(granted, means), strict=True):
                coordinator.settle(permit.permit, reply)
                known[question.request_hash] = (*at.entries, entry)
                faults[question.request_hash] += reply.fault is not None
                if faults[question.request_hash] >= settings.attempts:
                    told[question.request_hash] = ("failed", reply.error)
            logger.info("%s of %s questions answered", len(told), len(questions))
        elif isinstance(answer, Stop):
            told |= {question.request_hash: ("stopped", answer.reason) for question in waiting if question.request_hash not in told}
        elif isinstance(answer, Wait):
            time.sleep(answer.seconds)
    return told


_Granted = tuple[Question, Standing, Granted]


def _granted(
    coordinator: Coordinator, stands: Sequence[tuple[Question, Standing]], settings: LlmSettings
) -> tuple[list[_Granted], Stop | Wait | None]:
    """Questions that may go in the next round, and why no more may."""
    granted: list[_Granted] = []
    for question, at in stands[: settings.workers * settings.concurrency]:
        answer = coordinator.acquire(question.request_hash, _most(question, at), settings.max_tokens, asker="driver")
        if isinstance(answer, Stop | Wait):
            return granted, answer
        if isinstance(answer, Granted):
            granted.append((question, at, answer))
    return granted, None


def _round(granted: Sequence[_Granted], means: Means) -> list[tuple[Entry, ChatReply]]:
    """The replies, durable, in the order of the questions."""
    settings, form, now = means.settings, ReplyFormat.PROMPT, time.time()
    sent = [
        at.next_sent(question, settings, most_prompt=_most(question, at), reply_format=form, run_id=means.run_id, at=now)
        for question, at, _ in granted
    ]
    with ThreadPoolExecutor(READERS) as pool:  # on volumes each file takes some tenths of a second
        sent = list(pool.map(means.journal.sent, sent))
    started = time.monotonic()
    found = _query(means.spark, [_prompt(question, at) for question, at, _ in granted], means.settings)
    seconds = (time.monotonic() - started) / len(granted)
    replies = [_reply(found.get(number), seconds) for number in range(len(granted))]
    with ThreadPoolExecutor(READERS) as pool:
        return list(zip(pool.map(means.journal.replied, sent, replies), replies, strict=True))


def _most(question: Question, at: Standing) -> int:
    return most_prompt_tokens(at.messages, question.schema)


def _prompt(question: Question, at: Standing) -> str:
    """ai_query takes one text: the messages after each other, and the schema, which it would take only as a constant."""
    return "\n\n".join(message.content for message in at.messages) + SCHEMA_WISH + question.schema


def _query(spark: "SparkSession", prompts: Sequence[str], settings: LlmSettings) -> dict[int, dict[str, Any]]:
    """What ai_query gave for each prompt, by its number."""
    from pyspark.sql import functions as F

    parameters = f"'max_tokens', {settings.max_tokens}"
    if settings.temperature is not None:
        parameters += f", 'temperature', {settings.temperature}D"
    call = (
        f"ai_query(endpoint => {quoted(settings.model or '')}, request => prompt, "
        f"modelParameters => named_struct({parameters}), failOnError => false)"
    )
    rows = spark.createDataFrame(list(enumerate(prompts)), "number int, prompt string")
    try:
        asked = rows.repartition(min(settings.workers, len(prompts))).select("number", F.expr(call).alias("answer"))
        return {row["number"]: row["answer"].asDict() for row in asked.collect() if row["answer"] is not None}
    except spark_faults() as fault:
        told = str(fault)
        if "[UNRESOLVED_ROUTINE]" in told:
            raise InputError(
                "patterns.provider ai_query: this Spark has no function ai_query; Databricks has it on serverless compute and "
                "from runtime 15.4 on, elsewhere take patterns.provider=openai"
            ) from None
        if not _OF_THE_ENDPOINT.search(told):
            raise
        # one that is not there, or that may not be asked, fails the query whole
        return {number: {"errorMessage": told} for number in range(len(prompts))}


def _reply(answer: dict[str, Any] | None, seconds: float) -> ChatReply:
    """ai_query gives a struct of the reply and an error message; it says nothing of tokens."""
    answer = answer or {}
    text = next((_plain(str(answer[name])) for name in ("result", "response") if answer.get(name)), None)
    error = next((answer[name] for name in ("errorMessage", "errorStatus", "error") if answer.get(name)), None)
    if text is not None and error is None:
        return ChatReply(text=text, seconds=seconds)
    said = str(error or "ai_query gave nothing")
    fault = Fault.REFUSED if _REFUSED.search(said) else Fault.BUSY if _BUSY.search(said) else Fault.DOWN
    return ChatReply(fault=fault, error=error_line(said, ()), seconds=seconds, may_be_billed=fault is Fault.DOWN)


def _plain(reply: str) -> str:
    """The reply's text. Models that reason answer in blocks, of which some are thoughts; handed on as they are, they are JSON."""
    try:
        blocks = json.loads(reply) if reply.lstrip().startswith("[") else None
    except ValueError:
        return reply
    in_blocks = isinstance(blocks, list) and blocks and all(isinstance(one, dict) and "type" in one for one in blocks)
    return text_of({"content": blocks}) if in_blocks else reply
