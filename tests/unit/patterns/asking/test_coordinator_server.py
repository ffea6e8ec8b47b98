"""Workers in other processes share one coordinator over real sockets on loopback."""

import multiprocessing
import pickle
import socket
import threading
from collections import Counter
from collections.abc import Iterator
from multiprocessing import AuthenticationError
from multiprocessing.connection import Client
from typing import Any

import pytest

from outfit_pairing.patterns.asking.chat import ChatReply, ReplyFormat
from outfit_pairing.patterns.asking.coordinator import Coordinator
from outfit_pairing.patterns.asking.coordinator_client import CoordinatorClient
from outfit_pairing.patterns.asking.coordinator_server import CoordinatorServer, serve
from outfit_pairing.patterns.asking.permits import Busy, Granted, Stop
from outfit_pairing.settings import LlmSettings

HOST = "127.0.0.1"
GOOD = ChatReply(text="what the model said", prompt_tokens=60, completion_tokens=30)
PROCESSES = multiprocessing.get_context("spawn")
PATIENCE_S = 30


@pytest.fixture
def server() -> Iterator[CoordinatorServer]:
    """A coordinator without rates, whose server takes json_schema."""
    with serve(Coordinator(LlmSettings(budget_tokens=10**9), remembered=ReplyFormat.JSON_SCHEMA), HOST) as running:
        yield running


@pytest.fixture
def client(server: CoordinatorServer) -> Iterator[CoordinatorClient]:
    """A client in this process."""
    own = CoordinatorClient(server.address, server.authkey)
    yield own
    own.close()


def ask_all(client: CoordinatorClient, hashes: list[str], threads: int) -> list[str]:
    """The hashes that were granted here, when `threads` threads ask for all of them."""
    won: list[str] = []

    def ask() -> None:
        for request_hash in hashes:
            answer = client.acquire(request_hash, 100, 50)
            if isinstance(answer, Granted):
                won.append(request_hash)
                client.settle(answer.permit, GOOD)
        barrier.wait(PATIENCE_S)

    barrier = threading.Barrier(threads)
    running = [threading.Thread(target=ask) for _ in range(threads)]
    for thread in running:
        thread.start()
    for thread in running:
        thread.join()
    return won


def worker(client: CoordinatorClient, hashes: list[str], answers: Any, leave: Any) -> None:
    """A worker process: asks with four threads, says what it won, and leaves when told."""
    answers.put(ask_all(client, hashes, 4))
    leave.wait(PATIENCE_S)


def holder(client: CoordinatorClient, held: Any) -> None:
    """A worker process that takes a request and never comes back."""
    held.put(client.acquire("abc", 100, 50))
    threading.Event().wait()


def test_threads_of_two_processes_share_leases_and_counts(server: CoordinatorServer, client: CoordinatorClient) -> None:
    """Every request is granted to one asker while its connection lives, and every token is counted once."""
    hashes = [f"hash{number}" for number in range(40)]
    answers, leave = PROCESSES.Queue(), PROCESSES.Event()
    workers = [PROCESSES.Process(target=worker, args=(client, hashes, answers, leave)) for _ in range(2)]
    for process in workers:
        process.start()
    won = Counter(request_hash for _ in workers for request_hash in answers.get(timeout=PATIENCE_S))
    leave.set()
    for process in workers:
        process.join(PATIENCE_S)
    assert set(won) == set(hashes)
    figures = client.figures()
    assert figures.granted == won.total()
    assert (figures.prompt_tokens, figures.completion_tokens, figures.in_flight) == (60 * won.total(), 30 * won.total(), 0)


def test_threads_of_a_process_ask_apart(client: CoordinatorClient) -> None:
    """Two threads with the same request are two askers; while both live only one holds it."""
    assert Counter(ask_all(client, ["abc", "def"], 8)) == {"abc": 1, "def": 1}


def test_a_killed_process_frees_its_lease_at_once(client: CoordinatorClient) -> None:
    """What it had in flight counts as billed, and the next asker looks in the journal."""
    held = PROCESSES.Queue()
    process = PROCESSES.Process(target=holder, args=(client, held))
    process.start()
    assert isinstance(held.get(timeout=PATIENCE_S), Granted)
    assert isinstance(client.acquire("abc", 100, 50), Busy)
    process.kill()
    process.join(PATIENCE_S)
    answers = [client.acquire("abc", 100, 50)]
    while not isinstance(answers[-1], Granted):
        assert isinstance(answers[-1], Busy), answers[-1]
        threading.Event().wait(0.005)
        answers.append(client.acquire("abc", 100, 50))
        assert len(answers) < 2_000
    assert answers[-2] == Busy(0.0)
    figures = client.figures()
    assert (figures.lost, figures.tokens_at_most, figures.in_flight) == (1, 150, 1)


def test_what_the_model_said_stays_with_the_worker(server: CoordinatorServer, client: CoordinatorClient) -> None:
    """The coordinator learns that there was a reply, and what it cost."""
    heard: list[ChatReply] = []
    server._coordinator.settle = lambda _, outcome: heard.append(outcome)  # type: ignore[method-assign]
    client.settle(1, GOOD)
    assert [reply.text for reply in heard] == [""]


def test_a_caller_without_the_key_is_turned_away(server: CoordinatorServer, client: CoordinatorClient) -> None:
    """It gets no answer, and others are served all the same."""
    with pytest.raises(AuthenticationError):
        Client(server.address, family="AF_INET", authkey=b"another run's")
    stranger = CoordinatorClient(server.address, b"another run's")
    answer = stranger.acquire("abc", 100, 50)
    assert isinstance(answer, Stop)
    assert answer.kind == "stopped"
    assert isinstance(client.acquire("abc", 100, 50), Granted)


def test_a_caller_that_says_nothing_holds_nobody_up(server: CoordinatorServer, client: CoordinatorClient) -> None:
    """A port scanner is not a worker."""
    with socket.create_connection(server.address), socket.create_connection(server.address):
        assert isinstance(client.acquire("abc", 100, 50), Granted)


def test_the_key_is_in_no_text(server: CoordinatorServer, client: CoordinatorClient) -> None:
    """A client may be logged; pickled it still knows the key."""
    assert repr(server.authkey) not in repr(client)
    copy = pickle.loads(pickle.dumps(client))
    assert isinstance(copy.acquire("abc", 100, 50), Granted)
    copy.close()


def test_a_driver_that_is_gone_stops_its_workers(server: CoordinatorServer, client: CoordinatorClient) -> None:
    """They ask nothing any more, and do not fail on what they still have to say."""
    answer = client.acquire("abc", 100, 50)
    assert isinstance(answer, Granted)
    server.close()
    client.settle(answer.permit, GOOD)
    client.release("abc")
    stop = client.acquire("abc", 100, 50)
    assert isinstance(stop, Stop)
    assert (stop.kind, "cannot be reached" in stop.reason, "\n" in stop.reason) == ("stopped", True, False)


def test_a_stop_reaches_every_worker(server: CoordinatorServer, client: CoordinatorClient) -> None:
    """Whoever says it."""
    client.stop("the user has had enough")
    other = CoordinatorClient(server.address, server.authkey)
    assert other.acquire("abc", 100, 50) == Stop("the user has had enough", "stopped")
    other.close()


def test_a_closed_client_frees_what_it_holds(server: CoordinatorServer, client: CoordinatorClient) -> None:
    """A thread that is done need not release one by one; a later call connects again."""
    assert isinstance(client.acquire("abc", 100, 50), Granted)
    client.close()
    assert isinstance(client.acquire("abc", 100, 50), Busy | Granted)
    assert client.confirmed_format() is ReplyFormat.JSON_SCHEMA


def test_a_thread_that_ends_frees_what_it_holds(client: CoordinatorClient) -> None:
    """Without a word: its connection closes with it."""
    thread = threading.Thread(target=client.acquire, args=("abc", 100, 50))
    thread.start()
    thread.join()
    answer = client.acquire("abc", 100, 50)
    for _ in range(2_000):
        if isinstance(answer, Granted):
            break
        threading.Event().wait(0.005)
        answer = client.acquire("abc", 100, 50)
    assert isinstance(answer, Granted)


def test_a_call_that_fails_is_an_error_of_that_call_alone(client: CoordinatorClient) -> None:
    """A bug on one side does not end the other."""
    with pytest.raises(RuntimeError, match="no call 'gone'"):
        client._call("gone", "asker-1")
    with pytest.raises(RuntimeError, match="TypeError"):
        client._call("acquire")
    assert isinstance(client.acquire("abc", 100, 50), Granted)


def test_the_server_listens_where_it_is_told() -> None:
    """On one address, with a port of its own."""
    with serve(Coordinator(LlmSettings()), HOST) as first, serve(Coordinator(LlmSettings()), HOST) as second:
        assert first.address[0] == second.address[0] == HOST
        assert first.address[1] != second.address[1]
        assert first.authkey != second.authkey


def test_a_format_is_found_out_by_one_worker_for_all() -> None:
    """What one process' reply has shown, others are told."""
    with serve(Coordinator(LlmSettings()), HOST) as server:
        one, other = (CoordinatorClient(server.address, server.authkey) for _ in range(2))
        trial = one.acquire("abc", 100, 50)
        assert isinstance(trial, Granted)
        one.settle(trial.permit, GOOD)
        assert isinstance(other.acquire("def", 100, 50), Granted)
        assert other.confirmed_format() is ReplyFormat.JSON_SCHEMA
        one.close()
        other.close()
