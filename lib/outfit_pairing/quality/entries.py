"""Outfits as columns, so that a rule is judged over all of them at once.

An *entry* is one product in one outfit: the product whose page shows it (position 0) or an item (position 1 and up).
What an entry is, is read from the facts of the style guide (`style.vocabulary`), never from the rules that made outfits.
"""

from collections.abc import Callable, Collection
from dataclasses import dataclass
from functools import cached_property

import numpy as np
import numpy.typing as npt
import pyarrow as pa

from outfit_pairing.style.colours import harmony
from outfit_pairing.style.vocabulary import ArticleType, Colour, StyleGuide

Ints = npt.NDArray[np.int64]
Bools = npt.NDArray[np.bool_]

FACTS = ("audience", "department", "category", "article_type", "slot", "colour", "usage")
ENTRY_SCHEMA = pa.schema(
    [
        ("product_id", pa.string()),  # whose page shows the outfit
        ("rank", pa.int64()),
        ("position", pa.int64()),  # 0 = the product itself
        ("item_id", pa.string()),
        ("listed_slot", pa.string()),  # where the outfit puts it; null for the product itself
        ("known", pa.bool_()),  # whether the catalogue has it
        ("in_stock", pa.bool_()),
        *((fact, pa.string()) for fact in FACTS),
    ]
)

# The place that an article type unknown to the style guide takes still says what sort of thing it is.
KIND_OF_SLOT = {
    **dict.fromkeys(("top", "bottom", "one_piece", "outerwear", "innerwear", "sleepwear", "swimwear"), "clothing"),
    **dict.fromkeys(("bag", "belt", "headwear", "eyewear", "watch", "jewellery", "scarf_or_tie"), "accessory"),
    "footwear": "footwear",
    "beauty": "beauty",
}


@dataclass(frozen=True, eq=False)
class Words:
    """A text column: `codes` (n,) into `values`, -1 where nothing is said."""

    codes: Ints
    values: tuple[str, ...]

    @classmethod
    def of(cls, column: pa.ChunkedArray) -> "Words":
        """The column in codes; it may be dictionary-encoded already."""
        encoded = column.unify_dictionaries() if pa.types.is_dictionary(column.type) else column.dictionary_encode()
        if not len(encoded):
            return cls(np.zeros(0, dtype=np.int64), ())
        whole = pa.concat_arrays(encoded.chunks)
        codes = whole.indices.fill_null(-1).to_numpy(zero_copy_only=False).astype(np.int64)
        return cls(codes, tuple(whole.dictionary.to_pylist()))

    def where(self, is_so: Callable[[str], bool]) -> Bools:
        """(n,) whether the word is so; where nothing is said, it is not."""
        return np.array([*map(is_so, self.values), False], dtype=bool)[self.codes]

    @cached_property
    def texts(self) -> npt.NDArray[np.object_]:
        """(n,) the words themselves, None where nothing is said."""
        return np.array([*self.values, None], dtype=object)[self.codes]

    def among(self, words: Collection[str]) -> Bools:
        """(n,) whether the word is one of `words`."""
        return self.where(lambda word: word in words)


@dataclass(frozen=True, eq=False)
class Outfits:
    """m outfits of n entries, sorted by product, rank and position. Every array is (n,) but where (m,) is said."""

    product_ids: tuple[str, ...]  # (m,)
    ranks: Ints  # (m,)
    product: Ints  # (m,) equal numbers = the same product
    start: Ints  # (m,) first entry of each outfit
    outfit: Ints  # into the m outfits
    itself: Bools
    known: Bools
    in_stock: Bools
    item: Words
    listed_slot: Words
    facts: dict[str, Words]
    guide: StyleGuide

    @classmethod
    def of(cls, entries: pa.Table, guide: StyleGuide) -> "Outfits":
        """From a table with the columns of ENTRY_SCHEMA, in any order of rows."""
        entries = entries.sort_by([(name, "ascending") for name in ("product_id", "rank", "position")])
        owner, rank = Words.of(entries["product_id"]), _ints(entries, "rank")
        first = np.ones(len(entries), dtype=bool)
        first[1:] = (owner.codes[1:] != owner.codes[:-1]) | (rank[1:] != rank[:-1])
        start = np.flatnonzero(first)
        return cls(
            product_ids=tuple(owner.values[code] for code in owner.codes[start]),
            ranks=rank[start],
            product=owner.codes[start],
            start=start,
            outfit=np.cumsum(first) - 1,
            itself=_ints(entries, "position") == 0,
            known=_bools(entries, "known"),
            in_stock=_bools(entries, "in_stock"),
            item=Words.of(entries["item_id"]),
            listed_slot=Words.of(entries["listed_slot"]),
            facts={fact: Words.of(entries[fact]) for fact in FACTS},
            guide=guide,
        )

    def __len__(self) -> int:
        return len(self.start)

    def count(self, entries: Bools) -> Ints:
        """(m,) how many of an outfit's entries are marked."""
        return np.bincount(self.outfit, weights=entries, minlength=len(self)).astype(np.int64)

    def any(self, entries: Bools) -> Bools:
        """(m,) whether one of an outfit's entries is marked."""
        return self.count(entries) > 0

    @cached_property
    def size(self) -> Ints:
        """(m,) entries of each outfit, the product itself included."""
        return np.diff(np.append(self.start, len(self.outfit)))

    @cached_property
    def types(self) -> tuple[ArticleType | None, ...]:
        """What the style guide knows of each distinct article type."""
        return tuple(self.guide.article_type(value) for value in self.facts["article_type"].values)

    @cached_property
    def type_code(self) -> Ints:
        """Equal numbers = the same article type, however it is spelt; -1 where nothing is said."""
        values = self.facts["article_type"].values
        names = [found.name if found else value for found, value in zip(self.types, values, strict=True)]
        codes = {name: code for code, name in enumerate(dict.fromkeys(names))}
        return np.array([*(codes[name] for name in names), -1], dtype=np.int64)[self.facts["article_type"].codes]

    @cached_property
    def colours(self) -> tuple[Colour | None, ...]:
        """What the style guide knows of each distinct colour."""
        return tuple(self.guide.colour(value) for value in self.facts["colour"].values)

    def of_type(self, is_so: Callable[[ArticleType], bool]) -> Bools:
        """Whether the article type is so; never, where the style guide does not know it."""
        return np.array([*(found is not None and is_so(found) for found in self.types), False], dtype=bool)[
            self.facts["article_type"].codes
        ]

    def of_kind(self, *kinds: str) -> Bools:
        """Whether it is of one of the kinds, by article type, else by slot."""
        by_type = self.of_type(lambda found: found.kind in kinds)
        by_slot = self.facts["slot"].where(lambda slot: KIND_OF_SLOT.get(slot) in kinds)
        return np.where(self.of_type(lambda _: True), by_type, by_slot)

    def slot(self, *slots: str) -> Bools:
        """Whether it takes one of the slots."""
        return self.facts["slot"].among(slots)

    def usage(self, *usages: str) -> Bools:
        """Whether it is meant for one of the usages."""
        return self.facts["usage"].among(usages)

    def audience(self, *audiences: str) -> Bools:
        """Whether it is for one of the audiences."""
        return self.facts["audience"].among(audiences)

    @cached_property
    def pairs(self) -> tuple[Ints, Ints]:
        """Every pair of entries of one outfit, as two arrays of entry numbers."""
        left, right = [], []
        for step in range(1, int(self.size.max(initial=1))):
            first = np.flatnonzero(self.outfit[step:] == self.outfit[:-step])
            left.append(first)
            right.append(first + step)
        none = np.zeros(0, dtype=np.int64)
        return np.concatenate([none, *left]), np.concatenate([none, *right])

    @cached_property
    def clashing(self) -> Bools:
        """For each of `pairs`, whether its two colours clash; a colour not said, or not known, never does."""
        colour, base = self.facts["colour"].codes, len(self.colours) + 1
        left, right = (colour[side] for side in self.pairs)
        both = (left + 1) * base + right + 1
        clash = np.zeros(base * base, dtype=bool)
        for one in np.flatnonzero(np.bincount(both)):  # each pair of colours that occurs, once
            clash[one] = self._clash(int(one) // base - 1, int(one) % base - 1)
        found: Bools = clash[both]
        return found

    def _clash(self, left: int, right: int) -> bool:
        one, other = (*self.colours, None)[left], (*self.colours, None)[right]
        return one is not None and other is not None and harmony(one, other).clash


def _ints(entries: pa.Table, name: str) -> Ints:
    return np.asarray(entries[name].to_numpy(), dtype=np.int64)


def _bools(entries: pa.Table, name: str) -> Bools:
    return np.asarray(entries[name].fill_null(False).to_numpy(), dtype=bool)
