"""Which products need outfits by rules: those that patterns and looks left with fewer than three that differ."""

from typing import TYPE_CHECKING

import pyarrow as pa
import pyarrow.compute as pc

from outfit_pairing.pairing.assembly import LEAST_OUTFITS
from outfit_pairing.pairing.enough import WithEnough
from outfit_pairing.pairing.touched_by_driver import Ids
from outfit_pairing.storage.made_of import Past
from outfit_pairing.storage.store import TableStore
from outfit_pairing.storage.tables import LOOKBOOK_RECOMMENDATIONS, PATTERN_RECOMMENDATIONS, PRODUCTS, Table

if TYPE_CHECKING:
    from pyspark.sql import DataFrame


def has_looks(store: TableStore) -> bool:
    """Whether looks were given."""
    return store.exists(LOOKBOOK_RECOMMENDATIONS) and not store.is_empty(LOOKBOOK_RECOMMENDATIONS)


def with_too_few(store: TableStore) -> Ids:
    """Ids of products that patterns and looks left with fewer than LEAST_OUTFITS that differ."""
    looks = has_looks(store)
    here = None if looks else _ids_at_hand(store, PATTERN_RECOMMENDATIONS)
    products = _ids_at_hand(store, PRODUCTS)
    if here is not None and products is not None:
        return _without(products, _enough_by_driver(here))
    patterns = store.read(PATTERN_RECOMMENDATIONS)
    enough = _enough(patterns)
    if looks:
        enough = enough.unionByName(_enough_with_looks(store, patterns)).distinct()
    return store.read(PRODUCTS).select("product_id").join(enough, "product_id", "left_anti")


def other_needs(store: TableStore, past: Past) -> list[Ids]:
    """Products that patterns reached then and do not now, and the other way round."""
    version = past.versions[PATTERN_RECOMMENDATIONS.name]
    then_here, now_here = (_ids_at_hand(store, PATTERN_RECOMMENDATIONS, at) for at in (version, None))
    if then_here is not None and now_here is not None:
        few_then, few_now = _enough_by_driver(then_here), _enough_by_driver(now_here)
        return [_without(few_then, few_now), _without(few_now, few_then)]
    before, now = _enough(store.read_version(PATTERN_RECOMMENDATIONS, version)), _enough(store.read(PATTERN_RECOMMENDATIONS))
    return [before.join(now, "product_id", "left_anti"), now.join(before, "product_id", "left_anti")]


def _enough(patterns: "DataFrame") -> "DataFrame":
    return patterns.groupBy("product_id").count().where(f"count >= {LEAST_OUTFITS}").select("product_id")


def _enough_with_looks(store: TableStore, patterns: "DataFrame") -> "DataFrame":
    from pyspark.sql import functions as F

    looks = store.read(LOOKBOOK_RECOMMENDATIONS).select("product_id", F.col("items.product_id").alias("items"))
    both = patterns.join(looks, "product_id", "left_semi").select("product_id", F.col("items.product_id").alias("items"))
    outfits = looks.unionByName(both).groupBy("product_id").agg(F.collect_list("items").alias("outfits"))
    return outfits.mapInArrow(WithEnough(), "product_id string")


def _ids_at_hand(store: TableStore, table: Table, version: int | None = None) -> pa.Table | None:
    """The column product_id of a table; None where it is for Spark to read."""
    return store.at_hand(table, ("product_id",), version=version)


def _enough_by_driver(patterns: pa.Table) -> pa.Table:
    counted = patterns.group_by("product_id").aggregate([([], "count_all")])
    return counted.filter(pc.field("count_all") >= LEAST_OUTFITS).select(["product_id"])


def _without(ids: pa.Table, others: pa.Table) -> pa.Table:
    return ids.filter(pc.invert(pc.is_in(ids["product_id"], others["product_id"].combine_chunks())))
