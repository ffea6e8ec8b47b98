"""Fixtures that all tests share. tests/unit never starts a JVM; tests/spark shares one local session."""

import errno
import os
import shutil
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import TYPE_CHECKING

import pytest
from hypothesis import settings as hypothesis_settings

from outfit_pairing.settings import Settings, load_settings
from tests.system.command import QUICK_JVM

if TYPE_CHECKING:
    from pyspark.sql import SparkSession

# machines are shared and noisy: a slow example is no fault; CI tries the same examples each time, everybody else new ones
hypothesis_settings.register_profile("patient", deadline=None, derandomize="CI" in os.environ)
hypothesis_settings.load_profile("patient")

REPOSITORY = Path(__file__).resolve().parents[1]
DATA_DIR = Path(os.environ.get("OUTFIT_DATA_DIR", REPOSITORY.parent / "shared" / "data"))


# The longest first, so that the last minutes of a run in two processes are not those of one file alone.
LONG_FILES = (
    "test_kills.py",
    "test_real_catalogue.py",
    "test_whole_run.py",
    "test_postgres.py",
    "test_serving.py",
    "test_model_runs.py",
    "test_broken_catalogues.py",
    "test_changes.py",
    "test_foreign_catalogues.py",
    "test_model_patterns.py",
)


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Long files before the others, each as it stands."""
    order = {name: place for place, name in enumerate(LONG_FILES)}
    items.sort(key=lambda item: order.get(item.path.name, len(order)))


@pytest.fixture(scope="session")
def spark(tmp_path_factory: pytest.TempPathFactory) -> Iterator["SparkSession"]:
    """One local session for all Spark tests; skipped with the reason where there is no Java."""
    if shutil.which("java") is None and "JAVA_HOME" not in os.environ:
        pytest.skip("no Java found: install a JDK 17 (Debian: openjdk-17-jre-headless) to run the Spark tests")
    from outfit_pairing.storage.session import open_session

    folder = tmp_path_factory.mktemp("session")
    # many small jobs: the second compiler would cost more time than its code saves
    os.environ["JDK_JAVA_OPTIONS"] = QUICK_JVM
    session = open_session(load_settings(overrides=["spark.master=local[2]", "spark.partitions=3", f"storage.warehouse={folder}"]))
    del os.environ["JDK_JAVA_OPTIONS"]
    # … and so would generated code: each small query would be compiled anew
    session.conf.set("spark.sql.codegen.factoryMode", "NO_CODEGEN")
    yield session
    session.stop()


@pytest.fixture
def make_settings(tmp_path: Path) -> Callable[..., Settings]:
    """Settings of a fresh warehouse: `make_settings("anchors.budget=20")`."""

    def make(*overrides: str) -> Settings:
        return load_settings(overrides=[f"storage.warehouse={tmp_path / 'warehouse'}", *overrides], environment={})

    return make


@pytest.fixture
def without_moves(monkeypatch: pytest.MonkeyPatch) -> None:
    """A file system as that of a Databricks volume, which moves and links nothing."""

    def refuse(*_: object, **__: object) -> None:
        raise OSError(errno.ENOSYS, os.strerror(errno.ENOSYS))

    for owner, name in ((Path, "replace"), (Path, "rename"), (os, "replace"), (os, "rename"), (os, "link")):
        monkeypatch.setattr(owner, name, refuse)


@pytest.fixture(scope="session")
def catalogue_file() -> Path:
    """The real catalogue of 44,446 rows; skipped where it is absent."""
    path = DATA_DIR / "myntra" / "styles.csv.gz"
    if not path.exists():
        pytest.skip(f"the real catalogue is not at {path}; set OUTFIT_DATA_DIR to the folder that holds myntra/styles.csv.gz")
    return path


@pytest.fixture(scope="session")
def seed_folder() -> Path:
    """The earlier system's anchors and patterns; skipped where they are absent."""
    path = DATA_DIR / "seed"
    if not path.exists():
        pytest.skip(f"no seed data at {path}; set OUTFIT_DATA_DIR to the folder that holds seed/")
    return path
