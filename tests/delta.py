"""Reads tables with another reader than Spark: the Python package `deltalake`."""

from pathlib import Path

import pyarrow as pa
from deltalake import DeltaTable
from pyarrow.fs import LocalFileSystem, SubTreeFileSystem


def read_table(warehouse: Path, name: str) -> pa.Table:
    """All rows of a table.

    Arrow's own file system, since deltalake's keeps threads that now and then abort the interpreter at its exit.
    """
    place = str(warehouse / name)
    return DeltaTable(place).to_pyarrow_table(filesystem=SubTreeFileSystem(place, LocalFileSystem()))
