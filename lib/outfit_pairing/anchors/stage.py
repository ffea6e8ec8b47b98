"""The select-anchors stage: strata are counted, the budget is shared over them, and each picks its anchors.

Three passes over the products: one counts strata, one looks at a sample of every stratum that gets anchors (the first
MOST_PER_STRATUM by the hash of product_id, which a changed catalogue hardly changes), one says whom each anchor stands
for.
"""

import logging
from collections import Counter, defaultdict
from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any, TypeAlias

import pyarrow as pa
import pyarrow.compute as pc

from outfit_pairing.anchors.by_driver import COLUMNS, ProductsByDriver
from outfit_pairing.anchors.by_spark import ProductsBySpark
from outfit_pairing.anchors.kernels import StandFor, vectors_of
from outfit_pairing.anchors.selection import Place
from outfit_pairing.anchors.strata import KIND, Kind, Stratum, allocate, may_be_anchor
from outfit_pairing.embedding.encoders import encoder_name
from outfit_pairing.embedding.held import held_products
from outfit_pairing.errors import InputError
from outfit_pairing.settings import Settings
from outfit_pairing.storage import StageReport, TableStore
from outfit_pairing.storage.at_hand import as_arrow
from outfit_pairing.storage.tables import ANCHOR_PRODUCTS, PRODUCT_EMBEDDINGS, PRODUCTS
from outfit_pairing.style.vocabulary import load_style_guide

if TYPE_CHECKING:
    from pyspark.sql import SparkSession

logger = logging.getLogger(__name__)

Products: TypeAlias = ProductsByDriver | ProductsBySpark
Census: TypeAlias = Sequence[Mapping[str, Any]]


def run(spark: "SparkSession", settings: Settings) -> StageReport:
    """Choose `anchors.budget` products that stand for the catalogue, and write them to anchor_products.

    Raises: MissingTable: no products or no vectors yet.   InputError: some products have no vector of the set encoder.
    """
    store = TableStore(spark, settings)
    products = _products(store)
    census = products.census()
    never = _never(census)
    strata = _strata(census, never)
    total = sum(stratum.size for stratum in strata)
    order = allocate(strata, settings.anchors.budget)
    logger.info("%s strata, %s of them share %s anchors", len(strata), len(set(order)), len(order))
    anchors = products.chosen(never, order)
    represents = products.represented(never, _stand_for(anchors)) if anchors.num_rows else {}
    missing = total - sum(represents.values())
    if missing:
        name = encoder_name(settings.embedding)
        raise InputError(f"{missing} products have no vector of {name}; run `outfit-pairing embed` first")
    rows = _rows(anchors, represents, strata, order)
    written = store.merge(ANCHOR_PRODUCTS, as_arrow(ANCHOR_PRODUCTS, rows), delete_missing=True)
    return StageReport(
        stage=ANCHOR_PRODUCTS.stage,
        rows_in=sum(row["products"] for row in census),
        rows_out=len(rows),
        counters=_coverage(strata, order)
        | {"anchors_kept": pc.sum(anchors["incumbent"]).as_py() or 0, "rows_written": written.rows_written},
    )


def _products(store: TableStore) -> Products:
    """The products, to be asked: by the driver where it holds them."""
    for table in (PRODUCTS, PRODUCT_EMBEDDINGS):
        store.read(table)  # says which stage to run where one is missing
    held = held_products(store, COLUMNS)
    if held is None:
        return ProductsBySpark(store)
    before = store.rows(ANCHOR_PRODUCTS, ("product_id",)) if store.exists(ANCHOR_PRODUCTS) else []
    return ProductsByDriver(held, {row["product_id"] for row in before})


def _never(census: Census) -> frozenset[Kind]:
    """Kinds of products that are no anchors."""
    guide = load_style_guide()
    kinds = {_kind(row) for row in census}
    return frozenset(kind for kind in kinds if not may_be_anchor(*kind, guide))


def _kind(row: Mapping[str, Any]) -> Kind:
    article_type, slot, department = (row[name] for name in KIND)
    return article_type, slot, department


def _strata(census: Census, never: frozenset[Kind]) -> list[Stratum]:
    """The strata of all products that may be anchors, sold out or not: what is in stock tonight shall ask no model anything."""
    sizes, incumbents, category = Counter[str](), Counter[str](), {}
    for row in census:
        if _kind(row) not in never:
            sizes[row["stratum"]] += row["products"]
            incumbents[row["stratum"]] += row["incumbents"]
            category[row["stratum"]] = row["category"]
    return [Stratum(key, category[key], sizes[key], incumbents[key]) for key in sizes]


def _stand_for(anchors: pa.Table) -> StandFor:
    columns = ("stratum", "slot", "audience")
    places = [Place(*place) for place in zip(*(anchors[name].to_pylist() for name in columns), strict=True)]
    return StandFor(places, vectors_of(anchors["vector"]))


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
