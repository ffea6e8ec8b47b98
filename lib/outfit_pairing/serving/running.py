"""Runs the service in this process until it is told to stop."""

import contextlib
import errno
import gc
import logging
import os
import signal
import socket
from collections.abc import Callable, Iterator
from concurrent.futures import Future, wait
from typing import TYPE_CHECKING

from outfit_pairing.errors import InputError, SettingsError, installing

if TYPE_CHECKING:
    from outfit_pairing.serving.store import Store
    from outfit_pairing.settings import Settings

logger = logging.getLogger(__name__)

DRAIN_S = 20  # answers that are under way when the service is told to stop may take so long
LOOK_S = 5  # for a look at the tables; where it takes longer, `/health/ready` says what it has found
KEEP_ALIVE_S = 30
BACKLOG = 2_048
COLLECT = (50_000, 20, 50)  # answers leave no circles behind: looking for some at every 700 objects costs more than an answer


def serve(settings: "Settings") -> None:
    """Answer requests until SIGTERM or SIGINT; answers under way are finished, feedback is written down.

    Raises:  SettingsError: a setting or the environment does not do, or a package is missing.    InputError: the port is taken.
             WarehouseError: a table is of a newer schema version.
    """
    from outfit_pairing.serving.feedback import open_feedback

    key, feedback = _key(settings), open_feedback(settings)
    listening = listen(settings.serve.host, settings.serve.port)
    store = open_store(settings)
    load_ahead: Callable[[], Future[None]] | None = getattr(store, "load_ahead", None)
    looked = load_ahead() if load_ahead else None
    try:
        import uvicorn

        from outfit_pairing.serving.http import Options, create_app
    except ImportError:
        raise SettingsError(f"the service needs more packages: {installing('serve')}") from None
    from outfit_pairing.serving.experiments import experiment_of
    from outfit_pairing.serving.service import RecommendationsService

    service = RecommendationsService(
        store,
        experiment=experiment_of(settings.serve.experiment, settings.serve.variants),
        feedback=feedback,
    )
    if looked and wait([looked], LOOK_S).done:
        looked.result()
    config = uvicorn.Config(
        create_app(service, Options(key)),
        http="httptools",
        ws="none",
        lifespan="on",
        access_log=False,
        log_config=None,
        server_header=False,
        proxy_headers=False,
        timeout_keep_alive=KEEP_ALIVE_S,
        timeout_graceful_shutdown=DRAIN_S,
        backlog=BACKLOG,
    )
    logging.getLogger("uvicorn.error").setLevel(logging.WARNING)
    host, port = listening.getsockname()[:2]
    logger.info("listening on http://%s:%s", f"[{host}]" if ":" in host else host, port)
    gc.set_threshold(*COLLECT)
    with listening, _signals_end_well():
        uvicorn.Server(config).run(sockets=[listening])
    logger.info("stopped")


@contextlib.contextmanager
def _signals_end_well() -> Iterator[None]:
    """A service that was told to stop and has stopped ends with 0: uvicorn raises the signal again when it is done."""
    former = {one: signal.signal(one, lambda *_: None) for one in (signal.SIGTERM, signal.SIGINT)}
    try:
        yield
    finally:
        for one, handler in former.items():
            signal.signal(one, handler)


def open_store(settings: "Settings") -> "Store":
    """The store that `serve.store` names; nothing is read yet.    Raises:  SettingsError."""
    if settings.serve.store == "postgres":
        from outfit_pairing.serving.postgres_store import PostgresStore

        return PostgresStore(settings)
    from outfit_pairing.serving.delta_store import DeltaStore

    return DeltaStore(settings)


def listen(host: str, port: int) -> socket.socket:
    """A socket that listens already, so that a port in use is said in one line.    Raises:  InputError."""
    try:
        family = socket.getaddrinfo(host, port, type=socket.SOCK_STREAM)[0][0]
        listening = socket.socket(family, socket.SOCK_STREAM)
    except OSError as fault:
        raise InputError(f"{host} is no address to listen on ({fault.strerror}); name another with --host") from None
    try:
        listening.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        listening.bind((host, port))
        listening.listen(BACKLOG)
    except OSError as fault:
        listening.close()
        if fault.errno == errno.EADDRINUSE:
            raise InputError(f"port {port} of {host} is in use; stop who uses it, or name another with --port") from None
        raise InputError(
            f"port {port} of {host} cannot be listened on ({fault.strerror}); name another with --port or --host"
        ) from None
    return listening


def _key(settings: "Settings") -> str | None:
    name = settings.serve.api_key_env
    if name is None:
        return None
    key = os.environ.get(name)
    if not key:
        raise SettingsError(f"serve.api_key_env names {name}, which is not set; put the key there, or unset the setting")
    return key
