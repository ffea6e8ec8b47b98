"""apply-patterns: carry the anchors' patterns to every product."""

import logging
from typing import TYPE_CHECKING

from outfit_pairing.pairing.candidates import INPUT_COLUMNS
from outfit_pairing.pairing.codes import ProductCodes
from outfit_pairing.pairing.ideas import Idea, Ideas, ItemQuery, gather
from outfit_pairing.pairing.neighbours import Neighbours
from outfit_pairing.pairing.passes import Catalogue, read_catalogue, recommend
from outfit_pairing.pairing.recommend import ByNearestAnchors
from outfit_pairing.settings import Settings
from outfit_pairing.storage import StageReport
from outfit_pairing.storage.tables import OUTFIT_PATTERNS, PATTERN_RECOMMENDATIONS
from outfit_pairing.style.vectors import fixed_point

if TYPE_CHECKING:
    import pandas as pd
    from pyspark.sql import SparkSession

logger = logging.getLogger(__name__)


def run(spark: "SparkSession", settings: Settings) -> StageReport:
    """Write pattern_recommendations from products, vectors and patterns.

    Raises: MissingTable: an earlier stage has not run.
    """
    catalogue = read_catalogue(spark, settings)
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
    rows = catalogue.with_vectors
    written = recommend(
        catalogue, rows, ideas, ByNearestAnchors(neighbours),
        source="pattern_based", owner_ids=anchors["product_id"].tolist(), table=PATTERN_RECOMMENDATIONS,
    )  # fmt: skip
    result = catalogue.store.read(PATTERN_RECOMMENDATIONS)
    counters = {
        "anchors": len(anchors),
        "patterns": len(ideas.ideas),
        "products_with_outfits": result.select("product_id").distinct().count(),
        "rows_written": written.rows_written,
    }
    return StageReport("apply-patterns", rows_in=catalogue.products.count(), rows_out=result.count(), counters=counters)


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
