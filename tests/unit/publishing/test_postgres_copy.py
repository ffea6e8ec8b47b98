"""Rows as COPY reads them, held against the format's own words; a real Postgres reads them in tests/system."""

import json

import pyarrow as pa
from hypothesis import given
from hypothesis import strategies as st

from outfit_pairing.publishing.postgres_copy import CopyLines, copy_lines

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


@given(st.lists(st.tuples(TEXTS, TEXTS), min_size=1, max_size=20))
def test_every_text_comes_back(rows: list[tuple[str | None, str | None]]) -> None:
    """Tabs, line breaks, backslashes and what looks like a null; U+0000, which Postgres cannot hold, is replaced."""
    batch = pa.record_batch([pa.array(column, pa.string()) for column in zip(*rows, strict=True)], ["a", "b"])
    expected = [[None if one is None else one.replace("\x00", "\ufffd") for one in row] for row in rows]
    assert read_back(copy_lines(batch)) == expected


@given(st.lists(st.floats(allow_nan=False) | st.none(), min_size=1, max_size=20))
def test_figures_keep_their_last_bit(figures: list[float | None]) -> None:
    """Scores are the same in Postgres."""
    found = read_back(copy_lines(pa.record_batch([pa.array(figures, pa.float64())], ["score"])))
    assert [None if one is None else float(one) for (one,) in found] == figures


@given(st.recursive(st.text(max_size=8), lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=3), inner)))
def test_json_holds_no_nul(value: object) -> None:
    """Jsonb refuses it also as an escape; a backslash before u0000 is no such escape."""
    text = json.dumps({"": value})
    lines = copy_lines(pa.record_batch([pa.array([text], pa.string())], ["items"]), ["items"])
    found = read_back(lines)[0][0]
    assert found is not None
    assert json.loads(found) == json.loads(
        json.dumps({"": value}).replace("\\\\", "\x01").replace("\\u0000", "\\ufffd").replace("\x01", "\\\\")
    )


def test_a_batch_is_a_block() -> None:
    """Rows are counted; a batch without rows gives nothing."""
    batch = pa.record_batch([pa.array(["1", "2"]), pa.array([True, None])], ["product_id", "in_stock"])
    (block,) = CopyLines()([batch, batch.slice(0, 0)])
    assert block.to_pylist() == [{"rows": 2, "lines": b"1\ttrue\n2\t\\N\n"}]
