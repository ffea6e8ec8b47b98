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
    """The entries of `sys.path` but those inside Spark's folder, if its pyspark is found without them; else all.

    Args:  spark_home: the folder of the Spark that runs.
    """
    home = Path(spark_home or "absent").resolve()
    kept = [entry for entry in path if home not in Path(entry).resolve().parents]
    found = any((Path(entry) / "pyspark").resolve() == home for entry in kept)
    return kept if found else list(path)


def main() -> None:
    """Become the daemon that forks workers; what they all import is there before the first."""
    sys.path[:] = without_archives(sys.path, os.environ.get("SPARK_HOME"))
    sys.path_importer_cache.clear()
    import numpy
    import pandas  # noqa: F401
    import pyarrow  # noqa: F401
    import pyspark.worker  # noqa: F401
    from pyspark import daemon

    os.register_at_fork(after_in_child=numpy.random.seed)  # else unseeded draws would be the same in all workers
    gc.collect()
    gc.freeze()  # a worker collects garbage after every task, and need not look at all modules for it
    daemon.manager()  # type: ignore[no-untyped-call]


if __name__ == "__main__":
    main()
