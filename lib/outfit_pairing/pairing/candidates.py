"""Candidates: the products that could fill each query, found in one pass over the catalogue.

A candidate must pass the hard filters (article type, audience, dress, stock); among those the best `k` by likeness of
text, wished colour, and a small fixed lot drawn per query and product, which spreads exposure over equals: without it the
same hundred products would be offered everywhere.
"""

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
import pandas as pd
import pyarrow as pa

from outfit_pairing.pairing.codes import CODED_COLUMNS, SLOT_CODES, Bools, Floats, Ints, ProductCodes, StyleTables, hashes, lots
from outfit_pairing.pairing.ideas import ItemQuery
from outfit_pairing.style.vectors import Vectors, fixed_point, similarity

COLOUR_BONUS = 0.12  # about the distance in cosine between the tenth and the hundredth best jeans
LOT = 0.25  # weight of the lot
POINTS = 1_000_000  # scores are compared as whole millionths
CHUNK_ROWS = 4_096
MERGED_ROWS = 1_000_000

CANDIDATE_SCHEMA = "query int, product bigint, points int"  # the product by its hash: ids of millions would fill the shuffle
INPUT_COLUMNS = ("product_id", *CODED_COLUMNS, "in_stock")


@dataclass(frozen=True, eq=False)
class Queries:
    """Queries as arrays. Texts are distinct: several queries may ask the same thing for other people."""

    text: Ints  # (Q,) into vectors
    vectors: Vectors  # (distinct texts, dimensions), fixed point
    slot: Ints  # (Q,)
    audience: Ints  # (Q,)
    traits: Ints  # (Q,) traits of those asked for
    type_names: tuple[frozenset[str], ...]
    colours: Bools  # (Q, C)
    lot: npt.NDArray[np.uint64]  # (Q,)


def as_queries(queries: Sequence[ItemQuery], texts: Sequence[str], vectors: npt.ArrayLike, tables: StyleTables) -> Queries:
    """Queries as arrays; `vectors` (n, dimensions) are the unit vectors of the distinct `texts` (n)."""
    row = {text: code for code, text in enumerate(texts)}
    colours = np.zeros((len(queries), len(tables.colour_codes)), dtype=bool)
    for number, query in enumerate(queries):
        colours[number, [tables.colour_codes[name] for name in query.colours if name in tables.colour_codes]] = True
    return Queries(
        text=np.array([row[query.text] for query in queries], dtype=np.int64),
        vectors=fixed_point(vectors),
        slot=np.array([SLOT_CODES[query.slot] for query in queries], dtype=np.int64),
        audience=np.array([query.audience for query in queries], dtype=np.int64),
        traits=np.array([query.traits for query in queries], dtype=np.int64),
        type_names=tuple(frozenset(query.article_types) for query in queries),
        colours=colours,
        lot=hashes(f"{query.text}|{query.audience}|{query.traits}" for query in queries) | np.uint64(1),
    )


@dataclass(frozen=True, eq=False)
class BestPerQuery:
    """The best `k` products per query of one partition.

    In: INPUT_COLUMNS and vector. Out: CANDIDATE_SCHEMA, once, at the end. Peak memory: CHUNK_ROWS * (texts * 4 + queries) bytes.
    """

    queries: Queries
    tables: StyleTables
    k: int

    def __call__(self, batches: Iterable[pa.RecordBatch]) -> Iterator[pa.RecordBatch]:
        """Arrow batches in, one Arrow batch out."""
        best = _Best(len(self.queries.text), self.k)
        for batch in batches:
            for start in range(0, batch.num_rows, CHUNK_ROWS):
                self._offer(batch.slice(start, CHUNK_ROWS), best)
        yield best.to_arrow()

    def _offer(self, batch: pa.RecordBatch, best: "_Best") -> None:
        frame = batch.select(list(INPUT_COLUMNS)).to_pandas()
        codes = self.tables.encode(frame)
        query, row = np.nonzero(self._eligible(frame, codes))
        if not len(query):
            return
        cosine = similarity(self.queries.vectors, fixed_point(vectors_of(batch)))
        score = cosine[self.queries.text[query], row] + np.float32(COLOUR_BONUS) * self.queries.colours[query, codes.colour[row]]
        score = score + np.float32(LOT) * lots(self.queries.lot[query], codes.hash[row])
        points = np.rint(score * np.float32(POINTS)).astype(np.int64)
        best.add(query, points, codes.hash[row])

    def _eligible(self, frame: pd.DataFrame, codes: ProductCodes) -> Bools:
        """(queries, rows): judged per distinct kind of product, then spread over the rows."""
        kinds = pd.DataFrame({"t": codes.traits, "a": codes.audience, "n": frame["article_type"], "s": frame["in_stock"]})
        kind, distinct = _distinct(kinds)
        traits, audience = distinct["t"].to_numpy(), distinct["a"].to_numpy()
        queries, tables = self.queries, self.tables
        wished = [[name in names for name in distinct["n"]] for names in queries.type_names]
        fits = np.array(wished, dtype=bool).reshape(len(queries.type_names), len(distinct))
        fits &= queries.slot[:, None] == tables.slot[traits]
        fits &= tables.audience[queries.audience][:, audience] & tables.allowed[queries.traits][:, traits]
        fits &= tables.offered[traits] & distinct["s"].to_numpy(dtype=bool)
        return fits[:, kind]


@dataclass(frozen=True, slots=True)
class BestOfAll:
    """The best `k` per query over all partitions of the catalogue.

    In: CANDIDATE_SCHEMA, all rows of a query in one partition. Out: the same columns, by query, best first.
    """

    queries: int
    k: int

    def __call__(self, batches: Iterable[pa.RecordBatch]) -> Iterator[pa.RecordBatch]:
        """Arrow batches in, one Arrow batch out."""
        best = _Best(self.queries, self.k)
        held: list[pa.RecordBatch] = []
        for batch in batches:
            held.append(batch)
            if sum(one.num_rows for one in held) >= MERGED_ROWS:  # sorting is what costs
                self._offer(held, best)
                held = []
        if held:
            self._offer(held, best)
        yield best.to_arrow()

    def _offer(self, held: list[pa.RecordBatch], best: "_Best") -> None:
        rows = pa.Table.from_batches(held)
        query, product, points = (rows[name].to_numpy() for name in ("query", "product", "points"))
        best.add(query.astype(np.int64), points.astype(np.int64), product.view(np.uint64))


class _Best:
    """Running best `k` per query: the highest points, ties by hash of the product id."""

    def __init__(self, queries: int, k: int) -> None:
        self.k = k
        self.query: Ints = np.empty(0, dtype=np.int64)
        self.points: Ints = np.empty(0, dtype=np.int64)
        self.hash: npt.NDArray[np.uint64] = np.empty(0, dtype=np.uint64)
        self.least = np.full(queries, np.iinfo(np.int64).min, dtype=np.int64)  # points to beat, once `k` are there

    def add(self, query: Ints, points: Ints, hash_: npt.NDArray[np.uint64]) -> None:
        chance = points >= self.least[query]
        query = np.concatenate([self.query, query[chance]])
        points = np.concatenate([self.points, points[chance]])
        hash_ = np.concatenate([self.hash, hash_[chance]])
        order = np.lexsort((hash_, -points, query))
        query = query[order]
        starts = np.searchsorted(query, np.arange(len(self.least)))
        place = np.arange(len(query)) - starts[query]
        kept = order[place < self.k]
        self.query, self.points, self.hash = query[place < self.k], points[kept], hash_[kept]
        last = place[place < self.k] == self.k - 1
        self.least[self.query[last]] = self.points[last]

    def to_arrow(self) -> pa.RecordBatch:
        return pa.RecordBatch.from_arrays(
            [pa.array(self.query, pa.int32()), pa.array(self.hash.view(np.int64), pa.int64()), pa.array(self.points, pa.int32())],
            names=["query", "product", "points"],
        )


def vectors_of(batch: pa.RecordBatch) -> Floats:
    """The vector column of a batch as (rows, dimensions) float32."""
    values: Floats = batch.column("vector").flatten().to_numpy(zero_copy_only=False)
    return values.reshape(batch.num_rows, -1)


def _distinct(frame: pd.DataFrame) -> tuple[Ints, pd.DataFrame]:
    """For each row the number of its kind, and the distinct kinds."""
    groups = frame.groupby(list(frame.columns), sort=False, dropna=False)
    return np.asarray(groups.ngroup(), dtype=np.int64), frame.drop_duplicates(ignore_index=True)
