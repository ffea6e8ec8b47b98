"""The lookbook: one self-contained page that shows a spread of products with their outfits.

It needs no server and no network; only pictures that the shop itself gives (image_url) are fetched from where they lie.
"""

import logging
from collections import Counter
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from pathlib import Path

from outfit_pairing.errors import WarehouseError
from outfit_pairing.publishing.figures import Published
from outfit_pairing.publishing.icons import icon_of
from outfit_pairing.publishing.outfits import Outfit, ProductOutfits, ShownProduct, spread_of_outfits
from outfit_pairing.publishing.places import page_path
from outfit_pairing.publishing.swatches import Paint, paint_of
from outfit_pairing.storage.store import TableStore
from outfit_pairing.style.vocabulary import AUDIENCES, SLOTS, StyleGuide, load_style_guide

logger = logging.getLogger(__name__)

PRODUCTS_SHOWN = 60
SEED = 1
TEMPLATE = "lookbook.html.j2"
# Laid out as worn, from the shoulders down; whatever else an outfit holds lies beside.
WORN = ("top", "one_piece", "innerwear", "sleepwear", "swimwear", "bottom", "footwear")
SOURCE_NAMES = {
    "lookbook_curated": "curated look",
    "lookbook_algorithmic": "algorithmic look",
    "pattern_based": "pattern",
    "rule_based": "style rules",
}


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
    """One outfit: the product itself and its companions, as worn and beside."""

    outfit: Outfit
    title: str
    source: str
    items: tuple[Tile, ...]
    worn: tuple[Tile, ...]
    beside: tuple[Tile, ...]
    alt: str


@dataclass(frozen=True, slots=True)
class Look:
    """One product with its outfits. `words`: what the text search looks through, in lower case."""

    tile: Tile
    audience: str
    cards: tuple[Card, ...]
    words: str


def write_lookbook(store: TableStore, published: Published) -> Path | None:
    """Write the page where there is a local folder for it; an unchanged page keeps its bytes and its time.

    Raises:  WarehouseError: the folder cannot be written.
    """
    path = page_path(store.settings)
    if path is None:
        return None
    spread = spread_of_outfits(store.spark, store.settings, PRODUCTS_SHOWN, SEED)
    page = render_lookbook(spread, published, load_style_guide()).encode("utf-8")
    try:
        if not path.is_file() or path.read_bytes() != page:
            path.parent.mkdir(parents=True, exist_ok=True)
            partial = path.with_name(f".{path.name}.partial")
            partial.write_bytes(page)
            partial.replace(path)
    except OSError as fault:
        raise WarehouseError(f"{path} cannot be written ({fault.strerror}); set storage.warehouse to a folder that can") from fault
    logger.info("%s: %s products, %.1f MB", path, len(spread), len(page) / 1e6)
    return path


def render_lookbook(spread: Sequence[ProductOutfits], published: Published, guide: StyleGuide) -> str:
    """The page as HTML. `spread`: the products to show, with their outfits."""
    from jinja2 import Environment, FileSystemLoader, StrictUndefined

    environment = Environment(
        loader=FileSystemLoader(Path(__file__).parent),
        autoescape=True,
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
    )
    environment.filters |= {"spoken": _spoken, "share": _share}
    looks = [look_of(one, guide) for one in spread if one.outfits]
    return environment.get_template(TEMPLATE).render(
        looks=looks,
        cover=next((card for look in looks for card in look.cards if card.worn and card.beside), None),
        published=published,
        sources=[(SOURCE_NAMES.get(name, _spoken(name)), count) for name, count in published.by_source.items()],
        slots=_counted((look.tile.slot for look in looks), SLOTS),
        audiences=_counted((look.audience for look in looks), AUDIENCES),
    )


def look_of(found: ProductOutfits, guide: StyleGuide) -> Look:
    """A product with its outfits, ready for the template."""
    tile = _tile(found.product, found.product.slot or "other", guide)
    cards = tuple(_card(tile, outfit, guide) for outfit in found.outfits)
    shown = [tile, *(item for card in cards for item in card.items)]
    texts = [found.product.product_id, *(card.title for card in cards), *(f"{one.said} {one.product.name or ''}" for one in shown)]
    return Look(tile, found.product.audience or "unisex", cards, " ".join(dict.fromkeys(" ".join(texts).lower().split())))


def _card(own: Tile, outfit: Outfit, guide: StyleGuide) -> Card:
    items = tuple(_tile(item.product, item.slot, guide, item.reasons) for item in outfit.items)
    everything = (own, *items)
    worn = tuple(sorted((one for one in everything if one.slot in WORN), key=lambda one: WORN.index(one.slot)))
    return Card(
        outfit=outfit,
        title=outfit.pattern_name or _spoken(outfit.occasion or "outfit").capitalize(),
        source=SOURCE_NAMES.get(outfit.source, _spoken(outfit.source)),
        items=items,
        worn=worn,
        beside=tuple(one for one in everything if one.slot not in WORN),
        alt=f"{own.said} with {', '.join(one.said for one in items)}",
    )


def _tile(product: ShownProduct, slot: str, guide: StyleGuide, reasons: tuple[str, ...] = ()) -> Tile:
    said = " ".join(one.lower() for one in (product.colour, product.article_type) if one)
    return Tile(
        product=product,
        slot=slot,
        icon=icon_of(product.article_type, slot, product.audience, guide),
        paint=paint_of(product.colour, guide),
        said=said or _spoken(slot),
        image=product.image_url if (product.image_url or "").startswith(("https://", "http://")) else None,
        reasons=reasons,
    )


def _counted(values: Iterable[str], order: Sequence[str]) -> list[tuple[str, int]]:
    counts = Counter(values)
    return sorted(counts.items(), key=lambda pair: order.index(pair[0]) if pair[0] in order else len(order))


def _share(part: int, whole: int) -> str:
    """Per cent, cut and not rounded: what is not all never reads 100 %."""
    return f"{1000 * part // whole / 10:.1f}%" if whole else "–"


def _spoken(word: str) -> str:
    return word.replace("_", " ")
