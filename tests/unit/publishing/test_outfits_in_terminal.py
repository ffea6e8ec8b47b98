"""Outfits read well in a terminal, with every reason."""

import io
import json
from dataclasses import replace

from rich.console import Console

from outfit_pairing.publishing.explain import print_outfits, print_read_aloud
from outfit_pairing.publishing.outfits import ProductOutfits


def console(width: int = 120) -> Console:
    return Console(file=io.StringIO(), width=width, color_system=None)


def text(shown: Console) -> str:
    assert isinstance(shown.file, io.StringIO)
    return shown.file.getvalue()


def test_explain_shows_every_item_and_every_reason(found: ProductOutfits) -> None:
    """Names, ids, source, scores and reasons of all outfits."""
    shown = console()
    print_outfits(found, shown)
    for one in found.outfits:
        for item in one.items:
            assert item.product.product_id in text(shown)
            assert all(reason in text(shown) for reason in item.reasons)
    assert "1. Office day (smart casual)   pattern based  score 0.83  confidence 0.58  anchor 15000" in text(shown)
    assert "Puma [red] Shoes" in text(shown)


def test_explain_says_why_there_are_no_outfits(found: ProductOutfits) -> None:
    """A product without outfits is no empty screen."""
    shown = console()
    print_outfits(replace(found, outfits=(), without_outfits="free item [gift]: given away"), shown)
    assert "No outfits: free item [gift]: given away" in text(shown)


def test_an_outfit_can_be_read_aloud(found: ProductOutfits) -> None:
    """Who, what, with what, for what and why, one outfit per product."""
    shown = console()
    print_read_aloud(7, found, shown)
    lines = [line.strip() for line in text(shown).splitlines()]
    assert lines[0] == f"7. Men | navy blue shirts “Turtle Check Men Navy Blue Shirt”  id {found.product.product_id}"
    assert "with  blue jeans “Peter England <b>Party</b> Jeans”" in lines
    assert "for   Office day (smart casual), pattern based, score 0.83" in lines
    assert "why   navy and blue: tone on tone; both casual; black & navy: calm" in lines


def test_a_narrow_terminal_loses_no_word(found: ProductOutfits) -> None:
    """Forty columns wrap and do not cut."""
    shown = console(40)
    print_outfits(found, shown)
    assert "tone on tone" in " ".join(text(shown).split())
    assert max(map(len, text(shown).splitlines())) <= 40


def test_programs_get_the_same_as_people(found: ProductOutfits) -> None:
    """The JSON holds product, outfits, items and reasons."""
    read = json.loads(found.as_json())
    assert read["product"]["product_id"] == "15970"
    assert read["outfits"][0]["items"][0]["reasons"] == ["navy and blue: tone on tone", "both casual"]
