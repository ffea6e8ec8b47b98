"""Outfits in the terminal: one product with every reason, or a spread of products to read aloud."""

from typing import TYPE_CHECKING

from rich.console import Console
from rich.padding import Padding
from rich.table import Table
from rich.text import Text

from outfit_pairing.publishing.outfits import (
    Outfit,
    OutfitItem,
    ProductOutfits,
    ShownProduct,
    outfits_of,
    spread_of_outfits,
)

if TYPE_CHECKING:
    from pyspark.sql import SparkSession

    from outfit_pairing.settings import Settings

REASONS_READ_ALOUD = 4


def explain(spark: "SparkSession", settings: "Settings", product_id: str, *, console: Console) -> ProductOutfits:
    """Print the outfits of one product with every reason; what was printed comes back.

    Raises:  InputError: no such product (names the nearest ids).    MissingTable: nothing is published.
    """
    found = outfits_of(spark, settings, product_id)
    print_outfits(found, console)
    return found


def show_outfits(spark: "SparkSession", settings: "Settings", count: int, seed: int, *, console: Console) -> list[ProductOutfits]:
    """Print the best outfit of `count` products, spread over slots and audiences; what was printed comes back."""
    found = spread_of_outfits(spark, settings, count, seed)
    for number, one in enumerate(found, 1):
        print_read_aloud(number, one, console)
    return found


def print_outfits(found: ProductOutfits, console: Console) -> None:
    """One product with all its outfits."""
    said = (found.product.audience, found.product.slot, found.product.season, found.product.usage)
    console.print(Text(titled(found.product), style="bold"))
    console.print(Text("  ".join([f"id {found.product.product_id}", *(_spoken(one) for one in said if one)]), style="dim"))
    for outfit in found.outfits:
        console.print()
        console.print(_headline(outfit))
        console.print(Padding(_items(outfit), (0, 0, 0, 3)))
    if found.without_outfits:
        console.print(f"\nNo outfits: {found.without_outfits}", markup=False)


def print_read_aloud(number: int, found: ProductOutfits, console: Console) -> None:
    """One product with its best outfit, in sentences."""
    audience = _spoken(found.product.audience or "anyone").capitalize()
    name = f"{number:>3}. {audience} | {titled(found.product)}"
    console.print(Text.assemble((name, "bold"), (f"  id {found.product.product_id}", "dim")))
    grid = Table.grid(padding=(0, 2))
    grid.add_column(style="dim", no_wrap=True)
    grid.add_column()
    for outfit in found.outfits[:1]:
        reasons = list(dict.fromkeys(reason for item in outfit.items for reason in item.reasons))
        grid.add_row("with", Text("\n".join(f"{titled(item.product)}" for item in outfit.items)))
        grid.add_row("for", Text(f"{_occasion(outfit)}, {_spoken(outfit.source)}, score {_figure(outfit.score)}"))
        grid.add_row("why", Text("; ".join(reasons[:REASONS_READ_ALOUD])))
    console.print(Padding(grid, (0, 0, 1, 5)))


def titled(product: ShownProduct) -> str:
    """Colour and type, then the shop's own name: navy blue shirts “Turtle Check Men Navy Blue Shirt”."""
    plain = " ".join(one.lower() for one in (product.colour, product.article_type) if one) or f"product {product.product_id}"
    return f"{plain} “{product.name}”" if product.name else plain


def _headline(outfit: Outfit) -> Text:
    figures = f"score {_figure(outfit.score)}  confidence {_figure(outfit.confidence)}"
    anchor = f"  anchor {outfit.anchor_product_id}" if outfit.anchor_product_id else ""
    return Text.assemble(
        (f"{outfit.rank}. {_occasion(outfit)}", "bold cyan"), (f"   {_spoken(outfit.source)}  {figures}{anchor}", "dim")
    )


def _occasion(outfit: Outfit) -> str:
    parts = (outfit.pattern_name, f"({_spoken(outfit.occasion)})" if outfit.occasion else None)
    return " ".join(part for part in parts if part) or "outfit"


def _items(outfit: Outfit) -> Table:
    table = Table(box=None, padding=(0, 2, 0, 0), show_header=False)
    table.add_column(style="green", no_wrap=True)
    table.add_column(style="dim", no_wrap=True)
    table.add_column(ratio=1, overflow="fold")
    table.add_column(justify="right", no_wrap=True)
    for item in outfit.items:
        table.add_row(_spoken(item.slot), item.product.product_id, _item(item), _figure(item.score))
    return table


def _item(item: OutfitItem) -> Text:
    return Text.assemble(titled(item.product), *((f"\n· {reason}", "dim") for reason in item.reasons))


def _spoken(word: str) -> str:
    return word.replace("_", " ")


def _figure(value: float | None) -> str:
    return "–" if value is None else f"{value:.2f}"
