"""The Arrow kernels that Spark calls."""

import pickle

import numpy as np
import pyarrow as pa
from hypothesis import given, settings
from hypothesis import strategies as st

from outfit_pairing.anchors import kernels
from outfit_pairing.anchors.kernels import StandFor, choose_anchors
from outfit_pairing.anchors.selection import Place
from outfit_pairing.style.vectors import fixed_point


def unit_rows(n: int, seed: int) -> np.ndarray:
    """Unit vectors of eight components."""
    rows = np.random.default_rng(seed).normal(size=(n, 8))
    return (rows / np.linalg.norm(rows, axis=1, keepdims=True)).astype(np.float32)


def stratum_table(n: int, seed: int) -> pa.Table:
    """One stratum as Spark hands it over; every fifth product is an incumbent outside the sample."""
    numbers = np.arange(n)
    return pa.table(
        {
            "stratum": ["s"] * n,
            "slot": np.where(numbers % 7, "top", "outerwear"),
            "audience": ["men"] * n,
            "product_id": [f"{number:03d}" for number in numbers],
            "vector": list(unit_rows(n, seed)),
            "incumbent": numbers % 5 == 1,
            "sampled": numbers % 5 != 1,
        }
    )


@settings(max_examples=25, deadline=None)
@given(st.integers(5, 40), st.integers(0, 1_000), st.integers(1, 4), st.randoms())
def test_a_stratum_gets_the_same_anchors_in_whatever_order_its_rows_come(n, seed, number, random):
    """Spark's shuffle promises no order."""
    rows = stratum_table(n, seed)
    shuffled = rows.take(random.sample(range(n), n))
    anchors = choose_anchors(rows, {"s": number})
    assert anchors.equals(choose_anchors(shuffled, {"s": number}))
    assert number == anchors.num_rows


@settings(max_examples=25, deadline=None)
@given(st.integers(1, 60), st.integers(0, 1_000), st.integers(1, 7))
def test_every_product_is_represented_once_however_the_catalogue_is_cut(n, seed, rows_per_batch):
    """Counts add up to the products, and do not depend on batches."""
    audiences = np.array(["men", "women", None])[np.arange(n) % 3]
    batch = pa.record_batch(
        {
            "stratum": pa.array([f"s{number % 4}" for number in range(n)]),
            "slot": pa.array(np.where(np.arange(n) % 2, "top", "bottom")),
            "audience": pa.array(audiences, pa.string()),
            "vector": pa.array(list(unit_rows(n, seed))),
        }
    )
    places = [Place("s0", "bottom", "men"), Place("s1", "top", "women"), Place("s2", "top", None)]
    kernel = pickle.loads(pickle.dumps(StandFor(places, fixed_point(unit_rows(3, seed + 1)))))
    cut = [batch.slice(start, rows_per_batch) for start in range(0, n, rows_per_batch)]
    whole, parts = (next(kernel(batches))["products"].to_numpy() for batches in ([batch], cut))
    np.testing.assert_array_equal(whole, parts)
    assert n == whole.sum()


def test_many_anchors_are_compared_piece_by_piece(monkeypatch):
    """The memory bound changes no count."""
    batch = pa.record_batch({"stratum": ["s"] * 9, "slot": ["top"] * 9, "audience": ["men"] * 9, "vector": list(unit_rows(9, 1))})
    kernel = StandFor([Place("s", "top", "men")] * 2, fixed_point(unit_rows(2, 2)))
    expected = next(kernel([batch]))
    monkeypatch.setattr(kernels, "MOST_CELLS", 4)
    assert expected.equals(next(kernel([batch])))
