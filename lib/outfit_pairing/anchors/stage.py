"""The select-anchors stage: strata are counted, the budget is shared over them, and each picks its anchors.

Three passes over the products: one counts strata, one looks at a sample of every stratum that gets anchors (the first
MOST_PER_STRATUM by the hash of product_id, which a changed catalogue hardly changes), one says whom each anchor stands
for. The driver holds only counts and the anchors.
"""

import logging
from collections import Counter, defaultdict
from collections.abc import Sequence
from typing import TYPE_CHECKING

import pyarrow as pa
import pyarrow.compute as pc
from pyspark.sql import Window
from pyspark.sql import functions as F

from outfit_pairing.anchors.kernels import CHOSEN, STANDING, StandFor, choose_anchors, vectors_of
from outfit_pairing.anchors.selection import Place
from outfit_pairing.anchors.strata import MOST_PER_STRATUM, Stratum, allocate, may_be_anchor
from outfit_pairing.embedding.encoders import encoder_name
from outfit_pairing.errors import InputError
from outfit_pairing.settings import Settings
from outfit_pairing.storage import StageReport, TableStore
from outfit_pairing.storage.tables import ANCHOR_PRODUCTS, PRODUCT_EMBEDDINGS, PRODUCTS
from outfit_pairing.style.vocabulary import load_style_guide

if TYPE_CHECKING:
    from pyspark.sql import DataFrame, Row, SparkSession

logger = logging.getLogger(__name__)

KIND = ("article_type", "slot", "department")  # what decides whether products may be anchors


def run(spark: "SparkSession", settings: Settings) -> StageReport:
    """Choose `anchors.budget` products that stand for the catalogue, and write them to anchor_products.

    Raises: MissingTable: no products or no vectors yet.   InputError: some products have no vector of the set encoder.
    """
    store = TableStore(spark, settings)
    every = store.read(PRODUCTS)
    kinds = every.groupBy(*KIND).count().collect()
    products = _with_strata(_with_incumbents(store, _anchorable(every, kinds)))
    encoder = encoder_name(settings.embedding)
    vectors = store.read(PRODUCT_EMBEDDINGS).where(F.col("encoder") == encoder).select("text_hash", "vector")
    strata = _strata(products, vectors, encoder)
    order = allocate(strata, settings.anchors.budget)
    logger.info("%s strata, %s of them share %s anchors", len(strata), len(set(order)), len(order))
    anchors = _chosen(products, vectors, order)
    rows = _rows(anchors, _represents(products, vectors, anchors), strata, order)
    written = store.merge(ANCHOR_PRODUCTS, spark.createDataFrame(rows, ANCHOR_PRODUCTS.schema), delete_missing=True)
    return StageReport(
        stage=ANCHOR_PRODUCTS.stage,
        rows_in=sum(kind["count"] for kind in kinds),
        rows_out=len(rows),
        counters=_coverage(strata, order)
        | {"anchors_kept": pc.sum(anchors["incumbent"]).as_py() or 0, "rows_written": written.rows_written},
    )


def _anchorable(products: "DataFrame", kinds: "Sequence[Row]") -> "DataFrame":
    """Products in stock of the kinds that may be anchors."""
    guide = load_style_guide()
    found = [(kind["article_type"], kind["slot"], kind["department"]) for kind in kinds]
    never = [kind for kind in found if not may_be_anchor(*kind, guide)]
    named = products.sparkSession.createDataFrame(never, ", ".join(f"never_{name} string" for name in KIND))
    same = [products[name].eqNullSafe(named[f"never_{name}"]) for name in KIND]
    return products.where("in_stock").join(F.broadcast(named), same, "left_anti")


def _with_incumbents(store: TableStore, products: "DataFrame") -> "DataFrame":
    """With `incumbent`: whether the product is an anchor already."""
    if not store.exists(ANCHOR_PRODUCTS):
        return products.withColumn("incumbent", F.lit(False))
    before = store.read(ANCHOR_PRODUCTS).select("product_id", F.lit(True).alias("incumbent"))
    return products.join(F.broadcast(before), "product_id", "left").fillna(False, ["incumbent"])


def _with_strata(products: "DataFrame") -> "DataFrame":
    """The columns that selection reads, with `stratum`; what the shop does not say is `any`."""
    parts = [F.coalesce("category", "slot"), *(F.coalesce(name, F.lit("any")) for name in ("audience", "usage", "season"))]
    return products.select(
        "product_id",
        "text_hash",
        "slot",
        "audience",
        "incumbent",
        parts[0].alias("category"),
        F.concat_ws(" | ", *parts).alias("stratum"),
    )


def _strata(products: "DataFrame", vectors: "DataFrame", encoder: str) -> list[Stratum]:
    embedded = vectors.select("text_hash", F.lit(1).alias("embedded"))
    counts = (
        products.join(embedded, "text_hash", "left")
        .groupBy("stratum", "category")
        .agg(F.count("*").alias("size"), F.count("embedded").alias("embedded"), F.count_if("incumbent").alias("incumbents"))
        .collect()
    )
    missing = sum(row["size"] - row["embedded"] for row in counts)
    if missing:
        raise InputError(f"{missing} products have no vector of {encoder}; run `outfit-pairing embed` first")
    return [Stratum(row["stratum"], row["category"], row["size"], row["incumbents"]) for row in counts]


def _chosen(products: "DataFrame", vectors: "DataFrame", order: Sequence[str]) -> pa.Table:
    """The anchors in order of product_id, with the columns CHOSEN."""
    numbers = dict(Counter(order))
    by_hash = Window.partitionBy("stratum").orderBy(F.sha2("product_id", 256), "product_id")
    return (
        products.where(F.col("stratum").isin(list(numbers)))
        .withColumn("sampled", F.row_number().over(by_hash) <= MOST_PER_STRATUM)
        .where("sampled OR incumbent")
        .join(vectors, "text_hash")
        .select("stratum", "slot", "audience", "product_id", "vector", "incumbent", "sampled")
        .groupBy("stratum")
        .applyInArrow(lambda stratum: choose_anchors(stratum, numbers), CHOSEN)
        .toArrow()
        .sort_by("product_id")
    )


def _represents(products: "DataFrame", vectors: "DataFrame", anchors: pa.Table) -> dict[int, int]:
    """How many products each anchor stands for, by its index in `anchors`."""
    if not anchors.num_rows:
        return {}
    columns = ("stratum", "slot", "audience")
    places = [Place(*place) for place in zip(*(anchors[name].to_pylist() for name in columns), strict=True)]
    counts = (
        products.join(vectors, "text_hash")
        .select(*columns, "vector")
        .mapInArrow(StandFor(places, vectors_of(anchors["vector"])), STANDING)
        .groupBy("anchor")
        .agg(F.sum("products").alias("products"))
        .collect()
    )
    return {row["anchor"]: row["products"] for row in counts}


def _rows(
    anchors: pa.Table, represents: dict[int, int], strata: Sequence[Stratum], order: Sequence[str]
) -> list[tuple[object, ...]]:
    """Rows of anchor_products; an anchor's rank is the position of its place in the order of allocation."""
    sizes = {stratum.key: stratum.size for stratum in strata}
    ranks: dict[str, list[int]] = defaultdict(list)
    for rank, key in enumerate(order, 1):
        ranks[key].append(rank)
    chosen = anchors.select(["product_id", "stratum", "place"]).to_pylist()
    return [
        (row["product_id"], row["stratum"], sizes[row["stratum"]], represents[index], ranks[row["stratum"]][row["place"]])
        for index, row in enumerate(chosen)
    ]


def _coverage(strata: Sequence[Stratum], order: Sequence[str]) -> dict[str, int | float | str]:
    with_anchor = set(order)
    total = sum(stratum.size for stratum in strata)
    covered = sum(stratum.size for stratum in strata if stratum.key in with_anchor)
    return {
        "products": total,
        "strata": len(strata),
        "strata_with_anchor": len(with_anchor),
        "share_covered": round(covered / max(1, total), 4),
    }
