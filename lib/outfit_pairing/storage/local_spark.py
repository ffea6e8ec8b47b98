"""Readies the pip-installed Spark, once, at set-up: `python -m outfit_pairing.storage.local_spark`.

Resolving Delta's jars at each start costs seconds and a network, and `spark-submit` starts the JVM before Python, so they
must lie on its class path already. Spark's own jars folder is on every class path, its conf folder is read by every start.
"""

import importlib.metadata
import os
import re
import shutil
import sys
import tempfile
from pathlib import Path

from outfit_pairing.storage import class_archive

ARTIFACT = re.compile(r"^(?P<artifact>.+?)-[0-9][^-]*(-[A-Za-z0-9.]+)?\.jar$")
# The rest of what the resolver brings is in Spark already, often newer.
GROUPS = ("io.delta_", "io.unitycatalog_", "org.locationtech.jts_")

DEFAULTS = {
    "spark.sql.extensions": "io.delta.sql.DeltaSparkSessionExtension",
    "spark.sql.catalog.spark_catalog": "org.apache.spark.sql.delta.catalog.DeltaCatalog",
    "spark.driver.memory": "2g",
    "spark.ui.enabled": "false",
    "spark.ui.showConsoleProgress": "false",
}

LOG4J = """# quiet: our own log lines say what happens, Spark's errors still come through
rootLogger.level = error
rootLogger.appenderRef.stderr.ref = console
appender.console.type = Console
appender.console.name = console
appender.console.target = SYSTEM_ERR
appender.console.layout.type = PatternLayout
appender.console.layout.pattern = %d{HH:mm:ss} Spark %p %c{1}: %m%n%ex{short}
# its level differing from the root's is announced in two lines at every start
logger.gateway.name = org.apache.spark.api.python.PythonGatewayServer
logger.gateway.level = error
# a task that fails and is retried is told once, by the driver
logger.executor.name = org.apache.spark.executor.Executor
logger.executor.level = fatal
logger.tasks.name = org.apache.spark.scheduler.TaskSetManager
logger.tasks.level = fatal
"""

CONF_FILES = {"spark-defaults.conf": "".join(f"{key} {value}\n" for key, value in DEFAULTS.items()), "log4j2.properties": LOG4J}


def class_archive_here() -> Path | None:
    """The archive of classes for a session of our own; None where there is none, or Spark is configured by somebody else."""
    archive = spark_home() / class_archive.NAME
    if not archive.exists() or "SPARK_HOME" in os.environ or "SPARK_CONF_DIR" in os.environ:
        return None
    held = {path.name: path.read_text("utf-8") for path in (spark_home() / "conf").iterdir() if path.is_file()}
    return archive if held == CONF_FILES else None


def delta_coordinates() -> str:
    """Maven coordinates of the Delta release that the installed Python package belongs to."""
    spark = ".".join(importlib.metadata.version("pyspark").split(".")[:2])
    return f"io.delta:delta-spark_{spark}_2.13:{importlib.metadata.version('delta-spark')}"


def delta_is_installed() -> bool:
    """Whether Delta's jars lie in the installed Spark."""
    version = importlib.metadata.version("delta-spark")
    return any((spark_home() / "jars").glob(f"delta-spark_*-{version}.jar"))


def install() -> list[str]:
    """Put Delta's jars and quiet defaults into the installed Spark; names of the jars added, none when they were there.

    Raises: RuntimeError: Spark's resolver could not bring the jars.
    """
    conf = spark_home() / "conf"
    conf.mkdir(exist_ok=True)
    for name, text in CONF_FILES.items():
        (conf / name).write_text(text, "utf-8")
    return [] if delta_is_installed() else _install_jars(spark_home() / "jars")


def spark_home() -> Path:
    """The folder of the pip-installed Spark."""
    import pyspark

    return Path(pyspark.__file__).parent


def _install_jars(folder: Path) -> list[str]:
    present = {artifact_of(jar.name) for jar in folder.glob("*.jar")}
    added = []
    with tempfile.TemporaryDirectory() as ivy:
        for jar in _resolved(delta_coordinates(), Path(ivy)):
            name = jar.name.split("_", 1)[1]  # the resolver writes <group>_<artifact>-<version>.jar
            if artifact_of(name) not in present:
                part = folder / f".{name}.part"
                shutil.copyfile(jar, part)
                part.rename(folder / name)
                added.append(name)
    return sorted(added)


def artifact_of(jar: str) -> str:
    """`spark-core_2.13-4.1.0.jar` → `spark-core_2.13`."""
    match = ARTIFACT.match(jar)
    return match["artifact"] if match else jar


def _resolved(coordinates: str, ivy: Path) -> list[Path]:
    from pyspark.sql import SparkSession

    builder = SparkSession.builder.master("local[1]").config("spark.driver.host", "127.0.0.1")
    # without the defaults just written, which name classes that are not there yet
    for key in ("spark.sql.extensions", "spark.sql.catalog.spark_catalog"):
        builder = builder.config(
            key, "" if key.endswith("extensions") else "org.apache.spark.sql.connector.catalog.InMemoryTableCatalog"
        )
    builder = builder.config("spark.jars.packages", coordinates).config("spark.jars.ivy", str(ivy))
    try:
        builder.getOrCreate().stop()
    except Exception as fault:
        raise RuntimeError(f"{coordinates} could not be resolved; see Spark's messages above") from fault
    return sorted(jar for jar in (ivy / "jars").glob("*.jar") if jar.name.startswith(GROUPS))


if __name__ == "__main__":
    names = install()
    sys.stderr.write(f"Delta's jars: {len(names)} added to the installed Spark\n" if names else "Delta's jars: there\n")
    try:
        class_archive.make(spark_home(), DEFAULTS)
        sys.stderr.write(f"class archive: {spark_home() / class_archive.NAME}\n")
    except RuntimeError as fault:
        sys.stderr.write(f"class archive: none, sessions start some seconds later ({fault})\n")
