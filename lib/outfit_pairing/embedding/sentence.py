"""Any model that sentence-transformers can load, for those that the packed forward pass does not know."""

from collections.abc import Sequence
from pathlib import Path

import numpy as np
import torch

from outfit_pairing.embedding.threads import torch_threads
from outfit_pairing.errors import SettingsError, installing

BATCH_TEXTS = 64


class SentenceEncoder:
    """Texts in, unit vectors out, by sentence-transformers in fp32 or bf16."""

    def __init__(self, folder: Path, name: str, precision: str, threads: int | None) -> None:
        """Load the model in `folder`.

        Args:    threads: of torch while it encodes; None: as many as torch takes.
        Raises:  SettingsError: int8, which needs a model whose layers are known; or sentence-transformers is not installed.
        """
        if precision == "int8":
            raise SettingsError(f"embedding.precision=int8 is for BERT models, which {name} is not; use auto, fp32 or bf16")
        try:
            from sentence_transformers import SentenceTransformer
        except ImportError:
            raise SettingsError(f"{name} needs sentence-transformers; {installing('embed')}") from None
        self.name = name
        self._threads = threads
        self._model = SentenceTransformer(str(folder), device="cpu")
        if precision == "bf16":
            self._model = self._model.bfloat16()
        self.dimensions = self.encode([""]).shape[1]

    def encode(self, texts: Sequence[str]) -> np.ndarray:
        """Unit rows of shape (len(texts), dimensions), float32, in the order of `texts`."""
        with torch_threads(self._threads):
            vectors = self._model.encode(list(texts), batch_size=BATCH_TEXTS, convert_to_tensor=True, show_progress_bar=False)
        rows: np.ndarray = torch.nn.functional.normalize(vectors.float()).numpy()
        return rows
