"""Rules are asked where looks and patterns give fewer than three outfits that differ."""

import pyarrow as pa
import pytest

from outfit_pairing.pairing.enough import WithEnough, has_enough


@pytest.mark.parametrize(
    ("outfits", "enough"),
    [
        (["abc", "def", "ghi"], True),
        (["abc", "abd", "abe"], False),
        (["abc", "def"], False),
        (["abc", "abc", "cba", "def"], False),
        (["abx", "abc", "cde", "xfg"], True),
        (["ab", "ac", "cd", "ef"], True),
        (["a", "b", "c"], True),
    ],
)
def test_three_that_differ_pairwise_are_enough(outfits: list[str], enough: bool) -> None:
    """As publish counts them, in any order."""
    sets = [frozenset(one) for one in outfits]
    assert has_enough(sets) == has_enough(sets[::-1]) == enough


def test_batches_name_the_products_that_have_enough() -> None:
    """One row per product in, those with enough out."""
    rows = [{"product_id": "1", "outfits": [["a"], ["b"], ["c"]]}, {"product_id": "2", "outfits": [["a"], ["a", "b"]]}]
    batch = pa.RecordBatch.from_pylist(rows)
    assert [one.column(0).to_pylist() for one in WithEnough()(iter([batch]))] == [["1"]]
