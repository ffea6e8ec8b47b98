"""A worker asks with what it was sent; a driver that is gone ends its questions, not its task."""

from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest

from outfit_pairing.patterns.asking.asker import Question
from outfit_pairing.patterns.asking.coordinator import Coordinator
from outfit_pairing.patterns.asking.coordinator_server import serve
from outfit_pairing.patterns.asking.journal import RequestJournal
from outfit_pairing.patterns.by_workers import OpenAsker
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
