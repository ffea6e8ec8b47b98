"""The select-anchors stage: strata are counted, the budget is shared over them, and each picks its anchors.

Three passes over the products: one counts strata, one looks at a sample of every stratum that gets anchors (the first
MOST_PER_STRATUM by the hash of product_id, which a changed catalogue hardly changes), one says whom each anchor stands
for. The driver holds only counts and the anchors.
"""

import logging
from collections import Counter, defaultdict
from collections.abc import Sequence
from typing import TYPE_CHECKING, TypeAlias

import pyarrow as pa
import pyarrow.compute as pc
from pyspark.sql import Window
from pyspark.sql import functions as F

from outfit_pairing.anchors.kernels import CHOSEN, STANDING, StandFor, choose_anchors, vectors_of
from outfit_pairing.anchors.selection import Place
from outfit_pairing.anchors.strata import MOST_PER_STRATUM, Stratum, allocate, may_be_anchor
from outfit_pairing.embedding.encoders import encoder_name
from outfit_pairing.errors import InputError, MissingTable
from outfit_pairing.settings import Settings
from outfit_pairing.storage import StageReport, TableStore
from outfit_pairing.storage.tables import ANCHOR_PRODUCTS, PRODUCT_EMBEDDINGS, PRODUCTS
from outfit_pairing.style.vocabulary import load_style_guide

if TYPE_CHECKING:
    from pyspark.sql import DataFrame, Row, SparkSession

logger = logging.getLogger(__name__)

KIND = ("article_type", "slot", "department")  # what decides whether products may be anchors
Kind: TypeAlias = tuple[str | None, str, str | None]


def run(spark: "SparkSession", settings: Settings) -> StageReport:
    """Choose `anchors.budget` products that stand for the catalogue, and write them to anchor_products.

    Raises: MissingTable: no products or no vectors yet.   InputError: some products have no vector of the set encoder.
    """
    store = TableStore(spark, settings)
    products = _with_stratum(store.read(PRODUCTS))
    encoder = encoder_name(settings.embedding)
    vectors = store.read(PRODUCT_EMBEDDINGS).where(F.col("encoder") == encoder).select("text_hash", "vector")
    incumbents = _incumbents(store)
    census = _census(products.join(incumbents, "product_id", "left"))
    never = _never(census)
    strata = _strata(census, never)
    total = sum(stratum.size for stratum in strata)
    order = allocate(strata, settings.anchors.budget)
    logger.info("%s strata, %s of them share %s anchors", len(strata), len(set(order)), len(order))
    products = _without(never, products.where("in_stock"))
    anchors = _chosen(products.join(incumbents, "product_id", "left"), vectors, order)
    represents = _represents(products, vectors, anchors)
    missing = total - sum(represents.values())
    if missing:
        raise InputError(f"{missing} products have no vector of {encoder}; run `outfit-pairing embed` first")
    rows = _rows(anchors, represents, strata, order)
    written = store.merge(ANCHOR_PRODUCTS, spark.createDataFrame(rows, ANCHOR_PRODUCTS.schema), delete_missing=True)
    return StageReport(
        stage=ANCHOR_PRODUCTS.stage,
        rows_in=sum(row["products"] for row in census),
        rows_out=len(rows),
        counters=_coverage(strata, order)
        | {"anchors_kept": pc.sum(anchors["incumbent"]).as_py() or 0, "rows_written": written.rows_written},
    )


def _with_stratum(products: "DataFrame") -> "DataFrame":
    """The columns that selection reads. A category that the shop does not give is the slot, other words are `any`."""
    category = F.coalesce("category", "slot")
    said = [F.coalesce(name, F.lit("any")) for name in ("audience", "usage", "season")]
    return products.select(
        "product_id",
        *KIND,
        "audience",
        "in_stock",
        "text_hash",
        category.alias("category"),
        F.concat_ws(" | ", category, *said).alias("stratum"),
    )


def _incumbents(store: TableStore) -> "DataFrame":
    """Ids of the anchors of the last run, with `incumbent` true; none before the first."""
    try:
        before = store.read(ANCHOR_PRODUCTS).select("product_id")
    except MissingTable:
        before = store.spark.createDataFrame([], "product_id string")
    return F.broadcast(before.withColumn("incumbent", F.lit(True)))


def _census(products: "DataFrame") -> "Sequence[Row]":
    """Products, those in stock and the incumbents among these, by stratum and kind."""
    return (
        products.groupBy("stratum", "category", *KIND)
        .agg(
            F.count("*").alias("products"),
            F.count_if("in_stock").alias("size"),
            F.count_if(F.col("in_stock") & F.col("incumbent")).alias("incumbents"),
        )
        .collect()
    )


def _never(census: "Sequence[Row]") -> list[Kind]:
    """Kinds of products that are no anchors."""
    guide = load_style_guide()
    kinds = {_kind(row) for row in census}
    return [kind for kind in kinds if not may_be_anchor(*kind, guide)]


def _kind(row: "Row") -> Kind:
    return row["article_type"], row["slot"], row["department"]


def _strata(census: "Sequence[Row]", never: Sequence[Kind]) -> list[Stratum]:
    """The strata of all products in stock that may be anchors."""
    sizes, incumbents, category = Counter[str](), Counter[str](), {}
    for row in census:
        if row["size"] and _kind(row) not in never:
            sizes[row["stratum"]] += row["size"]
            incumbents[row["stratum"]] += row["incumbents"]
            category[row["stratum"]] = row["category"]
    return [Stratum(key, category[key], sizes[key], incumbents[key]) for key in sizes]


def _without(never: Sequence[Kind], products: "DataFrame") -> "DataFrame":
    named = products.sparkSession.createDataFrame(list(never), ", ".join(f"never_{name} string" for name in KIND))
    same = [products[name].eqNullSafe(named[f"never_{name}"]) for name in KIND]
    return products.join(F.broadcast(named), same, "left_anti")


def _chosen(products: "DataFrame", vectors: "DataFrame", order: Sequence[str]) -> pa.Table:
    """The anchors in order of product_id, with the columns CHOSEN."""
    numbers = dict(Counter(order))
    by_hash = Window.partitionBy("stratum").orderBy(F.sha2("product_id", 256), "product_id")
    sample = (
        products.where(F.col("stratum").isin(list(numbers)))
        .withColumn("sampled", F.row_number().over(by_hash) <= MOST_PER_STRATUM)
        .where("sampled OR incumbent")
        .withColumn("incumbent", F.coalesce("incumbent", F.lit(False)))
    )
    return (
        sample.join(vectors, "text_hash")
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
