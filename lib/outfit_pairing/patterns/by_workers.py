"""Provider `openai`: questions to an OpenAI-compatible server from many workers, under one coordinator on the driver."""

import json
import logging
import os
import threading
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from multiprocessing import AuthenticationError
from typing import TYPE_CHECKING

from outfit_pairing.errors import InputError
from outfit_pairing.patterns.asking.asker import Asker, Question
from outfit_pairing.patterns.asking.chat import ChatModel
from outfit_pairing.patterns.asking.coordinator import Coordinator
from outfit_pairing.patterns.asking.coordinator_client import CoordinatorClient
from outfit_pairing.patterns.asking.coordinator_server import serve
from outfit_pairing.patterns.asking.journal import RequestJournal
from outfit_pairing.patterns.asking.keys import read_key
from outfit_pairing.patterns.asking.openai_chat import open_chat
from outfit_pairing.patterns.asking.udf import AskQuestions, ask_in_workers
from outfit_pairing.patterns.reply_check import PatternsCheck
from outfit_pairing.settings import LlmSettings

if TYPE_CHECKING:
    from pyspark.sql import SparkSession

logger = logging.getLogger(__name__)

EVERY_S = 10.0  # between two lines of progress
Told = dict[str, tuple[str, str | None]]  # request hash → status, error


@dataclass(frozen=True)
class Means:
    """What asking takes, on the driver."""

    spark: "SparkSession"
    coordinator: Coordinator
    journal: RequestJournal
    check: PatternsCheck
    settings: LlmSettings
    run_id: str


@dataclass(frozen=True)
class OpenAsker:
    """Opens an asker in a worker. Pickled into the plan, so it holds no key of the model."""

    journal: RequestJournal
    address: tuple[str, int]
    authkey: bytes = field(repr=False)
    check: PatternsCheck = field(repr=False)
    settings: LlmSettings = field(repr=False)
    run_id: str

    def __call__(self) -> Asker:
        """An asker for the threads of this process, ready to read replies."""
        self.check.prepare()
        client = CoordinatorClient(self.address, self.authkey)
        key = os.environ.get(self.settings.api_key_env) if self.settings.api_key_secret is None else None

        def chat(schema: str) -> ChatModel:
            return open_chat(self.settings, key or _key_of_driver(client), json.loads(schema))

        return Asker(self.journal, client, chat, self.check, self.settings, self.run_id)


def ask(questions: Sequence[Question], means: Means) -> Told:
    """How each question ended; replies are in the journal."""
    spark, settings, coordinator = means.spark, means.settings, means.coordinator
    with serve(coordinator, driver_host(spark), read_key(settings, spark)) as server:
        opener = OpenAsker(means.journal, server.address, server.authkey, means.check, settings, means.run_id)
        kernel = AskQuestions(opener, settings.concurrency)
        workers = min(settings.workers, len(questions))
        logger.info(
            "%s questions to %s, %s workers with %s requests each", len(questions), settings.model, workers, settings.concurrency
        )
        with _progress(coordinator):
            rows = ask_in_workers(spark, questions, kernel, workers).collect()
    return {row["request_hash"]: (row["status"], row["error"]) for row in rows}


@contextmanager
def _progress(coordinator: Coordinator) -> Iterator[None]:
    """A line now and then while workers ask."""
    ended = threading.Event()

    def tell() -> None:
        while not ended.wait(EVERY_S):
            now = coordinator.figures()
            tokens = now.prompt_tokens + now.completion_tokens
            logger.info(
                "%s requests sent, %s of them in flight, %s tokens so far", now.granted - now.returned, now.in_flight, f"{tokens:,}"
            )

    thread = threading.Thread(target=tell, daemon=True, name="asking-progress")
    thread.start()
    try:
        yield
    finally:
        ended.set()
        thread.join()


def _key_of_driver(client: CoordinatorClient) -> str | None:
    try:
        return client.api_key()
    except (EOFError, OSError, AuthenticationError) as fault:
        raise InputError(f"the driver, which has the model's key, cannot be reached: {str(fault) or 'it is gone'}") from None


def driver_host(spark: "SparkSession") -> str:
    """An address of the driver that workers can reach."""
    if str(spark.conf.get("spark.master", "local")).startswith("local"):
        return "127.0.0.1"
    return str(spark.conf.get("spark.driver.host", "127.0.0.1"))
