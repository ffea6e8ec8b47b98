"""The unified table in figures: for the stage report, the manifest and the header of the lookbook page."""

from dataclasses import dataclass
from datetime import datetime

import pyarrow as pa

from outfit_pairing.publishing.unified import LEAST_OUTFITS
from outfit_pairing.storage.at_hand import latest_of
from outfit_pairing.storage.store import TableStore
from outfit_pairing.storage.tables import OUTFIT_RECOMMENDATIONS, PRODUCTS
from outfit_pairing.style.sources import BASE_CONFIDENCE


@dataclass(frozen=True, slots=True)
class Published:
    """What is published.

    products: with outfits.    with_three: of these, with three or more.    catalogue: all products.
    by_source: outfits of each source, sources without any left out.    changed_at: when a row was last written.
    """

    products: int
    with_three: int
    catalogue: int
    outfits: int
    by_source: dict[str, int]
    changed_at: datetime | None


def published_figures(store: TableStore) -> Published:
    """Count the unified table."""
    held = store.at_hand(OUTFIT_RECOMMENDATIONS, ("product_id", "source", "updated_at"))
    return _counted_by_driver(store, held) if held is not None else _counted_by_spark(store)


def _counted_by_driver(store: TableStore, held: pa.Table) -> Published:
    outfits = held["product_id"].combine_chunks().value_counts().field("counts").to_numpy()
    of_source = {one["values"]: one["counts"] for one in held["source"].combine_chunks().value_counts().to_pylist()}
    return Published(
        products=len(outfits),
        with_three=int((outfits >= LEAST_OUTFITS).sum()),
        catalogue=store.count(PRODUCTS),
        outfits=len(held),
        by_source={name: of_source[name] for name in BASE_CONFIDENCE if name in of_source},
        changed_at=latest_of(held["updated_at"]),
    )


def _counted_by_spark(store: TableStore) -> Published:
    from pyspark.sql import functions as F

    by_source = [F.count_if(F.col("source") == name).alias(name) for name in BASE_CONFIDENCE]
    rows = store.read(OUTFIT_RECOMMENDATIONS).groupBy("product_id")
    per_product = rows.agg(F.count("*").alias("n"), F.max("updated_at").alias("changed_at"), *by_source)
    total = per_product.agg(
        F.count("*").alias("products"),
        F.count_if(F.col("n") >= LEAST_OUTFITS).alias("with_three"),
        F.coalesce(F.sum("n"), F.lit(0)).alias("outfits"),
        F.max("changed_at").alias("changed_at"),
        *(F.sum(name).alias(name) for name in BASE_CONFIDENCE),
    ).collect()[0]
    return Published(
        products=total["products"],
        with_three=total["with_three"],
        catalogue=store.count(PRODUCTS),
        outfits=total["outfits"],
        by_source={name: total[name] for name in BASE_CONFIDENCE if total[name]},
        changed_at=total["changed_at"],
    )
