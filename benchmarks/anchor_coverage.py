"""How well anchors stand for a catalogue: those of a warehouse beside the earlier system's and random ones, in one table.

    python benchmarks/anchor_coverage.py --warehouse DIR [--earlier anchor_products.json]

Reads products, product_embeddings and anchor_products of a warehouse that has been through select-anchors; no Spark. The
second table tells how many anchors stay when products are removed at random, with the last run's anchors known (as the
stage works) and from nothing.
"""

import argparse
import hashlib
import json
from collections import Counter
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt
import pandas as pd
import pyarrow as pa
from deltalake import DeltaTable
from pyarrow.fs import LocalFileSystem, SubTreeFileSystem

from outfit_pairing.anchors.selection import choose, likeness
from outfit_pairing.anchors.strata import MOST_PER_STRATUM, SMALLEST_CATEGORY, Stratum, allocate, may_be_anchor
from outfit_pairing.embedding.encoders import encoder_name
from outfit_pairing.settings import load_settings
from outfit_pairing.style.vectors import SCALE, Vectors, fixed_point
from outfit_pairing.style.vocabulary import load_style_guide

Rows = npt.NDArray[np.int64]
KIND = ("article_type", "slot", "department")
COLUMNS = ("product_id", "text_hash", "category", "audience", "usage", "season", *KIND)


@dataclass(frozen=True, eq=False)
class Catalogue:
    """Products that may be anchors, in order of product_id, and their vectors row by row."""

    products: pd.DataFrame
    vectors: Vectors

    def rows_of(self, product_ids: set[str]) -> Rows:
        """Positions of these products; ids that are not in the catalogue are passed over."""
        return np.flatnonzero(self.products["product_id"].isin(product_ids))


def read_table(place: Path, **wanted: Any) -> pa.Table:
    """Rows of a Delta table, by Arrow's own file system: threads of deltalake's abort the interpreter at exit at times."""
    return DeltaTable(place).to_pyarrow_table(filesystem=SubTreeFileSystem(str(place), LocalFileSystem()), **wanted)


def read_catalogue(warehouse: Path, encoder: str) -> Catalogue:
    """The eligible products of a warehouse with the vectors of one encoder."""
    table = read_table(warehouse / "products", columns=list(COLUMNS))
    guide = load_style_guide()
    kinds: list[tuple[str | None, str, str | None]] = list(zip(*(table[name].to_pylist() for name in KIND), strict=True))
    known = {kind: may_be_anchor(*kind, guide) for kind in set(kinds)}
    products = table.to_pandas()
    products = products[pd.Series([known[kind] for kind in kinds])].sort_values("product_id", ignore_index=True)
    products["category"] = products["category"].fillna(products["slot"])
    products = products.fillna({"audience": "any", "usage": "any", "season": "any"})
    products["stratum"] = products[["category", "audience", "usage", "season"]].agg(" | ".join, axis=1)
    products["company"] = products["slot"] + " | " + products["audience"]
    vectors = read_table(warehouse / "product_embeddings", filters=[("encoder", "=", encoder)])
    embedded = vectors.to_pandas().set_index("text_hash")
    return Catalogue(products, fixed_point(np.stack(embedded["vector"].loc[products["text_hash"]].tolist())))


def anchors_of(catalogue: Catalogue, budget: int, incumbents: Rows) -> Rows:
    """What the stage chooses, by the same functions in one process."""
    products = catalogue.products
    standing = np.zeros(len(products), dtype=np.bool_)
    standing[incumbents] = True
    groups = {str(key): np.sort(rows) for key, rows in products.groupby("stratum").indices.items()}
    categories = products["category"].astype(str).tolist()
    strata = [Stratum(key, categories[rows[0]], len(rows), int(standing[rows].sum())) for key, rows in groups.items()]
    numbers = Counter(allocate(strata, budget))
    return np.sort(np.concatenate([_anchors_of_stratum(catalogue, groups[key], standing, numbers[key]) for key in numbers]))


def _anchors_of_stratum(catalogue: Catalogue, rows: Rows, standing: npt.NDArray[np.bool_], number: int) -> Rows:
    by_hash = np.argsort([hashlib.sha256(one.encode()).hexdigest() for one in catalogue.products["product_id"].iloc[rows]])
    sampled = np.zeros(len(rows), dtype=np.bool_)
    sampled[by_hash[:MOST_PER_STRATUM]] = True
    seen = sampled | standing[rows]
    rows, sampled = rows[seen], sampled[seen]
    slots = catalogue.products["slot"].to_numpy(dtype=np.str_)[rows]
    return rows[choose(likeness(catalogue.vectors[rows], slots, sampled), sampled, standing[rows], number)]


def nearest(catalogue: Catalogue, anchors: Rows) -> npt.NDArray[np.float64]:
    """Cosine of each product to its nearest anchor of the same slot and audience; NaN where there is none."""
    company = catalogue.products["company"].to_numpy()
    best = np.full(len(company), np.nan)
    for name, rows in catalogue.products.groupby("company").indices.items():
        own = anchors[company[anchors] == name]
        if len(own):
            best[rows] = (catalogue.vectors[rows] @ catalogue.vectors[own].T).max(axis=1) / SCALE**2
    return best


def coverage(catalogue: Catalogue, anchors: Rows) -> list[float]:
    """Anchors; share with one of the same stratum; share with one of the same slot and audience; mean cosines."""
    strata = catalogue.products["stratum"]
    cosine = nearest(catalogue, anchors)
    same_stratum = strata.isin(set(strata.iloc[anchors])).mean()
    return [len(anchors), same_stratum, (~np.isnan(cosine)).mean(), np.nan_to_num(cosine).mean(), np.nanmean(cosine)]


def stability(catalogue: Catalogue, anchors: Rows, share: float, repeats: int) -> dict[str, list[float]]:
    """Share of anchors that stay when that share of the other products is removed, one figure per repeat."""
    kept: dict[str, list[float]] = {"last anchors known": [], "from nothing": []}
    others = np.setdiff1d(np.arange(len(catalogue.products)), anchors)
    ids = set(catalogue.products["product_id"].iloc[anchors])
    for seed in range(repeats):
        removed = np.random.default_rng(seed).choice(others, round(share * len(catalogue.products)), replace=False)
        left = np.setdiff1d(np.arange(len(catalogue.products)), removed)
        smaller = Catalogue(catalogue.products.iloc[left].reset_index(drop=True), catalogue.vectors[left])
        for name, incumbents in (("last anchors known", smaller.rows_of(ids)), ("from nothing", np.array([], dtype=np.int64))):
            again = smaller.products["product_id"].iloc[anchors_of(smaller, len(anchors), incumbents)]
            kept[name].append(len(ids & set(again)) / len(ids))
    return kept


def _arguments() -> argparse.Namespace:
    default = Path(__file__).resolve().parents[2] / "shared" / "data" / "seed" / "anchor_products.json"
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--warehouse", type=Path, required=True, help="folder of the tables, after select-anchors")
    parser.add_argument("--encoder", default=encoder_name(load_settings().embedding), help="encoder of the vectors (%(default)s)")
    parser.add_argument("--earlier", type=Path, default=default, help="the earlier system's anchors, left out when absent")
    parser.add_argument("--removed", type=float, default=0.01, help="share of products removed (%(default)s)")
    parser.add_argument("--repeats", type=int, default=3, help="random draws (%(default)s)")
    return parser.parse_args()


def main() -> None:
    """Print both tables."""
    given = _arguments()
    catalogue = read_catalogue(given.warehouse, given.encoder)
    written = read_table(given.warehouse / "anchor_products").to_pandas()
    anchors = catalogue.rows_of(set(written["product_id"]))
    _print_coverage(catalogue, anchors, given.earlier, given.repeats)
    print(f"sub-categories of {SMALLEST_CATEGORY} or more products without an anchor: {_bare(catalogue, anchors)}")
    print(f"products that the anchors stand for: {written['represents'].sum():,} of {len(catalogue.products):,}")
    print(f"\n{given.removed:.0%} of the products removed  anchors kept, mean (least of {given.repeats})")
    for name, shares in stability(catalogue, anchors, given.removed, given.repeats).items():
        print(f"{name:24}  {np.mean(shares):.1%} ({min(shares):.1%})")


def _print_coverage(catalogue: Catalogue, anchors: Rows, earlier: Path, repeats: int) -> None:
    rows = {"select-anchors": coverage(catalogue, anchors)}
    if earlier.exists():
        ids = {str(one["product_id"]) for one in json.loads(earlier.read_text("utf-8"))}
        rows["earlier system"] = coverage(catalogue, catalogue.rows_of(ids))
    draws = [np.random.default_rng(seed).choice(len(catalogue.products), len(anchors), replace=False) for seed in range(repeats)]
    rows["random"] = np.mean([coverage(catalogue, draw) for draw in draws], axis=0).tolist()
    print(f"{'anchors':16}{'number':>8}{'same stratum':>14}{'same slot':>11}{'cosine':>9}{'where any':>11}")
    for name, (number, stratum, company, cosine, where_any) in rows.items():
        print(f"{name:16}{number:8.0f}{stratum:14.2%}{company:11.2%}{cosine:9.4f}{where_any:11.4f}")
    print(
        "\nsame stratum: share of products with an anchor of their sub-category, audience, usage and season"
        "\nsame slot: share with one of their slot and audience; cosine: mean to the nearest of these, 0 without one"
        "\nwhere any: the same mean, over products that have one"
    )


def _bare(catalogue: Catalogue, anchors: Rows) -> str:
    categories = catalogue.products["category"].astype(str)
    reached = set(categories.iloc[anchors])
    bare = sorted(name for name, size in Counter(categories).items() if size >= SMALLEST_CATEGORY and name not in reached)
    return ", ".join(bare) or "none"


if __name__ == "__main__":
    main()
