"""What a small change of the catalogue costs: a run of everything, one after which nothing has changed, one after 1 % has.

    python -m benchmarks.small_change [--catalog FILE --mapping NAME] [--share 0.01] [--keep DIR] [--set key=value ...]

A quarter each of the changed products is new, gone, of another colour, renamed. Without a catalogue a sample takes its place. A
limit that is missed is said in one line at the end, with exit code 1.
"""

import argparse
import gzip
import random
import shutil
import sys
import tempfile
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from benchmarks.__main__ import Stages, print_stages, run_reported, sample
from outfit_pairing.catalog.mapping import CatalogueMapping, load_mapping
from outfit_pairing.storage.tables import QUALITY_METRICS, RELEASES, RUNS, TABLES

EVENTS = {table.name for table in (RUNS, QUALITY_METRICS, RELEASES)}  # a row per run, whatever it found
LIMITS = {"outfits rewritten": 0.03, "texts encoded": 0.012, "seconds": 0.25}


def change(catalogue: Path, mapping: CatalogueMapping, share: float, out: Path, seed: int = 1) -> int:
    """Write the catalogue with that share of its products changed; how many were."""
    with (gzip.open if catalogue.suffix == ".gz" else open)(catalogue, "rt", encoding="utf-8") as file:
        header, *lines = file.read().splitlines()
    mark = mapping.delimiter or ","
    names, rows = header.split(mark), [line.split(mark) for line in lines]
    of = {field: names.index(column) for field, column in mapping.columns.named().items() if column in names}
    # what needs no quoting can be written back as it was read
    plain = [number for number, row in enumerate(rows) if len(row) == len(names) and '"' not in lines[number]]
    draw = random.Random(seed)
    chosen = draw.sample(plain, int(share * len(rows)) // 4 * 4)
    gone, new, recoloured, renamed = (chosen[part::4] for part in range(4))
    colours = sorted({rows[number][of["colour"]] for number in plain})
    added = [
        _with(rows[number], of, product_id=f"9{rows[number][of['product_id']]}", name=f"{rows[number][of['name']]} II")
        for number in new
    ]
    for number in recoloured:
        other = [one for one in colours if one != rows[number][of["colour"]]]
        rows[number] = _with(rows[number], of, colour=draw.choice(other))
    for number in renamed:
        rows[number] = _with(rows[number], of, name=f"New {rows[number][of['name']]}")
    lost = set(gone)
    left = [row for number, row in enumerate(rows) if number not in lost]
    out.write_text("\n".join([header, *(mark.join(row) for row in [*left, *added])]) + "\n", "utf-8")
    return len(chosen)


def _with(row: Sequence[str], of: Mapping[str, int], **values: str) -> list[str]:
    changed = list(row)
    for field, value in values.items():
        changed[of[field]] = value
    return changed


def data_files(warehouse: Path) -> set[Path]:
    """Data files of all tables but those that hold a row per run."""
    return {
        path
        for name in TABLES
        if name not in EVENTS
        for path in (warehouse / name).rglob("*.parquet")
        if "_delta_log" not in path.parts
    }


def figures(stages: Stages) -> dict[str, Any]:
    """What a run has done."""
    told = {stage["stage"]: stage for stage in stages}
    published, embedded, patterns = (told[name] for name in ("publish", "embed", "generate-patterns"))
    return {
        "outfits rewritten": published["counters"]["rows_written"] / max(1, published["rows_out"]),
        "texts encoded": embedded["counters"].get("texts_encoded", 0) / max(1, embedded["rows_out"]),
        "anchors asked for": patterns["rows_in"] - patterns["counters"].get("anchors_kept", 0),
    }


def missed(told: Mapping[str, float], added: int) -> list[str]:
    """Limits that are not kept, each in a few words.    added: data files of a run after which nothing has changed."""
    faults = [f"{name} {100 * told[name]:.2f} %, at most {100 * limit:g} %" for name, limit in LIMITS.items() if told[name] > limit]
    return [*faults, f"{added} new data files where nothing has changed"] if added else faults


def main() -> None:
    """Print seconds per stage of the three runs, and what they did. Exit code 1: a limit is missed."""
    parser = argparse.ArgumentParser(description="The cost of a small change.")
    parser.add_argument("--catalog", type=Path)
    parser.add_argument("--mapping", default="sample")
    parser.add_argument("--products", type=int, default=20_000, help="size of the sample")
    parser.add_argument("--share", type=float, default=0.01)
    parser.add_argument("--keep", type=Path, help="folder for the warehouse (default: a temporary one)")
    parser.add_argument("--set", action="append", default=[], metavar="KEY=VALUE")
    parser.add_argument("--only-tell", action="store_true", help="a missed limit is no fault (default: off)")
    chosen = parser.parse_args()
    folder = chosen.keep or Path(tempfile.mkdtemp(prefix="small-change-"))
    folder.mkdir(parents=True, exist_ok=True)
    try:
        before = chosen.catalog or sample(folder, chosen.products)
        after, warehouse = folder / "after.csv", folder / "warehouse"
        products = change(before, load_mapping(chosen.mapping), chosen.share, after)
        flags = ["--accept-drift", *(part for one in chosen.set for part in ("--set", one))]
        runs: dict[str, Stages] = {"all": run_reported(before, chosen.mapping, warehouse, *flags)}
        files = data_files(warehouse)
        runs["nothing"] = run_reported(before, chosen.mapping, warehouse, *flags)
        added = len(data_files(warehouse) - files)
        runs[f"{products:,}"] = run_reported(after, chosen.mapping, warehouse, *flags)
    finally:
        if not chosen.keep:
            shutil.rmtree(folder, ignore_errors=True)
    seconds = {name: {stage["stage"]: stage["seconds"] for stage in stages} for name, stages in runs.items()}
    print_stages("Seconds per stage, by products changed", seconds)
    print(f"nothing changed: {added} new data files (limit 0)")
    told = figures(runs[f"{products:,}"])
    told["seconds"] = sum(seconds[f"{products:,}"].values()) / sum(seconds["all"].values())
    for name, value in told.items():
        print(f"{name}: {value}" if name not in LIMITS else f"{name}: {100 * value:.2f} % (limit {100 * LIMITS[name]:g} %)")
    if (faults := missed(told, added)) and not chosen.only_tell:
        sys.exit(f"limits missed: {'; '.join(faults)}")


if __name__ == "__main__":
    main()
