"""Whether what a run makes after a change is what a full one would make, on change sets drawn at random, and what each run costs.

    python -m benchmarks.change_sets --catalog FILE --mapping NAME [--sets 20] [--first SEED] [--from WAREHOUSE] [--set K=V ...]

All is made once (or taken from a warehouse of that catalogue). Each change set is then run on a copy, and compared: products with
those of an empty warehouse, and outfits, per stage, with those that the stage makes in full of the same tables, by the rules of
`tests/made_anew.py`. A difference ends it with 1.
"""

import argparse
import shutil
import statistics
import sys
import tempfile
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.compute as pc
from tests.delta import read_table
from tests.made_anew import Rows, assert_drafted_anew, assert_made_anew, by_product

from benchmarks.__main__ import run_reported, tell
from benchmarks.small_change import LIMITS, change, figures
from outfit_pairing.catalog.mapping import load_mapping
from outfit_pairing.publishing.json_texts import json_texts
from outfit_pairing.storage.tables import (
    ANCHOR_PRODUCTS,
    DRAFTED_RECOMMENDATIONS,
    OUTFIT_PATTERNS,
    PATTERN_RECOMMENDATIONS,
    PRODUCTS,
    RULE_RECOMMENDATIONS,
    Table,
)

# the last one first: what it makes of the tables that the run has left
STAGES = {
    "publish": DRAFTED_RECOMMENDATIONS,
    "pair-by-rules": RULE_RECOMMENDATIONS,
    "apply-patterns": PATTERN_RECOMMENDATIONS,
}
FIGURES = ("seconds", "outfits rewritten", "texts encoded")


def texts_of(rows: pa.Table) -> dict[str, list[str]]:
    """Rows of each product as texts: to tell those that are alike is far quicker so than as Python objects."""
    found: dict[str, list[str]] = {}
    texts = json_texts(rows.to_struct_array().combine_chunks()).to_pylist()
    for product_id, text in zip(rows["product_id"].to_pylist(), texts, strict=True):
        found.setdefault(product_id, []).append(text)
    return found


def differing(tables: Sequence[pa.Table], table: Table) -> Iterator[Rows]:
    """Of each warehouse the rows, by rank, of those products that do not have the same in all of them."""
    rows = [one.select(table.given).sort_by([(name, "ascending") for name in table.key]).combine_chunks() for one in tables]
    known = [texts_of(one) for one in rows]
    ids = {one for texts in known for one in texts if any(texts[one] != other.get(one) for other in known)}
    for one in rows:
        yield by_product(one.filter(pc.is_in(one["product_id"], pa.array(sorted(ids), pa.string()))).to_pylist(), table.given)


def products_of(warehouse: Path) -> dict[str, dict[str, Any]]:
    """Products by id, without audit columns."""
    return {row["product_id"]: row for row in read_table(warehouse, PRODUCTS.name).select(PRODUCTS.given).to_pylist()}


def patterns_gone(before: Path, now: Path) -> set[str]:
    """Ids of patterns that are no more.    Raises:  AssertionError: an outfit followed one whose anchor was not asked anew."""
    were, are = (read_table(one, OUTFIT_PATTERNS.name) for one in (before, now))
    gone = were.filter(pc.invert(pc.is_in(were["pattern_id"], are["pattern_id"].combine_chunks())))
    anchors = read_table(now, ANCHOR_PRODUCTS.name)["product_id"].combine_chunks()
    former = gone.filter(pc.invert(pc.is_in(gone["anchor_product_id"], anchors)))["pattern_id"].combine_chunks()
    followed = pc.is_in(read_table(before, PATTERN_RECOMMENDATIONS.name)["pattern_id"], former)
    assert not pc.any(followed).as_py(), "patterns that outfits follow went with their anchor"
    return set(gone["pattern_id"].to_pylist())


def compare(before: Path, scratch: Path, mapping: str, flags: list[str]) -> int:
    """Rows that are not as before; an AssertionError says where a run owes something else than what is in `now`.

    scratch: holds `after.csv` and the warehouse `now` of a run on it.
    """
    now, where = scratch / "now", ("--quiet", *flags)
    tell("ingest", "--catalog", scratch / "after.csv", "--mapping", mapping, "--warehouse", scratch / "new", *where)
    products, changed = products_of(before), products_of(now)
    assert changed == products_of(scratch / "new"), "products"
    drafted = read_table(now, DRAFTED_RECOMMENDATIONS.name)["product_id"].to_pylist()
    assert set(drafted) <= set(changed), "products that are gone have outfits"
    full = Path(shutil.copytree(now, scratch / "full"))
    gone = patterns_gone(before, now)
    rewritten = 0
    for stage, table in STAGES.items():
        tell(stage, "--set", "full=true", "--warehouse", full, *where)
        rows = differing([read_table(one, table.name) for one in (before, now, full)], table)
        try:
            rewritten += assert_drafted_anew(*rows) if stage == "publish" else assert_made_anew(products, changed, *rows, gone=gone)
        except AssertionError as error:
            raise AssertionError(f"{stage}: {error}") from error
    return rewritten


def main() -> None:
    """Print a line per change set: what its run cost, and whether it made what it owed."""
    parser = argparse.ArgumentParser(description="Small changes, compared with full runs.")
    parser.add_argument("--catalog", type=Path, required=True)
    parser.add_argument("--mapping", required=True)
    parser.add_argument("--sets", type=int, default=20)
    parser.add_argument("--first", type=int, default=1, metavar="SEED", help="seed of the first set; the others follow")
    parser.add_argument("--share", type=float, default=0.01)
    parser.add_argument("--from", dest="made", type=Path, help="a warehouse of a whole run on the catalogue (default: one is made)")
    parser.add_argument("--set", action="append", default=[], metavar="KEY=VALUE")
    chosen = parser.parse_args()
    flags = [part for one in chosen.set for part in ("--set", one)]
    mapping, costs, wrong = load_mapping(chosen.mapping), [], 0
    with tempfile.TemporaryDirectory(prefix="change-sets-") as name:
        before = chosen.made or Path(name) / "before"
        if not chosen.made:
            stages = run_reported(chosen.catalog, chosen.mapping, before, "--accept-drift", *flags)
            print(f"all made in {sum(stage['seconds'] for stage in stages):.0f} s", flush=True)
        for seed in range(chosen.first, chosen.first + chosen.sets):
            scratch = Path(name) / str(seed)
            scratch.mkdir()
            after, now = scratch / "after.csv", Path(shutil.copytree(before, scratch / "now"))
            products = change(chosen.catalog, mapping, chosen.share, after, seed)
            stages = run_reported(after, chosen.mapping, now, "--accept-drift", *flags)
            cost = {"seconds": sum(stage["seconds"] for stage in stages), **figures(stages)}
            try:
                verdict = f"{compare(before, scratch, chosen.mapping, flags)} rows are others, and ought to be"
            except AssertionError as error:
                wrong, verdict = wrong + 1, f"NOT as a full run: {str(error).splitlines()[0]}"
            told = ", ".join(f"{key} {100 * cost[key]:.2f} %" for key in LIMITS if key != "seconds")
            print(
                f"set {seed}: {products} products changed, {cost['seconds']:.0f} s, {told}, "
                f"anchors asked for {cost['anchors asked for']}; {verdict}",
                flush=True,
            )
            costs.append(cost)
            shutil.rmtree(scratch)
    for key in FIGURES:
        values = [cost[key] for cost in costs]
        print(f"{key}: median {statistics.median(values):.4g}, most {max(values):.4g}")
    sys.exit(f"{wrong} of {chosen.sets} change sets made something else" if wrong else 0)


if __name__ == "__main__":
    main()
