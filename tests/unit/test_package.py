"""Promises of the package as a whole."""

import pickle
import subprocess
import sys
from pathlib import Path

import pytest

from outfit_pairing import errors

REPOSITORY = Path(__file__).resolve().parents[2]


def test_importing_is_light() -> None:
    """The package imports without Spark, torch or the tracking library."""
    code = "import sys, outfit_pairing, outfit_pairing.cli; print({'pyspark', 'torch', 'mlflow', 'pandas'} & set(sys.modules))"
    assert subprocess.check_output([sys.executable, "-c", code], text=True).strip() == "set()"


@pytest.mark.parametrize(
    "error",
    [
        errors.SettingsError("conf/local.yaml: x is no setting"),
        errors.MissingColumns("styles.csv", ["colour"], [f"c{number}" for number in range(40)]),
        errors.MissingTable("products", "/warehouse", "ingest"),
        errors.ModelRefused("http://127.0.0.1:8000/v1", "small", "HTTP 401", "OPENAI_API_KEY"),
        errors.BudgetSpent("9,800 of 10,000 tokens are spent", 40, 200),
        errors.ModelDown("http://127.0.0.1:8000/v1", "connection refused", 40, 200),
        errors.GateMissed(["coverage 0.5 < 0.999"]),
    ],
)
def test_errors_survive_the_way_from_worker_to_driver(error: errors.OutfitPairingError) -> None:
    """An error keeps its message through pickling, and its message is one short line."""
    copy = pickle.loads(pickle.dumps(error))
    assert str(copy) == str(error)
    assert "\n" not in copy.what
    assert len(copy.what) < 400


def test_pages_written_from_the_code_are_not_stale() -> None:
    """docs/settings.md and docs/tables.md say what the code says."""
    sys.path.insert(0, str(REPOSITORY / "docs"))
    try:
        import generate
    finally:
        sys.path.pop(0)
    for name, page in generate.PAGES.items():
        assert (REPOSITORY / "docs" / name).read_text("utf-8") == page(), f"run `python docs/generate.py` to renew {name}"


def test_every_job_is_a_thin_door_to_its_command() -> None:
    """One script per stage, each under 40 lines."""
    from outfit_pairing.pipeline import STAGES

    scripts = sorted((REPOSITORY / "jobs").glob("*.py"))
    assert len(scripts) == len(STAGES)
    for script in scripts:
        text = script.read_text("utf-8")
        assert sum(f'["{stage}",' in text for stage in STAGES) == 1
        assert len(text.splitlines()) < 40


def test_nothing_that_spark_connect_lacks_is_used() -> None:
    """No SparkContext, RDD, accumulator, broadcast or cache anywhere in the package."""
    forbidden = ("sparkContext", ".rdd", ".cache()", ".persist(", "sc.broadcast(", ".accumulator(")
    for path in (REPOSITORY / "lib").rglob("*.py"):
        text = path.read_text("utf-8")
        assert not [word for word in forbidden if word in text], path
