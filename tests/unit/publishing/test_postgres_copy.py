"""Rows as COPY reads them, held against the format's own words; a real Postgres reads them in tests/system."""

import json
from datetime import UTC, datetime

import pyarrow as pa
from hypothesis import given
from hypothesis import strategies as st

from outfit_pairing.publishing.postgres_copy import copy_lines

SIGNS = {"\\\\": "\\", "\\t": "\t", "\\n": "\n", "\\r": "\r"}
TEXTS = (
    st.none() | st.text(st.characters(codec="utf-8"), max_size=20) | st.sampled_from(["\\N", "\\", "\t", "\r\n", "a\\.b", "\\."])
)


def read_back(lines: bytes) -> list[list[str | None]]:
    """What COPY makes of lines."""
    return [[_field(one) for one in line.split("\t")] for line in lines.decode().removesuffix("\n").split("\n")]


def _field(text: str) -> str | None:
    if text == "\\N":
        return None
    found, at = "", 0
    while at < len(text):
        step = 2 if text[at] == "\\" else 1
        found += SIGNS[text[at : at + 2]] if step == 2 else text[at]
        at += step
    return found


def without_nul(text: str | None) -> str | None:
    return None if text is None else text.replace("\x00", "\ufffd")


@given(st.lists(st.tuples(TEXTS, TEXTS), min_size=1, max_size=20))
def test_every_text_comes_back(rows: list[tuple[str | None, str | None]]) -> None:
    """Tabs, line breaks, backslashes and what looks like a null; U+0000, which Postgres cannot hold, is replaced."""
    batch = pa.record_batch([pa.array(column, pa.string()) for column in zip(*rows, strict=True)], ["a", "b"])
    expected = [[without_nul(one) for one in row] for row in rows]
    assert read_back(copy_lines(batch)) == expected


@given(st.lists(st.floats(allow_nan=False) | st.none(), min_size=1, max_size=20))
def test_figures_keep_their_last_bit(figures: list[float | None]) -> None:
    """Scores are the same in Postgres."""
    found = read_back(copy_lines(pa.record_batch([pa.array(figures, pa.float64())], ["score"])))
    assert [None if one is None else float(one) for (one,) in found] == figures


ITEM = pa.struct([("slot", pa.string()), ("score", pa.float64()), ("reasons", pa.list_(pa.string()))])


@given(st.lists(st.none() | st.lists(st.fixed_dictionaries({"slot": TEXTS, "reasons": st.lists(TEXTS)})), min_size=1, max_size=4))
def test_nested_values_go_as_json(values: list[list[dict] | None]) -> None:
    """Read by COPY, then as JSON, they are what they were."""
    found = read_back(copy_lines(pa.record_batch([pa.array(values, pa.list_(ITEM))], ["items"])))
    assert [None if one is None else json.loads(one) for (one,) in found] == [
        None
        if value is None
        else [
            {"slot": without_nul(one["slot"]), "score": None, "reasons": [without_nul(text) for text in one["reasons"]]}
            for one in value
        ]
        for value in values
    ]


def test_times_keep_their_zone() -> None:
    """Postgres would read them in its own otherwise."""
    at = datetime(2026, 1, 2, 3, 4, 5, 678, tzinfo=UTC)
    ((found,),) = read_back(copy_lines(pa.record_batch([pa.array([at], pa.timestamp("us", "UTC"))], ["updated_at"])))
    assert found is not None
    assert datetime.fromisoformat(found) == at
