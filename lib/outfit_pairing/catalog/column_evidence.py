"""What the columns of an unknown catalogue are, told by their names and by their values, with the evidence."""

import re
from collections import Counter
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property

from outfit_pairing.catalog.article import ArticleReader
from outfit_pairing.catalog.learned import Learned
from outfit_pairing.catalog.prices import CODES, price_of, stock_of
from outfit_pairing.catalog.said import LONGEST_WORD
from outfit_pairing.catalog.usual_columns import usual_columns
from outfit_pairing.catalog.wearer_and_colour import ColourReader, WearerReader
from outfit_pairing.style import StyleGuide

LEAST_CONFIDENCE = 0.3
SAID_BY_NAME = "its name says so"
WORTH_OF_VALUES = 0.9  # of a column whose name says nothing: values alone may mislead
_URL = re.compile(r"^(?:https?:)?//\S+$|\.(?:jpe?g|png|webp|gif|avif)(?:\?\S*)?$", re.IGNORECASE)
_CODE = re.compile(r"^[\w.\-/#]{1,40}$")
_PLAIN_NUMBER = re.compile(r"^\d+(?:\.0+)?$")
_LIST = re.compile(r"[,;|]")
_FEW = {"audience": 60, "season": 40, "usage": 60, "in_stock": 60, "currency": 12, "age_group": 60}  # different values at most


@dataclass(frozen=True, slots=True)
class Evidence:
    """That a column is one of our fields.    confidence: 0 to 1.    why: what speaks for it, in words."""

    field: str
    column: str
    confidence: float
    why: str


@dataclass(frozen=True)
class ColumnValues:
    """The filled cells of a column, their beginnings where they are long.    rows: all rows looked at."""

    column: str
    counts: Counter[str]
    rows: int

    @cached_property
    def filled(self) -> int:
        """Cells that hold something."""
        return self.counts.total()

    @cached_property
    def distinct_share(self) -> float:
        """Different values per filled cell."""
        return len(self.counts) / max(1, self.filled)

    @cached_property
    def words(self) -> float:
        """Words per cell."""
        return sum(len(value.split()) * count for value, count in self.counts.items()) / max(1, self.filled)

    def share(self, holds: Callable[[str], object]) -> float:
        """Share of the filled cells of which `holds` is true; asked once per different value."""
        return sum(count for value, count in self.counts.items() if holds(value)) / max(1, self.filled)


def told_columns(columns: Sequence[str], rows: Sequence[Mapping[str, str]], guide: StyleGuide, learned: Learned) -> list[Evidence]:
    """The likeliest column for each field that has one, no column twice, in the order of our fields."""
    named = {column: field for field, column in usual_columns(columns).items() if column}
    judge = _Judge(guide, learned)
    found: list[Evidence] = []
    for column in columns:
        values = ColumnValues(column, Counter(value[:LONGEST_WORD] for row in rows if (value := row.get(column))), len(rows))
        if values.filled:
            found.extend(_evidence(values, named.get(column), judge))
    return _assigned(found, columns)


def _evidence(values: ColumnValues, named: str | None, judge: "_Judge") -> Iterator[Evidence]:
    example = values.counts.most_common(1)[0][0][:40]
    for field, (share, told) in judge.shares(values).items():
        by_name = named == field
        confidence = 0.4 + 0.6 * share if by_name else WORTH_OF_VALUES * share
        if by_name and share < 0.2 and field not in {"department", "description", "tags", "usage", "season"}:
            confidence = LEAST_CONFIDENCE  # the name says so, the values do not
        if confidence >= LEAST_CONFIDENCE:
            why = f"{told}, e.g. {example}"
            yield Evidence(field, values.column, round(confidence, 2), f"{SAID_BY_NAME}; {why}" if by_name else why)


def _assigned(found: Sequence[Evidence], columns: Sequence[str]) -> list[Evidence]:
    """Best first, no field and no column twice; columns whose names speak come before others, earlier before later ones."""
    place = {column: number for number, column in enumerate(columns)}
    chosen: dict[str, Evidence] = {}
    taken: set[str] = set()
    for one in sorted(found, key=lambda one: (-one.confidence - (SAID_BY_NAME in one.why) / 4, place[one.column], one.field)):
        if one.field not in chosen and one.column not in taken:
            chosen[one.field] = one
            taken.add(one.column)
    order = [field for field in _ORDER if field in chosen]
    return [chosen[field] for field in order]


_ORDER = (
    "product_id", "name", "audience", "age_group", "department", "category", "article_type", "colour", "season", "usage",
    "price", "currency", "in_stock", "image_url", "description", "tags",
)  # fmt: skip


class _Judge:
    """Shares of a column's cells that read as each field, with the words for it."""

    def __init__(self, guide: StyleGuide, learned: Learned) -> None:
        self.guide = guide
        self.articles, self.colours, self.wearers = (
            ArticleReader(guide, learned),
            ColourReader(guide, learned),
            WearerReader(guide, learned),
        )

    def shares(self, values: ColumnValues) -> dict[str, tuple[float, str]]:
        """By field: share from 0 to 1, and what was seen."""
        if values.share(_URL.search) > 0.6:
            return {"image_url": (values.share(_URL.search), _percent(values.share(_URL.search), "of its values are addresses"))}
        return {**self._texts(values), **self._figures(values), **self._vocabularies(values)}

    def _texts(self, values: ColumnValues) -> dict[str, tuple[float, str]]:
        """Ids, names, descriptions and tags."""
        codes = values.share(_CODE.match) * (values.distinct_share >= 0.98) * (values.filled / values.rows)
        typed = values.share(lambda text: self.articles.in_name(text[:200]))
        short = values.share(lambda text: 1 < len(text.split()) <= 16)
        names = short * min(1.0, values.distinct_share * 1.5) * (0.6 + 0.4 * typed)
        long = min(1.0, values.words / 20)
        lists = values.share(lambda text: len(_LIST.findall(text)) > 1) * (values.words < 20)
        return {
            "product_id": (codes, _percent(values.distinct_share, "of its values differ")),
            "name": (names, _percent(typed, "of its values name an article type and " + _percent(values.distinct_share, "differ"))),
            "description": (long if values.distinct_share > 0.3 else 0.0, f"{values.words:.0f} words on average"),
            "tags": (0.8 * lists, _percent(lists, "of its values are lists")),
        }

    def _figures(self, values: ColumnValues) -> dict[str, tuple[float, str]]:
        """Prices, currencies and stock."""
        priced = values.share(price_of)
        telling = values.share(lambda text: price_of(text) and not _PLAIN_NUMBER.match(text))
        unlike_ids = 0.0 if values.distinct_share >= 0.98 and telling < 0.5 and values.rows > 20 else 1.0
        codes = values.share(lambda text: text.strip().upper() in CODES)
        stocked = values.share(lambda text: stock_of(text) is not None and not text.replace(".", "").isdigit())
        return {
            "price": (priced * (0.45 + 0.55 * telling) * unlike_ids, _percent(priced, "of its values are prices")),
            "currency": (_if_few("currency", values, codes), _percent(codes, "of its values are currencies")),
            "in_stock": (_if_few("in_stock", values, stocked), _percent(stocked, "of its values say yes or no to stock")),
        }

    def _vocabularies(self, values: ColumnValues) -> dict[str, tuple[float, str]]:
        """What the style guide can read."""
        short = values.words <= 5 and (values.distinct_share < 0.7 or values.rows <= 20)
        typed = values.share(self.articles.of_words) if short else 0.0
        exact = values.share(lambda text: (found := self.articles.of_words(text)) and found.exact) if short else 0.0
        coloured = values.share(self.colours.colour) if short else 0.0
        audience = values.share(lambda text: self.wearers.audience(text, None))
        season = values.share(self.guide.season)
        usage = values.share(self.guide.usage)
        return {
            "article_type": (0.55 * typed + 0.45 * exact, _percent(typed, "of its values are article types")),
            "category": (0.75 * typed, _percent(typed, "of its values are article types")),
            "department": (0.55 * typed, _percent(typed, "of its values are article types")),
            "colour": (coloured * (1 - 0.5 * exact), _percent(coloured, "of its values are colours")),
            "audience": (_if_few("audience", values, audience), _percent(audience, "of its values say for whom")),
            "season": (_if_few("season", values, season), _percent(season, "of its values are seasons")),
            "usage": (0.8 * _if_few("usage", values, usage), _percent(usage, "of its values are usages")),
        }


def _if_few(field: str, values: ColumnValues, share: float) -> float:
    return share if len(values.counts) <= _FEW[field] else 0.0


def _percent(share: float, text: str) -> str:
    return f"{100 * share:.0f} % {text}"
