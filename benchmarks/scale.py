"""How the chain grows with the catalogue: seconds, peak memory of driver and workers, bytes shuffled, per stage.

    python -m benchmarks.scale --products 100000 1000000 [--out scale.json] [--master local[2]] [--keep DIR]

The catalogues are samples. The encoder is `hashing`, which needs no model, so `embed` says nothing about a real one. Each size is a
run of its own, as a user starts it. Memory is what processes hold (resident), looked at every quarter of a second; a worker is
one Python process of Spark. Growth is the exponent b of seconds = a·n^b between the smallest and the largest size. A limit that is
missed is said in one line at the end, with exit code 1.
"""

import argparse
import json
import math
import os
import shutil
import sys
import tempfile
import threading
import time
from collections import defaultdict
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

from tests.processes import PROC, Session, workers_among

from benchmarks.__main__ import COMMAND, sample
from outfit_pairing.pipeline import STAGES

LOOK_S = 0.25
GIB = 1024**3
# Candidates and assembly are the pairing stages; what they have made is published and released.
PER_PRODUCT = ("pair-by-lookbook", "apply-patterns", "pair-by-rules", "publish", "release")
LIMIT_RATIO = 1.15
LIMITS_GIB = {"worker": 1.5, "driver": 3.0}
SETTINGS = ("embedding.model=hashing", "quality.accept_drift=true")


@dataclass(frozen=True, slots=True)
class Cost:
    """What one stage took.   driver, worker: GiB at most; the driver is its JVM and its Python.   shuffled: bytes written."""

    seconds: float
    driver: float
    worker: float
    shuffled: int


class Watch(threading.Thread):
    """Looks at a run: which stage it is in, and how much its processes hold."""

    def __init__(self, session: Session) -> None:
        super().__init__(daemon=True)
        self.session, self.ended = session, threading.Event()
        self.driver: dict[str, int] = defaultdict(int)
        self.worker: dict[str, int] = defaultdict(int)
        self.spans: dict[str, list[float]] = {}

    def run(self) -> None:
        """Until the run has ended."""
        while self.session.running and not self.ended.wait(LOOK_S):
            stage = self._stage()
            driver, workers = held(self.session)
            self.driver[stage] = max(self.driver[stage], driver)
            self.worker[stage] = max(self.worker[stage], max(workers, default=0))

    def _stage(self) -> str:
        lines = self.session.stderr.read_text("utf-8", errors="replace").splitlines()
        started = [line.split()[1].rstrip(":") for line in lines if line.endswith(": started")]
        stage = started[-1] if started else "start"
        self.spans.setdefault(stage, [time.time(), math.inf])
        return stage


def held(session: Session) -> tuple[int, list[int]]:
    """Bytes that the driver holds, command and JVM, and those of each worker."""
    members = session.members()
    pythons, workers = workers_among(members)
    return sum(resident(pid) for pid in members if pid not in pythons), [resident(pid) for pid in workers]


def resident(pid: int) -> int:
    """Bytes in memory; 0 when it has ended."""
    try:
        return int((PROC / str(pid) / "statm").read_text().split()[1]) * os.sysconf("SC_PAGE_SIZE")
    except (OSError, IndexError):
        return 0


def shuffled(events: Path, spans: Mapping[str, Sequence[float]]) -> dict[str, int]:
    """Bytes written to shuffles by stage of the chain, from Spark's event log; a task counts where it ended."""
    begins = sorted((span[0], stage) for stage, span in spans.items())
    written: dict[str, int] = defaultdict(int)
    for task in _tasks(events):
        metrics = task.get("Task Metrics") or {}
        ended = task["Task Info"]["Finish Time"] / 1000
        stage = next((name for begin, name in reversed(begins) if begin <= ended), "start")
        written[stage] += metrics.get("Shuffle Write Metrics", {}).get("Shuffle Bytes Written", 0)
    return written


def _tasks(folder: Path) -> Iterator[dict[str, Any]]:
    for path in sorted(path for path in folder.rglob("*") if path.is_file() and not path.name.startswith((".", "appstatus"))):
        with path.open(encoding="utf-8") as file:
            for line in file:
                if line.startswith('{"Event":"SparkListenerTaskEnd"'):
                    yield json.loads(line)


def measure(products: int, master: str, folder: Path) -> dict[str, Cost]:
    """One whole run on a sample of so many products."""
    catalogue, events = sample(folder, products), folder / f"events-{products}"
    events.mkdir()
    conf = {"spark.eventLog.enabled": "true", "spark.eventLog.dir": events.as_uri(), "spark.eventLog.compress": "false"}
    submit = " ".join(f"--conf {name}={value}" for name, value in conf.items())
    settings = [part for one in (*SETTINGS, f"spark.master={master}") for part in ("--set", one)]
    run = [
        str(COMMAND), "run", "--catalog", str(catalogue), "--mapping", "sample",
        "--warehouse", str(folder / f"warehouse-{products}"), "--json", *settings,
    ]  # fmt: skip
    environment = {**os.environ, "PYSPARK_SUBMIT_ARGS": f"{submit} pyspark-shell"}
    with Session(run, folder, f"run-{products}", environment) as session:
        watch = Watch(session)
        watch.start()
        code = session.wait(24 * 3600)
        watch.ended.set()
        watch.join()
    if code not in {0, 3}:
        sys.exit(f"{' '.join(run)} ended with {code}\n{session.stderr.read_text('utf-8')[-3000:]}")
    seconds = {one["stage"]: one["seconds"] for one in json.loads(session.stdout.read_text("utf-8"))}
    bytes_of = shuffled(events, watch.spans)
    return {
        stage: Cost(seconds[stage], watch.driver[stage] / GIB, watch.worker[stage] / GIB, bytes_of[stage])
        for stage in STAGES
        if stage in seconds
    }


def per_product(costs: Mapping[str, Cost], products: int) -> float:
    """Milliseconds of candidates, assembly and publishing for one product."""
    return 1000 * sum(costs[stage].seconds for stage in PER_PRODUCT if stage in costs) / products


def growth(few: Cost, many: Cost, times: float) -> float:
    """The exponent b of seconds = a·n^b."""
    return math.log(max(many.seconds, 0.01) / max(few.seconds, 0.01)) / math.log(times)


def missed(found: Mapping[int, Mapping[str, Cost]]) -> list[str]:
    """Limits that are not kept, each in a few words."""
    sizes = sorted(found)
    faults = []
    if len(sizes) > 1 and (ratio := growth_per_product(found)) > LIMIT_RATIO:
        faults.append(f"time per product {ratio:.2f} times, at most {LIMIT_RATIO}")
    for who, limit in LIMITS_GIB.items():
        most = max(peaks(found, who).values())
        if most > limit:
            faults.append(f"largest {who} {most:.2f} GiB, at most {limit}")
    return faults


def growth_per_product(found: Mapping[int, Mapping[str, Cost]]) -> float:
    """How many times longer a product of the largest catalogue takes than one of the smallest."""
    few, many = min(found), max(found)
    return per_product(found[many], many) / per_product(found[few], few)


def peaks(found: Mapping[int, Mapping[str, Cost]], who: str) -> dict[int, float]:
    """Most GiB that the driver or a worker held, by size."""
    return {size: max(getattr(cost, who) for cost in costs.values()) for size, costs in sorted(found.items())}


def show(found: Mapping[int, Mapping[str, Cost]]) -> None:
    """A table per size, growth, and the limits."""
    for products, costs in found.items():
        titles = ("seconds", "µs/product", "driver GiB", "worker GiB", "shuffled MB")
        print(f"\n{products:,} products\n{'stage':20}" + "".join(f"{title:>13}" for title in titles))
        for stage, cost in costs.items():
            each = 1e6 * cost.seconds / products
            print(f"{stage:20}{cost.seconds:13.1f}{each:13.1f}{cost.driver:13.2f}{cost.worker:13.2f}{cost.shuffled / 1e6:13.1f}")
    sizes = sorted(found)
    few, many = found[sizes[0]], found[sizes[-1]]
    if len(sizes) > 1:
        growths = ", ".join(
            f"{stage} {growth(few[stage], many[stage], sizes[-1] / sizes[0]):.2f}" for stage in few if stage in many
        )
        print(f"\ngrowth from {sizes[0]:,} to {sizes[-1]:,} (1 = in proportion): {growths}")
        print(f"candidates, assembly and publishing per product: {growth_per_product(found):.2f} times (limit {LIMIT_RATIO})")
    for who, limit in LIMITS_GIB.items():
        told = ", ".join(f"{most:.2f} GiB at {size:,}" for size, most in peaks(found, who).items())
        print(f"largest {who}: {told} (limit {limit})")


def main() -> None:
    """Print the tables; keep the figures where asked. Exit code 1: a limit is missed."""
    parser = argparse.ArgumentParser(description="Growth with the catalogue.")
    parser.add_argument("--products", type=int, nargs="+", default=[100_000, 1_000_000])
    parser.add_argument("--master", default="local[2]")
    parser.add_argument("--out", type=Path, help="JSON file of all figures")
    parser.add_argument("--keep", type=Path, help="folder for warehouses and logs (default: a temporary one)")
    chosen = parser.parse_args()
    folder = chosen.keep or Path(tempfile.mkdtemp(prefix="scale-"))
    folder.mkdir(parents=True, exist_ok=True)
    found: dict[int, dict[str, Cost]] = {}
    try:
        for products in sorted(chosen.products):
            found[products] = measure(products, chosen.master, folder)
            if chosen.out:
                told = {str(size): {stage: asdict(cost) for stage, cost in costs.items()} for size, costs in found.items()}
                chosen.out.write_text(json.dumps(told, indent=2) + "\n", "utf-8")
            show(found)
    finally:
        if not chosen.keep:
            shutil.rmtree(folder, ignore_errors=True)
    if faults := missed(found):
        sys.exit(f"limits missed: {'; '.join(faults)}")


if __name__ == "__main__":
    main()
