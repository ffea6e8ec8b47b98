"""The products of a release: those that there were when it was released, as the newest catalogue has them.

`ingest` writes `products` long before a run has its outfits, and before any gate is checked: of a feed that came in half, half the
products would vanish at once, and with them the outfits that hold them. So what has left the newest catalogue stays, with its
facts as of the release, until a release without it. Everything else is as it is now: prices and stock are worth most when fresh.
"""

import logging
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from outfit_pairing.errors import WarehouseError
from outfit_pairing.serving.columns import PRODUCT_NAMES, ProductColumns, ProductParts
from outfit_pairing.storage.delta_tables import DeltaTables
from outfit_pairing.storage.tables import PRODUCTS, ROLLBACK

logger = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True)
class Catalogue:
    """Products in memory.   versions: of table `products` that were read, newest first; a product is of the first that has it."""

    products: ProductColumns
    versions: tuple[int | None, ...]


class ReleasedProducts:
    """Reads the products of a release."""

    def __init__(self, tables: DeltaTables) -> None:
        self.tables = tables
        self._warned: int | None = None  # number of the release whose products could not be read

    def read(self, releases: Sequence[Mapping[str, Any]], newest: int | None, shown: Catalogue | None) -> Catalogue:
        """The products of the last of the releases; `shown` where they are the same.

        Args:    newest: version of `products`.
        Raises:  WarehouseError: the newest version cannot be read. An older one that cannot is done without, with a warning.
        """
        former = self._former(releases, newest)
        if shown and shown.versions == (newest, *former):
            return shown
        parts, versions = ProductParts(), [newest]
        parts.add(self.tables.batches(PRODUCTS, PRODUCT_NAMES, newest))
        for version in former:
            try:
                parts.add(self.tables.batches(PRODUCTS, PRODUCT_NAMES, version))
                versions.append(version)
            except WarehouseError as fault:
                self._warn(releases, fault.what)
        return Catalogue(parts.columns(), tuple(versions))

    def _former(self, releases: Sequence[Mapping[str, Any]], newest: int | None) -> list[int]:
        """Versions with other rows than the newest that the release needs."""
        if newest is None:
            return []
        try:
            found = self.tables.versions_at(PRODUCTS, _moments(releases))
        except WarehouseError as fault:
            self._warn(releases, fault.what)
            return []
        if None in found:
            self._warn(releases, f"the log of table {PRODUCTS.name} does not tell of that time")
        return list(dict.fromkeys(one for one in found if one is not None and one != newest))

    def _warn(self, releases: Sequence[Mapping[str, Any]], why: str) -> None:
        """Once per release: it is met again with each change of the catalogue."""
        number = _last(releases)["number"]
        if number != self._warned:
            told = "products as of release %s cannot be read (%s); what has left the catalogue since is not shown"
            logger.warning(told, number, why)
        self._warned = number


def _last(releases: Sequence[Mapping[str, Any]]) -> Mapping[str, Any]:
    return max(releases, key=lambda row: row["number"])


def _moments(releases: Sequence[Mapping[str, Any]]) -> list[datetime]:
    """When there were the products of the last release, the latest first.

    A rollback shows outfits of an earlier release, whose products may have gone by the time that it was made.
    """
    last = _last(releases)
    moments = [last["updated_at"]]
    if last["kind"] == ROLLBACK:
        same = (row for row in releases if row["shown_run_id"] == last["shown_run_id"] and row["kind"] != ROLLBACK)
        moments += [row["updated_at"] for row in sorted(same, key=lambda row: row["number"])[-1:]]
    return moments
