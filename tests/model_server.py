"""A fake OpenAI-compatible server with faults and counters, for tests and benchmarks; it listens on loopback only.

    with ModelServer(Behaviour(busy=0.1, latency_s=0.2)) as server:
        ...  # server.base_url, server.counts, server.behaviour (may be replaced while it runs)

As a program it outlives whoever calls it: `python tests/model_server.py --port-file F --latency-ms 200 --busy 0.1
--counts-file counts.json`. GET /counts says the counters too, GET /v1/models the model; POST /behaviour changes fields
of the behaviour.
"""

import argparse
import contextlib
import dataclasses
import json
import signal
import socket
import socketserver
import sys
import threading
from pathlib import Path
from typing import Any, Self, get_args

if __name__ == "__main__":
    sys.path[:0] = [str(Path(__file__).resolve().parents[1] / part) for part in ("", "lib")]

from tests.model_behaviour import Behaviour, Counts
from tests.model_handler import Handler
from tests.model_stylist import good_reply

WRITE_PAUSE_S = 0.05  # counts are written at most so often


class ModelServer:
    """A server in a thread of this process. `with` starts and stops it."""

    def __init__(self, behaviour: Behaviour | None = None, port: int = 0) -> None:
        self.behaviour = behaviour or Behaviour()
        self.counts = Counts()
        self.closing = threading.Event()
        self.changed = threading.Event()
        self._server = Listener(("127.0.0.1", port), Handler)
        self._server.model_server = self
        self.port: int = self._server.server_address[1]

    @property
    def base_url(self) -> str:
        return f"http://127.0.0.1:{self.port}/v1"

    def start(self) -> None:
        threading.Thread(target=self._server.serve_forever, args=(0.05,), daemon=True, name="model-server").start()

    def stop(self) -> None:
        """Nobody is answered any more; open connections are closed, sleepers wake."""
        self.closing.set()
        self._server.shutdown()
        self._server.server_close()
        self._server.close_connections()

    def __enter__(self) -> Self:
        self.start()
        return self

    def __exit__(self, *_: object) -> None:
        self.stop()


class Listener(socketserver.ThreadingTCPServer):
    """A thread per connection; knows the connections, so that they can be ended."""

    allow_reuse_address = True
    daemon_threads = True
    block_on_close = False
    request_queue_size = 512
    model_server: ModelServer

    def __init__(self, *args: Any) -> None:
        self._open: set[socket.socket] = set()
        super().__init__(*args)

    def process_request(self, request: Any, client_address: Any) -> None:
        self._open.add(request)
        super().process_request(request, client_address)

    def shutdown_request(self, request: Any) -> None:
        self._open.discard(request)
        super().shutdown_request(request)

    def close_connections(self) -> None:
        for connection in list(self._open):
            with contextlib.suppress(OSError):
                connection.shutdown(socket.SHUT_RDWR)

    def handle_error(self, request: Any, client_address: Any) -> None:
        if not isinstance(sys.exc_info()[1], OSError):  # clients that hang up are what this server is for
            super().handle_error(request, client_address)


def main(arguments: list[str] | None = None) -> None:
    """Serve until told to end (SIGTERM, SIGINT)."""
    options = vars(_parser().parse_args(arguments))
    port, port_file, counts_file = (options.pop(name) for name in ("port", "port_file", "counts_file"))
    latency_s = options.pop("latency_ms") / 1000
    ended = threading.Event()
    for number in (signal.SIGTERM, signal.SIGINT):
        signal.signal(number, lambda *_: ended.set())
    good_reply("")  # the style guide is read now, not in the time of the first callers
    with ModelServer(Behaviour(latency_s=latency_s, **options), port) as server:
        if counts_file:
            _write(counts_file, json.dumps(server.counts.snapshot()))
        if port_file:
            _write(port_file, str(server.port))
        print(server.base_url, flush=True)
        while not ended.is_set():
            if server.changed.wait(0.2):
                server.changed.clear()
                if counts_file:
                    _write(counts_file, json.dumps(server.counts.snapshot()))
                ended.wait(WRITE_PAUSE_S)
    if counts_file:
        _write(counts_file, json.dumps(server.counts.snapshot()))


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(description="A fake OpenAI-compatible server.")
    parser.add_argument("--port", type=int, default=0)
    parser.add_argument("--port-file", type=Path, help="where to write the port once it listens")
    parser.add_argument("--counts-file", type=Path, help="JSON of the counters, rewritten after calls")
    parser.add_argument("--latency-ms", type=float, default=0.0)
    for one in dataclasses.fields(Behaviour):
        flag = f"--{one.name.replace('_', '-')}"
        if one.name == "latency_s":
            continue
        if one.type is bool:
            parser.add_argument(flag, action="store_true")
        elif isinstance(one.default, tuple):
            parser.add_argument(flag, type=lambda text: tuple(text.split(",")), default=one.default)
        else:
            kind = next((kind for kind in get_args(one.type) if kind is not type(None)), one.type)
            parser.add_argument(flag, type=kind, default=one.default)
    return parser


def _write(path: Path, text: str) -> None:
    part = path.with_name(path.name + ".part")
    part.write_text(text, "utf-8")
    part.replace(path)


if __name__ == "__main__":
    main()
