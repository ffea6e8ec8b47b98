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
POINT_BITS, MOST_POINTS = 22, 2 * POINTS  # a score lies between -1 and 1 + COLOUR_BONUS + LOT
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
        lot=hashes(f"{query.text}|{query.audience}|{tables.draws[query.traits]}" for query in queries) | np.uint64(1),
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
        query, row = self._eligible(frame, codes)
        if not len(query):
            return
        cosine = similarity(self.queries.vectors, fixed_point(vectors_of(batch)))
        score = cosine[self.queries.text[query], row] + np.float32(COLOUR_BONUS) * self.queries.colours[query, codes.colour[row]]
        score = score + np.float32(LOT) * lots(self.queries.lot[query], codes.hash[row])
        points = np.rint(score * np.float32(POINTS)).astype(np.int64)
        best.add(query, points, codes.hash[row])

    def _eligible(self, frame: pd.DataFrame, codes: ProductCodes) -> tuple[Ints, Ints]:
        """Pairs of query and row: judged per distinct kind of product, then spread over the rows."""
        kinds = pd.DataFrame({"t": codes.traits, "a": codes.audience, "n": frame["article_type"], "s": frame["in_stock"]})
        kind, distinct = _distinct(kinds)
        traits, audience = distinct["t"].to_numpy(), distinct["a"].to_numpy()
        queries, tables = self.queries, self.tables
        fits = _named(queries.type_names, distinct["n"].tolist())
        fits &= queries.slot[:, None] == tables.slot[traits]
        fits &= tables.audience[queries.audience][:, audience] & tables.allowed[queries.traits][:, traits]
        fits &= tables.offered[traits] & distinct["s"].to_numpy(dtype=bool)
        return _spread(fits, kind)


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
        order = _order(query, points, hash_)
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


def _order(query: Ints, points: Ints, hash_: npt.NDArray[np.uint64]) -> Ints:
    """By query, best first, ties by hash. Of one key, since sorting by three takes five times as long; then what is tied."""
    key = (query << POINT_BITS) | (MOST_POINTS - points)
    order = np.argsort(key)
    same = np.diff(key[order]) == 0
    tied = np.flatnonzero(np.append(same, False) | np.append(False, same))
    among = order[tied]
    order[tied] = among[np.lexsort((hash_[among], key[among]))]
    return order


def _named(wished: Sequence[frozenset[str]], names: Sequence[str | None]) -> Bools:
    """(queries, names): whether the query wishes for articles of that name."""
    distinct = {names_of: number for number, names_of in enumerate(dict.fromkeys(wished))}
    fits = np.array([[name in names_of for name in names] for names_of in distinct], dtype=bool)
    return fits.reshape(len(distinct), len(names))[[distinct[names_of] for names_of in wished]]


def _spread(fits: Bools, kind: Ints) -> tuple[Ints, Ints]:
    """Pairs of query and row, given which queries fit which kinds, (queries, kinds), and the kind of each row."""
    rows = np.argsort(kind, kind="stable")
    size = np.bincount(kind, minlength=fits.shape[1])
    start = np.cumsum(size) - size
    query, of_kind = np.nonzero(fits)
    times = size[of_kind]
    place = np.arange(times.sum()) - np.repeat(np.cumsum(times) - times, times)
    return np.repeat(query, times), rows[np.repeat(start[of_kind], times) + place]


def vectors_of(batch: pa.RecordBatch) -> Floats:
    """The vector column of a batch as (rows, dimensions) float32."""
    values: Floats = batch.column("vector").flatten().to_numpy(zero_copy_only=False)
    return values.reshape(batch.num_rows, -1)


def _distinct(frame: pd.DataFrame) -> tuple[Ints, pd.DataFrame]:
    """For each row the number of its kind, and the distinct kinds."""
    groups = frame.groupby(list(frame.columns), sort=False, dropna=False)
    return np.asarray(groups.ngroup(), dtype=np.int64), frame.drop_duplicates(ignore_index=True)
