"""The embed stage: every distinct text of the products that has no vector of this encoder yet gets one.

The texts go in chunks, each one Spark job and one commit: the log shows how far it is, and an interrupted run goes on
after the last chunk. Texts fall into chunks and partitions by their hash, so these are alike in size and in text lengths.
"""

import logging
import time
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

from pyspark.sql import functions as F

from outfit_pairing.embedding.encoders import EncoderSpec, choose_spec, encoder_name
from outfit_pairing.embedding.kernels import VECTORS, EncodeTexts
from outfit_pairing.settings import Settings
from outfit_pairing.storage import StageReport, TableStore
from outfit_pairing.storage.session import partitions
from outfit_pairing.storage.tables import PRODUCT_EMBEDDINGS, PRODUCTS

if TYPE_CHECKING:
    from pyspark.sql import DataFrame, SparkSession

logger = logging.getLogger(__name__)

PROBE_TEXTS = 200
WORTH_A_PROBE = 2_000  # fewer texts are encoded in about the time of a probe
TEXTS_PER_PARTITION = 500  # at least, since each worker process loads the model first


@dataclass(frozen=True, slots=True)
class _Census:
    products: int
    texts: int
    new_texts: int


def run(spark: "SparkSession", settings: Settings) -> StageReport:
    """Encode the new texts of the products into product_embeddings.

    Raises: MissingTable: no products yet.   SettingsError: the model of `embedding.model` cannot be found.
    """
    store = TableStore(spark, settings)
    products = store.read(PRODUCTS).select("text_hash", "text")
    store.create(PRODUCT_EMBEDDINGS)
    census = _census(products, _encoded(store))
    logger.info("%s texts in %s products, %s of them new", census.texts, census.products, census.new_texts)
    counters: dict[str, int | float | str] = {"texts_encoded": census.new_texts, "rows_written": census.new_texts}
    if census.new_texts:
        counters |= _encode_new(store, products, census.new_texts)
    else:
        logger.info("every text has its vector of %s: nothing to encode", encoder_name(settings.embedding))
    return StageReport(PRODUCT_EMBEDDINGS.stage, rows_in=census.products, rows_out=census.texts, counters=counters)


def _encoded(store: TableStore) -> "DataFrame":
    """Hashes of the texts that have a vector of the set encoder."""
    return store.read(PRODUCT_EMBEDDINGS).where(F.col("encoder") == encoder_name(store.settings.embedding)).select("text_hash")


def _census(products: "DataFrame", encoded: "DataFrame") -> _Census:
    by_text = products.groupBy("text_hash").agg(F.count("*").alias("products"))
    known = encoded.withColumn("known", F.lit(True))
    counted = by_text.join(known, "text_hash", "left").agg(
        F.coalesce(F.sum("products"), F.lit(0)), F.count("*"), F.count_if(F.col("known").isNull())
    )
    return _Census(*counted.collect()[0])


def _encode_new(store: TableStore, products: "DataFrame", total: int) -> dict[str, int | float | str]:
    texts = products.dropDuplicates(["text_hash"])
    spec = _spec(store, texts, total)
    chunks = -(-total // store.settings.embedding.chunk_texts)
    started, done = time.perf_counter(), 0
    for chunk in range(chunks):
        chosen = texts.where(F.pmod(F.xxhash64("text_hash"), F.lit(chunks)) == chunk).join(_encoded(store), "text_hash", "left_anti")
        cut = min(partitions(store.settings), max(1, total // chunks // TEXTS_PER_PARTITION))
        rows = chosen.repartition(cut, "text_hash").mapInArrow(EncodeTexts(spec), VECTORS)
        done += _append(store, rows)
        _tell(done, total, time.perf_counter() - started)
    pace = done / max(1e-9, time.perf_counter() - started)
    return {"precision": spec.precision, "texts_per_second": round(pace, 1)}
