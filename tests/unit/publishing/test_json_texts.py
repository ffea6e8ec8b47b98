"""JSON texts of columns, held against the standard library's reader."""

import json
from typing import Any

import pyarrow as pa
import pytest
from hypothesis import given
from hypothesis import strategies as st

from outfit_pairing.publishing.json_texts import json_texts

SIGNS = st.characters(codec="utf-8", exclude_characters="\x00")
TEXTS = st.none() | st.text(SIGNS, max_size=8) | st.sampled_from(['"', "\\", "\n"])
KIND = pa.struct(
    [
        ("text", pa.string()),
        ("figure", pa.float64()),
        ("count", pa.int32()),
        ("yes", pa.bool_()),
        ("list", pa.list_(pa.list_(pa.string()))),
        ("map", pa.map_(pa.string(), pa.string())),
        ('a "name"', pa.struct([("text", pa.string())])),
    ]
)
VALUES = st.none() | st.fixed_dictionaries(
    {
        "text": TEXTS,
        "figure": st.none() | st.floats(allow_nan=False, allow_infinity=False),
        "count": st.none() | st.integers(-(2**31), 2**31 - 1),
        "yes": st.none() | st.booleans(),
        "list": st.none() | st.lists(st.none() | st.lists(TEXTS, max_size=2), max_size=2),
        "map": st.none() | st.dictionaries(st.text(SIGNS, max_size=3), TEXTS, max_size=2),
        'a "name"': st.none() | st.fixed_dictionaries({"text": TEXTS}),
    }
)


@given(st.lists(VALUES, max_size=6), st.integers(0, 6))
def test_texts_read_as_what_they_were(values: list[dict[str, Any] | None], start: int) -> None:
    """Also those of a slice; none holds a sign that would end a line or a column."""
    texts = json_texts(pa.array(values, KIND).slice(start)).to_pylist()
    assert [None if one is None else json.loads(one) for one in texts] == values[start:]
    assert not any(sign < " " for one in texts if one for sign in one)


@given(st.lists(st.floats(), max_size=6))
def test_figures_stay_figures(figures: list[float]) -> None:
    """1.0 is no 1 for readers who tell them apart; JSON has no word for what is not finite."""
    (text,) = json_texts(pa.array([figures], pa.list_(pa.float64()))).to_pylist()
    found = json.loads(text)
    assert found == [one if abs(one) < float("inf") else None for one in figures]
    assert all(isinstance(one, float) for one in found if one is not None)


def test_nul_is_replaced() -> None:
    """Jsonb refuses it, also escaped; a backslash before u0000 is no such escape."""
    (text,) = json_texts(pa.array(["\x00 \\u0000"])).to_pylist()
    assert json.loads(text) == "\ufffd \\u0000"


def test_other_types_are_refused() -> None:
    with pytest.raises(TypeError, match="timestamp"):
        json_texts(pa.array([0], pa.timestamp("us")))
