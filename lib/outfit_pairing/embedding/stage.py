"""The embed stage: every distinct text of the products that has no vector of this encoder yet gets one.

Few texts are encoded by the driver at once. Many go in chunks, each one Spark job and one commit: the log shows how far it is,
and an interrupted run goes on after the last chunk. Texts fall into chunks and partitions by their hash, so these are alike in
size and in text lengths.
"""

import logging
import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

import pyarrow as pa
import pyarrow.compute as pc
from pyspark.sql import functions as F

from outfit_pairing.embedding.chunks import chunks, progress
from outfit_pairing.embedding.encoders import EncoderSpec, choose_spec, encoder_name
from outfit_pairing.embedding.kernels import VECTORS, EncodeTexts
from outfit_pairing.settings import Settings
from outfit_pairing.storage import StageReport, TableStore
from outfit_pairing.storage.session import partitions
from outfit_pairing.storage.tables import PRODUCT_EMBEDDINGS, PRODUCTS

if TYPE_CHECKING:
    from pyspark.sql import DataFrame, Row, SparkSession

logger = logging.getLogger(__name__)

BUCKETS = 1_024  # chunks are made of whole buckets, so that counting and encoding agree on them
MOST_CHUNKS = 64  # each reads all texts anew to find its own
PROBE_TEXTS = 200
WORTH_A_PROBE = 2_000  # fewer texts are encoded in about the time of a probe
LEAST_TEXTS_PER_PARTITION = 500  # fewer are encoded before a worker has loaded the model; fewer in all, by the driver


def run(spark: "SparkSession", settings: Settings) -> StageReport:
    """Encode the new texts of the products into product_embeddings.

    Raises: MissingTable: no products yet.   SettingsError: the model of `embedding.model` cannot be found.
    """
    store = TableStore(spark, settings)
    products = store.read(PRODUCTS).select("text_hash", "text")
    store.create(PRODUCT_EMBEDDINGS)
    few = _few_new_texts(store)
    census = _census(products, _encoded(store)) if few is None else few.census
    rows, texts, new = (sum(bucket[figure] for bucket in census) for figure in ("products", "texts", "new"))
    logger.info("%s texts in %s products, %s of them new", texts, rows, new)
    counters: dict[str, int | float | str] = {"texts_encoded": new, "rows_written": new}
    if not new:
        logger.info("every text has its vector of %s: nothing to encode", encoder_name(settings.embedding))
    elif few is not None or new < LEAST_TEXTS_PER_PARTITION:
        counters |= _encode_few(store, _new_texts(store, products).toArrow() if few is None else few.texts)
    else:
        counters |= _encode(store, products, {bucket["bucket"]: bucket["new"] for bucket in census})
    return StageReport(PRODUCT_EMBEDDINGS.stage, rows_in=rows, rows_out=texts, counters=counters)


@dataclass(frozen=True, slots=True)
class _FewTexts:
    """New texts that the driver has found: text_hash, text.   census: as `_census` tells it, in one bucket."""

    texts: pa.Table
    census: Sequence[Mapping[str, int]]


def _few_new_texts(store: TableStore) -> _FewTexts | None:
    """The texts that have no vector of the set encoder; None where Spark has to look, or where they are for it to encode."""
    held, known = store.at_hand(PRODUCTS, ("text_hash", "text")), store.at_hand(PRODUCT_EMBEDDINGS, ("text_hash", "encoder"))
    if held is None or known is None:
        return None
    encoded = known.filter(pc.equal(known["encoder"], encoder_name(store.settings.embedding)))["text_hash"].combine_chunks()
    texts = held.group_by("text_hash", use_threads=False).aggregate([("text", "first")]).rename_columns(["text_hash", "text"])
    new = texts.filter(pc.invert(pc.is_in(texts["text_hash"], encoded))).sort_by("text_hash")
    census = [{"products": len(held), "texts": len(texts), "new": len(new)}]
    return _FewTexts(new, census) if len(new) < LEAST_TEXTS_PER_PARTITION else None


def _encoded(store: TableStore) -> "DataFrame":
    """Hashes of the texts that have a vector of the set encoder."""
    return store.read(PRODUCT_EMBEDDINGS).where(F.col("encoder") == encoder_name(store.settings.embedding)).select("text_hash")


def _census(products: "DataFrame", encoded: "DataFrame") -> "Sequence[Row]":
    """Products, distinct texts and new texts of each bucket."""
    by_text = products.groupBy("text_hash").agg(F.count("*").alias("products"))
    known = by_text.join(encoded.withColumn("known", F.lit(True)), "text_hash", "left")
    figures = (F.sum("products").alias("products"), F.count("*").alias("texts"), F.count_if(F.col("known").isNull()).alias("new"))
    return known.groupBy(F.pmod(F.xxhash64("text_hash"), F.lit(BUCKETS)).alias("bucket")).agg(*figures).collect()


def _new_texts(store: TableStore, products: "DataFrame") -> "DataFrame":
    return products.dropDuplicates(["text_hash"]).join(_encoded(store), "text_hash", "left_anti")


def _encode(store: TableStore, products: "DataFrame", new_by_bucket: Mapping[int, int]) -> dict[str, int | float | str]:
    """Encode and append chunk after chunk; tells how far it is after each."""
    new_texts = _new_texts(store, products)
    total, done = sum(new_by_bucket.values()), 0
    spec = _spec(store.settings, new_texts, total)
    bucket = F.pmod(F.xxhash64("text_hash"), F.lit(BUCKETS))
    started = time.perf_counter()
    for first, last, size in chunks(new_by_bucket, max(store.settings.embedding.chunk_texts, total // MOST_CHUNKS)):
        texts = new_texts.where(bucket.between(first, last))
        cut = min(partitions(store.settings), max(1, size // LEAST_TEXTS_PER_PARTITION))
        store.append(PRODUCT_EMBEDDINGS, texts.repartition(cut, "text_hash").mapInArrow(EncodeTexts(spec), VECTORS))
        done += size
        logger.info("%s", progress(done, total, time.perf_counter() - started))
    return _figures(spec, total, started)


def _encode_few(store: TableStore, texts: pa.Table) -> dict[str, int | float | str]:
    """The same by the driver, with as many threads as it has, as vectors of pattern items are made."""
    started = time.perf_counter()
    spec = choose_spec(store.settings.embedding, [])
    vectors = EncodeTexts(replace(spec, threads=None))(texts.combine_chunks().to_batches())
    store.append(PRODUCT_EMBEDDINGS, pa.Table.from_batches(vectors).cast(PRODUCT_EMBEDDINGS.arrow_schema))
    logger.info("%s", progress(len(texts), len(texts), time.perf_counter() - started))
    return _figures(spec, len(texts), started)


def _figures(spec: EncoderSpec, texts: int, started: float) -> dict[str, int | float | str]:
    pace = texts / max(1e-9, time.perf_counter() - started)
    return {"precision": spec.precision, "texts_per_second": round(pace, 1)}


def _spec(settings: Settings, new_texts: "DataFrame", total: int) -> EncoderSpec:
    """The encoder for workers: one thread each, since Spark runs as many of them as there are cores."""
    sample: list[str] = []
    if total >= WORTH_A_PROBE:
        sample = [row["text"] for row in new_texts.orderBy("text_hash").limit(PROBE_TEXTS).collect()]
    return replace(choose_spec(settings.embedding, sample), threads=1)
