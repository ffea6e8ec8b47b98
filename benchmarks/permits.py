"""How many requests the driver's coordinator grants, with the askers of a large cluster: python -m benchmarks.permits

Each worker is a process with as many threads as `llm.concurrency`, each with a connection of its own, as on a cluster; the model
is a pause. Only the coordinator is real: what is measured is what stands between the workers and the model.
"""

import argparse
import multiprocessing
import threading
import time

from outfit_pairing.patterns.asking.chat import ChatReply
from outfit_pairing.patterns.asking.coordinator import Coordinator
from outfit_pairing.patterns.asking.coordinator_client import CoordinatorClient
from outfit_pairing.patterns.asking.coordinator_server import serve
from outfit_pairing.patterns.asking.permits import Granted
from outfit_pairing.settings import load_settings

REPLY = ChatReply(text="{}", finish_reason="stop", prompt_tokens=2_400, completion_tokens=1_300)


def ask(client: CoordinatorClient, name: str, questions: int, latency_s: float) -> None:
    """One thread of a worker: question after question."""
    for number in range(questions):
        request = f"{name}-{number}"
        while not isinstance(answer := client.acquire(request, 2_400, 3_000), Granted):
            time.sleep(getattr(answer, "seconds", 0.05) or 0.05)
        time.sleep(latency_s)
        client.settle(answer.permit, REPLY)
        client.release(request)
    client.close()


def work(client: CoordinatorClient, worker: int, concurrency: int, questions: int, latency_s: float) -> None:
    """One worker."""
    threads = [
        threading.Thread(target=ask, args=(client, f"{worker}-{number}", questions, latency_s)) for number in range(concurrency)
    ]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()


def main() -> None:
    """Print seconds, ideal seconds and requests per second."""
    parser = argparse.ArgumentParser(description="Requests that the coordinator grants.")
    parser.add_argument("--workers", type=int, default=64)
    parser.add_argument("--concurrency", type=int, default=8)
    parser.add_argument("--questions", type=int, default=8, help="of each thread")
    parser.add_argument("--latency-s", type=float, default=2.0)
    chosen = parser.parse_args()
    settings = load_settings(environment={})
    fork = multiprocessing.get_context("fork")
    with serve(Coordinator(settings.llm), "127.0.0.1") as door:
        client = CoordinatorClient(door.address, door.authkey)
        shared = (chosen.concurrency, chosen.questions, chosen.latency_s)
        workers = [fork.Process(target=work, args=(client, number, *shared)) for number in range(chosen.workers)]
        started = time.perf_counter()
        for worker in workers:
            worker.start()
        for worker in workers:
            worker.join()
        seconds = time.perf_counter() - started
    asked, ideal = chosen.workers * chosen.concurrency * chosen.questions, chosen.questions * chosen.latency_s
    print(f"{chosen.workers} workers × {chosen.concurrency}, {asked:,} requests of {chosen.latency_s:g} s: {seconds:.1f} s")
    print(f"{seconds / ideal:.2f} × ideal, {asked / seconds:,.0f} requests per second")


if __name__ == "__main__":
    main()
