"""A product as the styling rules see it."""

from collections.abc import Mapping
from dataclasses import dataclass, fields
from typing import Any


@dataclass(frozen=True, slots=True)
class Product:
    """The columns of the products table that styling reads; values are in the style guide's words, `None` = not said."""

    product_id: str
    name: str
    slot: str
    audience: str | None = None
    department: str | None = None
    category: str | None = None
    article_type: str | None = None
    colour: str | None = None
    colour_family: str | None = None
    season: str | None = None
    usage: str | None = None
    price_tier: str | None = None
    in_stock: bool = True

    @classmethod
    def from_row(cls, row: Mapping[str, Any]) -> "Product":
        """From a row of the products table, as a mapping."""
        return cls(**{name: row[name] for name in PRODUCT_COLUMNS})


PRODUCT_COLUMNS = tuple(field.name for field in fields(Product))
