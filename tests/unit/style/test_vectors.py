"""Fixed-point similarity has the same bits for any batch."""

import numpy as np
from hypothesis import given, settings
from hypothesis import strategies as st

from outfit_pairing.style.vectors import SCALE, fixed_point, similarity


def unit_rows(seed: int, rows: int, dimensions: int = 384) -> np.ndarray:
    raw = np.random.default_rng(seed).standard_normal((rows, dimensions))
    return raw / np.linalg.norm(raw, axis=1, keepdims=True)


@settings(deadline=None, max_examples=30)
@given(st.integers(0, 1_000), st.integers(1, 70), st.integers(1, 70))
def test_a_row_alone_scores_as_among_many(seed: int, rows: int, others: int) -> None:
    """The score of one row does not change with the number of rows that are judged with it."""
    left, right = fixed_point(unit_rows(seed, rows)), fixed_point(unit_rows(seed + 1, others))
    whole = similarity(left, right)
    for row in range(0, rows, 7):
        assert (similarity(left[row : row + 1], right)[0] == whole[row]).all()
    assert (whole == similarity(right, left).T).all()


@given(st.integers(0, 1_000))
def test_fixed_point_keeps_the_cosine(seed: int) -> None:
    """Within half a thousandth of the exact cosine, and a row with itself stays exactly representable."""
    rows = unit_rows(seed, 8)
    fixed = fixed_point(rows)
    assert np.abs(similarity(fixed, fixed) - rows @ rows.T).max() < 5e-3
    assert (np.einsum("ij,ij->i", fixed.astype(np.float64), fixed) <= SCALE**2).all()
