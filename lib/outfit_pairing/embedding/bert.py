"""The forward pass of BERT on texts without padding.

The tokens of all texts of a chunk go through the linear layers as the rows of one matrix; only attention looks at each
text apart, those of equal length together. So nothing is computed for padding, and a chunk costs few calls in Python.
"""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import torch
from torch import Tensor
from torch.nn import functional

from outfit_pairing.embedding.linear import Linear

Norm = tuple[Tensor, Tensor]  # weight, bias
Runs = Sequence[tuple[int, int]]  # (how many texts, tokens of each)
MakeLinear = Callable[[str, Tensor, Tensor], Linear]  # name such as `3.up`, weight, bias


@dataclass(frozen=True, slots=True, eq=False)
class _Layer:
    qkv: Linear  # queries, keys and values in one product
    attended: Linear
    attention_norm: Norm
    up: Linear
    down: Linear
    norm: Norm


class Bert:
    """A BERT encoder stack whose linear layers compute in `dtype`, in the way that `make_linear` says."""

    def __init__(
        self, weights: Mapping[str, Tensor], config: Mapping[str, Any], dtype: torch.dtype, make_linear: MakeLinear
    ) -> None:
        """Arrange the weights, named as in a checkpoint of Hugging Face."""
        weights = {name.removeprefix("bert."): weight for name, weight in weights.items()}
        self._dtype = dtype
        self._heads: int = config["num_attention_heads"]
        self._epsilon: float = config["layer_norm_eps"]
        self._words = weights["embeddings.word_embeddings.weight"]
        types = weights["embeddings.token_type_embeddings.weight"]
        self._positions = weights["embeddings.position_embeddings.weight"] + types[0]
        self._norm = _norm(weights, "embeddings.LayerNorm")
        self._layers = [_layer(weights, number, make_linear) for number in range(config["num_hidden_layers"])]

    def means(self, tokens: Tensor, runs: Runs) -> Tensor:
        """The mean of each text's token vectors, of shape (texts, hidden), float32.

        Args:    tokens: ids of all texts' tokens in a row.   runs: how they fall into texts.
        """
        positions = torch.cat([torch.arange(length).repeat(texts) for texts, length in runs])
        x = self._normed(self._words[tokens] + self._positions[positions], self._norm).to(self._dtype)
        for layer in self._layers:
            x = self._normed(layer.attended(self._attention(layer.qkv(x), runs)) + x, layer.attention_norm)
            x = self._normed(layer.down(functional.gelu(layer.up(x))) + x, layer.norm)
        return torch.cat([text.float().mean(1) for text in _by_run(x, runs)])

    def _normed(self, x: Tensor, norm: Norm) -> Tensor:
        return functional.layer_norm(x, x.shape[-1:], *norm, self._epsilon)

    def _attention(self, qkv: Tensor, runs: Runs) -> Tensor:
        seen = []
        for run in _by_run(qkv, runs):
            texts, length, width = run.shape
            q, k, v = run.view(texts, length, 3, self._heads, -1).permute(2, 0, 3, 1, 4)
            attended = functional.scaled_dot_product_attention(q, k, v)
            seen.append(attended.transpose(1, 2).reshape(texts * length, width // 3))
        return torch.cat(seen)


def _by_run(x: Tensor, runs: Runs) -> list[Tensor]:
    """Views of `x`, (tokens, width), as one (texts, length, width) per run."""
    parts = torch.split(x, [texts * length for texts, length in runs])
    return [part.view(texts, length, -1) for part, (texts, length) in zip(parts, runs, strict=True)]


def _layer(weights: Mapping[str, Tensor], number: int, make_linear: MakeLinear) -> _Layer:
    at = f"encoder.layer.{number}"

    def linear(name: str, *sources: str) -> Linear:
        weight, bias = (torch.cat([weights[f"{at}.{source}.{kind}"] for source in sources]) for kind in ("weight", "bias"))
        return make_linear(f"{number}.{name}", weight, bias)

    return _Layer(
        qkv=linear("qkv", *(f"attention.self.{part}" for part in ("query", "key", "value"))),
        attended=linear("attended", "attention.output.dense"),
        attention_norm=_norm(weights, f"{at}.attention.output.LayerNorm"),
        up=linear("up", "intermediate.dense"),
        down=linear("down", "output.dense"),
        norm=_norm(weights, f"{at}.output.LayerNorm"),
    )


def _norm(weights: Mapping[str, Tensor], name: str) -> Norm:
    return weights[f"{name}.weight"], weights[f"{name}.bias"]
