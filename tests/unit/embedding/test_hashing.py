"""The encoder without a model."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from outfit_pairing.embedding import hashing
from outfit_pairing.embedding.hashing import HashingEncoder


@given(st.lists(st.text(max_size=30), max_size=8))
def test_vectors_are_unit_rows_in_the_order_of_the_texts(texts: list[str]) -> None:
    """Any text gets a unit vector, and the same one in any company."""
    vectors = HashingEncoder().encode(texts)
    assert (len(texts), 384) == vectors.shape
    assert np.float32 == vectors.dtype
    np.testing.assert_allclose(np.linalg.norm(vectors, axis=1), 1, atol=1e-5)
    for text, vector in zip(texts, vectors, strict=True):
        np.testing.assert_array_equal(HashingEncoder().encode([text])[0], vector)


def test_words_that_are_forgotten_have_the_same_vectors(monkeypatch: pytest.MonkeyPatch) -> None:
    """A worker does not keep every word of a catalogue that never ends."""
    texts = [f"shirt no {number}" for number in range(20)]
    whole = HashingEncoder().encode(texts)
    monkeypatch.setattr(hashing, "WORDS_KEPT", 5)
    encoder = HashingEncoder()
    np.testing.assert_array_equal(encoder.encode(texts), whole)
    assert len(encoder._known) <= 5


def test_vectors_are_the_same_on_every_machine() -> None:
    """A warehouse filled elsewhere stays valid: places and signs of a known text."""
    vector = HashingEncoder().encode(["Blue shirt"])[0]
    assert np.flatnonzero(np.abs(vector) > 0.2)[:3].tolist() == [3, 39, 91]


@pytest.mark.parametrize(
    ("text", "nearer", "farther"),
    [
        ("blue shirt", "shirt, blue", "red shirt"),
        ("running shoes", "running shoe", "running shorts"),
        ("navy blue polo t-shirt", "navy polo t-shirts", "gold hoop earrings"),
    ],
)
def test_texts_that_share_words_or_letters_are_nearer(text: str, nearer: str, farther: str) -> None:
    """Order of words, case and plurals matter less than other words."""
    vector, near, far = HashingEncoder().encode([text, nearer, farther])
    assert vector @ near > vector @ far
