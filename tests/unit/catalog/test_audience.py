"""Audiences read out of names: children's wear never reaches adults, and adults keep what only sounds like it."""

import pytest

from outfit_pairing.catalog.audience import NameReader

READER = NameReader(children=["gini and jony", "doodle"], adults=["hello kids"])


@pytest.mark.parametrize(
    ("name", "said", "expected"),
    [
        ("Palm Tree Kids Boys Washed Blue Shorts", "men", "boys"),
        ("ANT Kids Check Blue Skirts", "women", "girls"),
        ("Tantra Kid's Unisex Genius Red Kidswear", "unisex", "kids"),
        ("Timberland Men Toddler Brown Casual Shoes", "men", "boys"),
        ("Kalenji Children's Red Cap", "unisex", "kids"),
        ("KXIP Boys Fangear Polo Jersey", "men", "boys"),
        ("Barbie Girls Watch", None, "girls"),
        ("Biara Blush Teenage Girl Blue Briefs", "women", "girls"),
        ("Gini and Jony Men Solid White Shorts", "men", "boys"),
        ("Doodle Boy Road Trip Grey T-shirt", "men", "boys"),
        ("Infant Girls Pink Romper", "kids", "girls"),
        ("Infant Boys White Romper", "girls", "boys"),
    ],
)
def test_a_name_that_says_child_beats_the_gender_column(name: str, said: str | None, expected: str) -> None:
    """What is made for children is offered to children."""
    assert READER.child(name, said, "top") == expected


@pytest.mark.parametrize(
    ("name", "said"),
    [
        ("Murcia Women Casual Baby Pink Handbag", "women"),
        ("Enamor Women Blue Boy-Shorts Bikini Brief", "women"),
        ("Jockey Lace Stretch Pink Boy Leg Brief", "women"),
        ("Levis Women Boyfriend Jeans", "women"),
        ("Jealous 21 Women's All Girls Dying Pink Top", "women"),
        ("Guess Women Party Girl White Watch", "women"),
        ("Chimp Men Balloon Boy Blue T-shirt", "men"),
        ("Casio Youth Series Men Digital Watch", "men"),
        ("Wild Child Tank Top", "women"),
        ("Spice Girls Tour T-Shirt", "women"),
        ("Hello Kids Slogan Tee", "women"),
        ("Baggit Women Doodle Jhuti Handbag", "women"),
        ("Enamor Women Baby Doll Nightdress", "women"),
        ("Juniors Skinny Jeans", "women"),
        ("Babyliss Kidman Top", "women"),
    ],
)
def test_a_name_that_only_sounds_like_it_changes_nothing(name: str, said: str) -> None:
    """Colours, cuts, slogans, bands and brands are not children."""
    assert READER.child(name, said, "top") is None


def test_junior_is_a_size_of_shoes_only() -> None:
    """Juniors' shoes are children's, juniors' jeans are a cut."""
    assert READER.child("Timberland Men Juniors Beige Shoes", "men", "footwear") == "boys"
    assert READER.child("Puma Unisex Speeder Jr Shoes", "unisex", "footwear") == "kids"
    assert READER.child("Proline Men Grey Short VG/PC/JR", "men", "bottom") is None


def test_make_up_called_after_girls_is_for_adults() -> None:
    """A lipstick for party girls is no toy; a children's sun cream is one for children."""
    assert READER.child("Streetwear Party Girls Lipstick", "women", "beauty") is None
    assert READER.child("Lotus Kids Sun Block Cream", "unisex", "beauty") == "kids"


@pytest.mark.parametrize(
    ("name", "expected"),
    [("Men's Oxford Shirt", "men"), ("Shirt for Ladies", "women"), ("Unisex Cap", "unisex"), ("Women and Men Tee", "unisex")],
)
def test_names_say_which_adults(name: str, expected: str) -> None:
    """A catalogue without a gender column still knows whom most products are for."""
    assert READER.adult(name) == expected
    assert READER.adult("Mango Menswear-like Blazer") is None
