"""Selection as Spark and the driver call it: Arrow in and out, one table per stratum or per batch, nothing but numpy between."""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field

import numpy as np
import pyarrow as pa

from outfit_pairing.anchors.selection import Place, Rows, choose, likeness, stand_for
from outfit_pairing.style.vectors import Vectors, fixed_point

CHOSEN = "stratum string, slot string, audience string, product_id string, vector array<float>, incumbent boolean, place int"
STANDING = "anchor int, products bigint"
MOST_CELLS = 2_000_000  # products × anchors compared at once: 16 MB per array


def vectors_of(column: pa.ListArray | pa.ChunkedArray) -> Vectors:
    """A column of equally long, non-null lists as fixed-point rows: (rows, dimensions)."""
    array = column.combine_chunks() if isinstance(column, pa.ChunkedArray) else column
    return fixed_point(array.flatten().to_numpy(zero_copy_only=False).reshape(len(array), -1))


def choose_anchors(stratum: pa.Table, numbers: Mapping[str, int]) -> pa.Table:
    """For `applyInArrow`: the anchors of one stratum, in columns CHOSEN, `place` being the order of choice.

    Peak: MOST_PER_STRATUM² × 4 bytes, some times.

    Args:    stratum: those columns without `place`, and `sampled`; rows in any order.   numbers: anchors per stratum.
    """
    rows = stratum.sort_by("product_id")
    sampled, incumbents = (np.asarray(rows[name], dtype=np.bool_) for name in ("sampled", "incumbent"))
    alike = likeness(vectors_of(rows["vector"]), np.asarray(rows["slot"], dtype=np.str_), sampled)
    # fewer rows than anchors come when vectors are missing, which the stage reports
    number = min(numbers[rows["stratum"][0].as_py()], int(sampled.sum()))
    chosen = choose(alike, sampled, incumbents, number)
    places = pa.array(range(len(chosen)), pa.int32())
    return rows.take(pa.array(chosen)).drop_columns("sampled").append_column("place", places)


@dataclass(frozen=True)
class StandFor:
    """For `mapInArrow`: how many products of a partition each anchor stands for, in columns STANDING.

    In: stratum, slot, audience, vector. Peak: MOST_CELLS × 8 bytes, some times.
    """

    places: Sequence[Place]
    anchors: Vectors  # (anchors, dimensions) fixed point
    _known: dict[Place, Rows] = field(default_factory=dict, repr=False)

    def __call__(self, batches: Iterable[pa.RecordBatch]) -> Iterator[pa.RecordBatch]:
        """One batch of counts for the partition."""
        counts = np.zeros(len(self.places), dtype=np.int64)
        chunk = max(1, MOST_CELLS // len(self.places))
        for batch in batches:
            for offset in range(0, batch.num_rows, chunk):
                counts += self._counts(batch.slice(offset, chunk))
        yield pa.record_batch({"anchor": pa.array(range(len(counts)), pa.int32()), "products": pa.array(counts)})

    def _counts(self, batch: pa.RecordBatch) -> Rows:
        keys = [Place(*key) for key in zip(*(batch[name].to_pylist() for name in ("stratum", "slot", "audience")), strict=True)]
        codes = {key: code for code, key in enumerate(dict.fromkeys(keys))}
        nearness = np.stack([self._nearness(place) for place in codes])[[codes[key] for key in keys]]
        anchors = stand_for(vectors_of(batch["vector"]), nearness, self.anchors)
        return np.bincount(anchors, minlength=len(self.places))

    def _nearness(self, place: Place) -> Rows:
        if place not in self._known:
            self._known[place] = np.array([place.nearness(anchor) for anchor in self.places], dtype=np.int64)
        return self._known[place]
