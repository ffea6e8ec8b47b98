"""The service as it runs: a process started by its command, asked over sockets, while releases come and go."""

import contextlib
import http.client
import json
import os
import random
import re
import signal
import socket
import subprocess
import threading
import time
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import pytest

from tests.delta import read_table
from tests.processes import Session
from tests.served_shop import AUDIENCES, KINDS, ServedShop, product_id
from tests.system.command import BIN, REPOSITORY, run

PATIENCE_S = 60.0
CLIENTS = 8
SWITCHES = 3


@dataclass
class Serving:
    """A running service."""

    session: Session
    port: int

    def get(self, path: str) -> tuple[int, Any]:
        """Status and JSON."""
        with contextlib.closing(http.client.HTTPConnection("127.0.0.1", self.port, timeout=PATIENCE_S)) as connection:
            connection.request("GET", path)
            answer = connection.getresponse()
            return answer.status, json.loads(answer.read() or b"null")

    def wait_until_said(self, words: str) -> None:
        """Ask until the service is not ready for this reason."""
        end = time.monotonic() + PATIENCE_S
        while words not in self.wait_for("/health/ready", 503)["detail"]:
            assert time.monotonic() < end, f"{words!r} is not said"
            time.sleep(0.05)

    def wait_for(self, path: str, status: int) -> Any:
        """Ask until the answer has this status."""
        end = time.monotonic() + PATIENCE_S
        while time.monotonic() < end:
            found, body = self.get(path)
            if found == status:
                return body
            time.sleep(0.05)
        raise AssertionError(f"{path} did not answer {status} within {PATIENCE_S:g} s")


@contextlib.contextmanager
def serving(folder: Path, warehouse: Path, *more: str, **environment: str) -> Iterator[Serving]:
    """The command, for as long as the block lasts."""
    command = [
        str(BIN / "outfit-pairing"),
        "serve",
        "--port",
        "0",
        "--warehouse",
        str(warehouse),
        "--set",
        "serve.poll_s=0.1",
        *more,
    ]
    with Session(command, folder, "serve", {**os.environ, **environment}) as session:
        end = time.monotonic() + PATIENCE_S
        while not (found := re.search(r"listening on http://127\.0\.0\.1:(\d+)", session.stderr.read_text())):
            assert session.running, session.stderr.read_text()
            assert time.monotonic() < end, "it does not listen"
            time.sleep(0.05)
        yield Serving(session, int(found[1]))
        session.kill()


@pytest.fixture
def shop(tmp_path: Path) -> ServedShop:
    return ServedShop(tmp_path).stock().release()


def test_it_answers_and_stops_when_told_with_nothing_lost(shop: ServedShop) -> None:
    """A request that is under way at SIGTERM is answered, its feedback is kept, and the process ends well."""
    event = {"event": "bought", "product_id": "women-top-00", "outfit_id": "o1", "rank": 1, "source": "pattern_based", "release": 1}
    body = json.dumps({"events": [event]}).encode()
    with serving(shop.folder, shop.warehouse) as service:
        service.wait_for("/health/ready", 200)
        status, found = service.get("/v1/products/women-top-00/outfits")
        assert (status, len(found["outfits"])) == (200, 3)
        with socket.create_connection(("127.0.0.1", service.port), timeout=PATIENCE_S) as connection:
            head = f"POST /v1/feedback HTTP/1.1\r\nhost: x\r\ncontent-type: application/json\r\ncontent-length: {len(body)}\r\n\r\n"
            connection.sendall(head.encode() + body[:20])
            time.sleep(0.3)
            os.kill(service.session.leader, signal.SIGTERM)
            time.sleep(0.3)
            connection.sendall(body[20:])
            assert b"202 Accepted" in connection.recv(65_536)
        assert service.session.wait(PATIENCE_S) == 0
        assert "stopped" in service.session.stderr.read_text()
    assert read_table(shop.warehouse, "feedback").to_pylist()[0]["event"] == "bought"


@dataclass
class Reader(threading.Thread):
    """Asks for outfits without a pause.   seen: releases, in order.   wrong: whatever was not one whole release."""

    port: int
    seed: int
    seen: list[int] = field(default_factory=list)
    wrong: list[str] = field(default_factory=list)
    answers: int = 0
    stop: bool = False

    def __post_init__(self) -> None:
        super().__init__(daemon=True)

    def __hash__(self) -> int:
        return id(self)

    def run(self) -> None:
        draw = random.Random(self.seed)
        connection = http.client.HTTPConnection("127.0.0.1", self.port, timeout=PATIENCE_S)
        while not self.stop:
            own = product_id(draw.choice(AUDIENCES), draw.choice(list(KINDS)), draw.randrange(4))
            query = draw.choice(["", "?number=2", f"?min_confidence=0.{draw.randrange(10)}"])
            try:
                connection.request("GET", f"/v1/products/{own}/outfits{query}")
                answer = connection.getresponse()
                self._judge(own, answer.status, answer.read())
            except OSError as fault:
                self.wrong.append(repr(fault))
                return

    def _judge(self, own: str, status: int, body: bytes) -> None:
        self.answers += 1
        if status != 200:
            self.wrong.append(f"{status} {body[:200]!r}")
            return
        found = json.loads(body)
        release = found["release"]["number"]
        for outfit in found["outfits"]:
            told = {outfit["outfit_id"]} | {reason for item in outfit["items"] for reason in item["reasons"] if "shift" in reason}
            expected = {f"{own}-{release}-{outfit['rank']}"} | {f"{item['slot']} of shift {release}" for item in outfit["items"]}
            if told != expected:
                self.wrong.append(f"release {release} with {told - expected}")
        if release not in self.seen[-1:]:
            self.seen.append(release)


def test_releases_switch_under_readers_without_a_failed_or_mixed_answer(tmp_path: Path) -> None:
    """Eight clients read on while three releases follow the first; each answer is of one release, and none goes back."""
    shop = ServedShop(tmp_path).stock().release(1)
    with serving(shop.folder, shop.warehouse, "--set", "serve.feedback=off") as service:
        service.wait_for("/health/ready", 200)
        readers = [Reader(service.port, seed) for seed in range(CLIENTS)]
        for one in readers:
            one.start()
        for number in range(2, 2 + SWITCHES):
            shop.release(number)
            end = time.monotonic() + PATIENCE_S
            while not all(one.seen[-1:] == [number] for one in readers) and time.monotonic() < end:
                time.sleep(0.05)
        for one in readers:
            one.stop = True
        for one in readers:
            one.join(PATIENCE_S)
    assert [one.wrong for one in readers] == [[]] * CLIENTS
    assert [one.seen for one in readers] == [[1, 2, 3, 4]] * CLIENTS
    assert sum(one.answers for one in readers) > 200


def test_it_waits_for_a_first_release_and_says_so(tmp_path: Path) -> None:
    """Started before the first run: alive and not ready, also while outfits are there and not yet released; then it shows them."""
    shop = ServedShop(tmp_path)
    with serving(tmp_path, shop.warehouse, "--set", "serve.feedback=off") as service:
        assert service.get("/health/live")[0] == 200
        service.wait_until_said("holds no table releases")
        shop.stock().release()
        assert service.wait_for("/health/ready", 200)["release"]["number"] == 1


def test_outfits_that_are_written_and_not_released_are_not_ready(shop: ServedShop) -> None:
    aside = shop.folder / "releases"
    (shop.warehouse / "releases").rename(aside)
    with serving(shop.folder, shop.warehouse, "--set", "serve.feedback=off") as service:
        service.wait_until_said("holds no table releases")
        assert service.get("/v1/products/women-top-00/outfits")[0] == 503
        aside.rename(shop.warehouse / "releases")
        service.wait_for("/health/ready", 200)


def test_the_description_holds_for_whatever_is_sent(shop: ServedShop) -> None:
    """Schemathesis sends what the description allows and what it forbids; every answer is one that it tells of."""
    with serving(shop.folder, shop.warehouse, "--set", "serve.feedback=off") as service:
        service.wait_for("/health/ready", 200)
        command = [
            str(BIN / "schemathesis"), "run", f"http://127.0.0.1:{service.port}/openapi.json", "--max-examples", "6", "--seed", "1",
            "--phases", "examples,coverage,fuzzing", "--no-color",
        ]  # fmt: skip
        environment = {
            **os.environ,
            "SCHEMATHESIS_HOOKS": "tests.api_hooks",
            "PYTHONPATH": f"{REPOSITORY}:{os.environ.get('PYTHONPATH', '')}",
        }
        ended = subprocess.run(command, cwd=shop.folder, env=environment, capture_output=True, text=True, timeout=300, check=False)
        assert ended.returncode == 0, ended.stdout[-4_000:]
        assert '"status": 500' not in service.session.stderr.read_text()


def test_a_port_in_use_is_one_line(tmp_path: Path) -> None:
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = taken.getsockname()[1]
        ended = run("serve", "--port", port, "--warehouse", tmp_path)
    assert ended.code == 2
    assert ended.complaints == [
        line
        for line in ended.stderr.splitlines()
        if f"port {port} of 127.0.0.1 is in use; stop who uses it, or name another" in line
    ]


@pytest.mark.parametrize(
    ("flags", "said"),
    [
        (["--port", "70000"], "serve.port"),
        (["--host", "no such host"], "is no address to listen on"),
        (["--set", "serve.poll_s=0"], "serve.poll_s"),
        (["--set", "serve.api_key_env=NO_SUCH_KEY"], "serve.api_key_env names NO_SUCH_KEY, which is not set"),
        (["--store", "postgres"], "publish.postgres"),
        (["--set", "storage.catalog=main", "--set", "serve.feedback=off"], "the delta store reads tables by their place"),
    ],
)
def test_settings_that_do_not_do_are_one_line(tmp_path: Path, flags: list[str], said: str) -> None:
    ended = run("serve", *flags, "--warehouse", tmp_path)
    assert ended.code == 2
    assert len(ended.complaints) == 1
    assert said in ended.complaints[0]


def test_a_missing_package_names_what_brings_it(tmp_path: Path) -> None:
    (tmp_path / "uvicorn.py").write_text("raise ImportError('no module named uvicorn')\n")
    ended = run("serve", "--warehouse", tmp_path, PYTHONPATH=f"{tmp_path}{os.pathsep}{os.environ.get('PYTHONPATH', '')}")
    assert ended.code == 2
    assert "pip install 'WHEEL[serve]'" in ended.complaints[0]
