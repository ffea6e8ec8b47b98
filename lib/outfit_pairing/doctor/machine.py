"""The machine as checks see it: plain values and a few questions, so that tests can make every fault happen."""

import importlib.metadata
import os
import shutil
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from importlib.util import find_spec
from pathlib import Path

from outfit_pairing.package_files import package_folder
from outfit_pairing.patterns.asking.reach import reach

PATIENCE_S = 2.0  # for another program, or a server, to answer


@dataclass(frozen=True, slots=True)
class Machine:
    """What there is. `run` gives a command's output (both streams) and raises OSError or SubprocessError."""

    environment: Mapping[str, str]
    python: tuple[int, int]
    executable: str
    which: Callable[[str], str | None]
    run: Callable[[Sequence[str]], str]
    version: Callable[[str], str | None]  # of an installed distribution
    requirements: Callable[[str], Sequence[str]]  # of an installed distribution, as it states them
    spark_home: Path | None
    cores: int
    free_memory: int | None  # bytes that can be had without swapping; None where the system does not tell
    free_space: Callable[[Path], int]  # bytes
    reach: Callable[[str], str | None]  # why a URL's server cannot be reached
    now: Callable[[], float] = time.time
    built_at: float = 0.0  # when this package's files were written
    temporary: Path = field(default_factory=lambda: Path(tempfile.gettempdir()))

    @property
    def is_platform(self) -> bool:
        """Whether Databricks provides Java, Spark and Delta."""
        return "DATABRICKS_RUNTIME_VERSION" in self.environment


def this_machine() -> Machine:
    """The machine that runs this."""
    environment = dict(os.environ)
    return Machine(
        environment=environment,
        python=sys.version_info[:2],
        executable=sys.executable,
        which=shutil.which,
        run=_output,
        version=_version,
        requirements=_requirements,
        spark_home=_spark_home(environment),
        cores=len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1,
        free_memory=free_memory(Path("/")),
        free_space=lambda folder: shutil.disk_usage(folder).free,
        reach=lambda url: reach(url, PATIENCE_S),
        built_at=package_folder("outfit_pairing").stat().st_mtime,
        temporary=Path(environment.get("SPARK_LOCAL_DIRS", tempfile.gettempdir()).partition(",")[0]),
    )


def free_memory(root: Path) -> int | None:
    """Bytes that can be had: what Linux calls available, or what a container still has, whichever is less."""
    found = [size for size in (_available(root / "proc/meminfo"), _left_in_container(root / "sys/fs/cgroup")) if size is not None]
    return min(found, default=None)


def _available(meminfo: Path) -> int | None:
    try:
        lines = meminfo.read_text("ascii").splitlines()
    except OSError:
        return None
    return next((int(line.split()[1]) * 1024 for line in lines if line.startswith("MemAvailable:")), None)


def _left_in_container(cgroup: Path) -> int | None:
    for most, used in (
        ("memory.max", "memory.current"),
        ("memory/memory.limit_in_bytes", "memory/memory.usage_in_bytes"),
    ):
        try:
            return max(0, int((cgroup / most).read_text("ascii")) - int((cgroup / used).read_text("ascii")))
        except (OSError, ValueError):  # no such file, or `max`
            continue
    return None


def _output(command: Sequence[str]) -> str:
    done = subprocess.run(command, capture_output=True, text=True, timeout=PATIENCE_S * 5, check=True)
    return done.stdout + done.stderr


def _version(distribution: str) -> str | None:
    try:
        return importlib.metadata.version(distribution)
    except importlib.metadata.PackageNotFoundError:
        return None


def _requirements(distribution: str) -> Sequence[str]:
    try:
        return importlib.metadata.requires(distribution) or ()
    except importlib.metadata.PackageNotFoundError:
        return ()


def _spark_home(environment: Mapping[str, str]) -> Path | None:
    """Where Spark starts from: SPARK_HOME goes before the installed package."""
    if environment.get("SPARK_HOME"):
        return Path(environment["SPARK_HOME"])
    spec = find_spec("pyspark")
    return Path(spec.origin).parent if spec and spec.origin else None
