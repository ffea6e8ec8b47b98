"""Looks are shown as given as far as the hard rules allow, and carried over without breaking one."""

from typing import Any

import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from outfit_pairing.pairing.look_faults import faults_of, without_forbidden
from outfit_pairing.pairing.look_outfits import CARRIED, CURATED
from outfit_pairing.pairing.looks import Look
from outfit_pairing.pairing.near_identical import POINTS, SAME_NAME
from outfit_pairing.quality.audit import audit
from tests.unit.pairing import rail
from tests.unit.pairing.wardrobe import GUIDE
from tests.unit.quality.outfits import entries, thing

SHOP = {
    "tee": thing("Tshirts", colour="white"),
    "tee-green": thing("Tshirts", colour="green"),
    "tee-red": thing("Tshirts", colour="red"),
    "shirt": thing("Shirts", colour="white"),
    "sweater": thing("Sweaters", colour="grey"),
    "jeans": thing("Jeans", colour="navy blue"),
    "jeans-black": thing("Jeans", colour="black"),
    "sold out jeans": thing("Jeans", colour="black", in_stock=False),
    "shoes": thing("Casual Shoes", colour="brown"),
    "shoes-green": thing("Casual Shoes", colour="green"),
    "watch": thing("Watches", audience="unisex"),
    "cap": thing("Caps"),
    "sunglasses": thing("Sunglasses", audience="unisex"),
    "jacket": thing("Jackets"),
    "heels": thing("Heels", audience="women"),
    "cushion": thing("Cushion Covers", audience="unisex", usage="home"),
    "bra": thing("Bra", audience="women"),
    "belt": thing("Belts", colour="brown"),
}
FRAME = pd.DataFrame(
    [
        {"product_id": key, "name": f"the {key}", "brand": None, "season": None, "price_tier": None, **facts}
        for key, facts in SHOP.items()
    ]
).sort_values("product_id", ignore_index=True)


def made(*looks: Look | tuple[str, ...], dropped: bool = False, **other: Any) -> list[dict[str, Any]]:
    """Outfits of all products of SHOP from looks, given as such or as items alone; no near-identical ones but those said."""
    given = tuple(one if isinstance(one, Look) else Look(line, f"look {line}", one) for line, one in enumerate(looks, 1))
    return rail.rows(rail.kernel(FRAME, given, **({"near": {}, "substitutes": {}} | other)), FRAME, dropped=dropped)


def test_every_product_of_a_look_gets_the_other_items_as_given() -> None:
    """In the stylist's order, with base confidence 1.0, the look's words and reasons for each item."""
    look = Look(1, "77", ("shoes", "tee", "jeans", "watch"), "Saturday", "weekend")
    found = made(look)
    assert rail.shown(found, "jeans") == [["shoes", "tee", "watch"]]
    assert {row["product_id"] for row in found} == set(look.items)
    assert {(row["source"], row["rank"], row["pattern_id"], row["pattern_name"], row["occasion"]) for row in found} == {
        (CURATED, 1, "look-77", "Saturday", "weekend")
    }
    assert all(0.6 < row["score"] <= row["confidence"] <= 1 for row in found)
    assert all(item["reasons"][0] == "from the stylists' look “Saturday”" for row in found for item in row["items"])
    assert {item["product_id"]: item["slot"] for row in found for item in row["items"]} == {
        one: SHOP[one]["slot"] for one in look.items
    }


def test_a_look_of_two_is_shown_as_a_pair() -> None:
    """The stylist meant just these."""
    assert rail.shown(made(("tee", "jeans")), "tee") == [["jeans"]]


def test_layers_are_shown_one_at_a_time() -> None:
    """A shirt under a sweater: each has its own page; elsewhere the one named first is shown."""
    found = made(("sweater", "shirt", "jeans", "shoes"))
    assert rail.shown(found, "shirt") == [["jeans", "shoes"]]
    assert rail.shown(found, "sweater") == [["jeans", "shoes"]]
    assert rail.shown(found, "jeans") == [["sweater", "shoes"]]
    assert {row["left_out"] for row in found} == {1}


def test_of_a_large_look_garments_come_before_accessories() -> None:
    """Four items beside the product, in the order given."""
    found = made(("cap", "sunglasses", "watch", "belt", "tee", "jeans", "shoes", "jacket"))
    assert rail.shown(found, "cap") == [["tee", "jeans", "shoes", "jacket"]]
    assert rail.shown(found, "jeans") == [["cap", "tee", "shoes", "jacket"]]


def test_a_look_that_breaks_in_pieces_is_dropped_and_told() -> None:
    """A top without a bottom beside two things is no outfit."""
    assert made(("tee", "shoes", "watch")) == []
    assert {row["product_id"] for row in made(("tee", "shoes", "watch"), dropped=True)} == {"tee", "shoes", "watch"}


def test_items_out_of_stock_or_gone_are_left_out_but_keep_their_page() -> None:
    """What remains is shown; the sold-out product's own page shows the look."""
    found = made(("tee", "sold out jeans", "shoes", "watch", "gone"))
    assert rail.shown(found, "sold out jeans") == [["tee", "shoes", "watch"]]
    assert rail.shown(found, "watch") == []  # a tee without a bottom
    assert rail.shown(made(("jacket", "shoes", "watch", "gone")), "watch") == [["jacket", "shoes"]]


def test_what_is_out_of_stock_is_replaced_in_carried_looks() -> None:
    """By the nearest that is no item of the look; the reason says so, and whose look it is."""
    look = ("tee", "sold out jeans", "shoes")
    given = {"near": {"tee-red": [("tee", SAME_NAME)]}, "substitutes": {"sold out jeans": ["jeans-black", "jeans"]}}
    found = [row for row in made(look, **given) if row["product_id"] == "tee-red"]
    assert rail.shown(found, "tee-red") == [["jeans-black", "shoes"]]
    assert (found[0]["source"], found[0]["replaced"], found[0]["anchor_product_id"]) == (CARRIED, 1, "tee")
    assert found[0]["confidence"] < 0.8
    reasons = {item["product_id"]: item["reasons"] for item in found[0]["items"]}
    assert reasons["jeans-black"][:2] == [
        "from the stylists' look “look look 1”, made for “the tee”",
        "in place of “the sold out jeans”, which is out of stock",
    ]


def test_a_look_that_lacks_an_item_is_mended_for_its_own_products() -> None:
    """Where what remains is no outfit, a near-identical product stands in, and the source says that it does."""
    found = made(("tee", "sold out jeans", "shoes"), substitutes={"sold out jeans": ["jeans"]})
    assert rail.shown(found, "shoes") == [["tee", "jeans"]]
    assert [row["source"] for row in found if row["product_id"] == "shoes"] == [CARRIED]


def test_a_carried_look_leaves_out_what_clashes_with_the_new_colour() -> None:
    """Red is not shown with green shoes; the rest of the look stays."""
    near = {"tee-red": [("tee", POINTS - 20_000)], "tee-green": [("tee", POINTS - 20_000)]}
    found = made(("tee", "jeans", "shoes-green", "watch"), near=near)
    assert rail.shown(found, "tee") == [["jeans", "shoes-green", "watch"]]
    assert rail.shown(found, "tee-red") == [["jeans", "watch"]]


def test_a_carried_look_that_scores_too_little_is_not_offered() -> None:
    """`outfits.min_score` holds for what nobody looked at; the look itself stays."""
    near = {"tee-green": [("tee", SAME_NAME)]}
    found = made(("tee", "jeans", "shoes"), near=near, least_score=1.0)
    assert rail.shown(found, "tee-green") == []
    assert rail.shown(found, "tee") == [["jeans", "shoes"]]


def test_looks_for_another_season_come_last() -> None:
    """The same items' worth of trust, less for the wrong season."""
    frame = FRAME.assign(season="summer")
    looks = (Look(1, "a", ("tee", "jeans", "shoes"), season="winter"), Look(2, "b", ("tee", "jeans-black", "cap"), season="summer"))
    found = rail.rows(rail.kernel(frame, looks, near={}, substitutes={}), frame)
    assert rail.shown(found, "tee") == [["jeans-black", "cap"], ["jeans", "shoes"]]


def test_equal_looks_are_shown_once_and_carried_ones_must_differ() -> None:
    """Curated ones all stay; of carried ones those that differ in two items."""
    one, two = ("tee", "jeans", "shoes"), ("tee", "jeans-black", "cap")
    found = made(one, one[::-1], (*one, "watch"), two, near={"tee-green": [("tee", SAME_NAME)]})
    assert len(rail.shown(found, "tee")) == 3
    carried = rail.shown(found, "tee-green")
    assert len(carried) == 2
    assert {"jeans-black", "cap"} in map(set, carried)


def test_faults_name_line_look_item_and_reason() -> None:
    """Gone, out of stock, nothing to wear, the wrong audience, the wrong kind."""
    looks = [
        Look(1, "a", ("tee", "jeans", "heels", "shoes")),
        Look(4, "b", ("tee", "gone", "sold out jeans", "cushion")),
        Look(5, "c", ("heels", "bra")),
    ]
    found = faults_of(looks, SHOP, GUIDE)
    assert [str(fault) for fault in found] == [
        "line 1, a: heels cannot go with tee: hard rule 2, men and women do not mix",
        "line 4, b: gone is not in the catalogue",
        "line 4, b: sold out jeans is out of stock",
        "line 4, b: cushion breaks hard rule 9: cushion cover is nothing to wear",
        "line 5, c: bra cannot go with heels: hard rule 5, innerwear goes only with innerwear",
    ]
    assert [look.items for look in without_forbidden(looks, found)] == [
        ("tee", "jeans", "shoes"),
        ("tee", "gone", "sold out jeans"),
    ]


@settings(max_examples=25)
@given(st.integers(0, 10_000))
def test_no_outfit_from_a_look_breaks_a_hard_rule(seed: int) -> None:
    """Whatever the looks hold and whoever they are carried to: the audit, which shares no code with pairing, finds nothing."""
    frame = rail.shop(seed=seed % 7)
    found = rail.rows(rail.kernel(frame, rail.some_looks(frame, seed)), frame)
    facts = {row["product_id"]: {**row, "category": row["article_type"]} for row in frame.to_dict("records")}
    shop = {key: {name: row[name] for name in (*SHOP["tee"],)} for key, row in facts.items()}
    outfits = {(row["product_id"], row["rank"]): [item["product_id"] for item in row["items"]] for row in found}
    assert len(outfits) == len(found)
    broken = audit(entries(outfits, shop), GUIDE)
    assert broken.empty, broken.to_string()


@pytest.mark.parametrize("seed", [1, 2])
def test_any_order_and_cut_of_rows_gives_the_same_outfits(seed: int) -> None:
    """To the last bit."""
    frame = rail.shop()
    kernel = rail.kernel(frame, rail.some_looks(frame, seed))
    first = rail.rows(kernel, frame)
    assert {row["source"] for row in first} == {CURATED, CARRIED}
    shuffled = frame.iloc[np.random.default_rng(seed).permutation(len(frame))].reset_index(drop=True)
    assert rail.rows(kernel, shuffled, size=17) == first
