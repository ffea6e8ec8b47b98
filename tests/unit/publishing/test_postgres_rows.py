"""Rows as blocks of COPY lines, as workers and the driver make them."""

import pyarrow as pa

from outfit_pairing.publishing.postgres_rows import Blocks


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
