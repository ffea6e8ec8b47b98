"""What a product's text says of its style, as a short vector of whole numbers.

A text's vector minus the mean of its article type and audience tells style apart from kind; what its colour adds is taken out
too, since colours are judged as colours: else an outfit would be of one colour throughout. The leading directions are kept, and
the moods that the name's words say stand beside them. The product of two such vectors, over UNIT squared, is what style
adds to the logarithm of the odds that people put the two together (`style.outfit_score`). All sums are of whole numbers, so
that they are exact in any order, and outfits have the same bits for any partitioning.
"""

import math
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt
import pandas as pd
import pyarrow as pa

from outfit_pairing.pairing.candidates import vectors_of
from outfit_pairing.pairing.codes import Floats, Ints, hashes
from outfit_pairing.pairing.learnt import LearntStyles
from outfit_pairing.style.moods import load_moods
from outfit_pairing.style.outfit_score import WEIGHTS
from outfit_pairing.style.vectors import fixed_point

Doubles = npt.NDArray[np.float64]
Groups = Mapping[tuple[str | None, ...], int]

KIND_COLUMNS = ("article_type", "audience")
COLOUR_COLUMNS = ("colour",)
STYLE_COLUMNS = ("name", *KIND_COLUMNS, *COLOUR_COLUMNS)
DIRECTIONS = 24  # kept of the encoder's dimensions
SHRUNK = 4.0  # products of all kinds that a kind's mean counts beside its own
FINE = 2_000  # a unit vector in whole numbers: sums of products stay below 2**24, where float32 is exact
UNIT = 600  # of the result; the longest row is sqrt(18 + 8) of them
SUMS_SCHEMA = "number int, size bigint, sums array<double>"


@dataclass(frozen=True, eq=False)
class MoodVectors:
    """Moods as vectors whose products are how well they go together. `usual`: (moods,) their mean; names that say nothing get 0."""

    roots: Doubles  # (moods, moods)
    usual: Doubles

    def of(self, frame: pd.DataFrame) -> Doubles:
        """(rows, moods) of names and article types, weighed as in an outfit's score."""
        moods = load_moods()
        said = [moods.of(f"{name} {kind or ''}").weights for name, kind in zip(frame["name"], frame["article_type"], strict=True)]
        rows = np.array([weights or (0.0,) * len(self.roots) for weights in said]).reshape(len(frame), len(self.roots)) @ self.roots
        length = np.sqrt(np.square(rows).sum(axis=1, keepdims=True))
        unit = rows / np.maximum(length, 1e-9)
        found: Doubles = math.sqrt(WEIGHTS["mood"]) * np.where(length > 0, unit - self.usual, 0.0)
        return found


@dataclass(frozen=True, eq=False)
class StyleSpace:
    """From texts' vectors and names to style vectors.

    groups: (article type, audience) and (colour,) → its number.   means: (groups, dimensions) whole numbers; a colour's is what
    it adds.
    directions: (DIRECTIONS, dimensions) whole numbers.
    """

    groups: Groups
    means: Floats
    directions: Floats
    moods: MoodVectors
    learnt: LearntStyles | None = None

    def of(self, batch: pa.RecordBatch) -> Floats:
        """(rows, width) of a batch with STYLE_COLUMNS and vector; whole numbers in float32."""
        frame = batch.select(list(STYLE_COLUMNS)).to_pandas()
        kinds, colours = groups_of(frame, self.groups)
        of_kind = fixed_point(vectors_of(batch)) - self.means[kinds]
        styles = (_unit(of_kind - self.means[colours]) @ self.directions.T).astype(np.float64) / FINE**2
        learnt = [] if self.learnt is None else [self.learnt.of(_unit(of_kind), FINE)]
        both = np.concatenate([math.sqrt(WEIGHTS["style"]) * styles, self.moods.of(frame), *learnt], axis=1)
        found: Floats = np.trunc(both * UNIT).astype(np.float32)
        return found

    def __call__(self, batches: Iterable[pa.RecordBatch]) -> Iterator[pa.RecordBatch]:
        """Batches with a column style in place of the vector."""
        for batch in batches:
            kept = [name for name in batch.schema.names if name != "vector"]
            rows = self.of(batch)
            offsets = np.arange(len(rows) + 1, dtype=np.int32) * np.int32(rows.shape[1])
            style = pa.ListArray.from_arrays(pa.array(offsets), pa.array(rows.ravel()))
            yield pa.RecordBatch.from_arrays([*(batch.column(name) for name in kept), style], names=[*kept, "style"])


@dataclass(frozen=True, eq=False)
class StyledRows:
    """The rows of some products with their style. In: STYLE_COLUMNS, vector and others. Out: all but the vector, and `style`."""

    space: StyleSpace
    asked: npt.NDArray[np.uint64]  # hashes of product_id, sorted

    def __call__(self, batches: Iterable[pa.RecordBatch]) -> Iterator[pa.RecordBatch]:
        """Arrow batches in, Arrow batches out."""
        for batch in batches:
            found = np.isin(hashes(batch.column("product_id").to_pylist()), self.asked)
            if found.any():
                yield from self.space([batch.filter(pa.array(found))])


def mood_vectors() -> MoodVectors:
    """Of the guide's moods."""
    values, basis = np.linalg.eigh(np.array(load_moods().alike))
    roots = basis * np.sqrt(np.maximum(values, 0.0))
    return MoodVectors(roots, roots.mean(axis=0))


def _unit(rows: Floats) -> Floats:
    """Rows of length FINE, in whole numbers."""
    length = np.sqrt(np.square(rows.astype(np.float64)).sum(axis=1, keepdims=True))
    found: Floats = np.trunc(rows * (FINE / np.maximum(length, 1.0))).astype(np.float32)
    return found


def groups_of(frame: pd.DataFrame, groups: Groups) -> tuple[Ints, Ints]:
    """The numbers of each row's kind and colour."""
    kinds, colours = (_keys(frame, names) for names in (KIND_COLUMNS, COLOUR_COLUMNS))
    return np.array([groups[key] for key in kinds], dtype=np.int64), np.array([groups[key] for key in colours], dtype=np.int64)


def number_groups(kinds: Iterable[Any], colours: Iterable[Any]) -> Groups:
    """Numbers for the distinct values of KIND_COLUMNS and of COLOUR_COLUMNS."""
    return {key: number for number, key in enumerate([*sorted(map(tuple, kinds), key=str), *sorted(map(tuple, colours), key=str)])}


def _keys(frame: pd.DataFrame, names: Sequence[str]) -> Iterator[tuple[str | None, ...]]:
    return zip(*([value if isinstance(value, str) else None for value in frame[name]] for name in names), strict=True)


@dataclass(frozen=True, eq=False)
class SumsPerGroup:
    """Count and sum of the vectors of each kind and colour in one partition, and the sums of products of their components."""

    groups: Groups

    def __call__(self, batches: Iterable[pa.RecordBatch]) -> Iterator[pa.RecordBatch]:
        """In: STYLE_COLUMNS, vector. Out: SUMS_SCHEMA, once."""
        counts, sums, moment = np.zeros(len(self.groups), dtype=np.int64), None, None
        for batch in batches:
            rows = fixed_point(vectors_of(batch)).astype(np.float64)
            if sums is None or moment is None:
                sums, moment = np.zeros((len(self.groups), rows.shape[1])), np.zeros((rows.shape[1], rows.shape[1]))
            for numbers in groups_of(batch.select([*KIND_COLUMNS, *COLOUR_COLUMNS]).to_pandas(), self.groups):
                order = np.argsort(numbers, kind="stable")
                there, starts = np.unique(numbers[order], return_index=True)
                sums[there] += np.add.reduceat(rows[order], starts)  # ten times as fast as np.add.at, and exact: whole numbers
                counts += np.bincount(numbers, minlength=len(counts))
            moment += rows.T @ rows
        if sums is not None and moment is not None:
            there = np.flatnonzero(counts)
            rows_of_moment = [moment_row(dimension) for dimension in range(len(moment))]
            yield _sums_batch([*rows_of_moment, *there], [*[0] * len(moment), *counts[there]], [*moment, *sums[there]])


@dataclass(frozen=True, eq=False)
class AddedSums:
    """In: SUMS_SCHEMA of several partitions. Out: the same, one row per number; exact, since all are whole numbers."""

    def __call__(self, batches: Iterable[pa.RecordBatch]) -> Iterator[pa.RecordBatch]:
        """Once per partition."""
        sizes: dict[int, int] = {}
        sums: dict[int, Doubles] = {}
        for batch in batches:
            for number, size, values in zip(*(batch.column(name) for name in ("number", "size", "sums")), strict=True):
                key, row = number.as_py(), values.values.to_numpy()
                sizes[key] = sizes.get(key, 0) + size.as_py()
                sums[key] = sums[key] + row if key in sums else row.copy()  # a view would keep its whole batch
        if sums:
            yield _sums_batch(list(sums), [sizes[key] for key in sums], list(sums.values()))


def moment_row(number: Any) -> Any:
    """The number under which a row of the sums of products travels, below those of groups; and back."""
    return -1 - number


def _sums_batch(numbers: list[Any], counts: list[Any], sums: list[Doubles]) -> pa.RecordBatch:
    return pa.RecordBatch.from_arrays(
        [
            pa.array(numbers, pa.int32()),
            pa.array(counts, pa.int64()),
            pa.array([one.tolist() for one in sums], pa.list_(pa.float64())),
        ],
        names=["number", "size", "sums"],
    )


def style_space(groups: Groups, found: pd.DataFrame) -> StyleSpace:
    """The space from the sums of all partitions."""
    if found.empty:
        return StyleSpace(groups, np.zeros((len(groups), 0), np.float32), np.zeros((0, 0), np.float32), mood_vectors())
    dimensions = len(found["sums"].iloc[0])
    of_moment, of_group = found[found["number"] < 0], found[found["number"] >= 0]
    moment = np.zeros((dimensions, dimensions))
    np.add.at(moment, moment_row(of_moment["number"].to_numpy()), np.array(of_moment["sums"].tolist()))
    number = of_group["number"].to_numpy()
    sums, counts = np.zeros((len(groups), dimensions)), np.zeros(len(groups))
    np.add.at(sums, number, np.array(of_group["sums"].tolist()))
    np.add.at(counts, number, of_group["size"].to_numpy())
    colour = np.array([len(key) == len(COLOUR_COLUMNS) for key in groups])
    centre = sums[colour].sum(axis=0) / counts[colour].sum()
    # each mean leans to that of all products, so that a rare kind is no product's own double
    means = (sums + SHRUNK * centre) / (counts + SHRUNK)[:, None]
    means[colour] -= centre
    within = moment - _scatter(sums[~colour], counts[~colour], 0 * centre)
    within -= _scatter(sums[colour], counts[colour], centre)
    _, basis = np.linalg.eigh(within)
    directions = basis[:, ::-1][:, : min(DIRECTIONS, dimensions)].T
    return StyleSpace(groups, np.rint(means).astype(np.float32), np.trunc(directions * FINE).astype(np.float32), mood_vectors())


def _scatter(sums: Doubles, counts: Doubles, centre: Doubles) -> Doubles:
    """(dimensions, dimensions) of the groups' means about a centre."""
    apart = sums / np.maximum(counts, 1)[:, None] - centre
    found: Doubles = (apart * counts[:, None]).T @ apart
    return found
