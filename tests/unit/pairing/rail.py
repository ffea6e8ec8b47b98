"""Looks over the small wardrobe, and the kernel that makes outfits of them."""

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
import pandas as pd
import pyarrow as pa

from outfit_pairing.pairing.look_outfits import LookOutfits, rack_of
from outfit_pairing.pairing.looks import Look
from outfit_pairing.pairing.near_identical import SAME_NAME
from tests.unit.pairing import wardrobe

NEAR = 3  # products that each item is near-identical to


def shop(count: int = 300, seed: int = 0) -> pd.DataFrame:
    """The wardrobe, without brands."""
    frame = wardrobe.products(count, seed)
    return frame.assign(brand=None)


def vectors(frame: pd.DataFrame) -> np.ndarray:
    """A vector for each product, whatever the order of rows."""
    numbers = frame["product_id"].rank(method="first").to_numpy(dtype=np.int64) - 1
    return wardrobe.vectors(len(frame))[numbers]


def some_looks(frame: pd.DataFrame, seed: int, count: int = 30) -> tuple[Look, ...]:
    """Random looks, half of them of one audience; some items are gone."""
    rng = np.random.default_rng(seed)
    looks = []
    for number in range(count):
        pool = frame[frame["audience"].isin(("men", "unisex"))] if number % 2 else frame
        items = [str(one) for one in rng.choice(pool["product_id"], size=int(rng.integers(2, 9)), replace=False)]
        items = [*items[:-1], "gone"] if number % 5 == 0 and len(items) > 2 else items
        looks.append(Look(number + 1, f"look {number}", tuple(items), season=("summer", None)[number % 2]))
    return tuple(looks)


def kernel(frame: pd.DataFrame, looks: tuple[Look, ...], **other: Any) -> LookOutfits:
    """All products of an article type and audience are near-identical to the first NEAR of them that looks hold."""
    tables = wardrobe.tables_of(frame)
    [whole] = wardrobe.batches(frame, vectors(frame), len(frame))
    space = wardrobe.space_of(frame, vectors(frame))
    rack = rack_of(whole, tables, space)
    near: dict[str, list[tuple[str, int]]] = {}
    substitutes: dict[str, list[str]] = {}
    held = {item for look in looks for item in look.items}
    for _, group in frame.groupby(["article_type", "audience"]):
        ids = group["product_id"].tolist()
        for model in [one for one in ids if one in held][:NEAR]:
            for product_id in ids:
                if product_id != model:
                    near.setdefault(product_id, []).append((model, SAME_NAME))
                    substitutes.setdefault(model, []).extend([product_id] if rack.offers(product_id) else [])
    given = {"near": near, "substitutes": substitutes, "least_score": 0.0, "most_carried": 5} | other
    return LookOutfits(tables=tables, space=space, rack=rack, looks=looks, **given)


def rows(made: LookOutfits, frame: pd.DataFrame, size: int = 100, *, dropped: bool = False) -> list[dict[str, Any]]:
    """What the kernel yields for these products in batches of `size`, sorted by product and rank."""
    batches = wardrobe.batches(frame, vectors(frame), size)
    found = [row for row in pa.Table.from_batches(made(iter(batches))).to_pylist() if row["dropped"] == dropped]
    return sorted(found, key=lambda row: (row["product_id"], row["rank"] or 0, row["look"]))


def shown(found: Sequence[Mapping[str, Any]], product_id: str) -> list[list[str]]:
    """The items of each outfit of a product, best first."""
    return [[item["product_id"] for item in row["items"]] for row in found if row["product_id"] == product_id]
