"""What a row says in the fields of a mapping: trimmed, translated, without what means nothing."""

from collections.abc import Mapping

from outfit_pairing.catalog.mapping import CatalogueMapping
from outfit_pairing.catalog.rejects import Reject, reject

Values = Mapping[str, str]
LONGEST_ID = 500
LONGEST_NAME = 2_000
LONGEST_WORD = 500  # characters that are read of a type, colour or any other word
_CUT_FROM_DESCRIPTION = 100  # characters of a name that is the beginning of a description
_NO_WORDS = {"product_id", "name", "description", "tags", "image_url"}


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
                word = value if field in _NO_WORDS else value[:LONGEST_WORD]
                words = self.translations.get(field)
                said[field] = words.get(word.casefold(), word) if words else word
        return said

    def fault_of(self, said: Values) -> Reject | None:
        """Why a row that says this cannot be sold, None when it can."""
        for field, code in (("product_id", "missing_id"), ("name", "missing_name")):
            if not is_seen(said.get(field, "")):
                return reject(code, column=self.taken[field])
        name = said["name"] if self.taken["name"] != self.taken.get("description") else ""
        for field, value, most, code in (
            ("product_id", said["product_id"], LONGEST_ID, "long_id"),
            ("name", name, LONGEST_NAME, "long_name"),
        ):
            if len(value) > most:
                return reject(code, column=self.taken[field], found=len(value), most=most)
        return None

    def name_of(self, said: Values) -> str:
        """The name; the beginning of the description where that has to stand in for one."""
        name = said["name"]
        if len(name) <= _CUT_FROM_DESCRIPTION or self.taken["name"] != self.taken.get("description"):
            return name
        return name[:_CUT_FROM_DESCRIPTION].partition(". ")[0].rsplit(" ", 1)[0]

    def is_blank(self, field: str, values: Values) -> bool:
        """Whether the row leaves the field open; a literal such as NA that means "none" leaves nothing open."""
        column = self.taken.get(field)
        return column is None or not values.get(column)


def is_seen(text: str) -> bool:
    """Whether there is anything to see in `text`: a sign of no width is nothing."""
    return any(sign.isprintable() and not sign.isspace() for sign in text)
