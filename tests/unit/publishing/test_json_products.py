"""The JSON text of each product with its outfits, from Arrow columns."""

import json
from typing import Any

import pyarrow as pa
import pytest

from outfit_pairing.publishing import json_products
from outfit_pairing.publishing.json_products import NAMES, OUTFIT, READ, product_texts
from outfit_pairing.storage.tables import OUTFIT_RECOMMENDATIONS, PRODUCTS

PRODUCT_ROWS = [{"product_id": "a", "name": 'Shirt "A"'}, {"product_id": "b", "name": "Écharpe"}, {"product_id": "c", "name": None}]


def outfit(product_id: str, rank: int, *items: dict[str, Any], score: float | None = 0.5) -> dict[str, Any]:
    return {"product_id": product_id, "rank": rank, "source": "rule_based", "occasion": None, "score": score, "items": list(items)}


def item(product_id: str, *reasons: str, score: float = 0.25) -> dict[str, Any]:
    return {"slot": "top", "product_id": product_id, "score": score, "reasons": list(reasons)}


def texts(rows: list[dict[str, Any]]) -> list[str]:
    outfits = pa.Table.from_pylist(rows, OUTFIT_RECOMMENDATIONS.written_arrow_schema).select(list(READ))
    return list(product_texts(outfits, pa.Table.from_pylist(PRODUCT_ROWS, PRODUCTS.written_arrow_schema).select(list(NAMES))))


@pytest.mark.parametrize("at_once", [1, 2, 20_000])
def test_products_come_in_order_with_their_outfits(monkeypatch: pytest.MonkeyPatch, at_once: int) -> None:
    """By rank, items called by their names; however many rows are put together at once."""
    monkeypatch.setattr(json_products, "OUTFITS_AT_ONCE", at_once)
    rows = [outfit("b", 2, item("a")), outfit("c", 1), outfit("b", 1, item("c", "tonal"), item("gone")), outfit("a", 1, item("b"))]
    told = [json.loads(text) for text in texts(rows)]
    assert [(one["product_id"], one["name"]) for one in told] == [("a", 'Shirt "A"'), ("b", "Écharpe"), ("c", None)]
    assert [[its["rank"] for its in one["outfits"]] for one in told] == [[1], [1, 2], [1]]
    assert list(told[0]["outfits"][0]) == [*OUTFIT, "items"]
    first = told[1]["outfits"][0]["items"]
    assert first[0] == {"slot": "top", "product_id": "c", "name": None, "score": 0.25, "reasons": ["tonal"]}
    assert first[1]["name"] is None
    assert told[1]["outfits"][1]["items"][0]["name"] == 'Shirt "A"'
    assert told[2]["outfits"][0]["items"] == []


def test_figures_have_four_decimals() -> None:
    """Half away from zero, in no more signs than needed; null stays null."""
    told = json.loads(texts([outfit("a", 1, item("b", score=0.00005), score=0.42), outfit("a", 2, score=None)])[0])["outfits"]
    assert told[0]["items"][0]["score"] == 0.0001
    assert told[0]["score"] == 0.42
    assert told[1]["score"] is None


def test_nothing_gives_nothing() -> None:
    """No text at all."""
    assert texts([]) == []
