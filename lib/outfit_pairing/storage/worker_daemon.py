"""Starts Spark's Python workers on this machine, out of the installed pyspark: `spark.python.daemon.module` names this module.

Spark puts an archive of pyspark first on a worker's path. Modules in it are compiled at every start, and CPython 3.11 reads its
directory sixteen times over whenever import caches are dropped (https://github.com/python/cpython/issues/103200), which a worker
does before every task: a quarter of a second each.
"""

import gc
import os
import sys
from collections.abc import Sequence
from pathlib import Path


def without_archives(path: Sequence[str], spark_home: str | None) -> list[str]:
    """The entries of `sys.path` that are no files, if pyspark is found there and belongs to the Spark that runs; else all.

    Args:  spark_home: the folder of that Spark.
    """
    folders = [entry for entry in path if not Path(entry).is_file()]
    found = any(spark_home and (Path(entry) / "pyspark").resolve() == Path(spark_home).resolve() for entry in folders)
    return folders if found else list(path)


def main() -> None:
    """Become the daemon that forks workers; what they all import is there before the first."""
    sys.path[:] = without_archives(sys.path, os.environ.get("SPARK_HOME"))
    sys.path_importer_cache.clear()
    import pandas  # noqa: F401
    import pyarrow  # noqa: F401
    import pyspark.worker  # noqa: F401
    from pyspark import daemon

    gc.collect()
    gc.freeze()  # a worker collects garbage after every task, and need not look at all modules for it
    daemon.manager()  # type: ignore[no-untyped-call]


if __name__ == "__main__":
    main()
