"""The chain on Spark that is not in this process: executors of their own, a standalone master, shared storage. The same bits."""

import os
import subprocess
import sys
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import pytest

from tests.processes import spark_home
from tests.system.command import REPOSITORY, Ended, run
from tests.whole_shop import Shop, assert_equal_rows

pytestmark = [pytest.mark.slow, pytest.mark.timeout(3600)]

PRODUCTS, SEED = 400, 3
SETTINGS = (
    "embedding.model=hashing",
    "anchors.budget=40",
    "spark.partitions=4",
    "quality.gates.coverage=0.9",
    "quality.gates.from_patterns=0",
    "quality.gates.catalogue_share=0",
    "quality.gates.largest_share=1",
)
LOCAL_CLUSTER = "local-cluster[2,1,2048]"
BY_SPARK = "storage.small_by_driver=false"  # else the driver, on the same machine, would do the work of so few products
# The chain as scripts; check_quality also releases what passes.
SCRIPTS = (
    "embed_catalog",
    "select_anchors",
    "generate_patterns",
    "pair_by_lookbook",
    "apply_patterns",
    "pair_by_rules",
    "publish_recommendations",
    "check_quality",
)
SCRIPT = REPOSITORY / "deploy" / "spark_standalone.py"


def flags(warehouse: Path | str, *more: str) -> list[str]:
    return ["--warehouse", str(warehouse), *(part for one in (*SETTINGS, *more) for part in ("--set", one))]


@pytest.fixture(scope="module")
def catalogue(tmp_path_factory: pytest.TempPathFactory) -> Path:
    path = tmp_path_factory.mktemp("catalogue") / "sample.csv"
    assert run("sample", "--products", PRODUCTS, "--seed", SEED, "--out", path).code == 0
    return path


@pytest.fixture(scope="module")
def laptop(catalogue: Path, tmp_path_factory: pytest.TempPathFactory) -> Shop:
    """What the chain makes in one process."""
    shop = Shop(tmp_path_factory.mktemp("laptop"))
    ended = run("run", "--catalog", catalogue, "--mapping", "sample", *flags(shop.warehouse, "spark.master=local[2]"))
    assert ended.code == 0, ended.stderr
    return shop


def assert_same(found: Shop, expected: Shop) -> None:
    """Row for row, in all tables that the chain makes."""
    tables = found.tables()
    assert tables.keys() == expected.tables().keys()
    for name, rows in expected.tables().items():
        assert_equal_rows(name, tables[name], rows)
    assert found.files().sums == expected.files().sums


def test_executors_of_their_own_give_the_same(catalogue: Path, laptop: Shop, tmp_path: Path) -> None:
    """Two executors beside the driver, each a JVM with Python workers."""
    shop, home = Shop(tmp_path), str(spark_home(tmp_path))
    own = flags(shop.warehouse, f"spark.master={LOCAL_CLUSTER}", BY_SPARK)
    ended = run("run", "--catalog", catalogue, "--mapping", "sample", *own, timeout=1800, SPARK_HOME=home)
    assert ended.code == 0, ended.stderr
    assert f"master {LOCAL_CLUSTER}" in ended.stderr
    assert_same(shop, laptop)


@dataclass(frozen=True)
class Cluster:
    """A standalone master with two workers, whose Python has no packages, and what is shipped to them."""

    address: str
    package: Path
    environment: Path

    def shipped(self, memory: str) -> list[str]:
        """Of spark-submit, as docs/clusters.md has them."""
        return [
            "--master", self.address, "--driver-memory", memory, "--executor-memory", memory, "--py-files", str(self.package),
            "--archives", f"{self.environment}#environment", "--conf", "spark.executorEnv.PYTHONPATH=environment",
        ]  # fmt: skip

    def submit(self, script: str, *arguments: str) -> Ended:
        """The command of docs/clusters.md."""
        pythons = {"PYSPARK_PYTHON": bare_python(), "PYSPARK_DRIVER_PYTHON": sys.executable}
        return run(*self.shipped("1g"), f"jobs/{script}.py", *arguments, program="spark-submit", timeout=1800, **pythons)


def bare_python() -> str:
    """The interpreter that this environment was made from: the same version, and none of its packages."""
    path = str(getattr(sys, "_base_executable", sys.executable))
    code = "import importlib.util as u, sys; sys.exit(any(u.find_spec(one) for one in ('outfit_pairing', 'pyarrow', 'numpy')))"
    clean = {name: value for name, value in os.environ.items() if name != "PYTHONPATH"}
    if subprocess.run([path, "-c", code], env=clean, check=False).returncode:
        pytest.skip(f"{path} has packages of its own: nothing would show that they are shipped")
    return path


@pytest.fixture(scope="module")
def cluster(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Cluster]:
    folder = tmp_path_factory.mktemp("cluster")
    home = {"SPARK_HOME": str(spark_home(folder))}  # executors of the workers write into it
    clean = {name: value for name, value in os.environ.items() if name != "PYTHONPATH"} | home
    deploy(clean, "pack", "--out", str(folder / "dist"))
    address = deploy(clean, "start", "--folder", str(folder / "spark"), "--workers", "2", "--cores", "1", "--memory", "1g").strip()
    try:
        yield Cluster(address, folder / "dist" / "outfit_pairing.zip", folder / "dist" / "environment.tar.gz")
    finally:
        deploy(clean, "stop", "--folder", str(folder / "spark"))


def deploy(environment: dict[str, str], *arguments: str) -> str:
    ended = subprocess.run(
        [sys.executable, str(SCRIPT), *arguments], env=environment, capture_output=True, text=True, timeout=900, check=False
    )
    assert ended.returncode == 0, ended.stderr
    return ended.stdout


def test_scripts_submitted_to_a_cluster_give_the_same(
    catalogue: Path, laptop: Shop, cluster: Cluster, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Every stage by spark-submit; the workers have nothing but Java, Python and what is shipped to them."""
    monkeypatch.delenv("PYTHONPATH", raising=False)
    shop = Shop(tmp_path)
    stages = [("ingest_catalog", "--catalog", str(catalogue), "--mapping", "sample"), *((script,) for script in SCRIPTS)]
    for script, *arguments in stages:
        ended = cluster.submit(script, *arguments, *flags(shop.warehouse))
        assert ended.code == 0, ended.stderr
        assert f"master {cluster.address}" in ended.stdout, "spark-submit sends all that Python says to stdout"
    assert_same(shop, laptop)
