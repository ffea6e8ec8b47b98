"""Column names that catalogues usually have, so that a common file needs no mapping (`--mapping auto`).

Case, accents, spaces, hyphens and underscores do not matter, nor what stands in brackets ("Price (EUR)"). Of a column
inside another ("product.color.name") the last parts count. English names come first, then German, Spanish, French and
Italian ones.
"""

import logging
import re
import unicodedata
from collections.abc import Sequence

from outfit_pairing.catalog.mapping import CatalogueMapping, Columns
from outfit_pairing.errors import CatalogError, listed

logger = logging.getLogger(__name__)

# The nearer to the front, the sooner taken when a file has several.
USUAL = {
    "product_id": "product_id id sku product_code article_id article_number item_id style_id asin handle product_number"
    " item_number item_code item_no style_code style_number prod_id pid variant_sku sku_id product_sku"
    " external_id code ean gtin upc uid uuid artikelnummer artikel_nr artikelnr artikel_id produkt_id"
    " produktnummer bestellnummer referencia codigo id_producto reference ref code_article codice id_prodotto"
    " codice_articolo",
    "name": "name title product_display_name product_name product_title display_name prod_name item_name"
    " product_short_name item_title style_name article_name short_name label headline bezeichnung produktname"
    " titel artikelname artikelbezeichnung produktbezeichnung nombre titulo nombre_producto nom titre"
    " nom_produit libelle designation nome titolo nome_prodotto denominazione",
    "audience": "audience gender sex target_gender gender_name index_group_name target_audience target_group for_whom"
    " google_shopping_gender geschlecht zielgruppe genero sexo genre sexe genere sesso",
    "age_group": "age_group age google_shopping_age_group altersgruppe alter edad grupo_edad tranche_age eta",
    "department": "department master_category department_name section division index_name abteilung departamento seccion"
    " rayon reparto",
    "category": "category sub_category category_name product_category product_group_name product_group categories"
    " category_path breadcrumb breadcrumbs class classification section_name collection_name kategorie"
    " warengruppe produktkategorie categoria familia categorie famille_produit",
    "article_type": "article_type product_type product_type_name item_type garment_type type google_product_category style_type"
    " apparel_type clothing_type product_class garment_group_name artikeltyp produkttyp artikelart produktart"
    " tipo tipo_producto tipo_prenda prenda type_produit type_article tipo_prodotto tipologia",
    "colour": "colour color base_colour base_color colour_name color_name main_colour main_color primary_colour"
    " primary_color colour_group_name color_family colour_family perceived_colour_master_name colours colors"
    " google_shopping_color variant_color farbe hauptfarbe grundfarbe couleur coloris colore",
    "season": "season season_name collection saison temporada stagione estacion",
    "usage": "usage occasion use dress_code occasions anlass ocasion occasione",
    "price": "price sale_price current_price list_price retail_price selling_price amount price_amount price_value"
    " regular_price variant_price unit_price price_eur price_usd price_gbp preis verkaufspreis precio prix"
    " prezzo",
    "currency": "currency price_currency currency_code waehrung wahrung moneda devise valuta",
    "in_stock": "in_stock availability stock stock_quantity inventory quantity available stock_status variant_inventory_qty"
    " qty bestand verfugbarkeit disponibilidad existencias disponibilite disponibilita",
    "image_url": "image_url image image_link image_src img picture photo link_image images image_urls main_image thumbnail"
    " bild bild_url imagen immagine photo_url",
    "description": "description product_description detail_desc body_html body long_description short_description details desc"
    " summary product_details beschreibung produktbeschreibung descripcion descrizione",
    "tags": "tags keywords labels tag schlagworte etiquetas mots_cles",
}
# What a catalogue without names shows in place of one, the first that is there.
INSTEAD_OF_NAME = ("description", "article_type", "category", "tags", "department")
# Parts of nested columns that say only that a value follows.
_HOLLOW = {"name", "value", "label", "title", "text", "display", "displayname", "code", "amount"}
_BRACKETS = re.compile(r"\(.*?\)|\[.*?\]")


def usual_mapping(columns: Sequence[str], where: str) -> CatalogueMapping:
    """The mapping of a file whose columns have usual names.

    With a category and a sub-category, the category is the department. Without a name, what says most stands in for it.
    Raises:  CatalogError: no column looks like an id, or none says what a product is.
    """
    chosen = usual_columns(columns)
    if chosen["name"] is None:
        instead = next((field for field in INSTEAD_OF_NAME if chosen[field]), None)
        if instead and chosen["product_id"]:
            chosen["name"] = chosen[instead]
            logger.warning("%s: has no column of names; %s stands in for it", where, chosen["name"])
    for field, word in (("product_id", "an id"), ("name", "a name")):
        if chosen[field] is None:
            raise CatalogError(
                f"{where}: no column looks like {word} (it has {listed(columns)}); let `outfit-pairing suggest-mapping` draft "
                "a mapping file, correct it and name it with --mapping"
            )
    return CatalogueMapping(columns=Columns.model_validate(chosen), currency=_currency_of_header(chosen["price"]))


def usual_columns(columns: Sequence[str]) -> dict[str, str | None]:
    """Our fields and the column that its name says to be each; None where no name does. No column is two fields."""
    names: dict[str, str] = {}
    for spell in (_plain, _without_brackets, _last_parts):
        for column in columns:
            names.setdefault(spell(column), column)
    chosen: dict[str, str | None] = {}
    for field, usual in USUAL.items():
        free = {name: column for name, column in names.items() if column not in chosen.values()}
        chosen[field] = next((free[_plain(name)] for name in usual.split() if _plain(name) in free), None)
    below = names.get("subcategory") or names.get("unterkategorie") or names.get("subcategoria") or names.get("souscategorie")
    if below and chosen["category"] and chosen["category"] != below:
        chosen["department"] = chosen["department"] or chosen["category"]
        chosen["category"] = below
    return chosen


def _plain(name: str) -> str:
    folded = unicodedata.normalize("NFKD", name.casefold())
    return "".join(letter for letter in folded if letter.isalnum())


def _without_brackets(name: str) -> str:
    return _plain(_BRACKETS.sub(" ", name))


def _last_parts(name: str) -> str:
    """Of "product.color.name" the part that says what it is: color."""
    parts = [_plain(part) for part in re.split(r"[./:]", name)]
    telling = [part for part in parts if part]
    if len(telling) > 1 and telling[-1] in _HOLLOW and telling[-2] not in {"product", "item", "article"}:
        return telling[-2]
    return telling[-1] if telling else ""


def _currency_of_header(price: str | None) -> str | None:
    """The currency that a column such as "Price (EUR)" or price_eur names."""
    found = re.search(r"(?:^|[^A-Za-z])(EUR|USD|GBP|CHF|SEK|NOK|DKK|PLN|INR|AUD|CAD|JPY)\)?$", (price or "").upper())
    return found.group(1) if found else None
