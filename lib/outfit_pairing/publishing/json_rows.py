"""What the JSON files hold, as streams of JSON texts: of small tables by the driver, of large ones, never held, by Spark."""

import json
import logging
from collections import Counter
from collections.abc import Iterable, Iterator, Sequence
from typing import TYPE_CHECKING, Any, cast

import pyarrow as pa
import pyarrow.compute as pc

from outfit_pairing.errors import WarehouseError
from outfit_pairing.publishing.json_products import FIGURES, NAMES, OUTFIT, READ, product_texts
from outfit_pairing.publishing.json_texts import json_texts
from outfit_pairing.publishing.outfits import products_without_outfits
from outfit_pairing.storage.lent_patterns import lent_patterns
from outfit_pairing.storage.store import TableStore
from outfit_pairing.storage.streaming import fetched, is_connected
from outfit_pairing.storage.tables import ANCHOR_PRODUCTS, OUTFIT_PATTERNS, OUTFIT_RECOMMENDATIONS, PRODUCTS

if TYPE_CHECKING:
    from pyspark.sql import Column, DataFrame

logger = logging.getLogger(__name__)

PRODUCTS_AT_ONCE = 2_000  # products whose JSON the driver holds at a time, however large the catalogue
PRODUCTS_OF_A_PIECE = 20_000  # the same where pieces are put aside first, each in a file

_ANCHOR = ("product_id", "name", "audience", "category", "article_type", "slot", "colour", "season", "usage")
_STRATUM = ("stratum", "stratum_size", "represents", "rank")
_PATTERN = ("pattern_id", "anchor_product_id", "name", "description", "occasion", "season", "items", "confidence")
_WRITER = ("provider", "model", "prompt_version")


def anchor_rows(store: TableStore) -> Iterator[str]:
    """Each anchor with what it stands for, in order of choice."""
    from pyspark.sql import functions as F

    chosen = store.at_hand(ANCHOR_PRODUCTS, ("product_id", *_STRATUM))
    held = None if chosen is None else store.at_hand(PRODUCTS, _ANCHOR, "product_id", chosen["product_id"].to_pylist())
    if chosen is not None and held is not None:
        rows = chosen.sort_by([("rank", "ascending"), ("product_id", "ascending")])
        of_anchor = held.combine_chunks().take(pc.index_in(rows["product_id"], held["product_id"].combine_chunks()))
        columns = [rows["product_id"], *(of_anchor[name] for name in _ANCHOR[1:]), *(rows[name] for name in _STRATUM)]
        return _texts(columns, (*_ANCHOR, *_STRATUM))
    products = store.read(PRODUCTS).select(*_ANCHOR)
    anchors = store.read(ANCHOR_PRODUCTS).select("product_id", *_STRATUM).join(products, "product_id", "left")
    return _json_of(anchors.orderBy("rank", "product_id").select(_json(*map(F.col, (*_ANCHOR, *_STRATUM)))).collect())


def pattern_rows(store: TableStore) -> Iterator[str]:
    """Each outfit pattern that products may follow, by anchor."""
    from pyspark.sql import functions as F

    lent = [row["pattern_id"] for row in lent_patterns(store, ("pattern_id",))]
    held = store.at_hand(OUTFIT_PATTERNS, (*_PATTERN, *_WRITER), "pattern_id", lent)
    if held is not None:
        rows = held.take(pc.sort_indices(held, [("anchor_product_id", "ascending"), ("pattern_id", "ascending")]))
        return _texts([rows[name] for name in rows.column_names], rows.column_names)
    patterns = store.read(OUTFIT_PATTERNS).where(F.col("pattern_id").isin(lent)).orderBy("anchor_product_id", "pattern_id")
    return _json_of(patterns.select(_json(*map(F.col, (*_PATTERN, *_WRITER)))).collect())


def product_rows(store: TableStore, products: int, partitions: int) -> Iterator[str]:
    """Each product with its outfits, in product_id order.

    Args:    products: how many there are.    partitions: of the heavy pass.
    """
    from pyspark.sql import functions as F

    here, shown = store.here, store.source(OUTFIT_RECOMMENDATIONS)
    if here and here.small(shown) and here.small(PRODUCTS):
        try:
            return product_texts(here.held(shown, READ), here.held(PRODUCTS, NAMES))
        except WarehouseError as fault:
            logger.warning("files are put together by Spark (%s)", fault)
    texts = _products_with_outfits(store, partitions).select("product_id", _json(*map(F.col, ("product_id", "name", "outfits"))))
    pieces = max(1, products // (PRODUCTS_OF_A_PIECE if is_connected(texts) else PRODUCTS_AT_ONCE))
    ordered = texts.repartitionByRange(pieces, "product_id").sortWithinPartitions("product_id")
    return _json_of(fetched(store, ordered, ("product_id",), "json_of_products", products))


def without_outfits_rows(store: TableStore, reasons: Counter[str]) -> Iterator[str]:
    """Each product without an outfit, in product_id order; `reasons` counts the codes as they pass by."""
    for product, absence in products_without_outfits(store):
        reasons[absence.code] += 1
        entry = {"product_id": product.product_id, "name": product.name, "code": absence.code, "reason": absence.reason}
        yield json.dumps(entry, ensure_ascii=False)


def _products_with_outfits(store: TableStore, partitions: int) -> "DataFrame":
    """product_id, name, outfits `array<struct>`. Outfits are shuffled once, whole; names travel beside them, by id."""
    from pyspark.sql import functions as F

    names = store.read(PRODUCTS).select("product_id", "name")
    rows = store.read(OUTFIT_RECOMMENDATIONS)
    outfit = F.struct("rank", "source", "occasion", "pattern_name", _rounded("score"), _rounded("confidence"), "items")
    outfits = (
        rows.repartition(partitions, "product_id").groupBy("product_id").agg(F.sort_array(F.collect_list(outfit)).alias("outfits"))
    )
    items = rows.select("product_id", F.explode("items.product_id").alias("item_id")).join(
        names.select(F.col("product_id").alias("item_id"), F.col("name").alias("item_name")), "item_id"
    )
    called = items.repartition(partitions, "product_id").groupBy("product_id")
    item_names = called.agg(F.map_from_entries(F.collect_set(F.struct("item_id", "item_name"))).alias("item_names"))
    joined = outfits.join(item_names, "product_id", "left").join(names, "product_id", "left")
    return joined.withColumn("outfits", F.transform("outfits", lambda one: _named_outfit(one, F.col("item_names"))))


def _named_outfit(outfit: "Column", names: "Column") -> "Column":
    from pyspark.sql import functions as F

    def named(item: "Column") -> "Column":
        name = F.try_element_at(names, item["product_id"]).alias("name")
        score = F.round(item["score"], FIGURES).alias("score")
        return F.struct(
            item["slot"].alias("slot"), item["product_id"].alias("product_id"), name, score, item["reasons"].alias("reasons")
        )

    return F.struct(*(outfit[one].alias(one) for one in OUTFIT), F.transform(outfit["items"], named).alias("items"))


def _rounded(figure: str) -> "Column":
    from pyspark.sql import functions as F

    return F.round(figure, FIGURES).alias(figure)


def _json(*columns: "Column") -> "Column":
    from pyspark.sql import functions as F

    return F.to_json(F.struct(*columns), {"ignoreNullFields": "false"}).alias("json")


def _texts(columns: Sequence[pa.ChunkedArray], names: Sequence[str]) -> Iterator[str]:
    """Columns that the driver has at hand as one text per row."""
    arrays = [column.combine_chunks() if isinstance(column, pa.ChunkedArray) else column for column in columns]
    return iter(json_texts(pa.StructArray.from_arrays(arrays, names=list(names))).to_pylist())


def _json_of(rows: Iterable[Any]) -> Iterator[str]:
    return (cast("str", row["json"]) for row in rows)
