"""From raw rows to rows of the products table: every row comes out, either as a product or with a reject.

Pure Python over a stream; values repeat a thousandfold in a catalogue, so each distinct wording is looked up once.
"""

import hashlib
from collections.abc import Callable, Iterable, Iterator, Sequence
from functools import lru_cache
from typing import Any

import pyarrow as pa

from outfit_pairing.catalog.article import ArticleReader, Way, first_words
from outfit_pairing.catalog.audience import NameReader
from outfit_pairing.catalog.encoder_text import encoder_text
from outfit_pairing.catalog.learned import NOTHING_LEARNED, Learned
from outfit_pairing.catalog.mapping import CatalogueMapping
from outfit_pairing.catalog.prices import currency_of, price_of, stock_of
from outfit_pairing.catalog.rows import RawRow, in_chunks
from outfit_pairing.catalog.said import FieldReader, Values
from outfit_pairing.catalog.wearer_and_colour import ColourReader, WearerReader
from outfit_pairing.storage.tables import PRODUCTS, REJECTED_PRODUCTS
from outfit_pairing.style import Colour, StyleGuide

# What happened to a row, for the report.
NOTES = (
    "repaired",
    "audience_from_name",
    "unknown_article_type",
    "unknown_colour",
    "unknown_audience",
    "unreadable_price",
    "article_type_from_name",
    "article_type_by_resemblance",
    "colour_from_name",
)
# Fields whose columns are also kept as attributes.
_KEPT = {"description", "tags"}

_ARROW = {
    "string": pa.string(),
    "bigint": pa.int64(),
    "double": pa.float64(),
    "boolean": pa.bool_(),
    "map<string,string>": pa.map_(pa.string(), pa.string()),
}
_COLUMNS = [
    *((column.name, column.type) for column in PRODUCTS.columns if column.name != "price_tier"),
    *((column.name, column.type) for column in REJECTED_PRODUCTS.columns if column.name != "source"),
    *((note, "boolean") for note in NOTES),
    ("unknown_type", "string"),  # the shop's own word
    ("confidence", "double"),  # of the slot
    ("way", "string"),  # what told the slot
]
ARROW_SCHEMA = pa.schema([(name, _ARROW[kind]) for name, kind in _COLUMNS])
SPARK_SCHEMA = ", ".join(f"`{name}` {kind}" for name, kind in _COLUMNS)


class ProductReader:
    """Reads raw rows by a mapping. Lookups by the style guide are remembered per wording."""

    def __init__(self, mapping: CatalogueMapping, guide: StyleGuide, currency: str, learned: Learned = NOTHING_LEARNED) -> None:
        self.mapping, self.guide = mapping, guide
        self.currency = mapping.currency or currency
        self.learned = learned
        self.fields = FieldReader(mapping)
        self.taken = self.fields.taken
        self.taken_columns = frozenset(column for field, column in self.taken.items() if field not in _KEPT)
        self.translations = mapping.translations
        self.names = NameReader(mapping.children, mapping.adults)
        self.articles = ArticleReader(guide, learned)
        self.colours = ColourReader(guide, learned)
        self.wearers = WearerReader(guide, learned)
        self.season = lru_cache(maxsize=10_000)(self._meaning("season", guide.season))
        self.usage = lru_cache(maxsize=10_000)(self._meaning("usage", guide.usage))
        self.gender = lru_cache(maxsize=10_000)(self._gender)

    def batches(self, rows: Iterable[RawRow], size: int) -> Iterator[pa.RecordBatch]:
        """The rows as Arrow batches of ARROW_SCHEMA, `size` rows each, fewer where rows are large; order kept."""
        for chunk in in_chunks(rows, size):
            yield _batch([self.read(row) for row in chunk])

    def read(self, row: RawRow) -> dict[str, Any]:
        """The row in the columns of ARROW_SCHEMA (absent = null). `reason_code` is set exactly when it is refused."""
        found: dict[str, Any] = {"line_number": row.line_number, "raw": row.raw, "repaired": row.repaired}
        said = self.fields.said(row.values)
        fault = row.fault or self.fields.fault_of(said)
        return found | (fault._asdict() if fault else self._product(said, row.values))

    def _product(self, said: Values, values: Values) -> dict[str, Any]:
        name, article_type = self.fields.name_of(said), said.get("article_type")
        texts = [said[field] for field in ("description", "tags") if field in said]
        article = self.articles.article(article_type, said.get("category"), name, texts)
        stated = self.gender(said.get("audience"), said.get("age_group"))
        child = self.names.child(name, stated, article.slot) or self.wearers.child(name, stated)
        stated_colour = self.colours.colour(said["colour"]) if "colour" in said else None
        colour = stated_colour or (self._colour(said, values, name, texts) if article.slot != "beauty" else None)
        usage = self.usage(said.get("usage"))
        text = encoder_text(
            name, article_type if article.unknown_word else article.known, stated_colour or said.get("colour") or colour, usage
        )
        price, currency = self._price(said)
        return {
            "product_id": said["product_id"],
            "name": name,
            "audience": child or stated or self._audience(said, name, article.known.audience if article.known else None),
            "department": said.get("department"),
            "category": said.get("category"),
            "article_type": article.word,
            "slot": article.slot,
            "colour": colour and colour.name,
            "colour_family": colour and colour.family,
            "season": self.season(said.get("season")),
            "usage": usage,
            "price": price,
            "currency": currency,
            "in_stock": stock_of(said["in_stock"]) is not False if "in_stock" in said else True,
            "image_url": said.get("image_url"),
            "attributes": self._attributes(values, article_type if article_type != article.word else None),
            "text": text,
            "text_hash": _sha256(text),
            "row_hash": row_hash(values),
            "audience_from_name": child is not None and child != stated,
            "unknown_article_type": article.unknown_word,
            "unknown_colour": "colour" in said and stated_colour is None,
            "unknown_audience": "audience" in said and stated is None,
            "unreadable_price": "price" in said and price is None,
            "article_type_from_name": article.way is Way.NAME,
            "article_type_by_resemblance": article.way is Way.RESEMBLANCE,
            "colour_from_name": colour is not None and stated_colour is None,
            "unknown_type": article_type if article.unknown_word else None,
            "confidence": article.confidence,
            "way": article.way.value,
        }

    def _colour(self, said: Values, values: Values, name: str, texts: Sequence[str]) -> Colour | None:
        """Where no colour is stated or understood: by the name, by what the word resembles, then by description and tags."""
        if "colour" not in said and not self.fields.is_blank("colour", values):
            return None
        by_name = self.colours.in_name(name)
        if by_name or "colour" in said:
            return by_name or self.colours.resembling(said["colour"])
        return next((found for text in texts if (found := self.colours.in_name(first_words(text)))), None)

    def _gender(self, audience: str | None, age_group: str | None) -> str | None:
        if age_group is None and audience in self.translations.get("audience", {}).values():
            return audience
        return self.wearers.audience(audience, age_group) if audience or age_group else None

    def _meaning(self, field: str, find: Callable[[str], str | None]) -> Callable[[str | None], str | None]:
        """Translated by the mapping, else by the style guide."""
        translated = set(self.translations.get(field, {}).values())
        return lambda value: None if value is None else value if value in translated else find(value)

    def _audience(self, said: Values, name: str, by_type: str | None) -> str | None:
        """Where no gender is stated: by the name, the article type, the shop's own tree, then by what the word resembles."""
        levels = [said[level] for level in ("article_type", "category", "department") if level in said]
        tree = (self.guide.audience(level) for level in levels[-2:])
        foreign = (self.wearers.in_words(text) for text in (name, *levels))
        told = (self.names.adult(name), by_type, *tree, *foreign, self.wearers.resembling(said.get("audience")))
        return next((found for found in told if found), None)

    def _price(self, said: Values) -> tuple[float | None, str | None]:
        found = price_of(said["price"]) if "price" in said else None
        if found is None:
            return None, None
        stated = (currency_of(said[field], self.currency) for field in ("currency", "price") if field in said)
        return found[0], next(filter(None, stated), self.currency)

    def _attributes(self, values: Values, article_type: str | None) -> list[tuple[str, str]]:
        """Columns that nobody took, and the shop's own type where the guide's word replaces it."""
        kept = [(column, value) for column, value in values.items() if value and column not in self.taken_columns]
        return kept if article_type is None else [*kept, (self.taken["article_type"], article_type)]


def _batch(rows: list[dict[str, Any]]) -> pa.RecordBatch:
    # twenty times as fast as RecordBatch.from_pylist
    return pa.RecordBatch.from_arrays(
        [pa.array([row.get(column.name) for row in rows], column.type) for column in ARROW_SCHEMA], schema=ARROW_SCHEMA
    )


def row_hash(values: Values) -> str:
    """sha256 of all that the shop says, whatever the order of its columns."""
    return _sha256("\x1e".join([f"{column}\x1f{values[column]}" for column in sorted(values)]))


def _sha256(text: str) -> str:
    return hashlib.sha256(text.encode()).hexdigest()
