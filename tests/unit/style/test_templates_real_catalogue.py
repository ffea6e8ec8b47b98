"""Outfit ideas for every kind of product of the real catalogue."""

import csv
import gzip
from collections import Counter
from pathlib import Path

from outfit_pairing.style.product import Product
from outfit_pairing.style.templates import Vocabulary, compose
from tests.unit.style.wardrobes import GUIDE

# Kinds for which the catalogue has nothing that hard rules allow: swimwear and children's vests come in one article type,
# and girls' salwars have no ethnic top.
ALONE = {("swimwear", "Swimwear"), ("innerwear", "Innerwear Vests"), ("bottom", "Salwar")}


def test_every_kind_that_can_have_outfits_gets_five_ideas(catalogue_file: Path) -> None:
    """One product of each article type, audience and usage; only known gaps have none."""
    with gzip.open(catalogue_file, "rt", encoding="utf-8") as lines:
        products = [_product(row) for row in csv.DictReader(lines, quoting=csv.QUOTE_NONE)]
    counts = Counter((one.audience, one.slot, one.article_type, one.colour, one.usage) for one in products)
    vocabulary = Vocabulary.from_counts([(*key, count) for key, count in counts.items()], GUIDE)
    kinds = {(one.audience, one.slot, one.article_type, one.usage): one for one in products}
    short = {
        key: len(ideas)
        for key, product in kinds.items()
        if len(ideas := compose(product, GUIDE, vocabulary, 6)) < 5 and product.department not in {"Free Items", "Home"}
    }
    assert {(slot, word) for _, slot, word, _ in short} <= ALONE
    assert not any(audience in {"women", "men"} and slot != "swimwear" for audience, slot, _, _ in short)


def _product(row: dict[str, str]) -> Product:
    kind, colour = GUIDE.article_type(row["articleType"]), GUIDE.colour(row["baseColour"])
    assert kind is not None, row["articleType"]
    return Product(
        product_id=row["id"],
        name=row["productDisplayName"],
        slot=kind.slot,
        audience=GUIDE.audience(row["gender"]),
        department=row["masterCategory"],
        article_type=row["articleType"],
        colour=colour.name if colour else None,
        usage=GUIDE.usage(row["usage"] or ""),
    )
