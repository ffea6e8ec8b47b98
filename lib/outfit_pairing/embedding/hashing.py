"""An encoder without a model, for scale tests and for machines without torch. Coarse: it sees letters, not meaning."""

import hashlib
import re
from collections.abc import Sequence

import numpy as np

DIMENSIONS = 384
GRAM = 3
WORDS_KEPT = 20_000  # 1.7 KB each; names with model numbers have any number of words
GRAMS_SHARE = 0.7  # length of the letter triples beside the word's own 1: related words are near, the same word nearer


class HashingEncoder:
    """Words and their letter triples, hashed to 384 dimensions with a sign (Weinberger and others, 2009).

    Texts are near when they share words or pieces of words: `t-shirts` is near `t-shirt`, `sneakers` is not near
    `trainers`. The same text gives the same vector on every machine.
    """

    name = "hashing"
    dimensions = DIMENSIONS

    def __init__(self) -> None:
        self._known: dict[str, np.ndarray] = {}

    def encode(self, texts: Sequence[str]) -> np.ndarray:
        """Unit rows of shape (n, 384), float32. A text without any word gets the vector of the empty word."""
        sums = np.empty((len(texts), DIMENSIONS), dtype=np.float32)
        for row, text in zip(sums, texts, strict=True):
            row[:] = np.sum([self._word(word) for word in re.findall(r"\w+", text.casefold()) or [""]], axis=0)
        sums /= np.linalg.norm(sums, axis=1, keepdims=True)
        return sums

    def _word(self, word: str) -> np.ndarray:
        if word not in self._known:
            if len(self._known) >= WORDS_KEPT:
                self._known.clear()
            self._known[word] = _word_vector(word)
        return self._known[word]


def _word_vector(word: str) -> np.ndarray:
    vector = np.zeros(DIMENSIONS, dtype=np.float32)
    grams = _grams(word)
    for feature, weight in [(word, 1.0), *((gram, GRAMS_SHARE * len(grams) ** -0.5) for gram in grams)]:
        hashed = int.from_bytes(hashlib.blake2b(feature.encode(), digest_size=8).digest(), "big")
        vector[hashed % DIMENSIONS] += weight if hashed >> 63 else -weight
    vector /= np.linalg.norm(vector)
    return vector


def _grams(word: str) -> list[str]:
    marked = f"<{word}>"
    return [marked[start : start + GRAM] for start in range(max(1, len(marked) - GRAM + 1))]
