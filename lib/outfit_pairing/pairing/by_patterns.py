"""apply-patterns: carry the anchors' patterns to every product."""

import logging
from typing import TYPE_CHECKING

from outfit_pairing.pairing.candidates import INPUT_COLUMNS
from outfit_pairing.pairing.changes import Touched, past_of, remember, touched
from outfit_pairing.pairing.codes import ProductCodes
from outfit_pairing.pairing.ideas import Idea, Ideas, ItemQuery, gather
from outfit_pairing.pairing.neighbours import Neighbours
from outfit_pairing.pairing.passes import Catalogue, read_catalogue, recommend
from outfit_pairing.pairing.recommend import ByNearestAnchors
from outfit_pairing.settings import Settings
from outfit_pairing.storage import StageReport, TableStore
from outfit_pairing.storage.tables import OUTFIT_PATTERNS, PATTERN_RECOMMENDATIONS, PRODUCTS
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
    products_version, past = store.version(PRODUCTS), past_of(store, PATTERN_RECOMMENDATIONS)
    redo = touched(store, PATTERN_RECOMMENDATIONS, past) if past else None
    if redo and not redo.count:
        counters: dict[str, int | float | str] = {"products_redone": 0, "rows_written": 0}
    else:
        counters = _apply(read_catalogue(spark, settings), redo)
    if redo:
        redo.close()
    if past is None or redo is None or redo.count:
        remember(store, PATTERN_RECOMMENDATIONS, products_version, redo.changed if redo else 0)
    rows = store.read(PATTERN_RECOMMENDATIONS)
    counters |= {"products_with_outfits": rows.select("product_id").distinct().count()}
    return StageReport("apply-patterns", rows_in=store.read(PRODUCTS).count(), rows_out=rows.count(), counters=counters)


def _apply(catalogue: Catalogue, redo: Touched | None) -> dict[str, int | float | str]:
    """Outfits for all products, or for those that a change touches."""
    settings = catalogue.settings
    anchors = _anchors(catalogue)
    codes = catalogue.tables.encode(anchors)
    ideas = _ideas(catalogue, anchors, codes)
    neighbours = Neighbours(
        vectors=fixed_point(anchors["vector"].tolist()),
        codes=codes,
        tables=catalogue.tables,
        ideas=ideas,
        most_ideas=settings.outfits.patterns_per_product,
    )
    rows, within = catalogue.with_vectors, redo.product_id if redo else None
    written = recommend(
        catalogue, rows.join(within, "product_id", "left_semi") if within else rows, ideas, ByNearestAnchors(neighbours),
        source="pattern_based", owner_ids=anchors["product_id"].tolist(), table=PATTERN_RECOMMENDATIONS, within=within,
    )  # fmt: skip
    redone = {"products_redone": redo.count} if redo else {}
    return {"anchors": len(anchors), "patterns": len(ideas.ideas), **redone, "rows_written": written.rows_written}


def _anchors(catalogue: Catalogue) -> "pd.DataFrame":
    """The products that patterns were written for, those that are still in the catalogue: INPUT_COLUMNS and vector, by product_id.

    Imported patterns may be for others than the anchors of the last selection.
    """
    anchors = catalogue.store.read(OUTFIT_PATTERNS).selectExpr("anchor_product_id AS product_id").distinct()
    rows = catalogue.with_vectors.join(anchors, "product_id", "left_semi").select(*INPUT_COLUMNS, "vector")
    return rows.toPandas().sort_values("product_id", ignore_index=True)


def _ideas(catalogue: Catalogue, anchors: "pd.DataFrame", codes: ProductCodes) -> Ideas:
    """Patterns of these anchors, in the order of anchor and pattern_id."""
    owner = {product_id: number for number, product_id in enumerate(anchors["product_id"])}
    rows = catalogue.store.read(OUTFIT_PATTERNS).orderBy("anchor_product_id", "pattern_id").collect()
    ideas = []
    for row in rows:
        number = owner.get(row.anchor_product_id)
        if number is None:
            continue
        audience, traits = int(codes.audience[number]), int(codes.traits[number])
        ideas.append(
            Idea(
                owner=number,
                pattern_id=row.pattern_id,
                name=row.name,
                occasion=row.occasion,
                season=row.season,
                confidence=row.confidence,
                queries=tuple(
                    ItemQuery(item.slot, tuple(item.article_types), tuple(item.colours), item.style or "", audience, traits)
                    for item in row["items"]
                ),
                required=tuple(item.required for item in row["items"]),
            )
        )
    return gather(ideas, len(anchors))
