"""A small shop to make outfits from, and the entries that the audit reads."""

from collections.abc import Mapping, Sequence
from typing import Any

import pyarrow as pa

from outfit_pairing.quality.entries import ENTRY_SCHEMA
from outfit_pairing.style.vocabulary import load_style_guide

GUIDE = load_style_guide()

Facts = dict[str, Any]


def thing(
    article_type: str, audience: str | None = "men", colour: str | None = "black", usage: str | None = "casual", **other: Any
) -> Facts:
    """A product; its slot is what the style guide says."""
    found = GUIDE.article_type(article_type)
    slot = found.slot if found else "other"
    facts = {"article_type": article_type, "slot": slot, "audience": audience, "colour": colour, "usage": usage}
    return {"department": "Apparel", "category": article_type, "in_stock": True, **facts, **other}


SHOP: dict[str, Facts] = {
    "tee": thing("Tshirts", colour="white"),
    "tee2": thing("Tshirts", colour="grey"),
    "red tee": thing("Tshirts", colour="red"),
    "shirt": thing("Shirts", colour="white"),
    "formal shirt": thing("Shirts", colour="white", usage="formal"),
    "jeans": thing("Jeans", colour="navy blue"),
    "chinos": thing("Chinos", colour="beige"),
    "red trousers": thing("Trousers", colour="red"),
    "formal trousers": thing("Formal Trousers", colour="charcoal", usage="formal"),
    "blazer": thing("Blazers", colour="navy blue"),
    "suit": thing("Suits", colour="charcoal", usage="formal"),
    "track pants": thing("Track Pants", usage="sports"),
    "sports tee": thing("Tshirts", usage="sports"),
    "sports shoes": thing("Sports Shoes", usage="sports"),
    "plain runners": thing("Sports Shoes", usage="casual"),
    "shoes": thing("Casual Shoes", colour="brown"),
    "red shoes": thing("Casual Shoes", colour="red"),
    "formal shoes": thing("Formal Shoes", usage="formal"),
    "flip-flops": thing("Flip Flops"),
    "belt": thing("Belts"),
    "tie": thing("Ties", usage="formal"),
    "socks": thing("Socks"),
    "cap": thing("Caps", usage="sports"),
    "watch": thing("Watches", audience="unisex"),
    "formal watch": thing("Watches", usage="formal"),
    "bracelet": thing("Bracelet", audience="unisex"),
    "bracelet2": thing("Bracelet", audience="unisex"),
    "ring": thing("Ring", audience="unisex"),
    "chain": thing("Chain", audience="unisex"),
    "kurta": thing("Kurtas", colour="maroon", usage="ethnic"),
    "churidar": thing("Churidar", colour="white", usage="ethnic"),
    "mojari": thing("Mojari", usage="ethnic"),
    "kurta labelled sports": thing("Kurtas", usage="sports"),
    "formal runners": thing("Sports Shoes", usage="formal"),
    "cargos": thing("Cargo Trousers"),
    "sold out jeans": thing("Jeans", in_stock=False),
    "dress": thing("Dresses", audience="women", colour="green"),
    "heels": thing("Heels", audience="women"),
    "handbag": thing("Handbags", audience="women"),
    "skirt": thing("Skirts", audience="women"),
    "girls' tee": thing("Tshirts", audience="girls", colour="white"),
    "girls' jeans": thing("Jeans", audience="girls"),
    "boys' jeans": thing("Jeans", audience="boys"),
    "kids' shoes": thing("Casual Shoes", audience="kids", colour="white"),
    "bra": thing("Bra", audience="women"),
    "bra2": thing("Bra", audience="women"),
    "panties": thing("Panties", audience="women"),
    "camisole": thing("Camisoles", audience="women"),
    "nightdress": thing("Nightdress", audience="women"),
    "bath robe": thing("Bath Robe", audience="women"),
    "bikini": thing("Bikini", audience="women", usage="sports"),
    "swimming cap": thing("Swimming Cap", audience="women"),
    "lipstick": thing("Lipstick", audience="women", colour="red"),
    "lipstick2": thing("Lipstick", audience="women", colour="pink"),
    "nail polish": thing("Nail Polish", audience="women", colour="red"),
    "perfume": thing("Perfume and Body Mist", audience="women", colour=None),
    "football": thing("Footballs", audience="unisex", usage="sports"),
    "cushion": thing("Cushion Covers", audience="unisex", usage="home"),
    "free wallet": thing("Wallets", department="Free Items"),
    "wallet": thing("Wallets", department="Accessories"),
    "gadget": thing("Gizmo", audience="unisex"),
}

VALID: dict[str, Sequence[str]] = {
    "a casual look": ("tee", "jeans", "shoes", "watch"),
    "an office look": ("formal shirt", "formal trousers", "formal shoes", "belt", "tie", "watch"),
    "a suit": ("suit", "formal shoes", "formal watch"),
    "a smart look": ("shirt", "blazer", "chinos", "shoes", "socks"),
    "a sports look": ("sports tee", "track pants", "sports shoes", "cap"),
    "sports shoes on a casual day": ("plain runners", "tee", "jeans"),
    "an ethnic look": ("kurta", "churidar", "mojari", "watch"),
    "a fusion look": ("kurta", "jeans", "mojari"),
    "an article type that is firmer than its label": ("kurta labelled sports", "churidar", "mojari"),
    "sports shoes labelled formal": ("formal runners", "tee", "jeans"),
    "a dress": ("dress", "heels", "handbag"),
    "a dress with jewellery": ("dress", "heels", "bracelet", "ring"),
    "two items only": ("tee", "shoes"),
    "children": ("girls' tee", "girls' jeans", "kids' shoes"),
    "innerwear": ("bra", "panties", "camisole"),
    "sleepwear": ("nightdress", "bath robe"),
    "swimwear": ("bikini", "swimming cap"),
    "beauty": ("lipstick", "nail polish", "perfume"),
    "equipment and sports wear": ("football", "sports tee", "track pants", "sports shoes"),
    "a belt and what it holds": ("belt", "shirt", "chinos"),
    "two red things": ("red tee", "jeans", "red shoes"),
    "sold out, on its own page": ("sold out jeans", "tee", "shoes"),
    "a thing without a name": ("gadget", "tee", "jeans"),
}


def entries(outfits: Mapping[tuple[str, int], Sequence[str]], shop: Mapping[str, Facts] = SHOP) -> pa.Table:
    """Entries of {(product, rank): items}, as Spark would hand them over; an id that the shop lacks is not known."""
    return pa.Table.from_pylist(
        [
            _entry(product, rank, position, item, shop.get(item))
            for (product, rank), items in outfits.items()
            for position, item in enumerate((product, *items))
        ],
        schema=ENTRY_SCHEMA,
    )


def outfit(products: Sequence[str], shop: Mapping[str, Facts] = SHOP) -> pa.Table:
    """One outfit: the first product's page shows it."""
    return entries({(products[0], 1): products[1:]}, shop)


def _entry(product: str, rank: int, position: int, item: str, facts: Facts | None) -> dict[str, Any]:
    key = {"product_id": product, "rank": rank, "position": position, "item_id": item}
    if facts is None:
        return {**key, "known": False, "listed_slot": "top" if position else None}
    return {**key, "known": True, "listed_slot": facts["slot"] if position else None, **facts}
