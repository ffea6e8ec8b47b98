"""The published outfits of a warehouse as a whole: how well they go together, and how exposure is spread over the catalogue.

    python -m benchmarks.outfit_quality WAREHOUSE [--sample 4000] [--table outfit_recommendations]

Run it before and after a change, or for other values of outfits.choice and outfits.candidates_per_item: with
`--table pattern_recommendations` after apply-patterns alone.
"""

import argparse
import random
from collections import Counter, defaultdict
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt
from tests.delta import read_table

from outfit_pairing.scoring.judge import Judge
from outfit_pairing.scoring.wardrobe import wardrobe_of_rows
from outfit_pairing.style import load_style_guide

NOT_WORN = {"other", "beauty"}
COLUMNS = [
    *(
        "product_id",
        "name",
        "audience",
        "department",
        "article_type",
        "slot",
        "colour",
        "season",
        "usage",
        "price",
        "text",
        "text_hash",
    ),
    "in_stock",
]


class StoredVectors:
    """An encoder that looks up what the warehouse holds."""

    name = "stored"

    def __init__(self, warehouse: Path, products: list[dict[str, Any]]) -> None:
        table = read_table(warehouse, "product_embeddings").select(["text_hash", "vector"])
        rows = {text_hash: row for row, text_hash in enumerate(table["text_hash"].to_pylist())}
        values = table["vector"].combine_chunks().flatten().to_numpy(zero_copy_only=False)
        self.vectors = values.astype(np.float32).reshape(len(rows), -1)
        self.row = {one["text"]: rows[one["text_hash"]] for one in products}
        self.dimensions = self.vectors.shape[1]

    def encode(self, texts: list[str]) -> npt.NDArray[np.float32]:
        """Vectors of texts of the catalogue."""
        return self.vectors[[self.row[text] for text in texts]]


def gini(counts: npt.NDArray[np.int64]) -> float:
    """0 when all are offered equally often, 1 when one has it all (Gini 1912, by the sorted form)."""
    ordered, n = np.sort(counts), len(counts)
    return float((2 * np.arange(1, n + 1) - n - 1) @ ordered / (n * ordered.sum()))


def at_bound(items: list[list[str]], products: list[dict[str, Any]]) -> dict[str, float]:
    """Share of outfits that go as far as a hard rule allows, for the rules that have a most or a least; the others have none."""
    facts, guide = {one["product_id"]: one for one in products}, load_style_guide()
    colours = {one["colour"]: guide.colour(one["colour"]) for one in products if one["colour"]}
    loud = {word: colour.family for word, colour in colours.items() if colour and not colour.neutral}
    of_product: dict[str, list[frozenset[str]]] = defaultdict(list)
    for product_id, *others in items:
        of_product[product_id].append(frozenset(others))
    met: Counter[str] = Counter()
    for product_id, *others in items:
        worn = [facts[product_id], *(facts[one] for one in others)]
        families = Counter(loud[one["colour"]] for one in worn if one["colour"] in loud)
        siblings = [one for one in of_product[product_id] if one != frozenset(others)]
        met["1: differs from another of the product in one item"] += any(len(frozenset(others) - one) < 2 for one in siblings)
        met["2: unisex beside women's or men's"] += len({one["audience"] for one in worn}) > 1
        met["3: two pieces of jewellery"] += sum(one["slot"] == "jewellery" for one in worn) == 2
        met["8: two items of one colour family"] += max(families.values(), default=0) == 2
    return {rule: met[rule] / len(items) for rule in sorted(met)}


def main() -> None:
    """Print the figures."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("warehouse", type=Path)
    parser.add_argument("--sample", type=int, default=4_000, help="outfits that are scored (default %(default)s)")
    parser.add_argument("--table", default="outfit_recommendations", help="default %(default)s")
    chosen = parser.parse_args()
    products = read_table(chosen.warehouse, "products").select(COLUMNS).to_pylist()
    outfits = read_table(chosen.warehouse, chosen.table).select(["product_id", "occasion", "items"]).to_pylist()
    items = [[one["product_id"], *(item["product_id"] for item in one["items"])] for one in outfits]
    some = random.Random(5).sample(items, min(chosen.sample, len(items)))
    encoder = StoredVectors(chosen.warehouse, products)
    judge = Judge(wardrobe_of_rows([one | {"attributes": []} for one in products], {item for its in some for item in its}, encoder))
    scores = judge.scores(some)
    offered = Counter(item for its in items for item in its[1:])
    wearables = [one["product_id"] for one in products if one["in_stock"] and one["slot"] not in NOT_WORN]
    counts = np.array([offered[one] for one in wearables])
    occasions = defaultdict(set)
    for one in outfits:
        occasions[one["product_id"]].add(one["occasion"])
    varied = np.mean([len(found) > 1 for found in occasions.values()])
    print(f"{len(outfits):,} outfits of {len(occasions):,} products in {chosen.warehouse.name}/{chosen.table}")
    for what, value, demand in (
        ("mean compatibility", f"{scores.mean():.3f}", ""),
        ("share of outfits below 0.3", f"{(scores < 0.3).mean():.3f}", ""),
        ("wearables that appear in an outfit", f"{(counts > 0).mean():.1%}", "≥ 60 %"),
        ("Gini of exposure", f"{gini(counts):.3f}", "≤ 0.75"),
        ("largest share of one product", f"{max(offered.values()) / sum(offered.values()):.3%}", "≤ 0.1 %"),
        ("products with two occasions or more", f"{varied:.1%}", "≥ 80 %"),
    ):
        print(f"{what:40}{value:>10}  {demand}".rstrip())
    print("outfits at the bound of a hard rule")
    for rule, share in at_bound(items, products).items():
        print(f"  {rule:52}{share:>7.1%}")


if __name__ == "__main__":
    main()
