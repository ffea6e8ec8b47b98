"""Promises of the package as a whole."""

import ast
import json
import pickle
import re
import shlex
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
        errors.ModelRefused("http://127.0.0.1:8000/v1", "small", "HTTP 401", "correct the key in OPENAI_API_KEY"),
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
    """One script per stage, which its name says, each under 40 lines."""
    from outfit_pairing.pipeline import STAGES

    scripts = sorted((REPOSITORY / "jobs").glob("*.py"))
    started = set()
    for script in scripts:
        text = script.read_text("utf-8")
        (stage,) = (stage for stage in STAGES if f'["{stage}",' in text)
        assert script.stem.replace("_", "-").startswith(stage)
        assert len(text.splitlines()) < 40
        started.add(stage)
    assert started == set(STAGES)
    assert len(scripts) == len(STAGES)


def test_settings_of_a_session_are_looked_at_where_they_can_be() -> None:
    """Serverless compute refuses those that it does not know: only before it has been told apart, or where workers ask by HTTP."""
    asking = {
        function.name
        for path in CODE
        if path.suffix == ".py"
        for function in ast.walk(ast.parse(path.read_text("utf-8")))
        if isinstance(function, ast.FunctionDef)
        for node in ast.walk(function)
        if isinstance(node, ast.Attribute)
        and node.attr in {"get", "set", "unset"}
        and ast.unparse(node.value).endswith("spark.conf")
    }
    assert asking == {"open_session", "runs_here", "_short_listings", "driver_host"}


def test_the_command_that_is_tried_is_the_one_of_the_page() -> None:
    """tests/system/test_clusters.py submits with these flags, in this order."""
    from tests.system.test_clusters import Cluster

    page = (REPOSITORY / "docs" / "clusters.md").read_text("utf-8")
    written = shlex.split(re.search(r"^spark-submit (.*?)^  jobs/", page, re.MULTILINE | re.DOTALL)[1].replace("\\\n", " "))  # type: ignore[index]
    tried = Cluster("spark://HOST:7077", Path("dist/outfit_pairing.zip"), Path("dist/environment.tar.gz")).shipped("2g")
    assert written == tried


def test_the_pages_name_the_delta_that_the_session_takes() -> None:
    """A command that is copied must not bring another one."""
    from outfit_pairing.storage.session import delta_coordinates

    pages = [REPOSITORY / "README.md", *(REPOSITORY / "docs").glob("*.md"), *(REPOSITORY / "conf").glob("*.yaml")]
    pages = [page for page in pages if page.name != "decisions.md"]
    named = {found for page in pages for found in re.findall(r"io\.delta:delta-spark[\w.]*:[\d.]+\d", page.read_text("utf-8"))}
    assert named == {delta_coordinates()}


# What neither Spark Connect nor serverless compute has. F.broadcast, a hint, is no broadcast variable.
LACKING = {
    *("_jvm", "_jsc", "_jdf", "_jsparkSession", "_jwrite", "_sc", "_gateway", "_collect_as_arrow"),
    *("sparkContext", "rdd", "parallelize", "accumulator", "mapPartitions", "mapPartitionsWithIndex"),
    *("cache", "persist", "unpersist", "setCheckpointDir", "foreachPartition"),
    *("createGlobalTempView", "createOrReplaceGlobalTempView", "cacheTable", "addPyFile"),
}
LACKING_NAMES = {"SparkContext", "SQLContext", "sqlContext", "sc", "RDD"}
LACKING_MODULES = ("pyspark.context", "pyspark.rdd", "pyspark.mllib", "pyspark.streaming")
OF_PYTHON = {"functools.cache"}
CODE = [path for folder in ("lib", "jobs", "notebooks") for path in sorted((REPOSITORY / folder).rglob("*.*"))]


def used(code: str) -> set[str]:
    """What of the lacking things some code uses; comments and prose do not count."""
    found = set()
    for node in ast.walk(ast.parse(code)):
        match node:
            case ast.Attribute(value=owner, attr=name):
                hint = name == "broadcast" and ast.unparse(owner) not in {"F", "functions"}
                if hint or (name in LACKING and ast.unparse(node) not in OF_PYTHON):
                    found.add(name)
            case ast.Name(id=name) if name in LACKING_NAMES:
                found.add(name)
            case ast.Constant(value=str(name)) if name.startswith("_") and name in LACKING:  # getattr(spark, "_jvm")
                found.add(name)
            case ast.ImportFrom(module=str(module), names=names):
                found |= {module} if module.startswith(LACKING_MODULES) else {one.name for one in names} & LACKING_NAMES
            case ast.Import(names=names):
                found |= {one.name for one in names if one.name.startswith(LACKING_MODULES)}
    return found


def code_of(path: Path) -> str:
    """The Python of a file; of a notebook all cells, without what is for the notebook."""
    text = path.read_text("utf-8")
    if path.suffix == ".py":
        return text
    cells = (cell["source"] for cell in json.loads(text)["cells"] if cell["cell_type"] == "code")
    return "\n".join(line for cell in cells for line in "".join(cell).splitlines() if not line.startswith(("%", "!")))


def test_nothing_that_spark_connect_lacks_is_used() -> None:
    """No SparkContext, JVM, RDD, accumulator, broadcast variable or cache in package, jobs and notebooks."""
    files = [path for path in CODE if path.suffix in {".py", ".ipynb"}]
    assert {path.suffix for path in files} == {".py", ".ipynb"}
    assert {path.name: lacking for path in files if (lacking := used(code_of(path)))} == {}


@pytest.mark.parametrize(
    "code",
    [
        "spark.sparkContext.parallelize(range(9))",
        "frame.rdd.map(f)",
        "spark._jvm.System",
        "getattr(spark, '_jsparkSession')",
        "sc.broadcast(values)",
        "session.broadcast(values)",
        "frame.cache()",
        "frame.foreachPartition(send)",
        "from pyspark import SparkContext",
        "import pyspark.rdd",
        "frame.createGlobalTempView('products')",
    ],
)
def test_what_spark_connect_lacks_does_not_pass(code: str) -> None:
    """The check above checks."""
    assert used(code)


def test_what_only_sounds_like_it_passes() -> None:
    """A hint, a cache of Python, and prose."""
    said = "# spark.sparkContext\nsaid = 'no frame.rdd here'\n"
    fine = "import functools\nfunctools.cache(f)\nframe.join(F.broadcast(few), 'id')\n"
    assert used(said + fine) == set()
