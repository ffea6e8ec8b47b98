"""Which item a name tells of: the same in other colours, prints and sizes, another with other words."""

import pytest

from outfit_pairing.style import load_style_guide
from outfit_pairing.style.item_names import item_names

NAMES = item_names(load_style_guide())


@pytest.mark.parametrize(
    ("one", "other", "article_type", "brand"),
    [
        ("Puma Men Calcetto Black Casual Shoes", "Puma Men Calcetto White Casual Shoes", "Casual Shoes", None),
        ("Acme Women Navy Blue Boxy Shirt", "Acme Women Dark Teal Checked Boxy Shirts", "Shirts", "Acme"),
        ("Acme Boxy Shirt, XL - Rose Gold", "Acme Women's Boxy Floral Shirt S", "Shirts", "Acme"),
        ("Slim 501 Striped Denim Jeans", "501 Slim Jeans", "Jeans", "Acme"),
    ],
)
def test_colour_print_size_and_audience_make_no_other_item(one: str, other: str, article_type: str, brand: str | None) -> None:
    """What is left of the names is the same, and it is something."""
    assert NAMES.of(one, article_type, brand) == NAMES.of(other, article_type, brand) is not None


@pytest.mark.parametrize(
    ("one", "other", "article_type"),
    [
        ("Levi's Men's 501 Blue Jeans", "Levi's Men's 511 Blue Jeans", "Jeans"),
        ("Puma Men Calcetto Black Casual Shoes", "Puma Men Ferrari Black Casual Shoes", "Casual Shoes"),
        ("Puma Men Calcetto Black Casual Shoes", "Fila Men Calcetto Black Casual Shoes", "Casual Shoes"),
    ],
)
def test_another_model_or_maker_is_another_item(one: str, other: str, article_type: str) -> None:
    """A number, a model's name and the maker count."""
    assert NAMES.of(one, article_type) != NAMES.of(other, article_type)


@pytest.mark.parametrize(
    ("name", "article_type", "brand"),
    [
        ("Puma Men Black T-shirt", "Tshirts", None),
        ("Peter England Men Party Blue Jeans", "Jeans", None),
        ("Genesis White Formal Shirt", "Shirts", None),
        ("Acme Red Shirt", "Shirts", "Acme"),
        ("", None, None),
    ],
)
def test_a_name_that_tells_maker_type_and_colour_only_names_no_item(name: str, article_type: str | None, brand: str | None) -> None:
    """Two black T-shirts of one maker are not one T-shirt."""
    assert NAMES.of(name, article_type, brand) is None
