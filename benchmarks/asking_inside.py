"""What `asking` does inside one Spark session; in a process of its own, since a session keeps its master.

    python -m benchmarks.asking_inside evaluate|distribatch-1|distribatch-5 --set key.path=value …

Prints one line of JSON: the server's counts after each step, or the rows that came out usable.
"""

import argparse
import json
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any
from urllib.parse import urlsplit

import pandas as pd
from pydantic import BaseModel
from tests.processes import ServerProcess

from outfit_pairing.patterns import stage
from outfit_pairing.patterns.asking.chat import ChatReply
from outfit_pairing.patterns.asking.coordinator import Coordinator
from outfit_pairing.patterns.asking.coordinator_server import serve
from outfit_pairing.patterns.asking.udf import AskQuestions, ask_in_workers
from outfit_pairing.patterns.by_model import ModelProvider, open_journal
from outfit_pairing.patterns.by_workers import OpenAsker, driver_host
from outfit_pairing.patterns.questions import distinct
from outfit_pairing.settings import Settings, load_settings
from outfit_pairing.storage import TableStore
from outfit_pairing.storage.session import open_session
from outfit_pairing.storage.tables import ANCHOR_PRODUCTS, PRODUCTS

if TYPE_CHECKING:
    from pyspark.sql import SparkSession

ROWS = "id string, system string, user string"


@dataclass(frozen=True)
class FailsLate:
    """A kernel whose tasks fail the first time, after their last row."""

    kernel: Callable[[Iterator[Sequence[pd.Series]]], Iterator[pd.DataFrame]]

    def __call__(self, batches: Iterator[Sequence[pd.Series]]) -> Iterator[pd.DataFrame]:
        """All rows of the kernel, then the failure."""
        from pyspark import TaskContext

        yield from self.kernel(batches)
        context = TaskContext.get()
        if context is not None and context.attemptNumber() == 0:
            raise RuntimeError("failed late, on purpose")


class Item(BaseModel):
    """As asked for; loose, since rows are judged by our own check."""

    slot: str
    article_types: list[str]
    colours: list[str]
    style: str
    required: bool


class Pattern(BaseModel):
    """One pattern."""

    name: str
    description: str
    occasion: str
    season: str | None
    items: list[Item]
    confidence: float


class Reply(BaseModel):
    """What distribatch holds replies to."""

    patterns: list[Pattern]


def evaluate(spark: "SparkSession", settings: Settings, server: ServerProcess) -> dict[str, Any]:
    """The server's counts after each way in which Spark may come back to the same questions."""
    model, llm = _model(spark, settings), settings.llm
    count = settings.patterns.per_anchor
    questions = distinct(model.questions(_anchors(spark, settings), count))
    steps = {}
    with serve(Coordinator(llm), driver_host(spark)) as coordinator:
        opener = OpenAsker(
            open_journal(settings), coordinator.address, coordinator.authkey, model.check(count), llm, settings.run_id
        )
        kernel: Any = FailsLate(AskQuestions(opener, llm.concurrency))
        frame = ask_in_workers(spark, questions, kernel, llm.workers)
        frame.collect()
        steps["tasks that fail late and are tried again"] = server.counts()
        frame.collect()
        steps["a second action"] = server.counts()
        frame.where("status = 'ok' AND error IS NULL").groupBy("status").count().collect()
        steps["a filter on the result"] = server.counts()
    stage.run(spark, settings)
    stage.run(spark, settings)
    steps["the whole job, twice"] = server.counts()
    return steps


def distribatch(spark: "SparkSession", settings: Settings, passes: int) -> dict[str, Any]:
    """Rows that our own check takes, after so many passes over a checkpoint."""
    import distribatch as dib

    model, llm, count = _model(spark, settings), settings.llm, settings.patterns.per_anchor
    questions = {one.request_hash: one for one in distinct(model.questions(_anchors(spark, settings), count))}
    job = dib.GenerateJob(
        model=dib.models.openai(llm.model, base_url=llm.base_url, api_key_env="NO_KEY"),
        system="{system}",
        prompt="{user}",
        output_schema=Reply,
        sampling=dib.Sampling(temperature=llm.temperature, max_tokens=llm.max_tokens),
        engine_options={"max_concurrency": llm.concurrency, "timeout_s": llm.timeout_s, "max_retries": llm.attempts - 1},
    )
    rows = spark.createDataFrame([(one.request_hash, one.system, one.user) for one in questions.values()], ROWS)
    found: Any = []
    for _ in range(passes):
        checkpoint = str(Path(settings.storage.warehouse).parent / "checkpoint")
        out = job.run(rows, backend="spark", output_col="reply", partitions=llm.workers, id_col="id", checkpoint=checkpoint)
        found = out.select("id", "reply").where("reply IS NOT NULL").collect()
    check = model.check(count)
    replies = [(questions[row["id"]], json.dumps(row["reply"].asDict(recursive=True))) for row in found]
    return {"rows": sum(check.fault(one, ChatReply(text=text, finish_reason="stop")) is None for one, text in replies)}


def _model(spark: "SparkSession", settings: Settings) -> ModelProvider:
    opened = stage.open_provider(spark, settings, stage.read_vocabulary(TableStore(spark, settings).read(PRODUCTS)))
    assert isinstance(opened, ModelProvider)
    return opened


def _anchors(spark: "SparkSession", settings: Settings) -> list[Any]:
    store = TableStore(spark, settings)
    return stage.read_anchors(store.read(PRODUCTS), store.read(ANCHOR_PRODUCTS))


def main() -> None:
    """Print the JSON."""
    parser = argparse.ArgumentParser(description="Inside one Spark session; called by benchmarks.asking.")
    parser.add_argument("what")
    parser.add_argument("--set", action="append", default=[], dest="overrides")
    chosen = parser.parse_args()
    settings = load_settings(overrides=chosen.overrides)
    spark = open_session(settings)
    server = ServerProcess(urlsplit(settings.llm.base_url or "").port or 0)
    name, _, passes = chosen.what.partition("-")
    found = evaluate(spark, settings, server) if name == "evaluate" else distribatch(spark, settings, int(passes))
    print(json.dumps(found), flush=True)
    spark.stop()


if __name__ == "__main__":
    main()
