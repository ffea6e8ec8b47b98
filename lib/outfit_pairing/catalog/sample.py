"""A made-up catalogue in the shape of a real one: for a first try, for tests, and for measuring growth.

The figures (which article types, for whom, for what, when, in which colours) are those of a public catalogue; brands,
names and prices are invented. The same seed gives the same rows, and a longer sample begins with a shorter one.
"""

import csv
import gzip
import io
import logging
import math
import random
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from functools import lru_cache
from itertools import accumulate, islice
from pathlib import Path
from typing import Any, NamedTuple, TextIO

from outfit_pairing.errors import CatalogError
from outfit_pairing.package_files import package_folder
from outfit_pairing.whole_files import put_file
from outfit_pairing.yaml_files import read_yaml

logger = logging.getLogger(__name__)

HEADER = (
    *("sku", "title", "brand", "gender", "department", "category", "product_type"),
    *("colour", "season", "occasion", "price", "currency", "stock"),
)

_SEASONS = ("Spring", "Summer", "Autumn", "Winter")
_CHILDREN = frozenset({"girls", "boys", "kids"})
_TASTE = {"women": "women", "girls": "women", "men": "men", "boys": "men"}
_BLOCK = 2_000  # rows drawn together; the first block holds every category
_OUT_OF_STOCK = 0.04
_NAMELESS_COLOURS = frozenset({"Fragrance", "Skin Care", "Bath and Body", "Hair"})


class _Cell(NamedTuple):
    """What is drawn first of a product."""

    article_type: str
    audience: str
    usage: str
    season: str


@dataclass(frozen=True, slots=True)
class _Kind:
    """One article type: where it stands, what it costs, how its names are made."""

    department: str
    category: str
    price: float
    looks: tuple[Sequence[str], Sequence[str]]
    nouns: Sequence[str]


@dataclass(frozen=True)
class _Shape:
    """Everything that rows are drawn from."""

    kinds: Mapping[str, _Kind]
    brands: Mapping[str, Mapping[str, float]]
    cells: Sequence[_Cell]
    weights: Sequence[int]
    colours: Mapping[tuple[str, str], tuple[Sequence[str], Sequence[float]]]  # (article type, taste) → names, weights so far


def write_sample(path: str | Path, products: int, seed: int = 0) -> Path:
    """Write a catalogue of `products` rows as CSV, gzipped when `path` ends in .gz; memory does not grow with it.

    Its layout is conf/mappings/sample.yaml. The file appears when it is whole.
    Raises:  CatalogError: fewer than one product, or a place that cannot be written.
    """
    if products < 1:
        raise CatalogError(f"a sample of {products} products is no catalogue; ask for at least 1")
    target = Path(path)
    try:
        with _whole_file(target) as stream:
            writer = csv.writer(stream, lineterminator="\n")
            writer.writerow(HEADER)
            writer.writerows(islice(sample_rows(seed), products))
    except OSError as fault:
        raise CatalogError(f"{target}: cannot be written ({fault.strerror or fault}); choose another place") from None
    logger.info("sample: %s products, seed %s, in %s", f"{products:,}", seed, target)
    return target


def sample_rows(seed: int) -> Iterator[tuple[str, ...]]:
    """Rows in the order of HEADER, without end."""
    shape = _shape()
    number = block = 0
    while True:
        draw = random.Random(f"{seed}/{block}")
        cells = draw.choices(shape.cells, cum_weights=shape.weights, k=_BLOCK)
        for cell in _with_every_category(shape, cells, draw) if block == 0 else cells:
            number += 1
            yield _row(shape, cell, number, draw)
        block += 1


def _with_every_category(shape: _Shape, cells: list[_Cell], draw: random.Random) -> list[_Cell]:
    """`cells`, with products of the commonest category replaced by categories that chance left out."""
    here = [shape.kinds[cell.article_type].category for cell in cells]
    commonest = max(set(here), key=here.count)
    places = iter(draw.sample([place for place, category in enumerate(here) if category == commonest], 100))
    full = list(cells)
    for category in dict.fromkeys(kind.category for kind in shape.kinds.values()):
        if category not in here:
            full[next(places)] = next(cell for cell in shape.cells if shape.kinds[cell.article_type].category == category)
    return full


def _row(shape: _Shape, cell: _Cell, number: int, draw: random.Random) -> tuple[str, ...]:
    kind = shape.kinds[cell.article_type]
    brands = _brands(shape, cell, kind)
    brand = draw.choice(list(brands))
    names, weights = shape.colours[cell.article_type, _TASTE.get(cell.audience, "all")]
    colour = draw.choices(names, cum_weights=weights)[0]
    stock = 0 if draw.random() < _OUT_OF_STOCK else draw.randint(1, 120)
    return (
        f"{number:08d}",
        _title(cell, kind, brand, colour, draw),
        brand,
        cell.audience.title(),
        kind.department,
        kind.category,
        cell.article_type,
        colour,
        cell.season,
        cell.usage.replace("_", " ").title(),
        _price(kind.price * brands[brand] * (0.7 if cell.audience in _CHILDREN else 1.0), draw),
        "USD",
        str(stock),
    )


def _brands(shape: _Shape, cell: _Cell, kind: _Kind) -> Mapping[str, float]:
    if cell.audience in _CHILDREN:
        return shape.brands["children"]
    worn_for = None if cell.usage == "casual" else shape.brands.get(cell.usage)
    return worn_for or shape.brands.get(kind.department) or shape.brands["casual"]


def _title(cell: _Cell, kind: _Kind, brand: str, colour: str, draw: random.Random) -> str:
    material, cut = draw.choice(kind.looks[0]), draw.choice(kind.looks[1])
    # cuts are those of grown-ups
    words = [material] if cell.audience in _CHILDREN or draw.random() < 0.3 else [material, cut]
    shown = [] if kind.category in _NAMELESS_COLOURS else [colour]
    return " ".join((brand, cell.audience.title(), *shown, *words, draw.choice(kind.nouns)))


def _price(median: float, draw: random.Random) -> str:
    """A price as shops like them; none for what is free."""
    amount = median * math.exp(draw.gauss(0, 0.3))
    return f"{max(2, round(amount)) - 0.01:.2f}" if median else ""


@contextmanager
def _whole_file(target: Path) -> Iterator[TextIO]:
    """A text stream that becomes `target` only when all is written."""
    target.parent.mkdir(parents=True, exist_ok=True)
    part = target.with_name(f".{target.name}.part")
    try:
        with part.open("wb") as raw:
            # no name and no time inside: the same sample is the same file
            zipped = gzip.GzipFile("", "wb", 6, raw, mtime=0) if target.suffix == ".gz" else None
            with io.TextIOWrapper(io.BufferedWriter(zipped) if zipped else raw, "utf-8", newline="") as stream:
                yield stream
        put_file(part, target)
    finally:
        part.unlink(missing_ok=True)


@lru_cache(maxsize=1)
def _shape() -> _Shape:
    folder = package_folder("outfit_pairing.catalog")
    words = read_yaml(folder / "sample_words.yaml", CatalogError)
    figures = read_yaml(folder / "sample_shape.yaml", CatalogError)
    kinds = {
        name: _Kind(department, category, price, words["looks"][looks], nouns)
        for name, (department, category, price, looks, nouns) in words["types"].items()
        if name in figures["types"]
    }
    cells = dict(_cells(figures["types"]))
    colours = {
        (name, taste): _colours(figures["colours"][name], figures["taste"].get(taste, {}))
        for name in kinds
        for taste in (*figures["taste"], "all")
    }
    return _Shape(kinds, words["brands"], list(cells), list(accumulate(cells.values())), colours)


def _cells(types: Mapping[str, Any]) -> Iterator[tuple[_Cell, int]]:
    for name, audiences in types.items():
        for audience, usages in audiences.items():
            for usage, seasons in usages.items():
                for season, count in zip(_SEASONS, seasons, strict=True):
                    if count:
                        yield _Cell(name, audience, usage, season), count


def _colours(counts: Mapping[str, int], taste: Mapping[str, float]) -> tuple[Sequence[str], Sequence[float]]:
    weights = [count * taste.get(name, 1.0) for name, count in counts.items()]
    return [name.title() for name in counts], list(accumulate(weights))
