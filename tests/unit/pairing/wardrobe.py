"""A small wardrobe for pairing tests: products of the usual slots in several colours, and ideas over them."""

import numpy as np
import pandas as pd
import pyarrow as pa

from outfit_pairing.pairing.assembly import Assembler, Pools, lots_of
from outfit_pairing.pairing.candidates import INPUT_COLUMNS, BestOfAll, BestPerQuery, as_queries
from outfit_pairing.pairing.codes import TRAIT_COLUMNS, ProductCodes, StyleTables, hashes, style_tables
from outfit_pairing.pairing.ideas import Idea, Ideas, ItemQuery, gather
from outfit_pairing.pairing.style_space import (
    COLOUR_COLUMNS,
    KIND_COLUMNS,
    AddedSums,
    StyleSpace,
    SumsPerGroup,
    number_groups,
    style_space,
)
from outfit_pairing.style import load_style_guide

GUIDE = load_style_guide()
DIMENSIONS = 16
TYPES = {
    "Tshirts": "casual", "Shirts": "formal", "Jeans": "casual", "Trousers": "formal", "Track Pants": "sports",
    "Dresses": "party",
    "Kurtas": "ethnic", "Leggings": "casual", "Casual Shoes": "casual", "Formal Shoes": "formal", "Sports Shoes": "sports",
    "Heels": "casual", "Flip Flops": "casual", "Belts": "casual", "Ties": "formal", "Socks": "casual", "Watches": "casual",
    "Sunglasses": "casual", "Earrings": "casual", "Necklace and Chains": "casual", "Handbags": "casual", "Jackets": "casual",
    "Bra": "casual", "Briefs": "casual", "Camisoles": "casual",
    "Nightdress": "casual", "Baby Dolls": "casual", "Bath Robe": "casual", "Lounge Pants": "casual",
    "Lipstick": "casual", "Nail Polish": "casual",
    "Free Gifts": "casual",
}  # fmt: skip
COLOURS = ("black", "white", "navy blue", "red", "green", None)
AUDIENCES = ("men", "women", "unisex", "boys")


NAMES = ("Floral chiffon", "Biker", "Puma", "Plain", "Beach", "Tailored")


def products(count: int = 300, seed: int = 0) -> pd.DataFrame:
    """`count` products, spread over types, colours and audiences; some are out of stock."""
    rng = np.random.default_rng(seed)
    types = [list(TYPES)[number] for number in rng.integers(len(TYPES), size=count)]
    found = [GUIDE.article_type(one) for one in types]
    return pd.DataFrame(
        {
            "product_id": [f"{number:05d}" for number in range(count)],
            "name": [f"{NAMES[number]} {one}" for number, one in zip(rng.integers(len(NAMES), size=count), types, strict=True)],
            "article_type": types,
            "slot": [one.slot if one else "other" for one in found],
            "usage": [TYPES[one] for one in types],
            "department": "Apparel",
            "colour": [COLOURS[number] for number in rng.integers(len(COLOURS), size=count)],
            "audience": [AUDIENCES[number] for number in rng.integers(len(AUDIENCES), size=count)],
            "season": [("summer", "winter", None)[number] for number in rng.integers(3, size=count)],
            "price_tier": [("budget", "premium", None)[number] for number in rng.integers(3, size=count)],
            "in_stock": rng.random(count) > 0.05,
        }
    )


def vectors(count: int, seed: int = 1) -> np.ndarray:
    """Unit rows."""
    raw = np.random.default_rng(seed).standard_normal((count, DIMENSIONS))
    return (raw / np.linalg.norm(raw, axis=1, keepdims=True)).astype(np.float32)


def batches(frame: pd.DataFrame, rows: np.ndarray, size: int) -> list[pa.RecordBatch]:
    """The catalogue as Arrow batches of `size` rows, with its vectors."""
    result = []
    for start in range(0, len(frame), size):
        part = pa.RecordBatch.from_pandas(frame.iloc[start : start + size][[*INPUT_COLUMNS, "name"]], preserve_index=False)
        offsets = pa.array(np.arange(0, (part.num_rows + 1) * DIMENSIONS, DIMENSIONS), pa.int32())
        vector = pa.ListArray.from_arrays(offsets, pa.array(rows[start : start + size].ravel(), pa.float32()))
        result.append(pa.RecordBatch.from_arrays([*part.columns, vector], names=[*part.schema.names, "vector"]))
    return result


def tables_of(frame: pd.DataFrame) -> StyleTables:
    """Style tables for these products."""
    kinds = list(frame[list(TRAIT_COLUMNS)].drop_duplicates().itertuples(index=False, name=None))
    return style_tables(kinds, frame["colour"].unique(), GUIDE)


def wish(slot: str, *types: str, audience: int = 1, traits: int = 0) -> ItemQuery:
    """A pattern item."""
    return ItemQuery(slot, types, ("black",), "casual", audience, traits)


IDEAS = (
    ("top", "Tshirts"), ("top", "Shirts"), ("bottom", "Jeans"), ("bottom", "Trousers", "Track Pants", "Leggings"),
    ("footwear", "Casual Shoes", "Sports Shoes", "Heels"), ("footwear", "Formal Shoes", "Flip Flops"), ("belt", "Belts"),
    ("scarf_or_tie", "Ties"), ("other", "Socks"), ("watch", "Watches"), ("jewellery", "Earrings", "Necklace and Chains"),
    ("one_piece", "Dresses"), ("bag", "Handbags"), ("outerwear", "Jackets"), ("innerwear", "Bra", "Briefs", "Camisoles"),
    ("innerwear", "Briefs"), ("beauty", "Lipstick", "Nail Polish"), ("beauty", "Nail Polish"), ("eyewear", "Sunglasses"),
)  # fmt: skip


def some_ideas(tables: StyleTables, seed: int = 2, count: int = 40) -> Ideas:
    """Random ideas, sensible or not, for owners 0 … 9: the rules must hold whatever is asked for."""
    rng = np.random.default_rng(seed)
    ideas = []
    for number in range(count):
        chosen = rng.choice(len(IDEAS), size=int(rng.integers(2, 5)), replace=False)
        if number % 2:  # half of them could be worn
            chosen = [int(rng.integers(2)), 2 + int(rng.integers(2)), 4, 9][: int(rng.integers(2, 5))]
        audience, traits = int(rng.integers(3)), tables.trait_codes["Jeans", "bottom", "casual", "Apparel"]
        queries = tuple(wish(*IDEAS[one], audience=audience, traits=traits) for one in chosen)
        required = tuple(bool(one) for one in rng.integers(2, size=len(queries)))
        ideas.append(
            Idea(number % 10, f"p{number}", f"Idea {number}", ("work", "weekend")[number % 2], None, 0.8, queries, required)
        )
    return gather(ideas, 10)


def pools_of(frame: pd.DataFrame, rows: np.ndarray, tables: StyleTables, ideas: Ideas, k: int = 24) -> Pools:
    """Candidates of all ideas, found with the real kernel in one partition."""
    texts = sorted({query.text for query in ideas.queries})
    queries = as_queries(ideas.queries, texts, vectors(len(texts), seed=5), tables)
    best = BestPerQuery(queries, tables, k)(iter(batches(frame, rows, 100)))
    found = pa.Table.from_batches(BestOfAll(len(ideas.queries), k)(best)).to_pandas()
    place = found.groupby("query").cumcount()
    by_hash = dict(zip(hashes(frame["product_id"]).view(np.int64), frame["product_id"], strict=True))
    found["product_id"] = [by_hash[one] for one in found["product"]]
    ids = np.array(sorted(found["product_id"].unique()), dtype=object)
    candidates = frame[frame["product_id"].isin(set(ids))].sort_values("product_id", ignore_index=True)
    member = np.zeros((len(ideas.queries), k), dtype=np.int64)
    member[found["query"], place] = np.searchsorted(ids, found["product_id"].to_numpy(dtype=object))
    size = np.bincount(found["query"], minlength=len(ideas.queries)).astype(np.int64)
    [whole] = batches(frame, rows, len(frame))
    styles = space_of(frame, rows).of(whole)[np.flatnonzero(frame["product_id"].isin(set(ids)))]
    return Pools(ids, tables.encode(candidates, styles), member, size, lots_of(ideas.queries, tables))


def space_of(frame: pd.DataFrame, rows: np.ndarray, size: int = 100) -> StyleSpace:
    """The style space of a catalogue that comes in batches of `size`, each a partition."""
    groups = number_groups(*(frame[list(names)].drop_duplicates().to_numpy().tolist() for names in (KIND_COLUMNS, COLOUR_COLUMNS)))
    sums = [one for batch in batches(frame, rows, size) for one in SumsPerGroup(groups)(iter([batch]))]
    added = [one for some in (sums[::2], sums[1::2]) for one in AddedSums()(some)]
    return style_space(groups, pa.Table.from_batches(added).to_pandas())


def assembler_of(frame: pd.DataFrame, *wishes: tuple[str, ...]) -> tuple[Assembler, ProductCodes]:
    """An assembler with one idea, made of these wishes (slot and article types), and the codes of its products."""
    tables, rows = tables_of(frame), vectors(len(frame))
    first = tables.encode(frame[:1])
    queries = tuple(wish(*one, audience=int(first.audience[0]), traits=int(first.traits[0])) for one in wishes)
    ideas = gather([Idea(0, "p", "Idea", "night in", None, 0.8, queries, (True,) * len(wishes))], 1)
    [whole] = batches(frame, rows, len(frame))
    codes = tables.encode(frame, space_of(frame, rows).of(whole))
    return Assembler(tables, ideas, pools_of(frame, rows, tables, ideas), least_score=0.0, most_outfits=5), codes


def assembler(frame: pd.DataFrame, seed: int = 2) -> tuple[Assembler, ProductCodes]:
    """A ready assembler over the wardrobe, and the codes of its products."""
    tables = tables_of(frame)
    ideas = some_ideas(tables, seed)
    rows = vectors(len(frame))
    pools = pools_of(frame, rows, tables, ideas)
    [whole] = batches(frame, rows, len(frame))
    styles = space_of(frame, rows).of(whole)
    return Assembler(tables, ideas, pools, least_score=0.0, most_outfits=5), tables.encode(frame, styles)
