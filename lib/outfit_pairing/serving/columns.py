"""Released tables as columns in memory: words as codes, so that a large catalogue stays small, and rows found by product id."""

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
import pyarrow as pa
import pyarrow.compute as pc

from outfit_pairing.publishing.outfits import SHOWN, Outfit, OutfitItem, ShownProduct
from outfit_pairing.serving.arrays import SPACE, taken, values, whole
from outfit_pairing.storage.tables import PRODUCTS
from outfit_pairing.style.product import PRODUCT_COLUMNS, Product

Ints = npt.NDArray[np.int32]
Floats = npt.NDArray[np.float64]
PRODUCT_NAMES = tuple(dict.fromkeys((*PRODUCT_COLUMNS, *SHOWN)))
PLAIN = ("product_id", "name", "image_url")  # no two rows alike: nothing gained by codes
NUMBERS = ("price", "in_stock")
CODED = tuple(name for name in PRODUCT_NAMES if name not in (*PLAIN, *NUMBERS))
OUTFIT_WORDS = ("source", "pattern_name", "anchor_product_id", "occasion")
OUTFIT_CODED = ("product_id", *OUTFIT_WORDS, "items")
OUTFIT_NAMES = ("product_id", "rank", "outfit_id", "source", "occasion", "pattern_name", "anchor_product_id", "score",
                "confidence", "items")  # fmt: skip


@dataclass(frozen=True, slots=True)
class Words:
    """A column of few distinct words.   codes: one per row, -1 = null.   values: by code; the last is None, which -1 finds."""

    codes: Ints
    values: list[str | None]

    @classmethod
    def of(cls, chunks: Sequence[pa.Array]) -> "Words":
        """From dictionary-encoded chunks."""
        if not chunks:
            return cls(np.zeros(0, np.int32), [None])
        coded = whole(pa.chunked_array(chunks).unify_dictionaries())
        return cls(values(coded.indices, -1).astype(np.int32), [*coded.dictionary.to_pylist(), None])

    def at(self, row: int) -> str | None:
        """The word of a row."""
        return self.values[int(self.codes[row])]

    def between(self, start: int, end: int) -> list[str | None]:
        """The words of some rows."""
        values = self.values
        return [values[code] for code in self.codes[start:end].tolist()]


@dataclass(frozen=True, slots=True)
class ProductColumns:
    """The catalogue.   rows: place of each product by its id.   plain: columns without codes.   price: NaN = not said."""

    rows: dict[str, int]
    words: dict[str, Words]
    plain: dict[str, pa.Array]
    price: Floats
    in_stock: npt.NDArray[np.bool_]
    searched: pa.Array

    def shown(self, row: int) -> ShownProduct:
        """What is shown of a product."""
        price = float(self.price[row])
        said = {name: self.words[name].at(row) for name in SHOWN if name in self.words}
        plain = {name: column[row].as_py() for name, column in self.plain.items()}
        return ShownProduct(**said, **plain, price=_number(price), in_stock=bool(self.in_stock[row]))  # type: ignore[arg-type]

    def styled(self, row: int) -> Product:
        """The product as the styling rules see it."""
        said = {name: self.words[name].at(row) for name in PRODUCT_COLUMNS if name in self.words}
        plain = {name: self.plain[name][row].as_py() for name in ("product_id", "name")}
        return Product(**said, **plain, in_stock=bool(self.in_stock[row]))  # type: ignore[arg-type]

    def stocked(self) -> dict[str, tuple[str, ...]]:
        """For each slot the audiences that have a product in stock."""
        slots, audiences = self.words["slot"], self.words["audience"]
        pairs = np.unique(np.stack([slots.codes, audiences.codes])[:, self.in_stock], axis=1).T.tolist()
        found: dict[str, set[str]] = {}
        for slot, audience in pairs:
            found.setdefault(slots.values[slot] or "other", set()).add(audiences.values[audience] or "unisex")
        return {slot: tuple(sorted(some)) for slot, some in found.items()}


class ProductParts:
    """Products as they come in, from several versions of the table: each is taken from the first that has it."""

    def __init__(self) -> None:
        self._rows: dict[str, int] = {}
        self._batches: list[pa.RecordBatch] = []

    def add(self, batches: Iterable[pa.RecordBatch]) -> None:
        """Take the products of a version that are not there yet, all or (on a fault) none.    batches: columns PRODUCT_NAMES."""
        ids: list[str] = []
        new: list[pa.RecordBatch] = []
        for batch in batches:
            told = batch.column("product_id").to_pylist()
            places = [place for place, one in enumerate(told) if one not in self._rows]
            if len(places) == len(told):
                new.append(batch)
            elif places:
                new.append(taken(batch, np.array(places, np.int64)))
            ids += [told[place] for place in places]
        self._rows.update(zip(ids, range(len(self._rows), len(self._rows) + len(ids)), strict=True))
        self._batches += new

    def columns(self) -> ProductColumns:
        """What was taken."""
        table = pa.Table.from_batches(self._batches) if self._batches else PRODUCTS.arrow_schema.empty_table()
        plain = {name: whole(table[name]) for name in PLAIN}
        said = (table[name] for name in ("product_id", "name", "article_type", "colour"))
        searched = whole(pc.utf8_lower(pc.binary_join_element_wise(*said, SPACE, null_handling="replace")))
        return ProductColumns(
            rows=self._rows,
            words={name: Words.of(pc.dictionary_encode(table[name]).chunks) for name in CODED},
            plain=plain,
            price=values(pc.cast(table["price"], pa.float64()), np.nan),
            in_stock=values(table["in_stock"]).astype(np.bool_),
            searched=searched,
        )


@dataclass(frozen=True, slots=True)
class OutfitColumns:
    """The released outfits, those of a product side by side by rank.

    rows: first and last row (excluded) of each product.   words: columns by code.   items: first and last item of each row.
    """

    rows: dict[str, tuple[int, int]]
    ranks: Ints
    outfit_ids: pa.Array
    words: dict[str, Words]
    score: Floats
    confidence: Floats
    items: tuple[Ints, Ints]
    slots: Words
    products: Words
    item_scores: Floats
    reasons: Words
    reasons_of: tuple[Ints, Ints]

    @classmethod
    def of(cls, batches: Iterable[pa.RecordBatch]) -> "OutfitColumns":
        """From the columns OUTFIT_NAMES of the table outfit_recommendations."""
        parts = _Parts()
        for batch in batches:
            parts.add(batch)
        return parts.columns()

    def outfits(self, product_id: str, shown: Callable[[str], ShownProduct]) -> tuple[Outfit, ...]:
        """The outfits of a product by rank; `shown` gives the product of an item's id."""
        start, end = self.rows.get(product_id, (0, 0))
        if start == end:
            return ()
        items = self._items(int(self.items[0][start]), int(self.items[1][end - 1]), shown)
        sizes = (self.items[1][start:end] - self.items[0][start:end]).tolist()
        words = {name: column.between(start, end) for name, column in self.words.items()}
        found, first = [], 0
        for place, (size, score, confidence) in enumerate(
            zip(sizes, self.score[start:end].tolist(), self.confidence[start:end].tolist(), strict=True)
        ):
            found.append(
                Outfit(
                    rank=int(self.ranks[start + place]),
                    outfit_id=self.outfit_ids[start + place].as_py(),
                    source=words["source"][place] or "",
                    occasion=words["occasion"][place],
                    pattern_name=words["pattern_name"][place],
                    anchor_product_id=words["anchor_product_id"][place],
                    score=_number(score),
                    confidence=_number(confidence),
                    items=tuple(items[first : first + size]),
                )
            )
            first += size
        return tuple(found)

    def _items(self, start: int, end: int, shown: Callable[[str], ShownProduct]) -> list[OutfitItem]:
        """Items side by side; so are their reasons."""
        if start == end:
            return []
        firsts, lasts = (one[start:end].tolist() for one in self.reasons_of)
        offset = firsts[0]
        reasons = self.reasons.between(offset, lasts[-1])
        columns = zip(
            self.slots.between(start, end),
            self.products.between(start, end),
            self.item_scores[start:end].tolist(),
            firsts,
            lasts,
            strict=True,
        )
        return [
            OutfitItem(slot or "other", shown(product or ""), _number(score), tuple(reasons[first - offset : last - offset]))  # type: ignore[arg-type]
            for slot, product, score, first, last in columns
        ]


class _Parts:
    """Batches of outfits as they come in, taken apart into columns: a batch is let go before the next is decoded."""

    def __init__(self) -> None:
        self.ids: list[pa.Array] = []
        self.words: dict[str, list[pa.Array]] = {name: [] for name in (*OUTFIT_WORDS, "slot", "item", "reason")}
        self.plain: dict[str, list[pa.Array]] = {name: [] for name in ("rank", "outfit_id", "score", "confidence", "item_score")}
        self.sizes: list[Ints] = []  # items of each outfit
        self.reasons: list[Ints] = []  # reasons of each item

    def add(self, batch: pa.RecordBatch) -> None:
        """Take one batch apart."""
        self.ids.append(_encoded(batch.column("product_id")))
        for name in OUTFIT_WORDS:
            self.words[name].append(_encoded(batch.column(name)))
        for name in ("rank", "outfit_id", "score", "confidence"):
            self.plain[name].append(batch.column(name))
        items = batch.column("items")
        self.sizes.append(_lengths(items))
        each = items.flatten()
        slot, product, score, reasons = (
            each.field(each.type.get_field_index(name)) for name in ("slot", "product_id", "score", "reasons")
        )
        self.words["slot"].append(_encoded(slot))
        self.words["item"].append(_encoded(product))
        self.plain["item_score"].append(score)
        self.reasons.append(_lengths(reasons))
        self.words["reason"].append(_encoded(reasons.flatten()))

    def columns(self) -> OutfitColumns:
        """All rows, sorted by product and rank; their items and reasons too, so that those of a product lie side by side."""
        ids, ranks = Words.of(self.ids), self._numbers("rank").astype(np.int32)
        order = np.lexsort((ranks, ids.codes))
        items, of_outfits = _pieces(_joined(self.sizes), order)
        reasons, of_items = _pieces(_joined(self.reasons), items)
        return OutfitColumns(
            rows=_groups(ids.codes[order], ids.values),
            ranks=ranks[order],
            outfit_ids=taken(whole(pa.chunked_array(self.plain["outfit_id"], pa.string())), order),
            words={name: self._words(name, order) for name in OUTFIT_WORDS},
            score=self._numbers("score")[order],
            confidence=self._numbers("confidence")[order],
            items=of_outfits,
            slots=self._words("slot", items),
            products=self._words("item", items),
            item_scores=self._numbers("item_score")[items],
            reasons=self._words("reason", reasons),
            reasons_of=of_items,
        )

    def _words(self, name: str, order: npt.NDArray[np.int64]) -> Words:
        found = Words.of(self.words[name])
        return Words(found.codes[order], found.values)

    def _numbers(self, name: str) -> Floats:
        arrays = [values(one, np.nan) for one in self.plain[name]]
        return (np.concatenate(arrays) if arrays else np.zeros(0)).astype(np.float64)


def _pieces(sizes: Ints, order: npt.NDArray[np.int64]) -> tuple[npt.NDArray[np.int64], tuple[Ints, Ints]]:
    """Rows in a new order take their parts along.

    Args:    sizes: parts of each row, in the old order.
    Returns: the parts in the new order, by their old places; first and last (excluded) part of each row in the new order.
    """
    starts = np.cumsum(sizes, dtype=np.int64) - sizes
    moved = sizes[order]
    ends = np.cumsum(moved, dtype=np.int64)
    parts = np.repeat(starts[order] - (ends - moved), moved) + np.arange(ends[-1] if len(ends) else 0)
    return parts, ((ends - moved).astype(np.int32), ends.astype(np.int32))


def _groups(sorted_codes: Ints, ids: Sequence[str | None]) -> dict[str, tuple[int, int]]:
    """First and last row of each product, rows being sorted by its code."""
    codes, starts = np.unique(sorted_codes, return_index=True)
    ends = [*starts[1:].tolist(), len(sorted_codes)]
    return {ids[code] or "": span for code, span in zip(codes.tolist(), zip(starts.tolist(), ends, strict=True), strict=True)}


def _encoded(column: pa.Array) -> pa.Array:
    return column if pa.types.is_dictionary(column.type) else column.dictionary_encode()


def _lengths(lists: pa.Array) -> Ints:
    return values(pc.list_value_length(lists)).astype(np.int32)


def _joined(arrays: Sequence[Ints]) -> Ints:
    return np.concatenate(arrays) if arrays else np.zeros(0, np.int32)


def _number(value: float | None) -> float | None:
    return None if value is None or value != value else float(value)  # noqa: PLR0124 - NaN stands for null
