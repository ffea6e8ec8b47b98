"""The linear layers of a transformer in exact and in 8-bit form."""

import warnings
from collections.abc import Callable
from functools import partial

import torch
from torch import Tensor
from torch.nn import functional

Linear = Callable[[Tensor], Tensor]  # (n, in) → (n, out)

ENGINE = "onednn"
SMOOTHING = 0.75  # share of a channel's range that moves into the weights; 0.65 to 0.9 were alike, 0 loses the vectors
LEAST_RANGE = 1e-4  # a channel without input would divide by zero


def exact(weight: Tensor, bias: Tensor, dtype: torch.dtype = torch.float32) -> Linear:
    """The product x Wᵀ + b in `dtype`. weight: (out, in); bias: (out,)."""
    return partial(functional.linear, weight=weight.to(dtype), bias=bias.to(dtype))


def watched(weight: Tensor, bias: Tensor, largest: Tensor) -> Linear:
    """As `exact`, while `largest`, of shape (in,), keeps the largest absolute input of each channel."""

    def linear(x: Tensor) -> Tensor:
        torch.maximum(largest, x.abs().amax(0), out=largest)
        return functional.linear(x, weight, bias)

    return linear


def quantised(weight: Tensor, bias: Tensor, largest: Tensor) -> Linear:
    """The product x Wᵀ + b with 8-bit weights, one scale per output, and 8-bit inputs, one scale per token.

    Channels with far larger inputs than others would take the whole range, so part of each channel's range moves from
    the input into the weights. Source: Xiao and others, SmoothQuant, 2023.

    Args:    largest: (in,) absolute input of each channel on typical texts.
    Raises:  RuntimeError: this build of torch has no 8-bit kernels for this processor.
    """
    scale = largest.clamp(min=LEAST_RANGE) ** SMOOTHING / weight.abs().amax(0).clamp(min=LEAST_RANGE) ** (1 - SMOOTHING)
    packed = _packed(weight * scale)

    def linear(x: Tensor) -> Tensor:
        x = x / scale
        range_ = x.abs().amax(1, keepdim=True).clamp(min=LEAST_RANGE)
        return torch.addcmul(bias, torch.ops.quantized.linear_dynamic(x / range_, packed), range_)

    return linear


def _packed(weight: Tensor) -> object:
    if ENGINE not in torch.backends.quantized.supported_engines:
        raise RuntimeError(f"this torch has no {ENGINE} kernels")
    steps = weight.abs().amax(1).clamp(min=1e-12) / 127
    before = torch.backends.quantized.engine
    try:
        torch.backends.quantized.engine = ENGINE
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")  # torch points to torchao, which is one more package for the same kernels
            zeros = torch.zeros(len(steps), dtype=torch.long)
            return torch.ops.quantized.linear_prepack(torch.quantize_per_channel(weight, steps, zeros, 0, torch.qint8), None)
    finally:
        torch.backends.quantized.engine = before
