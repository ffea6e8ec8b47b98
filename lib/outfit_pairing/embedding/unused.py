"""Vectors that nobody needs any more: of texts that no product has."""

from typing import TYPE_CHECKING

from outfit_pairing.storage.store import TableStore
from outfit_pairing.storage.tables import PRODUCT_EMBEDDINGS, PRODUCTS

if TYPE_CHECKING:
    from pyspark.sql import DataFrame


def forget_unused(store: TableStore, days: int, *, dry: bool = False) -> int:
    """Delete vectors that were made more than so many days ago, of texts that no product has now; how many.   dry: only count them.

    By whichever encoder: another run may be set to another one. A product that comes back with such a text has it encoded anew.
    """
    if not (store.exists(PRODUCTS) and store.exists(PRODUCT_EMBEDDINGS)):
        return 0
    unused = _unused(store, days)
    if dry:
        return unused.count()
    nothing = store.spark.createDataFrame([], PRODUCT_EMBEDDINGS.schema)
    return store.merge(PRODUCT_EMBEDDINGS, nothing, delete_missing=True, within=unused).deleted


def _unused(store: TableStore, days: int) -> "DataFrame":
    """Their keys."""
    from pyspark.sql import functions as F

    old = store.read(PRODUCT_EMBEDDINGS).where(F.col("updated_at") < F.current_timestamp() - F.make_dt_interval(F.lit(days)))
    used = store.read(PRODUCTS).select("text_hash")
    return old.select(*PRODUCT_EMBEDDINGS.key).join(used, "text_hash", "left_anti")
