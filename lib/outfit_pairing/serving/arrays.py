"""Arrow's columns as arrays of NumPy, and rows taken by such arrays, without pandas.

Arrow's own conversions (`to_numpy`, `pa.array`, `pa.scalar`, `pc.fill_null`) import pandas where it is installed: that takes as
long as reading all outfits, and memory that nobody uses here.
"""

from typing import Any

import numpy as np
import numpy.typing as npt
import pyarrow as pa
import pyarrow.compute as pc

SPACE = pa.StringArray.from_buffers(1, pa.py_buffer(np.array([0, 1], np.int32)), pa.py_buffer(b" "))[0]


def whole(column: Any) -> Any:
    """A column as one array."""
    one = column.combine_chunks() if isinstance(column, pa.ChunkedArray) else column
    return one.chunk(0) if isinstance(one, pa.ChunkedArray) else one


def values(column: Any, null: float = 0) -> npt.NDArray[Any]:
    """Numbers or booleans (as 0 and 1), not to be written to; `null` where there is none."""
    one = whole(column)
    if pa.types.is_boolean(one.type):
        one = pc.cast(one, pa.int8())
    if not one.null_count:
        return np.from_dlpack(one)
    present = pc.cast(pc.is_valid(one), pa.int8())
    return np.where(np.from_dlpack(present) == 1, np.from_dlpack(pc.coalesce(one, pc.cast(present, one.type))), null)


def taken(column: Any, rows: npt.NDArray[np.int64]) -> Any:
    """These rows of a column, in this order."""
    places = pa.py_buffer(np.ascontiguousarray(rows, np.int64))
    return column.take(pa.Int64Array.from_buffers(pa.int64(), len(rows), [None, places]))
