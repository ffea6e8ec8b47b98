"""What has changed since outfits were last made, and whose outfits that touches.

An outfit that stands is not taken away because a better one came in. A product's outfits are all made anew when it is new, when
something has changed that they follow from, or when new patterns from a file would be tried for it. Where only an item of one has
gone, is sold out or has become something else, or its pattern is gone, that one is replaced and the others stay (`mending`); so do
they where other new patterns find room for more, unless fewer than three would stand side by side. What is made anew is what a
full run would make of the same patterns.
"""

import hashlib
import json
import logging
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

import pyarrow as pa

from outfit_pairing import __version__
from outfit_pairing.embedding.encoders import encoder_name
from outfit_pairing.errors import WarehouseError, first_line
from outfit_pairing.pairing.codes import CODED_COLUMNS
from outfit_pairing.pairing.mending import Mend
from outfit_pairing.pairing.parts import Parts
from outfit_pairing.pairing.touched_by_driver import (
    MOST_BY_DRIVER,
    NO_RANK,
    ROWS,
    Ids,
    TouchedByDriver,
    broken_outfits,
    changed_products,
    of_rank,
)
from outfit_pairing.settings import Settings
from outfit_pairing.storage.made_of import Past
from outfit_pairing.storage.session import partitions, spark_faults
from outfit_pairing.storage.staging import StagingPlace
from outfit_pairing.storage.store import TableStore
from outfit_pairing.storage.tables import OUTFIT_PATTERNS, PATTERN_RECOMMENDATIONS, PRODUCTS, Table
from outfit_pairing.style.formulas import version_of
from outfit_pairing.style.guide_files import GUIDE_FOLDER

if TYPE_CHECKING:
    from pyspark.sql import Column, DataFrame

logger = logging.getLogger(__name__)

OWN = (*CODED_COLUMNS, "name", "text_hash")  # what a product's own outfits follow from
WORN = ("article_type", "slot", "usage", "department", "colour", "audience")  # what decides whether an item may stay in an outfit
MOST_LOOKED_AT = 20_000  # changed products that the driver compares with what they were
MOST_CHANGED = 0.2  # of the products, since all outfits were made: then all are made again


@dataclass(frozen=True, eq=False)
class Touched:
    """Products whose outfits are made anew, in whole or in part, or are gone with the product. To be closed once written.

    rows: product_id, and the rank of the outfit that can no longer be worn; null where all of the product's outfits are made anew,
    NO_RANK where there is only room for more.
    count: products.   changed: products that have changed since all outfits were made.
    """

    rows: "DataFrame"
    count: int
    changed: int
    places: tuple[StagingPlace, ...]

    @property
    def product_id(self) -> "DataFrame":
        """The products' ids, distinct."""
        return self.rows.select("product_id").distinct()

    def mended(self, held: "DataFrame", fresh: "DataFrame", settings: Settings) -> "DataFrame":
        """`fresh`, made for the touched products, beside those of their rows in `held` that can stay."""
        from pyspark.sql import functions as F

        whole, broken = self.rows.where("rank IS NULL"), self.rows.where("rank IS NOT NULL")
        stands = held.join(self.product_id, "product_id", "left_semi").join(whole, "product_id", "left_anti")
        stands = stands.join(broken, ["product_id", "rank"], "left_anti").select(*fresh.columns)
        both = fresh.withColumn("stands", F.lit(False)).unionByName(stands.withColumn("stands", F.lit(True)))
        per_product = both.repartition(partitions(settings), "product_id").sortWithinPartitions("product_id", "stands", "rank")
        return per_product.mapInArrow(Mend(), fresh.schema)

    def close(self) -> None:
        """Remove what was put aside."""
        for place in self.places:
            place.remove()


def made_of(settings: Settings, parts: Parts) -> str:
    """Equal as long as the same products and patterns give the same outfits."""
    model = settings.style.model
    told = {
        "outfits": settings.outfits.model_dump(mode="json"),
        "encoder": encoder_name(settings.embedding),
        "model": hashlib.sha256(Path(model).read_bytes()).hexdigest() if model else None,
        "guide": version_of(*sorted(GUIDE_FOLDER.glob("*.yaml"))),
        "code": __version__,
    }
    return f"{parts}, {hashlib.sha256(json.dumps(told, sort_keys=True).encode()).hexdigest()}"


def nothing_redone() -> dict[str, int | float | str]:
    """Counters of a pairing that found nothing to do."""
    return {"products_redone": 0, "rows_written": 0}


@dataclass(frozen=True, slots=True)
class Further:
    """Further products, distinct product_id.   anew: their outfits are all made anew.   room: they may get more outfits."""

    anew: Sequence[Ids] = ()
    room: Sequence[Ids] = ()


def touched(store: TableStore, table: Table, past: Past, more: Callable[[], Further]) -> "Touched | TouchedByDriver | None":
    """Whose outfits of the table a change touches; None where it is so much that all are made again, or the past is gone.

    more: is only asked where not all are made again.
    """
    places = tuple(StagingPlace(store.spark, store.settings, f"{what}_{table.name}") for what in ("changed_for", "touched_of"))
    gone: tuple[type[Exception], ...] = (*spark_faults(), WarehouseError)
    found: Touched | TouchedByDriver | None = None
    try:
        ids = _few_changed(store, table, past)
        found = _touched(store, table, past, more, places) if ids is None else _touched_by_driver(store, table, past, more, ids)
    except gone as fault:  # VACUUM has removed a version
        logger.warning("%s: all outfits are made again (%s)", table.name, first_line(fault))
        found = None
    finally:
        if not isinstance(found, Touched):
            for place in places:
                place.remove()
    return found


def _few_changed(store: TableStore, table: Table, past: Past) -> pa.Array | None:
    """Ids of the products that have changed in any way, where the driver can tell and they are few; None where Spark has to."""
    here = store.small_here(table) and store.small_here(PRODUCTS)
    try:
        ids = here.changed_since(PRODUCTS, past.versions[PRODUCTS.name], "product_id")["product_id"] if here else None
    except WarehouseError as fault:
        logger.info("%s: what changed is found by Spark (%s)", table.name, fault)
        return None
    return None if ids is None or len(ids) > MOST_LOOKED_AT else ids.combine_chunks()


def _touched_by_driver(
    store: TableStore, table: Table, past: Past, more: Callable[[], Further], ids: pa.Array
) -> "Touched | TouchedByDriver | None":
    """The same by the driver.    ids: of the products that have changed in any way."""
    own, lost = changed_products(store, past.versions[PRODUCTS.name], ids, OWN, WORN)
    total = past.changed + len(own)
    if total > MOST_CHANGED * max(1, store.count(PRODUCTS)):
        return None
    further = more()
    anew, room = (own.union(*map(_ids, further.anew)), set[str]().union(*map(_ids, further.room)))
    parts = [of_rank(anew, None), of_rank(room, NO_RANK), broken_outfits(store, table, lost)]
    rows = pa.concat_tables(parts).group_by(ROWS.names).aggregate([]).select(ROWS.names)
    touched_ids = rows.group_by("product_id").aggregate([])
    logger.info("%s: %s products are touched by what changed", table.name, f"{len(touched_ids):,}")
    if len(touched_ids) > MOST_BY_DRIVER:
        return Touched(store.spark.createDataFrame(rows, "product_id string, rank int"), len(touched_ids), total, ())
    return TouchedByDriver(rows, store.held_within(table, table.given, touched_ids), total)


def _touched(
    store: TableStore,
    table: Table,
    past: Past,
    more: Callable[[], Further],
    places: tuple[StagingPlace, ...],
) -> Touched | None:
    from pyspark.sql import functions as F

    changes, kept = places
    told = _changed_products(store, past.versions[PRODUCTS.name])
    changed = store.put_aside(PRODUCTS, told, changes, "product_id string, is_own boolean, is_gone boolean, is_lost boolean")
    of_itself = changed.where("is_own OR is_gone").select("product_id")
    total = past.changed + of_itself.count()
    if total > MOST_CHANGED * max(1, store.count(PRODUCTS)):
        return None
    rows, further = of_itself.withColumn("rank", F.lit(None).cast("int")), more()
    for ids, rank in ((further.anew, None), (further.room, NO_RANK)):
        for part in ids:
            frame = store.spark.createDataFrame(part, "product_id string") if isinstance(part, pa.Table) else part
            rows = rows.unionByName(frame.withColumn("rank", F.lit(rank).cast("int")))
    for part in (_with_lost_items(store, table, changed), *_without_pattern(store, table)):
        rows = rows.unionByName(part)
    found = store.put_aside(table, rows.distinct(), kept, "product_id string, rank int")
    count = found.select("product_id").distinct().count()
    logger.info("%s: %s products are touched by what changed", table.name, f"{count:,}")
    return Touched(found, count, total, places)


def _ids(ids: Ids) -> list[str]:
    found: list[str] = (ids if isinstance(ids, pa.Table) else ids.toArrow())["product_id"].to_pylist()
    return found


def _changed_products(store: TableStore, version: int) -> "DataFrame":
    """product_id, is_own: its own outfits follow from something else now; is_gone; is_lost: others can no longer wear it so."""
    from pyspark.sql import functions as F

    columns = (*OWN, "in_stock")
    new = store.read(PRODUCTS).select("product_id", F.struct(*columns).alias("new"))
    old = store.read_version(PRODUCTS, version).select("product_id", F.struct(*columns).alias("old"))
    ids = store.changed_since(PRODUCTS, version, "product_id")
    if ids is not None:
        new, old = new.join(ids, "product_id", "left_semi"), old.join(ids, "product_id", "left_semi")
    both = new.join(old, "product_id", "full")
    gone, fresh = F.col("new").isNull(), F.col("old").isNull()
    sold_out = F.col("old.in_stock") & ~F.col("new.in_stock")
    found = both.select(
        "product_id",
        (~gone & (fresh | _differs(OWN))).alias("is_own"),
        gone.alias("is_gone"),
        (~fresh & (gone | sold_out | _differs(WORN))).alias("is_lost"),
    )
    return found.where("is_own OR is_gone OR is_lost")


def _differs(columns: Sequence[str]) -> "Column":
    from pyspark.sql import functions as F

    old, new = (F.struct(*(F.col(f"{side}.{name}") for name in columns)) for side in ("old", "new"))
    return ~old.eqNullSafe(new)


def _with_lost_items(store: TableStore, table: Table, changed: "DataFrame") -> "DataFrame":
    """product_id and rank of outfits that can no longer be worn."""
    from pyspark.sql import functions as F

    items = store.read(table).select("product_id", "rank", F.explode("items.product_id").alias("item_id"))
    lost = changed.where("is_lost").select(F.col("product_id").alias("item_id"))
    return items.join(lost, "item_id", "left_semi").select("product_id", "rank")


def _without_pattern(store: TableStore, table: Table) -> "list[DataFrame]":
    """product_id and rank of outfits whose pattern is gone."""
    if table is not PATTERN_RECOMMENDATIONS:
        return []
    patterns = store.read(OUTFIT_PATTERNS).select("pattern_id")
    return [store.read(table).join(patterns, "pattern_id", "left_anti").select("product_id", "rank")]
