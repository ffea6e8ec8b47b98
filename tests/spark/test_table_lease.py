"""Where no file can be locked, a row of a table tells which run is writing."""

import time
from collections.abc import Callable
from typing import TYPE_CHECKING

import pytest

from outfit_pairing.errors import WarehouseError
from outfit_pairing.settings import Settings
from outfit_pairing.storage.lease import TableLease

if TYPE_CHECKING:
    from pyspark.sql import SparkSession


def test_one_run_holds_it_at_a_time(spark: "SparkSession", make_settings: Callable[..., Settings]) -> None:
    """The second is told who has it; it gets it when given back, and when the first died and its time ran out."""
    settings = make_settings()
    first, second = (TableLease(spark, settings.model_copy(update={"run_id": run_id}), 60.0) for run_id in ("o'clock", "tuesday"))
    first.take()
    first.take()  # again, by the same run
    with pytest.raises(WarehouseError, match=r"run o'clock; wait .*storage\.wait_s"):
        second.take()
    first.give_back()
    second.take()
    with pytest.raises(WarehouseError, match="run tuesday"):
        first.take()
    second.lasts_s = 0.001
    second.take()  # its last sign of life
    time.sleep(0.1)
    first.take()
