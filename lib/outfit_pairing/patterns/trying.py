"""`try-patterns`: prompt, reply and verdict for a few anchors, before a batch is paid for.

Writes nothing, not even replies into the journal; what it asks is paid for.
"""

import json
import tempfile
from collections.abc import Iterator, Sequence
from dataclasses import asdict, dataclass
from typing import TYPE_CHECKING

from outfit_pairing.patterns.asking.journal import RequestJournal
from outfit_pairing.patterns.asking.preflight import check_model
from outfit_pairing.patterns.by_model import ModelProvider
from outfit_pairing.patterns.provider import Answer
from outfit_pairing.patterns.questions import question_of
from outfit_pairing.patterns.stage import open_questions
from outfit_pairing.patterns.verdicts import Verdict, judge_pattern
from outfit_pairing.settings import Settings
from outfit_pairing.storage import TableStore
from outfit_pairing.style import load_style_guide

if TYPE_CHECKING:
    from pyspark.sql import SparkSession

    from outfit_pairing.patterns.model import Pattern


@dataclass(frozen=True, slots=True)
class Trial:
    """What one anchor was asked and what came of it. `prompt` is None where no model is asked."""

    prompt: tuple[str, str] | None
    answer: Answer
    judged: "tuple[tuple[Pattern, Verdict], ...]"


def check_trial(settings: Settings) -> None:
    """The model of the settings can be asked.    Raises: SettingsError."""
    with tempfile.TemporaryDirectory() as folder:
        check_model(settings.patterns.provider, settings.llm, RequestJournal(folder))


def try_patterns(spark: "SparkSession", settings: Settings, anchors: int) -> list[Trial]:
    """The first `anchors` anchors by rank, asked with a journal that is thrown away.

    Raises: MissingTable: an earlier stage has not run.   OutfitPairingError: what stopped the asking.
    """
    guide, count = load_style_guide(), settings.patterns.per_anchor
    with tempfile.TemporaryDirectory() as folder:
        scratch = settings.model_copy(update={"llm": settings.llm.model_copy(update={"journal": folder})})
        provider, chosen, vocabulary = open_questions(TableStore(spark, scratch))
        answers = provider.answer(chosen[:anchors], count)
    if answers.stop is not None and not any(answer.attempts for answer in answers.answers):
        raise answers.stop
    trials = []
    for answer in answers.answers:
        asked = question_of(answer.anchor, guide, vocabulary, count, settings.llm) if isinstance(provider, ModelProvider) else None
        verdicts = [judge_pattern(one, answer.anchor, guide, vocabulary, settings.patterns.min_score) for one in answer.patterns]
        trials.append(
            Trial((asked.system, asked.user) if asked else None, answer, tuple(zip(answer.patterns, verdicts, strict=True)))
        )
    return trials


def as_text(trials: Sequence[Trial]) -> Iterator[str]:
    """Trials for people, piece by piece."""
    for number, trial in enumerate(trials, 1):
        anchor = trial.answer.anchor
        yield f"{'=' * 80}\n{number}. anchor {anchor.product_id} ({anchor.name}): {trial.answer.status}\n"
        if trial.prompt:
            yield f"\n--- prompt, system ---\n{trial.prompt[0]}\n\n--- prompt, user ---\n{trial.prompt[1]}\n"
        for attempt in trial.answer.attempts:
            tokens = f"{attempt.prompt_tokens} + {attempt.completion_tokens} tokens"
            said = attempt.raw_reply if attempt.raw_reply is not None else "(none)"
            yield f"\n--- reply {attempt.number}: {attempt.status}, {tokens} ---\n{said}\n"
            if attempt.error:
                yield f"--- why not: {attempt.error}\n"
        yield "\n--- verdict ---\n"
        for pattern, verdict in trial.judged:
            items = ", ".join(f"{item.slot}: {'/'.join(item.article_types)}" for item in pattern.items)
            yield f"{verdict.score:.2f}  {pattern.name} ({pattern.occasion}): {items}\n"
            yield "".join(f"      - {reason}\n" for reason in verdict.reasons)
        if not trial.judged:
            yield f"no patterns: {trial.answer.error}\n"


def as_json(trials: Sequence[Trial]) -> str:
    """Trials for programs."""
    return json.dumps(
        [
            {
                "anchor": asdict(trial.answer.anchor),
                "prompt": trial.prompt,
                "status": trial.answer.status,
                "error": trial.answer.error,
                "attempts": [asdict(attempt) for attempt in trial.answer.attempts],
                "patterns": [
                    {**pattern.model_dump(mode="json"), "score": verdict.score, "reasons": verdict.reasons}
                    for pattern, verdict in trial.judged
                ],
            }
            for trial in trials
        ],
        indent=2,
        ensure_ascii=False,
    )
