"""Which entries of a worker's path stay."""

from pathlib import Path

import pytest

from outfit_pairing.storage.worker_daemon import without_archives


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
