"""How many threads torch may take: in a Spark worker one, since Spark runs as many workers as there are cores."""

from collections.abc import Iterator
from contextlib import contextmanager

import torch


@contextmanager
def torch_threads(number: int | None) -> Iterator[None]:
    """Torch computes with `number` threads inside the block, and with as many as before after it; None changes nothing."""
    before = torch.get_num_threads()
    torch.set_num_threads(number or before)
    try:
        yield
    finally:
        torch.set_num_threads(before)
