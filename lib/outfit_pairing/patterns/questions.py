"""From anchors to questions for a model: the prompt, the schema of the reply, and the hash that a reply is paid for under."""

import json
from collections.abc import Sequence
from dataclasses import asdict

from outfit_pairing.patterns.asking.asker import Question
from outfit_pairing.patterns.model import fingerprint
from outfit_pairing.patterns.prompt import PROMPT_VERSION, render_prompt, reply_schema
from outfit_pairing.patterns.prompt_vocabulary import prompt_vocabulary
from outfit_pairing.settings import LlmSettings
from outfit_pairing.style import StyleGuide
from outfit_pairing.style.product import Product
from outfit_pairing.style.templates import Vocabulary


def question_of(anchor: Product, guide: StyleGuide, vocabulary: Vocabulary, count: int, llm: LlmSettings) -> Question | None:
    """What to ask about an anchor; None where nothing in the catalogue goes with it."""
    words = prompt_vocabulary(anchor, guide, vocabulary)
    if not words.askable:
        return None
    system, user = render_prompt(anchor, words, count)
    return Question(
        # neither server nor key: a reply is worth the same wherever the model runs
        request_hash=fingerprint(system, user, llm.model, llm.temperature, llm.max_tokens, PROMPT_VERSION),
        anchor=json.dumps(asdict(anchor), sort_keys=True),
        system=system,
        user=user,
        schema=json.dumps(reply_schema(words), sort_keys=True),
    )


def distinct(questions: Sequence[Question | None]) -> list[Question]:
    """Each question once: products alike in all that a prompt says are asked about once."""
    return list({question.request_hash: question for question in questions if question}.values())
