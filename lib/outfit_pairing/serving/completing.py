"""Complete the look: which released outfits hold the products of a basket best, and what is missing to wear them.

Every released outfit of every product in the basket is tried. The basket's other products take their places in it: one that the
outfit holds already is a match; else it takes the place of the outfit's own item in that slot, or an empty place. It takes a
place only if the look then keeps every hard rule and the audiences mix, and never that of another product of the basket.

Looks with more of the basket come first; of equals those that hold more of it as they were released, then those of greater
confidence. Of looks that ask for the same missing items one is kept.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from itertools import combinations

from outfit_pairing.publishing.outfits import Outfit, OutfitItem, ProductOutfits, ShownProduct
from outfit_pairing.serving.wishes import Wishes, can_be_bought
from outfit_pairing.style.audience import may_mix
from outfit_pairing.style.colours import Colour, harmony
from outfit_pairing.style.rules import MOST_OF_ONE_FAMILY, flags_of, structure_fault, verdict
from outfit_pairing.style.traits import Traits, traits_of
from outfit_pairing.style.vocabulary import StyleGuide

IN_BASKET = "in your basket"
TWICE = "jewellery"  # the one slot that may hold two products, of different article types
MOST_ITEMS = 8  # of a look: more is a wardrobe


@dataclass(frozen=True, slots=True)
class CompletedLook:
    """One look around a basket.

    outfit: the released outfit that it follows, of product `around`.   held: products of the basket that it holds, in its order.
    missing: what is to be bought with them.   exchanged: items of the outfit whose places products of the basket have taken.
    left_out: products of the basket that do not fit, with the reason.
    """

    around: ShownProduct
    outfit: Outfit
    held: tuple[ShownProduct, ...]
    missing: tuple[OutfitItem, ...]
    exchanged: tuple[str, ...]
    left_out: Mapping[str, str]


@dataclass(frozen=True, slots=True)
class _Piece:
    """A product in a slot, as rules see it.   item: of the outfit; None for a product of the basket."""

    product: ShownProduct
    slot: str
    traits: Traits
    colour: Colour | None
    item: OutfitItem | None = None


def complete(basket: Sequence[ProductOutfits], wishes: Wishes, guide: StyleGuide, number: int) -> list[CompletedLook]:
    """The best looks, at most `number`.   basket: distinct products with their released outfits."""
    own = {one.product.product_id: _piece(one.product, one.product.slot or "other", guide) for one in basket}
    looks = [
        look
        for one in basket
        for outfit in one.outfits
        if wishes.fits(outfit) and (look := _fill(one.product, outfit, own, guide)) and look.missing
        if not wishes.in_stock or can_be_bought(replace(outfit, items=look.missing))
    ]
    looks.sort(key=_order)
    kept: list[CompletedLook] = []
    seen: set[frozenset[str]] = set()
    for look in looks:
        asked = frozenset(item.product.product_id for item in look.missing)
        if asked not in seen:
            seen.add(asked)
            kept.append(look)
    return kept[:number]


def _order(look: CompletedLook) -> tuple[int, int, float, str]:
    released = {item.product.product_id for item in look.outfit.items}
    placed = sum(one.product_id not in released for one in look.held)
    return -len(look.held), placed, -(look.outfit.confidence or 0.0), look.outfit.outfit_id


def _fill(around: ShownProduct, outfit: Outfit, own: Mapping[str, _Piece], guide: StyleGuide) -> CompletedLook | None:
    """The outfit with as much of the basket as fits."""
    pieces = [own[around.product_id]]
    pieces += [own.get(item.product.product_id) or _piece(item.product, item.slot, guide, item) for item in outfit.items]
    exchanged: list[str] = []
    left_out: dict[str, str] = {}
    for product_id, piece in own.items():
        if piece in pieces:
            continue
        found = _place(piece, pieces)
        if isinstance(found, str):
            left_out[product_id] = found
            continue
        gone = {one.product.product_id for one in pieces} - {one.product.product_id for one in found}
        exchanged.extend(sorted(gone))
        pieces = found
    held = {one.product.product_id for one in pieces if one.item is None}
    return CompletedLook(
        around=around,
        outfit=outfit,
        held=tuple(piece.product for product_id, piece in own.items() if product_id in held),
        missing=tuple(one.item for one in pieces if one.item is not None),
        exchanged=tuple(exchanged),
        left_out=left_out,
    )


def _place(piece: _Piece, pieces: Sequence[_Piece]) -> list[_Piece] | str:
    """The pieces with one more of the basket, in place of another or beside them; else why it does not fit."""
    stranger = next((one for one in pieces if one.item is None and not may_mix(one.product.audience, piece.product.audience)), None)
    if stranger:
        return f"{stranger.product.audience} and {piece.product.audience} do not mix"
    same = [one for one in pieces if one.slot == piece.slot]
    fixed = next((one for one in same if one.item is None), None)
    if fixed and not (piece.slot == TWICE and len(same) == 1 and fixed.traits.article_type != piece.traits.article_type):
        return f"{_said(fixed.product)} of your basket fills its place"
    instead = [[piece if one is taken else one for one in pieces] for taken in same if not fixed]
    ways = instead or [[*pieces, piece]]
    faults = [_fault(way) for way in ways]
    for way, fault in zip(ways, faults, strict=True):
        if fault is None and len(way) <= MOST_ITEMS:
            return way
    return next((fault for fault in faults if fault), f"a look holds at most {MOST_ITEMS} products")


def _fault(pieces: Sequence[_Piece]) -> str | None:
    """Why these may not be worn together; None when they may."""
    for left, right in combinations(pieces, 2):
        if not may_mix(left.product.audience, right.product.audience):
            return f"{left.product.audience} and {right.product.audience} do not mix"
        judged = verdict(left.traits, right.traits)
        if not judged.allowed:
            return judged.why
        if left.colour and right.colour and harmony(left.colour, right.colour).clash:
            return f"{left.product.colour} clashes with {right.product.colour}"
    families = [one.colour.family for one in pieces if one.colour and not one.colour.neutral and one.colour.family != "multi"]
    crowded = next((family for family in families if families.count(family) > MOST_OF_ONE_FAMILY), None)
    if crowded:
        return f"more than {MOST_OF_ONE_FAMILY} items would be {crowded}"
    flags = 0
    for one in pieces:
        flags |= flags_of(one.traits)
    return {4: "a one-piece takes no top and no bottom, and a top needs a bottom", 7: "it lacks what it is worn with"}.get(
        structure_fault(flags, len(pieces))
    )


def _piece(product: ShownProduct, slot: str, guide: StyleGuide, item: OutfitItem | None = None) -> _Piece:
    traits = traits_of(product.article_type, slot, product.usage, None, guide)
    return _Piece(product, slot, traits, guide.colour(product.colour) if product.colour else None, item)


def _said(product: ShownProduct) -> str:
    return product.name or product.article_type or product.product_id
