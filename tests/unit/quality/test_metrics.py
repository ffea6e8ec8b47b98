"""Figures mean what their names say."""

import json
from collections import Counter
from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from outfit_pairing.quality.evidence import Cell, Evidence, OutfitGroup
from outfit_pairing.quality.gates import judge, missed
from outfit_pairing.quality.metrics import Metric, gini, measure
from outfit_pairing.quality.tallies import Tallies, tally
from outfit_pairing.settings import GateSettings
from tests.unit.quality.figures import with_the_rest
from tests.unit.quality.outfits import GUIDE, entries

TEE = Cell("men", "Apparel", "Topwear", "Tshirts", "top", True, 5, 5, 4, 2, products=60, example="1")
JEANS = replace(
    TEE, category="Bottomwear", article_type="Jeans", slot="bottom", outfits=3, from_patterns=2, shown=0, products=30, example="2"
)
GIFT = Cell("men", "Free Items", "Free Gifts", "Free Gifts", "other", True, 0, 0, 0, 0, products=7, example="3")
SWIMWEAR = Cell("men", "Apparel", "Swimwear", "Swimwear", "swimwear", True, 0, 0, 0, 0, products=3, example="4")
GROUPS = (OutfitGroup("pattern_based", "office", 300, 240_000_000), OutfitGroup("rule_based", "weekend", 100, 60_000_000))


def _measured(*cells: Cell, tallies: Tallies | None = None, rejected: int = 0) -> dict[str, Metric]:
    evidence = Evidence(cells, GROUPS, tallies or Counter({("outfits", "3"): 400}), rejected, GUIDE)
    return {metric.name: metric for metric in measure(evidence)}


def test_coverage_counts_products_that_can_have_outfits() -> None:
    """Free gifts, and swimwear without companions, lower no coverage; they are counted, each with its reason."""
    found = _measured(TEE, replace(TEE, outfits=2, products=20, example="9"), JEANS, GIFT, SWIMWEAR)
    assert found["coverage"].value == pytest.approx(90 / 110)
    assert found["coverage"].detail == "men Tshirts with 2: 20; such as 9"
    assert found["cannot_have_outfits"].value == 10
    assert found["cannot_have_outfits"].detail == "home and free items: 7, no companions in the catalogue for men swimwear: 3"


def test_from_patterns_wants_three_outfits_from_patterns() -> None:
    """A product that rules had to help is not counted as covered by patterns."""
    found = _measured(TEE, JEANS, GIFT)
    assert found["wearable"].value == 90
    assert found["from_patterns"].value == pytest.approx(60 / 90)
    assert found["some_from_patterns"].value == 1.0


def test_spread_is_about_wearable_products_in_stock() -> None:
    """What cannot be shown is not held against the spread."""
    found = _measured(TEE, JEANS, GIFT, replace(JEANS, in_stock=False, products=1000))
    assert found["catalogue_share"].value == pytest.approx(60 / 90)
    assert found["exposure_gini"].value == pytest.approx(1 / 3)


def test_the_largest_share_names_the_product() -> None:
    """Whoever sees the figure knows where to look."""
    found = _measured(TEE, replace(TEE, shown=40, products=1, example="77"), tallies=Counter({("filled", "top"): 400}))
    assert found["largest_share"].value == pytest.approx(0.1)
    assert found["largest_share"].detail == "product 77 (Tshirts) in 40 of 400 filled slots"


def test_rows_in_are_products_and_rejected() -> None:
    """No row of the catalogue is lost from the account."""
    found = _measured(TEE, rejected=40)
    assert (found["rows_in"].value, found["products"].value, found["rows_rejected"].value) == (100, 60, 40)
    assert found["rejected"].value == pytest.approx(0.4)


def test_missing_slots_are_named() -> None:
    """A catalogue without footwear is told so."""
    found = _measured(TEE, JEANS)
    assert found["missing_slots"].value == 15
    assert "footwear" in found["missing_slots"].detail
    assert "bottom" not in found["missing_slots"].detail


def test_sub_categories_are_covered_when_a_product_has_its_outfits() -> None:
    """And those without are named."""
    found = _measured(TEE, JEANS, GIFT)
    assert (found["sub_categories"].value, found["sub_categories_covered"].value) == (3, 2)
    assert found["sub_categories_covered"].detail == "without: Free Gifts"


def test_alike_outfits_are_excused_only_where_the_catalogue_has_too_few() -> None:
    """Sixty tops and thirty bottoms allow plenty of different outfits; one top does not."""
    case = {"audience": "men", "group": "clothes", "places": ["bottom", "top"], "outfits": 3}
    tallies: Tallies = Counter({("compared", "products"): 10, ("alike", json.dumps(case)): 4})
    assert _measured(TEE, JEANS, tallies=tallies)["different_outfits"].value == pytest.approx(0.6)
    excused = _measured(replace(TEE, products=1), JEANS, tallies=tallies)["different_outfits"]
    assert excused.value == 1.0
    assert "4 more have too few companions" in excused.detail


def test_violations_come_with_an_example_for_each_rule() -> None:
    """The figure leads to an outfit that can be looked up."""
    found = _measured(TEE, tallies=tally(entries({("tee", 1): ("jeans", "gone"), ("tee", 2): ("dress",)}), GUIDE))
    assert found["violations"].value == 2
    assert found["violations_rule_8"].value == 1
    assert found["violations_rule_8"].detail == "tee #1: not in the catalogue: gone"


def test_mean_score_weighs_every_outfit() -> None:
    """Not every group of outfits."""
    assert _measured(TEE)["mean_score"].value == pytest.approx(0.75)


@pytest.mark.parametrize("cells", [(), (GIFT,), (TEE, JEANS)])
def test_a_result_without_outfits_misses_its_gates(cells: tuple[Cell, ...]) -> None:
    """Nothing is published vacuously, be the catalogue empty or not."""
    bare = [replace(cell, outfits=0, from_patterns=0, occasions=0, shown=0) for cell in cells]
    gates = judge(with_the_rest(measure(Evidence(bare, (), Counter(), 0, GUIDE))), GateSettings())
    assert any(line.startswith("outfits 0, at least 1") for line in missed(gates))
    assert any(line.startswith("coverage") for line in missed(gates))


@given(st.dictionaries(st.integers(0, 50), st.integers(1, 20), min_size=1))
def test_gini_equals_the_mean_difference(histogram: dict[int, int]) -> None:
    """Half the relative mean absolute difference, the other definition of the same figure."""
    values = [value for value, count in histogram.items() for _ in range(count)]
    if not sum(values):
        assert gini(Counter(histogram)) is None
        return
    difference = sum(abs(a - b) for a in values for b in values) / len(values) ** 2
    assert gini(Counter(histogram)) == pytest.approx(difference / (2 * sum(values) / len(values)))


def test_the_share_of_each_source_is_told() -> None:
    """Also of sources without any outfit."""
    found = _measured(TEE, JEANS)
    shares = {name.removeprefix("share_"): metric.value for name, metric in found.items() if name.startswith("share_")}
    assert shares == {"lookbook_curated": 0, "lookbook_algorithmic": 0, "pattern_based": 0.75, "rule_based": 0.25}
