"""A product without outfits is listed with a reason that a shop can act on."""

import pytest

from outfit_pairing.publishing.without_outfits import absence_of
from outfit_pairing.style import load_style_guide
from outfit_pairing.style.product import Product

GUIDE = load_style_guide()
STOCKED = {"top": ("women", "men", "girls"), "bottom": ("women", "men"), "footwear": ("women", "unisex"), "beauty": ("women",)}


def product(article_type: str | None, slot: str, audience: str | None = "women") -> Product:
    return Product("1", "a product", slot, audience=audience, article_type=article_type)


@pytest.mark.parametrize(
    ("one", "code", "words"),
    [
        (product("Free Gifts", "other"), "free_item", "Free Gifts"),
        (product("Cushion Covers", "other"), "home_item", "not worn"),
        (product("Flux Capacitor", "other"), "unknown_type", "Flux Capacitor"),
        (product(None, "other"), "unknown_type", "(none)"),
        (product("Tshirts", "top", "girls"), "no_candidate", "bottom and footwear"),
        (product("Watches", "watch", "boys"), "no_candidate", "goes with boys"),
        (product("Lipstick", "beauty", "men"), "no_candidate", "no candidate for beauty"),
        (product("Shirts", "top", "men"), "no_match", "hard rules"),
        (product("Lipstick", "beauty"), "no_match", "hard rules"),
    ],
)
def test_every_product_without_outfits_gets_its_reason(one: Product, code: str, words: str) -> None:
    """Free and home items, unknown types, empty slots, and outfits that did not pass."""
    absence = absence_of(one, GUIDE, STOCKED)
    assert absence.code == code
    assert words in absence.reason
