"""The trial that chooses a way of encoding."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass

import numpy as np
import pytest

from outfit_pairing.embedding.probe import agreement, probe

TEXTS = [f"text {number}" for number in range(60)]


class Clock:
    """Time that only encoders move."""

    def __init__(self) -> None:
        self.now = 0.0

    def __call__(self) -> float:
        """Seconds."""
        return self.now


@dataclass
class FakeEncoder:
    """Takes `seconds` per text and moves each vector by `noise`."""

    clock: Clock
    seconds: float
    noise: float = 0.0
    texts: int = 0
    name: str = "fake"
    dimensions: int = 16

    def encode(self, texts: Sequence[str]) -> np.ndarray:
        """Random but repeatable unit rows."""
        self.clock.now += self.seconds * len(texts)
        self.texts += len(texts)
        draw = np.random.default_rng(0).normal(size=(len(texts), self.dimensions))
        draw += self.noise * np.random.default_rng(1).normal(size=draw.shape)
        draw /= np.linalg.norm(draw, axis=1, keepdims=True)
        return draw.astype(np.float32)


def opening(encoder: FakeEncoder) -> Callable[[], FakeEncoder]:
    """As the probe wants it: opened when its turn comes."""
    return lambda: encoder


def test_the_fastest_way_that_keeps_the_vectors_is_chosen() -> None:
    """Fast and faithful wins over faster and false, and the reason tells the gain."""
    clock = Clock()
    ways = {
        "exact": opening(FakeEncoder(clock, 0.010)),
        "good": opening(FakeEncoder(clock, 0.004, noise=0.001)),
        "false": opening(FakeEncoder(clock, 0.001, noise=0.5)),
    }
    way, why = probe(ways, TEXTS, clock)
    assert way == "good"
    assert "2.5 times exact" in why


def test_the_reference_stays_when_nothing_is_faster() -> None:
    """A machine without fast narrow arithmetic computes exactly."""
    clock = Clock()
    way, _ = probe({"exact": opening(FakeEncoder(clock, 0.01)), "slow": opening(FakeEncoder(clock, 0.011))}, TEXTS, clock)
    assert way == "exact"


def test_a_way_far_behind_is_given_up_early() -> None:
    """The probe does not wait for a way that this processor emulates."""
    clock = Clock()
    slow = FakeEncoder(clock, 1.0)
    probe({"exact": opening(FakeEncoder(clock, 0.01)), "slow": opening(slow)}, TEXTS, clock)
    assert slow.texts < len(TEXTS)


def test_a_way_that_this_machine_lacks_is_left_out() -> None:
    """Missing kernels cost a log line, not the run."""

    def fail() -> FakeEncoder:
        raise RuntimeError("no kernels")

    clock = Clock()
    assert probe({"exact": opening(FakeEncoder(clock, 0.01)), "broken": fail}, TEXTS, clock)[0] == "exact"


def test_agreement_of_equal_vectors_is_complete() -> None:
    """Cosine and overlap are 1 for the same vectors, less for others."""
    vectors = FakeEncoder(Clock(), 0).encode(TEXTS)
    cosine, overlap = agreement(vectors, vectors)
    assert cosine == pytest.approx(1)
    assert overlap == pytest.approx(1)
    assert agreement(vectors[::-1], vectors)[1] < 0.9
