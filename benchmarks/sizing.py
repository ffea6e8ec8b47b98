"""Time and cost for other catalogues and clusters, from what `benchmarks.scale` has measured.

    python -m benchmarks.sizing scale.json [--cores 2] [--price 0.35]

Per stage, seconds = F + a·n + (u - a)·n·(cores measured ÷ cores there). F, what a stage costs however few products there are, and u
come from the smallest and the largest size measured; a is what one core does alone (ALONE). Beyond the sizes measured everything
is extrapolated. Encoding texts with the real model is added, since `benchmarks.scale` leaves it out: `--texts` texts per product at
`--rate` texts per second and core.
"""

import argparse
import json
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

Figures = Mapping[str, Mapping[str, Mapping[str, float]]]  # products → stage → what `scale.Cost` holds
SIZES = (44_446, 1_000_000, 10_000_000, 100_000_000)
CORES = (2, 16, 64, 256)
CORES_OF_A_MACHINE = 4
# Microseconds of a product that more cores do not shorten: cutting a CSV file into rows (100,000 rows in 2.0 s), writing JSON files
# (1,000,000 products in 57 s), and what a part of 150,000 products costs beyond its share (7 s in pair-by-rules, taken for both).
ALONE = {"ingest": 20.0, "publish": 57.0, "apply-patterns": 47.0, "pair-by-rules": 47.0}


@dataclass(frozen=True, slots=True)
class Line:
    """seconds = fixed + each · products, on the cores that were measured.    alone: of `each`, what one core does."""

    fixed: float
    each: float
    alone: float


def fitted(figures: Figures) -> dict[str, Line]:
    """A line for each stage of both sizes; where less is measured for more products, nothing is fixed."""
    few, many = min(map(int, figures)), max(map(int, figures))
    lines = {}
    for stage, found in figures[str(many)].items():
        if stage not in figures[str(few)]:
            continue
        low, high = figures[str(few)][stage]["seconds"], found["seconds"]
        each = max(0.0, (high - low) / (many - few))
        lines[stage] = Line(max(0.0, low - each * few), each, min(each, 1e-6 * ALONE.get(stage, 0.0)))
    return lines


def seconds(lines: Mapping[str, Line], products: int, share: float, encoding: float) -> float:
    """Of a whole run.    share: cores measured ÷ cores there.    encoding: of one product's texts, on the cores measured."""
    each = sum(line.alone + (line.each - line.alone) * share for line in lines.values()) + encoding * share
    return sum(line.fixed for line in lines.values()) + each * products


def shown(value: float) -> str:
    """Seconds for people."""
    return f"{value:.0f} s" if value < 600 else f"{value / 60:.0f} min" if value < 36_000 else f"{value / 3600:.0f} h"


def main() -> None:
    """Print the lines, and a table of time and cost."""
    parser = argparse.ArgumentParser(description="From measured sizes to others.")
    parser.add_argument("figures", type=Path, nargs="+", help="files of benchmarks.scale --out, together of two sizes or more")
    parser.add_argument("--cores", type=int, default=2, help="cores that were measured")
    parser.add_argument("--texts", type=float, default=0.73, help="distinct texts per product")
    parser.add_argument("--rate", type=float, default=104, help="texts that one core encodes in a second")
    parser.add_argument("--price", type=float, default=0.35, help=f"of an hour of a machine of {CORES_OF_A_MACHINE} cores")
    chosen = parser.parse_args()
    figures = {size: stages for path in chosen.figures for size, stages in json.loads(path.read_text("utf-8")).items()}
    lines, encoding = fitted(figures), chosen.texts / chosen.rate / chosen.cores
    print("| stage | F, s | u, µs per product | a, µs per product |\n| --- | --- | --- | --- |")
    for stage, line in lines.items():
        print(f"| {stage} | {line.fixed:.1f} | {1e6 * line.each:.0f} | {1e6 * line.alone:.0f} |")
    print(f"| embed, with the real model | | {1e6 * encoding:.0f} more | |\n")
    print("| products | " + " | ".join(f"{cores} cores" for cores in CORES) + " |\n|" + " --- |" * (len(CORES) + 1))
    for products in SIZES:
        cells = []
        for cores in CORES:
            took = seconds(lines, products, chosen.cores / cores, encoding)
            machines = max(1, cores / CORES_OF_A_MACHINE) + (cores > CORES_OF_A_MACHINE)  # and the driver's
            cells.append(f"{shown(took)}, {machines * took / 3600 * chosen.price:.2f}")
        print(f"| {products:,} | " + " | ".join(cells) + " |")


if __name__ == "__main__":
    main()
