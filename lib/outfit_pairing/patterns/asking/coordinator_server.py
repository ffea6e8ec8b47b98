"""The coordinator's door on the driver: one address, one daemon thread per worker connection."""

import logging
import os
import secrets
import socket
import threading
from multiprocessing import AuthenticationError
from multiprocessing.connection import Connection, Listener, answer_challenge, deliver_challenge
from typing import Any, Self

from outfit_pairing.patterns.asking.coordinator import Coordinator

logger = logging.getLogger(__name__)

WAITING_TO_CONNECT = 1_024  # all workers' threads come at once; what the queue does not hold is sent again a second later
# an executor's machine that vanishes closes no connection: its leases are free after some 30 s all the same
KEEP_ALIVE = (("TCP_KEEPIDLE", 15), ("TCP_KEEPINTVL", 5), ("TCP_KEEPCNT", 3))
OF_AN_ASKER = frozenset({"acquire", "release"})  # these say who asks
CALLS = frozenset({"settle", "return_unused", "stop", "confirmed_format", "figures"}) | OF_AN_ASKER


def serve(coordinator: Coordinator, host: str, api_key: str | None = None) -> "CoordinatorServer":
    """A server for `coordinator` on a free port of `host`, an address of the driver that workers can reach.

    `api_key`: handed to this run's workers that have none in their environment, so that it enters no plan and no table.

    Use it as a context manager; leaving it closes all connections. Raises: OSError: the address is not one of this machine.
    """
    return CoordinatorServer(coordinator, host, api_key)


class CoordinatorServer:
    """Listens from construction to `close`. `address` and `authkey` are what a CoordinatorClient needs.

    Who does not know the key of this run is turned away before a byte of a message is unpickled.
    """

    def __init__(self, coordinator: Coordinator, host: str, api_key: str | None = None) -> None:
        self._api_key = api_key
        self.authkey = secrets.token_bytes(32)
        self._coordinator = coordinator
        # without a key here: the listener would check it before it accepts the next one, and a silent caller would block all
        self._listener = Listener((host, 0), family="AF_INET", backlog=WAITING_TO_CONNECT)
        self.address: tuple[str, int] = (host, int(self._listener.address[1]))
        self._closing = False
        self._lock = threading.Lock()
        self._open: dict[str, Connection[Any, Any]] = {}
        self._thread = threading.Thread(target=self._accept, name="coordinator", daemon=True)
        self._thread.start()

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def close(self) -> None:
        """Take no more calls. Workers that still ask are told to stop."""
        if self._closing:
            return
        self._closing = True
        try:
            # closing a socket does not wake the thread that accepts on it; a caller does
            socket.create_connection(self.address, timeout=1).close()
        except OSError:
            logger.debug("the coordinator's own address does not answer")
        self._thread.join(timeout=2)
        self._listener.close()
        with self._lock:
            for connection in self._open.values():
                _hang_up(connection)

    def _accept(self) -> None:
        number = 0
        while not self._closing:
            try:
                connection = self._listener.accept()
            except OSError as fault:
                if not self._closing:
                    logger.warning("a worker could not connect to the coordinator: %s", fault)
                continue
            number += 1
            asker = f"asker-{number}"
            with self._lock:
                self._open[asker] = connection
            threading.Thread(target=self._talk, args=(asker, connection), name=asker, daemon=True).start()

    def _talk(self, asker: str, connection: "Connection[Any, Any]") -> None:
        """Answer one connection's calls until it closes; then what it held is free."""
        try:
            keep_alive(connection)
            deliver_challenge(connection, self.authkey)
            answer_challenge(connection, self.authkey)
            while not self._closing:
                connection.send(self._answer(asker, connection.recv()))
        except AuthenticationError:
            logger.warning("a caller without this run's key was turned away from the coordinator")
        except (EOFError, OSError):
            pass  # the worker is done, or gone
        finally:
            self._coordinator.gone(asker)
            with self._lock:
                del self._open[asker]
                connection.close()

    def _answer(self, asker: str, call: Any) -> tuple[str, Any]:
        try:
            name, *arguments = call
            if name == "api_key":
                return "ok", self._api_key
            if name not in CALLS:
                return "error", f"no call {name!r}"
            more = {"asker": asker} if name in OF_AN_ASKER else {}
            return "ok", getattr(self._coordinator, name)(*arguments, **more)
        except Exception as fault:
            logger.exception("a call to the coordinator failed")
            return "error", f"{type(fault).__name__}: {fault}"


def keep_alive(connection: "Connection[Any, Any]") -> None:
    """Have the system notice that the other machine has vanished."""
    with socket.socket(fileno=os.dup(connection.fileno())) as twin:
        twin.setsockopt(socket.SOL_SOCKET, socket.SO_KEEPALIVE, 1)
        for name, value in KEEP_ALIVE:
            if hasattr(socket, name):
                twin.setsockopt(socket.IPPROTO_TCP, getattr(socket, name), value)


def _hang_up(connection: "Connection[Any, Any]") -> None:
    """Wake the thread that reads from a connection; it closes it."""
    try:
        with socket.socket(fileno=os.dup(connection.fileno())) as twin:
            twin.shutdown(socket.SHUT_RDWR)
    except OSError:
        logger.debug("a connection was closed already")
