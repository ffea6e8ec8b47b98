"""The fast encoder for BERT models such as all-MiniLM-L6-v2: no padding, and the precision that suits the processor."""

import json
from collections.abc import Mapping, Sequence
from itertools import chain
from pathlib import Path
from typing import Any

import numpy as np
import torch
from torch import Tensor
from torch.nn import functional

from outfit_pairing.embedding.bert import Bert
from outfit_pairing.embedding.linear import Linear, exact, quantised, watched
from outfit_pairing.embedding.packing import runs_of_equal, token_chunks
from outfit_pairing.embedding.threads import torch_threads

CHUNK_TOKENS = 1_024  # a chunk's activations stay near the second-level cache; larger ones were not faster
LONGEST_TEXT = 512
FILES = ("config.json", "modules.json", "model.safetensors", "tokenizer.json")
# Show int8 the range of its inputs: short and long, plain and odd, as catalogues have them.
CALIBRATION = (
    "Navy Blue Check Shirt",
    "Women Printed Maroon Kurta, ethnic",
    "ADIDAS Men's Gripo Black & Red Running Shoes sports shoes",
    "Gold-plated hoop earrings",
    "watch",
    "Kids Boys Pack of 3 T-shirts (2-3 years), white/grey/green melange, 100% cotton",
    "Classic leather belt with a brushed metal buckle, reversible from dark brown to black, 35 mm wide",
    "Eau de Toilette 100 ml for men",
    "Slim fit jeans in washed indigo denim with a low rise and a button fly",
    "Formal Wool Blend Blazer XL 2012 Fall",
    "Polarised UV protected aviator sunglasses 58-14-140 RB3025",
    "Silk saree with zari border and unstitched blouse piece",
    "Waterproof hooded parka, down-filled, for temperatures to minus 20 degrees",
    "NA",
)


class PackedBert:
    """Texts in, unit vectors out: tokens' mean of a BERT model, as sentence-transformers computes it."""

    def __init__(self, folder: Path, name: str, precision: str, threads: int | None) -> None:
        """Load the model in `folder`, which `can_pack`.

        Args:    precision: fp32, bf16 or int8.   threads: of torch while it encodes; None: as many as torch takes.
        Raises:  RuntimeError: torch lacks the kernels of the precision.
        """
        from safetensors.torch import load_file
        from tokenizers import Tokenizer

        self.name = name
        self._threads = threads
        self._tokenizer = Tokenizer.from_file(str(folder / "tokenizer.json"))
        self._tokenizer.no_padding()
        self._tokenizer.enable_truncation(_longest_text(folder))
        config = _json(folder / "config.json")
        self.dimensions: int = config["hidden_size"]
        weights = load_file(folder / "model.safetensors")
        if precision == "int8":
            self._bert = self._quantised(weights, config)
        else:
            dtype = torch.bfloat16 if precision == "bf16" else torch.float32
            self._bert = Bert(weights, config, dtype, lambda _, weight, bias: exact(weight, bias, dtype))

    def encode(self, texts: Sequence[str]) -> np.ndarray:
        """Unit rows of shape (len(texts), dimensions), float32, in the order of `texts`."""
        return self._encode(self._bert, texts)

    def _encode(self, bert: Bert, texts: Sequence[str]) -> np.ndarray:
        ids = [encoding.ids for encoding in self._tokenizer.encode_batch_fast(list(texts))]
        lengths = [len(text) for text in ids]
        vectors = np.empty((len(ids), self.dimensions), dtype=np.float32)
        with torch.inference_mode(), torch_threads(self._threads):
            for chunk in token_chunks(lengths, CHUNK_TOKENS):
                tokens = torch.tensor(list(chain.from_iterable(ids[index] for index in chunk)))
                means = bert.means(tokens, runs_of_equal([lengths[index] for index in chunk]))
                vectors[chunk] = functional.normalize(means).numpy()
        return vectors

    def _quantised(self, weights: Mapping[str, Tensor], config: Mapping[str, Any]) -> Bert:
        largest: dict[str, Tensor] = {}

        def watch(name: str, weight: Tensor, bias: Tensor) -> Linear:
            largest[name] = torch.zeros(weight.shape[1])
            return watched(weight, bias, largest[name])

        def quantise(name: str, weight: Tensor, bias: Tensor) -> Linear:
            # the inputs of `down` have outliers that 8 bits do not hold: with it the cosine falls below 0.999
            return exact(weight, bias) if name.endswith("down") else quantised(weight, bias, largest[name])

        self._encode(Bert(weights, config, torch.float32, watch), CALIBRATION)
        return Bert(weights, config, torch.float32, quantise)


def can_pack(folder: Path) -> bool:
    """Whether the model in `folder` is one that `PackedBert` computes: BERT, mean of the tokens, one file of weights."""
    if not all((folder / name).is_file() for name in FILES):
        return False
    config, modules = _json(folder / "config.json"), _json(folder / "modules.json")
    parts = [module["type"].rpartition(".")[2] for module in modules]
    return (
        (config.get("model_type"), config.get("hidden_act")) == ("bert", "gelu")
        and config.get("position_embedding_type", "absolute") == "absolute"
        and parts in (["Transformer", "Pooling"], ["Transformer", "Pooling", "Normalize"])
        and _pools_mean(_json(folder / modules[1]["path"] / "config.json"))
    )


def _pools_mean(config: Mapping[str, Any]) -> bool:
    if "pooling_mode" in config:  # as newer checkpoints say it
        return bool(config["pooling_mode"] == "mean")
    return [key for key, value in config.items() if key.startswith("pooling_mode_") and value] == ["pooling_mode_mean_tokens"]


def _longest_text(folder: Path) -> int:
    config = folder / "sentence_bert_config.json"
    return (_json(config).get("max_seq_length") if config.is_file() else None) or LONGEST_TEXT


def _json(path: Path) -> Any:
    return json.loads(path.read_text("utf-8"))
