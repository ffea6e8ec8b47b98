"""Assembled outfits keep the hard rules, whatever the ideas ask for, and do not depend on how the catalogue was cut."""

from collections.abc import Callable
from functools import lru_cache

import numpy as np
import pandas as pd
import pyarrow as pa
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from outfit_pairing.pairing.assembly import Assembler, Outfits, _keep
from outfit_pairing.pairing.candidates import BestOfAll, BestPerQuery, as_queries
from outfit_pairing.pairing.codes import ProductCodes
from outfit_pairing.pairing.ideas import NONE
from outfit_pairing.pairing.recommend import Recommender
from outfit_pairing.storage.tables import PATTERN_RECOMMENDATIONS
from outfit_pairing.style.audience import may_mix
from tests.unit.pairing import wardrobe


@lru_cache(maxsize=8)
def ready(seed: int) -> tuple[pd.DataFrame, Assembler, ProductCodes]:
    frame = wardrobe.products()
    return frame, *wardrobe.assembler(frame, seed)


class AllIdeas:
    """Offers the same ideas to every product."""

    def __init__(self, ideas: np.ndarray) -> None:
        self.ideas = ideas

    def __call__(self, frame: pd.DataFrame, codes: ProductCodes, batch: pa.RecordBatch) -> np.ndarray:
        return np.tile(self.ideas, (len(frame), 1))


def outfits(seed: int, size: int = 100) -> list[dict]:
    """Every outfit as rows: product first, then its items."""
    frame, assembler, _ = ready(seed)
    space = wardrobe.space_of(frame, wardrobe.vectors(len(frame)), size)
    recommender = Recommender(
        AllIdeas(np.arange(12)), space, assembler, "pattern_based", ("anchor",) * 10, PATTERN_RECOMMENDATIONS.arrow_schema
    )
    rows = pa.Table.from_batches(recommender(iter(wardrobe.batches(frame, wardrobe.vectors(len(frame)), size))))
    return rows.to_pylist()


def test_products_without_ideas_are_passed_over() -> None:
    """What is nothing to wear gets no outfit, and changes nothing for the others of its batch."""
    frame, assembler, _ = ready(0)
    rows = wardrobe.vectors(len(frame))
    space = wardrobe.space_of(frame, rows)

    def made(choose: Callable[..., np.ndarray]) -> list[dict]:
        recommender = Recommender(choose, space, assembler, "pattern_based", ("anchor",) * 10, PATTERN_RECOMMENDATIONS.arrow_schema)
        return [row for batch in recommender(iter(wardrobe.batches(frame, rows, 100))) for row in batch.to_pylist()]

    def every_second(part: pd.DataFrame, *_: object) -> np.ndarray:
        ideas = np.tile(np.arange(12), (len(part), 1))
        ideas[::2] = NONE
        return ideas

    with_ideas = {one for start in range(0, len(frame), 100) for one in frame["product_id"][start : start + 100][1::2]}
    assert made(every_second) == [row for row in made(AllIdeas(np.arange(12))) if row["product_id"] in with_ideas]
    assert made(lambda part, *_: np.full((len(part), 12), NONE)) == []


def test_a_catalogue_that_nothing_is_asked_of_has_no_candidates() -> None:
    """When patterns reach every product, the rules have nothing to ask for."""
    frame = wardrobe.products(50)
    tables = wardrobe.tables_of(frame)
    rows = wardrobe.vectors(len(frame))
    nothing = as_queries([], [], np.zeros((0, rows.shape[1])), tables)
    [found] = BestPerQuery(nothing, tables, 4)(iter(wardrobe.batches(frame, rows, 50)))
    assert found.num_rows == 0


@pytest.mark.parametrize("seed", range(4))
def test_hard_rules_hold_whatever_is_asked_for(seed: int) -> None:
    """No outfit mixes audiences, repeats a product or a slot, breaks a structure, or offers what is not in stock."""
    frame = ready(seed)[0].set_index("product_id")
    found = outfits(seed)
    assert found
    for outfit in found:
        ids = [outfit["product_id"], *(item["product_id"] for item in outfit["items"])]
        entries = frame.loc[ids]
        slots = entries["slot"].tolist()
        assert len(set(ids)) == len(ids)
        assert 2 <= len(ids) - 1 <= 4
        assert entries["in_stock"].iloc[1:].all()
        assert all(may_mix(a, b) for a in entries["audience"] for b in entries["audience"])
        clothes = [slot for slot in slots if slot not in {"jewellery", "innerwear", "beauty"}]
        assert len(set(clothes)) == len(clothes)
        assert slots.count("jewellery") <= 2
        assert len(set(entries["article_type"])) == len(ids)
        own = {slot for slot in slots if slot in {"innerwear", "beauty"}}
        assert not own or len(set(slots)) == 1
        assert not ("one_piece" in slots and {"top", "bottom"} & set(slots))
        assert len(ids) < 3 or ("top" in slots) == ("bottom" in slots)
        assert "belt" not in slots or {"bottom", "one_piece"} & set(slots)
        assert "Socks" not in set(entries["article_type"]) or "footwear" in slots
        assert "Ties" not in set(entries["article_type"]) or "Shirts" in set(entries["article_type"])
        assert "Free Gifts" not in set(entries["article_type"])
        ethnic = entries["usage"] == "ethnic"
        assert not (ethnic.any() and entries["name"].str.contains("Puma")[~ethnic].any())


@pytest.mark.parametrize("size", [7, 250, 600])
def test_any_partitioning_gives_the_same_outfits(size: int) -> None:
    """Pairing does not depend on how Spark cuts the catalogue, to the last bit."""
    assert outfits(1, size) == outfits(1, 100)


@settings(max_examples=15, deadline=None)
@given(st.integers(1, 6), st.integers(0, 2**16))
def test_candidates_do_not_depend_on_partitions_or_order(parts: int, seed: int) -> None:
    """The best candidates over any split and order of the catalogue are those of the whole."""
    frame, assembler, _ = ready(2)
    rows, queries = wardrobe.vectors(len(frame)), assembler.ideas.queries
    texts = sorted({query.text for query in queries})
    kernel = BestPerQuery(as_queries(queries, texts, wardrobe.vectors(len(texts), 5), assembler.tables), assembler.tables, 8)
    order = np.random.default_rng(seed).permutation(len(frame))
    found = [
        batch for part in np.array_split(order, parts) for batch in kernel(iter(wardrobe.batches(frame.iloc[part], rows[part], 64)))
    ]
    whole = next(iter(kernel(iter(wardrobe.batches(frame, rows, 600)))))
    [merged] = BestOfAll(len(queries), 8)(found)
    assert merged.equals(whole)


def test_outfits_of_a_product_differ_in_two_items() -> None:
    """Pairwise, two outfits of one product share all but two items at most."""
    by_product: dict[str, list[set[str]]] = {}
    for outfit in outfits(3):
        by_product.setdefault(outfit["product_id"], []).append({item["product_id"] for item in outfit["items"]})
    assert any(len(sets) > 1 for sets in by_product.values())
    for sets in by_product.values():
        for left in range(len(sets)):
            for right in range(left):
                smaller = min(len(sets[left]), len(sets[right]))
                assert len(sets[left] & sets[right]) <= smaller - 2


def test_every_item_says_why() -> None:
    """Each item carries at least one reason, and its score lies between 0 and 1."""
    for outfit in outfits(0):
        for item in outfit["items"]:
            assert item["reasons"]
            assert all(reason.strip() for reason in item["reasons"])
            assert 0 <= item["score"] <= 1
        assert [outfit["rank"], outfit["source"]] == [outfit["rank"], "pattern_based"]


def test_of_two_that_do_the_same_job_the_other_kind_is_taken() -> None:
    """A nightdress gets a robe, not a second nightdress, though both are asked for and sold."""
    frame = wardrobe.products(900)
    frame = frame[frame["slot"] == "sleepwear"].assign(audience="women", in_stock=True).reset_index(drop=True)
    assembler, codes = wardrobe.assembler_of(frame, ("sleepwear", "Baby Dolls", "Bath Robe"), ("sleepwear", "Lounge Pants"))
    ids = frame["product_id"].to_numpy(dtype=object)
    found = assembler.assemble(ids, codes, np.zeros((len(frame), 1), dtype=np.int64))
    kind = frame.set_index("product_id")["article_type"]
    nightdresses = np.flatnonzero((frame["article_type"] == "Nightdress") & (found.idea[:, 0] != NONE))
    assert len(nightdresses) > 5
    assert {kind[assembler.pools.product_id[pick]] for pick in found.picks[nightdresses, 0, 0]} == {"Bath Robe"}


def test_ideas_for_which_the_catalogue_has_nothing_give_no_outfit() -> None:
    """Not one candidate for any item."""
    frame = wardrobe.products(60).assign(in_stock=False)
    assembler, codes = wardrobe.assembler_of(frame, ("top", "Tshirts"), ("bottom", "Jeans"))
    assert not len(assembler.pools.product_id)
    found = assembler.assemble(frame["product_id"].to_numpy(dtype=object), codes, np.zeros((len(frame), 1), dtype=np.int64))
    assert found.idea.shape == (60, 5)
    assert (found.idea == NONE).all()


def test_a_product_without_ideas_gets_no_outfit() -> None:
    """NONE-padded ideas leave no row behind."""
    frame, assembler, codes = ready(0)
    ideas = np.full((len(frame), 3), NONE)
    found = assembler.assemble(frame["product_id"].to_numpy(dtype=object), codes, ideas)
    assert (found.idea == NONE).all()


@given(st.lists(st.booleans(), min_size=6, max_size=6), st.booleans())
def test_what_few_products_have_is_offered_only_where_there_is_too_little_else(scarce: list[bool], last_resort: bool) -> None:
    """With three or more other outfits nothing scarce is kept; with fewer, scarce ones fill up to three and no further."""
    tries = len(scarce)
    picks = np.arange(2 * tries).reshape(1, tries, 2)
    found = Outfits(
        np.zeros((1, tries), dtype=np.int64), picks, np.ones((1, tries, 2), np.float32), np.ones((1, tries), np.float32)
    )
    worth = np.linspace(0.9, 0.4, tries, dtype=np.float32)[None, :]
    kept = _keep(found, worth, np.array([scarce]), np.zeros(1, dtype=np.int64), 5, last_resort=last_resort)
    chosen = [int(first) // 2 for first in kept.picks[0, :, 0] if first != NONE]
    plenty = scarce.count(False)
    assert len(chosen) == (min(5, plenty) if plenty >= 3 else 3)
    assert plenty < 3 or not any(scarce[number] for number in chosen)


def test_what_few_products_have_does_not_take_the_place_of_three_that_differ() -> None:
    """Nor of two, where it would leave itself alone."""
    picks = np.array([[[1, 2], [1, 4], [2, 6], [7, 8], [9, 10]], [[1, 2], [1, 4], [2, 6], [1, 1], [2, 2]]])
    worth = np.array([[0.9, 0.6, 0.5, 0.4, 0.95], [0.9, 0.6, 0.5, -9.0, -9.0]], dtype=np.float32)
    scarce = np.array([[False, False, False, False, True], [True, False, False, False, False]])
    found = Outfits(np.zeros((2, 5), dtype=np.int64), picks, np.ones((2, 5, 2), np.float32), worth)
    kept = _keep(found, worth, scarce, np.zeros(1, dtype=np.int64), 5, last_resort=False)
    assert kept.picks[:, :, 1].tolist() == [[4, 6, 8, NONE, NONE], [4, 6, NONE, NONE, NONE]]


@pytest.mark.parametrize("last_resort", [False, True])
def test_the_worthiest_outfit_does_not_stand_in_the_way_of_three(last_resort: bool) -> None:
    """Where it shares an item with each of three that differ, these are kept, worthiest first."""
    picks = np.array([[[1, 2], [1, 4], [2, 6], [7, 8], [9, 9]]])
    worth = np.array([[0.9, 0.5, 0.6, 0.4, -9.0]], dtype=np.float32)
    found = Outfits(np.zeros((1, 5), dtype=np.int64), picks, np.ones((1, 5, 2), np.float32), worth)
    kept = _keep(found, worth, np.zeros((1, 5), dtype=bool), np.zeros(1, dtype=np.int64), 5, last_resort=last_resort)
    assert kept.picks[0, :, 0].tolist() == [2, 1, 7, NONE, NONE]
