"""A worker asks with what it was sent; a driver that is gone ends its questions, not its task."""

import pickle
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest

from outfit_pairing.patterns.asking.asker import Question
from outfit_pairing.patterns.asking.coordinator import Coordinator
from outfit_pairing.patterns.asking.coordinator_server import serve
from outfit_pairing.patterns.asking.journal import RequestJournal
from outfit_pairing.patterns.asking.udf import AskQuestions
from outfit_pairing.patterns.by_workers import OpenAsker, driver_host
from outfit_pairing.settings import LlmSettings

SETTINGS = LlmSettings(model="m", base_url="http://127.0.0.1:9/v1", api_key_env="NO_SUCH_KEY", max_tokens=64)


def test_a_driver_that_is_gone_stops_a_worker_in_one_line(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Whether the worker would have to fetch the key from it or has its own."""
    check: Any = SimpleNamespace(prepare=lambda: None)
    with serve(Coordinator(SETTINGS), "127.0.0.1") as server:
        opener = OpenAsker(RequestJournal(str(tmp_path)), server.address, server.authkey, check, SETTINGS, "run")
    for key in ("", "sk-of-the-worker"):
        monkeypatch.setenv("NO_SUCH_KEY", key)
        ended = opener().answer(Question("q1q1", "{}", "system", "user", "{}"))
        assert ended.status == "stopped"
        assert "driver" in (ended.error or "")
    assert not list(tmp_path.rglob("*.json"))


def test_what_travels_to_the_workers_holds_no_key(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Spark keeps plans, and shows them to whoever may look at its pages; workers have the key, or ask for it."""
    monkeypatch.setenv("NO_SUCH_KEY", "sk-of-the-driver")
    check: Any = None
    with serve(Coordinator(SETTINGS), "127.0.0.1", "sk-of-the-driver") as server:
        opener = OpenAsker(RequestJournal(str(tmp_path)), server.address, server.authkey, check, SETTINGS, "run")
        sent = pickle.dumps(AskQuestions(opener, 4))
    assert b"NO_SUCH_KEY" in sent
    assert b"sk-of-the-driver" not in sent


@pytest.mark.parametrize(
    ("conf", "address"),
    [
        ({"spark.master": "spark://master:7077", "spark.driver.host": "10.0.0.5"}, "10.0.0.5"),
        ({"spark.master": "local[2]", "spark.driver.host": "10.0.0.5"}, "127.0.0.1"),
        ({"spark.master": "local-cluster[2,1,1024]", "spark.driver.host": "10.0.0.5"}, "127.0.0.1"),
    ],
)
def test_workers_are_told_an_address_that_they_can_reach(conf: dict[str, str], address: str) -> None:
    """On other machines the driver's; on this one no other machine need be let in."""
    spark: Any = SimpleNamespace(conf=conf)
    assert driver_host(spark) == address
