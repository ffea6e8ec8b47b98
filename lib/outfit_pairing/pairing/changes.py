"""What has changed since outfits were last made, and whose outfits that touches.

An outfit that stands is not taken away because a better one came in; a product's outfits are made anew when the product itself
has changed, when one of their items has gone, is sold out or has become something else, or when their pattern is gone. What is
made anew is what a full run would make of the same patterns.
"""

import hashlib
import json
import logging
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from outfit_pairing import __version__
from outfit_pairing.embedding.encoders import encoder_name
from outfit_pairing.pairing.codes import CODED_COLUMNS
from outfit_pairing.settings import Settings
from outfit_pairing.storage.staging import StagingPlace
from outfit_pairing.storage.store import TableStore
from outfit_pairing.storage.tables import OUTFIT_PATTERNS, PAIRING_STATE, PATTERN_RECOMMENDATIONS, PRODUCTS, Table
from outfit_pairing.style.formulas import version_of
from outfit_pairing.style.guide_files import GUIDE_FOLDER

if TYPE_CHECKING:
    from pyspark.sql import Column, DataFrame

logger = logging.getLogger(__name__)

OWN = (*CODED_COLUMNS, "name", "text_hash")  # what a product's own outfits follow from
WORN = ("article_type", "slot", "usage", "department", "colour", "audience")  # what decides whether an item may stay in an outfit
MOST_CHANGED = 0.2  # of the products, since all outfits were made: then all are made again


@dataclass(frozen=True, eq=False)
class Touched:
    """Products whose outfits are made anew, or are gone with the product. Closed by the stage when it has written.

    product_id: the ids, distinct.   count: how many.   changed: products that have changed since all outfits were made.
    """

    product_id: "DataFrame"
    count: int
    changed: int
    places: tuple[StagingPlace, ...]

    def close(self) -> None:
        """Remove what was put aside."""
        for place in self.places:
            place.remove()


@dataclass(frozen=True, slots=True)
class Past:
    """What a table's outfits were made of."""

    products_version: int
    patterns_version: int
    changed: int


def made_of(settings: Settings) -> str:
    """Equal as long as the same products and patterns give the same outfits."""
    model = settings.style.model
    told = {
        "outfits": settings.outfits.model_dump(mode="json"),
        "encoder": encoder_name(settings.embedding),
        "model": hashlib.sha256(Path(model).read_bytes()).hexdigest() if model else None,
        "guide": version_of(*sorted(GUIDE_FOLDER.glob("*.yaml"))),
        "code": __version__,
    }
    return hashlib.sha256(json.dumps(told, sort_keys=True).encode()).hexdigest()


def past_of(store: TableStore, table: Table) -> Past | None:
    """What the table was made of; None where all of it has to be made, because of `full`, other settings or no memory."""
    if store.settings.full or not store.exists(table) or not store.exists(PAIRING_STATE):
        return None
    rows = store.read(PAIRING_STATE).where(f"table_name = '{table.name}'").collect()
    if not rows or rows[0]["made_of"] != made_of(store.settings):
        return None
    return Past(rows[0]["products_version"], rows[0]["patterns_version"], rows[0]["changed"])


def touched(store: TableStore, table: Table, past: Past, more: Callable[[], Sequence["DataFrame"]]) -> Touched | None:
    """Whose outfits of the table a change touches; None where it is so much that all are made again, or the past is gone.

    more: gives further ids.
    """
    from pyspark.errors import PySparkException

    changes, ids = (StagingPlace(store.spark, store.settings, f"{what}_{table.name}") for what in ("changed_for", "touched_of"))
    try:
        found = _touched(store, table, past, more, (changes, ids))
    except PySparkException as fault:  # VACUUM has removed a version
        logger.warning("%s: all outfits are made again (%s)", table.name, str(fault).splitlines()[0][:200])
        found = None
    if found is None:
        changes.remove()
        ids.remove()
    return found


def _touched(
    store: TableStore,
    table: Table,
    past: Past,
    more: Callable[[], Sequence["DataFrame"]],
    places: tuple[StagingPlace, StagingPlace],
) -> Touched | None:
    changes, kept = places
    changes.add(_changed_products(store, past.products_version))
    changed = changes.frame("product_id string, is_own boolean, is_gone boolean, is_lost boolean")
    total = past.changed + changed.where("is_own OR is_gone").count()
    if total > MOST_CHANGED * max(1, store.read(PRODUCTS).count()):
        return None
    ids = changed.where("is_own OR is_gone").select("product_id")
    for part in (_with_lost_items(store, table, changed), *_without_pattern(store, table), *more()):
        ids = ids.unionByName(part)
    kept.add(ids.distinct())
    found = kept.frame("product_id string")
    count = found.count()
    logger.info("%s: %s products are touched by what changed", table.name, f"{count:,}")
    return Touched(found, count, total, places)


def remember(store: TableStore, table: Table, versions: tuple[int, int], changed: int) -> None:
    """Say what the table is made of now.   versions: of products, and of what lends the patterns."""
    row = (table.name, made_of(store.settings), *versions, changed)
    store.merge(PAIRING_STATE, store.spark.createDataFrame([row], PAIRING_STATE.schema))


def _changed_products(store: TableStore, version: int) -> "DataFrame":
    """product_id, is_own: its own outfits follow from something else now; is_gone; is_lost: others can no longer wear it so."""
    from pyspark.sql import functions as F

    columns = (*OWN, "in_stock")
    new = store.read(PRODUCTS).select("product_id", F.struct(*columns).alias("new"))
    old = store.read_version(PRODUCTS, version).select("product_id", F.struct(*columns).alias("old"))
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
    from pyspark.sql import functions as F

    items = store.read(table).select("product_id", F.explode("items.product_id").alias("item_id"))
    lost = changed.where("is_lost").select(F.col("product_id").alias("item_id"))
    return items.join(lost, "item_id", "left_semi").select("product_id")


def _without_pattern(store: TableStore, table: Table) -> "list[DataFrame]":
    if table is not PATTERN_RECOMMENDATIONS:
        return []
    patterns = store.read(OUTFIT_PATTERNS).select("pattern_id")
    return [store.read(table).join(patterns, "pattern_id", "left_anti").select("product_id")]
