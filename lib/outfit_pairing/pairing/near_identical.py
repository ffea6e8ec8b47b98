"""Near-identical products: the same item in another colour, print or size, found by name, attributes and likeness of text.

Two products are near-identical when audience, slot, article type and brand are the same and either their names agree once
colours, prints and sizes are taken out, or the cosine of their texts is at least LEAST_COSINE.
"""

from collections.abc import Iterable, Iterator
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
import pandas as pd
import pyarrow as pa

from outfit_pairing.pairing.candidates import INPUT_COLUMNS, vectors_of
from outfit_pairing.pairing.codes import Bools, Ints, ProductCodes, StyleTables
from outfit_pairing.style.item_names import ItemNames
from outfit_pairing.style.normalise import words
from outfit_pairing.style.vectors import Vectors, fixed_point, similarity

# Read off 1,500 products of a real catalogue: from here on what differs is the colour, its shade, or a word such as "classic".
LEAST_COSINE = 0.96
# An item comes in a dozen colours; a name that more products share is that of a whole line.
MOST_ALIKE = 12
POINTS = 1_000_000  # cosines are compared as whole millionths
SAME_NAME = 2 * POINTS  # added for an equal name, which counts more than any cosine
BATCH_ROWS = 1_024  # a batch's cosines with 5,000 models stay within 20 MB

COLUMNS = (*INPUT_COLUMNS, "name", "brand")
NEAR_SCHEMA = "item int, product_id string, points int"


@dataclass(frozen=True, eq=False)
class Models:
    """What products are compared with: the items of the looks, N of them."""

    product_id: npt.NDArray[np.object_]  # (N,)
    group: tuple[tuple[int, int, int, str], ...]  # (N,) equal = same article type, slot, audience and brand
    name: tuple[str | None, ...]  # (N,) what is left of the name, see ItemNames
    vectors: Vectors  # (N, dimensions), fixed point


def models_of(batch: pa.RecordBatch, tables: StyleTables, names: ItemNames) -> Models:
    """Models from products; `batch` has INPUT_COLUMNS, name, brand and vector."""
    frame = batch.select(list(COLUMNS)).to_pandas()
    return Models(
        product_id=frame["product_id"].to_numpy(dtype=object),
        group=tuple(_groups(frame, tables.encode(frame), tables)),
        name=tuple(_names(frame, np.arange(len(frame)), names)),
        vectors=fixed_point(vectors_of(batch)),
    )


@dataclass(frozen=True, eq=False)
class NearIdentical:
    """Finds products near-identical to the models.

    In: batches with INPUT_COLUMNS, name, brand and vector. Out: NEAR_SCHEMA, one row per model and product; `points` is
    the cosine in millionths (0 below LEAST_COSINE), with SAME_NAME added. A model is not near-identical to itself.
    """

    models: Models
    tables: StyleTables
    names: ItemNames

    def __call__(self, batches: Iterable[pa.RecordBatch]) -> Iterator[pa.RecordBatch]:
        """Arrow batches in, Arrow batches out."""
        members: dict[tuple[int, int, int, str], list[int]] = {}
        for number, group in enumerate(self.models.group):
            members.setdefault(group, []).append(number)
        for batch in batches:
            for start in range(0, batch.num_rows, BATCH_ROWS):
                yield self._found(batch.slice(start, BATCH_ROWS), members)

    def _found(self, batch: pa.RecordBatch, members: dict[tuple[int, int, int, str], list[int]]) -> pa.RecordBatch:
        frame = batch.select(list(COLUMNS)).to_pandas()
        rows_of: dict[tuple[int, int, int, str], list[int]] = {}
        for row, group in enumerate(_groups(frame, self.tables.encode(frame), self.tables)):
            if group in members:
                rows_of.setdefault(group, []).append(row)
        vectors = fixed_point(vectors_of(batch)) if rows_of else np.zeros((0, 0), dtype=np.float32)
        item, product, points = [], [], []
        for group, rows in rows_of.items():
            numbers, places = np.array(members[group]), np.array(rows)
            likeness = self._points(numbers, places, frame, vectors[places])
            likeness[frame["product_id"].to_numpy(dtype=object)[places][:, None] == self.models.product_id[numbers][None, :]] = 0
            place, number = np.nonzero(likeness)
            item.append(numbers[number])
            product.append(places[place])
            points.append(likeness[place, number])
        ids = frame["product_id"].to_numpy(dtype=object)[np.concatenate([*product, []]).astype(np.int64)]
        columns = [
            pa.array(np.concatenate([*item, []]).astype(np.int32), pa.int32()),
            pa.array(ids, pa.string()),
            pa.array(np.concatenate([*points, []]).astype(np.int32), pa.int32()),
        ]
        return pa.RecordBatch.from_arrays(columns, names=["item", "product_id", "points"])

    def _points(self, numbers: Ints, places: Ints, frame: pd.DataFrame, vectors: Vectors) -> Ints:
        """(products, models) points, 0 where they are not near-identical."""
        cosine = similarity(vectors, self.models.vectors[numbers])
        points = np.where(cosine >= np.float32(LEAST_COSINE), np.rint(cosine * np.float32(POINTS)), 0).astype(np.int64)
        theirs = np.array([self.models.name[number] for number in numbers], dtype=object)
        mine = np.array(_names(frame, places, self.names), dtype=object)
        said: Bools = np.array([one is not None for one in mine])
        found: Ints = points + SAME_NAME * ((mine[:, None] == theirs[None, :]) & said[:, None])
        return found


def best_near(found: pd.DataFrame) -> pd.DataFrame:
    """The MOST_ALIKE nearest of each item, in the order of item, points and product_id.

    A name that more products share is none: then likeness of text alone counts.
    Args:  found: columns of NEAR_SCHEMA, all rows of an item, in any order.
    """
    named = found["points"] >= SAME_NAME
    line = named & (named.groupby(found["item"]).transform("sum") > MOST_ALIKE)
    kept = found.assign(points=found["points"] - SAME_NAME * line)
    ordered = kept[kept["points"] > 0].sort_values(
        ["item", "points", "product_id"], ascending=[True, False, True], ignore_index=True
    )
    return ordered[ordered.groupby("item").cumcount() < MOST_ALIKE].reset_index(drop=True)


@dataclass(frozen=True, eq=False)
class BestNear:
    """`best_near` of a partition, which holds all rows of its items: of a large catalogue some thousand times what is kept."""

    def __call__(self, batches: Iterable[pa.RecordBatch]) -> Iterator[pa.RecordBatch]:
        """In and out: NEAR_SCHEMA."""
        held = list(batches)
        if held:
            frame = best_near(pa.Table.from_batches(held).to_pandas())
            yield pa.RecordBatch.from_pandas(frame, schema=held[0].schema, preserve_index=False)


def likeness_of(points: int) -> float:
    """How sure it is that two products are one item, in [LEAST_COSINE, 1]."""
    return 1.0 if points >= SAME_NAME else min(points / POINTS, 1.0)


def _groups(frame: pd.DataFrame, codes: ProductCodes, tables: StyleTables) -> Iterator[tuple[int, int, int, str]]:
    types, slots = tables.article_type[codes.traits].tolist(), tables.slot[codes.traits].tolist()
    brands = [" ".join(words(brand)) if isinstance(brand, str) else "" for brand in frame["brand"].tolist()]
    return zip(types, slots, codes.audience.tolist(), brands, strict=True)


def _names(frame: pd.DataFrame, rows: Ints, names: ItemNames) -> list[str | None]:
    part = frame.iloc[rows]
    columns = (part["name"].tolist(), part["article_type"].tolist(), part["brand"].tolist())
    return [
        names.of(name, _text(kind), _text(brand)) if isinstance(name, str) else None
        for name, kind, brand in zip(*columns, strict=True)
    ]


def _text(value: object) -> str | None:
    return value if isinstance(value, str) else None
