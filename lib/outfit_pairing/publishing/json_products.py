"""Each product with its outfits as a JSON text, by the driver: a pure kernel, Arrow in, texts out, whole columns at a time.

For small tables of this machine; `json_rows` has Spark write the same of large ones.
"""

from collections.abc import Iterator

import numpy as np
import numpy.typing as npt
import pyarrow as pa
import pyarrow.compute as pc

from outfit_pairing.publishing.json_texts import json_texts

OUTFITS_AT_ONCE = 20_000
FIGURES = 4  # decimals of scores and confidences
OUTFIT = ("rank", "source", "occasion", "pattern_name", "score", "confidence")  # … and items
READ = ("product_id", *OUTFIT, "items")
NAMES = ("product_id", "name")


def product_texts(outfits: pa.Table, products: pa.Table) -> Iterator[str]:
    """One text per product that has outfits, in product_id order.

    Args:    outfits: the columns READ.    products: the columns NAMES of all products.
    """
    outfits, names = outfits.combine_chunks(), products.combine_chunks()
    order = pc.sort_indices(outfits, [("product_id", "ascending"), ("rank", "ascending")])
    starts = _starts(outfits["product_id"].take(order))
    start = 0
    while start < len(order):
        later = starts[starts >= min(start + OUTFITS_AT_ONCE, len(order))]  # a product's outfits stay together
        end = int(later[0]) if len(later) else len(order)
        yield from json_texts(_products(outfits.take(order.slice(start, end - start)), names)).to_pylist()
        start = end


def _starts(product_ids: pa.ChunkedArray) -> npt.NDArray[np.int64]:
    """Where each product's rows begin, of sorted ids."""
    numbers = product_ids.combine_chunks().dictionary_encode().indices.to_numpy()
    return np.flatnonzero(np.diff(numbers, prepend=-1))


def _products(part: pa.Table, names: pa.Table) -> pa.StructArray:
    starts = _starts(part["product_id"])
    offsets = pa.array(np.append(starts, len(part)), pa.int32())
    columns = {name: part[name].combine_chunks() for name in READ}
    shown = [_rounded(columns[name]) if name in {"score", "confidence"} else columns[name] for name in OUTFIT]
    outfits = pa.StructArray.from_arrays([*shown, _items(columns["items"], names)], names=[*OUTFIT, "items"])
    own = columns["product_id"].take(pa.array(starts))
    lists = pa.ListArray.from_arrays(offsets, outfits)
    return pa.StructArray.from_arrays([own, _names(own, names), lists], names=["product_id", "name", "outfits"])


def _items(items: pa.ListArray, names: pa.Table) -> pa.ListArray:
    lengths = pc.fill_null(pc.list_value_length(items), 0).to_numpy()
    flat = items.flatten()
    slot, item_id, score, reasons = (flat.field(name) for name in ("slot", "product_id", "score", "reasons"))
    called = pa.StructArray.from_arrays(
        [slot, item_id, _names(item_id, names), _rounded(score), reasons], names=["slot", "product_id", "name", "score", "reasons"]
    )
    offsets = pa.array(np.concatenate([[0], np.cumsum(lengths)]), pa.int32())
    return pa.ListArray.from_arrays(offsets, called, mask=items.is_null())


def _names(ids: pa.Array, names: pa.Table) -> pa.Array:
    return names["name"].combine_chunks().take(pc.index_in(ids, names["product_id"].combine_chunks()))


def _rounded(figures: pa.Array) -> pa.Array:
    """Half away from zero, as Spark does. Arrow's own rounding makes 0.42000000000000004 of 0.42."""
    values = figures.to_numpy(zero_copy_only=False)
    shifted = np.floor(np.abs(values) * 10**FIGURES + 0.5)
    return pa.array(np.copysign(shifted, values) / 10**FIGURES, mask=figures.is_null().to_numpy(zero_copy_only=False))
