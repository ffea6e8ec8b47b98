"""pair-by-lookbook: outfits that the shop's own stylists made, for their products and for those near-identical to them."""

import logging
from collections.abc import Sequence
from typing import TYPE_CHECKING

import pandas as pd

from outfit_pairing.errors import InputError
from outfit_pairing.pairing.candidates import INPUT_COLUMNS
from outfit_pairing.pairing.look_faults import CODES, Fault, faults_of, without_forbidden
from outfit_pairing.pairing.look_outfits import CARRIED, CURATED, OUTCOME_COLUMNS, LookOutfits, rack_of
from outfit_pairing.pairing.looks import Look, read_lookbook
from outfit_pairing.pairing.near_identical import NEAR_SCHEMA, NearIdentical, best_near, models_of
from outfit_pairing.pairing.passes import Catalogue, read_catalogue
from outfit_pairing.settings import Settings
from outfit_pairing.storage import StageReport, TableStore
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


def run(spark: "SparkSession", settings: Settings) -> StageReport:
    """Write lookbook_recommendations from the lookbook that settings name; without one the table is emptied.

    Raises: OutfitsError: the lookbook cannot be read.    MissingTable: an earlier stage has not run.
            InputError: no look can be shown at any of its products.
    """
    if settings.lookbook.path is None:
        return _without_lookbook(TableStore(spark, settings))
    looks = read_lookbook(settings.lookbook.path)
    catalogue = read_catalogue(spark, settings)
    named = catalogue.with_vectors.join(_names(catalogue), "product_id")
    items = named.join(_wanted(catalogue, sorted({item for look in looks for item in look.items})), "product_id", "left_semi")
    own = items.toPandas().sort_values("product_id", ignore_index=True)
    if own.empty:
        raise InputError(_nothing_usable(settings.lookbook.path, looks, faults_of(looks, {}, load_style_guide())))
    products = {row["product_id"]: dict(row) for _, row in own[list(INPUT_COLUMNS)].iterrows()}
    faults = faults_of(looks, products, load_style_guide())
    _log(faults)
    near = _near(catalogue, named, own)
    place = StagingPlace(spark, settings, "lookbook_outfits")
    try:
        place.add(_outfits(catalogue, without_forbidden(looks, faults), own, near))
        staged = place.frame(f"{', '.join(f'{c.name} {c.type}' for c in LOOKBOOK_RECOMMENDATIONS.columns)}, {OUTCOME_COLUMNS}")
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
    elif not store.read(table).isEmpty():
        written = store.merge(table, store.spark.createDataFrame([], table.schema), delete_missing=True).rows_written
    return StageReport(STAGE, rows_in=0, rows_out=0, counters={"lookbook": "none", "rows_written": written})


def _names(catalogue: Catalogue) -> "DataFrame":
    """product_id, name and brand."""
    from pyspark.sql import functions as F

    brands = F.map_values(F.map_filter("attributes", lambda key, _: F.lower(key).isin(*BRAND_COLUMNS)))
    return catalogue.store.read(PRODUCTS).select("product_id", "name", F.try_element_at(brands, F.lit(1)).alias("brand"))


def _wanted(catalogue: Catalogue, product_ids: Sequence[str]) -> "DataFrame":
    return catalogue.spark.createDataFrame([(one,) for one in product_ids], "product_id string")


def _near(catalogue: Catalogue, named: "DataFrame", own: pd.DataFrame) -> pd.DataFrame:
    """Products near-identical to the looks' items: columns item (row of `own`), product_id and points; see `best_near`."""
    names = item_names(load_style_guide())
    models = models_of(own, own["vector"].tolist(), catalogue.tables, names)
    kernel = NearIdentical(models, catalogue.tables, names)
    return best_near(catalogue.passing(named).mapInArrow(kernel, NEAR_SCHEMA).toPandas())


def _outfits(catalogue: Catalogue, looks: tuple[Look, ...], own: pd.DataFrame, near: pd.DataFrame) -> "DataFrame":
    """All outfits from looks, with the columns OUTCOME."""
    of_product: dict[str, list[tuple[str, int]]] = {}
    of_item: dict[str, list[str]] = {}
    for item, product_id, points in near.itertuples(index=False):
        model = own["product_id"][item]
        of_product.setdefault(product_id, []).append((model, points))
        of_item.setdefault(model, []).append(product_id)
    for models in of_product.values():
        models.sort(key=lambda model: (-model[1], model[0]))
    rack = rack_of(own, catalogue.tables)
    lacking = {item: of_item[item] for item in rack.product_id if item in of_item and not rack.offers(item)}
    stands_in = sorted({one for ids in lacking.values() for one in ids} - set(rack.product_id))
    if stands_in:
        more = catalogue.products.join(_names(catalogue), "product_id").join(
            _wanted(catalogue, stands_in), "product_id", "left_semi"
        )
        columns = [*INPUT_COLUMNS, "name"]
        rack = rack_of(pd.concat([own[columns], more.select(*columns).toPandas()]), catalogue.tables)
    kernel = LookOutfits(
        tables=catalogue.tables,
        rack=rack,
        looks=looks,
        near=of_product,
        substitutes={item: tuple(one for one in ids if rack.offers(one)) for item, ids in lacking.items()},
        least_score=catalogue.settings.outfits.min_score,
        most_carried=catalogue.settings.outfits.per_product,
    )
    pages = catalogue.products.join(_wanted(catalogue, sorted({*of_product, *own["product_id"]})), "product_id", "left_semi")
    schema = f"{', '.join(f'{c.name} {c.type}' for c in LOOKBOOK_RECOMMENDATIONS.columns)}, {OUTCOME_COLUMNS}"
    return catalogue.passing(pages).mapInArrow(kernel, schema)


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
