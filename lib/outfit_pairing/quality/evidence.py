"""What was counted about one result, and what follows from it: who can have outfits, and what could be an item."""

import json
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import Any

from outfit_pairing.quality.standing import Standing, Stock, standing
from outfit_pairing.quality.tallies import Tallies
from outfit_pairing.style.vocabulary import StyleGuide

CELL_FACTS = ("audience", "department", "category", "article_type", "slot", "in_stock")
COUNTED = ("outfits", "from_patterns", "occasions", "shown")


@dataclass(frozen=True, slots=True)
class Cell:
    """Products that are alike in all that the metrics ask about, and one of them as an example."""

    audience: str | None
    department: str | None
    category: str | None
    article_type: str | None
    slot: str | None
    in_stock: bool
    outfits: int  # of each product, those with an item
    from_patterns: int  # of these
    occasions: int  # distinct ones of each product
    shown: int  # how many slots each product fills in outfits of others
    products: int
    example: str


@dataclass(frozen=True, slots=True)
class OutfitGroup:
    """Outfits of one source and occasion."""

    source: str
    occasion: str | None
    outfits: int
    score_millionths: int


@dataclass(frozen=True)
class Evidence:
    """All that was counted about one result."""

    cells: Sequence[Cell]
    groups: Sequence[OutfitGroup]
    tallies: Tallies
    rejected: int
    guide: StyleGuide

    @cached_property
    def judged(self) -> tuple[tuple[Cell, Standing], ...]:
        """Each cell with what its products are."""
        return tuple((cell, standing(cell.article_type, cell.slot, cell.department, self.guide)) for cell in self.cells)

    @cached_property
    def stock(self) -> Stock:
        """What could be an item."""
        return Stock.of((one, cell.audience, cell.products) for cell, one in self.judged if cell.in_stock)

    @cached_property
    def able(self) -> tuple[Cell, ...]:
        """Cells of products that can have outfits."""
        return tuple(cell for cell, one in self.judged if self.stock.can_have_outfits(one, cell.audience))

    @cached_property
    def wearable(self) -> tuple[Cell, ...]:
        """Cells of products that can have outfits of clothes, and be an item of others'."""
        able = frozenset(self.able)
        return tuple(cell for cell, one in self.judged if one.role == "wearable" and cell in able)

    @cached_property
    def unable(self) -> Counter[str]:
        """Products that cannot have outfits, by the reason."""
        able, reasons = frozenset(self.able), Counter[str]()
        for cell, one in self.judged:
            if cell not in able:
                reasons[one.why or f"no companions in the catalogue for {cell.audience} {one.place}"] += cell.products
        return reasons

    @cached_property
    def outfits(self) -> Counter[int]:
        """Outfits by number of items."""
        return Counter({int(key): count for (name, key), count in self.tallies.items() if name == "outfits"})

    @cached_property
    def filled(self) -> Counter[str]:
        """Filled slots, the product itself not counted."""
        return Counter({key: count for (name, key), count in self.tallies.items() if name == "filled"})

    @cached_property
    def examples(self) -> tuple[dict[str, str | int], ...]:
        """Some violations: rule, product_id, rank, what."""
        found = [json.loads(key) for name, key in self.tallies if name == "example"]
        return tuple(sorted(found, key=lambda one: (one["rule"], one["product_id"], one["rank"], one["what"])))

    @cached_property
    def alike_examples(self) -> tuple[dict[str, Any], ...]:
        """Some products with outfits that are alike: product_id, and the case: what decides whether the catalogue allows better."""
        found = [json.loads(key) for name, key in self.tallies if name == "alike_example"]
        return tuple(sorted(found, key=lambda one: str(one["product_id"])))
