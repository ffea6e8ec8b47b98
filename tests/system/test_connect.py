"""The chain through Spark Connect, as on serverless compute: the same outfits, to the bit."""

import importlib.util
from pathlib import Path

import pytest

from tests.system.command import run
from tests.system.test_clusters import BY_SPARK, PRODUCTS, SEED, assert_same, flags
from tests.whole_shop import Shop

pytestmark = [
    pytest.mark.slow,
    pytest.mark.timeout(3600),
    pytest.mark.skipif(
        importlib.util.find_spec("grpc_status") is None, reason="Spark Connect is not installed: outfit-pairing[connect]"
    ),
]


def test_the_chain_runs_through_spark_connect_and_gives_the_same(tmp_path: Path) -> None:
    """Every table of the chain and every JSON file."""
    catalogue = tmp_path / "sample.csv"
    assert run("sample", "--products", PRODUCTS, "--seed", SEED, "--out", catalogue).code == 0
    classic, connect = (Shop(tmp_path / name) for name in ("classic", "connect"))
    for shop, own, environment in ((classic, "spark.master=local[2]", {}), (connect, BY_SPARK, {"SPARK_REMOTE": "local[2]"})):
        ended = run("run", "--catalog", catalogue, "--mapping", "sample", *flags(shop.warehouse, own), timeout=1800, **environment)
        assert ended.code == 0, ended.stderr
        assert ("Spark Connect at local[2]" in ended.stderr) is bool(environment)
    assert_same(connect, classic)
    # and where the driver works for the server, it finds all as it would have left it
    again = run(
        "run", "--catalog", catalogue, "--mapping", "sample", *flags(connect.warehouse), timeout=1800, SPARK_REMOTE="local[2]"
    )
    assert again.code == 0, again.stderr
    assert "nothing had changed, no row was rewritten" in again.stdout
