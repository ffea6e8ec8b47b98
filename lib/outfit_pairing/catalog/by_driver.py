"""The rows of a catalogue that is small enough for the driver, judged by Arrow: as `by_spark` does it, in a tenth of the time."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import Any

import numpy as np
import numpy.typing as npt
import pyarrow as pa
import pyarrow.compute as pc

from outfit_pairing.catalog.product_rows import NOTES
from outfit_pairing.catalog.rejects import reject
from outfit_pairing.storage import TableStore
from outfit_pairing.storage.tables import PRODUCTS, REJECTED_PRODUCTS

THIRDS = (1 / 3, 2 / 3)
TIERS = ("budget", "mid", "premium")


@dataclass(frozen=True, eq=False)
class JudgedByDriver:
    """The same questions as `JudgedBySpark` answers.   rows: in `product_rows.ARROW_SCHEMA`.   source: name of the catalogue."""

    rows: pa.Table
    source: str

    @cached_property
    def summary(self) -> Sequence[Mapping[str, Any]]:
        """By slot and reason code: rows, those with a price, without an audience, with each note."""
        figures = [([], "count_all"), ("price", "count"), ("audience", "count", pc.CountOptions(mode="only_null"))]
        found = self._judged.group_by(["slot", "reason_code"]).aggregate([*figures, *((note, "sum") for note in NOTES)])
        names = {"count_all": "rows", "price_count": "priced", "audience_count": "without_audience"}
        names |= {f"{note}_sum": note for note in NOTES}
        named = found.rename_columns(names).to_pylist()
        return [{**row, **{note: row[note] or 0 for note in NOTES}} for row in named]

    def unknown_types(self, most: int) -> Sequence[Mapping[str, Any]]:
        """The most frequent article types that the style guide does not know: unknown_type, slot, times, mean confidence."""
        unknown = self._products.filter(pc.field("unknown_article_type")).group_by(["unknown_type", "slot"])
        found = unknown.aggregate([([], "count_all"), ("confidence", "mean")])
        found = found.rename_columns({"count_all": "times", "confidence_mean": "confidence"})
        order = [("times", "descending"), ("unknown_type", "ascending"), ("slot", "ascending")]
        return list(found.sort_by(order).slice(0, most).to_pylist())

    def products(self) -> pa.Table:
        """The products, in the table's columns."""
        return with_price_tiers(self._products).select(PRODUCTS.arrow_schema.names)

    def rejected(self) -> pa.Table:
        """The refused rows, in the table's columns."""
        rows = self._judged.filter(pc.is_valid(self._judged["reason_code"]))
        rows = rows.append_column("source", pa.repeat(self.source, len(rows)))
        return rows.select(REJECTED_PRODUCTS.arrow_schema.names)

    def rejects_stand(self, store: TableStore) -> bool:
        """Whether the table holds these rejects already, under whatever run."""
        rows = self.rejected().sort_by("line_number")
        if store.count(REJECTED_PRODUCTS) != len(rows):  # of yesterday's there may be any number
            return False
        return bool(store.held(REJECTED_PRODUCTS, rows.column_names).sort_by("line_number").equals(rows))

    @cached_property
    def _judged(self) -> pa.Table:
        return refuse_duplicates(self.rows)

    @cached_property
    def _products(self) -> pa.Table:
        return self._judged.filter(pc.is_null(self._judged["reason_code"]))


def refuse_duplicates(rows: pa.Table) -> pa.Table:
    """`rows`, which are in file order, with every product but the first of each id refused."""
    sound = np.flatnonzero(pc.is_null(rows["reason_code"]))
    ids = rows["product_id"].combine_chunks().take(pa.array(sound))
    codes = ids.dictionary_encode().indices.to_numpy(zero_copy_only=False)
    first = sound[np.unique(codes, return_index=True)[1]][codes] if len(codes) else sound
    again = np.flatnonzero(first != sound)
    if not len(again):
        return rows
    lines = rows["line_number"].take(pa.array(first[again])).to_pylist()
    faults = [
        reject("duplicate_id", product_id=one, first_line=line)
        for one, line in zip(ids.take(pa.array(again)).to_pylist(), lines, strict=True)
    ]
    rows, mask = rows.combine_chunks(), np.zeros(len(rows), dtype=bool)
    mask[sound[again]] = True
    for name in ("reason_code", "reason"):
        said = pa.array([getattr(fault, name) for fault in faults], pa.string())
        place = rows.schema.get_field_index(name)
        rows = rows.set_column(place, rows.schema.field(place), pc.replace_with_mask(rows[name], pa.array(mask), said))
    return rows


def with_price_tiers(products: pa.Table) -> pa.Table:
    """`products` with budget, mid or premium: thirds of the prices of the same slot and currency; null without a price."""
    codes = np.zeros(len(products), dtype=np.int64)
    for name in ("slot", "currency"):
        coded = products[name].combine_chunks().dictionary_encode()
        indices = pc.fill_null(coded.indices, -1).to_numpy(zero_copy_only=False)
        codes = codes * (len(coded.dictionary) + 1) + indices + 1
    price = products["price"].to_numpy()
    tier = np.full(len(products), -1)
    priced = np.flatnonzero(pc.is_valid(products["price"]))
    for group in np.unique(codes[priced]):
        its = priced[codes[priced] == group]
        tier[its] = np.searchsorted(percentiles(np.sort(price[its])), price[its])
    words = pa.array(TIERS, pa.string()).take(pa.array(tier, pa.int64(), mask=tier < 0))
    return products.append_column("price_tier", words)


def percentiles(ordered: npt.NDArray[np.float64]) -> npt.NDArray[np.float64]:
    """The first and second third of prices in order, between two of them as Spark's `percentile` has it, to the bit."""
    found = []
    for share in THIRDS:
        place = (len(ordered) - 1) * share
        low, high = int(np.floor(place)), int(np.ceil(place))
        whole = low == high or ordered[low] == ordered[high]
        found.append(ordered[low] if whole else (high - place) * ordered[low] + (place - low) * ordered[high])
    return np.array(found)
