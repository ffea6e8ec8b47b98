"""From looks to outfits: each product of a look gets the look, products near-identical to one get it carried over.

A pure kernel, Arrow in and out. A product's outfits depend on its own row and on what is the same for all, so that the
result has the same bits for any partitioning.
"""

import hashlib
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import Any

import pyarrow as pa

from outfit_pairing.pairing.candidates import INPUT_COLUMNS
from outfit_pairing.pairing.codes import SEASON_CODES, Bools, ProductCodes, StyleTables
from outfit_pairing.pairing.look_choice import Entries, joined, least_shown, rows_of
from outfit_pairing.pairing.looks import Look
from outfit_pairing.pairing.near_identical import likeness_of
from outfit_pairing.pairing.style_space import StyleSpace
from outfit_pairing.storage.tables import LOOKBOOK_RECOMMENDATIONS
from outfit_pairing.style import SLOTS
from outfit_pairing.style.outfit_difference import differ
from outfit_pairing.style.sources import BASE_CONFIDENCE

CURATED, CARRIED = "lookbook_curated", "lookbook_algorithmic"
SCORE_WEIGHT = 0.6  # of confidence, as for patterns; the rest is trust in the look: 1 as given, its likeness when carried
OTHER_SEASON = 0.25  # what trust loses when product and look are for different seasons
DIGITS = 4
# What became of a look at a product, beside the columns of the table; `dropped` rows have no outfit.
OUTCOME = pa.schema([("look", pa.int32()), ("left_out", pa.int32()), ("replaced", pa.int32()), ("dropped", pa.bool_())])
OUTCOME_COLUMNS = "look int, left_out int, replaced int, dropped boolean"


@dataclass(frozen=True, eq=False)
class Rack:
    """N products that looks can show: those of the looks that the catalogue holds, and what can stand in for them."""

    product_id: tuple[str, ...]  # (N,)
    codes: ProductCodes  # (N,)
    offerable: Bools  # (N,) in stock, and something to be worn
    name: tuple[str, ...]  # (N,)

    @cached_property
    def row(self) -> Mapping[str, int]:
        """Where each product stands."""
        return {product_id: row for row, product_id in enumerate(self.product_id)}

    def offers(self, product_id: str) -> bool:
        """Whether the product is there and can be shown in an outfit."""
        row = self.row.get(product_id)
        return row is not None and bool(self.offerable[row])


@dataclass(frozen=True, slots=True)
class Draft:
    """One look at one product. `shown`: ids beside the product; `replaced`: what some of them stand in for."""

    look: int
    source: str
    model: str | None  # the item of the look that the product is near-identical to; None where it is that item
    shown: tuple[str, ...]
    replaced: Mapping[str, str]
    score: float
    confidence: float
    item_scores: tuple[float, ...]
    reasons: tuple[tuple[str, ...], ...]

    @property
    def order(self) -> tuple[float, float, float, int]:
        """Sorts the best first."""
        return -BASE_CONFIDENCE[self.source], -self.confidence, -self.score, self.look


@dataclass(frozen=True, eq=False)
class LookOutfits:
    """Outfits from looks for the products of one partition.

    In: INPUT_COLUMNS, name and vector. Out: columns of lookbook_recommendations and OUTCOME, one row per outfit, and one
    without rank and items per look that cannot be shown at a product.

    near: for a product the items that it is near-identical to, nearest first, with the points of `near_identical`.
    substitutes: for an item that cannot be offered the products near-identical to it that can, nearest first.
    """

    tables: StyleTables
    space: StyleSpace
    rack: Rack
    looks: tuple[Look, ...]
    near: Mapping[str, Sequence[tuple[str, int]]]
    substitutes: Mapping[str, Sequence[str]]
    least_score: float
    most_carried: int

    def __call__(self, batches: Iterable[pa.RecordBatch]) -> Iterator[pa.RecordBatch]:
        """Arrow batches in, Arrow batches out."""
        looks_of: dict[str, list[int]] = {}
        for number, look in enumerate(self.looks):
            for item in look.items:
                looks_of.setdefault(item, []).append(number)
        schema = pa.schema([*LOOKBOOK_RECOMMENDATIONS.arrow_schema, *OUTCOME])
        for batch in batches:
            rows = [row for product_id, product in self._products(batch) for row in self._rows(product_id, product, looks_of)]
            yield pa.RecordBatch.from_pylist(rows, schema=schema)

    def _products(self, batch: pa.RecordBatch) -> Iterator[tuple[str, ProductCodes]]:
        frame = batch.select(list(INPUT_COLUMNS)).to_pandas()
        codes = self.tables.encode(frame, self.space.of(batch))
        for row, product_id in enumerate(frame["product_id"].tolist()):
            yield product_id, codes.take(rows_of([row]))

    def _rows(self, product_id: str, product: ProductCodes, looks_of: Mapping[str, Sequence[int]]) -> Iterator[dict[str, Any]]:
        drafts, dropped = [], []
        for number in looks_of.get(product_id, ()):
            own = self._curated(product_id, product, number)
            drafts += [own] if own else []
            dropped += [] if own else [(number, CURATED)]
        carried = dict(self._models(product_id, looks_of))
        for number, (model, points) in carried.items():
            draft = self._draft(product_id, product, number, model, points)
            fits = draft is not None and draft.score >= self.least_score
            drafts += [draft] if draft is not None and fits else []
            dropped += [] if fits else [(number, CARRIED)]
        for rank, draft in enumerate(self._kept(drafts), 1):
            yield self._row(product_id, rank, draft)
        for number, source in dropped:
            yield {"product_id": product_id, "source": source, "look": number, "dropped": True}

    def _models(self, product_id: str, looks_of: Mapping[str, Sequence[int]]) -> Iterator[tuple[int, tuple[str, int]]]:
        """The looks that are carried to a product, each by the item that is nearest to it."""
        seen: set[int] = set(looks_of.get(product_id, ()))
        for model, points in self.near.get(product_id, ()):
            for number in looks_of.get(model, ()):
                if number not in seen:
                    seen.add(number)
                    yield number, (model, points)

    def _curated(self, product_id: str, product: ProductCodes, number: int) -> Draft | None:
        """The look at one of its own products: as given, else with what stands in for items that cannot be offered."""
        given = self._draft(product_id, product, number, None, None)
        return given or self._draft(product_id, product, number, product_id, None)

    def _draft(self, product_id: str, product: ProductCodes, number: int, model: str | None, points: int | None) -> Draft | None:
        """A look at a product; None when too little of it can be shown. Without `model` nothing stands in for an item."""
        look, replaced = self.looks[number], dict[str, str]()
        beside: list[str] = []
        for item in look.items:
            if item != (model or product_id):
                stands = item if self.rack.offers(item) else self._substitute(product_id, look, item) if model else None
                if stands is not None and stands not in beside:
                    beside.append(stands)
                    replaced |= {} if stands == item else {stands: item}
        entries = Entries.of(self.tables, joined(product, self.rack.codes.take(rows_of([self.rack.row[one] for one in beside]))))
        places = entries.best(least_shown(len(look.items)))
        if not places:
            return None
        score, item_scores = entries.scores(places)
        shown = tuple(beside[place - 1] for place in places)
        kept = {one: replaced[one] for one in shown if one in replaced}
        trust = (1.0 if points is None else likeness_of(points)) - OTHER_SEASON * self._other_season(product, look)
        source = CARRIED if model else CURATED
        made_for = f", made for “{self._name(model)}”" if model and model != product_id else ""
        lent_by = f"from the stylists' look “{look.title}”{made_for}"
        return Draft(
            look=number,
            source=source,
            model=None if model == product_id else model,
            shown=shown,
            replaced=kept,
            score=round(score, DIGITS),
            confidence=round(BASE_CONFIDENCE[source] * (SCORE_WEIGHT * score + (1 - SCORE_WEIGHT) * trust), DIGITS),
            item_scores=tuple(round(one, DIGITS) for one in item_scores),
            reasons=tuple(self._reasons(entries, place, lent_by, kept.get(beside[place - 1])) for place in places),
        )

    def _substitute(self, product_id: str, look: Look, item: str) -> str | None:
        return next((one for one in self.substitutes.get(item, ()) if one != product_id and one not in look.items), None)

    def _other_season(self, product: ProductCodes, look: Look) -> bool:
        own = int(product.season[0])
        return look.season is not None and own != 0 and own != SEASON_CODES[look.season]

    def _reasons(self, entries: Entries, place: int, lent_by: str, stands_for: str | None) -> tuple[str, ...]:
        tables, codes = self.tables, entries.codes
        said = [
            lent_by,
            f"in place of “{self._name(stands_for)}”, which is out of stock" if stands_for else "",
            tables.reasons[tables.colour_reason[codes.colour[0], codes.colour[place]]],
            tables.reasons[tables.dress_reason[codes.traits[0], codes.traits[place]]],
        ]
        return tuple(reason for reason in said if reason)

    def _name(self, product_id: str) -> str:
        row = self.rack.row.get(product_id)
        return product_id if row is None else self.rack.name[row]

    def _kept(self, drafts: Sequence[Draft]) -> list[Draft]:
        """Best first: every look as given once, then the best carried ones that differ from those before."""
        kept: list[Draft] = []
        sets: list[frozenset[str]] = []
        carried = 0
        for draft in sorted(drafts, key=lambda draft: draft.order):
            items = frozenset(draft.shown)
            if draft.source == CURATED:
                wanted = items not in sets
            else:
                wanted = carried < self.most_carried and all(differ(items, other) for other in sets)
                carried += wanted
            if wanted:
                kept.append(draft)
                sets.append(items)
        return kept

    def _row(self, product_id: str, rank: int, draft: Draft) -> dict[str, Any]:
        look = self.looks[draft.look]
        slots = [SLOTS[self.tables.slot[self.rack.codes.traits[self.rack.row[one]]]] for one in draft.shown]
        columns = zip(slots, draft.shown, draft.item_scores, draft.reasons, strict=True)
        return {
            "product_id": product_id,
            "rank": rank,
            "outfit_id": hashlib.sha256("\x1f".join(sorted([product_id, *draft.shown])).encode()).hexdigest(),
            "source": draft.source,
            "pattern_id": f"look-{look.outfit_id}",
            "pattern_name": look.name,
            "anchor_product_id": draft.model,
            "occasion": look.occasion,
            "score": draft.score,
            "confidence": draft.confidence,
            "items": [dict(zip(("slot", "product_id", "score", "reasons"), column, strict=True)) for column in columns],
            "look": draft.look,
            "left_out": len(look.items) - 1 - len(draft.shown),
            "replaced": len(draft.replaced),
            "dropped": False,
        }


def rack_of(batch: pa.RecordBatch, tables: StyleTables, space: StyleSpace) -> Rack:
    """A rack from products: INPUT_COLUMNS, name and vector, one row per product, in any order."""
    frame = batch.select([*INPUT_COLUMNS, "name"]).to_pandas()
    codes = tables.encode(frame.drop(columns="name"), space.of(batch))  # what stylists put together, no name's bearing parts
    in_stock: Bools = frame["in_stock"].to_numpy(dtype=bool)
    names = [
        name if isinstance(name, str) else product_id for name, product_id in zip(frame["name"], frame["product_id"], strict=True)
    ]
    return Rack(tuple(frame["product_id"]), codes, in_stock & tables.offered[codes.traits], tuple(names))
