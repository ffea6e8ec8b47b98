"""Vectors that nobody needs any more: of texts that no product has, and of encoders that are no longer set."""

from typing import TYPE_CHECKING

from outfit_pairing.embedding.encoders import encoder_name
from outfit_pairing.storage.store import TableStore
from outfit_pairing.storage.tables import PRODUCT_EMBEDDINGS, PRODUCTS

if TYPE_CHECKING:
    from pyspark.sql import DataFrame


def forget_unused(store: TableStore, days: int, *, dry: bool = False) -> int:
    """Delete vectors that were made more than so many days ago and are not used now; how many.   dry: only count them.

    A product that comes back with such a text has it encoded anew.
    """
    if not (store.exists(PRODUCTS) and store.exists(PRODUCT_EMBEDDINGS)):
        return 0
    unused = _unused(store, days)
    if dry or unused.isEmpty():
        return unused.count() if dry else 0
    nothing = store.spark.createDataFrame([], PRODUCT_EMBEDDINGS.schema)
    return store.merge(PRODUCT_EMBEDDINGS, nothing, delete_missing=True, within=unused).deleted


def _unused(store: TableStore, days: int) -> "DataFrame":
    """Their keys."""
    from pyspark.sql import functions as F

    old = store.read(PRODUCT_EMBEDDINGS).where(F.col("updated_at") < F.current_timestamp() - F.make_dt_interval(F.lit(days)))
    texts = store.read(PRODUCTS).select("text_hash").distinct()
    used = texts.withColumn("encoder", F.lit(encoder_name(store.settings.embedding)))
    return old.select(*PRODUCT_EMBEDDINGS.key).join(used, list(PRODUCT_EMBEDDINGS.key), "left_anti")
