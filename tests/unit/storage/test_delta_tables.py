"""Small tables without Spark: rows merged, read again in the types that the table declares, and what changed."""

import json
import shutil
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pyarrow as pa
import pytest
from deltalake import DeltaTable, write_deltalake

from outfit_pairing.errors import WarehouseError
from outfit_pairing.storage.delta_tables import DeltaTables
from outfit_pairing.storage.tables import OUTFIT_RECOMMENDATIONS as OUTFITS
from outfit_pairing.storage.tables import PRODUCTS

AT = datetime(2026, 1, 2, 3, 4, 5, 678, tzinfo=UTC)
FEED = {"delta.enableChangeDataFeed": "true", "delta.minReaderVersion": "1", "delta.minWriterVersion": "7"}  # as Spark does


def row(product_id: str, score: float, **more: Any) -> dict[str, Any]:
    items = [{"slot": "bottom", "product_id": "p1", "score": score, "reasons": ["it's so"]}, {"slot": "bag", "reasons": None}]
    return {"product_id": product_id, "rank": 1, "source": "rule_based", "score": score, "items": items, "updated_at": AT, **more}


def table_of(rows: list[dict[str, Any]], schema: pa.Schema = OUTFITS.written_arrow_schema) -> pa.Table:
    return pa.Table.from_pylist(rows, schema)


@pytest.fixture
def tables(tmp_path: Path) -> DeltaTables:
    """Three outfits; then one of them changes, one goes and one comes."""
    write_deltalake(tmp_path / OUTFITS.name, table_of([row("a", 0.1), row("b", 0.2), row("c", 0.3)]), configuration=FEED)
    marked = OUTFITS.written_arrow_schema.append(pa.field("change", pa.string()))
    changes = [row("b", 0.25, change="update"), row("c", 0.3, change="delete"), row("new", 0.4, change="insert")]
    found = DeltaTables(str(tmp_path))
    found.merge(OUTFITS, table_of(changes, marked), "change")
    return found


def test_merged_rows_are_read_as_declared(tables: DeltaTables) -> None:
    """Also nested texts and times, whoever wrote the file."""
    read = pa.Table.from_batches(tables.batches(OUTFITS, OUTFITS.names)).sort_by("product_id")
    assert read.schema.types == OUTFITS.written_arrow_schema.types
    assert read == table_of([row("a", 0.1), row("b", 0.25), row("new", 0.4)])


def test_rows_are_added(tables: DeltaTables) -> None:
    """Beside those that are there, in one commit; what was added is told as changed."""
    before = tables.version(OUTFITS)
    assert before is not None
    tables.append(OUTFITS, table_of([row("d", 0.4), row("e", 0.5)]))
    assert tables.version(OUTFITS) == before + 1
    assert sorted(one["product_id"] for one in tables.rows(OUTFITS, ("product_id",))) == ["a", "b", "d", "e", "new"]
    assert sorted(tables.changed_since(OUTFITS, before, "product_id")["product_id"].to_pylist()) == ["d", "e"]


def test_words_may_come_as_codes(tables: DeltaTables) -> None:
    """As the service in memory wants them."""
    for batch in tables.batches(OUTFITS, ("product_id", "source"), coded=("source",)):
        assert batch.column("source").to_pylist() == ["rule_based"] * batch.num_rows


def test_every_tenth_commit_leaves_a_checkpoint(tables: DeltaTables) -> None:
    """As Spark does, lest who opens it replays the whole log; no checksum of the former one is left."""
    log = Path(tables.root, OUTFITS.name, "_delta_log")
    (log / "._last_checkpoint.crc").write_bytes(b"of another file")
    marked = OUTFITS.written_arrow_schema.append(pa.field("change", pa.string()))
    for number in range(9):
        tables.merge(OUTFITS, table_of([row("a", number / 10, change="update")], marked), "change")
    assert tables.version(OUTFITS) == 10
    assert [path.name for path in log.glob("*.checkpoint.parquet")] == ["00000000000000000010.checkpoint.parquet"]
    assert not (log / "._last_checkpoint.crc").exists()
    assert [one["score"] for one in tables.rows(OUTFITS, ("product_id", "score")) if one["product_id"] == "a"] == [0.8]


def test_what_changed_is_told(tables: DeltaTables) -> None:
    """Each id once; nothing is told of a version that is not there."""
    assert sorted(tables.changed_since(OUTFITS, 0, "product_id")["product_id"].to_pylist()) == ["b", "c", "new"]
    with pytest.raises(WarehouseError, match="cannot be read"):
        tables.changed_since(OUTFITS, 7, "product_id")


def test_the_version_of_a_moment_is_found(tables: DeltaTables, tmp_path: Path) -> None:
    """By what commits say of their time, also in a copy; a later one with the same rows stands for it."""
    folder, copy = Path(tables.root, OUTFITS.name), DeltaTables(str(tmp_path / "copy"))
    outfits = DeltaTable(folder)
    written, merged = (datetime.fromtimestamp(told["timestamp"] / 1_000, UTC) for told in reversed(outfits.history()))
    outfits.optimize.z_order(["product_id"])
    shutil.copytree(folder, Path(copy.root, OUTFITS.name), copy_function=shutil.copyfile)
    for one in (tables, copy):
        assert one.versions_at(OUTFITS, [merged, written, written - timedelta(seconds=1), AT]) == [2, 0, None, None]
    with pytest.raises(WarehouseError, match="holds no table products"):
        tables.versions_at(PRODUCTS, [merged])


def test_a_table_whose_rows_nobody_has_counted_is_not_small(tables: DeltaTables) -> None:
    """A writer that keeps no statistics."""
    (log,) = Path(tables.root, OUTFITS.name, "_delta_log").glob("*1.json")
    lines = [json.loads(line) for line in log.read_text("utf-8").splitlines()]
    for line in lines:
        line.get("add", {}).pop("stats", None)
    log.write_text("\n".join(map(json.dumps, lines)), "utf-8")
    assert tables.small(OUTFITS) is None


def test_other_tables_are_left_to_spark(tables: DeltaTables, monkeypatch: pytest.MonkeyPatch) -> None:
    """Those that are not there or large, and those with a feature that deltalake might not know."""
    assert tables.small(OUTFITS)
    assert not tables.small(PRODUCTS)
    monkeypatch.setattr("outfit_pairing.storage.delta_tables.WRITER_FEATURES", frozenset())
    assert not tables.small(OUTFITS)
    monkeypatch.undo()
    monkeypatch.setattr("outfit_pairing.storage.delta_tables.MOST_ROWS", 2)
    assert not tables.small(OUTFITS)
