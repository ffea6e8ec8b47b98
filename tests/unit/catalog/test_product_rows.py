"""Rows become products in the words of the style guide, or rejects; none is lost and equal rows stay equal."""

from collections.abc import Callable
from pathlib import Path

import pyarrow as pa
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from outfit_pairing.catalog import open_catalogue
from outfit_pairing.catalog.mapping import CatalogueMapping
from outfit_pairing.catalog.product_rows import ARROW_SCHEMA, ProductReader, row_hash
from outfit_pairing.catalog.rejects import reject
from outfit_pairing.catalog.rows import RawRow
from outfit_pairing.settings import Settings
from outfit_pairing.style import AUDIENCES, SEASONS, SLOTS, USAGES, load_style_guide

FIELDS = ("product_id", "name", "audience", "department", "category", "article_type", "colour", "season", "usage", "price")


def reader(fields: tuple[str, ...] = FIELDS, **facts: object) -> ProductReader:
    """A reader of a layout whose columns are called like ours."""
    mapping = CatalogueMapping.model_validate({"columns": {field: field for field in fields}, **facts})
    return ProductReader(mapping, load_style_guide(), "USD")


def product(of: ProductReader | None = None, /, **values: str) -> dict[str, object]:
    """The product that a row of those values becomes."""
    row = {"product_id": "007", "name": "Marlow Women Red Shirt", **values}
    return (of or reader()).read(RawRow(2, "raw", row))


def test_the_shops_words_become_the_style_guides() -> None:
    """Every normalised column is in the vocabulary, and the shop's own type and category stay."""
    found = product(
        audience="Women", article_type="Tshirts", category="Topwear", colour="Navy Blue", season="Fall", usage="Smart Casual"
    )
    assert (found["audience"], found["slot"], found["season"], found["usage"]) == ("women", "top", "fall", "smart_casual")
    assert (found["article_type"], found["category"], found["colour"]) == ("Tshirts", "Topwear", "navy blue")
    assert found["colour_family"] is not None
    assert found["product_id"] == "007"


def test_the_article_type_wins_over_a_wrong_category() -> None:
    """A belt under Topwear is a belt."""
    assert product(article_type="Belts", category="Topwear")["slot"] == "belt"


@pytest.mark.parametrize(
    ("values", "slot"),
    [
        ({"article_type": "Zorblings", "category": "Handbags"}, "bag"),
        ({"category": "Women > Shoes > Ankle Boots"}, "footwear"),
        ({"name": "Marlow Women Red Shirt Dress with Belt"}, "one_piece"),
        ({"name": "Marlow Ankle Boots"}, "footwear"),
        ({"name": "Marlow Something"}, "other"),
    ],
)
def test_without_a_known_type_category_and_name_tell_the_slot(values: dict[str, str], slot: str) -> None:
    """Other shops' words, long category paths and bare names still find the place in an outfit."""
    assert product(**values)["slot"] == slot


def test_unknown_words_are_counted_and_kept() -> None:
    """A type or colour that the guide does not know is reported, and still read by the encoder."""
    found = product(name="Marlow 9000", article_type="Zorblings", colour="Blorp", price="ask us")
    assert (found["unknown_article_type"], found["unknown_colour"], found["unreadable_price"]) == (True, True, True)
    assert (found["article_type"], found["colour"], found["confidence"]) == ("Zorblings", None, 0.0)
    assert found["text"] == "Marlow 9000 zorblings blorp"


def test_a_name_stands_in_for_unknown_words() -> None:
    """The name places what type and colour leave open; the shop's own type is kept among the attributes."""
    found = product(article_type="Zorblings", colour="Blorp", brand="Marlow")
    assert (found["article_type"], found["slot"], found["colour"], found["confidence"]) == ("shirt", "top", "red", 0.7)
    assert (found["unknown_article_type"], found["unknown_type"]) == (True, "Zorblings")
    assert found["attributes"] == [("brand", "Marlow"), ("article_type", "Zorblings")]


def test_the_text_adds_only_what_the_name_does_not_say() -> None:
    """Short texts encode faster; synonyms and plurals of the name are not repeated."""
    full = product(name="Marlow  Tee", article_type="Tshirts", colour="Red", usage="Sports", season="Summer")
    assert full["text"] == "Marlow Tee red sports"
    assert product(name="Marlow Navy T-shirt", article_type="Tshirts", colour="Navy Blue")["text"] == "Marlow Navy T-shirt"


def test_a_childs_product_under_men_is_counted_and_moved() -> None:
    """The report says how often a name beat the gender column."""
    found = product(name="Palm Tree Kids Boys Blue Shorts", audience="Men")
    assert (found["audience"], found["audience_from_name"]) == ("boys", True)
    assert product(audience="Women")["audience_from_name"] is False


@pytest.mark.parametrize(
    ("values", "audience"),
    [
        ({"name": "Men's Oxford"}, "men"),
        ({"name": "Lace Bra"}, "women"),
        ({"name": "Oxford", "department": "Menswear"}, "men"),
        ({"name": "Oxford"}, None),
    ],
)
def test_without_a_gender_column_other_words_tell_the_audience(values: dict[str, str], audience: str | None) -> None:
    """Name, article type and the shop's tree stand in for a missing column."""
    assert product(**values)["audience"] == audience


def test_an_age_group_makes_children_of_men() -> None:
    """Gender and age group are read together."""
    of = reader(("product_id", "name", "audience", "age_group"))
    assert product(of, audience="male", age_group="kids", name="Tee")["audience"] == "boys"


def test_a_price_without_currency_takes_the_settings() -> None:
    """Currency beside the price wins, then the default; no price, no currency."""
    assert (product(price="12.50")["price"], product(price="12.50")["currency"]) == (12.5, "USD")
    assert product(price="€ 12")["currency"] == "EUR"
    assert product()["currency"] is None


def test_stock_is_there_unless_the_shop_says_otherwise() -> None:
    """Only a plain no takes a product out of the outfits."""
    of = reader(("product_id", "name", "in_stock"))
    assert [product(of, in_stock=said)["in_stock"] for said in ("3", "", "whatever", "0", "sold out")] == [
        True,
        True,
        True,
        False,
        False,
    ]


def test_mapping_translations_come_before_the_guide() -> None:
    """A shop's private codes are understood, whatever their case."""
    of = reader(
        ("product_id", "name", "audience", "usage", "article_type", "colour"),
        values={
            "audience": {"D1": "women"},
            "usage": {"x": "party"},
            "article_type": {"ZB": "boots"},
            "colour": {"c7": "navy blue"},
        },
        nulls={"colour": ["NA"], "all": ["-"]},
    )
    found = product(of, audience="d1", usage="X", article_type="zb", colour="C7")
    assert (found["audience"], found["usage"], found["slot"], found["colour"]) == ("women", "party", "footwear", "navy blue")
    nothing = product(of, colour="NA", usage="-", name="Oxford")
    assert (nothing["colour"], nothing["unknown_colour"], nothing["usage"]) == (None, False, None)


def test_columns_that_nobody_took_become_attributes() -> None:
    """What the mapping leaves out is kept, blanks aside."""
    assert product(brand="Marlow", note="")["attributes"] == [("brand", "Marlow")]


@pytest.mark.parametrize(
    ("values", "code"),
    [({"product_id": ""}, "missing_id"), ({"name": ""}, "missing_name"), ({"product_id": "", "name": ""}, "missing_id")],
)
def test_a_row_without_id_or_name_is_refused(values: dict[str, str], code: str) -> None:
    """The reject names the column."""
    found = product(**values)
    assert (found["reason_code"], found["column"]) == (
        code,
        code.replace("missing_id", "product_id").replace("missing_name", "name"),
    )


def test_a_fault_of_reading_stays_a_fault() -> None:
    """A row that could not be read is not looked at again."""
    found = reader().read(RawRow(7, "raw", fault=reject("unreadable_row")))
    assert (found["reason_code"], found["line_number"], found["raw"]) == ("unreadable_row", 7, "raw")


WORDS = st.dictionaries(
    st.sampled_from((*FIELDS, "brand")), st.text(st.characters(codec="utf-8"), max_size=12).map(str.strip), min_size=1
)


@settings(deadline=None)
@given(st.lists(WORDS, max_size=8), st.integers(1, 4))
def test_every_row_becomes_a_product_or_a_reject(rows: list[dict[str, str]], size: int) -> None:
    """Whatever a file holds: as many rows out as in, in order, and products within the vocabulary."""
    raw = [RawRow(number, "", values) for number, values in enumerate(rows, 1)]
    batches = list(reader().batches(raw, size))
    found = [row for batch in batches for row in batch.to_pylist()]
    assert all(batch.schema == ARROW_SCHEMA for batch in batches)
    assert [row["line_number"] for row in found] == list(range(1, len(rows) + 1))
    for row in found:
        if row["reason_code"] is None:
            assert row["slot"] in SLOTS
            assert row["audience"] in (None, *AUDIENCES)
            assert row["season"] in (None, *SEASONS)
            assert row["usage"] in (None, *USAGES)
            assert row["product_id"]
            assert row["name"]


@settings(deadline=None)
@given(WORDS, st.randoms())
def test_the_row_hash_does_not_depend_on_column_order(values: dict[str, str], chance: object) -> None:
    """Moved columns change nothing; a changed value changes the hash."""
    items = list(values.items())
    chance.shuffle(items)  # type: ignore[attr-defined]
    assert row_hash(dict(items)) == row_hash(values)
    first = items[0][0]
    assert row_hash({**values, first: values[first] + "x"}) != row_hash(values)


def test_the_real_catalogue_is_understood_word_for_word(catalogue_file: Path, make_settings: Callable[..., Settings]) -> None:
    """No article type and no colour is unknown, and the names move several hundred children's products."""
    catalogue = open_catalogue(make_settings(f"catalog.path={catalogue_file}", "catalog.mapping=myntra"))
    assert catalogue.mapping is not None
    of = ProductReader(catalogue.mapping, load_style_guide(), "USD")
    table = pa.Table.from_batches(of.batches(catalogue.rows(), 10_000))
    totals = {name: sum(filter(None, table[name].to_pylist())) for name in ("unknown_article_type", "unknown_colour", "repaired")}
    assert (table.num_rows, table["reason_code"].null_count) == (44_446, 44_446)
    assert totals == {"unknown_article_type": 0, "unknown_colour": 0, "repaired": 22}
    assert 600 < sum(table["audience_from_name"].to_pylist()) < 750
    assert table["audience"].null_count == 0
    assert len(set(table["text"].to_pylist())) < 33_267


@pytest.mark.parametrize(
    ("values", "code"),
    [
        ({"product_id": "\u200b"}, "missing_id"),
        ({"name": "\u200b \u202e"}, "missing_name"),
        ({"product_id": "9" * 501}, "long_id"),
        ({"name": "x" * 2_001}, "long_name"),
    ],
)
def test_an_id_or_name_that_nobody_sees_or_reads_is_refused(values: dict[str, str], code: str) -> None:
    """Signs without width are no name, and a page of text is none either."""
    found = product(**values)
    assert found["reason_code"] == code
    assert found["column"] in values


def test_a_word_without_end_is_read_as_far_as_words_go() -> None:
    """What is remembered of each wording stays small."""
    found = product(category="Bags " * 100_000, article_type="x" * 1_000_000)
    assert found["slot"] == "bag"
    assert len(str(found["category"])) == 500
    assert found["unknown_type"] == "x" * 500


def test_large_rows_are_handed_on_sooner() -> None:
    """A batch of the usual number of rows would not fit when each holds a megabyte."""
    rows = [RawRow(number, "", {"product_id": f"{number}", "name": "Tee", "text": "x" * 1_000_000}) for number in range(40)]
    sizes = [batch.num_rows for batch in reader().batches(rows, 50_000)]
    assert sum(sizes) == 40
    assert max(sizes) < 20
