"""The audit finds every broken rule, and nothing else."""

from collections.abc import Sequence
from random import Random

import pyarrow as pa
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from outfit_pairing.quality.audit import RULES, audit
from outfit_pairing.quality.entries import ENTRY_SCHEMA
from tests.unit.quality.outfits import GUIDE, SHOP, VALID, entries, outfit

# What breaks which rule, and the part of the message that says how.
BROKEN: list[tuple[int, str, Sequence[str]]] = [
    (1, "offered with itself", ("tee", "tee", "jeans")),
    (1, "twice", ("shoes", "tee", "jeans", "watch", "watch")),
    (2, "women with men", ("dress", "shoes")),
    (2, "women with men", ("watch", "dress", "shoes")),
    (2, "girls with boys", ("girls' tee", "boys' jeans", "kids' shoes")),
    (2, "women/men/unisex with girls/boys/kids", ("tee", "jeans", "kids' shoes")),
    (2, "women/men/unisex with girls/boys/kids", ("girls' tee", "girls' jeans", "watch")),
    (3, "one slot taken twice", ("tee", "jeans", "shoes", "formal shoes")),
    (3, "one slot taken twice", ("tee", "jeans", "tee2")),
    (3, "one slot taken twice", ("socks", "wallet", "tee", "jeans", "shoes")),
    (3, "two of one article type", ("dress", "heels", "bracelet", "bracelet2")),
    (3, "more than two pieces of jewellery", ("tee", "jeans", "bracelet", "ring", "chain")),
    (3, "two of one article type", ("bra", "bra2", "panties")),
    (3, "two of one article type", ("lipstick", "lipstick2", "perfume")),
    (4, "a one_piece with a top or a bottom", ("dress", "skirt", "heels")),
    (4, "a one_piece with a top or a bottom", ("formal shirt", "suit")),
    (4, "a top without a bottom", ("watch", "tee", "shoes")),
    (4, "a top without a bottom", ("tee", "shoes", "watch")),
    (4, "a bottom without a top", ("jeans", "shoes", "watch")),
    (4, "a bottom without a top", ("blazer", "chinos", "shoes")),
    (5, "innerwear with another kind", ("bra", "skirt")),
    (5, "innerwear with another kind", ("dress", "bra", "heels")),
    (5, "sleepwear with another kind", ("nightdress", "bra")),
    (5, "swimwear with another kind", ("bikini", "handbag")),
    (5, "does not go with sports wear", ("sports tee", "jeans", "sports shoes")),
    (5, "does not go with sports wear", ("sports tee", "track pants", "shoes")),
    (5, "does not go with sports wear", ("sports shoes", "tee", "track pants", "formal watch")),
    (5, "does not go with sports wear", ("watch", "tee", "jeans", "sports shoes")),
    (6, "does not go with formal wear", ("formal shirt", "formal trousers", "flip-flops")),
    (6, "does not go with formal wear", ("blazer", "tee", "jeans", "flip-flops")),
    (6, "does not go with formal wear", ("blazer", "tee", "jeans", "plain runners")),
    (6, "does not go with formal wear", ("suit", "sports shoes")),
    (6, "does not go with formal wear", ("formal shirt", "formal trousers", "formal runners")),
    (6, "does not go with formal wear", ("formal shirt", "track pants", "watch")),
    (6, "does not go with ethnic wear", ("kurta", "cargos", "mojari")),
    (6, "does not go with ethnic wear", ("kurta", "churidar", "plain runners")),
    (6, "does not go with ethnic wear", ("cap", "kurta", "churidar")),
    (7, "a belt without a bottom", ("belt", "shoes")),
    (7, "a belt without a bottom", ("shoes", "belt", "watch")),
    (7, "socks or stockings without footwear", ("socks", "tee", "jeans")),
    (7, "a tie without a shirt", ("tie", "tee", "formal trousers")),
    (7, "a tie without a shirt", ("suit", "tie", "formal shoes")),
    (8, "out of stock", ("tee", "sold out jeans", "shoes")),
    (8, "not in the catalogue", ("tee", "jeans", "gone")),
    (8, "not in the catalogue", ("gone", "tee", "jeans")),
    (8, "more than two of one colour", ("red tee", "red trousers", "red shoes")),
    (9, "beauty and other things", ("dress", "heels", "lipstick")),
    (9, "beauty and other things", ("lipstick", "nail polish", "handbag")),
    (9, "a home or free item", ("tee", "jeans", "cushion")),
    (9, "a home or free item", ("tee", "jeans", "free wallet")),
    (9, "equipment", ("sports tee", "track pants", "sports shoes", "football")),
]


@pytest.mark.parametrize("name", VALID)
def test_good_outfits_break_no_rule(name: str) -> None:
    """What a stylist would stand behind is not reported."""
    assert audit(outfit(VALID[name]), GUIDE).to_dict("records") == []


@pytest.mark.parametrize(("rule", "what", "products"), BROKEN, ids=lambda value: value if isinstance(value, str) else None)
def test_each_broken_rule_is_reported_with_how(rule: int, what: str, products: Sequence[str]) -> None:
    """The violation names the rule, the outfit and the way it is broken."""
    found = audit(outfit(products), GUIDE)
    match = found[(found["rule"] == rule) & found["what"].str.contains(what, regex=False)]
    assert match[["product_id", "rank"]].values.tolist() == [[products[0], 1]]


def test_every_rule_has_a_broken_outfit_here() -> None:
    """No rule goes untested."""
    assert {rule for rule, _, _ in BROKEN} == set(RULES) == set(range(1, 10))


def test_the_culprits_are_named() -> None:
    """Whoever reads a violation sees which items to look at."""
    found = audit(outfit(("tee", "sold out jeans", "shoes")), GUIDE)
    assert found["what"].tolist() == ["out of stock: sold out jeans"]


def test_two_outfits_with_the_same_items_are_one_too_many() -> None:
    """The order of the items makes no other outfit; the better rank is not blamed."""
    found = audit(entries({("tee", 1): ("jeans", "shoes"), ("tee", 2): ("jeans", "watch"), ("tee", 3): ("shoes", "jeans")}), GUIDE)
    assert found[["rule", "rank"]].values.tolist() == [[1, 3]]


def test_two_products_may_have_the_same_items() -> None:
    """Only the outfits of one product must differ."""
    assert audit(entries({("tee", 1): ("jeans", "shoes"), ("tee2", 1): ("jeans", "shoes")}), GUIDE).empty


def test_an_item_listed_in_a_wrong_slot_is_reported() -> None:
    """Naming another slot does not hide that one is taken twice."""
    table = outfit(("tee", "jeans", "shoes")).to_pylist()
    table[2]["listed_slot"] = "bag"
    found = audit(pa.Table.from_pylist(table, schema=ENTRY_SCHEMA), GUIDE)
    assert found["rule"].tolist() == [3]


def test_clashing_colours_are_reported() -> None:
    """A pair on the style guide's clash list breaks rule 8, wherever in the outfit it is."""
    shop = {**SHOP, "blue jeans": {**SHOP["jeans"], "colour": "royal blue"}, "loud tee": {**SHOP["tee"], "colour": "bright red"}}
    found = audit(outfit(("watch", "loud tee", "blue jeans"), shop), GUIDE)
    assert found[["rule", "what"]].values.tolist() == [[8, "colours clash: loud tee, blue jeans"]]


def test_no_outfits_give_no_violations() -> None:
    """An empty table is no error here; the gates see to it."""
    assert audit(entries({}), GUIDE).empty


def _mutations() -> dict[int, tuple[str, ...]]:
    """Per rule, items that spoil a man's casual outfit when they are added to it."""
    return {
        1: ("tee", "watch"),
        2: ("handbag", "kids' shoes", "boys' jeans"),
        3: ("tee2", "chinos", "formal shoes"),
        4: ("suit",),
        5: ("bra", "nightdress", "bikini", "sports shoes", "track pants"),
        6: ("kurta",),
        7: ("tie",),
        8: ("sold out jeans", "gone"),
        9: ("lipstick", "cushion", "free wallet", "football"),
    }


@settings(max_examples=40, deadline=None)
@given(st.data(), st.sampled_from(sorted(RULES)))
def test_a_good_outfit_broken_in_one_way_is_always_caught(data: st.DataObject, rule: int) -> None:
    """Whatever is put in, wherever, and whatever other good outfits stand beside it."""
    spoiler = data.draw(st.sampled_from(_mutations()[rule]))
    spoilt = list(VALID["a casual look"][1:])
    spoilt.insert(data.draw(st.integers(0, len(spoilt))), spoiler)
    others = data.draw(st.lists(st.sampled_from(sorted(VALID)), unique=True))
    table = {(VALID[name][0], number + 2): VALID[name][1:] for number, name in enumerate(others)}
    found = audit(entries({("tee", 1): spoilt, **table}), GUIDE)
    assert rule in set(found["rule"])
    assert set(found["rank"]) <= {1, *_equal_sets(table, spoilt)}


def _equal_sets(table: dict[tuple[str, int], Sequence[str]], spoilt: Sequence[str]) -> set[int]:
    """Ranks of outfits of the same product with the same items as the spoilt one, which rule 1 reports too."""
    return {rank for (product, rank), items in table.items() if product == "tee" and set(items) == set(spoilt)}


@settings(max_examples=20, deadline=None)
@given(st.randoms(use_true_random=False))
def test_the_order_of_rows_does_not_matter(random: Random) -> None:
    """Spark hands rows over in any order."""
    table = entries({(products[0], rank): products[1:] for rank, (_, _, products) in enumerate(BROKEN)})
    rows = table.to_pylist()
    random.shuffle(rows)
    assert audit(pa.Table.from_pylist(rows, schema=ENTRY_SCHEMA), GUIDE).equals(audit(table, GUIDE))
