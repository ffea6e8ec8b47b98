"""Why a product has no outfit: said for each, so that nothing is silently absent."""

from collections.abc import Collection, Mapping
from dataclasses import dataclass

from outfit_pairing.style.audience import may_mix
from outfit_pairing.style.product import Product
from outfit_pairing.style.traits import OWN_KIND, traits_of
from outfit_pairing.style.vocabulary import StyleGuide

# Slots without which an outfit around a product of the slot cannot be had; any other slot needs clothes and shoes.
NEEDED = {
    "top": ("bottom", "footwear"),
    "bottom": ("top", "footwear"),
    "one_piece": ("footwear",),
    **{slot: (slot,) for slot in OWN_KIND},
}
CLOTHES_AND_SHOES = ("top", "bottom", "footwear")


@dataclass(frozen=True, slots=True)
class Absence:
    """Why a product has no outfit. `code` for programs: free_item, home_item, unknown_type, no_candidate, no_match."""

    code: str
    reason: str


def absence_of(product: Product, guide: StyleGuide, stocked: Mapping[str, Collection[str | None]]) -> Absence:
    """Why `product` has no outfit.    `stocked`: for each slot the audiences with a product in stock."""
    if product.article_type is None or guide.article_type(product.article_type) is None:
        unknown = Absence("unknown_type", f"article type {product.article_type or '(none)'} is not in the style guide")
        return unknown if product.slot == "other" else _missing(product, stocked)
    kind = traits_of(product.article_type, product.slot, product.usage, product.department, guide).kind
    if kind in {"free", "home"}:
        why = "given away, not sold to wear" if kind == "free" else "not worn"
        return Absence(f"{kind}_item", f"{kind} item ({product.article_type}): {why}")
    return _missing(product, stocked)


def _missing(product: Product, stocked: Mapping[str, Collection[str | None]]) -> Absence:
    needed = NEEDED.get(product.slot, CLOTHES_AND_SHOES)
    lacking = [slot for slot in needed if not any(may_mix(product.audience, one) for one in stocked.get(slot, ()))]
    if lacking:
        who = f" that goes with {product.audience}" if product.audience else ""
        return Absence("no_candidate", f"no candidate for {' and '.join(lacking)}: nothing in stock{who}")
    return Absence("no_match", "no outfit of products in stock keeps the hard rules and scores enough to be offered")
