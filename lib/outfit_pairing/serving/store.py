"""Where the service reads the released result from. Every answer comes from one release, never from two."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Protocol

from outfit_pairing.errors import OutfitPairingError
from outfit_pairing.publishing.outfits import ProductOutfits, ShownProduct


class StoreNotReady(OutfitPairingError):  # noqa: N818 - named for what is the case, as the others
    """The store cannot answer now: unreachable, empty, or written in half.   retry_after_s: when to ask again."""

    def __init__(self, what: str, retry_after_s: int = 5) -> None:
        super().__init__(what)
        self.retry_after_s = retry_after_s


@dataclass(frozen=True, slots=True)
class Release:
    """Which result is shown.   number: counts up with every switch.   products: that have outfits.   outfits: theirs.

    edition: changes with whatever else answers are made of, such as stock and prices, while the number stays; part of ETags.
    """

    number: int
    run_id: str
    released_at: datetime
    products: int
    outfits: int
    edition: str = ""


@dataclass(frozen=True, slots=True)
class Found:
    """Products with their outfits, by product_id, as one release has them; ids that it does not know are left out."""

    release: Release
    products: Mapping[str, ProductOutfits]


@dataclass(frozen=True, slots=True)
class Hits:
    """Products that a search has found, best first.   total: all of them, of which `products` is one page."""

    release: Release
    products: Sequence[ShownProduct]
    total: int


@dataclass(frozen=True, slots=True)
class Metric:
    """A row of quality_metrics.   passed: None for a figure without a gate."""

    run_id: str
    metric: str
    value: float | None
    threshold: float | None
    passed: bool | None
    detail: str | None
    updated_at: datetime


@dataclass(frozen=True, slots=True)
class Quality:
    """What check-quality measured: on the run that is shown, and on the runs up to it, oldest first."""

    release: Release
    metrics: Sequence[Metric]
    history: Sequence[Metric]


class Store(Protocol):
    """Reads one released result. Every method raises StoreNotReady while there is none that is whole."""

    async def open(self) -> None:
        """Connect, or load. Does not raise when the store is away: it may come back."""

    async def close(self) -> None:
        """Let go of what was opened."""

    async def release(self) -> Release:
        """Which result is shown now; cheap, asked with every request."""

    async def outfits_of(self, product_ids: Sequence[str]) -> Found:
        """These products and all their outfits by rank, also those with items that are out of stock."""

    async def search(self, query: str, limit: int, offset: int = 0) -> Hits:
        """Products whose id, name, type or colour hold all words of the query, those with outfits first; all for no word."""

    async def quality(self) -> Quality:
        """What was measured."""
