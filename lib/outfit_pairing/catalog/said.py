"""What a row says in the fields of a mapping: trimmed, translated, without what means nothing."""

from collections.abc import Mapping

from outfit_pairing.catalog.mapping import CatalogueMapping

Values = Mapping[str, str]


class FieldReader:
    """Reads raw values by a mapping."""

    def __init__(self, mapping: CatalogueMapping) -> None:
        self.taken = mapping.columns.named()
        self.translations = mapping.translations
        self.nothing = {field: mapping.means_nothing(field) for field in self.taken}

    def said(self, values: Values) -> dict[str, str]:
        """By our field, what the shop says; fields that it leaves blank are absent."""
        said = {}
        for field, column in self.taken.items():
            value = values.get(column)
            if value and value not in self.nothing[field]:
                words = self.translations.get(field)
                said[field] = words.get(value.casefold(), value) if words else value
        return said

    def is_blank(self, field: str, values: Values) -> bool:
        """Whether the row leaves the field open; a literal such as NA that means "none" leaves nothing open."""
        column = self.taken.get(field)
        return column is None or not values.get(column)
