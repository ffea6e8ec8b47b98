"""Wrong versions, missing packages and other Sparks are found and have a cure."""

import subprocess
from collections.abc import Callable
from pathlib import Path

import pytest

from outfit_pairing.doctor import software
from outfit_pairing.doctor.finding import Finding
from outfit_pairing.errors import installing
from outfit_pairing.settings import Settings
from tests.unit.doctor.machines import VERSIONS, a_machine, java_says, spark_with

PLATFORM = {"DATABRICKS_RUNTIME_VERSION": "18.0"}


def fails(_: object) -> str:
    raise subprocess.CalledProcessError(1, "java")


@pytest.mark.parametrize(
    ("version", "state"),
    [
        ("17.0.15", "ok"), ("21", "ok"), ("21.0.2", "ok"), ("1.8.0_392", "fault"), ("11.0.20", "fault"),
        ("18.0.1", "warning"), ("22.0.1", "warning"), ("23.0.1", "fault"), ("25", "fault"),
    ],
)  # fmt: skip
def test_java_is_one_that_spark_starts_on(version: str, state: str) -> None:
    """17 and 21; older ones and those that removed what Hadoop calls are faults."""
    found = software.java(Settings(), a_machine(run=java_says(version)))
    assert found.state == state
    assert version in found.found
    assert bool(found.cure) is (state != "ok")


def test_no_java_is_a_fault_that_says_where_it_was_looked_for() -> None:
    """On the PATH, or in JAVA_HOME, which Spark takes first."""
    nowhere = a_machine(which=lambda _: None)
    assert "no java on the PATH" in software.java(Settings(), nowhere).found
    named = a_machine(which=lambda _: None, environment={"JAVA_HOME": "/opt/jdk"})
    assert "/opt/jdk, which holds no bin/java" in software.java(Settings(), named).found
    assert software.java(Settings(), a_machine(run=fails)).state == "fault"
    assert software.java(Settings(), a_machine(run=lambda _: "no idea")).state == "warning"


@pytest.mark.parametrize(("version", "state"), [((3, 10), "fault"), ((3, 11), "ok"), ((3, 12), "ok"), ((3, 13), "fault")])
def test_python_is_one_that_the_package_runs_on(version: tuple[int, int], state: str) -> None:
    """3.11 and 3.12."""
    assert software.python(Settings(), a_machine(python=version)).state == state


@pytest.mark.parametrize(
    ("answer", "state", "says"),
    [
        ("3 11 1\n", "ok", "3.11"), ("3 12 1\n", "fault", "3.12"), ("3 11 0\n", "fault", "does not have this package"),
        ("Segmentation fault", "fault", "no Python"),
    ],
)  # fmt: skip
def test_workers_run_the_same_python_with_this_package(answer: str, state: str, says: str) -> None:
    """PYSPARK_PYTHON is asked; without it workers get the driver's."""
    machine = a_machine(environment={"PYSPARK_PYTHON": "/usr/bin/python3"}, run=lambda _: answer)
    found = software.workers(Settings(), machine)
    assert (found.state, says in found.found) == (state, True)
    assert software.workers(Settings(), a_machine()).state == "ok"
    assert software.workers(Settings(), a_machine(environment={"PYSPARK_PYTHON": "x"}, run=fails)).state == "fault"


@pytest.mark.parametrize(
    ("versions", "says"),
    [
        ({}, "not installed: pyspark, delta-spark"),
        ({"pyspark": "4.1.4"}, "not installed: delta-spark"),
        ({"pyspark": "4.0.2", "delta-spark": "4.4.0"}, "needs pyspark<4.2,>=4.1"),
        ({"pyspark": "4.2.1", "delta-spark": "4.4.0"}, "pyspark<=4.2.0,>=4.0.1"),
        ({"pyspark": "4.1.4", "delta-spark": "4.0.0"}, "needs delta-spark<4.5,>=4.4.0"),
    ],
)
def test_spark_and_delta_fit_each_other(versions: dict[str, str], says: str) -> None:
    """Held against what this package and Delta themselves ask for."""
    found = software.spark(Settings(), a_machine(versions))
    assert found.state == "fault"
    assert says in found.found
    assert "WHEEL[local]" in found.cure


def test_another_spark_in_the_environment_is_found(tmp_path: Path) -> None:
    """SPARK_HOME goes before the installed package, so its version counts."""
    assert software.spark(Settings(), a_machine()).state == "ok"
    home = a_machine(environment={"SPARK_HOME": str(tmp_path)})
    assert "holds no Spark" in software.spark(Settings(), home).found
    spark_with(tmp_path, "spark-core_2.13-3.5.1.jar")
    assert "spark-core_2.13-3.5.1.jar" in software.spark(Settings(), home).found
    spark_with(tmp_path, "spark-core_2.13-4.1.4.jar")
    assert software.spark(Settings(), home).state == "ok"


def test_deltas_jars_are_one_version_and_the_packages_own(tmp_path: Path) -> None:
    """None: resolved at each start; another version, or two: two Deltas on one class path."""
    home = spark_with(tmp_path)
    machine = a_machine(spark_home=home)
    assert software.delta_jars(Settings(), machine).state == "warning"
    spark_with(tmp_path, "delta-spark_4.1_2.13-4.4.0.jar", "delta-storage-4.4.0.jar")
    assert software.delta_jars(Settings(), machine).state == "ok"
    spark_with(tmp_path, "delta-spark_4.1_2.13-4.3.0.jar")
    found = software.delta_jars(Settings(), machine)
    assert (found.state, "4.3.0.jar" in found.found) == ("fault", True)
    assert software.delta_jars(Settings(), a_machine({}, spark_home=home)).state == "fault"


def by_check(found: Finding) -> str:
    return found.check.removeprefix("extra ")


def test_an_extra_is_missed_only_where_settings_ask_for_it(make_settings: Callable[..., Settings]) -> None:
    """Without openai all is well, until patterns.provider is openai; the same for MLflow and tracking.uri."""
    bare = a_machine({name: version for name, version in VERSIONS.items() if name not in {"openai", "mlflow-skinny"}})
    quiet = {by_check(one): one for one in software.extras(make_settings(), bare)}
    assert {name: one.state for name, one in quiet.items()} == {"local": "ok", "embed": "ok", "llm": "ok", "tracking": "ok"}
    assert "needed for tracking.uri only" in quiet["tracking"].found
    asking = make_settings("patterns.provider=openai", "tracking.uri=http://127.0.0.1:5000")
    loud = {by_check(one): one for one in software.extras(asking, bare)}
    assert (loud["llm"].state, loud["llm"].cure) == ("fault", installing("llm"))
    assert loud["tracking"].state == "fault"
    old = a_machine({**VERSIONS, "openai": "1.2.0"})
    assert "openai 1.2.0 is not >=3" in {by_check(one): one for one in software.extras(asking, old)}["llm"].found


def test_on_databricks_nothing_of_the_platform_is_asked_for() -> None:
    """Java, Spark and Delta are provided there."""
    machine = a_machine({}, environment=PLATFORM, which=lambda _: None)
    for check in (software.java, software.spark, software.delta_jars, software.workers):
        assert check(Settings(), machine).state == "ok"
    assert all(one.state != "fault" for one in software.extras(Settings(), machine))
