"""Looks at a session that would start, without a JVM."""

from collections.abc import Callable
from typing import TypeAlias
from unittest.mock import MagicMock

import pytest
from pyspark.sql import SparkSession

InsteadOfSpark: TypeAlias = Callable[[Callable[[SparkSession.Builder], object]], None]


@pytest.fixture
def instead_of_spark(monkeypatch: pytest.MonkeyPatch) -> InsteadOfSpark:
    """Makes sessions of our own call a function with their builder where they would start Spark."""

    def look_by(look: Callable[[SparkSession.Builder], object]) -> None:
        def start(builder: SparkSession.Builder) -> MagicMock:
            look(builder)
            return MagicMock()

        for name in ("PYSPARK_GATEWAY_PORT", "SPARK_REMOTE"):
            monkeypatch.delenv(name, raising=False)
        monkeypatch.setattr(SparkSession, "getActiveSession", lambda: None)
        monkeypatch.setattr(SparkSession.Builder, "getOrCreate", start)

    return look_by
