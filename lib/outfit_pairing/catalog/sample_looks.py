"""A made-up lookbook for a sample catalogue: looks by the style guide's formulas, as a shop's stylists might have made them."""

import json
import logging
import random
from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from itertools import islice
from pathlib import Path
from typing import Any

from outfit_pairing.catalog.sample import HEADER, sample_rows
from outfit_pairing.errors import CatalogError
from outfit_pairing.style import Colour, StyleGuide, harmony, load_style_guide
from outfit_pairing.style.audience import may_mix
from outfit_pairing.style.product import Product
from outfit_pairing.style.rules import verdict
from outfit_pairing.style.templates import Template, Vocabulary, compose
from outfit_pairing.style.traits import OWN_KIND, Traits, traits_of

logger = logging.getLogger(__name__)

PRODUCTS_PER_LOOK = 40
IDEAS = 3  # one of which becomes the look
LEAST_ITEMS = 3


def write_sample_lookbook(path: str | Path, products: int, seed: int = 0) -> Path:
    """Write looks for the sample catalogue of the same size and seed, as `pair-by-lookbook` reads them.

    The same size and seed give the same file.    Raises:  CatalogError: a place that cannot be written.
    """
    target, guide = Path(path), load_style_guide()
    looks = list(sample_looks([_product(row, guide) for row in islice(sample_rows(seed), products)], guide, seed))
    lines = "".join(json.dumps(look, ensure_ascii=False) + "\n" for look in looks)
    try:
        target.parent.mkdir(parents=True, exist_ok=True)
        target.write_text(lines, "utf-8")
    except OSError as fault:
        raise CatalogError(f"{target}: cannot be written ({fault.strerror or fault}); choose another place") from None
    logger.info("sample: %s looks in %s", f"{len(looks):,}", target)
    return target


def sample_looks(products: Sequence[Product], guide: StyleGuide, seed: int) -> Iterator[dict[str, Any]]:
    """One look per PRODUCTS_PER_LOOK products, as objects of a lookbook; only of products in stock."""
    counts = Counter((one.audience, one.slot, one.article_type, one.colour, one.usage) for one in products if one.in_stock)
    vocabulary = Vocabulary.from_counts([(*key, count) for key, count in counts.items()], guide)
    shelf: dict[str, list[Product]] = {}
    for one in products:
        if one.in_stock and one.article_type:
            shelf.setdefault(one.article_type, []).append(one)
    leads = [one for one in products if one.in_stock and one.slot not in {*OWN_KIND, "other"} and _offered(one, guide)]
    draw = random.Random(f"{seed}/looks")
    wanted, made = max(1, len(products) // PRODUCTS_PER_LOOK), 0
    for lead in draw.sample(leads, len(leads)):
        ideas = compose(lead, guide, vocabulary, IDEAS)
        idea = draw.choice(ideas) if ideas else None
        look = _filled(lead, idea, shelf, guide, draw) if idea else []
        if idea and len(look) >= LEAST_ITEMS:
            made += 1
            yield {"outfit_id": f"look-{made:04d}", "items": [one.product_id for one in look], **_about(idea)}
        if made == wanted:
            return


def _about(idea: Template) -> dict[str, str]:
    season = {"season": idea.season} if idea.season else {}
    return {"name": idea.name, "occasion": idea.occasion, **season}


def _filled(
    lead: Product, idea: Template, shelf: Mapping[str, Sequence[Product]], guide: StyleGuide, draw: random.Random
) -> list[Product]:
    """The lead and one product per item of the idea, in its colours where there are such; empty when the core cannot be filled."""
    look = [lead]
    for item in idea.items:
        there = [one for word in item.article_types for one in shelf.get(word, ()) if _joins(one, look, guide)]
        wished = [one for one in there if one.colour in item.colours] or there
        if wished:
            look.append(draw.choice(wished))
        elif item.required:
            return []
    return look


def _joins(one: Product, look: Sequence[Product], guide: StyleGuide) -> bool:
    return _offered(one, guide) and all(_go_together(one, other, guide) for other in look)


def _go_together(left: Product, right: Product, guide: StyleGuide) -> bool:
    if left.product_id == right.product_id or left.slot == right.slot or not may_mix(left.audience, right.audience):
        return False
    one, other = _colour(left, guide), _colour(right, guide)
    if one and other and harmony(one, other).clash:
        return False
    return verdict(_traits(left, guide), _traits(right, guide)).allowed


def _colour(product: Product, guide: StyleGuide) -> Colour | None:
    return guide.colour(product.colour) if product.colour else None


def _offered(product: Product, guide: StyleGuide) -> bool:
    return _traits(product, guide).offered


def _traits(product: Product, guide: StyleGuide) -> Traits:
    return traits_of(product.article_type, product.slot, product.usage, product.department, guide)


def _product(row: Sequence[str], guide: StyleGuide) -> Product:
    """A row of the sample as ingest reads it."""
    said = dict(zip(HEADER, row, strict=True))
    kind, colour = guide.article_type(said["product_type"]), guide.colour(said["colour"])
    return Product(
        product_id=said["sku"],
        name=said["title"],
        slot=kind.slot if kind else "other",
        audience=guide.audience(said["gender"]),
        department=said["department"],
        category=said["category"],
        article_type=said["product_type"],
        colour=colour.name if colour else None,
        season=guide.season(said["season"]),
        usage=guide.usage(said["occasion"]),
        in_stock=said["stock"] != "0",
    )
