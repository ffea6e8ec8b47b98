"""Asking a model: what is bought, lost and wasted when server, workers and jobs fail. Every figure is the server's own count.

    python -m benchmarks.asking [--catalogue-warehouse DIR] [--kills 10] [--rate]

Asks about the anchors of a warehouse that has been through select-anchors; without one, about those of a sample. The server
is the fake one of tests/, in a process of its own. `--rate` takes two minutes more. The last part is skipped where the
package distribatch is not installed.
"""

import argparse
import json
import os
import random
import shutil
import sys
import tempfile
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from importlib.util import find_spec
from pathlib import Path
from statistics import median
from typing import Any

from tests.delta import read_table
from tests.processes import ServerProcess, Session, serving, spark_home

WORKERS, CONCURRENCY = 2, 8
LATENCY_S = 0.2
FAULTS = {"seed": 3, "malformed": 0.1, "off_schema": 0.1, "busy": 0.1, "down": 0.05, "hang": 0.02, "hang_s": 10.0}
MASTERS = ("local[2,3]", "local-cluster[2,1,2048]")
PER_MINUTE = 120
ENOUGH = 5
SPEED_RUNS = 3
TABLES = ("products", "anchor_products")


@dataclass(frozen=True)
class Asking:
    """The anchors of one warehouse, a server, and runs that ask it about them."""

    folder: Path
    server: ServerProcess
    settings: dict[str, Any] = field(default_factory=dict)

    @property
    def warehouse(self) -> Path:
        """Of this part alone."""
        return self.folder / "warehouse"

    def start(self, name: str, *command: str, **more: Any) -> Session:
        """A command of the package, or a module with `-m`; `more`: settings with `__` for the dot."""
        given = {
            "patterns.provider": "openai", "llm.base_url": self.server.base_url, "llm.model": "fake", "llm.workers": WORKERS,
            "llm.concurrency": CONCURRENCY, "llm.journal": self.folder / "journal", "spark.master": MASTERS[0],
            "embedding.model": "hashing", "storage.warehouse": self.warehouse,
        }  # fmt: skip
        given |= self.settings | {key.replace("__", "."): value for key, value in more.items()}
        overrides = [part for key, value in given.items() for part in ("--set", f"{key}={value}")]
        environment = {**os.environ, "SPARK_LOCAL_DIRS": str(self.folder / "spark"), "NO_KEY": "none"}
        if str(given["spark.master"]).startswith("local-cluster"):
            environment["SPARK_HOME"] = str(spark_home(self.folder))
        return Session([sys.executable, "-m", *command, *overrides], self.folder, name, environment)

    def run(self, name: str = "run", *, code: int = 0, **more: Any) -> dict[str, Any]:
        """generate-patterns until it ends; the server's counts afterwards."""
        with self.start(name, "outfit_pairing", "generate-patterns", **more) as session:
            if session.wait(3_600) != code:
                sys.exit(f"{name}: {session.stderr.read_text()[-2_000:]}")
        return self.server.counts()

    def patterns(self, *providers: str) -> list[int]:
        """Patterns per anchor that has some."""
        counts: dict[str, int] = {}
        for row in read_table(self.warehouse, "outfit_patterns").to_pylist():
            if row["provider"] in providers:
                counts[row["anchor_product_id"]] = counts.get(row["anchor_product_id"], 0) + 1
        return list(counts.values())


@dataclass(frozen=True)
class Bench:
    """Makes a fresh copy of the warehouse and a fresh server for each part."""

    folder: Path
    warehouse: Path
    anchors: int

    @contextmanager
    def asking(self, name: str, **behaviour: Any) -> Iterator[Asking]:
        """For one part; `behaviour`: of the server."""
        folder = self.folder / name
        for table in TABLES:
            shutil.copytree(self.warehouse / table, folder / "warehouse" / table)
        with serving(folder, **{"latency_s": LATENCY_S, **behaviour}) as server:
            yield Asking(folder, server)


def tell(what: str, value: str, demand: str = "") -> None:
    """One line of the table."""
    print(f"{what:62}{value:>16}  {demand}".rstrip(), flush=True)


def once(counts: dict[str, Any]) -> str:
    """Good replies per prompt."""
    return f"{counts['good_replies'] / max(1, counts['distinct_prompts']):.3f}"


def span(counts: dict[str, Any]) -> float:
    """Seconds from the first call to the end of the last one, by the server's clock."""
    times = sorted(steady for steady, _ in counts["arrivals"])
    return float(times[-1] - times[0]) + LATENCY_S


def faults(bench: Bench) -> None:
    """A server with all its faults."""
    with bench.asking("faults", **FAULTS) as asking:
        counts = asking.run(llm__timeout_s=3, embedding__model="all-MiniLM-L6-v2")
        own, all_ = asking.patterns("openai"), asking.patterns("openai", "style_guide")
        print("\n20 % malformed or off-schema, 10 % 429, 5 % 5xx, 2 % hangs (timeout 3 s)")
        tell("anchors with 5 patterns or more by the model", f"{_share(own, bench.anchors):.1%}", "≥ 99 %")
        tell("… and with the style guide standing in", f"{_share(all_, bench.anchors):.1%}")
        answered = counts["prompts_with_good_reply"]
        tell("good replies ÷ prompts that got one", f"{counts['good_replies'] / max(1, answered):.3f}", "1.000")
        tell("prompts that got none in three tries", f"{counts['distinct_prompts'] - answered} of {counts['distinct_prompts']}")
        tell("calls, of which good", f"{counts['calls']}, {counts['good_replies']}")
        tell("seconds, first call to last", f"{span(counts):.1f}")


def kills(bench: Bench, master: str, times: int) -> None:
    """Killed -9 at random moments, with everything that it has started, and started again."""
    dice = random.Random(7)
    with bench.asking(f"kills-{_kind(master)}") as asking:
        for number in range(times):
            before = asking.server.counts()["calls"]
            with asking.start(f"kill-{number}", "outfit_pairing", "generate-patterns", spark__master=master) as session:
                asking.server.wait_for_calls(before + dice.randint(1, max(2, 3 * bench.anchors // (4 * times))), 600)
                session.kill()
        counts = asking.run(spark__master=master)
        again = asking.run("again", spark__master=master)
        vain = counts["good_replies"] - counts["distinct_prompts"]
        sent = (asking.folder / "journal").rglob("*.sent.json")
        lost = sum(not path.with_name(path.name.replace(".sent.", ".reply.")).exists() for path in sent)
        print(f"\n{master}: killed -9 {times} times while asking, then left to end")
        tell("prompts without a good reply", str(counts["distinct_prompts"] - counts["prompts_with_good_reply"]), "0")
        tell("replies bought in vain", str(vain), f"≤ {times * WORKERS * CONCURRENCY} (in flight when killed: {lost})")
        once_but = f"{1 + max(0, vain - lost) / bench.anchors:.3f}"
        tell("good replies ÷ distinct prompts, those in flight left out", once_but, "1.000")
        tell("calls of the whole job run again", str(again["calls"] - counts["calls"]), "0")
        tell("anchors with 5 patterns or more", f"{_share(asking.patterns('openai'), bench.anchors):.1%}")


def evaluations(bench: Bench, master: str) -> None:
    """Whatever Spark may do with the frame."""
    with bench.asking(f"evaluations-{_kind(master)}") as asking:
        with asking.start("inside", "benchmarks.asking_inside", "evaluate", spark__master=master) as session:
            if session.wait(3_600):
                sys.exit(session.stderr.read_text()[-2_000:])
        steps = json.loads(session.stdout.read_text().splitlines()[-1])
        print(f"\n{master}: good replies ÷ distinct prompts after")
        for what, counts in steps.items():
            tell(what, once(counts), "1.000")


def rate(bench: Bench) -> None:
    """Four workers under one limit."""
    with bench.asking("rate") as asking:
        counts = asking.run(llm__workers=4, llm__requests_per_minute=PER_MINUTE, spark__master="local[4]")
        times = sorted(steady for steady, _ in counts["arrivals"])
        most = max(sum(start <= time < start + 60 for time in times) for start in times)
        print(f"\n4 workers, {PER_MINUTE} requests per minute over all of them")
        tell("most requests in any 60 s", str(most), f"≤ {PER_MINUTE}")
        tell("share of the limit that was used", f"{len(times) / (times[-1] - times[0]) * 60 / PER_MINUTE:.0%}", "≥ 85 %")
        last = sum(time >= times[-1] - 60 for time in times)
        tell("… in the last 60 s, after the burst at the start", f"{last / PER_MINUTE:.0%}", "≥ 85 %")


def budget(bench: Bench) -> None:
    """A budget for a third of the work, then one that is large enough."""
    with bench.asking("budget") as asking:
        most = bench.anchors * 1_000
        first = asking.run(code=1, llm__budget_tokens=most)
        spent = first["prompt_tokens"] + first["completion_tokens"]
        last = asking.run("rest", llm__budget_tokens=100 * most)
        print(f"\nA budget of {most:,} tokens, then one that is large enough")
        tell("tokens that the server counted in the first run", f"{spent:,}", f"≤ {most:,}")
        tell("anchors answered in the first run", str(first["prompts_with_good_reply"]))
        tell(
            "calls of the second run, prompts left", f"{last['calls'] - first['calls']}, {bench.anchors - first['calls']}", "equal"
        )
        tell("good replies ÷ distinct prompts", once(last), "1.000")


def speed(bench: Bench) -> None:
    """No faults: what is lost between requests."""
    print(f"\n{LATENCY_S * 1_000:.0f} ms latency, no faults, {WORKERS} workers × {CONCURRENCY}")
    ratios = []
    for number in range(SPEED_RUNS):
        with bench.asking(f"speed-{number}") as asking:
            counts = asking.run()
        ideal = counts["calls"] * LATENCY_S / (WORKERS * CONCURRENCY)
        tell("seconds, first call to last reply; ideal", f"{span(counts):.2f}; {ideal:.2f}")
        ratios.append(span(counts) / ideal)
    tell(f"ratio, median of {SPEED_RUNS}", f"{median(ratios):.2f}", "≤ 1.25")


def peer(bench: Bench) -> None:
    """The same prompts to the same server by distribatch."""
    if find_spec("distribatch") is None:
        print("\nbeside distribatch: skipped, it is not installed (pip install --target DIR distribatch==0.1.0a1; PYTHONPATH=DIR)")
        return
    print("\nbeside distribatch, same prompts, faults, workers and time limit")
    print(f"{'':32}{'rows with 5 patterns':>22}{'calls':>8}{'wasted':>8}{'seconds':>9}")
    with bench.asking("ours", **FAULTS) as asking:
        counts = asking.run(llm__timeout_s=3)
        _beside("outfit-pairing", sum(one >= ENOUGH for one in asking.patterns("openai")), counts)
    for passes in (1, 5):
        with bench.asking(f"distribatch-{passes}", **FAULTS) as asking:
            with asking.start("inside", "benchmarks.asking_inside", f"distribatch-{passes}", llm__timeout_s=3) as session:
                if session.wait(3_600):
                    sys.exit(session.stderr.read_text()[-2_000:])
            found = json.loads(session.stdout.read_text().splitlines()[-1])
            _beside(f"distribatch, {passes} pass{'es' if passes > 1 else ''}", found["rows"], asking.server.counts())


def _beside(name: str, rows: int, counts: dict[str, Any]) -> None:
    print(f"{name:32}{rows:22}{counts['calls']:8}{counts['calls'] - rows:8}{span(counts):9.1f}", flush=True)


def _kind(master: str) -> str:
    return master.partition("[")[0]


def _share(counts: Sequence[int], anchors: int) -> float:
    return sum(count >= ENOUGH for count in counts) / anchors


def sample(folder: Path) -> Path:
    """A warehouse of made-up products and their anchors."""
    base = (
        "--set",
        "embedding.model=hashing",
        "--set",
        f"storage.warehouse={folder / 'sample'}",
        "--set",
        "catalog.mapping=sample",
    )
    file = folder / "sample.csv.gz"
    for command in (
        ["sample", "--products", "4000", "--out", str(file)],
        ["ingest", "--catalog", str(file), *base],
        ["embed", *base],
        ["select-anchors", *base],
    ):
        with Session([sys.executable, "-m", "outfit_pairing", *command], folder, "sample", os.environ) as session:
            if session.wait():
                sys.exit(session.stderr.read_text()[-2_000:])
    return folder / "sample"


def main() -> None:
    """Print all figures."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--catalogue-warehouse", type=Path, help="a warehouse after select-anchors (default: of a sample)")
    parser.add_argument("--kills", type=int, default=10, help="kills per master; 0 leaves them out (default %(default)s)")
    parser.add_argument("--rate", action="store_true", help="also hold a rate limit for two minutes (default: off)")
    parser.add_argument("--only", nargs="*", default=[], help="parts by name: faults kills evaluations rate budget speed peer")
    chosen = parser.parse_args()
    with tempfile.TemporaryDirectory() as scratch:
        warehouse = chosen.catalogue_warehouse or sample(Path(scratch))
        bench = Bench(Path(scratch), warehouse, read_table(warehouse, "anchor_products").num_rows)
        print(f"{bench.anchors} anchors of {warehouse.name}")
        parts = {
            "faults": lambda: faults(bench),
            "kills": lambda: [kills(bench, master, chosen.kills) for master in MASTERS if chosen.kills],
            "evaluations": lambda: [evaluations(bench, master) for master in MASTERS],
            "rate": lambda: rate(bench) if chosen.rate else None,
            "budget": lambda: budget(bench),
            "speed": lambda: speed(bench),
            "peer": lambda: peer(bench),
        }
        for name, part in parts.items():
            if not chosen.only or name in chosen.only:
                part()


if __name__ == "__main__":
    main()
