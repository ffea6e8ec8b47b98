"""The service under load: requests per second and waiting times, as ratios against a bare route that returns constant bytes.

    python -m benchmarks.serving --warehouse DIR [--seconds 8] [--connections 16] [--set serve.store=postgres …]

Every part runs with the same server (uvicorn, uvloop, httptools), the same load maker and the same size of answers. Products are
asked for at random over the whole catalogue, so that most answers are made for the request. The load maker is a process of its
own; with two cores, each has one.
"""

import argparse
import asyncio
import contextlib
import http.client
import json
import os
import random
import re
import subprocess
import sys
import tempfile
import time
import urllib.request
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from statistics import quantiles
from urllib.parse import quote

COMMAND = Path(sys.executable).parent / "outfit-pairing"
PATIENCE_S = 120
HOT = 500  # products of a shop window, whose answers all lie ready
SEED = 7


@dataclass
class Load:
    """What one load has met.   waits: seconds of each request.   failed: answers that were not 200."""

    seconds: float = 0.0
    waits: list[float] = field(default_factory=list)
    failed: int = 0
    cpu: float = 0.0  # seconds of the server's processor time, which tells more than the clock on a machine that is shared

    @property
    def per_second(self) -> float:
        """Answers per second."""
        return len(self.waits) / self.seconds

    def percentile(self, share: int) -> float:
        """Milliseconds."""
        return 1_000 * quantiles(self.waits, n=100)[share - 1]


async def one_client(load: Load, port: int, paths: Sequence[str], *, seed: int, until: float, every: float | None) -> None:
    """Asks over one connection; at a fixed pace with `every`, and then waits count from when a request was due."""
    draw = random.Random(seed)
    reader, writer = await asyncio.open_connection("127.0.0.1", port)
    due = time.perf_counter() + draw.random() * (every or 0)
    while True:
        if every is not None:
            due += every
            await asyncio.sleep(max(0.0, due - time.perf_counter()))
        started = due if every is not None else time.perf_counter()
        if started > until:
            break
        writer.write(b"GET %s HTTP/1.1\r\nhost: x\r\n\r\n" % draw.choice(paths).encode())
        head = await reader.readuntil(b"\r\n\r\n")
        length = re.search(rb"content-length: (\d+)", head)
        await reader.readexactly(int(length[1]) if length else 0)
        load.waits.append(time.perf_counter() - started)
        load.failed += b" 200 " not in head[:20]
    writer.close()


async def loaded(port: int, paths: Sequence[str], connections: int, seconds: float, rate: float | None = None) -> Load:
    """All clients at once.   rate: requests per second over all of them; None: as many as they get."""
    load, started = Load(), time.perf_counter()
    every = connections / rate if rate else None
    clients = (
        one_client(load, port, paths, seed=SEED + number, until=started + seconds, every=every) for number in range(connections)
    )
    await asyncio.gather(*clients)
    load.seconds = time.perf_counter() - started
    return load


@dataclass(frozen=True)
class Press:
    """Puts load on a server.   pid: of its process."""

    port: int
    pid: int
    connections: int
    seconds: float

    def __call__(self, paths: Sequence[str], rate: float | None = None, seconds: float | None = None) -> Load:
        """One load."""
        import uvloop

        before = processor_s(self.pid)
        load = uvloop.run(loaded(self.port, paths, self.connections, seconds or self.seconds, rate))
        load.cpu = processor_s(self.pid) - before
        return load


def processor_s(pid: int) -> float:
    """Seconds of processor time that a process has used."""
    told = Path(f"/proc/{pid}/stat").read_text().rpartition(") ")[2].split()
    return (int(told[11]) + int(told[12])) / os.sysconf("SC_CLK_TCK")


@contextmanager
def served(folder: Path, command: Sequence[str], ready: str) -> Iterator[tuple[int, float, int]]:
    """A server.   Gives its port, the seconds until it was ready, and its process id."""
    log, started = folder / "server.log", time.perf_counter()
    with log.open("w") as out, subprocess.Popen(command, stderr=out, stdout=out) as process:
        try:
            while not (found := re.search(r"listening on http://127\.0\.0\.1:(\d+)", log.read_text())):
                if process.poll() is not None or time.perf_counter() - started > PATIENCE_S:
                    sys.exit(log.read_text()[-2_000:])
                time.sleep(0.01)
            while not _is_ready(int(found[1]), ready):
                if time.perf_counter() - started > PATIENCE_S:
                    sys.exit(log.read_text()[-2_000:])
                time.sleep(0.02)
            yield int(found[1]), time.perf_counter() - started, process.pid
        finally:
            process.terminate()


def _is_ready(port: int, path: str) -> bool:
    try:
        with urllib.request.urlopen(f"http://127.0.0.1:{port}{path}", timeout=PATIENCE_S) as answer:
            return bool(answer.status == 200)
    except OSError:
        return False


def memory_mb(pid: int, what: str = "VmRSS") -> float:
    """Megabytes that a process holds, or has held at most (VmHWM)."""
    found = re.search(rf"{what}:\s+(\d+)", Path(f"/proc/{pid}/status").read_text())
    return int(found[1]) / 1024 if found else float("nan")


def product_ids(port: int) -> list[str]:
    """Ids over the whole catalogue, those with outfits."""
    found: list[str] = []
    while True:
        with urllib.request.urlopen(f"http://127.0.0.1:{port}/v1/products?limit=100&offset={len(found)}") as answer:
            page = json.load(answer)
        found += [one["product_id"] for one in page["products"]]
        if page["next_offset"] is None or len(found) >= 10_000:
            return found


def ask_once(port: int, paths: Sequence[str]) -> None:
    """Every path once, so that its answer lies ready."""
    with contextlib.closing(http.client.HTTPConnection("127.0.0.1", port)) as connection:
        for path in paths:
            connection.request("GET", path)
            connection.getresponse().read()


def plain_server(size: int) -> list[str]:
    """A bare Starlette route that returns `size` constant bytes, under the same server."""
    code = (
        "import socket, uvicorn\n"
        "from starlette.applications import Starlette\n"
        "from starlette.responses import Response\n"
        "from starlette.routing import Route\n"
        f"body = b'x' * {size}\n"
        "async def constant(request):\n    return Response(body, media_type='application/json')\n"
        "app = Starlette(routes=[Route('/v1/products/{product_id}/outfits', constant), Route('/ready', constant)])\n"
        "s = socket.create_server(('127.0.0.1', 0))\n"
        "print(f'listening on http://127.0.0.1:{s.getsockname()[1]}', flush=True)\n"
        "config = uvicorn.Config(app, http='httptools', access_log=False, log_config=None, server_header=False)\n"
        "uvicorn.Server(config).run(sockets=[s])\n"
    )
    return [sys.executable, "-c", code]


def tell(what: str, value: str, demand: str = "") -> None:
    """One line of the table."""
    print(f"{what:58}{value:>16}  {demand}".rstrip(), flush=True)


def main() -> None:
    """Print all figures."""
    parser = argparse.ArgumentParser(description="The service under load.")
    parser.add_argument("--warehouse", type=Path, required=True)
    parser.add_argument("--seconds", type=float, default=8.0, help="of each load (default 8)")
    parser.add_argument("--connections", type=int, default=16, help="open at once (default 16)")
    parser.add_argument("--set", action="append", default=[], metavar="KEY=VALUE", help="settings of the service")
    chosen = parser.parse_args()
    settings = ["--warehouse", str(chosen.warehouse), "--set", "serve.feedback=off"]
    settings += [part for one in chosen.set for part in ("--set", one)]
    with tempfile.TemporaryDirectory() as scratch:
        folder = Path(scratch)
        command = [str(COMMAND), "serve", "--port", "0", *settings]
        with served(folder, command, "/health/ready") as (port, ready_s, pid):
            tell("seconds from start to ready", f"{ready_s:.2f}", "≤ 3 with both cores free")
            tell("memory when ready", f"{memory_mb(pid):.0f} MB", "≤ 600")
            paths = [f"/v1/products/{quote(one, safe='')}/outfits" for one in product_ids(port)]
            body = len(urllib.request.urlopen(f"http://127.0.0.1:{port}{paths[0]}").read())
            press = Press(port, pid, chosen.connections, chosen.seconds)
            press(paths, seconds=2.0)
            anywhere = press(paths)
            paced = press(paths, anywhere.per_second / 2)
            hot = paths[:HOT]
            narrowed = [f"{one}?min_confidence=0.5" for one in hot]
            ask_once(port, [*hot, *narrowed])
            window, filtered = press(hot), press(narrowed)
            largest = memory_mb(pid, "VmHWM")
        with served(folder, plain_server(body), "/ready") as (port, _, pid):
            press = Press(port, pid, chosen.connections, chosen.seconds)
            press(paths, seconds=1.0)
            plain = press(paths)
    loads = {
        f"outfits of {len(paths):,} products": anywhere,
        "… at half that pace": paced,
        f"outfits of {HOT} products, ready": window,
        "… with a filter": filtered,
        f"a bare route with constant bytes ({body:,})": plain,
    }
    for what, load in loads.items():
        waits = f"p50 {load.percentile(50):.1f} ms, p99 {load.percentile(99):.1f} ms, {load.failed} failed"
        own = load.cpu / len(load.waits)
        ratio = own / (plain.cpu / len(plain.waits))
        tell(what, f"{load.per_second:,.0f}/s", f"{waits}; {own * 1e6:.0f} µs of processor each, {ratio:.1f} × the bare route")
    tell("most memory under load", f"{largest:.0f} MB", "≤ 600")


if __name__ == "__main__":
    main()
