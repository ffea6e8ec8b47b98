"""Catalogues of other shops need no mapping: their column names say enough, in several languages."""

import logging

import pytest

from outfit_pairing.catalog.usual_columns import usual_mapping


def test_three_columns_are_a_catalogue() -> None:
    """id, title and color are all that is needed."""
    assert usual_mapping(["id", "title", "color"], "x.csv").columns.named() == {
        "product_id": "id",
        "name": "title",
        "colour": "color",
    }


@pytest.mark.parametrize(
    ("columns", "name"),
    [(["sku", "type", "color"], "type"), (["sku", "category"], "category"), (["sku", "type", "description"], "description")],
)
def test_without_names_another_column_stands_in_and_the_log_says_so(
    caplog: pytest.LogCaptureFixture, columns: list[str], name: str
) -> None:
    """A catalogue with an id and a type, category or description works."""
    with caplog.at_level(logging.WARNING):
        assert usual_mapping(columns, "x.csv").columns.name == name
    assert f"x.csv: has no column of names; {name} stands in for it" in caplog.text


@pytest.mark.parametrize(
    ("header", "wanted"),
    [
        (
            ["Artikelnummer", "Bezeichnung", "Farbe", "Geschlecht", "Warengruppe", "Preis (EUR)", "Größe"],
            {"product_id": 0, "name": 1, "colour": 2, "audience": 3, "category": 4, "price": 5},
        ),
        (
            ["referencia", "Nombre", "Color", "Género", "Categoría", "Precio", "Descripción"],
            {"product_id": 0, "name": 1, "colour": 2, "audience": 3, "category": 4, "price": 5, "description": 6},
        ),
        (
            ["Référence", "Libellé", "Couleur", "Catégorie", "Prix"],
            {"product_id": 0, "name": 1, "colour": 2, "category": 3, "price": 4},
        ),
        (["codice", "titolo", "colore", "prezzo"], {"product_id": 0, "name": 1, "colour": 2, "price": 3}),
        (
            [
                "article_id",
                "prod_name",
                "product_type_name",
                "product_group_name",
                "colour_group_name",
                "index_group_name",
                "detail_desc",
            ],
            {"product_id": 0, "name": 1, "article_type": 2, "category": 3, "colour": 4, "audience": 5, "description": 6},
        ),
        (
            ["Handle", "Title", "Body (HTML)", "Type", "Tags", "Variant Price", "Image Src", "Google Shopping / Gender"],
            {"product_id": 0, "name": 1, "description": 2, "article_type": 3, "tags": 4, "price": 5, "image_url": 6, "audience": 7},
        ),
    ],
)
def test_column_names_of_other_shops_and_languages_are_understood(header: list[str], wanted: dict[str, int]) -> None:
    """Case, accents and units in brackets do not matter."""
    assert usual_mapping(header, "x.csv").columns.named() == {field: header[place] for field, place in wanted.items()}


def test_the_header_of_the_price_says_its_currency() -> None:
    """Prices in a column called "Preis (EUR)" are euros."""
    assert usual_mapping(["id", "name", "Preis (EUR)"], "x.csv").currency == "EUR"
    assert usual_mapping(["id", "name", "price"], "x.csv").currency is None
