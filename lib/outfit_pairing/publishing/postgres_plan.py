"""What has to be sent so that a side of Postgres holds a release: nothing, some products, or all."""

import logging
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from outfit_pairing.publishing.postgres_rows import source_of
from outfit_pairing.publishing.postgres_tables import SHOWN_OUTFITS, SHOWN_PRODUCTS, PostgresTable
from outfit_pairing.storage.store import TableStore
from outfit_pairing.storage.tables import ROLLBACK

if TYPE_CHECKING:
    from pyspark.sql import DataFrame

logger = logging.getLogger(__name__)

MOST_DIFFERENT = 0.2  # share of the products up to which differences are sent; above, all rows are quicker
MadeOf = Mapping[str, Sequence[Any]]  # table → [Delta's own id of it, its version]


@dataclass(frozen=True, slots=True)
class Side:
    """A side as Postgres has it.   made_of: what its rows are; empty where it was never filled."""

    name: str
    shown: bool
    number: int | None
    made_of: MadeOf


@dataclass(frozen=True, slots=True)
class Step:
    """How one table comes to hold the release.

    base: what its rows are before: `kept`, `copied` from the side that is shown, or `none`.
    touched: distinct product_id whose rows are sent; None: all rows.   count: of these products; 0: no row is sent.
    """

    table: PostgresTable
    base: str
    touched: "DataFrame | None"
    count: int


@dataclass(frozen=True, slots=True)
class Plan:
    """target: the side to fill and show. The shown one itself where the outfits are the same: then only products have changed, and
    what was shown before stays there for a rollback.
    """

    target: Side
    steps: tuple[Step, ...]

    @property
    def way(self) -> str:
        """In a word, for people."""
        if any(step.base == "none" for step in self.steps):
            return "all rows"
        if any(step.count for step in self.steps):
            return "differences"
        return "nothing new" if self.target.shown else "switched"


def latest_equal(releases: Sequence[Mapping[str, Any]], version: int) -> int:
    """The latest version of outfit_recommendations that holds the same rows, since a rollback makes a version anew.

    Args:    releases: rows of the table releases, by number.
    """
    for place, row in enumerate(releases):
        if row["kind"] == ROLLBACK:
            origin = next((one for one in reversed(releases[:place]) if one["shown_run_id"] == row["shown_run_id"]), None)
            if origin and origin["table_version"] == version:
                version = row["table_version"]
    return version


def plan(store: TableStore, sides: Sequence[Side], now: MadeOf, products: int, releases: Sequence[Mapping[str, Any]]) -> Plan:
    """What to send.    products: of the catalogue.    now: what Delta's tables are."""
    most = int(products * MOST_DIFFERENT)
    shown = next((side for side in sides if side.shown), None)
    spare = next(side for side in sides if not side.shown)

    def touched(table: PostgresTable, side: Side) -> "tuple[DataFrame, int] | None":
        return None if store.settings.full else _touched(store, table, side.made_of, now, releases)

    def step(table: PostgresTable, target: Side) -> Step:
        for side, base in ((target, "kept"), (shown, "copied")):
            found = touched(table, side) if side and (base == "kept" or side is not target) else None
            if found and found[1] <= most:
                return Step(table, base, *found)
        return Step(table, "none", None, products)

    same = touched(SHOWN_OUTFITS, shown) if shown else None
    if shown and same and not same[1]:
        return Plan(shown, (step(SHOWN_PRODUCTS, shown), Step(SHOWN_OUTFITS, "kept", *same)))
    return Plan(spare, tuple(step(table, spare) for table in (SHOWN_PRODUCTS, SHOWN_OUTFITS)))


def _touched(
    store: TableStore, table: PostgresTable, then: MadeOf, now: MadeOf, releases: Sequence[Mapping[str, Any]]
) -> "tuple[DataFrame, int] | None":
    """Products whose rows have changed, and how many; None where that cannot be told."""
    if table.name not in then or then[table.name][0] != now[table.name][0]:
        return None
    version = int(then[table.name][1])
    if table is SHOWN_OUTFITS:
        version = latest_equal(releases, version)
    if version == now[table.name][1]:
        return store.read(source_of(table)).select("product_id").limit(0), 0
    found = store.changed_since(source_of(table), version, "product_id")
    return None if found is None else (found, found.count())
