"""The chain through Spark Connect, as on serverless compute: the same outfits, to the bit."""

import importlib.util
from pathlib import Path

import pytest

from tests.delta import read_table
from tests.system.command import Ended, run

pytestmark = [
    pytest.mark.slow,
    pytest.mark.skipif(
        importlib.util.find_spec("grpc_status") is None, reason="Spark Connect is not installed: outfit-pairing[connect]"
    ),
]

SETTINGS = (
    "embedding.model=hashing",
    "quality.gates.coverage=0.9",
    "quality.gates.catalogue_share=0",
    "quality.gates.largest_share=1",
)
TABLES = (
    "products",
    "anchor_products",
    "outfit_patterns",
    "pattern_recommendations",
    "rule_recommendations",
    "outfit_recommendations",
)


def chain(catalogue: Path, warehouse: Path, **environment: str) -> Ended:
    settings = [part for one in (*SETTINGS, "quality.gates.from_patterns=0") for part in ("--set", one)]
    return run("run", "--catalog", catalogue, "--mapping", "sample", "--warehouse", warehouse, *settings, **environment)


def test_the_chain_runs_through_spark_connect_and_gives_the_same(tmp_path: Path) -> None:
    """All stages, an anchor's patterns and each outfit."""
    catalogue = tmp_path / "sample.csv"
    assert run("sample", "--products", 400, "--seed", 3, "--out", catalogue).code == 0
    for warehouse, environment in (("classic", {}), ("connect", {"SPARK_REMOTE": "local[2]"})):
        ended = chain(catalogue, tmp_path / warehouse, **environment)
        assert ended.code == 0, ended.stderr
        assert ("Spark Connect at local[2]" in ended.stderr) is bool(environment)
    for table in TABLES:
        classic, connect = (without_audit(tmp_path / warehouse, table) for warehouse in ("classic", "connect"))
        assert classic == connect, table


def without_audit(warehouse: Path, table: str) -> list[str]:
    """The table's rows as texts, sorted."""
    rows = read_table(warehouse, table).drop_columns(["run_id", "updated_at"]).to_pylist()
    return sorted(map(repr, rows))
