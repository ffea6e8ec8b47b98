"""A catalogue read for judging outfits: every product as a garment, and the style vectors of those that are asked for.

A style vector is what a product's text says beyond what it is: its embedding minus the mean of its kind and audience. Plain
text similarity finds the same kind of thing again; without the kind it tells what is of one style.
"""

import hashlib
import logging
import math
from collections import defaultdict
from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from statistics import median
from typing import Any

import numpy as np
import numpy.typing as npt

from outfit_pairing.catalog.mapping import Columns
from outfit_pairing.catalog.product_rows import ProductReader
from outfit_pairing.catalog.source import open_catalogue
from outfit_pairing.embedding import Encoder, open_encoder
from outfit_pairing.settings import Settings
from outfit_pairing.style import StyleGuide, load_style_guide
from outfit_pairing.style.garment import Garment
from outfit_pairing.style.moods import load_moods
from outfit_pairing.style.normalise import key
from outfit_pairing.style.traits import traits_of

logger = logging.getLogger(__name__)

Vectors = npt.NDArray[np.float32]

FEWEST_PRICES = 5  # of a family, before its usual price is believed
MOST_PER_KIND = 60  # products of a kind that its mean vector is taken over, beside those asked for
SHRUNK = 4.0  # a kind's mean counts as many products of its slot as this, so that a rare kind is no product's own double
MATERIAL_COLUMNS = ("material", "materials", "fabric", "composition", "description", "detail_desc", "details", "tags",
    "graphical_appearance_name", "pattern", "style")  # fmt: skip
LONGEST_SAID = 240  # characters of what such a column adds


@dataclass(frozen=True, eq=False)
class Wardrobe:
    """Garments by product id, and the style vectors of those that were asked for: (m, dimensions), unit rows."""

    garments: Mapping[str, Garment]
    vectors: Vectors


def read_wardrobe(settings: Settings, wanted: Collection[str]) -> Wardrobe:
    """All products of the catalogue of the settings; `wanted`: ids of those that get a style vector.

    Raises: InputError: the catalogue, its mapping or the encoder cannot be used.
    """
    catalogue = open_catalogue(settings)
    mapping = catalogue.mapping_for(catalogue.columns)
    guide = load_style_guide()
    reader = ProductReader(mapping, guide, settings.catalog.currency)
    rows = {}
    for raw in catalogue.rows():
        row = reader.read(raw)
        if not row.get("reason_code"):
            rows[row["product_id"]] = row | {"audience": _audience(row, guide, stated=_stated(raw.values, mapping.columns))}
    garments = _garments(rows.values(), guide)
    wanted = [one for one in dict.fromkeys(wanted) if one in garments]
    vectors = _style_vectors(wanted, garments, {one: rows[one]["text"] for one in rows}, open_encoder(settings.embedding))
    garments |= {one: replace(garments[one], place=place) for place, one in enumerate(wanted)}
    return Wardrobe(garments, vectors)


def _stated(values: Mapping[str, str], columns: Columns) -> bool:
    return any(values.get(column) for column in (columns.audience, columns.age_group) if column)


def _audience(row: Mapping[str, Any], guide: StyleGuide, *, stated: bool) -> str | None:
    """The row's audience; female or male where only its article type says so: leggings may be a girl's."""
    audience: str | None = row["audience"]
    known = guide.article_type(row["article_type"]) if row["article_type"] else None
    if stated or known is None or known.audience != audience:
        return audience
    return {"women": "female", "men": "male"}.get(audience or "", audience)


def _garments(rows: Iterable[Mapping[str, Any]], guide: StyleGuide) -> dict[str, Garment]:
    moods, found, prices = load_moods(), {}, {}
    for row in rows:
        traits = traits_of(row["article_type"], row["slot"], row["usage"], row["department"], guide)
        colour = guide.colour(row["colour"]) if row["colour"] else None
        found[row["product_id"]] = Garment(
            product_id=row["product_id"],
            kind=key(row["article_type"] or traits.article_type),
            traits=traits,
            audience=row["audience"],
            colour=colour,
            season=row["season"],
            price_level=None,
            mood=moods.of(f"{row['name']} {row['article_type'] or ''} {_said(row['attributes'])}"),
        )
        if row["price"] and row["price"] > 0:
            prices[row["product_id"]] = math.log(row["price"])
    return _with_price_levels(found, prices)


def _said(attributes: Iterable[tuple[str, str]]) -> str:
    return " ".join(value[:LONGEST_SAID] for column, value in attributes if column.casefold() in MATERIAL_COLUMNS)


def _with_price_levels(garments: dict[str, Garment], prices: Mapping[str, float]) -> dict[str, Garment]:
    by_family, by_slot = defaultdict(list), defaultdict(list)
    for one, price in prices.items():
        by_family[garments[one].traits.family].append(price)
        by_slot[garments[one].traits.slot].append(price)
    usual_family = {family: median(said) for family, said in by_family.items() if len(said) >= FEWEST_PRICES}
    usual_slot = {slot: median(said) for slot, said in by_slot.items()}
    for one, price in prices.items():
        traits = garments[one].traits
        usual = usual_family.get(traits.family, usual_slot[traits.slot])
        garments[one] = replace(garments[one], price_level=price - usual)
    return garments


def _style_vectors(wanted: Sequence[str], garments: Mapping[str, Garment], texts: Mapping[str, str], encoder: Encoder) -> Vectors:
    """Unit rows for the wanted products, in order."""
    groups: dict[tuple[str, str | None], list[str]] = defaultdict(list)
    for one, garment in garments.items():
        groups[garment.kind, garment.audience].append(one)
    asked = {(garments[one].kind, garments[one].audience) for one in wanted}
    read = set(wanted)
    for group in asked:
        read |= set(sorted(groups[group], key=_lot)[:MOST_PER_KIND])
    chosen = sorted(read)
    distinct = sorted({texts[one] for one in chosen})
    logger.info("%s texts to encode", len(distinct))
    row_of = {text: row for row, text in enumerate(distinct)}
    encoded = encoder.encode(distinct) if distinct else np.zeros((0, encoder.dimensions), dtype=np.float32)
    vectors = {one: encoded[row_of[texts[one]]] for one in chosen}
    by_slot: dict[str, list[Vectors]] = defaultdict(list)
    for one in chosen:
        by_slot[garments[one].traits.slot].append(vectors[one])
    slot_mean = {slot: np.mean(rows, axis=0) for slot, rows in by_slot.items()}
    means = {}
    for kind, audience in asked:
        members = [vectors[one] for one in groups[kind, audience] if one in vectors]
        base = slot_mean[garments[groups[kind, audience][0]].traits.slot]
        means[kind, audience] = (np.sum(members, axis=0) + SHRUNK * base) / (len(members) + SHRUNK)
    rows = [vectors[one] - means[garments[one].kind, garments[one].audience] for one in wanted]
    found = np.asarray(rows, dtype=np.float32).reshape(len(wanted), -1)
    lengths = np.linalg.norm(found, axis=1, keepdims=True)
    unit: Vectors = found / np.maximum(lengths, 1e-6)
    return unit


def _lot(product_id: str) -> str:
    return hashlib.sha256(product_id.encode()).hexdigest()
