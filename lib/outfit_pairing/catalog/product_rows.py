"""From raw rows to rows of the products table: every row comes out, either as a product or with a reject.

Pure Python over a stream; values repeat a thousandfold in a catalogue, so each distinct wording is looked up once.
"""

import hashlib
from collections.abc import Callable, Iterable, Iterator, Mapping
from functools import lru_cache
from typing import Any

import pyarrow as pa

from outfit_pairing.catalog.article import ArticleReader
from outfit_pairing.catalog.audience import NameReader
from outfit_pairing.catalog.encoder_text import encoder_text
from outfit_pairing.catalog.mapping import CatalogueMapping
from outfit_pairing.catalog.prices import currency_of, price_of, stock_of
from outfit_pairing.catalog.rejects import Reject, reject
from outfit_pairing.catalog.rows import RawRow
from outfit_pairing.storage.tables import PRODUCTS, REJECTED_PRODUCTS
from outfit_pairing.style import StyleGuide

# What happened to a row, for the report.
NOTES = ("repaired", "audience_from_name", "unknown_article_type", "unknown_colour", "unreadable_price")

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
]
ARROW_SCHEMA = pa.schema([(name, _ARROW[kind]) for name, kind in _COLUMNS])
SPARK_SCHEMA = ", ".join(f"`{name}` {kind}" for name, kind in _COLUMNS)

Values = Mapping[str, str]


class ProductReader:
    """Reads raw rows by a mapping. Lookups by the style guide are remembered per wording."""

    def __init__(self, mapping: CatalogueMapping, guide: StyleGuide, currency: str) -> None:
        self.mapping, self.guide = mapping, guide
        self.currency = mapping.currency or currency
        self.taken = mapping.columns.named()
        self.taken_columns = frozenset(self.taken.values())
        self.translations = mapping.translations
        self.nothing = {field: mapping.means_nothing(field) for field in self.taken}
        self.names = NameReader(mapping.children, mapping.adults)
        self.articles = ArticleReader(guide)
        self.colour = lru_cache(maxsize=50_000)(guide.colour)
        self.season = lru_cache(maxsize=10_000)(self._meaning("season", guide.season))
        self.usage = lru_cache(maxsize=10_000)(self._meaning("usage", guide.usage))
        self.gender = lru_cache(maxsize=10_000)(self._gender)

    def batches(self, rows: Iterable[RawRow], size: int) -> Iterator[pa.RecordBatch]:
        """The rows as Arrow batches of ARROW_SCHEMA, `size` rows each but the last; order kept."""
        pending: list[dict[str, Any]] = []
        for row in rows:
            pending.append(self.read(row))
            if len(pending) == size:
                yield _batch(pending)
                pending = []
        if pending:
            yield _batch(pending)

    def read(self, row: RawRow) -> dict[str, Any]:
        """The row in the columns of ARROW_SCHEMA (absent = null). `reason_code` is set exactly when it is refused."""
        found: dict[str, Any] = {"line_number": row.line_number, "raw": row.raw, "repaired": row.repaired}
        said = self._said(row.values)
        fault = row.fault or self._missing(said)
        return found | (fault._asdict() if fault else self._product(said, row.values))

    def _said(self, values: Values) -> dict[str, str]:
        """By our field, what the shop says; trimmed, translated, without what means nothing."""
        said = {}
        for field, column in self.taken.items():
            value = values.get(column)
            if value and value not in self.nothing[field]:
                words = self.translations.get(field)
                said[field] = words.get(value.casefold(), value) if words else value
        return said

    def _missing(self, said: Values) -> Reject | None:
        if "product_id" not in said:
            return reject("missing_id", column=self.taken["product_id"])
        return None if "name" in said else reject("missing_name", column=self.taken["name"])

    def _product(self, said: Values, values: Values) -> dict[str, Any]:
        name, article_type = said["name"], said.get("article_type")
        article = self.articles.article(article_type, said.get("category"), name)
        stated = self.gender(said.get("audience"), said.get("age_group"))
        child = self.names.child(name, stated, article.slot)
        colour = self.colour(said["colour"]) if "colour" in said else None
        usage = self.usage(said.get("usage"))
        text = encoder_text(name, article_type if article.unknown_word else article.known, colour or said.get("colour"), usage)
        price, currency = self._price(said)
        return {
            "product_id": said["product_id"],
            "name": name,
            "audience": child or stated or self._audience(said, article.known.audience if article.known else None),
            "department": said.get("department"),
            "category": said.get("category"),
            "article_type": article_type or (article.known.name if article.known else None),
            "slot": article.slot,
            "colour": colour and colour.name,
            "colour_family": colour and colour.family,
            "season": self.season(said.get("season")),
            "usage": usage,
            "price": price,
            "currency": currency,
            "in_stock": stock_of(said["in_stock"]) is not False if "in_stock" in said else True,
            "image_url": said.get("image_url"),
            "attributes": self._attributes(values),
            "text": text,
            "text_hash": _sha256(text),
            "row_hash": row_hash(values),
            "audience_from_name": child is not None and child != stated,
            "unknown_article_type": article.unknown_word,
            "unknown_colour": "colour" in said and colour is None,
            "unreadable_price": "price" in said and price is None,
        }

    def _gender(self, audience: str | None, age_group: str | None) -> str | None:
        if age_group is None and audience in self.translations.get("audience", {}).values():
            return audience
        return self.guide.audience(audience, age_group)

    def _meaning(self, field: str, find: Callable[[str], str | None]) -> Callable[[str | None], str | None]:
        """Translated by the mapping, else by the style guide."""
        translated = set(self.translations.get(field, {}).values())
        return lambda value: None if value is None else value if value in translated else find(value)

    def _audience(self, said: Values, by_type: str | None) -> str | None:
        """Where no gender is stated: by the name, the article type, then the shop's own tree."""
        tree = (self.guide.audience(said[level]) for level in ("category", "department") if level in said)
        return self.names.adult(said["name"]) or by_type or next((found for found in tree if found), None)

    def _price(self, said: Values) -> tuple[float | None, str | None]:
        found = price_of(said["price"]) if "price" in said else None
        if found is None:
            return None, None
        stated = currency_of(said["currency"]) if "currency" in said else None
        return found[0], stated or found[1] or self.currency

    def _attributes(self, values: Values) -> list[tuple[str, str]]:
        return [(column, value) for column, value in values.items() if value and column not in self.taken_columns]


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
