"""Outfit ideas as arrays: whatever wants to be filled with products, be it a pattern or a template.

An idea belongs to an *owner* (an anchor, or a class of products alike); a *query* is a distinct pattern item together
with the audience and traits of those it is asked for, so that equal wishes are searched for once.
"""

from collections.abc import Sequence
from dataclasses import dataclass, field

import numpy as np
import numpy.typing as npt

from outfit_pairing.pairing.codes import SEASON_CODES, Ints

MOST_ITEMS = 4
NONE = -1


@dataclass(frozen=True, slots=True)
class ItemQuery:
    """What candidates are searched for."""

    slot: str
    article_types: tuple[str, ...]
    colours: tuple[str, ...]
    style: str
    audience: int
    traits: int

    @property
    def text(self) -> str:
        """What the encoder reads: "casual jeans or chinos". Colours are compared as colours, not as words."""
        return " ".join(part for part in (self.style, " or ".join(self.article_types)) if part)

    def drawn_by(self, draws: Ints) -> str:
        """What decides the lots drawn for it: not its number, which depends on what else is asked for.    draws: by traits."""
        return f"{self.text}|{self.slot}|{','.join(self.colours)}|{self.audience}|{draws[self.traits]}"


@dataclass(frozen=True, slots=True)
class Idea:
    """One pattern or template for one owner."""

    owner: int
    pattern_id: str
    name: str
    occasion: str
    season: str | None
    confidence: float
    queries: tuple[ItemQuery, ...]
    required: tuple[bool, ...]


@dataclass(frozen=True, eq=False)
class Ideas:
    """I ideas of O owners over Q queries."""

    ideas: tuple[Idea, ...]
    queries: tuple[ItemQuery, ...]
    items: Ints  # (I, 4) into queries, NONE where an idea has fewer
    required: npt.NDArray[np.bool_]  # (I, 4)
    confidence: npt.NDArray[np.float32]  # (I,)
    occasion: Ints  # (I,) equal numbers = the same occasion
    season: Ints  # (I,)
    by_owner: Ints  # (O, most ideas of an owner) into ideas, NONE-padded
    reasons: tuple[str, ...] = field(default=())  # (I * 4,) why an idea asks for an item, in words


def gather(ideas: Sequence[Idea], owners: int) -> Ideas:
    """Ideas as arrays, in the order given; `owners` is their number, also of those without any idea."""
    index: dict[ItemQuery, int] = {}
    items = np.full((len(ideas), MOST_ITEMS), NONE, dtype=np.int64)
    required = np.zeros((len(ideas), MOST_ITEMS), dtype=bool)
    occasions: dict[str, int] = {}
    lists: list[list[int]] = [[] for _ in range(owners)]
    for row, idea in enumerate(ideas):
        for position, query in enumerate(idea.queries[:MOST_ITEMS]):
            items[row, position] = index.setdefault(query, len(index))
        required[row, : len(idea.required)] = idea.required[:MOST_ITEMS]
        lists[idea.owner].append(row)
    by_owner = np.full((owners, max(map(len, lists), default=0) or 1), NONE, dtype=np.int64)
    for owner, rows in enumerate(lists):
        by_owner[owner, : len(rows)] = rows
    return Ideas(
        ideas=tuple(ideas),
        queries=tuple(index),
        items=items,
        required=required,
        confidence=np.array([idea.confidence for idea in ideas], dtype=np.float32),
        occasion=np.array([occasions.setdefault(idea.occasion, len(occasions)) for idea in ideas], dtype=np.int64),
        season=np.array([SEASON_CODES.get(idea.season, 0) for idea in ideas], dtype=np.int64),
        by_owner=by_owner,
        reasons=tuple(_reason(idea, position) for idea in ideas for position in range(MOST_ITEMS)),
    )


def _reason(idea: Idea, position: int) -> str:
    if position >= len(idea.queries):
        return ""
    query = idea.queries[position]
    wish = " or ".join(query.article_types) or query.slot.replace("_", " ")
    return f"“{idea.name}” asks for {wish}{f' ({query.style})' if query.style else ''}"
