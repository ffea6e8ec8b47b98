"""Which words a catalogue has for types, colours, audiences, seasons and usages, and where each was placed."""

from collections import Counter, defaultdict
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from typing import Any

from outfit_pairing.catalog.product_rows import ProductReader
from outfit_pairing.catalog.rows import RawRow

FIELDS = ("article_type", "category", "colour", "audience", "season", "usage")
KNOWN, UNKNOWN = "guide", "nothing"


@dataclass(frozen=True, slots=True)
class PlacedWord:
    """One word of the shop.

    rows: products that have it.    meaning: the guide's word for it, None when nobody knows.    slot: of types; that of
    most of its products.    how: guide, name, category, text, resemblance or nothing.    confidence: 0 to 1.
    """

    field: str
    word: str
    rows: int
    meaning: str | None
    how: str
    confidence: float
    slot: str | None = None
    example: str = ""


@dataclass(slots=True)
class _Tally:
    rows: int = 0
    confidence: float = 0.0
    outcomes: Counter[tuple[str | None, str, str | None]] = field(default_factory=Counter)  # meaning, how, slot
    example: str = ""


def placed_words(reader: ProductReader, rows: Iterable[RawRow]) -> list[PlacedWord]:
    """Every word of FIELDS, field by field, the most frequent first. Rejected rows are left out."""
    tallies: dict[tuple[str, str], _Tally] = defaultdict(_Tally)
    for row in rows:
        product = reader.read(row)
        if product.get("reason_code") is None:
            said = reader.fields.said(row.values)
            for name, word, outcome, confidence in _outcomes(reader, said, product):
                tally = tallies[name, word]
                tally.rows += 1
                tally.confidence += confidence
                tally.outcomes[outcome] += 1
                tally.example = tally.example or product["name"]
    found = [_placed_word(name, word, tally) for (name, word), tally in tallies.items()]
    return sorted(found, key=lambda one: (FIELDS.index(one.field), -one.rows, one.word))


def _placed_word(name: str, word: str, tally: _Tally) -> PlacedWord:
    meaning, how, slot = max(tally.outcomes, key=lambda outcome: (tally.outcomes[outcome], str(outcome)))
    return PlacedWord(name, word, tally.rows, meaning, how, round(tally.confidence / tally.rows, 2), slot, tally.example)


_Outcome = tuple[str, str, tuple[str | None, str, str | None], float]


def _outcomes(reader: ProductReader, said: dict[str, str], product: dict[str, Any]) -> Iterator[_Outcome]:
    yield from _of_types(reader, said, product)
    if "colour" in said:
        how, sure = _how_coloured(reader, said["colour"], product)
        yield "colour", said["colour"], (product["colour"], how, None), sure
    if "audience" in said:
        placed = reader.learned.audiences.get(said["audience"].casefold())
        how, sure = (
            (KNOWN, 1.0) if not product["unknown_audience"] else ("resemblance", placed.confidence) if placed else ("name", 0.6)
        )
        found = product["audience"]
        yield "audience", said["audience"], (found, how if found else UNKNOWN, None), sure if found else 0.0
    for name, is_known in (("season", reader.guide.product_words.is_season), ("usage", reader.guide.usage)):
        if name in said:
            known = product[name] is not None or bool(is_known(said[name]))
            yield name, said[name], (product[name], KNOWN if known else UNKNOWN, None), float(known)


def _of_types(reader: ProductReader, said: dict[str, str], product: dict[str, Any]) -> Iterator[_Outcome]:
    """A category counts as a type where there is no other; one beside a type is judged by itself."""
    stated = "article_type" if "article_type" in said else "category" if "category" in said else None
    if stated is None:
        return
    reading = reader.articles.of_words(said[stated])
    how = KNOWN if reading else product["way"] if product["way"] != "type" else KNOWN
    rough = reading is not None and not reading.exact
    meaning = reading.known.name if reading and reading.known else product["article_type"] if how != UNKNOWN else None
    slot = product["slot"]
    if reading and reading.known and not rough:
        slot = reading.known.slot
    yield stated, said[stated], (meaning, how if slot != "other" or reading else UNKNOWN, slot), product["confidence"]


def _how_coloured(reader: ProductReader, word: str, product: dict[str, Any]) -> tuple[str, float]:
    if not product["unknown_colour"]:
        return KNOWN, 1.0
    if product["colour"] is None:
        return UNKNOWN, 0.0
    placed = reader.learned.colours.get(word.casefold())
    resembles = placed is not None and reader.colours.in_name(product["name"]) is None
    return ("resemblance", placed.confidence) if placed and resembles else ("name", 0.7)
