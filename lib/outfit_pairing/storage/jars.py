"""Puts Delta's jars into the installed Spark, once, at set-up: `python -m outfit_pairing.storage.jars`.

Resolving jars at each start costs seconds and a network. `spark-submit` starts the JVM before Python, so jars must lie
on its class path already; Spark's own jars folder is on every class path, of the driver and of local executors.
"""

import importlib.metadata
import re
import shutil
import sys
import tempfile
from pathlib import Path

ARTIFACT = re.compile(r"^(?P<artifact>.+?)-(?P<version>[0-9][^-]*(-[A-Za-z0-9.]+)?)\.jar$")


def delta_coordinates() -> str:
    """Maven coordinates of the Delta release that the installed Python package belongs to."""
    spark = ".".join(importlib.metadata.version("pyspark").split(".")[:2])
    delta = importlib.metadata.version("delta-spark")
    return f"io.delta:delta-spark_{spark}_2.13:{delta}"


def artifact_of(jar: str) -> str:
    """`spark-core_2.13-4.1.0.jar` → `spark-core_2.13`."""
    match = ARTIFACT.match(jar)
    return match["artifact"] if match else jar


def install_delta_jars() -> list[str]:
    """Names of the jars that were added; empty when they were there.

    Raises: RuntimeError: Spark's resolver could not bring them.
    """
    import pyspark

    folder = Path(pyspark.__file__).parent / "jars"
    version = importlib.metadata.version("delta-spark")
    if list(folder.glob(f"delta-spark_*-{version}.jar")):
        return []
    present = {artifact_of(jar.name) for jar in folder.glob("*.jar")}
    added = []
    for jar in _resolved(delta_coordinates()):
        name = jar.name.split("_", 1)[1]  # the resolver writes <group>_<artifact>-<version>.jar
        if artifact_of(name) not in present:
            shutil.copyfile(jar, folder / f".{name}.part")
            (folder / f".{name}.part").rename(folder / name)
            added.append(name)
    return sorted(added)


def _resolved(coordinates: str) -> list[Path]:
    from pyspark.sql import SparkSession

    with tempfile.TemporaryDirectory() as ivy:
        builder = SparkSession.builder.master("local[1]").config("spark.ui.enabled", "false")
        builder = builder.config("spark.jars.packages", coordinates).config("spark.jars.ivy", ivy)
        try:
            builder.getOrCreate().stop()
        except Exception as fault:
            raise RuntimeError(f"{coordinates} could not be resolved; see Spark's messages above") from fault
        kept = Path(tempfile.mkdtemp())
        return [Path(shutil.copy(jar, kept)) for jar in sorted((Path(ivy) / "jars").glob("*.jar"))]


if __name__ == "__main__":
    names = install_delta_jars()
    sys.stderr.write(f"Delta's jars: {len(names)} added to the installed Spark\n" if names else "Delta's jars: there\n")
