"""The store that needs no server: the released tables of a warehouse, held as columns in this process.

Which result is shown is what table `releases` says last; its outfits are read at the version named there, and its products stay as
`released_products` tells, so that a run that is writing, or has failed, takes nothing away. A look at the versions every
`serve.poll_s` finds what is new; it is loaded beside what is shown and takes its place in one assignment. Where that fails, what is
shown stays.
"""

import asyncio
import contextlib
import gc
import logging
import time
from collections.abc import Sequence
from concurrent.futures import Future, ThreadPoolExecutor
from dataclasses import dataclass
from functools import cached_property, lru_cache
from typing import TYPE_CHECKING

import pyarrow as pa

from outfit_pairing.errors import SettingsError, WarehouseError, installing
from outfit_pairing.publishing.outfits import ProductOutfits, ShownProduct
from outfit_pairing.publishing.without_outfits import absence_of
from outfit_pairing.serving.columns import OUTFIT_CODED, OUTFIT_NAMES, OutfitColumns
from outfit_pairing.serving.released_products import Catalogue, ReleasedProducts
from outfit_pairing.serving.searching import Search
from outfit_pairing.serving.store import Found, Hits, Metric, Quality, Release, StoreNotReady
from outfit_pairing.storage.delta_tables import DeltaTables
from outfit_pairing.storage.migrations import known_version
from outfit_pairing.storage.places import absolute
from outfit_pairing.storage.tables import FEEDBACK, OUTFIT_RECOMMENDATIONS, PRODUCTS, QUALITY_METRICS, RELEASES
from outfit_pairing.style.vocabulary import load_style_guide

if TYPE_CHECKING:
    from outfit_pairing.settings import Settings

logger = logging.getLogger(__name__)

PRODUCTS_KEPT = 65_536  # shown products that are kept once they were made: some hundred bytes each
RUNS_KEPT = 30  # of the history of quality
METRIC_COLUMNS = ("run_id", "metric", "value", "threshold", "passed", "detail", "updated_at")
RELEASE_COLUMNS = ("number", "shown_run_id", "table_version", "kind", "products", "outfits", "updated_at")
READ = (RELEASES, OUTFIT_RECOMMENDATIONS, PRODUCTS, QUALITY_METRICS)
Versions = tuple[int | None, int | None, int | None]


class Snapshot:
    """One released result, whole and never changed."""

    def __init__(
        self, release: Release, outfits: OutfitColumns, catalogue: Catalogue, metrics: Sequence[Metric], versions: Versions
    ) -> None:
        self.release, self.outfits, self.catalogue, self.versions = release, outfits, catalogue, versions
        self.products = catalogue.products
        self.quality = _quality(release, metrics)
        self._search = Search.of(self.products, outfits.rows)
        self.shown = lru_cache(maxsize=PRODUCTS_KEPT)(self._shown)

    def of(self, product_id: str) -> ProductOutfits | None:
        """A product and its outfits; None when the catalogue does not have it."""
        if product_id not in self.products.rows:
            return None
        outfits = self.outfits.outfits(product_id, self.shown)
        return ProductOutfits(self.shown(product_id), outfits, None if outfits else self._absence(product_id))

    def search(self, query: str, limit: int, offset: int) -> Hits:
        """See Store.search."""
        rows = self._search.rows(query)
        ids = self.products.plain["product_id"]
        page = [self.shown(ids[row].as_py()) for row in rows[offset : offset + limit].tolist()]
        return Hits(self.release, page, len(rows))

    def _shown(self, product_id: str) -> ShownProduct:
        row = self.products.rows.get(product_id)
        if row is None:  # had left the catalogue when it was released, or nobody can tell any more what it was
            return ShownProduct(product_id, *[None] * 8)
        return self.products.shown(row)

    def _absence(self, product_id: str) -> str:
        product = self.products.styled(self.products.rows[product_id])
        return absence_of(product, load_style_guide(), self._stocked).reason

    @cached_property
    def _stocked(self) -> dict[str, tuple[str, ...]]:
        return self.products.stocked()


@dataclass(slots=True)
class Loading:
    """How looking for a newer result has gone.   loads, faults: counted since the start.   seconds: of the last load."""

    loads: int = 0
    faults: int = 0
    seconds: float = 0.0
    fault: str = ""


class DeltaStore:
    """See Store. What is shown is replaced in one assignment; a request keeps the snapshot that it has begun with."""

    def __init__(self, settings: "Settings") -> None:
        """Checks the settings; reads nothing.    Raises:  SettingsError: tables have no place, or a package is missing."""
        try:
            import deltalake  # noqa: F401 - whether it is there
        except ImportError:
            raise SettingsError(f"the service needs more packages: {installing('serve')}") from None
        self.tables = DeltaTables(_root(settings))
        self.poll_s = settings.serve.poll_s
        self._used = (*READ, FEEDBACK) if settings.serve.feedback == "delta" else READ
        self._released_products = ReleasedProducts(self.tables)
        self.loading = Loading(fault="the released outfits are being loaded")
        self._snapshot: Snapshot | None = None
        self._polling: asyncio.Task[None] | None = None
        self._ahead: Future[Snapshot | None] | None = None

    def load_ahead(self) -> "Future[None]":
        """Begin to load in a thread, so that the time that it takes to import a web framework is not lost; `open` waits for it.

        Returns: what `refuse_newer` finds, which is known before anything is loaded.
        """
        loader = ThreadPoolExecutor(1, "load-ahead")
        looked = loader.submit(self.refuse_newer)
        self._ahead = loader.submit(self._load_if_new)
        loader.shutdown(wait=False)
        return looked

    def refuse_newer(self) -> None:
        """Look whether this package knows the tables as they are. Those that are missing or cannot be read are for `open` to tell.

        Raises:  WarehouseError: one is of a newer schema version.
        """
        for table in self._used:
            try:
                properties = self.tables.properties(table)
            except WarehouseError:
                continue
            known_version(table, properties)

    async def open(self) -> None:
        """See Store.open."""
        await self.refresh()
        self._polling = asyncio.create_task(self._poll())

    async def close(self) -> None:
        """See Store.close."""
        if self._polling:
            self._polling.cancel()
            with contextlib.suppress(asyncio.CancelledError):
                await self._polling

    async def release(self) -> Release:
        """See Store.release."""
        return self._now().release

    async def outfits_of(self, product_ids: Sequence[str]) -> Found:
        """See Store.outfits_of."""
        snapshot = self._now()
        found = {one: snapshot.of(one) for one in dict.fromkeys(product_ids)}
        return Found(snapshot.release, {one: product for one, product in found.items() if product})

    async def search(self, query: str, limit: int, offset: int = 0) -> Hits:
        """See Store.search."""
        return self._now().search(query, limit, offset)

    async def quality(self) -> Quality:
        """See Store.quality."""
        return self._now().quality

    async def refresh(self) -> None:
        """Look for a newer result and show it. Raises nothing: what goes wrong is logged once, and what is shown stays."""
        try:
            ahead, self._ahead = self._ahead, None
            loaded = await (asyncio.wrap_future(ahead) if ahead else asyncio.to_thread(self._load_if_new))
        except (StoreNotReady, WarehouseError) as fault:
            self.loading.faults += 1
            if fault.what != self.loading.fault:
                logger.warning("%s%s", fault.what, "; what was shown stays" if self._snapshot else "")
            self.loading.fault = fault.what
        else:
            self.loading.fault = ""
            if loaded:
                self._snapshot = loaded
                self._tell(loaded.release)

    def _now(self) -> Snapshot:
        if self._snapshot is None:
            raise StoreNotReady(self.loading.fault, max(1, round(self.poll_s)))
        return self._snapshot

    async def _poll(self) -> None:
        while True:
            await asyncio.sleep(self.poll_s)
            try:
                await self.refresh()
            except Exception:
                self.loading.faults += 1
                logger.exception("looking for a newer release failed; what was shown stays")

    def _load_if_new(self) -> Snapshot | None:
        versions = (self.tables.version(RELEASES), self.tables.version(PRODUCTS), self.tables.version(QUALITY_METRICS))
        if self._snapshot and self._snapshot.versions == versions:
            return None
        started = time.perf_counter()
        self.refuse_newer()
        loaded = self._load(versions)
        pa.default_memory_pool().release_unused()
        gc.collect()
        gc.freeze()  # millions of small objects that stay: the collector need not look at them again
        self.loading.loads += 1
        self.loading.seconds = time.perf_counter() - started
        return loaded

    def _load(self, versions: Versions) -> Snapshot:
        """The newest result; what has not changed is taken over from the one that is shown."""
        releases = self.tables.rows(RELEASES, RELEASE_COLUMNS)
        told = max(releases, key=lambda row: row["number"], default=None)
        if told is None:
            raise StoreNotReady("nothing is released yet; `outfit-pairing run` makes outfits and releases them")
        old = self._snapshot
        if old and old.release.number == told["number"]:
            outfits = old.outfits
        else:
            version = self.tables.same_rows(OUTFIT_RECOMMENDATIONS, told["table_version"])
            outfits = OutfitColumns.of(self.tables.batches(OUTFIT_RECOMMENDATIONS, OUTFIT_NAMES, version, OUTFIT_CODED))
        catalogue = self._released_products.read(releases, versions[1], old.catalogue if old else None)
        metrics = [Metric(**row) for row in self.tables.rows(QUALITY_METRICS, METRIC_COLUMNS)] if versions[2] is not None else []
        release = Release(
            number=told["number"],
            run_id=told["shown_run_id"],
            released_at=told["updated_at"],
            products=told["products"],
            outfits=told["outfits"],
            edition=f"{'.'.join(map(str, catalogue.versions))}-{versions[2]}",
        )
        return Snapshot(release, outfits, catalogue, metrics, versions)

    def _tell(self, release: Release) -> None:
        figures = (release.number, release.run_id, f"{release.outfits:,}", f"{release.products:,}", self.loading.seconds)
        logger.info("release %s of run %s: %s outfits for %s products, loaded in %.1f s", *figures)


def _root(settings: "Settings") -> str:
    """Where the tables lie.    Raises:  SettingsError: they have names in a catalogue, not places."""
    storage = settings.storage
    if storage.catalog or storage.schema_:
        raise SettingsError(
            "the delta store reads tables by their place, and storage.catalog or storage.schema is set; "
            "name a folder or URL in storage.warehouse, or serve from Postgres (serve.store=postgres)"
        )
    return absolute(storage.warehouse)


def _quality(release: Release, metrics: Sequence[Metric]) -> Quality:
    """What was measured on the shown run, and on the runs up to it."""
    ended: dict[str, float] = {}
    for metric in metrics:
        ended[metric.run_id] = max(ended.get(metric.run_id, 0.0), metric.updated_at.timestamp())
    last = ended.get(release.run_id, float("inf"))
    runs = sorted((at, run) for run, at in ended.items() if at <= last)[-RUNS_KEPT:]
    places = {run: place for place, (_, run) in enumerate(runs)}
    history = sorted((one for one in metrics if one.run_id in places), key=lambda one: (places[one.run_id], one.metric))
    return Quality(release, [one for one in history if one.run_id == release.run_id], history)
