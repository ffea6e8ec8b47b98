"""What selection asks of the products, where the driver holds them: as `by_spark` answers it, without moving any vector."""

import hashlib
from collections import Counter, defaultdict
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from outfit_pairing.anchors.kernels import StandFor, choose_anchors
from outfit_pairing.anchors.strata import KIND, MOST_PER_STRATUM, UNSAID, Kind

COLUMNS = ("product_id", *KIND, "category", "audience", "usage", "season")
BATCH_ROWS = 10_000


@dataclass(frozen=True, eq=False)
class ProductsByDriver:
    """The same questions as `ProductsBySpark` answers.

    held: COLUMNS and vector, null where there is none yet.   anchors: ids of those of the last run.
    """

    held: pa.Table
    anchors: Collection[str]

    def census(self) -> Sequence[Mapping[str, Any]]:
        """By stratum and kind: `products`, and of these anchors of the last run `incumbents`."""
        found = self._products.group_by(["stratum", "category", *KIND]).aggregate([([], "count_all"), ("incumbent", "sum")])
        names = {"count_all": "products", "incumbent_sum": "incumbents"}
        return list(found.rename_columns(names).to_pylist())

    def chosen(self, never: frozenset[Kind], order: Sequence[str]) -> pa.Table:
        """The anchors in order of product_id, with the columns CHOSEN.   order: a stratum for each."""
        numbers = dict(Counter(order))
        columns = ["stratum", "slot", "audience", "product_id", "vector", "incumbent"]
        in_numbers = pc.is_in(self._products["stratum"], pa.array(numbers, pa.string()))
        rows = self._products.select(columns).filter(pc.and_(self._able(never), in_numbers)).combine_chunks()
        its: dict[str, list[int]] = defaultdict(list)
        for number, stratum in enumerate(rows["stratum"].to_pylist()):
            its[stratum].append(number)
        ids = rows["product_id"].to_pylist()
        samples = (_sample(rows, ids, its[stratum]) for stratum in numbers)
        found = [choose_anchors(sample, numbers) for sample in samples if len(sample)]
        nobody = rows.slice(0, 0).append_column("place", pa.array([], pa.int32()))
        return pa.concat_tables([nobody, *found]).sort_by("product_id")

    def represented(self, never: frozenset[Kind], kernel: StandFor) -> dict[int, int]:
        """How many products each anchor stands for."""
        able = pc.and_(self._able(never), pc.is_valid(self._products["vector"]))
        rows = self._products.select(["stratum", "slot", "audience", "vector"]).filter(able)
        counts = pa.Table.from_batches(kernel(rows.to_batches(BATCH_ROWS))).to_pylist()
        return {row["anchor"]: row["products"] for row in counts}

    @cached_property
    def _products(self) -> pa.Table:
        category = pc.coalesce(self.held["category"], self.held["slot"])
        said = [pc.fill_null(self.held[name], UNSAID) for name in ("audience", "usage", "season")]
        stratum = pc.binary_join_element_wise(category, *said, " | ")
        incumbent = pc.is_in(self.held["product_id"], pa.array(sorted(self.anchors), pa.string()))
        products = self.held.set_column(self.held.column_names.index("category"), "category", category)
        return products.append_column("stratum", stratum).append_column("incumbent", incumbent)

    def _able(self, never: frozenset[Kind]) -> pa.BooleanArray:
        """Whether each product may be an anchor."""
        kinds = zip(*(self._products[name].to_pylist() for name in KIND), strict=True)
        return pa.array([kind not in never for kind in kinds], pa.bool_())


def _sample(rows: pa.Table, ids: Sequence[str], its: Sequence[int]) -> pa.Table:
    """Rows of one stratum that selection looks at: the first by the hash of product_id, and the incumbents; those with a vector."""
    in_order = sorted(its, key=lambda one: (hashlib.sha256(ids[one].encode()).hexdigest(), ids[one]))
    found = rows.take(pa.array(in_order))
    found = found.append_column("sampled", pa.array(np.arange(len(found)) < MOST_PER_STRATUM))
    return found.filter(pc.and_(pc.or_(found["sampled"], found["incumbent"]), pc.is_valid(found["vector"])))
