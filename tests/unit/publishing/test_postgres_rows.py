"""The rows that go to Postgres, as blocks of COPY lines."""

import pyarrow as pa

from outfit_pairing.publishing.postgres_rows import Blocks


def test_blocks_are_numbered_in_their_order() -> None:
    """So that they can be put aside and fetched again as they were; a batch without rows gives none."""
    batches = [pa.record_batch({"product_id": pa.array(ids, pa.string())}) for ids in (["a", "b"], [], ["c"])]
    found = [row for block in Blocks(("product_id",))(batches) for row in block.to_pylist()]
    assert [row["rows"] for row in sorted(found, key=lambda row: row["number"])] == [2, 1]
    assert [row["lines"] for row in found] == [b"a\nb\n", b"c\n"]
