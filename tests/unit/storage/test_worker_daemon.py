"""Which entries of a worker's path stay, and which sessions start workers so."""

import sys
from pathlib import Path

import pytest

from outfit_pairing import NOT_INSTALLED
from outfit_pairing.settings import load_settings
from outfit_pairing.storage import session
from outfit_pairing.storage.worker_daemon import without_archives
from tests.unit.storage.conftest import InsteadOfSpark


@pytest.fixture
def path(tmp_path: Path) -> list[str]:
    """A worker's path: Spark's archive, then a folder with pyspark."""
    spark = tmp_path / "site-packages" / "pyspark"
    (spark / "python" / "lib").mkdir(parents=True)
    archive = spark / "python" / "lib" / "pyspark.zip"
    archive.touch()
    return [str(archive), str(tmp_path / "absent"), str(tmp_path / "site-packages")]


def test_archives_of_spark_go_where_the_installed_pyspark_is_that_of_the_spark_that_runs(path: list[str], tmp_path: Path) -> None:
    (tmp_path / "mine.zip").touch()
    path.append(str(tmp_path / "mine.zip"))
    assert without_archives(path, f"{path[2]}/pyspark") == path[1:]


@pytest.mark.parametrize("spark_home", [None, "elsewhere"])
def test_all_stays_where_another_spark_runs(path: list[str], spark_home: str | None) -> None:
    assert without_archives(path, spark_home) == path


def test_a_link_to_the_same_spark_is_the_same(path: list[str], tmp_path: Path) -> None:
    (tmp_path / "spark").symlink_to(Path(path[2]) / "pyspark")
    assert without_archives(path, str(tmp_path / "spark")) == path[1:]


HERE = sys.executable


@pytest.mark.parametrize(
    ("python", "version", "is_ours"), [(HERE, "1.2", True), ("another", "1.2", False), (HERE, NOT_INSTALLED, False)]
)
def test_it_is_named_where_workers_have_it(
    python: str, version: str, instead_of_spark: InsteadOfSpark, monkeypatch: pytest.MonkeyPatch, *, is_ours: bool
) -> None:
    told: dict[str, str] = {}
    instead_of_spark(lambda builder: told.update(builder._options))
    monkeypatch.setenv("PYSPARK_PYTHON", python)
    monkeypatch.setattr(session, "__version__", version)
    session.open_session(load_settings(environment={}))
    assert ("spark.python.daemon.module" in told) is is_ours
