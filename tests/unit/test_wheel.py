"""The wheel by itself: built, and installed where there is nothing but what it declares."""

import email
import os
import shutil
import subprocess
import sys
import zipfile
from collections.abc import Iterator
from importlib.metadata import Distribution, distribution, requires, version
from pathlib import Path

import pytest
from packaging.requirements import Requirement
from packaging.version import Version

from outfit_pairing.pipeline import STAGES

REPOSITORY = Path(__file__).resolve().parents[2]
SOURCES = ("pyproject.toml", "setup.py", "README.md", "LICENSE", "MANIFEST.in", "lib", "conf")
LARGEST = 1_000_000  # bytes


@pytest.fixture(scope="module")
def wheel(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Built as databricks.yml does, from a copy: the build leaves files beside its sources."""
    if Version(version("setuptools")) < Version("77"):
        pytest.skip("the wheel is built without network by setuptools 77 or later; `pip install -U setuptools`")
    source, out = tmp_path_factory.mktemp("source"), tmp_path_factory.mktemp("dist")
    leave = shutil.ignore_patterns("__pycache__", "*.egg-info")
    for name in SOURCES:
        path = REPOSITORY / name
        shutil.copytree(path, source / name, ignore=leave) if path.is_dir() else shutil.copy(path, source / name)
    _run(sys.executable, "-m", "pip", "wheel", "--quiet", "--no-deps", "--no-build-isolation", "--wheel-dir", str(out), str(source))
    (built,) = out.iterdir()
    return built


@pytest.fixture(scope="module")
def alone(wheel: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The bin folder of an environment with the wheel and what it declares; these packages are lent by ours, without network."""
    place = tmp_path_factory.mktemp("alone")
    _run(sys.executable, "-m", "venv", "--without-pip", str(place))
    (packages,) = place.glob("lib/python*/site-packages")
    for needed in _declared(wheel):
        for entry in {str(file).split("/", 1)[0] for file in needed.files or ()} - {"..", "__pycache__"}:
            if not (packages / entry).exists():
                (packages / entry).symlink_to(Path(str(needed.locate_file(entry))))
    python = str(place / "bin" / "python")
    _run(sys.executable, "-m", "pip", "--quiet", "--python", python, "install", "--no-deps", "--no-index", str(wheel))
    return place / "bin"


def test_the_wheel_is_small_and_complete(wheel: Path) -> None:
    """Less than a megabyte; guide, templates, settings and mappings are in it, tests and caches are not."""
    assert wheel.stat().st_size < LARGEST
    names = set(zipfile.ZipFile(wheel).namelist())
    inside = REPOSITORY / "lib" / "outfit_pairing"
    wanted = [file for file in inside.rglob("*") if file.is_file() and "__pycache__" not in file.parts]
    assert {f"outfit_pairing/{file.relative_to(inside)}" for file in wanted} <= names
    mappings = {file.name for file in (REPOSITORY / "conf" / "mappings").glob("*.yaml")}
    assert mappings == {name.rsplit("/", 1)[1] for name in names if name.startswith("outfit_pairing/catalog/mappings/")}
    settings = {file.name for file in (REPOSITORY / "conf").glob("*.yaml")}
    assert settings == {name.rsplit("/", 1)[1] for name in names if name.startswith("outfit_pairing/conf/")}
    assert {name.split("/", 1)[0].partition("-")[0] for name in names} == {"outfit_pairing"}


def test_what_databricks_brings_is_no_dependency(wheel: Path) -> None:
    """Spark, Delta and torch as hard dependencies would break serverless; the doors of jobs are in the metadata."""
    base = {one.name for one in _requirements(wheel)}
    assert not base & {"pyspark", "delta-spark", "torch", "sentence-transformers", "openai", "mlflow-skinny"}
    (doors,) = (name for name in zipfile.ZipFile(wheel).namelist() if name.endswith("entry_points.txt"))
    text = zipfile.ZipFile(wheel).read(doors).decode()
    assert "outfit-pairing-task = outfit_pairing.task:main" in text
    assert "outfit-pairing = outfit_pairing.cli:main" in text


def test_it_runs_with_what_it_declares(alone: Path) -> None:
    """Help, version, each stage's help, and a command that needs no Spark."""
    found = _run(
        str(alone / "python"), "-I", "-c", "import outfit_pairing; print(outfit_pairing.__version__, outfit_pairing.__file__)"
    )
    number, file = found.split(maxsplit=1)
    assert Path(file).is_relative_to(alone.parent)
    assert _run(str(alone / "outfit-pairing"), "--version") == f"outfit-pairing {number}\n"
    shown = _run(str(alone / "outfit-pairing"), "--help")
    assert all(stage in shown for stage in STAGES)
    # all modules behind the commands, as far as they need no Spark
    modules = "catalog.source, outfit_pairing.quality.report, outfit_pairing.publishing.lookbook, outfit_pairing.patterns.prompt"
    _run(str(alone / "python"), "-I", "-c", f"import outfit_pairing.task, outfit_pairing.{modules}")
    catalogue = alone.parent / "sample.csv.gz"
    _run(str(alone / "outfit-pairing"), "sample", "--products", "200", "--out", str(catalogue), "--quiet")
    assert catalogue.stat().st_size > 1_000
    assert "knows every type" in _run(
        str(alone / "outfit-pairing"), "guide-gaps", "--catalog", str(catalogue), "--mapping", "sample"
    )


def test_the_door_of_jobs_opens_as_databricks_opens_it(alone: Path) -> None:
    """The entry point is looked up by its name in the metadata and called, with parameters in sys.argv."""
    code = """
import sys
from importlib.metadata import distribution
sys.argv = ["outfit-pairing", "--version"]
(door,) = (one for one in distribution("outfit-pairing").entry_points if one.name == "outfit-pairing-task")
assert door.load()() is None
"""
    assert _run(str(alone / "python"), "-I", "-c", code).startswith("outfit-pairing ")


def test_without_spark_a_stage_says_what_is_missing(alone: Path) -> None:
    """One line and exit code 2; the task's door fails with the same reason."""
    for door, code in (("outfit-pairing", 2), ("outfit-pairing-task", 1)):
        arguments = ["embed", "--warehouse", str(alone.parent / "warehouse")]
        ended = subprocess.run([str(alone / door), *arguments], capture_output=True, text=True, check=False, env=_clean())
        assert ended.returncode == code
        assert "Spark and Delta are not installed" in ended.stderr.strip().splitlines()[-1]


def _run(*command: str) -> str:
    ended = subprocess.run(command, capture_output=True, text=True, check=False, env=_clean())
    assert ended.returncode == 0, f"{' '.join(command)}\n{ended.stdout}{ended.stderr}"
    return ended.stdout


def _clean() -> dict[str, str]:
    """The environment without what could lend the wheel our sources or settings."""
    return {name: value for name, value in os.environ.items() if not name.startswith(("PYTHON", "OUTFIT_"))}


def _requirements(wheel: Path) -> list[Requirement]:
    """What the wheel declares without extras."""
    archive = zipfile.ZipFile(wheel)
    (name,) = (name for name in archive.namelist() if name.endswith(".dist-info/METADATA"))
    stated = email.message_from_string(archive.read(name).decode()).get_all("Requires-Dist") or []
    return [one for one in map(Requirement, stated) if one.marker is None or one.marker.evaluate({"extra": ""})]


def _declared(wheel: Path) -> Iterator[Distribution]:
    """The installed packages that the wheel declares, and what these declare."""
    waiting, seen = _requirements(wheel), set[str]()
    while waiting:
        one = waiting.pop()
        if one.name.lower() not in seen:
            seen.add(one.name.lower())
            yield distribution(one.name)
            stated = map(Requirement, requires(one.name) or ())
            waiting += [need for need in stated if need.marker is None or need.marker.evaluate({"extra": ""})]
