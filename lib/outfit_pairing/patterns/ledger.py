"""What patterns cost: tokens, money and time, by attempt and for a run, as the journal has them."""

from collections import Counter
from collections.abc import Iterable, Mapping, Sequence

import numpy as np

from outfit_pairing.patterns.asking.asker import Question
from outfit_pairing.patterns.asking.budget import MILLION, usage_of
from outfit_pairing.patterns.asking.entries import Entry
from outfit_pairing.patterns.provider import Attempt
from outfit_pairing.patterns.reply_check import PatternsCheck
from outfit_pairing.settings import LlmSettings

LOST = "no reply was recorded: its worker ended before there was one"


def attempts_of(question: Question, entries: Iterable[Entry], check: PatternsCheck, llm: LlmSettings) -> tuple[Attempt, ...]:
    """Every request for a question as a row of pattern_requests."""
    found: list[Attempt] = []
    invalid = 0
    for entry in entries:
        reply = entry.reply
        if reply is None:
            found.append(Attempt(entry.sent.attempt, "failed", LOST))
            continue
        status, error = "failed", reply.error
        if reply.text is not None:
            error = check.fault(question, reply)
            invalid += error is not None
            status = "ok" if error is None else "quarantined" if invalid >= question.invalid_allowed else "invalid"
        found.append(
            Attempt(
                entry.sent.attempt, status, error, reply.http_status, reply.text,
                reply.prompt_tokens, reply.completion_tokens, cost_of([entry], llm), round(reply.seconds, 3),
            )
        )  # fmt: skip
    return tuple(found)


def cost_of(entries: Iterable[Entry], llm: LlmSettings) -> float | None:
    """Money for requests, upper bounds where the server said nothing; None without both prices."""
    if llm.price_prompt is None or llm.price_completion is None:
        return None
    used = [usage_of(entry.reply, entry.sent.most_prompt_tokens, entry.sent.most_completion_tokens) for entry in entries]
    return sum(one.prompt_tokens * llm.price_prompt + one.completion_tokens * llm.price_completion for one in used) / MILLION


def run_figures(journal: Mapping[str, Sequence[Entry]], run_id: str, llm: LlmSettings) -> dict[str, int | float | str]:
    """Counters of one run: requests, tokens, money, seconds per reply, faults by kind."""
    own = [entry for entries in journal.values() for entry in entries if entry.sent.run_id == run_id]
    replies = [entry.reply for entry in own if entry.reply is not None]
    seconds = [reply.seconds for reply in replies if reply.text is not None]
    faults = Counter(reply.fault.value for reply in replies if reply.fault is not None)
    figures: dict[str, int | float | str] = {
        "requests": len(own),
        "prompt_tokens": sum(reply.prompt_tokens or 0 for reply in replies),
        "completion_tokens": sum(reply.completion_tokens or 0 for reply in replies),
        **{f"faults_{name}": count for name, count in sorted(faults.items())},
    }
    cost = cost_of(own, llm)
    figures |= {} if cost is None else {"cost": round(cost, 6)}
    if seconds:
        figures |= {f"reply_seconds_p{share}": round(float(np.percentile(seconds, share)), 3) for share in (50, 95)}
    return figures
