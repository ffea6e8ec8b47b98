"""One pass over outfits counts the same, however they are cut."""

import json
import pickle
from collections import Counter

import pyarrow as pa
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from outfit_pairing.quality.entries import ENTRY_SCHEMA, FACTS
from outfit_pairing.quality.tallies import ENTRY, EXAMPLES, OWN, Tallies, TallyOutfits, coded, tally
from tests.unit.quality.outfits import GUIDE, VALID, entries
from tests.unit.quality.test_audit import BROKEN

EVERYTHING = entries(
    {
        **{(products[0], rank): products[1:] for rank, products in enumerate(VALID.values())},
        **{(products[0], 100 + rank): products[1:] for rank, (_, _, products) in enumerate(BROKEN)},
    }
)


def _sent(entries: pa.Table) -> tuple[pa.Table, pa.Table]:
    """As Spark hands entries over, in order of products, and the kinds of their items."""
    rows = entries.sort_by("product_id").to_pylist()
    kinds: dict[tuple[object, ...], int] = {}
    for row in rows:
        facts = tuple(row.pop(name) for name in OWN)
        row["kind"] = kinds.setdefault(facts, len(kinds)) if row.pop("known") else None
    plain = [ENTRY_SCHEMA.field(name) for name in ("product_id", *ENTRY)]
    known = [{"kind": kind, **dict(zip(OWN, facts, strict=True))} for facts, kind in kinds.items()]
    own = [ENTRY_SCHEMA.field(name) for name in OWN]
    kind = pa.field("kind", pa.int64())
    sent = pa.Table.from_pylist(rows, schema=pa.schema([*plain, kind]))
    return sent, coded(pa.Table.from_pylist(known, schema=pa.schema([kind, *own])))


def _sum(entries: pa.Table, rows: int = 10_000, audited_at_once: int = 200_000) -> Tallies:
    sent, kinds = _sent(entries)
    total: Tallies = Counter()
    for batch in TallyOutfits(GUIDE, kinds, audited_at_once)(sent.to_batches(max_chunksize=rows)):
        for row in batch.to_pylist():
            total[row["name"], row["key"]] += row["count"]
    return total


def _figures(tallies: Tallies) -> Tallies:
    """Without examples, of which each part gives its own first ones, and without zeros."""
    return Counter({key: count for key, count in tallies.items() if key[0] != "example" and count})


@settings(max_examples=20, deadline=None)
@given(st.integers(1, 40), st.sampled_from([1, 50, 200_000]))
def test_tallies_of_parts_add_up(rows: int, audited_at_once: int) -> None:
    """Any cut into batches, also within a product, gives the figures of the whole."""
    assert _figures(_sum(EVERYTHING, rows, audited_at_once)) == _figures(tally(EVERYTHING, GUIDE))


def test_the_kernel_survives_the_way_to_a_worker() -> None:
    """Spark pickles it."""
    sent, kinds = _sent(EVERYTHING)
    copy = pickle.loads(pickle.dumps(TallyOutfits(GUIDE, kinds)))
    assert len(list(copy([*sent.to_batches(), sent.to_batches()[0].slice(0, 0)]))) == 1


def test_items_slots_and_pairs_are_counted() -> None:
    """The product itself fills no slot, but its colour counts in pairs."""
    found = tally(entries({("tee", 1): ("jeans", "shoes"), ("tee", 2): ()}), GUIDE)
    assert found["outfits", "2"] == 1
    assert found["outfits", "0"] == 1
    assert (found["filled", "bottom"], found["filled", "footwear"], found["filled", "top"]) == (1, 1, 0)
    assert found["pairs", "all"] == 3


def test_violating_outfits_are_counted_once() -> None:
    """However many rules one of them breaks."""
    found = tally(entries({("tee", 1): ("dress", "bra", "lipstick"), ("tee", 2): ("jeans", "shoes")}), GUIDE)
    assert found["violating", "outfits"] == 1
    assert sum(count for (name, _), count in found.items() if name == "violations") > 3


def test_examples_of_a_broken_matcher_stay_few() -> None:
    """A thousand equal faults do not flood the driver."""
    found = tally(entries({("tee", rank): ("jeans", f"gone {rank}") for rank in range(1_000)}), GUIDE)
    assert found["violations", "8"] == 1_000
    assert sum(name == "example" for name, _ in found) == EXAMPLES


@pytest.mark.parametrize(
    ("outfits", "alike"),
    [
        ([("jeans", "shoes"), ("chinos", "red shoes")], 0),
        ([("jeans", "shoes"), ("chinos", "shoes")], 1),
        ([("jeans", "shoes", "watch"), ("chinos", "red shoes", "watch")], 0),
        ([("jeans", "shoes", "watch"), ("jeans", "shoes", "belt")], 1),
        ([("jeans", "shoes"), ("jeans", "shoes", "watch")], 1),
        ([("jeans",), ("shoes",)], 0),
        ([("jeans",), ("jeans",)], 1),
        ([("jeans",), ("jeans", "shoes")], 1),
        ([("jeans", "shoes")], 0),
    ],
)
def test_outfits_of_a_product_differ_in_two_items(outfits: list[tuple[str, ...]], alike: int) -> None:
    """Each lacks two items of the other, or all its items where it has fewer."""
    found = tally(entries({("tee", rank): items for rank, items in enumerate(outfits)}), GUIDE)
    assert sum(count for (name, _), count in found.items() if name == "alike") == alike
    assert found["compared", "products"] == (len(outfits) > 1)


def test_alike_outfits_say_what_they_needed() -> None:
    """Audience, group and places are what decides whether the catalogue allows better."""
    found = tally(entries({("bra", 1): ("panties", "camisole"), ("bra", 2): ("panties",)}), GUIDE)
    (case,) = [json.loads(key) for name, key in found if name == "alike"]
    assert case == {"audience": "women", "group": "innerwear", "places": ["camisole", "panties"], "outfits": 2}
    (example,) = [json.loads(key) for name, key in found if name == "alike_example"]
    assert example == {"product_id": "bra", "case": case}


def test_outfits_without_any_catalogue_are_all_violations() -> None:
    """An empty products table is no reason to stumble."""
    found = entries({("tee", 1): ("jeans", "shoes")}).to_pylist()
    unknown = [row | dict.fromkeys(("in_stock", *FACTS)) | {"known": False} for row in found]
    assert _sum(pa.Table.from_pylist(unknown, schema=ENTRY_SCHEMA))["violating", "outfits"] == 1
