"""Whose outfits a change touches, found and mended by the driver where tables and change are small, as `changes` does by Spark."""

from collections.abc import Mapping
from dataclasses import dataclass
from functools import cached_property
from typing import TYPE_CHECKING, Any, TypeAlias, Union

import numpy as np
import numpy.typing as npt
import pyarrow as pa
import pyarrow.compute as pc

from outfit_pairing.pairing.mending import Mend
from outfit_pairing.storage.store import TableStore
from outfit_pairing.storage.tables import OUTFIT_PATTERNS, PATTERN_RECOMMENDATIONS, PRODUCTS, Table

if TYPE_CHECKING:
    from pyspark.sql import DataFrame

Ids: TypeAlias = Union["DataFrame", pa.Table]  # distinct product_id; as Arrow where the driver has them at hand
Product: TypeAlias = Mapping[str, Any]
MOST_BY_DRIVER = 5_000  # products that the driver pairs by itself; more are faster by Spark
NO_RANK = 0  # of an outfit that there is not yet
ROWS = pa.schema([("product_id", pa.string()), ("rank", pa.int32())])


@dataclass(frozen=True, eq=False)
class TouchedByDriver:
    """The same as `Touched`, where the driver holds it all.

    rows: ROWS, distinct; rank is null where all of the product's outfits are made anew, NO_RANK where there is only room for more,
    else that of one that cannot stay.
    held: the touched products' rows of the table.   changed: products that have changed since all outfits were made.
    """

    rows: pa.Table
    held: pa.Table
    changed: int

    @cached_property
    def product_id(self) -> pa.Table:
        """The products' ids, distinct."""
        return self.rows.group_by("product_id").aggregate([])

    @property
    def count(self) -> int:
        """Products."""
        return len(self.product_id)

    def mended(self, fresh: pa.Table) -> pa.Table:
        """`fresh`, made for the touched products, beside those of their rows that can stay."""
        whole = pc.is_null(self.rows["rank"])
        anew, broken = self.rows.filter(whole)["product_id"], self.rows.filter(pc.invert(whole))
        stand = self.held.filter(pc.invert(pc.is_in(self.held["product_id"], anew.combine_chunks())))
        numbered = stand.select(["product_id", "rank"]).append_column("row", pa.array(np.arange(len(stand))))
        stay = numbered.join(broken, ["product_id", "rank"], join_type="left anti")["row"]
        stand = stand.take(stay.combine_chunks()).select(fresh.column_names)
        both = pa.concat_tables(
            [
                fresh.append_column("stands", pa.repeat(False, len(fresh))),
                stand.append_column("stands", pa.repeat(True, len(stand))),
            ]
        )
        order = pc.sort_indices(both, [(name, "ascending") for name in ("product_id", "stands", "rank")])
        found = list(Mend()(both.take(order).combine_chunks().to_batches()))
        return pa.Table.from_batches(found, fresh.schema)

    def close(self) -> None:
        """Nothing was put aside."""


def changed_products(
    store: TableStore, version: int, ids: pa.Array, own: tuple[str, ...], worn: tuple[str, ...]
) -> tuple[set[str], set[str]]:
    """Ids of products whose outfits follow from something else since that version, and of those that others can no longer wear so.

    ids: of the few that have changed in any way.
    own: columns that a product's own outfits follow from.   worn: those that decide whether an item may stay in an outfit.
    Raises:  WarehouseError: the version is gone.
    """
    columns, asked = tuple(dict.fromkeys(("product_id", *own, *worn, "in_stock"))), ids.to_pylist()
    new, old = (
        {row["product_id"]: row for row in store.rows_of(PRODUCTS, columns, "product_id", asked, at)} for at in (None, version)
    )
    of_itself = {one for one in {*new, *old} if one not in new or one not in old or _differs(new[one], old[one], own)}
    lost = {one for one, row in old.items() if one not in new or _is_lost(new[one], row, worn)}
    return of_itself, lost


def _differs(new: Product, old: Product, columns: tuple[str, ...]) -> bool:
    return any(new[name] != old[name] for name in columns)


def _is_lost(new: Product, old: Product, worn: tuple[str, ...]) -> bool:
    return (old["in_stock"] and not new["in_stock"]) or _differs(new, old, worn)


def of_rank(product_ids: set[str], rank: int | None) -> pa.Table:
    """ROWS of these products."""
    ids = pa.array(sorted(product_ids), pa.string())
    return pa.table([ids, pa.array([rank] * len(ids), pa.int32())], ROWS)


def broken_outfits(store: TableStore, table: Table, lost: set[str]) -> pa.Table:
    """ROWS of outfits that hold a lost product, or whose pattern is gone; may repeat."""
    by_pattern = table is PATTERN_RECOMMENDATIONS
    outfits = store.held(table, ("product_id", "rank", "items", *(["pattern_id"] if by_pattern else [])))
    items = outfits["items"].combine_chunks()
    gone = pc.is_in(items.flatten().field("product_id"), pa.array(sorted(lost), pa.string()))
    marked: npt.NDArray[np.bool_] = np.zeros(len(outfits), dtype=bool)
    marked[pc.list_parent_indices(items).filter(gone).to_numpy()] = True
    if by_pattern:
        patterns = [row["pattern_id"] for row in store.rows(OUTFIT_PATTERNS, ("pattern_id",))]
        marked |= ~pc.is_in(outfits["pattern_id"], pa.array(patterns, pa.string())).to_numpy()
    return outfits.select(ROWS.names).filter(pa.array(marked)).cast(ROWS)
