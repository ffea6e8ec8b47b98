"""What the style guide does not know of a catalogue: words, how many products have them, and where they were placed."""

import json
from collections.abc import Sequence
from dataclasses import asdict

from outfit_pairing.catalog.learning import learned_of
from outfit_pairing.catalog.product_rows import ProductReader
from outfit_pairing.catalog.source import open_catalogue
from outfit_pairing.catalog.word_report import KNOWN, PlacedWord, placed_words
from outfit_pairing.errors import CatalogError
from outfit_pairing.settings import Settings
from outfit_pairing.style import load_style_guide


def guide_gaps(settings: Settings) -> list[PlacedWord]:
    """The unknown words of the catalogue of the settings, field by field, the most frequent first. Needs no Spark.

    Raises:  CatalogError: the catalogue or its mapping cannot be used, or only Spark can read it.
    """
    catalogue = open_catalogue(settings)
    if not catalogue.streamed:
        raise CatalogError(
            f"{catalogue.path}: only files on a disk can be read without Spark; write some of its rows to a CSV file"
        )
    mapping = catalogue.mapping_for(catalogue.columns)
    reader = ProductReader(mapping, load_style_guide(), settings.catalog.currency, learned_of(catalogue, settings))
    return [one for one in placed_words(reader, catalogue.rows()) if one.how != KNOWN]


def as_json(gaps: Sequence[PlacedWord]) -> str:
    """One JSON array of objects."""
    return json.dumps([asdict(one) for one in gaps], indent=2, ensure_ascii=False) + "\n"


def as_text(gaps: Sequence[PlacedWord]) -> str:
    """A line per word."""
    if not gaps:
        return "The style guide knows every type, colour, audience, season and usage of this catalogue.\n"
    lines = [f"{'field':<13}{'rows':>8}  word → where it was placed"]
    for one in gaps:
        where = " ".join(part for part in (one.slot, one.meaning) if part) or "nowhere"
        lines.append(f"{one.field:<13}{one.rows:>8,}  {one.word} → {where} ({one.how}, confidence {one.confidence:.2f})")
    return "\n".join(lines) + "\n"
