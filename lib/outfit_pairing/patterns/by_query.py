"""Provider `ai_query`: questions through the Databricks SQL function, where workers may not reach the internet.

The platform spreads and retries requests; here they go in rounds, each reply durable before the next round is asked for.
"""

import logging
import re
import time
from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

from outfit_pairing.errors import InputError, first_line
from outfit_pairing.patterns.asking.asker import Question, Standing, standing
from outfit_pairing.patterns.asking.budget import most_prompt_tokens
from outfit_pairing.patterns.asking.chat import ChatReply, Fault, ReplyFormat
from outfit_pairing.patterns.asking.completions import error_line
from outfit_pairing.patterns.asking.coordinator import Coordinator
from outfit_pairing.patterns.asking.entries import Entry
from outfit_pairing.patterns.asking.openai_chat import SCHEMA_WISH
from outfit_pairing.patterns.asking.permits import Granted, Stop, Wait
from outfit_pairing.patterns.by_workers import Means, Told
from outfit_pairing.settings import LlmSettings
from outfit_pairing.storage.tables import quoted

if TYPE_CHECKING:
    from pyspark.sql import SparkSession

logger = logging.getLogger(__name__)

ENDPOINT_CURE = "correct llm.model, or have CAN QUERY on that endpoint given to whoever runs this"
_REFUSED = re.compile(
    r"\b(401|403|404)\b|PERMISSION_DENIED|DOES_NOT_EXIST|NOT_FOUND|UNAUTHENTICATED|INVALID_MODEL_PARAMETERS|AI_FUNCTION_UNSUPPORTED",
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
    sent = [means.journal.sent(one) for one in sent]
    started = time.monotonic()
    found = _query(means.spark, [_prompt(question, at) for question, at, _ in granted], means.settings)
    seconds = (time.monotonic() - started) / len(granted)
    replies = [_reply(found.get(number), seconds) for number in range(len(granted))]
    return [(means.journal.replied(one, reply), reply) for one, reply in zip(sent, replies, strict=True)]


def _most(question: Question, at: Standing) -> int:
    return most_prompt_tokens(at.messages, question.schema)


def _prompt(question: Question, at: Standing) -> str:
    """ai_query takes one text: the messages after each other, and the schema, which it would take only as a constant."""
    return "\n\n".join(message.content for message in at.messages) + SCHEMA_WISH + question.schema


def _query(spark: "SparkSession", prompts: Sequence[str], settings: LlmSettings) -> dict[int, dict[str, Any]]:
    """What ai_query gave for each prompt, by its number."""
    from pyspark.errors import PySparkException
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
    except PySparkException as fault:
        if (fault.getCondition() or "").startswith("UNRESOLVED_ROUTINE"):
            raise InputError(
                "patterns.provider ai_query: this Spark has no function ai_query; Databricks has it on serverless compute and "
                "from runtime 15.4 on, elsewhere take patterns.provider=openai"
            ) from None
        # an endpoint that is not there, or that may not be asked, fails the query whole
        return {number: {"errorMessage": first_line(fault)} for number in range(len(prompts))}


def _reply(answer: dict[str, Any] | None, seconds: float) -> ChatReply:
    """ai_query gives a struct of the reply and an error message; it says nothing of tokens."""
    answer = answer or {}
    text = next((answer[name] for name in ("result", "response") if answer.get(name)), None)
    error = next((answer[name] for name in ("errorMessage", "errorStatus", "error") if answer.get(name)), None)
    if text is not None and error is None:
        return ChatReply(text=str(text), seconds=seconds)
    said = str(error or "ai_query gave nothing")
    fault = Fault.REFUSED if _REFUSED.search(said) else Fault.BUSY if _BUSY.search(said) else Fault.DOWN
    return ChatReply(fault=fault, error=error_line(said, ()), seconds=seconds, may_be_billed=fault is Fault.DOWN)
