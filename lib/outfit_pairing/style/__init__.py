"""The styling domain: slots, article types, colours and the rules between them. Pure Python, no Spark, cheap to import."""

from outfit_pairing.style.colours import Harmony, delta_e, harmony, hex_to_lab
from outfit_pairing.style.vocabulary import (
    AUDIENCES,
    DRESS_CODES,
    KINDS,
    SEASONS,
    SLOTS,
    USAGES,
    ArticleType,
    Colour,
    StyleGuide,
    load_style_guide,
)

__all__ = [
    "AUDIENCES",
    "DRESS_CODES",
    "KINDS",
    "SEASONS",
    "SLOTS",
    "USAGES",
    "ArticleType",
    "Colour",
    "Harmony",
    "StyleGuide",
    "delta_e",
    "harmony",
    "hex_to_lab",
    "load_style_guide",
]
