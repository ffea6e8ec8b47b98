"""Counting over outfits: what one pass over all of them yields, in counts that add up however the outfits were cut.

A tally is a row (name, key, count). Tallies of parts are summed to those of the whole, so the pass needs no order, no
shared state and no second look; counts are whole numbers, so that any cut gives the same figures.

    outfits            size                outfits with so many items
    filled             slot                slots filled, the product itself not counted
    pairs              all | clash         pairs of entries, the product itself counted
    violations         rule                broken rules
    violating          outfits             outfits that break a rule
    example            JSON of a violation the first ones of each rule
    compared           products            products with two outfits or more
    alike              JSON                products two of whose outfits differ in less than two items
    alike_example      JSON                the first such products of each case
"""

import json
from collections import Counter
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import pandas as pd
import pyarrow as pa
import pyarrow.compute as pc

from outfit_pairing.quality.audit import violations
from outfit_pairing.quality.entries import FACTS, Bools, Outfits
from outfit_pairing.quality.standing import standing
from outfit_pairing.storage.whole_products import whole_products
from outfit_pairing.style.vocabulary import StyleGuide

TALLY_SCHEMA = pa.schema([("name", pa.string()), ("key", pa.string()), ("count", pa.int64())])
ENTRY = ("rank", "position", "item_id", "listed_slot")
OWN = ("in_stock", *FACTS)
KIND = "kind"  # a number for products that are alike in OWN
EXAMPLES = 20  # kept per rule, and per case of products whose outfits are alike
EXAMPLE_NAMES = ("example", "alike_example")
DIFFERENT = 2  # items that two outfits of a product should differ in
Tallies = Counter[tuple[str, str]]


@dataclass(frozen=True, eq=False)
class TallyOutfits:
    """In: product_id, ENTRY and `kind` (null where the catalogue has no such item), the rows of a product one after the other.
    Out: TALLY_SCHEMA.

    kinds: `kind` and OWN of all products that are alike in these.    entries: audited at once.
    """

    guide: StyleGuide
    kinds: pa.Table
    entries: int = 200_000

    def __call__(self, batches: Iterable[pa.RecordBatch]) -> Iterator[pa.RecordBatch]:
        """Tallies of some products after the other."""
        held: list[pa.Table] = []
        for products in whole_products(batches):
            held.append(products)
            if sum(map(len, held)) >= self.entries:
                yield self._tallied(held)
                held = []
        if held:
            yield self._tallied(held)

    def _tallied(self, products: Sequence[pa.Table]) -> pa.RecordBatch:
        return as_batch(tally(with_facts(pa.concat_tables(products), self.kinds, KIND, KIND), self.guide))


def coded(products: pa.Table) -> pa.Table:
    """Facts as codes into their distinct values: a tenth of the bytes."""
    columns = dict(zip(products.column_names, products.columns, strict=True))
    plain = [name for name in FACTS if not pa.types.is_dictionary(columns[name].type)]
    return pa.table({**columns, **{name: columns[name].dictionary_encode() for name in plain}}).combine_chunks()


def with_facts(entries: pa.Table, known: pa.Table, by: str = "item_id", its: str = "product_id") -> pa.Table:
    """Entries (product_id and ENTRY) with the facts of their items.

    known: OWN, coded, of products or kinds.    by, its: the columns of entries and of `known` that are to be equal.
    """
    found = pc.index_in(entries[by], known[its])
    facts = known.drop_columns(its).take(found)
    columns = {name: entries[name] for name in ("product_id", *ENTRY)}
    return pa.table({**columns, "known": found.is_valid(), **{name: facts[name] for name in facts.column_names}})


def tally(entries: pa.Table, guide: StyleGuide) -> Tallies:
    """Tallies of whole products.    Args:  entries: columns of ENTRY_SCHEMA, all outfits of each product that occurs."""
    outfits = Outfits.of(entries, guide)
    tallies: Tallies = Counter()
    for size, count in zip(*np.unique(outfits.size - 1, return_counts=True), strict=True):
        tallies["outfits", str(size)] = int(count)
    slot = outfits.facts["slot"]
    for code, count in zip(*np.unique(slot.codes[~outfits.itself & outfits.known], return_counts=True), strict=True):
        tallies["filled", slot.values[code]] = int(count)
    tallies["pairs", "all"] = len(outfits.clashing)
    tallies["pairs", "clash"] = int(outfits.clashing.sum())
    return tallies + _violations(outfits) + _differences(outfits)


def as_batch(tallies: Tallies) -> pa.RecordBatch:
    """Tallies as rows."""
    rows = [(name, key, count) for (name, key), count in tallies.items()]
    return pa.RecordBatch.from_arrays(
        [pa.array(column, field.type) for column, field in zip(zip(*rows, strict=True), TALLY_SCHEMA, strict=True)],
        schema=TALLY_SCHEMA,
    )


def _violations(outfits: Outfits) -> Tallies:
    found = violations(outfits)
    tallies: Tallies = Counter({("violations", str(rule)): int(count) for rule, count in found["rule"].value_counts().items()})
    tallies["violating", "outfits"] = len(found[["product_id", "rank"]].drop_duplicates())
    for example in found.groupby("rule").head(EXAMPLES).to_dict("records"):
        tallies["example", json.dumps(example, ensure_ascii=False)] = 1
    return tallies


def _differences(outfits: Outfits) -> Tallies:
    """Products with outfits that are too much alike, by audience, group of places and number of outfits."""
    tallies: Tallies = Counter()
    per_product = np.bincount(outfits.product)
    tallies["compared", "products"] = int((per_product > 1).sum())
    for product in np.unique(outfits.product[_too_alike(outfits)]):
        case = _case(outfits, product)
        tallies["alike", json.dumps(case)] += 1
        if tallies["alike", json.dumps(case)] <= EXAMPLES:
            owner = outfits.product_ids[int(np.searchsorted(outfits.product, product))]
            tallies["alike_example", json.dumps({"product_id": owner, "case": case}, ensure_ascii=False)] = 1
    return tallies


def _too_alike(outfits: Outfits) -> Bools:
    """(m,) whether an outfit differs from a later one of its product in less than two items, where both are large enough."""
    items = pd.DataFrame({"outfit": outfits.outfit, "item": outfits.item.codes})[~outfits.itself].drop_duplicates()
    items["product"] = outfits.product[items["outfit"]]
    both = items.merge(items, on=["product", "item"])
    shared = both[both["outfit_x"] < both["outfit_y"]].value_counts(["outfit_x", "outfit_y"]).reset_index()
    first, second, items_shared = shared.to_numpy(dtype=np.int64).T
    smaller = np.minimum(outfits.size[first], outfits.size[second]) - 1
    alike = np.zeros(len(outfits), dtype=bool)
    alike[first[smaller - items_shared < np.minimum(smaller, DIFFERENT)]] = True
    return alike


def _case(outfits: Outfits, product: int) -> dict[str, Any]:
    """What decides whether the catalogue allows better: audience, group, places filled, number of outfits."""
    first, end = np.searchsorted(outfits.product, [product, product + 1])
    entries = slice(outfits.start[first], outfits.start[end - 1] + outfits.size[end - 1])
    types, slots, departments = (outfits.facts[name].texts[entries] for name in ("article_type", "slot", "department"))
    found = [standing(*facts, guide=outfits.guide) for facts in zip(types, slots, departments, strict=True)]
    return {
        "audience": outfits.facts["audience"].texts[entries][0],
        "group": found[0].group,
        "places": sorted({one.place for one, own in zip(found, outfits.itself[entries], strict=True) if not own}),
        "outfits": int(end - first),
    }
