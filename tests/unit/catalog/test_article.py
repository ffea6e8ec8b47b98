"""Rough and noisy types of a shop still lead to the right place in an outfit."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from outfit_pairing.catalog.article import ArticleReader, Way
from outfit_pairing.catalog.learned import Learned, Placed
from outfit_pairing.style import SLOTS, load_style_guide

GUIDE = load_style_guide()
READER = ArticleReader(GUIDE)


@pytest.mark.parametrize(
    ("article_type", "name", "slot", "known"),
    [
        ("Accessories", "Luna Hoop Earrings", "jewellery", "earrings"),
        ("Accessories", "Marlow Leather Belt", "belt", "leather belt"),
        ("Accessories", "Marlow", "other", "accessory"),
        ("Knitwear", "Merino cardigan", "outerwear", "cardigan"),
        ("Knitwear", "Chunky Marlow", "top", "sweater"),
        ("Jersey Tops", "The Everyday Tee", "top", "t-shirt"),
        ("Bottoms - Denim", "The Straight", "bottom", "jeans"),
        ("Footwear", "Nova Chelsea Boots", "footwear", "chelsea boots"),
        ("Women's Shoes", "Nova", "footwear", "casual shoes"),
        ("Garment Lower body", "Nova wide leg jeans", "bottom", "wide-leg jeans"),
        ("Outer Layer", "Quilted Gilet", "outerwear", "gilet"),
        ("Accessories > Fine Jewellery", "Luna pendant", "jewellery", "pendant"),
        ("Hats & Scarves", "Rib Beanie", "headwear", "beanie"),
        ("Hats & Scarves", "Silk Square Scarf", "scarf_or_tie", "silk scarf"),
        ("Clothing > Dresses > New", "Luna", "one_piece", "dress"),
        ("Bag", "Yoga mat strap", "bag", "bag"),
        ("Skinny Jeans", "The Belted Dress", "bottom", "skinny jeans"),
    ],
)
def test_a_rough_type_is_refined_by_a_name_that_fits(article_type: str, name: str, slot: str, known: str) -> None:
    """The name says more where it names something that the type can be, and nothing where the type is exact."""
    found = READER.article(article_type, None, name)
    assert (found.slot, found.known and found.known.name) == (slot, known)
    assert not found.unknown_word


@given(st.sampled_from(sorted(GUIDE.coarse_words.by_key.values(), key=lambda one: one.name)), st.sampled_from(GUIDE.article_types))
def test_a_rough_type_is_never_left_for_a_slot_that_it_excludes(coarse, named) -> None:  # type: ignore[no-untyped-def]
    """Whatever the name says, "Footwear" stays footwear."""
    found = READER.article(coarse.name, None, f"Marlow {named.name}")
    assert found.slot in coarse.slots or (coarse.article_type is None and found.slot == "other")
    assert found.slot in SLOTS
    assert 0 <= found.confidence <= 1


def test_description_and_tags_are_the_last_resort() -> None:
    """Their first words are read when type, category and name say nothing; what follows is about other things."""
    found = READER.article(None, None, "Marlow 9000", ["A relaxed linen shirt. Wear it with jeans.", "summer"])
    assert (found.slot, found.way, found.confidence) == ("top", Way.TEXT, 0.4)
    assert READER.article(None, None, "Marlow 9000", ["So soft. Goes with jeans."]).slot == "other"


def test_a_word_that_resembles_a_known_one_is_placed_after_the_name() -> None:
    """What was learned of an unknown word counts where the name says nothing."""
    of = ArticleReader(GUIDE, Learned(article_types={"arm candy": Placed("bracelet", 0.59, "jewellery", "armlet")}))
    found = of.article("Arm Candy", None, "Luna")
    assert (found.slot, found.way, found.confidence, found.unknown_word) == ("jewellery", Way.RESEMBLANCE, 0.59, True)
    assert of.article("Arm Candy", None, "Luna ring").known is GUIDE.article_type("ring")
