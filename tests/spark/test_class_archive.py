"""The session of the tests reads its classes from the archive that set-up has made."""

import os
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest

from outfit_pairing.storage.local_spark import class_archive_here

if TYPE_CHECKING:
    from pyspark.sql import SparkSession


def test_the_jvm_has_taken_the_archive(spark: "SparkSession") -> None:
    """One that was made for other jars or another Java is passed over without a word, and would be of no use."""
    archive = class_archive_here()
    if archive is None:
        assert "CI" not in os.environ, "set-up has made none"
        pytest.skip("no class archive: `python -m outfit_pairing.storage.local_spark` makes it")
    jvm: Any = spark._jvm
    process = Path("/proc", jvm.java.lang.management.ManagementFactory.getRuntimeMXBean().getName().split("@")[0])
    if not (process / "maps").exists():
        pytest.skip("what a process has mapped is seen in /proc (Linux)")
    assert str(archive) in (process / "maps").read_text("utf-8")
