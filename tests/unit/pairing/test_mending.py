"""An outfit that can still be worn stays where it is; its neighbours that cannot are replaced."""

import pyarrow as pa
from hypothesis import given
from hypothesis import strategies as st

from outfit_pairing.pairing.mending import Mend, mended
from outfit_pairing.storage.tables import PATTERN_RECOMMENDATIONS
from outfit_pairing.style.outfit_difference import differ

outfits = st.lists(st.frozensets(st.sampled_from("abcdefghij"), min_size=2, max_size=4), unique=True, max_size=5)


def apart(found: list[frozenset[str]]) -> list[frozenset[str]]:
    """Those that differ from all before, as stages write them."""
    kept: list[frozenset[str]] = []
    for one in found:
        if all(differ(one, other) for other in kept):
            kept.append(one)
    return kept


def sets(*words: str) -> list[frozenset[str]]:
    return [frozenset(word) for word in words]


def test_a_gap_is_filled_by_the_first_fresh_outfit_that_differs() -> None:
    """Rank 2 was lost; the first fresh outfit is one of those that stand, the second differs from it in one item."""
    standing = [(1, frozenset("abc")), (3, frozenset("def"))]
    assert mended(standing, sets("abc", "abx", "ghi")) == [(1, True, 0), (2, False, 2), (3, True, 1)]


def test_without_a_replacement_the_others_move_up_unless_too_few_are_left() -> None:
    """Three that stand are enough; of two, with three fresh ones to be had, the fresh ones are taken."""
    standing = [(1, frozenset("abc")), (3, frozenset("def")), (4, frozenset("ghi"))]
    assert [rank for rank, *_ in mended(standing, sets("abc", "def", "ghi", "abx"))] == [1, 2, 3]
    fresh = sets("abx", "dex", "ghi")
    assert mended([(1, frozenset("abc")), (2, frozenset("dek"))], fresh) == [(1, True, 0), (2, True, 1), (3, False, 2)]
    assert mended([(1, frozenset("abc")), (2, frozenset("def"))], sets("abx", "dex", "bcy")) == [
        (1, False, 0),
        (2, False, 1),
        (3, False, 2),
    ]


def test_nothing_stands_nothing_is_fresh() -> None:
    """All fresh, or as it was."""
    assert mended([], sets("abc", "def")) == [(1, False, 0), (2, False, 1)]
    assert mended([(2, frozenset("abc"))], []) == [(1, True, 0)]
    assert mended([], []) == []


@given(outfits.map(apart), outfits.map(apart), st.permutations(range(1, 7)))
def test_ranks_are_whole_outfits_differ_and_none_is_lost_for_nothing(
    held: list[frozenset[str]], fresh: list[frozenset[str]], places: list[int]
) -> None:
    """Ranks are 1, 2, 3 …; all differ; what stands stays, or the fresh ones are taken as they are, and more."""
    standing = sorted(zip(places, held, strict=False), key=lambda one: one[0])
    found = mended(standing, fresh)
    assert [rank for rank, *_ in found] == list(range(1, len(found) + 1))
    items = [standing[position][1] if stands else fresh[position] for _, stands, position in found]
    assert apart(items) == items
    kept = [position for _, stands, position in found if stands]
    assert sorted(kept) == list(range(len(standing))) or items == fresh
    assert len(found) >= min(3, max(len(fresh), len(standing)))


def test_the_kernel_mends_each_product_by_itself() -> None:
    """Rows of one product may lie in two batches."""
    item = PATTERN_RECOMMENDATIONS.arrow_schema.field("items").type
    names = ["product_id", "rank", "items", "stands"]

    def batch(*rows: tuple[str, int, str, bool]) -> pa.RecordBatch:
        ids, ranks, items, stands = zip(*rows, strict=True)
        lists = [[{"product_id": one, "slot": "top", "score": 1.0, "reasons": []} for one in word] for word in items]
        arrays = [pa.array(ids), pa.array(ranks, pa.int32()), pa.array(lists, item), pa.array(stands)]
        return pa.RecordBatch.from_arrays(arrays, names=names)

    batches = [
        batch(("p", 1, "abc", False), ("p", 2, "ghi", False)),
        batch(("p", 3, "xyz", False), ("p", 1, "abc", True), ("p", 3, "def", True), ("q", 1, "abc", False)),
    ]
    found = pa.Table.from_batches(Mend()(batches)).to_pylist()
    shown = [(row["product_id"], row["rank"], "".join(one["product_id"] for one in row["items"])) for row in found]
    assert sorted(shown) == [("p", 1, "abc"), ("p", 2, "ghi"), ("p", 3, "def"), ("q", 1, "abc")]
