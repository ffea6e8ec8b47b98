"""Column names that catalogues usually have, so that a common file needs no mapping (`--mapping auto`)."""

from collections.abc import Sequence

from outfit_pairing.catalog.mapping import CatalogueMapping, Columns
from outfit_pairing.errors import CatalogError, listed

# The nearer to the front, the sooner taken when a file has several.
USUAL = {
    "product_id": "product_id id sku product_code article_id article_number item_id style_id asin handle",
    "name": "name title product_display_name product_name product_title display_name prod_name item_name",
    "audience": "audience gender sex target_gender gender_name index_group_name",
    "age_group": "age_group age",
    "department": "department master_category department_name section",
    "category": "category sub_category category_name product_category product_group_name product_group",
    "article_type": "article_type product_type product_type_name item_type garment_type type google_product_category",
    "colour": "colour color base_colour base_color colour_name color_name main_colour main_color primary_colour"
    " primary_color colour_group_name",
    "season": "season season_name collection",
    "usage": "usage occasion use dress_code",
    "price": "price sale_price current_price list_price retail_price selling_price amount",
    "currency": "currency price_currency currency_code",
    "in_stock": "in_stock availability stock stock_quantity inventory quantity available",
    "image_url": "image_url image image_link image_src img picture photo link_image",
}


def usual_mapping(columns: Sequence[str], where: str) -> CatalogueMapping:
    """The mapping of a file whose columns have usual names; case, spaces, hyphens and underscores do not matter.

    With a category and a sub-category, the category is the department.
    Raises:  CatalogError: no column looks like an id, or none like a name.
    """
    present = {_plain(column): column for column in reversed(columns)}
    chosen = {field: _first(present, names.split()) for field, names in USUAL.items()}
    if "subcategory" in present and "category" in present:
        chosen["category"] = present["subcategory"]
        chosen["department"] = chosen["department"] or present["category"]
    for field, word in (("product_id", "an id"), ("name", "a name")):
        if chosen[field] is None:
            raise CatalogError(
                f"{where}: no column looks like {word} (it has {listed(columns)}); write a mapping file and name it with --mapping"
            )
    return CatalogueMapping(columns=Columns.model_validate(chosen))


def _first(present: dict[str, str], names: Sequence[str]) -> str | None:
    return next((present[_plain(name)] for name in names if _plain(name) in present), None)


def _plain(name: str) -> str:
    return "".join(letter for letter in name.casefold() if letter.isalnum())
