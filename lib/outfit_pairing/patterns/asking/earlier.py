"""What the requests of earlier runs, as the journal holds them, mean for the limits of this one."""

from collections.abc import Iterable

from outfit_pairing.patterns.asking.budget import Usage, usage_of
from outfit_pairing.patterns.asking.journal import Entry
from outfit_pairing.patterns.asking.limits import EarlierSend

LATEST_S = 120.0  # sends that may still count for the server's minute


def usage_of_entry(entry: Entry) -> Usage:
    """What an entry counts for; without a reply, as much as it can have cost."""
    return usage_of(entry.reply, entry.sent.most_prompt_tokens, entry.sent.most_completion_tokens)


def latest_sends(entries: Iterable[Entry], clock: float, now: float) -> list[EarlierSend]:
    """Sends of the last two minutes, moved from epoch seconds (now) to the steady clock (clock).

    A worker's clock may run ahead; nothing was sent in the future.
    """
    sends = []
    for entry in entries:
        age = max(0.0, now - entry.sent.sent_at)
        if age <= LATEST_S:
            settled = None if entry.replied_at is None else clock - max(0.0, min(age, now - entry.replied_at))
            sends.append(EarlierSend(clock - age, usage_of_entry(entry).tokens, settled))
    return sends
