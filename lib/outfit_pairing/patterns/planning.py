"""`generate-patterns --dry-run`: what asking would take, before anything is asked."""

import math
from dataclasses import dataclass
from typing import TYPE_CHECKING

from outfit_pairing.errors import SettingsError
from outfit_pairing.patterns.asking.asker import standing
from outfit_pairing.patterns.asking.budget import MILLION
from outfit_pairing.patterns.by_model import ModelProvider, open_journal
from outfit_pairing.patterns.questions import distinct
from outfit_pairing.patterns.stage import open_questions, standing_anchors
from outfit_pairing.settings import Settings
from outfit_pairing.storage import TableStore

if TYPE_CHECKING:
    from pyspark.sql import SparkSession

CHARACTERS_PER_TOKEN = 4  # of English text and JSON, about
TOKENS_PER_PATTERN = 170  # of a reply, where the journal holds none yet


@dataclass(frozen=True, slots=True)
class Plan:
    """What a run would ask for. Tokens are estimates; `most_` figures are bounds for replies that need no second try."""

    anchors: int
    answered: int  # have their reply in the journal
    requests: int
    prompt_tokens: int
    completion_tokens: int
    most_completion_tokens: int
    cost: float | None  # None without both prices
    most_cost: float | None


def plan(spark: "SparkSession", settings: Settings) -> Plan:
    """Reads tables and journal, asks nothing, writes nothing.

    Raises: SettingsError: the provider asks no model.   MissingTable: an earlier stage has not run.
    """
    store = TableStore(spark, settings)
    provider, anchors, _ = open_questions(store)
    kept = standing_anchors(store, provider, anchors)
    if not isinstance(provider, ModelProvider):
        raise SettingsError(f"patterns.provider {provider.name} asks no model, so there is nothing to plan; set openai or ai_query")
    llm, count = settings.llm, settings.patterns.per_anchor
    questions, check = (
        distinct(provider.questions([one for one in anchors if one.product_id not in kept], count)),
        provider.check(count),
    )
    journal = open_journal(settings).all_of([question.request_hash for question in questions])
    open_ = [one for one in questions if standing(check, one, journal.get(one.request_hash, ())).outcome is None]
    replies = [entry.reply for entries in journal.values() for entry in entries if entry.reply and entry.reply.completion_tokens]
    seen = [reply.completion_tokens or 0 for reply in replies]
    each = round(sum(seen) / len(seen)) if seen else TOKENS_PER_PATTERN * count
    prompt = sum(math.ceil((len(one.system) + len(one.user) + len(one.schema)) / CHARACTERS_PER_TOKEN) for one in open_)
    completion, most = each * len(open_), llm.max_tokens * len(open_)
    return Plan(
        anchors=len(anchors),
        answered=len(questions) - len(open_) + len(kept),
        requests=len(open_),
        prompt_tokens=prompt,
        completion_tokens=completion,
        most_completion_tokens=most,
        cost=_cost(settings, prompt, completion),
        most_cost=_cost(settings, prompt, most),
    )


def _cost(settings: Settings, prompt: int, completion: int) -> float | None:
    llm = settings.llm
    if llm.price_prompt is None or llm.price_completion is None:
        return None
    return round((prompt * llm.price_prompt + completion * llm.price_completion) / MILLION, 6)


def as_text(found: Plan) -> str:
    """The plan for people."""
    lines = [
        f"{found.anchors:,} anchors; {found.answered:,} of them have their patterns, or an answer in the journal",
        f"{found.requests:,} requests: about {found.prompt_tokens:,} prompt tokens "
        f"and {found.completion_tokens:,} completion tokens (at most {found.most_completion_tokens:,})",
    ]
    if found.cost is None:
        lines.append("no cost: set llm.price_prompt and llm.price_completion, per million tokens")
    else:
        lines.append(f"cost about {found.cost:,.4f} (at most {found.most_cost:,.4f}), second tries apart")
    return "\n".join(lines) + "\n"
