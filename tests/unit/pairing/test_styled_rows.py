"""The style of those rows that are candidates."""

from typing import Any

import numpy as np
import pyarrow as pa

from outfit_pairing.pairing.codes import hashes
from outfit_pairing.pairing.style_space import StyledRows


def test_a_batch_without_candidates_gives_nothing() -> None:
    """As that of a file with one new product that nobody asks for."""
    nobody: Any = None
    batch = pa.record_batch({"product_id": pa.array(["voucher"])})
    assert list(StyledRows(nobody, hashes(["shirt"]))([batch])) == []
    assert list(StyledRows(nobody, np.empty(0, dtype=np.uint64))([batch])) == []
