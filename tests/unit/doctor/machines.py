"""Made-up machines: a good one, and whatever is wrong with another."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

from outfit_pairing.doctor.machine import Machine

OURS = (
    'pydantic<3,>=2.9', 'pyspark<4.2,>=4.1; extra == "local"', 'delta-spark<4.5,>=4.4.0; extra == "local"',
    'sentence-transformers>=5.1; extra == "embed"', 'openai>=3; extra == "llm"', 'mlflow-skinny>=3; extra == "tracking"',
)  # fmt: skip
REQUIREMENTS = {"outfit-pairing": OURS, "delta-spark": ("pyspark<=4.2.0,>=4.0.1",)}
VERSIONS = {
    "pydantic": "2.14.3", "pyspark": "4.1.4", "delta-spark": "4.4.0", "sentence-transformers": "6.2.0", "openai": "3.54.0",
    "mlflow-skinny": "3.17.2",
}  # fmt: skip
GB = 1_000_000_000
NOW = 1_800_000_000.0


def java_says(version: str) -> Callable[[Sequence[str]], str]:
    """Any program answers as that Java would."""
    return lambda _: f'openjdk version "{version}" 2025-04-15\nOpenJDK Runtime Environment (build {version})'


def spark_with(folder: Path, *jars: str) -> Path:
    """A Spark that holds these jars."""
    (folder / "jars").mkdir(parents=True, exist_ok=True)
    for jar in jars:
        (folder / "jars" / jar).touch()
    return folder


def a_machine(versions: Mapping[str, str] = VERSIONS, **changes: Any) -> Machine:
    """A machine on which nothing is wrong but for `changes`; `versions` are those of installed distributions."""
    good = Machine(
        environment={},
        python=(3, 11),
        executable="/venv/bin/python",
        which=lambda program: f"/usr/bin/{program}",
        run=java_says("17.0.15"),
        version=versions.get,
        requirements=lambda name: REQUIREMENTS.get(name, ()),
        spark_home=None,
        cores=4,
        free_memory=16 * GB,
        free_space=lambda _: 100 * GB,
        reach=lambda _: None,
        now=lambda: NOW,
        built_at=NOW - 1_000_000,
        temporary=Path("/"),
    )
    return replace(good, **changes)
