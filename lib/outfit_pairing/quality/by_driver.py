"""The evidence of a result that the driver holds: as `counting` has Spark count it, in a fraction of the time."""

import json
import logging
from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass
from functools import cached_property
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from outfit_pairing.errors import WarehouseError
from outfit_pairing.quality.evidence import CELL_FACTS, COUNTED, Cell, OutfitGroup
from outfit_pairing.quality.metrics import MILLION
from outfit_pairing.quality.tallies import EXAMPLE_NAMES, EXAMPLES, OWN, Tallies, coded, tally, with_facts
from outfit_pairing.storage.store import TableStore
from outfit_pairing.storage.tables import PRODUCTS, Table
from outfit_pairing.style.vocabulary import StyleGuide, load_style_guide

logger = logging.getLogger(__name__)

PRODUCT_COLUMNS = tuple(dict.fromkeys(("product_id", *CELL_FACTS, *OWN)))
OUTFIT_COLUMNS = ("product_id", "rank", "source", "occasion", "score", "items")
BATCH_OUTFITS = 50_000  # audited at once, and the rest of the last product's


def counted_by_driver(store: TableStore, judged: Table) -> "CountedByDriver | None":
    """The result in table `judged`; None where it is not for the driver to hold."""
    here = store.small_here(judged) and store.small_here(PRODUCTS)
    if not here:
        return None
    try:
        products, outfits = here.held(PRODUCTS, PRODUCT_COLUMNS), here.held(judged, OUTFIT_COLUMNS)
    except WarehouseError as fault:
        logger.warning("%s: counted by Spark (%s)", judged.name, fault)
        return None
    order = [("product_id", "ascending"), ("rank", "ascending")]
    return CountedByDriver(products.combine_chunks(), outfits.take(pc.sort_indices(outfits, order)), load_style_guide())


@dataclass(frozen=True, eq=False)
class CountedByDriver:
    """What the metrics ask.    products: PRODUCT_COLUMNS.    outfits: OUTFIT_COLUMNS, ordered by product and rank."""

    products: pa.Table
    outfits: pa.Table
    guide: StyleGuide

    def cells(self) -> list[Cell]:
        """Products that are alike in their facts, their number of outfits and how often they are shown."""
        found = self._counted.group_by([*CELL_FACTS, *COUNTED]).aggregate([([], "count_all"), ("product_id", "min")])
        return [Cell(**row) for row in found.rename_columns({"count_all": "products", "product_id_min": "example"}).to_pylist()]

    def groups(self) -> list[OutfitGroup]:
        """Outfits of one source and occasion."""
        millionths = pc.round(pc.multiply(pc.fill_null(self.outfits["score"], 0.0), MILLION), round_mode="half_towards_infinity")
        rows = self.outfits.select(["source", "occasion"]).append_column("score_millionths", millionths.cast(pa.int64()))
        found = rows.group_by(["source", "occasion"]).aggregate([([], "count_all"), ("score_millionths", "sum")])
        named = found.rename_columns({"count_all": "outfits", "score_millionths_sum": "score_millionths"})
        return [OutfitGroup(**row) for row in named.to_pylist()]

    def tallies(self) -> Tallies:
        """The audit of all outfits: see `tallies` for what is counted."""
        facts, found = coded(self.products.select(["product_id", *OWN])), Tallies()
        for outfits in self._batches():
            found.update(tally(with_facts(entries_of(outfits), facts), self.guide))
        return few_examples(found)

    @cached_property
    def _counted(self) -> pa.Table:
        """Every product with CELL_FACTS and COUNTED: what a cell says of each of its products."""
        real = self.outfits.filter(pc.greater(pc.fill_null(pc.list_value_length(self.outfits["items"]), 0), 0))
        own = real.select(["product_id", "occasion"]).append_column("by_pattern", pc.not_equal(real["source"], "rule_based"))
        figures = [([], "count_all"), ("by_pattern", "sum"), ("occasion", "count_distinct", pc.CountOptions(mode="only_valid"))]
        own = own.group_by("product_id").aggregate(figures)
        names = {"count_all": "outfits", "by_pattern_sum": "from_patterns", "occasion_count_distinct": "occasions"}
        own = own.rename_columns(names)
        shown = pc.struct_field(pc.list_flatten(real["items"]), "product_id").combine_chunks().value_counts()
        columns = {name: self.products[name] for name in ("product_id", *CELL_FACTS)}
        ids = self.products["product_id"].combine_chunks()
        place, seen = pc.index_in(ids, own["product_id"].combine_chunks()), pc.index_in(ids, shown.field("values"))
        counted = {name: own[name].combine_chunks().take(place) for name in COUNTED[:-1]}
        counted[COUNTED[-1]] = shown.field("counts").take(seen)
        return pa.table({**columns, **{name: pc.fill_null(column, 0).cast(pa.int64()) for name, column in counted.items()}})

    def _batches(self) -> Iterator[pa.Table]:
        """The outfits in parts, those of a product in one."""
        codes = self.outfits["product_id"].combine_chunks().dictionary_encode().indices.to_numpy(zero_copy_only=False)
        ends = np.append(np.flatnonzero(np.diff(codes)) + 1, len(codes))
        start = 0
        while start < len(codes):
            end = int(ends[np.searchsorted(ends, min(start + BATCH_OUTFITS, len(codes)))])
            yield self.outfits.slice(start, end - start).combine_chunks()
            start = end


def entries_of(outfits: pa.Table) -> pa.Table:
    """One row per product in an outfit, the product itself at position 0: product_id, rank, position, item_id, listed_slot."""
    items = outfits["items"].combine_chunks()
    parent = pc.list_parent_indices(items)
    whose = parent.to_numpy().astype(np.int64)
    first = np.searchsorted(whose, np.arange(len(outfits)))
    flat = items.flatten()
    everyone = pa.concat_arrays([pa.array(np.arange(len(outfits))), pa.array(whose)])
    own = outfits["product_id"].combine_chunks()
    positions = np.concatenate([np.zeros(len(outfits), dtype=np.int64), np.arange(len(whose)) - first[whose] + 1])
    return pa.table(
        {
            "product_id": own.take(everyone),
            "rank": outfits["rank"].combine_chunks().cast(pa.int64()).take(everyone),
            "position": pa.array(positions),
            "item_id": pa.concat_arrays([own, flat.field("product_id")]),
            "listed_slot": pa.concat_arrays([pa.nulls(len(outfits), pa.string()), flat.field("slot")]),
        }
    )


def few_examples(tallies: Tallies) -> Tallies:
    """Tallies with no more than EXAMPLES of each kind, the first by key."""
    seen: Counter[tuple[str, str]] = Counter()
    found = Tallies({key: count for key, count in tallies.items() if key[0] not in EXAMPLE_NAMES})
    for name, key in sorted(one for one in tallies if one[0] in EXAMPLE_NAMES):
        said: dict[str, Any] = json.loads(key)
        kind = name, json.dumps(said.get("rule", said.get("case")))
        seen[kind] += 1
        if seen[kind] <= EXAMPLES:
            found[name, key] = tallies[name, key]
    return found
