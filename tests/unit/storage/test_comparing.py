"""What a merge has to change: by key and by value, nested ones too."""

import math
from collections.abc import Sequence
from typing import Any

import pyarrow as pa
import pytest
from hypothesis import given
from hypothesis import strategies as st

from outfit_pairing.storage.at_hand import CHANGE
from outfit_pairing.storage.comparing import changes
from outfit_pairing.storage.tables import OUTFIT_RECOMMENDATIONS as OUTFITS
from outfit_pairing.storage.tables import PRODUCT_EMBEDDINGS, PRODUCTS, Table

Row = dict[str, Any]


def table_of(rows: Sequence[Row], table: Table = OUTFITS) -> pa.Table:
    return pa.Table.from_pylist(list(rows), table.written_arrow_schema)


def found(held: Sequence[Row], rows: Sequence[Row], table: Table = OUTFITS, *, delete_missing: bool = True) -> dict[Any, str]:
    told = changes(table, table_of(held, table), table_of(rows, table), delete_missing=delete_missing).to_pylist()
    return {tuple(one[name] for name in table.key): one[CHANGE] for one in told}


def outfit(product_id: str, rank: int = 1, **more: Any) -> Row:
    return {"product_id": product_id, "rank": rank, **more}


def item(slot: str | None, *reasons: str | None, score: float | None = 0.5) -> Row:
    return {"slot": slot, "product_id": "p", "score": score, "reasons": list(reasons)}


def test_rows_are_told_by_key() -> None:
    """All parts of a key count, whatever signs are in them; what stays is not told."""
    held = [outfit("a", 1), outfit("a", 2), outfit("a\x1f1", 1), outfit("b", 1)]
    rows = [outfit("a", 1), outfit("a", 3), outfit("a\x1f1", 1), outfit("b", 1, occasion="work")]
    assert found(held, rows) == {("a", 3): "insert", ("b", 1): "update", ("a", 2): "delete"}
    assert found(held, rows, delete_missing=False) == {("a", 3): "insert", ("b", 1): "update"}
    assert found([], rows[:1]) == {("a", 1): "insert"}
    assert found(held[:1], []) == {("a", 1): "delete"}
    assert found([], []) == {}


def test_a_key_that_is_held_twice_is_not_deleted() -> None:
    """As long as it is wanted: a merge deletes by key, and would take both rows."""
    held = [outfit("a", occasion="work"), outfit("a", occasion="party"), outfit("b")]
    assert found(held, [outfit("a", occasion="party")]) == {("b", 1): "delete"}
    told = changes(OUTFITS, table_of(held), table_of([]), delete_missing=True)
    assert sorted(told["product_id"].to_pylist()) == ["a", "b"]


@pytest.mark.parametrize(
    ("old", "new", "differ"),
    [
        ({"score": None}, {"score": None}, False),
        ({"score": None}, {"score": 0.0}, True),
        ({"score": math.nan}, {"score": math.nan}, False),
        ({"score": math.nan}, {"score": 0.5}, True),
        ({"score": -0.0}, {"score": 0.0}, False),
        ({"run_id": "x"}, {"run_id": "y"}, False),
        ({"items": None}, {"items": []}, True),
        ({"items": [item("bag", "a", None)]}, {"items": [item("bag", "a", None)]}, False),
        ({"items": [item("bag", "a"), item("top")]}, {"items": [item("top"), item("bag", "a")]}, True),
        ({"items": [item("bag", "a", "b")]}, {"items": [item("bag", "a", "c")]}, True),
        ({"items": [item("bag", "a", "b")]}, {"items": [item("bag", "a")]}, True),
        ({"items": [item("bag"), None]}, {"items": [item("bag"), item(None)]}, True),
    ],
)  # fmt: skip
def test_values_are_compared_as_spark_does(old: Row, new: Row, *, differ: bool) -> None:
    """Nulls and NaN are equal to themselves; audit columns do not count; a neighbour's lists are not taken for one's own."""
    around = [outfit("0", items=[item("x", "y")]), outfit("z", items=[])]
    told = found([around[0], outfit("a", **old), around[1]], [around[1], outfit("a", **new), around[0]])
    assert told == ({("a", 1): "update"} if differ else {})


def test_a_change_brings_its_row() -> None:
    """Of a row to delete the key alone."""
    told = changes(PRODUCTS, table_of([{"product_id": "a", "name": "A"}], PRODUCTS), table_of([], PRODUCTS), delete_missing=True)
    assert told.to_pylist() == [dict.fromkeys(PRODUCTS.names) | {"product_id": "a", CHANGE: "delete"}]
    row = {"product_id": "b", "name": "B", "attributes": [("fit", "slim")]}
    told = changes(PRODUCTS, table_of([], PRODUCTS), table_of([row], PRODUCTS), delete_missing=True)
    assert told.schema.remove(told.schema.get_field_index(CHANGE)) == PRODUCTS.written_arrow_schema
    assert told.to_pylist()[0]["attributes"] == [("fit", "slim")]


VECTORS = st.lists(st.one_of(st.none(), st.floats(width=32)), max_size=3)
ROWS = st.dictionaries(st.tuples(st.sampled_from("ab"), st.sampled_from("xy")), st.one_of(st.none(), VECTORS))


@given(ROWS, ROWS)
def test_as_a_plain_comparison_says(held: dict[tuple[str, str], Any], rows: dict[tuple[str, str], Any]) -> None:
    """Key by key and value by value."""

    def as_rows(of: dict[tuple[str, str], Any]) -> list[Row]:
        return [{"text_hash": key[0], "encoder": key[1], "vector": vector} for key, vector in of.items()]

    def plain(vector: Any) -> str:
        return str(vector if vector is None else [0.0 if one == 0 else one for one in vector])

    expected = {key: "insert" for key in rows if key not in held} | {key: "delete" for key in held if key not in rows}
    expected |= {key: "update" for key in rows if key in held and plain(rows[key]) != plain(held[key])}
    assert found(as_rows(held), as_rows(rows), PRODUCT_EMBEDDINGS) == expected
