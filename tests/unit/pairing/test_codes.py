"""Products as numbers, and the tables between these."""

from outfit_pairing.pairing.codes import style_tables
from outfit_pairing.style import load_style_guide

WORN = [("Shirts", "top", "casual", "Apparel"), ("Jeans", "bottom", "casual", "Apparel")]
THINGS = [(f"gadget {number}", "other", None, "Electronics") for number in range(300)]


def test_words_for_what_is_nothing_to_wear_share_one_row_of_the_tables() -> None:
    """A marketplace has any number of them, and the tables are as wide as there are traits."""
    few, many = (style_tables(kinds, ["red"], load_style_guide()) for kinds in (WORN, [*WORN, *THINGS]))
    assert (len(few.offered), len(many.offered)) == (2, 3)
    (thing,) = {many.trait_codes[one] for one in THINGS}
    assert not many.offered[thing]
    assert not many.allowed[thing].any()
    shirt, jeans = (many.trait_codes[one] for one in WORN)
    assert many.allowed[shirt, jeans]


def test_lots_are_drawn_as_if_all_words_had_rows() -> None:
    """So that the tables can be kept narrow without other outfits."""
    tables = style_tables([*WORN, *THINGS], [], load_style_guide())
    in_order = sorted({*WORN, *THINGS}, key=str)
    assert [int(tables.draws[tables.trait_codes[one]]) for one in WORN] == [in_order.index(one) for one in WORN]
