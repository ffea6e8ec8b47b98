"""`doctor` looks at a machine as it is: quickly without Spark, and by trying where asked to."""

import json
import time
from pathlib import Path

from tests.system.command import run


def states(stdout: str) -> dict[str, str]:
    return {one["check"]: one["state"] for one in json.loads(stdout)}


def test_a_machine_that_runs_these_tests_is_well(tmp_path: Path) -> None:
    """No fault, within five seconds, and nothing is left in the warehouse's place."""
    started = time.perf_counter()
    ended = run("doctor", "--warehouse", tmp_path / "warehouse", "--products", 100, "--json")
    assert time.perf_counter() - started < 5
    found = states(ended.stdout)
    assert ended.code == 0, ended.stdout
    assert {found[check] for check in ("java", "python", "spark and delta", "warehouse", "clock")} == {"ok"}
    assert list(tmp_path.iterdir()) == []


def test_a_fault_is_told_with_its_cure_and_exit_code_2(tmp_path: Path) -> None:
    """In the table that people read."""
    ended = run("doctor", "--warehouse", tmp_path, "--products", 100, JAVA_HOME=str(tmp_path / "no_jdk"))
    assert ended.code == 2
    said = " ".join(ended.stdout.split())  # long lines are wrapped
    assert "which holds no bin/java" in said
    assert "→ install a JDK 17" in said
    assert "1 fault" in ended.stdout.splitlines()[-1]


def test_deep_writes_and_reads_a_table_in_a_folder_of_its_own(tmp_path: Path) -> None:
    """Session, Delta, worker and text model at work; the warehouse is left alone."""
    warehouse = tmp_path / "warehouse"
    ended = run(
        "doctor", "--deep", "--warehouse", warehouse, "--products", 100, "--set", "embedding.model=hashing", "--json", "--quiet"
    )
    found = states(ended.stdout)
    assert ended.code == 0, ended.stdout
    assert {found[check] for check in ("session", "delta table", "worker", "text model at work")} == {"ok"}
    assert not warehouse.exists()
