"""Made-up shops for tests of scoring: small catalogues as files, and garments that need no file."""

import csv
import json
import random
from collections.abc import Iterable, Sequence
from pathlib import Path

import numpy as np

from outfit_pairing.scoring.wardrobe import Wardrobe
from outfit_pairing.style import load_style_guide
from outfit_pairing.style.garment import Garment
from outfit_pairing.style.moods import load_moods
from outfit_pairing.style.normalise import key
from outfit_pairing.style.traits import traits_of

GUIDE = load_style_guide()
COLOURS = ("black", "white", "navy blue", "brown", "tan", "red", "green", "pink")
PLACES = ("shirts", "jeans", "handbags", "sneakers")  # what a whole outfit of these shops has
COLUMNS = ("id", "title", "product_type", "color", "gender", "price")
DIMENSIONS = 64  # so that two random directions are nearly at right angles, as those of texts are


def garment(
    product_id: str,
    article_type: str,
    colour: str | None = None,
    audience: str | None = None,
    *,
    name: str = "",
    usage: str | None = None,
    season: str | None = None,
    price_level: float | None = None,
    place: int = -1,
) -> Garment:
    """One garment, as a catalogue would say it."""
    known = GUIDE.article_type(article_type)
    assert known is not None, f"the style guide does not know {article_type}"
    return Garment(
        product_id=product_id,
        kind=key(article_type),
        traits=traits_of(article_type, known.slot, usage, None, GUIDE),
        audience=audience,
        colour=GUIDE.colour(colour) if colour else None,
        season=season,
        price_level=price_level,
        mood=load_moods().of(name or article_type),
        place=place,
    )


def department_store(each: int = 12, kinds: Sequence[str] = PLACES, seed: int = 3) -> Wardrobe:
    """`each` garments of each kind, in COLOURS by turns, with random style vectors; ids `<kind>-<number>`."""
    dice = np.random.default_rng(seed)
    found = {}
    for kind in kinds:
        for number in range(each):
            one = f"{kind}-{number:03}"
            found[one] = garment(one, kind, COLOURS[number % len(COLOURS)], "women", place=len(found))
    vectors = dice.normal(size=(len(found), DIMENSIONS)).astype(np.float32)
    return Wardrobe(found, vectors / np.linalg.norm(vectors, axis=1, keepdims=True))


def random_outfits(many: int, each: int = 12, kinds: Sequence[str] = PLACES, seed: int = 5) -> list[tuple[str, ...]]:
    """Outfits of one garment per kind that no thought was given to."""
    dice = random.Random(seed)
    return [tuple(f"{kind}-{dice.randrange(each):03}" for kind in kinds) for _ in range(many)]


def write_catalogue(folder: Path, rows: Iterable[Sequence[object]], columns: Sequence[str] = COLUMNS) -> Path:
    """A catalogue file that `--mapping auto` reads."""
    path = folder / "catalog.csv"
    with path.open("w", encoding="utf-8", newline="") as file:
        writer = csv.writer(file)
        writer.writerow(columns)
        writer.writerows(rows)
    return path


def write_outfits(folder: Path, outfits: Iterable[Sequence[str]], name: str = "outfits.jsonl") -> Path:
    """A file of outfits `o0`, `o1`, …"""
    path = folder / name
    lines = [json.dumps({"outfit_id": f"o{number}", "items": list(items)}) for number, items in enumerate(outfits)]
    path.write_text("\n".join(lines) + "\n", "utf-8")
    return path


def boutique_rows(each: int = 12) -> list[tuple[object, ...]]:
    """Rows of a small shop: `each` products per kind of PLACES, ids as in `random_outfits`."""
    words = ("floral", "striped", "leather", "linen", "classic", "boho", "sporty")
    numbered = [(kind, number) for kind in PLACES for number in range(each)]
    return [
        (f"{kind}-{n:03}", f"{words[n % len(words)]} {kind} {n}", kind, COLOURS[n % len(COLOURS)], "Women", 20 + 7 * n)
        for kind, n in numbered
    ]
