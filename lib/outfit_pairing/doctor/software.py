"""Java, Python, Spark, Delta and the optional packages."""

import re
import subprocess
from collections.abc import Iterator
from pathlib import Path

from packaging.requirements import InvalidRequirement, Requirement
from packaging.version import Version

from outfit_pairing.doctor.finding import Finding, fault, ok, warning
from outfit_pairing.doctor.machine import Machine
from outfit_pairing.errors import installing
from outfit_pairing.settings import Settings

JAVA_TESTED = (17, 21)  # what Spark 4 is released for
JAVA_LEAST = 17
JAVA_REFUSED = 23  # from here on Spark's Hadoop fails in Subject.getSubject, see HADOOP-19212
PYTHON_TESTED = ((3, 11), (3, 12))
PLATFORM = "provided by Databricks"
INSTALL_JAVA = "install a JDK 17 (Debian: apt-get install openjdk-17-jre-headless) and let JAVA_HOME name it"
INSTALL_LOCAL = installing("local")
SHOW_PYTHON = "import sys, importlib.util as u; print(*sys.version_info[:2], int(u.find_spec('outfit_pairing') is not None))"
# What the extras are for, said where one is missing; `dev` is nobody's need here.
EXTRAS = {
    "local": "Spark and Delta on this machine",
    "embed": "the text model",
    "llm": "patterns.provider openai",
    "tracking": "tracking.uri",
}


def java(_: Settings, machine: Machine) -> Finding:
    """The Java that Spark will start: JAVA_HOME's, else the first on the PATH."""
    if machine.is_platform:
        return ok("java", PLATFORM)
    home = machine.environment.get("JAVA_HOME")
    program = machine.which(str(Path(home, "bin", "java")) if home else "java")
    if program is None:
        found = f"JAVA_HOME is {home}, which holds no bin/java" if home else "no java on the PATH, and no JAVA_HOME"
        return fault("java", found, INSTALL_JAVA)
    try:
        answer = machine.run([program, "-version"])
    except (OSError, subprocess.SubprocessError) as reason:
        return fault("java", f"{program} does not run ({_short(reason)})", INSTALL_JAVA)
    return _java_version(answer, program)


def _java_version(answer: str, program: str) -> Finding:
    match = re.search(r'version "((?:1\.)?(\d+)[^"]*)"', answer)
    if match is None:
        return warning("java", f"{program} does not say its version", INSTALL_JAVA)
    number, shown = int(match[2]), f"{match[1]} at {program}"
    if number in JAVA_TESTED:
        return ok("java", shown)
    if number < JAVA_LEAST:
        return fault("java", f"{shown}; Spark 4 needs 17 or 21", INSTALL_JAVA)
    if number >= JAVA_REFUSED:
        return fault("java", f"{shown}, on which this Spark does not start", INSTALL_JAVA)
    return warning("java", f"{shown}; Spark 4 is released for 17 and 21", INSTALL_JAVA)


def python(_: Settings, machine: Machine) -> Finding:
    """The interpreter of the driver."""
    shown = f"{_dotted(machine.python)} at {machine.executable}"
    if machine.python in PYTHON_TESTED:
        return ok("python", shown)
    return fault("python", f"{shown}; needs 3.11 or 3.12", "make the environment anew with python3.11 or python3.12")


def workers(_: Settings, machine: Machine) -> Finding:
    """The interpreter of Spark's workers on this machine: the same version, with this package."""
    named = machine.environment.get("PYSPARK_PYTHON")
    if not named or machine.is_platform:
        return ok("python of workers", "the same")
    cure = "unset PYSPARK_PYTHON, or let it name the interpreter of this environment"
    try:
        said = re.search(r"(\d+) (\d+) ([01])\s*$", machine.run([named, "-c", SHOW_PYTHON]))
    except (OSError, subprocess.SubprocessError) as reason:
        return fault("python of workers", f"PYSPARK_PYTHON is {named}, which does not run ({_short(reason)})", cure)
    if said is None:
        return fault("python of workers", f"PYSPARK_PYTHON is {named}, which is no Python", cure)
    found = (int(said[1]), int(said[2]))
    if found != machine.python:
        return fault("python of workers", f"PYSPARK_PYTHON is {named}: {_dotted(found)}, here {_dotted(machine.python)}", cure)
    if said[3] == "0":
        return fault("python of workers", f"PYSPARK_PYTHON is {named}, which does not have this package", cure)
    return ok("python of workers", f"{_dotted(found)} at {named}")


def spark(_: Settings, machine: Machine) -> Finding:
    """Spark and Delta are there, of versions that this package and each other take."""
    found = {name: machine.version(name) for name in ("pyspark", "delta-spark")}
    if machine.is_platform:
        return ok("spark and delta", PLATFORM)
    missing = [name for name, version in found.items() if version is None]
    if missing:
        return fault("spark and delta", f"not installed: {', '.join(missing)}", INSTALL_LOCAL)
    shown = ", ".join(f"{name} {version}" for name, version in found.items())
    wanted = [*_wanted(machine, "outfit-pairing", "local"), *_wanted(machine, "delta-spark", "")]
    unfit = [one for one in wanted if one.name in found and not one.specifier.contains(Version(str(found[one.name])))]
    if unfit:
        return fault("spark and delta", f"{shown}; needs {', '.join(_named(one) for one in unfit)}", INSTALL_LOCAL)
    return _spark_home(machine, shown)


def _spark_home(machine: Machine, shown: str) -> Finding:
    """SPARK_HOME, which goes before the installed package, holds the same Spark."""
    home, version = machine.environment.get("SPARK_HOME"), machine.version("pyspark")
    if not home:
        return ok("spark and delta", shown)
    cure = "unset SPARK_HOME, or let it name a Spark of that version"
    jars = [jar.name for jar in Path(home, "jars").glob("spark-core_*.jar")]
    if not jars:
        return fault("spark and delta", f"SPARK_HOME is {home}, which holds no Spark", cure)
    if not any(jar.endswith(f"-{version}.jar") for jar in jars):
        return fault("spark and delta", f"{shown}, but SPARK_HOME is {home} with {jars[0]}", cure)
    return ok("spark and delta", f"{shown}; SPARK_HOME is {home}")


def delta_jars(_: Settings, machine: Machine) -> Finding:
    """Delta's jars lie in the Spark that will start, of one version, the Python package's own."""
    version, home = machine.version("delta-spark"), machine.spark_home
    if machine.is_platform:
        return ok("delta's jars", PLATFORM)
    if version is None or home is None:
        return fault("delta's jars", "Spark or Delta is not installed", INSTALL_LOCAL)
    jars = sorted(jar.name for jar in (home / "jars").glob("delta-spark_*.jar"))
    others = [name for name in jars if not name.endswith(f"-{version}.jar")]
    if others:
        found = f"{', '.join(others)} in {home / 'jars'}, where the Python package is {version}"
        return fault("delta's jars", found, "delete Delta's jars there, then run `python -m outfit_pairing.storage.local_spark`")
    if jars:
        return ok("delta's jars", f"{jars[0]} in the installed Spark")
    found = "not in the installed Spark, so each start looks for them and needs a network the first time"
    return warning("delta's jars", found, "run `python -m outfit_pairing.storage.local_spark` once, with a network")


def extras(settings: Settings, machine: Machine) -> Iterator[Finding]:
    """One line per extra: installed, or whether settings ask for it."""
    asked = {
        "llm": settings.patterns.provider == "openai",
        "tracking": settings.tracking.uri is not None,
        "embed": settings.embedding.model != "hashing",
        "local": not machine.is_platform,
    }
    for extra, purpose in EXTRAS.items():
        wanted, check = _wanted(machine, "outfit-pairing", extra), f"extra {extra}"
        if not wanted:
            yield warning(check, f"this package's own installation does not state it ({purpose})", "install its wheel again")
            continue
        faults = [text for one in wanted if (text := _unfit(machine, one))]
        have = ", ".join(f"{one.name} {machine.version(one.name)}" for one in wanted)
        cure = installing(extra)
        if not faults:
            yield ok(check, have)
        elif not asked[extra]:
            yield ok(check, f"{', '.join(faults)}; needed for {purpose} only, which no setting asks for")
        elif extra == "embed":  # a model folder may be had without the package that brings one
            yield warning(check, ", ".join(faults), cure)
        else:
            yield fault(check, ", ".join(faults), cure)


def _unfit(machine: Machine, wanted: Requirement) -> str | None:
    version = machine.version(wanted.name)
    if version is None:
        return f"{wanted.name} is not installed"
    return None if wanted.specifier.contains(version, prereleases=True) else f"{wanted.name} {version} is not {wanted.specifier}"


def _wanted(machine: Machine, distribution: str, extra: str) -> list[Requirement]:
    """What a distribution asks for under one of its extras; without one, what it asks for always."""
    found = []
    for text in machine.requirements(distribution):
        try:
            one = Requirement(text)
        except InvalidRequirement:
            continue
        always = one.marker is None or one.marker.evaluate({"extra": ""})
        with_extra = one.marker is None or one.marker.evaluate({"extra": extra})
        if with_extra and (not extra or not always):
            found.append(one)
    return found


def _named(one: Requirement) -> str:
    return f"{one.name}{one.specifier}"


def _dotted(version: tuple[int, int]) -> str:
    return ".".join(map(str, version))


def _short(reason: Exception) -> str:
    text = reason.strerror if isinstance(reason, OSError) and reason.strerror else str(reason)
    return " ".join(text.split())[:120]
