"""How a worker reaches the coordinator on the driver."""

import logging
import os
import threading
from dataclasses import replace
from multiprocessing import AuthenticationError
from multiprocessing.connection import Client, Connection
from typing import Any

from outfit_pairing.patterns.asking.chat import ChatReply, ReplyFormat
from outfit_pairing.patterns.asking.coordinator_server import keep_alive
from outfit_pairing.patterns.asking.permits import Answer, Figures, Stop, StopKind

logger = logging.getLogger(__name__)


class CoordinatorClient:
    """The coordinator's calls, from any process. Picklable; each thread that calls has a connection of its own.

    What a thread has acquired is freed when its connection closes: by `close`, at the thread's end, or with the process.
    A driver that is gone, and a key of another run, are answered by Stop; telling it something then does nothing.
    """

    def __init__(self, address: tuple[str, int], authkey: bytes) -> None:
        self.address = address
        self._authkey = authkey
        self._own = threading.local()

    def __reduce__(self) -> tuple[type["CoordinatorClient"], tuple[tuple[str, int], bytes]]:
        return CoordinatorClient, (self.address, self._authkey)

    def __repr__(self) -> str:
        return f"CoordinatorClient({self.address!r})"

    def acquire(self, request_hash: str, most_prompt_tokens: int, most_completion_tokens: int) -> Answer:
        """As the coordinator answers; never blocks for longer than the way there and back."""
        try:
            answer: Answer = self._call("acquire", request_hash, most_prompt_tokens, most_completion_tokens)
        except (EOFError, OSError, AuthenticationError) as fault:
            host, port = self.address
            reason = " ".join(str(fault).split()) or "it is gone"
            return Stop(f"the driver's coordinator at {host}:{port} cannot be reached: {reason}", "stopped")
        return answer

    def settle(self, permit: int, outcome: ChatReply) -> None:
        """What became of a granted request. What the model said stays here."""
        self._tell("settle", permit, outcome if outcome.text is None else replace(outcome, text=""))

    def return_unused(self, permit: int) -> None:
        """The request was not sent."""
        self._tell("return_unused", permit)

    def release(self, request_hash: str) -> None:
        """This thread is done with the request."""
        self._tell("release", request_hash)

    def stop(self, reason: str, kind: StopKind = "stopped") -> None:
        """Let no request of the run go out any more."""
        self._tell("stop", reason, kind)

    def confirmed_format(self) -> ReplyFormat | None:
        """The format that the server takes, when that is known. Raises: OSError, EOFError: the driver is gone."""
        answer: ReplyFormat | None = self._call("confirmed_format")
        return answer

    def api_key(self) -> str | None:
        """The model's key, as the driver has it. Raises: OSError, EOFError: the driver is gone."""
        answer: str | None = self._call("api_key")
        return answer

    def figures(self) -> Figures:
        """Counts of the run. Raises: OSError, EOFError: the driver is gone."""
        answer: Figures = self._call("figures")
        return answer

    def close(self) -> None:
        """Close this thread's connection; what it holds is free. A later call opens a new one."""
        connection, self._own.connection = getattr(self._own, "connection", None), None
        if connection is not None:
            connection.close()

    def _tell(self, name: str, *arguments: object) -> None:
        try:
            self._call(name, *arguments)
        except (EOFError, OSError, AuthenticationError):
            logger.debug("the coordinator did not hear %s", name)

    def _call(self, name: str, *arguments: object) -> Any:
        try:
            kind, answer = self._exchange((name, *arguments))
        except (EOFError, ConnectionError):
            # a connection may be lost while the driver is well; with it went the permits and leases of this thread
            self.close()
            kind, answer = self._exchange((name, *arguments))
        if kind == "error":
            raise RuntimeError(f"the coordinator could not answer {name}: {answer}")
        return answer

    def _exchange(self, call: tuple[object, ...]) -> tuple[str, Any]:
        connection = self._connection()
        try:
            connection.send(call)
            answer: tuple[str, Any] = connection.recv()
        except BaseException:
            # an answer that comes later must not be taken for that of the next call
            self.close()
            raise
        return answer

    def _connection(self) -> "Connection[Any, Any]":
        connection: Connection[Any, Any] | None = getattr(self._own, "connection", None)
        if connection is None or self._own.process != os.getpid():
            connection = Client(self.address, family="AF_INET", authkey=self._authkey)
            keep_alive(connection)
            self._own.connection, self._own.process = connection, os.getpid()
        return connection
