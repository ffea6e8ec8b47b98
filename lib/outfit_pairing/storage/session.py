"""The Spark session: taken where there is one (Databricks, spark-submit), else a local one that knows Delta."""

import logging
import os
import re
import sys
from contextlib import nullcontext
from typing import TYPE_CHECKING

from outfit_pairing import NOT_INSTALLED, __version__
from outfit_pairing.errors import SettingsError, first_line, installing
from outfit_pairing.settings import Settings
from outfit_pairing.storage.class_archive import java_options, without_conf_folder
from outfit_pairing.storage.local_spark import class_archive_here, delta_coordinates, delta_is_installed, spark_home

if TYPE_CHECKING:
    from pathlib import Path

    from pyspark.sql import SparkSession

logger = logging.getLogger(__name__)

DELTA_CONF = {
    "spark.sql.extensions": "io.delta.sql.DeltaSparkSessionExtension",
    "spark.sql.catalog.spark_catalog": "org.apache.spark.sql.delta.catalog.DeltaCatalog",
}
# What a session on one machine needs; a cluster's own configuration decides there.
LOCAL_CONF = {
    "spark.ui.enabled": "false",
    "spark.ui.showConsoleProgress": "false",
    "spark.driver.host": "127.0.0.1",
    "spark.driver.bindAddress": "127.0.0.1",
    # files of a folder are looked up faster than a job for them is started
    "spark.sql.sources.parallelPartitionDiscovery.threshold": "10000",
    # no derby.log and metastore_db in the user's folder
    "spark.sql.catalogImplementation": "in-memory",
}
# … where workers run this interpreter, and the package is installed in it
WORKERS_CONF = {"spark.python.daemon.module": "outfit_pairing.storage.worker_daemon"}
# The JVM writes its warnings to stdout, where results go, and a long chain fills the code cache that it reserves by itself.
# Left alone, its second compiler takes half of all processor time of a run of minutes; called ten times later, it still
# compiles what a large catalogue repeats a million times. Each thread would keep the largest buffer that it has read or written
# through.
JVM_OPTIONS = (
    "-Djdk.nio.maxCachedBufferSize=1048576 "
    "-Xlog:disable -Xlog:all=warning:stderr -XX:ReservedCodeCacheSize=256m "
    "-XX:Tier4InvocationThreshold=50000 -XX:Tier4MinInvocationThreshold=6000 "
    "-XX:Tier4CompileThreshold=150000 -XX:Tier4BackEdgeThreshold=400000"
)
# The JVM's second compiler pays after a minute: it halves the time of a large publish, and costs a look-up a third more.
QUICK_START = "-XX:TieredStopAtLevel=1"
MOST_ROWS_OF_A_PARTITION = 250_000  # of outfits, some 0.1 GB as they travel
# May be set on any session, also one that was given.
SESSION_CONF = {
    # 50 partitions to replay a log of ten entries cost tens of seconds on a laptop
    "spark.databricks.delta.snapshotPartitions": "2",
    # what is merged lies in files that nobody touches, or with the driver: Delta need not copy it for its second pass
    "spark.databricks.delta.merge.materializeSource": "none",
    "spark.sql.execution.arrow.pyspark.enabled": "true",
    "spark.sql.execution.arrow.maxRecordsPerBatch": "10000",
    "spark.sql.session.timeZone": "UTC",
    # a path or name with ${…} is itself, not what the environment holds
    "spark.sql.variable.substitute": "false",
}


def open_session(settings: Settings, *, brief: bool = False) -> "SparkSession":
    """The session to work with. `brief`: a JVM of our own will live for seconds only, as for looking something up.

    Raises: SettingsError: pyspark is not installed.
    """
    try:
        from pyspark.sql import SparkSession
    except ImportError:
        raise SettingsError(f"Spark and Delta are not installed; {installing('local')}") from None
    active = SparkSession.getActiveSession()
    if active is not None or "DATABRICKS_RUNTIME_VERSION" in os.environ:
        return active or SparkSession.builder.getOrCreate()
    remote = _remote(settings)
    if remote:
        return _connected(settings, remote)
    builder = SparkSession.builder.appName("outfit-pairing")
    conf, archive = dict(DELTA_CONF), None
    submitted = "PYSPARK_GATEWAY_PORT" in os.environ  # spark-submit has chosen master, memory and class path already
    if not submitted:
        _prepare_environment()
        builder = builder.master(settings.spark.master or "local[*]")
        archive = class_archive_here() if _on_this_machine(settings) else None
        conf |= _conf_of_our_own(settings, archive, brief=brief)
    conf |= SESSION_CONF | {"spark.sql.shuffle.partitions": str(partitions(settings))} | settings.spark.conf
    for key, value in conf.items():
        builder = builder.config(key, value)
    # what a setting says of Java's options comes instead of ours
    archived = archive is not None and str(archive) in conf["spark.driver.extraJavaOptions"]
    with without_conf_folder(spark_home()) if archived else nullcontext():
        spark = builder.getOrCreate()
    logger.info("Spark %s, master %s", spark.version, spark.conf.get("spark.master", "unknown"))
    return spark


def _prepare_environment() -> None:
    """What a JVM that we start, and its workers, find in the environment unless it is there already."""
    # workers must run the interpreter that has this package, also when the environment is not activated
    os.environ.setdefault("PYSPARK_PYTHON", sys.executable)
    # else glibc keeps room for each of the JVM's threads: some 800 MB beside the heap with a million products
    os.environ.setdefault("MALLOC_ARENA_MAX", "2")


def _local_conf() -> dict[str, str]:
    ours = os.environ["PYSPARK_PYTHON"] == sys.executable and __version__ != NOT_INSTALLED
    return LOCAL_CONF | (WORKERS_CONF if ours else {})


def _on_this_machine(settings: Settings) -> bool:
    return (settings.spark.master or "local").startswith("local")


def runs_here(spark: "SparkSession", settings: Settings) -> bool:
    """Whether Spark runs on this machine, so that it and this process see the same folders."""
    remote = _remote(settings) or ""
    given = "DATABRICKS_RUNTIME_VERSION" in os.environ or remote.startswith("sc:")
    return not given and str(spark.conf.get("spark.master", "")).startswith("local")


def _conf_of_our_own(settings: Settings, archive: "Path | None", *, brief: bool) -> dict[str, str]:
    """What a JVM that we start ourselves is told.    archive: of classes, where there is one for it."""
    options = [JVM_OPTIONS, QUICK_START if brief else "", _collector(), java_options(archive) if archive else ""]
    conf = {"spark.driver.memory": settings.spark.driver_memory} | (_local_conf() if _on_this_machine(settings) else {})
    if not delta_is_installed():
        conf["spark.jars.packages"] = delta_coordinates()
    return conf | {"spark.driver.extraJavaOptions": " ".join(filter(None, options))}


def _collector() -> str:
    """The garbage collector that costs least, unless the environment has chosen one: the JVM does not start with two."""
    chosen = " ".join(os.environ.get(name, "") for name in ("JDK_JAVA_OPTIONS", "JAVA_TOOL_OPTIONS"))
    return "" if re.search(r"-XX:\+Use\w*GC", chosen) else "-XX:+UseParallelGC"


def _remote(settings: Settings) -> str | None:
    """Where Spark Connect listens: the environment decides before the settings, as everywhere in Spark."""
    master = settings.spark.master or ""
    return os.environ.get("SPARK_REMOTE") or (master if master.startswith("sc://") else None)


def _connected(settings: Settings, remote: str) -> "SparkSession":
    """A session of Spark Connect; `local[…]` starts a server in this machine, which then gets what a local session needs.

    Raises: SettingsError: the parts of pyspark for Spark Connect are not installed.
    """
    from pyspark.errors import PySparkImportError
    from pyspark.sql import SparkSession

    _prepare_environment()
    conf = SESSION_CONF | {"spark.sql.shuffle.partitions": str(partitions(settings))}
    try:
        builder = SparkSession.builder.appName("outfit-pairing").remote(remote)
        if remote.startswith("local"):
            conf = DELTA_CONF | _local_conf() | {"spark.driver.memory": settings.spark.driver_memory} | conf
        for key, value in conf.items():
            builder = builder.config(key, value)
        spark = builder.getOrCreate()
    except (ImportError, PySparkImportError) as fault:
        raise SettingsError(f"Spark Connect lacks a package ({first_line(fault)}); {installing('connect')}") from None
    logger.info("Spark %s, Spark Connect at %s", spark.version, remote)
    return spark


def partitions(settings: Settings, rows: int = 0) -> int:
    """Partitions of the heavy passes: as set, else two per core of this machine, at least four; more where there are many rows."""
    return max(settings.spark.partitions or max(4, 2 * (os.cpu_count() or 2)), rows // MOST_ROWS_OF_A_PARTITION)


def spark_has_ended(fault: BaseException) -> bool:
    """Whether this fault, or one that it came from, is that the driver's JVM does not answer any more."""
    chain: list[BaseException] = []
    while fault not in chain:
        chain.append(fault)
        fault = fault.__cause__ or fault.__context__ or fault
    return any(_from_gateway(one) for one in chain)


def tells_of_lost_spark(record: logging.LogRecord) -> bool:
    """Whether this is py4j's own account of it, traces and all, which it writes as the root of all loggers."""
    return record.msg == "Exception while sending command."


def _from_gateway(fault: BaseException) -> bool:
    """A lost connection to the JVM: py4j's own error, or the system's, met by py4j."""
    if type(fault).__name__ == "Py4JNetworkError":
        return True
    frame = fault.__traceback__
    while isinstance(fault, ConnectionError) and frame:
        if frame.tb_frame.f_globals.get("__name__", "").startswith("py4j."):
            return True
        frame = frame.tb_next
    return False


def spark_faults() -> tuple[type[Exception], ...]:
    """What a query may raise: Spark's own errors, and py4j's where a job was aborted, as over a file that is gone."""
    from pyspark.errors import PySparkException

    try:
        from py4j.protocol import Py4JJavaError
    except ImportError:  # Spark Connect alone
        return (PySparkException,)
    return (PySparkException, Py4JJavaError)
