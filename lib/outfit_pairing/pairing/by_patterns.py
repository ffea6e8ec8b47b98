"""apply-patterns: carry the anchors' patterns to every product."""

import logging
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import TYPE_CHECKING, Any

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from outfit_pairing.pairing.candidates import INPUT_COLUMNS
from outfit_pairing.pairing.catalogue import Catalogue, read_catalogue
from outfit_pairing.pairing.changes import Further, Touched, made_of, nothing_redone, touched
from outfit_pairing.pairing.codes import ProductCodes
from outfit_pairing.pairing.ideas import Idea, Ideas, ItemQuery, gather
from outfit_pairing.pairing.neighbours import Neighbours
from outfit_pairing.pairing.parts import Parts, parts_of
from outfit_pairing.pairing.passes import recommend
from outfit_pairing.pairing.recommend import ByNearestAnchors
from outfit_pairing.pairing.touched_by_driver import Ids, TouchedByDriver
from outfit_pairing.settings import Settings
from outfit_pairing.storage import StageReport, TableStore
from outfit_pairing.storage.lent_patterns import lent_patterns
from outfit_pairing.storage.made_of import Past, past_of, remember, stands, versions_of
from outfit_pairing.storage.tables import ANCHOR_PRODUCTS, IMPORTED, OUTFIT_PATTERNS, PATTERN_RECOMMENDATIONS, PRODUCTS
from outfit_pairing.style.vectors import fixed_point

if TYPE_CHECKING:
    import pandas as pd
    from pyspark.sql import SparkSession

logger = logging.getLogger(__name__)


def run(spark: "SparkSession", settings: Settings) -> StageReport:
    """Write pattern_recommendations from products, vectors and patterns; only what a change touches, unless `full`.

    Raises: MissingTable: an earlier stage has not run.
    """
    store = TableStore(spark, settings)
    versions = versions_of(store, (PRODUCTS, OUTFIT_PATTERNS, ANCHOR_PRODUCTS))
    parts = parts_of(store, PATTERN_RECOMMENDATIONS, store.count(PRODUCTS))
    now = made_of(settings, parts)
    past = past_of(store, PATTERN_RECOMMENDATIONS, now)
    if past and stands(store, PATTERN_RECOMMENDATIONS, versions, past):
        counters = nothing_redone()
    else:
        lent = _Lent(store)
        redo = touched(store, PATTERN_RECOMMENDATIONS, past, lambda: lent.further(past)) if past else None
        try:
            counters = nothing_redone() if redo and not redo.count else _apply(lent, redo, parts)
        finally:
            if redo:
                redo.close()
        remember(store, PATTERN_RECOMMENDATIONS, now, versions, past=past, changed=redo.changed if redo else 0)
    counters |= {"products_with_outfits": store.count_distinct(PATTERN_RECOMMENDATIONS, "product_id")}
    rows_out = store.count(PATTERN_RECOMMENDATIONS)
    return StageReport("apply-patterns", rows_in=parts.products, rows_out=rows_out, counters=counters)


@dataclass(frozen=True, eq=False)
class _Lent:
    """What the anchors lend, read when it is first asked for."""

    store: TableStore

    @cached_property
    def catalogue(self) -> Catalogue:
        return read_catalogue(self.store.spark, self.store.settings)

    @cached_property
    def patterns(self) -> list[dict[str, Any]]:
        return lent_patterns(self.store, OUTFIT_PATTERNS.given)

    @cached_property
    def anchors(self) -> "pd.DataFrame":
        return _anchors(self.catalogue, self.patterns)

    @cached_property
    def neighbours(self) -> Neighbours:
        codes = self.catalogue.tables.encode(self.anchors)
        return Neighbours(
            vectors=fixed_point(self.anchors["vector"].tolist()),
            codes=codes,
            tables=self.catalogue.tables,
            ideas=_ideas(self.patterns, self.anchors, codes),
            most_ideas=self.store.settings.outfits.patterns_per_product,
        )

    def further(self, past: Past) -> Further:
        """The products for which patterns are tried now that were not lent then.

        Who brings patterns in a file wants to see them; those that an anchor got over night only fill what has room.
        """
        former = {row["pattern_id"] for row in lent_patterns(self.store, ("pattern_id",), past.versions)}
        new = {row["pattern_id"]: row["provider"] for row in self.patterns if row["pattern_id"] not in former}
        imported = frozenset(one for one, provider in new.items() if provider == IMPORTED)
        others = frozenset(new) - imported
        return Further(self._tried(imported), [_with_room(self.catalogue, ids) for ids in self._tried(others)])

    def _tried(self, pattern_ids: frozenset[str]) -> list[Ids]:
        """Ids of the products for which one of these patterns is tried: any share of them, so at hand only where all are."""
        if not pattern_ids:
            return []
        kernel, schema = _TriedFor(self.neighbours, pattern_ids), "product_id string"
        if self.catalogue.held is None:
            return [self.catalogue.with_vectors.mapInArrow(kernel, schema)]
        return [self.catalogue.through(kernel, schema)]


def _with_room(catalogue: Catalogue, ids: Ids) -> Ids:
    """Those of the products that have fewer outfits than they may."""
    store, most = catalogue.store, catalogue.settings.outfits.per_product
    if isinstance(ids, pa.Table) and (held := store.at_hand(PATTERN_RECOMMENDATIONS, ("product_id",))) is not None:
        counts = held["product_id"].combine_chunks().value_counts()
        full = counts.field("values").filter(pc.greater_equal(counts.field("counts"), most))
        return ids.filter(pc.invert(pc.is_in(ids["product_id"], full)))
    full = store.read(PATTERN_RECOMMENDATIONS).groupBy("product_id").count().where(f"count >= {most}")
    return catalogue.ids(ids).join(full, "product_id", "left_anti")


@dataclass(frozen=True, eq=False)
class _TriedFor:
    """The products for which one of these patterns is tried. In: INPUT_COLUMNS, vector. Out: product_id."""

    neighbours: Neighbours
    pattern_ids: frozenset[str]

    def __call__(self, batches: Iterable[pa.RecordBatch]) -> Iterator[pa.RecordBatch]:
        choose, ideas = ByNearestAnchors(self.neighbours), self.neighbours.ideas.ideas
        wanted = np.array([*(idea.pattern_id in self.pattern_ids for idea in ideas), False])  # the last one is NONE
        for batch in batches:
            frame = batch.select(list(INPUT_COLUMNS)).to_pandas()
            tried = choose(frame, self.neighbours.tables.encode(frame), batch)
            yield batch.select(["product_id"]).filter(pa.array(wanted[tried].any(axis=1)))


def _apply(lent: _Lent, redo: Touched | TouchedByDriver | None, parts: Parts) -> dict[str, int | float | str]:
    """Outfits for all products, or for those that a change touches."""
    catalogue, neighbours = lent.catalogue, lent.neighbours
    written = recommend(
        catalogue, redo.product_id if redo else None, neighbours.ideas, ByNearestAnchors(neighbours), source="pattern_based",
        owner_ids=lent.anchors["product_id"].tolist(), table=PATTERN_RECOMMENDATIONS, parts=parts, redo=redo,
    )  # fmt: skip
    redone = {"products_redone": redo.count} if redo else {}
    patterns = len(neighbours.ideas.ideas)
    return {"anchors": len(lent.anchors), "patterns": patterns, **redone, "rows_written": written.rows_written}


def _anchors(catalogue: Catalogue, patterns: Sequence[Mapping[str, Any]]) -> "pd.DataFrame":
    """The products that lend these patterns, those that are still in the catalogue: INPUT_COLUMNS and vector, by product_id."""
    ids = {row["anchor_product_id"] for row in patterns}
    chosen = catalogue.store.count(ANCHOR_PRODUCTS) if catalogue.store.exists(ANCHOR_PRODUCTS) else 0
    if len(ids) < chosen / 2:
        logger.warning(
            "patterns are there for %s of %s anchors; outfit-pairing generate-patterns writes the others", len(ids), chosen
        )
    found = catalogue.of(pa.table({"product_id": pa.array(sorted(ids), pa.string())}))
    rows = found if isinstance(found, pa.Table) else found.toArrow()
    ordered: pd.DataFrame = rows.select([*INPUT_COLUMNS, "vector"]).sort_by("product_id").to_pandas()
    return ordered


def _ideas(patterns: Sequence[Mapping[str, Any]], anchors: "pd.DataFrame", codes: ProductCodes) -> Ideas:
    """Patterns of these anchors, in the order of anchor and pattern_id."""
    owner = {product_id: number for number, product_id in enumerate(anchors["product_id"])}
    ideas = []
    for row in sorted(patterns, key=lambda one: (one["anchor_product_id"], one["pattern_id"])):
        number = owner.get(row["anchor_product_id"])
        if number is None:
            continue
        audience, traits = int(codes.audience[number]), int(codes.traits[number])
        ideas.append(
            Idea(
                owner=number,
                pattern_id=row["pattern_id"],
                name=row["name"],
                occasion=row["occasion"],
                season=row["season"],
                confidence=row["confidence"],
                queries=tuple(
                    ItemQuery(
                        item["slot"], tuple(item["article_types"]), tuple(item["colours"]), item["style"] or "", audience, traits
                    )
                    for item in row["items"]
                ),
                required=tuple(item["required"] for item in row["items"]),
            )
        )
    return gather(ideas, len(anchors))
