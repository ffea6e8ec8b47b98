"""A product with outfits, as pages and terminals show it."""

from dataclasses import replace
from datetime import UTC, datetime

import pytest

from outfit_pairing.publishing.figures import Published
from outfit_pairing.publishing.outfits import Outfit, OutfitItem, ProductOutfits, ShownProduct


def shown(product_id: str, name: str | None, slot: str, article_type: str | None, colour: str | None) -> ShownProduct:
    return ShownProduct(product_id, name, "men", slot, article_type, colour, "fall", "casual", None)


@pytest.fixture
def found() -> ProductOutfits:
    """A shirt with two outfits; a name and a reason hold what HTML and terminals take for markup."""
    jeans = shown("39386", "Peter England <b>Party</b> Jeans", "bottom", "Jeans", "blue")
    shoes = shown("9204", "Puma [red] Shoes", "footwear", "Casual Shoes", "black")
    watch = shown("777", None, "watch", None, None)
    items = (
        OutfitItem("bottom", jeans, 0.91, ("navy and blue: tone on tone", "both casual")),
        OutfitItem("footwear", shoes, 0.72, ("black & navy: calm",)),
    )
    first = Outfit(1, "o1", "pattern_based", "smart_casual", "Office day", "15000", 0.83, 0.58, items)
    second = replace(first, rank=2, outfit_id="o2", source="rule_based", pattern_name=None, anchor_product_id=None, score=None)
    second = replace(second, items=(*items, OutfitItem("watch", watch, None, ())))
    shirt = shown("15970", "Turtle Check Men Navy Blue Shirt", "top", "Shirts", "navy blue")
    return ProductOutfits(shirt, (first, second))


@pytest.fixture
def published() -> Published:
    """Figures of a run."""
    by_source = {"pattern_based": 150, "rule_based": 50}
    return Published(60, 57, 64, 200, by_source, datetime(2026, 3, 2, tzinfo=UTC))
