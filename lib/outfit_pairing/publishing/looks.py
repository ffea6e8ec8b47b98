"""What the lookbook page draws: products as tiles, outfits as cards, and the words and names that filters go by."""

from collections.abc import Sequence
from dataclasses import dataclass

from outfit_pairing.publishing.icons import icon_of
from outfit_pairing.publishing.outfits import Outfit, ProductOutfits, ShownProduct
from outfit_pairing.publishing.swatches import Paint, paint_of
from outfit_pairing.style.vocabulary import AUDIENCES, SLOTS, StyleGuide

# Laid out as worn, from the shoulders down; whatever else an outfit holds lies beside.
WORN = ("top", "one_piece", "innerwear", "sleepwear", "swimwear", "bottom", "footwear")
UPPER = ("tank", "bra")  # silhouettes of slots that hold pieces for above and for below
SOURCE_NAMES = {
    "lookbook_curated": "curated look",
    "lookbook_algorithmic": "algorithmic look",
    "pattern_based": "pattern",
    "rule_based": "style rules",
}
FROM = {
    "lookbook_curated": "from a curated look",
    "lookbook_algorithmic": "from an algorithmic look",
    "pattern_based": "from a pattern",
    "rule_based": "from the style rules",
}
PICTURES = ("https://", "http://")


@dataclass(frozen=True, slots=True)
class Tile:
    """One product as the page draws it. `said`: colour and type in plain words, which also serve as alternative text."""

    product: ShownProduct
    slot: str
    icon: str
    paint: Paint
    said: str
    image: str | None
    reasons: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Card:
    """One outfit: the product itself and its companions, as worn and beside.

    source: where it comes from, in words.    occasion: in words, empty when there is none.
    """

    outfit: Outfit
    title: str
    source: str
    occasion: str
    items: tuple[Tile, ...]
    worn: tuple[Tile, ...]
    beside: tuple[Tile, ...]
    alt: str

    @property
    def has_more_reasons(self) -> bool:
        """Whether some item was chosen for more than one reason."""
        return any(len(one.reasons) > 1 for one in self.items)


@dataclass(frozen=True, slots=True)
class Look:
    """One product with its outfits. `words`: what the text search looks through, in lower case."""

    tile: Tile
    audience: str
    cards: tuple[Card, ...]
    words: str


@dataclass(frozen=True, slots=True)
class Choice:
    """One value that a filter can take: the table's word, what is said for it, and the products that it leaves."""

    value: str
    said: str
    count: int


def look_of(found: ProductOutfits, guide: StyleGuide) -> Look:
    """A product with its outfits, ready for the template."""
    tile = _tile(found.product, found.product.slot or "other", guide)
    cards = tuple(_card(tile, outfit, guide) for outfit in found.outfits)
    shown = [tile, *(item for card in cards for item in card.items)]
    texts = [found.product.product_id, *(card.title for card in cards), *(f"{one.said} {one.product.name or ''}" for one in shown)]
    return Look(tile, found.product.audience or "unisex", cards, " ".join(dict.fromkeys(" ".join(texts).lower().split())))


def choices(looks: Sequence[Look]) -> dict[str, list[Choice]]:
    """The values of each filter that some product on the page has; occasions by their names, the others as in the tables."""
    sources = [{card.outfit.source for card in look.cards} for look in looks]
    occasions = [{card.occasion for card in look.cards if card.occasion} for look in looks]
    return {
        "audience": _choices([{look.audience} for look in looks], AUDIENCES),
        "slot": _choices([{look.tile.slot} for look in looks], SLOTS),
        "source": _choices(sources, tuple(SOURCE_NAMES)),
        "occasion": _choices(occasions, sorted(set().union(*occasions))),
    }


def source_name(source: str) -> str:
    """A source in plain words."""
    return SOURCE_NAMES.get(source, spoken(source))


def spoken(word: str) -> str:
    """A word of the tables as people read it."""
    return word.replace("_", " ")


def _choices(held: Sequence[set[str]], order: Sequence[str]) -> list[Choice]:
    present = set().union(*held)
    ordered = [*(value for value in order if value in present), *sorted(present.difference(order))]
    return [Choice(value, source_name(value).capitalize(), sum(value in one for one in held)) for value in ordered]


def _card(own: Tile, outfit: Outfit, guide: StyleGuide) -> Card:
    items = tuple(_tile(item.product, item.slot, guide, item.reasons) for item in outfit.items)
    everything = (own, *items)
    worn = (one for one in everything if one.slot in WORN)
    return Card(
        outfit=outfit,
        title=outfit.pattern_name or spoken(outfit.occasion or "outfit").capitalize(),
        source=FROM.get(outfit.source, f"from {spoken(outfit.source)}"),
        occasion=spoken(outfit.occasion or ""),
        items=items,
        worn=tuple(sorted(worn, key=lambda one: (WORN.index(one.slot), one.icon not in UPPER))),
        beside=tuple(one for one in everything if one.slot not in WORN),
        alt=f"{own.said} with {', '.join(one.said for one in items)}",
    )


def _tile(product: ShownProduct, slot: str, guide: StyleGuide, reasons: tuple[str, ...] = ()) -> Tile:
    said = " ".join(one.lower() for one in (product.colour, product.article_type) if one)
    address = (product.image_url or "").strip()
    return Tile(
        product=product,
        slot=slot,
        icon=icon_of(product.article_type, slot, product.audience, guide),
        paint=paint_of(product.colour, guide),
        said=said or spoken(slot),
        image=address if address.lower().startswith(PICTURES) else None,
        reasons=reasons,
    )
