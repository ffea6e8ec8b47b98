"""Questions to workers: an iterator-of-batches pandas UDF that keeps requests in flight and tells how each ended.

What came back lies in the journal, durable before it counts; the frame only says that it is there.

Spark may run it as often as it likes (a retried task, a second action, a filter on the result): the journal answers then.
"""

from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import Future, ThreadPoolExecutor
from dataclasses import astuple, dataclass, fields
from typing import TYPE_CHECKING

import pandas as pd

from outfit_pairing.patterns.asking.asker import Asker, Outcome, Question

if TYPE_CHECKING:
    from pyspark.sql import DataFrame, SparkSession

QUESTION_FIELDS = tuple(field.name for field in fields(Question))
QUESTION = ", ".join(f"{name} {'int' if name == 'invalid_allowed' else 'string'}" for name in QUESTION_FIELDS)
OUTCOME = "status string, error string"


@dataclass(frozen=True)
class AskQuestions:
    """The kernel: batches of questions in, as many outcomes out. `open_asker` is called once per task, in the worker."""

    open_asker: Callable[[], Asker]
    concurrency: int

    def __call__(self, batches: Iterator[Sequence[pd.Series]]) -> Iterator[pd.DataFrame]:
        """In order; the next batch is asked while the last answers of this one are waited for."""
        asker = self.open_asker()
        with ThreadPoolExecutor(self.concurrency) as pool:
            waiting: list[list[Future[Outcome]]] = []
            for batch in batches:
                waiting.append([pool.submit(asker.answer, Question(*row)) for row in zip(*batch, strict=True)])
                if len(waiting) > 1:
                    yield _frame(waiting.pop(0))
            for rest in waiting:
                yield _frame(rest)


def ask_in_workers(spark: "SparkSession", questions: Sequence[Question], kernel: AskQuestions, workers: int) -> "DataFrame":
    """Lazy: request_hash, status and error of each question, asked in `workers` partitions."""
    from pyspark.sql import functions as F
    from pyspark.sql.pandas.functions import pandas_udf

    def ask(batches: Iterator[tuple[pd.Series, ...]]) -> Iterator[pd.DataFrame]:
        yield from kernel(batches)

    # a model's answer may differ each time: Spark is told, so that it does not ask again to push a filter down
    asked = pandas_udf(ask, OUTCOME).asNondeterministic()  # type: ignore[call-overload]
    rows = spark.createDataFrame([astuple(question) for question in questions], QUESTION)
    columns = [F.col(name) for name in QUESTION_FIELDS]
    return rows.repartition(workers).select("request_hash", asked(*columns).alias("outcome")).select("request_hash", "outcome.*")


def _frame(futures: Sequence[Future[Outcome]]) -> pd.DataFrame:
    outcomes = [future.result() for future in futures]
    return pd.DataFrame({"status": [one.status for one in outcomes], "error": [one.error for one in outcomes]})
