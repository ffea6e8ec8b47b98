"""The pass over products: from a batch of the catalogue to recommendation rows, with reasons."""

import hashlib
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from typing import Protocol

import numpy as np
import numpy.typing as npt
import pandas as pd
import pyarrow as pa

from outfit_pairing.pairing.assembly import Assembler, Outfits
from outfit_pairing.pairing.candidates import INPUT_COLUMNS, vectors_of
from outfit_pairing.pairing.codes import NO_REASON, Bools, Floats, Ints, ProductCodes
from outfit_pairing.pairing.ideas import MOST_ITEMS, NONE
from outfit_pairing.pairing.neighbours import Neighbours
from outfit_pairing.pairing.style_space import StyleSpace
from outfit_pairing.style import SLOTS
from outfit_pairing.style.sources import BASE_CONFIDENCE
from outfit_pairing.style.vectors import fixed_point

BATCH_ROWS = 1_024  # arrays of rows * shortlist * 48 earlier items stay within 15 MB
SCORE_WEIGHT = 0.6  # of confidence; the rest is the pattern's own confidence
DIGITS = 4


class IdeaChooser(Protocol):
    """Says which ideas are tried for each product of a batch."""

    def __call__(self, frame: pd.DataFrame, codes: ProductCodes, batch: pa.RecordBatch) -> Ints:
        """(rows, tries) into the ideas, NONE-padded."""


@dataclass(frozen=True, eq=False)
class ByNearestAnchors:
    """Ideas of the anchors most like the product."""

    neighbours: Neighbours

    def __call__(self, frame: pd.DataFrame, codes: ProductCodes, batch: pa.RecordBatch) -> Ints:  # noqa: ARG002
        """Reads the vector column."""
        return self.neighbours.ideas_for(codes, fixed_point(vectors_of(batch)))


@dataclass(frozen=True, eq=False)
class ByProductClass:
    """Ideas of the product's class: the values of `columns` decide."""

    columns: tuple[str, ...]
    owner: Mapping[tuple[str | None, ...], int]
    by_owner: Ints

    def __call__(self, frame: pd.DataFrame, codes: ProductCodes, batch: pa.RecordBatch) -> Ints:  # noqa: ARG002
        """Reads `columns` only."""
        values = [[value if isinstance(value, str) else None for value in frame[name]] for name in self.columns]
        return self.by_owner[[self.owner[key] for key in zip(*values, strict=True)]]


@dataclass(frozen=True, eq=False)
class Recommender:
    """Recommendations for the products of one partition.

    In: INPUT_COLUMNS, name and vector. Out: columns of a recommendations table, one row per outfit.
    """

    choose: IdeaChooser
    space: StyleSpace
    assembler: Assembler
    source: str
    owner_ids: tuple[str | None, ...]  # per owner the anchor's id, or None
    schema: pa.Schema

    def __call__(self, batches: Iterable[pa.RecordBatch]) -> Iterator[pa.RecordBatch]:
        """Arrow batches in, Arrow batches out."""
        for batch in batches:
            for start in range(0, batch.num_rows, BATCH_ROWS):
                part = batch.slice(start, BATCH_ROWS)
                frame = part.select([*INPUT_COLUMNS, "name"]).to_pandas()
                codes = self.assembler.tables.encode(frame, self.space.of(part))
                tried = self.choose(frame, codes, part)
                some = np.flatnonzero((tried != NONE).any(axis=1))  # what is nothing to wear has no ideas
                if len(some):
                    ids, codes = frame["product_id"].to_numpy(dtype=object)[some], codes.take(some)
                    yield self._rows(ids, codes, self.assembler.assemble(ids, codes, tried[some]))

    def _rows(self, ids: npt.NDArray[np.object_], codes: ProductCodes, outfits: Outfits) -> pa.RecordBatch:
        row, place = np.nonzero(outfits.idea != NONE)
        idea, picks = outfits.idea[row, place], outfits.picks[row, place]
        score = outfits.score[row, place]
        ideas, candidates = self.assembler.ideas.ideas, self.assembler.pools.product_id
        own = ids[row]
        owner = [self.owner_ids[ideas[number].owner] for number in idea]
        columns = {
            "product_id": pa.array(own, pa.string()),
            "rank": pa.array(place + 1, pa.int32()),
            "outfit_id": pa.array([_outfit_id(one, candidates[its[its != NONE]]) for one, its in zip(own, picks, strict=True)]),
            "source": pa.array([self.source] * len(row), pa.string()),
            "pattern_id": pa.array([ideas[number].pattern_id for number in idea], pa.string()),
            "pattern_name": pa.array([ideas[number].name for number in idea], pa.string()),
            "anchor_product_id": pa.array(owner, pa.string()),
            "occasion": pa.array([ideas[number].occasion for number in idea], pa.string()),
            "score": pa.array(_rounded(score), pa.float64()),
            "confidence": pa.array(_rounded(self._confidence(score, idea)), pa.float64()),
            "items": self._items(codes.take(row), idea, picks, outfits.item_score[row, place]),
        }
        return pa.RecordBatch.from_arrays([columns[name] for name in self.schema.names], schema=self.schema)

    def _confidence(self, score: Floats, idea: Ints) -> Floats:
        pattern = self.assembler.ideas.confidence[idea]
        return np.float32(BASE_CONFIDENCE[self.source]) * (SCORE_WEIGHT * score + (1 - SCORE_WEIGHT) * pattern)

    def _items(self, codes: ProductCodes, idea: Ints, picks: Ints, scores: Floats) -> pa.Array:
        """The items of each outfit as list<struct<slot, product_id, score, reasons>>."""
        there = picks != NONE
        candidate = picks[there]
        picked = self.assembler.pools.codes.take(candidate)
        product = codes.take(np.nonzero(there)[0])
        struct = pa.StructArray.from_arrays(
            [
                pa.array(SLOTS, pa.string()).take(pa.array(self.assembler.tables.slot[picked.traits])),
                pa.array(self.assembler.pools.product_id[candidate], pa.string()),
                pa.array(_rounded(scores[there]), pa.float64()),
                self._reasons(product, picked, (idea[:, None] * MOST_ITEMS + np.arange(MOST_ITEMS))[there]),
            ],
            fields=list(self.schema.field("items").type.value_type),
        )
        return pa.ListArray.from_arrays(_offsets(there.sum(axis=1)), struct, type=self.schema.field("items").type)

    def _reasons(self, product: ProductCodes, picked: ProductCodes, asked: Ints) -> pa.Array:
        tables, ideas = self.assembler.tables, self.assembler.ideas
        words = pa.array((*tables.reasons, *ideas.reasons), pa.string())
        number = np.stack(
            [
                tables.colour_reason[product.colour, picked.colour],
                tables.dress_reason[product.traits, picked.traits],
                asked + len(tables.reasons),
            ],
            axis=1,
        )
        said: Bools = number != NO_REASON
        return pa.ListArray.from_arrays(_offsets(said.sum(axis=1)), words.take(pa.array(number[said])))


def _outfit_id(product_id: str, items: npt.NDArray[np.object_]) -> str:
    return hashlib.sha256("\x1f".join(sorted([product_id, *items])).encode()).hexdigest()


def _offsets(lengths: Ints) -> pa.Array:
    return pa.array(np.concatenate([[0], np.cumsum(lengths)]), pa.int32())


def _rounded(values: Floats) -> npt.NDArray[np.float64]:
    return np.asarray(np.round(values.astype(np.float64), DIGITS), dtype=np.float64)
