"""pair-by-lookbook: outfits that the shop's own stylists made, for their products and for those near-identical to them."""

import logging
from collections.abc import Sequence
from typing import TYPE_CHECKING

import pandas as pd
import pyarrow as pa

from outfit_pairing.errors import InputError
from outfit_pairing.pairing.candidates import INPUT_COLUMNS
from outfit_pairing.pairing.catalogue import Catalogue, read_catalogue
from outfit_pairing.pairing.look_faults import CODES, Fault, faults_of, without_forbidden
from outfit_pairing.pairing.look_outfits import CARRIED, CURATED, OUTCOME_COLUMNS, LookOutfits, rack_of
from outfit_pairing.pairing.looks import Look, read_lookbook
from outfit_pairing.pairing.near_identical import COLUMNS, NEAR_SCHEMA, BestNear, NearIdentical, best_near, models_of
from outfit_pairing.settings import Settings
from outfit_pairing.storage import StageReport, TableStore
from outfit_pairing.storage.session import partitions
from outfit_pairing.storage.staging import StagingPlace
from outfit_pairing.storage.tables import LOOKBOOK_RECOMMENDATIONS, PRODUCTS
from outfit_pairing.style import load_style_guide
from outfit_pairing.style.item_names import item_names

if TYPE_CHECKING:
    from pyspark.sql import DataFrame, SparkSession

logger = logging.getLogger(__name__)

STAGE = "pair-by-lookbook"
# Columns that catalogues have for the maker; what no column of the products table took is kept in `attributes`.
BRAND_COLUMNS = ("brand", "brand_name", "brand name", "brandname")
MOST_FAULTS_LOGGED = 20
STAGED_COLUMNS = ", ".join([*(f"{one.name} {one.type}" for one in LOOKBOOK_RECOMMENDATIONS.columns), OUTCOME_COLUMNS])


def run(spark: "SparkSession", settings: Settings) -> StageReport:
    """Write lookbook_recommendations from the lookbook that settings name; without one the table is emptied.

    Raises: OutfitsError: the lookbook cannot be read.    MissingTable: an earlier stage has not run.
            InputError: no look can be shown at any of its products.
    """
    if settings.lookbook.path is None:
        return _without_lookbook(TableStore(spark, settings))
    looks = read_lookbook(settings.lookbook.path)
    catalogue = read_catalogue(spark, settings)
    named = catalogue.with_vectors.join(_brands(catalogue), "product_id")
    own = _batch(named.join(_wanted(catalogue, sorted({item for look in looks for item in look.items})), "product_id", "left_semi"))
    products = {row["product_id"]: row for row in own.select(list(INPUT_COLUMNS)).to_pylist()}
    faults = faults_of(looks, products, load_style_guide())
    if not products:
        raise InputError(_nothing_usable(settings.lookbook.path, looks, faults))
    _log(faults)
    near = _near(catalogue, named, own)
    place = StagingPlace(spark, settings, "lookbook_outfits")
    try:
        place.add(_outfits(catalogue, named, without_forbidden(looks, faults), own, near))
        staged = place.frame(STAGED_COLUMNS)
        counters = _counted(staged, looks, faults)
        if not counters[CURATED] + counters[CARRIED]:
            raise InputError(_nothing_usable(settings.lookbook.path, looks, faults))
        outfits = staged.where("NOT dropped").select(*LOOKBOOK_RECOMMENDATIONS.schema.names)
        written = catalogue.store.merge(LOOKBOOK_RECOMMENDATIONS, outfits, delete_missing=True)
    finally:
        place.remove()
    return StageReport(
        STAGE,
        rows_in=len(looks),
        rows_out=counters[CURATED] + counters[CARRIED],
        rows_rejected=counters["looks_dropped"],
        counters={**counters, "rows_written": written.rows_written},
    )


def _without_lookbook(store: TableStore) -> StageReport:
    """An empty table: outfits of a lookbook that is no longer named are not offered any more."""
    table, written = LOOKBOOK_RECOMMENDATIONS, 0
    if not store.exists(table):
        store.create(table)
    elif not store.is_empty(table):
        written = store.merge(table, store.spark.createDataFrame([], table.schema), delete_missing=True).rows_written
    return StageReport(STAGE, rows_in=0, rows_out=0, counters={"lookbook": "none", "rows_written": written})


def _brands(catalogue: Catalogue) -> "DataFrame":
    """product_id and brand."""
    from pyspark.sql import functions as F

    brands = F.map_values(F.map_filter("attributes", lambda key, _: F.lower(key).isin(*BRAND_COLUMNS)))
    return catalogue.store.read(PRODUCTS).select("product_id", F.try_element_at(brands, F.lit(1)).alias("brand"))


def _wanted(catalogue: Catalogue, product_ids: Sequence[str]) -> "DataFrame":
    return catalogue.spark.createDataFrame([(one,) for one in product_ids], "product_id string")


def _batch(rows: "DataFrame") -> pa.RecordBatch:
    """The rows by product_id, as one batch with COLUMNS and vector."""
    return _joined([rows.select(*COLUMNS, "vector").toArrow()])


def _joined(tables: Sequence[pa.Table]) -> pa.RecordBatch:
    """All rows by product_id, as one batch."""
    table = pa.concat_tables(tables).sort_by("product_id").combine_chunks()
    return next(iter(table.to_batches()), pa.RecordBatch.from_pylist([], schema=table.schema))


def _near(catalogue: Catalogue, named: "DataFrame", own: pa.RecordBatch) -> pd.DataFrame:
    """Products near-identical to the looks' items: columns item (row of `own`), product_id and points; see `best_near`."""
    names = item_names(load_style_guide())
    kernel = NearIdentical(models_of(own, catalogue.tables, names), catalogue.tables, names)
    found = catalogue.passing(named).mapInArrow(kernel, NEAR_SCHEMA).repartition(partitions(catalogue.settings), "item")
    return best_near(found.mapInArrow(BestNear(), NEAR_SCHEMA).toPandas())  # once more, for the order


def _outfits(
    catalogue: Catalogue, named: "DataFrame", looks: tuple[Look, ...], own: pa.RecordBatch, near: pd.DataFrame
) -> "DataFrame":
    """All outfits from looks: the rows of STAGED_COLUMNS."""
    own_ids = own.column("product_id").to_pylist()
    of_product: dict[str, list[tuple[str, int]]] = {}
    of_item: dict[str, list[str]] = {}
    for item, product_id, points in near.itertuples(index=False):
        of_product.setdefault(product_id, []).append((own_ids[item], points))
        of_item.setdefault(own_ids[item], []).append(product_id)
    for models in of_product.values():
        models.sort(key=lambda model: (-model[1], model[0]))
    rack = rack_of(own, catalogue.tables, catalogue.space)
    lacking = {item: of_item[item] for item in own_ids if item in of_item and not rack.offers(item)}
    stands_in = sorted({one for ids in lacking.values() for one in ids} - set(own_ids))
    if stands_in:
        more = _batch(named.join(_wanted(catalogue, stands_in), "product_id", "left_semi"))
        rack = rack_of(_joined([pa.Table.from_batches([one]) for one in (own, more)]), catalogue.tables, catalogue.space)
    kernel = LookOutfits(
        tables=catalogue.tables,
        space=catalogue.space,
        rack=rack,
        looks=looks,
        near=of_product,
        substitutes={item: tuple(one for one in ids if rack.offers(one)) for item, ids in lacking.items()},
        least_score=catalogue.settings.outfits.min_score,
        most_carried=catalogue.settings.outfits.per_product,
    )
    pages = catalogue.frame_of(_wanted(catalogue, sorted({*of_product, *own_ids})))
    return catalogue.passing(pages).mapInArrow(kernel, STAGED_COLUMNS)


def _counted(staged: "DataFrame", looks: Sequence[Look], faults: Sequence[Fault]) -> dict[str, int]:
    from pyspark.sql import functions as F

    is_own, is_carried, shown = F.col("source") == CURATED, F.col("source") == CARRIED, ~F.col("dropped")
    row = staged.agg(
        F.count_if(is_own & shown).alias(CURATED),
        F.count_if(is_carried & shown).alias(CARRIED),
        F.count_distinct(F.when(shown, F.col("look"))).alias("looks_shown"),
        F.count_if(shown & (F.col("left_out") > 0)).alias("outfits_in_part"),
        F.coalesce(F.sum(F.when(shown, F.col("replaced"))), F.lit(0)).alias("items_replaced"),
        F.count_if(is_carried & ~shown).alias("carried_dropped"),
        F.count_distinct(F.when(shown, F.col("product_id"))).alias("products_with_outfits"),
    ).collect()[0]
    found = {name: int(row[name]) for name in row.asDict()}
    by_code = {f"items_{code}": sum(fault.code == code for fault in faults) for code in CODES}
    return {"looks": len(looks), "looks_dropped": len(looks) - found.pop("looks_shown"), **found, **by_code}


def _log(faults: Sequence[Fault]) -> None:
    for fault in faults[:MOST_FAULTS_LOGGED]:
        logger.warning("lookbook %s", fault)
    if len(faults) > MOST_FAULTS_LOGGED:
        logger.warning("lookbook: %s more items cannot be offered", f"{len(faults) - MOST_FAULTS_LOGGED:,}")


def _nothing_usable(path: str, looks: Sequence[Look], faults: Sequence[Fault]) -> str:
    why = f"such as {faults[0]}" if faults else "no choice of their items keeps the hard rules"
    return f"{path}: none of its {len(looks)} looks can be shown ({why}); give product ids of this catalogue, as it writes them"
