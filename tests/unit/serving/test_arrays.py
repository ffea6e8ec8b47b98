"""Arrow's columns as arrays of NumPy: the values of Arrow's own conversions, without what those import."""

import subprocess
import sys
from pathlib import Path

import numpy as np
import pyarrow as pa
import pytest
from hypothesis import given
from hypothesis import strategies as st

from outfit_pairing.serving.arrays import taken, values, whole
from tests.served_shop import ServedShop

KINDS = {
    pa.int32(): st.integers(-(2**31), 2**31 - 1),
    pa.int64(): st.integers(-(2**63), 2**63 - 1),
    pa.float64(): st.floats(),
    pa.bool_(): st.booleans(),
}


@pytest.mark.parametrize("kind", KINDS, ids=str)
@given(data=st.data())
def test_values_are_those_of_the_column(kind: pa.DataType, data: st.DataObject) -> None:
    """Also in pieces, sliced and empty; where there is none, what is asked for stands there."""
    present = data.draw(st.lists(st.lists(KINDS[kind], max_size=5), max_size=3))
    column = pa.chunked_array([pa.array([None, *piece], kind).slice(1) for piece in present], kind)
    np.testing.assert_array_equal(values(column), np.array([one for piece in present for one in piece], values(column).dtype))


@given(st.lists(st.none() | st.integers(-5, 5)))
def test_nothing_is_what_is_asked_for(given_values: list[int | None]) -> None:
    column = pa.array(given_values, pa.int32())
    assert values(column, -9).tolist() == [-9 if one is None else one for one in given_values]
    np.testing.assert_array_equal(
        values(column.cast(pa.float64()), np.nan), np.array([np.nan if one is None else one for one in given_values], np.float64)
    )


@given(st.lists(st.none() | st.text(), min_size=1), st.data())
def test_rows_are_taken_in_the_order_asked_for(texts: list[str | None], data: st.DataObject) -> None:
    rows = data.draw(st.lists(st.integers(0, len(texts) - 1)))
    assert taken(whole(pa.chunked_array([pa.array(texts, pa.string())])), np.array(rows, np.int64)).to_pylist() == [
        texts[row] for row in rows
    ]


def test_a_service_gets_ready_and_answers_without_pandas(tmp_path: Path) -> None:
    """Importing it takes as long as reading all outfits."""
    shop = ServedShop(tmp_path).stock().release()
    program = (
        "import asyncio, sys\n"
        "from outfit_pairing.serving.delta_store import DeltaStore\n"
        "from outfit_pairing.serving.http import Options, create_app\n"
        "from outfit_pairing.serving.service import RecommendationsService\n"
        "from outfit_pairing.settings import load_settings\n"
        f"store = DeltaStore(load_settings(overrides=[{f'storage.warehouse={shop.warehouse}'!r}], environment={{}}))\n"
        "create_app(RecommendationsService(store), Options(None))\n"
        "async def ask():\n"
        "    await store.open()\n"
        "    hits = await store.search('white shirts', 9)\n"
        "    found = await store.outfits_of([one.product_id for one in hits.products])\n"
        "    await store.quality()\n"
        "    return any(one.outfits for one in found.products.values())\n"
        "assert asyncio.run(ask())\n"
        "assert 'pandas' not in sys.modules\n"
    )
    ended = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, timeout=120, check=False)
    assert ended.returncode == 0, ended.stderr
