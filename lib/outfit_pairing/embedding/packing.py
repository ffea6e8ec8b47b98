"""How texts are laid out for a transformer without padding: chunks of about equal token counts, runs of equal length."""

from collections.abc import Iterator, Sequence
from itertools import groupby

import numpy as np


def token_chunks(lengths: Sequence[int], budget: int) -> Iterator[np.ndarray]:
    """Cut texts into chunks of at most `budget` tokens, shortest texts first.

    Args:    lengths: tokens of each text, at least 1.   budget: tokens of a chunk; a longer text is a chunk of its own.
    Yields:  indices into `lengths`, int64; together every index once, with lengths that never fall.
    """
    order = np.argsort(np.asarray(lengths, dtype=np.int64), kind="stable")
    start, tokens = 0, 0
    for end, index in enumerate(order):
        if end > start and tokens + lengths[index] > budget:
            yield order[start:end]
            start, tokens = end, 0
        tokens += lengths[index]
    if len(order):
        yield order[start:]


def runs_of_equal(lengths: Sequence[int]) -> list[tuple[int, int]]:
    """(how many, length) of each run of equal neighbours: [4, 4, 7] gives [(2, 4), (1, 7)]."""
    return [(sum(1 for _ in run), length) for length, run in groupby(lengths)]
