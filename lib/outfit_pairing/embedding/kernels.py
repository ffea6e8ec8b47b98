"""What a Spark worker does in the embed stage: Arrow batches of texts in, batches of vectors out."""

from collections.abc import Iterable, Iterator
from dataclasses import dataclass

import numpy as np
import pyarrow as pa

from outfit_pairing.embedding.encoders import EncoderSpec, load_encoder

VECTORS = "text_hash string, encoder string, vector array<float>, dimensions int"


@dataclass(frozen=True, slots=True)
class EncodeTexts:
    """Vectors of texts. In: text_hash, text. Out: the columns VECTORS. The model is loaded with the first text, once a process."""

    spec: EncoderSpec

    def __call__(self, batches: Iterable[pa.RecordBatch]) -> Iterator[pa.RecordBatch]:
        """One batch out per batch in, empty ones left out."""
        for batch in batches:
            if batch.num_rows:
                encoder = load_encoder(self.spec)
                vectors = encoder.encode(batch.column("text").to_pylist())
                yield _vector_rows(batch.column("text_hash"), encoder.name, vectors)


def _vector_rows(hashes: pa.Array, encoder: str, vectors: np.ndarray) -> pa.RecordBatch:
    rows, dimensions = vectors.shape
    offsets = pa.array(np.arange(rows + 1, dtype=np.int32) * np.int32(dimensions))
    return pa.RecordBatch.from_pydict(
        {
            "text_hash": hashes,
            "encoder": pa.repeat(encoder, rows),
            "vector": pa.ListArray.from_arrays(offsets, pa.array(vectors.ravel())),
            "dimensions": pa.repeat(pa.scalar(dimensions, pa.int32()), rows),
        }
    )
