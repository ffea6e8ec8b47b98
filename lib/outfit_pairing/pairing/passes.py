"""What both pairing stages do: find candidates, assemble, write."""

import logging
import time
from collections.abc import Sequence
from typing import TYPE_CHECKING

import numpy as np
import pyarrow as pa

from outfit_pairing.embedding.kept import kept_vectors
from outfit_pairing.pairing.assembly import Assembler, Pools, lots_of, scarce_below
from outfit_pairing.pairing.candidates import CANDIDATE_SCHEMA, BestOfAll, BestPerQuery, Queries, as_queries
from outfit_pairing.pairing.catalogue import COLUMNS, Catalogue
from outfit_pairing.pairing.changes import Touched
from outfit_pairing.pairing.ideas import Ideas, ItemQuery
from outfit_pairing.pairing.parts import Parts, cut
from outfit_pairing.pairing.recommend import IdeaChooser, Recommender
from outfit_pairing.pairing.style_space import StyledRows
from outfit_pairing.pairing.touched_by_driver import TouchedByDriver
from outfit_pairing.storage.merging import WriteReport
from outfit_pairing.storage.session import partitions
from outfit_pairing.storage.staging import StagingPlace
from outfit_pairing.storage.store import TableStore
from outfit_pairing.storage.tables import Table

if TYPE_CHECKING:
    from pyspark.sql import DataFrame

logger = logging.getLogger(__name__)

ASKED = "asked"  # of a part's products, those whose outfits are made


def find_queries(catalogue: Catalogue, ideas: Ideas) -> Queries:
    """What the ideas ask for, with the vectors of its texts."""
    texts = sorted({query.text for query in ideas.queries})
    return as_queries(ideas.queries, texts, kept_vectors(catalogue.store, texts), catalogue.tables)


def find_pools(catalogue: Catalogue, rows: "DataFrame | None", ideas: Ideas, queries: Queries) -> Pools:
    """Candidates among `rows`, or all products, for every query of the ideas: one pass over them, merged over partitions."""
    started = time.perf_counter()
    k = catalogue.settings.outfits.candidates_per_item
    kernel = BestPerQuery(queries, catalogue.tables, k)
    if rows is None and catalogue.held is not None:
        found = catalogue.through(kernel, CANDIDATE_SCHEMA)
    else:
        best = catalogue.passing(catalogue.with_vectors if rows is None else rows).mapInArrow(kernel, CANDIDATE_SCHEMA)
        merged = best.repartition(partitions(catalogue.settings), "query")
        found = merged.mapInArrow(BestOfAll(len(ideas.queries), k), CANDIDATE_SCHEMA).toArrow()
    pools = _pools(catalogue, rows, found, ideas.queries)
    empty = int((pools.size == 0).sum())
    logger.info(
        "%d distinct pattern items (%d without any candidate), %d candidates, %.1f s",
        len(ideas.queries), empty, len(pools.product_id), time.perf_counter() - started,
    )  # fmt: skip
    return pools


def _pools(catalogue: Catalogue, among: "DataFrame | None", found: pa.Table, queries: Sequence[ItemQuery]) -> Pools:
    """Pools from `found`, query and product by hash, best first within a query."""
    query, product = found["query"].to_numpy().astype(np.int64), found["product"].to_numpy().view(np.uint64)
    schema = ", ".join(f"{name} {kind}" for name, kind in catalogue.products.select(*COLUMNS).dtypes) + ", style array<float>"
    asked = catalogue.through(StyledRows(catalogue.space, np.unique(product)), schema, among)
    rows = asked.sort_by("product_id").combine_chunks()
    styles = rows["style"].combine_chunks().flatten().to_numpy(zero_copy_only=False)
    styles = styles.reshape(rows.num_rows, -1 if rows.num_rows else 0)
    codes = catalogue.tables.encode(rows.select(list(COLUMNS)).to_pandas(), styles)
    by_hash = np.argsort(codes.hash)
    number = by_hash[np.searchsorted(codes.hash[by_hash], product)]
    order = np.argsort(query, kind="stable")
    size = np.bincount(query, minlength=len(queries)).astype(np.int64)
    starts = np.concatenate([[0], np.cumsum(size)[:-1]])
    member = np.zeros((len(queries), max(1, size.max(initial=0))), dtype=np.int32)
    member[query[order], np.arange(len(order)) - starts[query[order]]] = number[order]
    return Pools(rows["product_id"].to_numpy(), codes, member, size, lots_of(queries, catalogue.tables))


def recommend(
    catalogue: Catalogue,
    wanted: "DataFrame | pa.Table | None",
    ideas: Ideas,
    choose: IdeaChooser,
    *,
    source: str,
    owner_ids: Sequence[str | None],
    table: Table,
    parts: Parts,
    last_resort: bool = False,
    redo: Touched | TouchedByDriver | None = None,
) -> WriteReport:
    """Assemble outfits for the `wanted` products and make `table` hold just those.

    wanted: distinct product_id; None = all products.   parts: of the catalogue, each paired by itself.
    redo: where given, `wanted` are its products, and those of their outfits that can stay do, as do all others of the table.
    """
    settings, store = catalogue.settings, catalogue.store

    def kernel_of(rows: "DataFrame | None", queries: Queries) -> Recommender:
        assembler = Assembler(
            catalogue.tables, ideas, find_pools(catalogue, rows, ideas, queries), settings.outfits.min_score,
            settings.outfits.per_product, last_resort=last_resort, scarce_below=scarce_below(parts.size),
            choice=settings.outfits.choice,
        )  # fmt: skip
        return Recommender(choose, catalogue.space, assembler, source, tuple(owner_ids), table.arrow_schema)

    if not ideas.queries:  # nothing is asked for: patterns have reached every product
        return _write(store, table, catalogue.spark.createDataFrame([], table.schema), redo)
    queries = find_queries(catalogue, ideas)
    if parts.number == 1:
        own = catalogue.with_vectors if wanted is None else catalogue.of(wanted)
        return _write(store, table, _outfits(catalogue, table, kernel_of(None, queries), own), redo)
    place = StagingPlace(catalogue.spark, settings, f"outfits_of_{table.name}")
    try:
        with cut(store, _marked(catalogue, wanted), parts) as pieces:
            for number, piece in enumerate(pieces, 1):
                rows, own = piece.drop(ASKED), piece.where(ASKED).drop(ASKED)
                if wanted is None or not own.isEmpty():
                    place.add(catalogue.passing(own).mapInArrow(kernel_of(rows, queries), table.schema))
                logger.info("%s: part %d of %d has its outfits", table.name, number, parts.number)
        found = place.frame(table.schema) if place.used else catalogue.spark.createDataFrame([], table.schema)
        return _write(store, table, found, redo)
    finally:
        place.remove()


def _marked(catalogue: Catalogue, wanted: "DataFrame | pa.Table | None") -> "DataFrame":
    """All products with their vectors, and whether outfits are asked for: found out once, not in each part anew."""
    from pyspark.sql import functions as F

    if wanted is None:
        return catalogue.with_vectors.withColumn(ASKED, F.lit(True))
    asked = catalogue.ids(wanted).distinct().withColumn(ASKED, F.lit(True))
    return catalogue.with_vectors.join(asked, "product_id", "left").withColumn(ASKED, F.coalesce(ASKED, F.lit(False)))


def _outfits(catalogue: Catalogue, table: Table, kernel: Recommender, own: "DataFrame | pa.Table") -> "DataFrame | pa.Table":
    """What the kernel makes of these products: by the driver if it has them at hand."""
    if isinstance(own, pa.Table):
        return pa.Table.from_batches(list(kernel(own.to_batches())), kernel.schema)
    return catalogue.passing(own).mapInArrow(kernel, table.schema)


def _write(store: TableStore, table: Table, outfits: "DataFrame | pa.Table", redo: Touched | TouchedByDriver | None) -> WriteReport:
    if isinstance(redo, TouchedByDriver):
        fresh = outfits if isinstance(outfits, pa.Table) else outfits.toArrow().cast(table.arrow_schema)
        outfits = redo.mended(fresh)
    elif redo:
        fresh = store.spark.createDataFrame(outfits, table.schema) if isinstance(outfits, pa.Table) else outfits
        outfits = redo.mended(store.read(table), fresh, store.settings)
    return store.merge(table, outfits, delete_missing=True, within=redo.product_id if redo else None)
