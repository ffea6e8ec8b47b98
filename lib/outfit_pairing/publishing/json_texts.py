"""Nested columns as JSON texts: a pure kernel, Arrow in and out, whole columns at a time, without a Python object per value.

Texts hold no line break, tab or other control sign (RFC 8259, 7), and no U+0000, also not escaped: Postgres' jsonb refuses it.
"""

import json
from itertools import chain
from typing import Any

import pyarrow as pa
import pyarrow.compute as pc

REPLACEMENT = "\ufffd"  # for U+0000
CONTROL_SIGNS = "[\\x00-\\x1f]"


def json_texts(column: Any) -> Any:
    """A text for each value, null for null and for a number that is not finite.

    Args:     column: an array of strings, booleans, numbers, or of structs, lists and maps of these; keys of maps are strings.
    Raises:   TypeError: another type.
    """
    kind = column.type
    if pa.types.is_string(kind) or pa.types.is_large_string(kind):
        return _strings(column)
    if pa.types.is_boolean(kind) or pa.types.is_integer(kind):
        return pc.cast(column, pa.string())
    if pa.types.is_floating(kind):
        return pc.if_else(pc.is_finite(column), _with_point(pc.cast(column, pa.string())), None)
    if pa.types.is_struct(kind):
        return _structs(column)
    if pa.types.is_map(kind):
        entries = pc.binary_join_element_wise(_strings(_own(column, column.keys)), _inner(_own(column, column.items)), ":")
        return _joined(column, entries, "{", "}")
    if pa.types.is_list(kind):
        return _joined(column, _inner(_own(column, column.values)), "[", "]")
    raise TypeError(f"{kind} has no JSON text")


def _inner(column: Any) -> Any:
    """The same within another text."""
    return pc.fill_null(json_texts(column), "null")


def _strings(column: Any) -> Any:
    column = pc.cast(column, pa.string())
    if pc.any(pc.match_substring_regex(column, CONTROL_SIGNS)).as_py():  # rare
        texts = (None if one is None else one.replace("\x00", REPLACEMENT) for one in column.to_pylist())
        return pa.array([None if one is None else json.dumps(one, ensure_ascii=False) for one in texts], pa.string())
    for sign in ("\\", '"'):
        column = pc.replace_substring(column, pattern=sign, replacement=f"\\{sign}")
    return pc.binary_join_element_wise('"', column, '"', "")


def _with_point(texts: Any) -> Any:
    """A floating-point number stays one where readers tell 1 from 1.0."""
    whole = pc.match_substring_regex(texts, "^-?[0-9]+$")
    return pc.if_else(whole, pc.binary_join_element_wise(texts, ".0", ""), texts)


def _structs(column: Any) -> Any:
    names = [f"{',' if place else ''}{json.dumps(field.name)}:" for place, field in enumerate(column.type)]
    fields = map(_inner, column.flatten())
    whole = pc.binary_join_element_wise("{", *chain.from_iterable(zip(names, fields, strict=True)), "}", "")
    return pc.if_else(column.is_valid(), whole, None)


def _own(column: Any, values: Any) -> Any:
    """Of all values of a list's or map's child those that the column has: it may be a slice."""
    first, last = column.offsets[0].as_py(), column.offsets[-1].as_py()
    return values.slice(first, last - first)


def _joined(column: Any, texts: Any, opening: str, closing: str) -> Any:
    """The texts of a list's or map's own values as one text for each list or map."""
    offsets = pc.subtract(column.offsets, column.offsets[0])
    inner = pc.binary_join(pa.ListArray.from_arrays(offsets, texts), ",")
    return pc.if_else(column.is_valid(), pc.binary_join_element_wise(opening, inner, closing, ""), None)
