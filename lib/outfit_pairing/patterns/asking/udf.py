"""Questions to workers: an iterator-of-batches pandas UDF that keeps requests in flight and gives each outcome as a struct.

Spark may run it as often as it likes (a retried task, a second action, a filter on the result): the journal answers then.
"""

from collections.abc import Iterator, Sequence
from concurrent.futures import Future, ThreadPoolExecutor
from dataclasses import asdict, astuple, dataclass
from typing import TYPE_CHECKING, Any

import pandas as pd

from outfit_pairing.patterns.asking.asker import Asker, Outcome, Question

if TYPE_CHECKING:
    from collections.abc import Callable

    from pyspark.sql import DataFrame, SparkSession

QUESTION = "request_hash string, anchor_product_id string, system string, user string, invalid_allowed int"
ATTEMPT = (
    "attempt int, http_status int, error string, raw_reply string, finish_reason string, prompt_tokens bigint, "
    "completion_tokens bigint, seconds double, sent_at double"
)
OUTCOME = f"status string, error string, attempts array<struct<{ATTEMPT.replace(' ', ':', 0)}>>"


@dataclass(frozen=True)
class AskQuestions:
    """The kernel: batches of questions in, as many outcomes out. `open_asker` is called once per task, in the worker."""

    open_asker: "Callable[[], Asker]"
    concurrency: int

    def __call__(self, batches: "Iterator[pd.DataFrame]") -> "Iterator[pd.DataFrame]":
        """In order; the next batch is asked while the last ones of this batch are waited for."""
        asker = self.open_asker()
        with ThreadPoolExecutor(self.concurrency) as pool:
            waiting: list[list[Future[Outcome]]] = []
            for batch in batches:
                waiting.append([pool.submit(asker.answer, Question(*row)) for row in batch.itertuples(index=False, name=None)])
                if len(waiting) > 1:
                    yield _frame(waiting.pop(0))
            for rest in waiting:
                yield _frame(rest)


def _frame(futures: "Sequence[Future[Outcome]]") -> pd.DataFrame:
    outcomes = [future.result() for future in futures]
    return pd.DataFrame([(one.status, one.error, _attempts(one)) for one in outcomes], columns=["status", "error", "attempts"])
