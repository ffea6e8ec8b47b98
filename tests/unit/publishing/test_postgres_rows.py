"""Rows as blocks of COPY lines, as workers and the driver make them."""

from pathlib import Path
from typing import Any

import pyarrow as pa
from deltalake import write_deltalake

from outfit_pairing.publishing.postgres_rows import Blocks, metric_blocks, table_blocks
from outfit_pairing.publishing.postgres_tables import SHOWN_OUTFITS
from outfit_pairing.storage.delta_tables import DeltaTables
from outfit_pairing.storage.tables import OUTFIT_RECOMMENDATIONS, QUALITY_METRICS, Table


def test_a_batch_is_a_block() -> None:
    """Rows are counted; a batch without rows gives nothing; columns come in the order that is asked for."""
    batch = pa.record_batch([pa.array([True, None]), pa.array(["1", "2"])], ["in_stock", "product_id"])
    (block,) = Blocks(("product_id", "in_stock"))([batch, batch.slice(0, 0)])
    assert block.to_pylist() == [{"rows": 2, "lines": b"1\ttrue\n2\t\\N\n"}]


def test_words_are_what_a_product_says() -> None:
    """In lower case, whatever is missing left out."""
    said = {"product_id": "A1", "name": "Blå Skjorta", "article_type": None, "colour": "Navy Blue"}
    batch = pa.record_batch([pa.array([one], pa.string()) for one in said.values()], list(said))
    assert Blocks(("words",)).block(batch).lines == "a1 blå skjorta navy blue\n".encode()


class Folder:
    """Stands for TableStore: tables in a folder, small ones."""

    def __init__(self, folder: Path) -> None:
        self.tables = DeltaTables(str(folder))

    def exists(self, _: Table) -> bool:
        return True

    def small_here(self, _: Table) -> DeltaTables:
        return self.tables


def test_a_table_without_rows_sends_none(tmp_path: Path) -> None:
    """No outfit yet, or a check that was killed before it wrote what it had measured: tables that have no file."""
    for table in (OUTFIT_RECOMMENDATIONS, QUALITY_METRICS):
        write_deltalake(tmp_path / table.name, table.written_arrow_schema.empty_table())
    store: Any = Folder(tmp_path)
    assert list(table_blocks(store, SHOWN_OUTFITS, 0)) == []
    assert list(metric_blocks(store)) == []
