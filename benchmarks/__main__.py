"""`make bench`: every measurement in turn.

    python -m benchmarks [--catalog FILE --mapping NAME] [--earlier anchor_products.json] [--products 2000]

With a catalogue: seconds per stage on it, then the others on the same warehouse. Without one a sample takes its place.
Always: seconds per stage for 1, 2 and 4 times a sample, so that growth can be read off.
"""

import argparse
import json
import resource
import subprocess
import sys
import tempfile
from pathlib import Path
from typing import Any

COMMAND = Path(sys.executable).parent / "outfit-pairing"
SAMPLE_SIZES = (1, 2, 4)


Stages = list[dict[str, Any]]  # as `run --json` tells them


def run_chain(catalogue: Path, mapping: str, warehouse: Path, *flags: str) -> dict[str, float]:
    """Seconds per stage of a whole run."""
    return {stage["stage"]: stage["seconds"] for stage in run_reported(catalogue, mapping, warehouse, *flags)}


def run_reported(catalogue: Path, mapping: str, warehouse: Path, *flags: str) -> Stages:
    """A whole run, as a user starts it; a missed gate is said, not fatal."""
    told: Stages = json.loads(tell("run", "--catalog", catalogue, "--mapping", mapping, "--warehouse", warehouse, "--json", *flags))
    return told


def tell(*arguments: object) -> str:
    """What `outfit-pairing arguments` prints; a missed gate is said, not fatal."""
    command = [str(COMMAND), *map(str, arguments)]
    ended = subprocess.run(command, stdout=subprocess.PIPE, text=True, check=False)
    if ended.returncode not in {0, 3}:
        sys.exit(f"{' '.join(command)} ended with {ended.returncode}")
    return ended.stdout


def print_stages(title: str, columns: dict[str, dict[str, float]]) -> None:
    """One row per stage, one column per run."""
    print(f"\n{title}\n{'stage':20}" + "".join(f"{name:>12}" for name in columns))
    stages = list(next(iter(columns.values())))
    for stage in stages:
        print(f"{stage:20}" + "".join(f"{seconds.get(stage, float('nan')):12.1f}" for seconds in columns.values()))
    print(f"{'all':20}" + "".join(f"{sum(seconds.values()):12.1f}" for seconds in columns.values()))
    print(f"{'all but embed':20}" + "".join(f"{sum(seconds.values()) - seconds['embed']:12.1f}" for seconds in columns.values()))


def sample(folder: Path, products: int) -> Path:
    """A made-up catalogue."""
    path = folder / f"sample-{products}.csv.gz"
    tell("sample", "--products", products, "--out", path, "--quiet")
    return path


def script(name: str, *arguments: str) -> None:
    """Another benchmark, in a process of its own; its fault, or a limit that it misses, ends this one."""
    print(f"\n{name}", flush=True)
    ended = subprocess.run([sys.executable, "-m", f"benchmarks.{name}", *arguments], check=False)
    if ended.returncode:
        sys.exit(f"benchmarks.{name} ended with {ended.returncode}")


def main() -> None:
    """Print all figures."""
    parser = argparse.ArgumentParser(description="All measurements.")
    parser.add_argument("--catalog", type=Path)
    parser.add_argument("--mapping", default="auto")
    parser.add_argument("--earlier", type=Path, help="anchors of an earlier system, to compare with")
    parser.add_argument("--products", type=int, default=2_000, help="size of the single sample (default 2000)")
    chosen = parser.parse_args()
    with tempfile.TemporaryDirectory() as scratch:
        folder = Path(scratch)
        catalogue = (chosen.catalog, chosen.mapping) if chosen.catalog else (sample(folder, chosen.products), "sample")
        warehouse = folder / "warehouse"
        print_stages(
            "Seconds per stage", {"first run": run_chain(*catalogue, warehouse), "again": run_chain(*catalogue, warehouse)}
        )
        peak = resource.getrusage(resource.RUSAGE_CHILDREN).ru_maxrss / 1024**2
        print(f"largest single process {peak:.2f} GiB")
        script("embed_speed", "--catalog", str(catalogue[0]), "--mapping", catalogue[1])
        script("candidate_pass", "--warehouse", str(warehouse))
        script("anchor_coverage", "--warehouse", str(warehouse), *(["--earlier", str(chosen.earlier)] if chosen.earlier else []))
        script("serving", "--warehouse", str(warehouse))
        script("asking", "--catalogue-warehouse", str(warehouse), "--kills", "3")
        sizes = [chosen.products * times for times in SAMPLE_SIZES]
        columns = {f"{size:,}": run_chain(sample(folder, size), "sample", folder / f"grown-{size}") for size in sizes}
        print_stages("Growth: seconds per stage by products", columns)
        # limits are for a shop: of a small sample's seconds most are spent whatever has changed
        only_tell = [] if chosen.catalog else ["--only-tell"]
        script("small_change", "--catalog", str(catalogue[0]), "--mapping", catalogue[1], *only_tell)


if __name__ == "__main__":
    main()
