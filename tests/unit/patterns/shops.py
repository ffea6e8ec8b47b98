"""Shops for tests of prompts and of what is read back: a small one with words of its own, and the real catalogue."""

from collections import Counter
from functools import cache
from pathlib import Path
from typing import Any

from outfit_pairing.catalog import open_catalogue
from outfit_pairing.catalog.mapping import load_mapping
from outfit_pairing.catalog.product_rows import ProductReader
from outfit_pairing.settings import load_settings
from outfit_pairing.style.product import Product
from outfit_pairing.style.templates import Vocabulary
from tests.unit.style.wardrobes import GUIDE

COLOURS = ("black", "white", "navy blue", "blue", "grey", "brown", "red", "multi")
SHELVES = {
    "men": [
        *("Shirts", "Tshirts", "Sweatshirts", "Jeans", "Trousers", "Shorts", "Casual Shoes", "Formal Shoes", "Sandals"),
        *("Belts", "Ties", "Watches", "Caps", "Briefs", "Boxers"),
    ],
    "women": [
        *("Tops", "Kurtas", "Tshirts", "Skirts", "Jeans", "Leggings", "Dresses", "Sarees", "Heels", "Flats", "Casual Shoes"),
        *("Handbags", "Earrings", "Bangle", "Lipstick", "Nail Polish", "Mascara", "Kajal and Eyeliner"),
    ],
    "girls": ["Dresses", "Tops", "Skirts", "Sandals"],
}


@cache
def shop() -> Vocabulary:
    """20 products of each article type, audience and colour; one lonely waistcoat."""
    rows: list[Any] = [("men", "outerwear", "Waistcoat", "black", None, 1)]
    for audience, words in SHELVES.items():
        rows += [(audience, slot_of(word), word, colour, None, 20) for word in words for colour in COLOURS]
    return Vocabulary.from_counts(rows, GUIDE)


def anchor(article_type: str, audience: str = "men", **said: Any) -> Product:
    """A product of the shop."""
    name = said.pop("name", f"Marlow {article_type}")
    return Product("7", name, slot_of(article_type), audience, article_type=article_type, **said)


def slot_of(article_type: str) -> str:
    """The slot of a word that the style guide knows."""
    kind = GUIDE.article_type(article_type)
    assert kind, article_type
    return kind.slot


@cache
def real_catalogue(path: Path) -> tuple[dict[str, Product], Vocabulary]:
    """Products of the real catalogue by id, and what there is to pair with, read as ingest reads them."""
    mapping = load_mapping("myntra")
    catalogue = open_catalogue(load_settings(overrides=[f"catalog.path={path}", "catalog.mapping=myntra"], environment={}))
    reader = ProductReader(mapping, GUIDE, "USD")
    found = [reader.read(row) for row in catalogue.rows()]
    products = {row["product_id"]: _product(row) for row in found if not row.get("reason_code")}
    counts = Counter((one.audience, one.slot, one.article_type, one.colour, one.usage) for one in products.values())
    return products, Vocabulary.from_counts([(*key, count) for key, count in counts.items()], GUIDE)


def _product(row: dict[str, Any]) -> Product:
    fields = ("product_id", "name", "slot", "audience", "department", "category", "article_type", "colour", "season", "usage")
    return Product(**{name: row[name] for name in fields})
