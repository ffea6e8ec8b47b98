"""Which products are one item in another colour, whatever the order and cut of rows."""

import numpy as np
import pandas as pd
import pyarrow as pa

from outfit_pairing.pairing.near_identical import (
    COLUMNS,
    LEAST_COSINE,
    MOST_ALIKE,
    POINTS,
    SAME_NAME,
    BestNear,
    NearIdentical,
    best_near,
    likeness_of,
    models_of,
)
from outfit_pairing.style.item_names import item_names
from tests.unit.pairing import rail
from tests.unit.pairing.wardrobe import GUIDE, tables_of

NAMES = item_names(GUIDE)
SAME = np.array([1.0, 0.0], dtype=np.float32)
OTHER = np.array([0.0, 1.0], dtype=np.float32)
CLOSE = np.array([0.97, np.sqrt(1 - 0.97**2)], dtype=np.float32)


def tee(product_id: str, name: str, vector: np.ndarray = OTHER, **other: object) -> dict:
    facts = {"article_type": "Tshirts", "slot": "top", "usage": "casual", "department": "Apparel", "colour": "red"}
    fixed = {"audience": "men", "season": None, "price_tier": None, "in_stock": True, "brand": "Acme"}
    return {"product_id": product_id, "name": name, "vector": vector, **facts, **fixed, **other}


def batch_of(part: pd.DataFrame) -> pa.RecordBatch:
    batch = pa.RecordBatch.from_pandas(part[list(COLUMNS)], preserve_index=False)
    vectors = pa.array([one.tolist() for one in part["vector"]], pa.list_(pa.float32()))
    return pa.RecordBatch.from_arrays([*batch.columns, vectors], names=[*COLUMNS, "vector"])


def found(rows: list[dict], models: int = 1, size: int = 100) -> pd.DataFrame:
    """Near-identical products of the first `models` rows."""
    frame = pd.DataFrame(rows)
    tables = tables_of(frame)
    kernel = NearIdentical(models_of(batch_of(frame.iloc[:models]), tables, NAMES), tables, NAMES)
    batches = [batch_of(frame.iloc[start : start + size]) for start in range(0, len(frame), size)]
    return best_near(pa.Table.from_batches(BestNear()(kernel(iter(batches)))).to_pandas())


def test_name_or_likeness_makes_near_identical_within_audience_type_and_brand() -> None:
    """A name that agrees counts most; a cosine below the threshold, another audience, type or brand not at all."""
    rows = [
        tee("model", "Acme Men Red Boxy T-Shirt", SAME),
        tee("named", "Acme Boxy Striped T-Shirts in Navy Blue"),
        tee("alike", "Something Else", CLOSE),
        tee("far", "Something Else", OTHER),
        tee("women's", "Acme Boxy T-Shirt", SAME, audience="women"),
        tee("shirt", "Acme Boxy T-Shirt", SAME, article_type="Shirts"),
        tee("maker's", "Acme Boxy T-Shirt", SAME, brand="Other"),
    ]
    near = found(rows)
    assert near["product_id"].tolist() == ["named", "alike"]
    assert likeness_of(int(near["points"][0])) == 1
    assert LEAST_COSINE <= likeness_of(int(near["points"][1])) < 0.975


def test_a_name_that_many_share_names_a_line() -> None:
    """Then only likeness of text counts, and no more than MOST_ALIKE are kept."""
    line = [tee(f"{number:02}", f"Acme Boxy T-Shirt {word}") for number, word in enumerate(["red"] * (MOST_ALIKE + 1))]
    assert len(found([tee("model", "Acme Boxy T-Shirt", SAME), *line])) == 0
    assert len(found([tee("model", "Acme Boxy T-Shirt", SAME), *line[1:]])) == MOST_ALIKE
    alike = [tee(f"{number:02}", "Anything", SAME) for number in range(20)]
    assert found([tee("model", "Acme Boxy T-Shirt", SAME), *alike])["product_id"].tolist() == [f"{n:02}" for n in range(MOST_ALIKE)]


def test_a_name_keeps_its_points_beside_likeness() -> None:
    """Named and alike stands before named alone."""
    near = found([tee("m", "Boxy", SAME), tee("a", "Boxy", OTHER), tee("b", "Boxy red", SAME)])
    assert near[["product_id", "points"]].to_numpy().tolist() == [["b", SAME_NAME + POINTS], ["a", SAME_NAME]]


def test_any_order_and_cut_of_rows_finds_the_same() -> None:
    """Cosines are exact, ties go by product id."""
    rng = np.random.default_rng(3)
    frame = rail.shop(200)
    centres = rng.standard_normal((8, 4))
    rows = frame.to_dict("records")
    for row in rows:
        vector = centres[rng.integers(8)] + 0.1 * rng.standard_normal(4)
        row["vector"] = (vector / np.linalg.norm(vector)).astype(np.float32)
    first = found(rows, 60)
    assert len(first)
    rest = [rows[60 + number] for number in rng.permutation(140)]
    pd.testing.assert_frame_equal(found([*rows[:60], *rest], 60, size=13), first)
