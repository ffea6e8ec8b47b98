"""Mapping files: found by name, read strictly, and clear about what is wrong with them."""

from pathlib import Path

import pytest

from outfit_pairing.catalog.mapping import CatalogueMapping, known_mappings, load_mapping
from outfit_pairing.catalog.usual_columns import usual_mapping
from outfit_pairing.errors import CatalogError


def _mapping(tmp_path: Path, text: str) -> CatalogueMapping:
    path = tmp_path / "shop.yaml"
    path.write_text(text, "utf-8")
    return load_mapping(str(path))


def test_every_shipped_mapping_can_be_read() -> None:
    """What conf/mappings holds is usable by its bare name."""
    assert {"myntra", "sample"} <= set(known_mappings())
    assert all(load_mapping(name).columns.product_id for name in known_mappings())


def test_a_mapping_in_the_current_folder_wins(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A shop can override a shipped layout by a file of the same name in its own conf/mappings."""
    own = tmp_path / "conf" / "mappings"
    own.mkdir(parents=True)
    (own / "myntra.yaml").write_text("columns: {product_id: mine, name: title}", "utf-8")
    monkeypatch.chdir(tmp_path)
    assert load_mapping("myntra").columns.product_id == "mine"


def test_literal_na_means_nothing_only_where_the_mapping_says_so() -> None:
    """NA is a colour's and a usage's null in the real catalogue, and a value everywhere else."""
    mapping = load_mapping("myntra")
    assert mapping.means_nothing("colour") == mapping.means_nothing("usage") == {"NA"}
    assert mapping.means_nothing("name") == frozenset()


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("", "holds no mapping; start with `columns:`"),
        ("columns: {name: title}", "columns.product_id is missing"),
        ("columns: {product_id: id, name: title, color: hue}", "columns.color is no key of a mapping; did you mean colour?"),
        ("colums: {product_id: id}", "colums is no key of a mapping; did you mean columns?"),
        ("columns: {product_id: id, name: a, name: b}", "line 1: `name` is given twice"),
        ("columns: {product_id: id", "line 1"),
        ("columns: {product_id: id, name: t}\nvalues: {audience: {Damen: ladies}}", "values.audience.Damen: 'ladies' is unknown"),
        ("columns: {product_id: id, name: t}\nvalues: {gender: {Damen: women}}", "values.gender is no field"),
        ("columns: {product_id: id, name: t}\nnulls: {color: [NA]}", "nulls.color is no field"),
        ("columns: {product_id: id, name: t}\ncurrency: Euro", "currency"),
        ("columns: {product_id: id, name: t}\nencoding: utf-9", "utf-9 is no encoding"),
        ("columns: {product_id: id, name: t}\nrepair: guess", "repair"),
    ],
)
def test_a_wrong_mapping_is_one_line_that_names_file_and_key(tmp_path: Path, text: str, message: str) -> None:
    """Whoever wrote the mapping reads where it is wrong and what would be right."""
    with pytest.raises(CatalogError) as caught:
        _mapping(tmp_path, text)
    assert "shop.yaml" in caught.value.what
    assert message in caught.value.what


@pytest.mark.parametrize(
    ("name", "message"),
    [("mintra", "did you mean myntra?"), ("xyz", "use auto, "), ("no/such.yaml", "no mapping file no/such.yaml")],
)
def test_an_unknown_mapping_names_those_that_exist(name: str, message: str) -> None:
    """A slip of the pen is answered with the nearest name."""
    with pytest.raises(CatalogError, match=message.replace("?", r"\?")):
        load_mapping(name)


def test_usual_column_names_need_no_mapping() -> None:
    """A merchant feed is understood by its column names, whatever their case and separators."""
    columns = usual_mapping(
        ["SKU", "Title", "Gender", "age group", "Product-Type", "Color", "Price", "availability", "image_link", "brand"], "feed.csv"
    ).columns
    assert (columns.product_id, columns.name, columns.audience, columns.age_group) == ("SKU", "Title", "Gender", "age group")
    assert (columns.article_type, columns.colour, columns.price) == ("Product-Type", "Color", "Price")
    assert (columns.in_stock, columns.image_url) == ("availability", "image_link")


def test_with_a_subcategory_the_category_is_the_department() -> None:
    """Two levels of the shop's tree keep their order."""
    columns = usual_mapping(["id", "name", "category", "subcategory"], "x.csv").columns
    assert (columns.department, columns.category) == ("category", "subcategory")


def test_the_real_layout_is_understood_without_its_mapping() -> None:
    """Automatic mapping finds every column of the public fashion catalogue."""
    present = ("id", "gender", "masterCategory", "subCategory", "articleType", "baseColour", "season", "year", "usage")
    assert usual_mapping((*present, "productDisplayName"), "styles.csv").columns == load_mapping("myntra").columns


@pytest.mark.parametrize(("header", "word"), [(["title", "price"], "an id"), (["id", "price"], "a name")])
def test_columns_that_nobody_could_guess_ask_for_a_mapping(header: list[str], word: str) -> None:
    """Without id or name the message lists the columns and what to do."""
    with pytest.raises(CatalogError, match=f"no column looks like {word} .*--mapping"):
        usual_mapping(header, "x.csv")
