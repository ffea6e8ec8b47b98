"""Vectors as whole numbers, so that a similarity has the same bits however the work was cut.

A floating-point dot product depends in its last bits on the number of rows that BLAS was given, hence on how Spark cut
the catalogue; one flipped tie changes an outfit. Components rounded to multiples of 1/SCALE give products and partial
sums below 2**24 (Cauchy-Schwarz: |a·b| <= SCALE**2 = 16,000,000 for unit vectors), which float32 holds exactly, in any
order of summation. The error of a cosine is about 1e-4.
"""

import numpy as np
import numpy.typing as npt

SCALE = 4_000

Vectors = npt.NDArray[np.float32]


def fixed_point(vectors: npt.ArrayLike) -> Vectors:
    """Unit rows as whole numbers in float32; a row's length stays at most SCALE.

    Args:    vectors: (n, dimensions), rows of length 1 (or 0).
    Returns: (n, dimensions) float32 of integers. Truncated towards zero, so that no row grows beyond SCALE.
    """
    scaled = np.asarray(vectors, dtype=np.float32) * np.float32(SCALE)
    return np.asarray(np.trunc(scaled), dtype=np.float32)


def similarity(left: Vectors, right: Vectors) -> Vectors:
    """Cosines of two sets of fixed-point rows: (n, dimensions), (m, dimensions) → (n, m) float32, exact for any n and m."""
    product: Vectors = left @ right.T
    return product * np.float32(1.0 / SCALE**2)
