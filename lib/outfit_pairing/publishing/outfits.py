"""A product with its outfits, as people and programs read it: names beside ids, reasons beside items."""

import hashlib
import json
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import asdict, dataclass
from typing import TYPE_CHECKING, Any, TypeAlias

import pyarrow as pa
import pyarrow.compute as pc

from outfit_pairing.errors import InputError
from outfit_pairing.publishing.spread import Group, spread
from outfit_pairing.publishing.without_outfits import Absence, absence_of
from outfit_pairing.storage.store import TableStore
from outfit_pairing.storage.streaming import fetched
from outfit_pairing.storage.tables import OUTFIT_RECOMMENDATIONS, PRODUCTS
from outfit_pairing.style.product import PRODUCT_COLUMNS, Product
from outfit_pairing.style.vocabulary import load_style_guide

if TYPE_CHECKING:
    from pyspark.sql import Column, DataFrame, SparkSession

    from outfit_pairing.settings import Settings

SHOWN = (
    "name", "audience", "slot", "article_type", "colour", "season", "usage", "image_url", "price", "currency", "in_stock",
)  # fmt: skip
NEAREST_IDS = 3
PRODUCTS_AT_ONCE = 2_000
Queues: TypeAlias = tuple[dict[Group, int], dict[Group, list[str]]]


@dataclass(frozen=True, slots=True)
class ShownProduct:
    """What is shown of a product; None = not said by the shop."""

    product_id: str
    name: str | None
    audience: str | None
    slot: str | None
    article_type: str | None
    colour: str | None
    season: str | None
    usage: str | None
    image_url: str | None
    price: float | None = None
    currency: str | None = None
    in_stock: bool | None = None


@dataclass(frozen=True, slots=True)
class OutfitItem:
    """One product of an outfit, in the slot that it fills, and why it was chosen."""

    slot: str
    product: ShownProduct
    score: float | None
    reasons: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Outfit:
    """One outfit offered for a product; the product itself is not among the items."""

    rank: int
    outfit_id: str
    source: str
    occasion: str | None
    pattern_name: str | None
    anchor_product_id: str | None
    score: float | None
    confidence: float | None
    items: tuple[OutfitItem, ...]


@dataclass(frozen=True, slots=True)
class ProductOutfits:
    """A product and its outfits, best first; `without_outfits` says why when there are none."""

    product: ShownProduct
    outfits: tuple[Outfit, ...]
    without_outfits: str | None = None

    def as_json(self) -> str:
        """The same as one JSON object, keys in the order of the fields."""
        return json.dumps(asdict(self), ensure_ascii=False)


def outfits_of(spark: "SparkSession", settings: "Settings", product_id: str) -> ProductOutfits:
    """The published outfits of one product.

    Raises:  InputError: no such product (names the nearest ids).    MissingTable: nothing is published.
    """
    found = outfits_of_each(spark, settings, [product_id])
    if not found:
        raise InputError(_unknown(TableStore(spark, settings), product_id))
    return found[0]


def outfits_of_each(spark: "SparkSession", settings: "Settings", product_ids: Sequence[str]) -> list[ProductOutfits]:
    """The published outfits of a few products, in the order of `product_ids`; unknown ids are left out."""
    store = TableStore(spark, settings)
    asked = list(dict.fromkeys(product_ids))
    rows: dict[str, list[dict[str, Any]]] = {}
    offered = store.rows_of(OUTFIT_RECOMMENDATIONS, OUTFIT_RECOMMENDATIONS.arrow_schema.names, "product_id", asked)
    for row in sorted(offered, key=lambda one: (one["product_id"], one["rank"])):
        rows.setdefault(row["product_id"], []).append(row)
    wanted = {*asked, *(item["product_id"] for group in rows.values() for row in group for item in row["items"])}
    products = _products(store, wanted)
    without = _reasons(store, [products[one] for one in asked if one in products and one not in rows])
    return [
        ProductOutfits(_shown(products, one), tuple(_outfit(row, products) for row in rows.get(one, ())), without.get(one))
        for one in asked
        if one in products
    ]


def spread_of_outfits(spark: "SparkSession", settings: "Settings", count: int, seed: int) -> list[ProductOutfits]:
    """`count` products that have outfits, spread over slots, audiences and sources; the same for the same seed and tables.

    A product with outfits of several sources stands for the rarest of them, so that no source goes unseen.

    Raises:  MissingTable: nothing is published.
    """
    store = TableStore(spark, settings)
    sizes, queues = _queues_by_driver(store, count, str(seed)) or _queues_by_spark(store, count, str(seed))
    return outfits_of_each(spark, settings, spread(sizes, queues, count))


def _queues_by_driver(store: TableStore, count: int, seed: str) -> Queues | None:
    """By slot, audience and source: how many products there are, and the ids of the first by hash; None where Spark has to."""
    offered = store.at_hand(OUTFIT_RECOMMENDATIONS, ("product_id", "source"))
    products = store.at_hand(PRODUCTS, ("product_id", "slot", "audience"))
    if offered is None or products is None:
        return None
    outfits = {one["values"]: one["counts"] for one in offered["source"].combine_chunks().value_counts().to_pylist()}
    by_rarity = sorted(outfits, key=lambda source: (outfits[source], source))
    place = pc.index_in(offered["source"], pa.array(by_rarity, pa.string()))
    rarest = pa.table({"id": offered["product_id"], "place": place}).group_by("id").aggregate([("place", "min")])
    source_of = dict(zip(rarest["id"].to_pylist(), rarest["place_min"].to_pylist(), strict=True))
    groups: dict[Group, list[str]] = {}
    for row in products.to_pylist():
        if row["product_id"] in source_of:
            group = (row["slot"] or "other", row["audience"] or "unisex", by_rarity[source_of[row["product_id"]]])
            groups.setdefault(group, []).append(row["product_id"])
    shuffled = {group: sorted(ids, key=lambda one: (_hash(f"{seed}:{one}"), one)) for group, ids in sorted(groups.items())}
    return {group: len(ids) for group, ids in shuffled.items()}, {group: ids[:count] for group, ids in shuffled.items()}


def _hash(text: str) -> str:
    return hashlib.sha256(text.encode()).hexdigest()


def _queues_by_spark(store: TableStore, count: int, seed: str) -> Queues:
    """The same for tables of any size."""
    from pyspark.sql import Window
    from pyspark.sql import functions as F

    group = Window.partitionBy("slot", "audience", "source")
    shuffled = F.sha2(F.concat_ws(":", F.lit(seed), "product_id"), 256)
    rows = (
        store.read(PRODUCTS)
        .join(_rarest_sources(store), "product_id")
        .select("product_id", _said("slot", "other"), _said("audience", "unisex"), "source")
        .withColumn("place", F.row_number().over(group.orderBy(shuffled, "product_id")))
        .withColumn("size", F.count("*").over(group))
        .where(F.col("place") <= count)
        .orderBy("slot", "audience", "source", "place")
        .collect()
    )
    sizes: dict[Group, int] = {}
    queues: dict[Group, list[str]] = {}
    for row in rows:
        place = (row["slot"], row["audience"], row["source"])
        sizes[place] = row["size"]
        queues.setdefault(place, []).append(row["product_id"])
    return sizes, queues


def _said(column: str, otherwise: str) -> "Column":
    from pyspark.sql import functions as F

    return F.coalesce(column, F.lit(otherwise)).alias(column)


def _rarest_sources(store: TableStore) -> "DataFrame":
    """product_id, source: of each product's sources the one with the fewest outfits in the whole table."""
    from pyspark.sql import functions as F

    offered = store.read(OUTFIT_RECOMMENDATIONS).select("product_id", "source")
    counts = offered.groupBy("source").agg(F.count("*").alias("outfits"))
    rarest = F.min_by("source", F.struct("outfits", "source"))
    return offered.distinct().join(counts, "source").groupBy("product_id").agg(rarest.alias("source"))


def stocked_slots(store: TableStore) -> dict[str, tuple[str, ...]]:
    """For each slot the audiences that have a product in stock."""
    from pyspark.sql import functions as F

    held = store.at_hand(PRODUCTS, ("slot", "audience", "in_stock"))
    if held is not None:
        found: dict[str, set[str]] = {}
        for row in held.filter(held["in_stock"]).group_by(["slot", "audience"]).aggregate([]).to_pylist():
            found.setdefault(row["slot"], set()).add(row["audience"] or "unisex")
        return {slot: tuple(sorted(audiences)) for slot, audiences in found.items()}
    stocked = store.read(PRODUCTS).where("in_stock").groupBy("slot")
    rows = stocked.agg(F.collect_set(F.coalesce("audience", F.lit("unisex"))).alias("audiences")).collect()
    return {row["slot"]: tuple(sorted(row["audiences"])) for row in rows}


def products_without_outfits(store: TableStore) -> Iterator[tuple[Product, Absence]]:
    """Each product that nothing is published for, in product_id order, and why; a row at a time."""
    guide, stocked = load_style_guide(), stocked_slots(store)
    for row in _without_outfits(store):
        product = Product.from_row(row)
        yield product, absence_of(product, guide, stocked)


def _without_outfits(store: TableStore) -> Iterator[Mapping[str, Any]]:
    held, shown = store.at_hand(PRODUCTS, PRODUCT_COLUMNS), store.at_hand(OUTFIT_RECOMMENDATIONS, ("product_id",))
    if held is not None and shown is not None:
        without = held.filter(pc.invert(pc.is_in(held["product_id"], shown["product_id"].combine_chunks())))
        for batch in without.sort_by("product_id").to_batches(PRODUCTS_AT_ONCE):
            yield from batch.to_pylist()
        return
    published = store.read(OUTFIT_RECOMMENDATIONS).select("product_id")
    rows = store.read(PRODUCTS).select(*PRODUCT_COLUMNS).join(published, "product_id", "left_anti").orderBy("product_id")
    yield from (row.asDict() for row in fetched(store, rows, ("product_id",), "products_without_outfits"))


def _products(store: TableStore, product_ids: Iterable[str]) -> dict[str, dict[str, Any]]:
    columns = tuple(dict.fromkeys((*PRODUCT_COLUMNS, *SHOWN)))
    return {row["product_id"]: row for row in store.rows_of(PRODUCTS, columns, "product_id", sorted(product_ids))}


def _shown(products: Mapping[str, Any], product_id: str) -> ShownProduct:
    row = products.get(product_id)
    said = {name: row[name] if row else None for name in SHOWN}
    return ShownProduct(product_id=product_id, **said)


def _outfit(row: Mapping[str, Any], products: Mapping[str, Any]) -> Outfit:
    items = (
        OutfitItem(item["slot"], _shown(products, item["product_id"]), item["score"], tuple(item["reasons"] or ()))
        for item in row["items"]
    )
    plain = {name: row[name] for name in Outfit.__dataclass_fields__ if name != "items"}
    return Outfit(**plain, items=tuple(items))


def _reasons(store: TableStore, without: Sequence[Mapping[str, Any]]) -> dict[str, str]:
    if not without:
        return {}
    guide, stocked = load_style_guide(), stocked_slots(store)
    products = (Product.from_row(row) for row in without)
    return {product.product_id: absence_of(product, guide, stocked).reason for product in products}


def _unknown(store: TableStore, product_id: str) -> str:
    from pyspark.sql import functions as F

    distance = F.levenshtein(F.col("product_id"), F.lit(product_id))
    nearest = store.read(PRODUCTS).select("product_id").orderBy(distance, "product_id").limit(NEAREST_IDS).collect()
    hint = f"; the nearest ids are {', '.join(row['product_id'] for row in nearest)}" if nearest else ""
    return f"no product {product_id} in table {PRODUCTS.name}{hint}"
