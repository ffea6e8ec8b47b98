"""Why a row cannot be sold: a code for programs, a sentence for people with what to do about it."""

from typing import NamedTuple

_REASONS = {
    "too_few_fields": "{found} fields where the header has {expected}; add the missing ones, or quote a line break in a field",
    "too_many_fields": (
        "{found} fields where the header has {expected}; quote the field that holds a delimiter, "
        "or set `repair: join_last_column` in the mapping when it is the last one"
    ),
    "unreadable_row": "the quotes of this row do not fit; close them, or set `quoting: none` in the mapping",
    "undecodable_bytes": "bytes that are not {encoding}; save the file as UTF-8, or set `encoding:` in the mapping",
    "binary_data": "a NUL, which no text holds; export the catalogue again as text",
    "unreadable_value": "a value that cannot be read ({fault}); correct it, or leave it empty",
    "row_too_large": "more than {what}, which no product has; close its quotes, or leave out what is no product data",
    "bad_json": "not one JSON object on this line ({fault}); correct the line",
    "missing_id": "no product id; give every product its own",
    "missing_name": "no name; give the product the name that its page shows",
    "long_id": "a product id of {found:,} characters, where {most:,} are the most; give the product a shorter one",
    "long_name": "a name of {found:,} characters, where {most:,} are the most; give the product the name that its page shows",
    "duplicate_id": "the id {product_id} stands already on line {first_line}, which is kept; give this one its own id",
}


class Reject(NamedTuple):
    """Why a row is refused. `column`: the column at fault, None when it is the whole row."""

    reason_code: str
    reason: str
    column: str | None = None


def reject(reason_code: str, *, column: str | None = None, **facts: object) -> Reject:
    """The reject of that code, its sentence filled with `facts`."""
    return Reject(reason_code, _REASONS[reason_code].format(**facts), column)
