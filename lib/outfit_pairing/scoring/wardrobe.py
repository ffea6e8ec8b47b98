"""A catalogue read for judging outfits: every product as a garment, and the style vectors of those that are asked for.

A style vector is what a product's text says beyond what it is: its embedding minus the mean of its kind and audience. Plain
text similarity finds the same kind of thing again; without the kind it tells what is of one style.
"""

import hashlib
import logging
import math
from collections import defaultdict
from collections.abc import Callable, Collection, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from statistics import median
from typing import Any, TypeVar

import numpy as np
import numpy.typing as npt

from outfit_pairing.catalog.learning import learned_of
from outfit_pairing.catalog.mapping import Columns
from outfit_pairing.catalog.product_rows import ProductReader
from outfit_pairing.catalog.source import Catalogue, open_catalogue
from outfit_pairing.embedding import Encoder, open_encoder
from outfit_pairing.errors import CatalogError
from outfit_pairing.settings import Settings
from outfit_pairing.style import StyleGuide, load_style_guide
from outfit_pairing.style.garment import Garment
from outfit_pairing.style.moods import load_moods
from outfit_pairing.style.normalise import key
from outfit_pairing.style.traits import traits_of

logger = logging.getLogger(__name__)

Vectors = npt.NDArray[np.float32]
Doubles = npt.NDArray[np.float64]
Kind = tuple[str, str | None]  # of one kind, for one audience
_Group = TypeVar("_Group")

FEWEST_PRICES = 5  # of a family, before its usual price is believed
MOST_PER_KIND = 60  # products of a kind and audience that its mean vector is taken over
MOST_PER_SLOT = 240  # … and of a slot
SHRUNK = 4.0  # a kind's mean counts as many products of its slot as this, so that a rare kind is no product's own double
LEAST_LENGTH = 1e-3  # of what a text says beyond its kind; below it says nothing, and rounding would speak
MATERIAL_COLUMNS = frozenset({"material", "materials", "fabric", "composition", "description", "detail_desc", "details", "tags",
    "graphical_appearance_name", "pattern", "style"})  # fmt: skip
LONGEST_SAID = 240  # characters of what such a column adds


@dataclass(frozen=True, eq=False)
class Wardrobe:
    """All products by id, and (m, dimensions) the style vectors of those that have a place: unit rows, 0 where a text says nothing.

    Those asked for have one, and the products that means are taken over.
    """

    garments: Mapping[str, Garment]
    vectors: Vectors


def read_wardrobe(settings: Settings, wanted: Collection[str]) -> Wardrobe:
    """All products of the catalogue of the settings; `wanted`: ids of those that get a style vector, where the catalogue has them.

    What is read of one product does not depend on which others are wanted.

    Raises: InputError: the catalogue, its mapping or the encoder cannot be used.
    """
    catalogue = _readable(open_catalogue(settings))
    return wardrobe_of_rows(_rows(catalogue, settings), wanted, open_encoder(settings.embedding))


def wardrobe_of_rows(rows: Iterable[Mapping[str, Any]], wanted: Collection[str], encoder: Encoder) -> Wardrobe:
    """The same from rows of the products table; the last row of an id counts."""
    garments, texts = _garments(rows)
    places, vectors = _style_vectors([one for one in dict.fromkeys(wanted) if one in garments], garments, texts, encoder)
    garments |= {one: replace(garments[one], place=place) for one, place in places.items()}
    return Wardrobe(garments, vectors)


def _readable(catalogue: Catalogue) -> Catalogue:
    if not catalogue.streamed:
        raise CatalogError(
            f"{catalogue.path}: only Spark can read it, and this command works without; give CSV, JSON lines or a Parquet file"
        )
    return catalogue


def _rows(catalogue: Catalogue, settings: Settings) -> Iterator[Mapping[str, Any]]:
    """Every product of a catalogue, as ingest would read it."""
    mapping, guide = catalogue.mapping_for(catalogue.columns), load_style_guide()
    reader = ProductReader(mapping, guide, settings.catalog.currency, learned_of(catalogue, settings))
    for raw in catalogue.rows():
        row = reader.read(raw)
        if not row.get("reason_code"):
            yield row | {"audience": _audience(row, guide, stated=_stated(raw.values, mapping.columns))}


def _garments(rows: Iterable[Mapping[str, Any]]) -> tuple[dict[str, Garment], dict[str, str]]:
    """Every product, without a place, and the text that is encoded for it."""
    guide = load_style_guide()
    garments: dict[str, Garment] = {}
    texts: dict[str, str] = {}
    prices: dict[str, float] = {}
    for row in rows:
        one = row["product_id"]
        garments[one] = _garment(row, guide)
        texts[one] = row["text"]
        prices.pop(one, None)
        if row["price"] and 0 < row["price"] < math.inf:
            prices[one] = math.log(row["price"])
    return _with_price_levels(garments, prices), texts


def _stated(values: Mapping[str, str], columns: Columns) -> bool:
    return any(values.get(column) for column in (columns.audience, columns.age_group) if column)


def _audience(row: Mapping[str, Any], guide: StyleGuide, *, stated: bool) -> str | None:
    """The row's audience; female or male where only its article type says so: leggings may be a girl's."""
    audience: str | None = row["audience"]
    known = guide.article_type(row["article_type"]) if row["article_type"] else None
    if stated or known is None or known.audience != audience:
        return audience
    return {"women": "female", "men": "male"}.get(audience or "", audience)


def _garment(row: Mapping[str, Any], guide: StyleGuide) -> Garment:
    traits = traits_of(row["article_type"], row["slot"], row["usage"], row["department"], guide)
    return Garment(
        product_id=row["product_id"],
        kind=key(row["article_type"] or traits.article_type),
        traits=traits,
        audience=row["audience"],
        colour=guide.colour(row["colour"]) if row["colour"] else None,
        season=row["season"],
        price_level=None,
        mood=load_moods().of(f"{row['name']} {row['article_type'] or ''} {_said(row['attributes'])}"),
    )


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


def _style_vectors(
    wanted: Sequence[str], garments: Mapping[str, Garment], texts: Mapping[str, str], encoder: Encoder
) -> tuple[dict[str, int], Vectors]:
    """A row for each wanted product and each that stands for a kind of theirs, by product id; and the rows."""
    members = _samples(wanted, garments, _kind, MOST_PER_KIND)
    of_slots = _samples(wanted, garments, _slot, MOST_PER_SLOT)
    placed = sorted({*wanted, *(one for some in members.values() for one in some)})
    encoded = _encoded({*placed, *(one for some in of_slots.values() for one in some)}, texts, encoder)

    def total(some: Sequence[str]) -> Doubles:
        found: Doubles = np.sum([encoded[one] for one in some], axis=0, dtype=np.float64)
        return found

    slot_mean = {slot: total(some) / len(some) for slot, some in of_slots.items()}
    means = {
        kind: (total(some) + SHRUNK * slot_mean[_slot(garments[some[0]])]) / (len(some) + SHRUNK) for kind, some in members.items()
    }
    found = np.zeros((len(placed), encoder.dimensions), dtype=np.float32)
    for row, one in zip(found, placed, strict=True):
        beyond = encoded[one] - means[_kind(garments[one])]
        length = np.linalg.norm(beyond)
        if length > LEAST_LENGTH:
            row[:] = beyond / length
    return {one: place for place, one in enumerate(placed)}, found


def _kind(garment: Garment) -> Kind:
    return garment.kind, garment.audience


def _slot(garment: Garment) -> str:
    return garment.traits.slot


def _samples(
    wanted: Sequence[str], garments: Mapping[str, Garment], group: Callable[[Garment], _Group], most: int
) -> dict[_Group, list[str]]:
    """Of each group that a wanted product is of, the same products whatever is wanted."""
    groups: dict[_Group, list[str]] = {group(garments[one]): [] for one in wanted}
    for one, garment in garments.items():
        if (some := groups.get(group(garment))) is not None:
            some.append(one)
    return {name: sorted(sorted(some, key=_lot)[:most]) for name, some in groups.items()}


def _encoded(chosen: Collection[str], texts: Mapping[str, str], encoder: Encoder) -> dict[str, Vectors]:
    distinct = sorted({texts[one] for one in chosen})
    logger.info("%s texts to encode", len(distinct))
    vectors = dict(zip(distinct, encoder.encode(distinct), strict=True)) if distinct else {}
    return {one: vectors[texts[one]] for one in chosen}


def _lot(product_id: str) -> str:
    return hashlib.sha256(product_id.encode()).hexdigest()
