"""Vectors of texts that come again every night (pattern items, words to compare): encoded once by the driver, and kept."""

import hashlib
import logging
from collections.abc import Sequence

import numpy as np
import numpy.typing as npt
import pyarrow as pa

from outfit_pairing.embedding.encoders import encoder_name, open_encoder
from outfit_pairing.storage.store import TableStore
from outfit_pairing.storage.tables import PATTERN_ITEM_EMBEDDINGS

logger = logging.getLogger(__name__)


def kept_vectors(store: TableStore, texts: Sequence[str], most: int | None = None) -> npt.NDArray[np.float32]:
    """(texts, dimensions) unit rows in the order of the texts, by the set encoder; only new texts are encoded.

    Args:    most: rows of the table from which no more are kept; None: all are.
    Raises:  SettingsError: there are new texts, and the model cannot be found.
    """
    name = encoder_name(store.settings.embedding)
    asked = list(dict.fromkeys(texts))
    known: dict[str, npt.NDArray[np.float32]] = {}
    if store.exists(PATTERN_ITEM_EMBEDDINGS):
        rows = store.rows_of(PATTERN_ITEM_EMBEDDINGS, ("text", "encoder", "vector"), "text", asked)
        known = {row["text"]: np.array(row["vector"], dtype=np.float32) for row in rows if row["encoder"] == name}
    new = [text for text in asked if text not in known]
    if new:
        vectors = open_encoder(store.settings.embedding).encode(new)
        known |= dict(zip(new, vectors, strict=True))
        columns = {
            "text_hash": [hashlib.sha256(text.encode()).hexdigest() for text in new],
            "encoder": [name] * len(new),
            "text": new,
            "vector": vectors.tolist(),
            "dimensions": [vectors.shape[1]] * len(new),
        }
        if most is None or not store.exists(PATTERN_ITEM_EMBEDDINGS) or store.count(PATTERN_ITEM_EMBEDDINGS) < most:
            store.merge(PATTERN_ITEM_EMBEDDINGS, pa.Table.from_pydict(columns, PATTERN_ITEM_EMBEDDINGS.arrow_schema))
    logger.info("%d texts whose vectors are kept, %d of them encoded now", len(asked), len(new))
    return np.array([known[text] for text in texts], dtype=np.float32)
