"""Which way of encoding is the fastest here without changing the vectors: a trial of a few seconds.

Processors differ: bfloat16 is three times as fast as fp32 on one and five times as slow on the next.
"""

import logging
import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, TypeVar

import numpy as np

from outfit_pairing.errors import InputError

if TYPE_CHECKING:
    from outfit_pairing.embedding.encoders import Encoder

logger = logging.getLogger(__name__)

Way = TypeVar("Way", bound=str)

LEAST_COSINE = 0.999  # mean, to the vectors of fp32
LEAST_OVERLAP = 0.97  # mean share of the ten nearest neighbours that stay
NEIGHBOURS = 10
FIRST_TEXTS = 16  # after these a way that is far behind is given up
FAR_BEHIND = 0.5
CLOSE = 0.9  # ways within this part of the fastest pace count as equally fast; the more exact one is taken


@dataclass(frozen=True, slots=True)
class Trial:
    """What one way gave on the probe texts. `texts_per_second` counts processor time."""

    texts_per_second: float
    cosine: float
    overlap: float

    @property
    def keeps_vectors(self) -> bool:
        """Whether the vectors may stand for those of fp32."""
        return self.cosine >= LEAST_COSINE and self.overlap >= LEAST_OVERLAP

    def __str__(self) -> str:
        return f"{self.texts_per_second:.0f} texts/s per core, cosine {self.cosine:.5f}, top-10 overlap {self.overlap:.1%}"


def probe(
    ways: Mapping[Way, Callable[[], "Encoder"]], texts: Sequence[str], clock: Callable[[], float] = time.process_time
) -> tuple[Way, str]:
    """The fastest way whose vectors stay those of the first one, and the reason in words.

    Args:    ways: how to open each way's encoder, the reference first. A way that cannot be opened or run is left out.
             clock: seconds; processor time by default, so that other processes do not count.
    """
    (reference, opened), *others = ways.items()
    bench = _Bench(texts, clock)
    trusted, pace = bench.run(opened())
    trials = {reference: Trial(pace, 1.0, 1.0)}
    for way, opened in others:
        trial = _tried(way, opened, bench, trusted, pace)
        if trial is not None:
            trials[way] = trial
            logger.info("probe: %s %s%s", way, trial, "" if trial.keeps_vectors else ", which changes the vectors too much")
    good = {way: trial for way, trial in trials.items() if trial.keeps_vectors}
    fastest = max(trial.texts_per_second for trial in good.values())
    close = [way for way, trial in good.items() if trial.texts_per_second >= CLOSE * fastest]
    best = max(close, key=lambda way: good[way].cosine)
    gain = good[best].texts_per_second / pace
    return best, f"{good[best]}" + ("" if best == reference else f", {gain:.1f} times {reference}")


def agreement(vectors: np.ndarray, trusted: np.ndarray) -> tuple[float, float]:
    """(mean cosine of the rows, mean share of common neighbours among the ten nearest); both of shape (n, d), unit rows."""
    near, near_trusted = _nearest(vectors), _nearest(trusted)
    common = [len(set(a) & set(b)) / max(1, len(b)) for a, b in zip(near.tolist(), near_trusted.tolist(), strict=True)]
    return float(np.sum(vectors * trusted, axis=1).mean()), float(np.mean(common))


def _nearest(vectors: np.ndarray) -> np.ndarray:
    similarity = vectors @ vectors.T
    np.fill_diagonal(similarity, -np.inf)
    k = min(NEIGHBOURS, len(vectors) - 1)
    return np.argsort(-similarity, axis=1, kind="stable")[:, :k]


@dataclass(frozen=True, slots=True)
class _Bench:
    texts: Sequence[str]
    clock: Callable[[], float]

    def run(self, encoder: "Encoder", most: int | None = None) -> tuple[np.ndarray, float]:
        """Vectors of the first `most` texts, and texts per second."""
        texts = self.texts[:most]
        encoder.encode(texts[:FIRST_TEXTS])  # the first call also prepares kernels
        started = self.clock()
        vectors = encoder.encode(texts)
        return vectors, len(texts) / max(1e-9, self.clock() - started)


def _tried(way: str, opened: Callable[[], "Encoder"], bench: _Bench, trusted: np.ndarray, pace: float) -> Trial | None:
    try:
        encoder = opened()
        _, first_pace = bench.run(encoder, FIRST_TEXTS)
        if first_pace < FAR_BEHIND * pace:
            logger.info("probe: %s is far behind (%.0f texts/s per core), left out", way, first_pace)
            return None
        vectors, way_pace = bench.run(encoder)
    except (RuntimeError, AttributeError, InputError) as fault:  # torch lacks this way here
        logger.info("probe: %s cannot be used here: %s", way, str(fault).partition("\n")[0][:160])
        return None
    return Trial(way_pace, *agreement(vectors, trusted))
