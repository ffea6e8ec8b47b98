"""The figures of a result: from counts that Spark made to named metrics, each with a detail that says where to look.

A share whose whole is empty has no value: a gate on it is missed, so that an empty result never passes.
"""

import json
from collections import Counter
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from itertools import pairwise
from typing import TypeVar

from outfit_pairing.quality.audit import RULES
from outfit_pairing.quality.evidence import Cell, Evidence
from outfit_pairing.quality.standing import Stock, most_different
from outfit_pairing.style.sources import BASE_CONFIDENCE
from outfit_pairing.style.vocabulary import SLOTS

FEWEST_OUTFITS, MOST_OUTFITS = 3, 5
MILLION = 1_000_000  # scores are summed in millionths: whole numbers add up the same in any order
LISTED = 8  # entries named in one detail
EXAMPLES = 3  # product ids named in one detail

Name = TypeVar("Name", str, int)


@dataclass(frozen=True, slots=True)
class Metric:
    """One figure; `value` is None where there is nothing to measure. `excuse`: why no gate applies, empty where one may."""

    name: str
    value: float | None
    detail: str = ""
    excuse: str = ""


def measure(evidence: Evidence) -> list[Metric]:
    """Every metric of a result."""
    return [
        *_sizes(evidence),
        *_coverage(evidence),
        *_violations(evidence),
        *_spread(evidence),
        *_variety(evidence),
        *_catalogue(evidence),
    ]


def outfits_per_product(evidence: Evidence) -> Counter[int]:
    """Products that can have outfits, by how many they have."""
    return _histogram((cell.outfits, cell.products) for cell in evidence.able)


def occasions_per_product(evidence: Evidence) -> Counter[int]:
    """Products with outfits, by how many different occasions these are for."""
    return _histogram((cell.occasions, cell.products) for cell in evidence.able if cell.outfits)


def exposures(evidence: Evidence) -> Counter[int]:
    """Wearable products in stock, by how many slots they fill."""
    return _histogram((cell.shown, cell.products) for cell in evidence.wearable if cell.in_stock)


def is_covered(cell: Cell) -> bool:
    """Whether its products have three to five outfits."""
    return FEWEST_OUTFITS <= cell.outfits <= MOST_OUTFITS


def catalogue_allows(stock: Stock, audience: str | None, group: str, places: Sequence[str], outfits: int) -> bool:
    """Whether so many outfits that fill these places could pairwise differ in two items."""
    there = stock.places(group, audience)
    return most_different(there.get(place, 0) for place in places) >= outfits


def lorenz(histogram: Counter[int]) -> list[tuple[float, float]]:
    """The Lorenz curve: (share of holders, share of the total that they have), those with least first, from (0, 0) to (1, 1).

    Args:  histogram: value → how many hold it.     Without a total it stays at 0.
    """
    holders, total = histogram.total() or 1, sum(value * count for value, count in histogram.items()) or 1
    points, seen, held = [(0.0, 0.0)], 0, 0
    for value, count in sorted(histogram.items()):
        seen, held = seen + count, held + value * count
        points.append((seen / holders, held / total))
    return points


def gini(histogram: Counter[int]) -> float | None:
    """How unequally a total is spread: 0 when all have the same, towards 1 when one has all; None without a total.

    Args:  histogram: value → how many hold it.     Source: Gini, 1912: twice the area between the Lorenz curve and the diagonal.
    """
    if not any(value for value, count in histogram.items() if count):
        return None
    return 1 - sum((right[0] - left[0]) * (left[1] + right[1]) for left, right in pairwise(lorenz(histogram)))


def _sizes(evidence: Evidence) -> list[Metric]:
    products = _products(evidence.cells)
    rows = products + evidence.rejected
    empty, outfits = evidence.outfits[0], evidence.outfits.total()
    score = sum(group.score_millionths for group in evidence.groups)
    return [
        Metric("rows_in", rows, "catalogue rows: products and rejected"),
        Metric("rows_rejected", evidence.rejected),
        Metric("rejected", _share(evidence.rejected, rows), "share of catalogue rows; rejected_products says why"),
        Metric("products", products),
        Metric("outfits", outfits - empty, _listing(_histogram((group.source, group.outfits) for group in evidence.groups))),
        *_sources(evidence),
        Metric("empty_outfits", empty, "outfits without an item"),
        Metric("mean_score", _share(score / MILLION, sum(group.outfits for group in evidence.groups))),
    ]


def _sources(evidence: Evidence) -> list[Metric]:
    by_source = _histogram((group.source, group.outfits) for group in evidence.groups)
    return [Metric(f"share_{name}", _share(by_source[name], by_source.total()), "of all outfits") for name in BASE_CONFIDENCE]


def _coverage(evidence: Evidence) -> list[Metric]:
    able, wearable = _products(evidence.able), _products(evidence.wearable)
    short = [cell for cell in evidence.able if not is_covered(cell)]
    full = _products(cell for cell in evidence.wearable if cell.from_patterns >= FEWEST_OUTFITS)
    some = _products(cell for cell in evidence.wearable if cell.from_patterns)
    return [
        Metric("coverage", _share(able - _products(short), able), _shortfall(short)),
        Metric("can_have_outfits", able, "wearable, own kind or equipment, with companions in the catalogue"),
        Metric("cannot_have_outfits", evidence.unable.total(), _listing(evidence.unable)),
        Metric("wearable", wearable, "clothes, shoes and accessories that can have outfits"),
        Metric("from_patterns", _share(full, wearable), "wearable products with three or more outfits from patterns or looks"),
        Metric("some_from_patterns", _share(some, wearable), "wearable products with an outfit from patterns or looks"),
        *(
            Metric(f"products_with_{count}_outfits", outfits_per_product(evidence)[count], "of those that can have outfits")
            for count in range(MOST_OUTFITS + 1)
        ),
    ]


def _shortfall(short: Sequence[Cell]) -> str:
    """Who has too few outfits, or too many, and some to look at."""
    if not short:
        return "all have 3 to 5"
    found = _histogram((f"{cell.audience} {cell.article_type} with {cell.outfits}", cell.products) for cell in short)
    return f"{_listing(found)}; such as {', '.join(sorted(cell.example for cell in short)[:EXAMPLES])}"


def _violations(evidence: Evidence) -> list[Metric]:
    tallies = evidence.tallies
    by_rule = {rule: tallies["violations", str(rule)] for rule in RULES}
    first = {example["rule"]: example for example in reversed(evidence.examples)}
    detail = {rule: f"{one['product_id']} #{one['rank']}: {one['what']}" for rule, one in first.items()}
    broken = ", ".join(f"rule {rule}: {count:,}" for rule, count in by_rule.items() if count)
    return [
        Metric("violations", tallies["violating", "outfits"], broken or "no hard rule is broken"),
        *(Metric(f"violations_rule_{rule}", count, str(detail.get(rule, ""))) for rule, count in by_rule.items()),
    ]


def _spread(evidence: Evidence) -> list[Metric]:
    filled = evidence.filled.total()
    most = max(evidence.cells, key=lambda cell: (cell.shown, cell.example), default=None)
    shown = exposures(evidence)
    where = f"product {most.example} ({most.article_type}) in {most.shown:,} of {filled:,} filled slots" if most else ""
    return [
        Metric("filled_slots", filled, _listing(evidence.filled, len(SLOTS))),
        Metric("largest_share", _share(most.shown if most else 0, filled), where),
        Metric("catalogue_share", _share(shown.total() - shown[0], shown.total()), "wearable products in stock, in some outfit"),
        Metric("exposure_gini", gini(shown), "0: all wearable products are shown equally often"),
    ]


def _variety(evidence: Evidence) -> list[Metric]:
    tallies = evidence.tallies
    alike, excused = 0, 0
    for (name, key), products in tallies.items():
        if name == "alike":
            allowed = catalogue_allows(evidence.stock, **json.loads(key))
            alike, excused = alike + products * allowed, excused + products * (not allowed)
    compared = tallies["compared", "products"]
    excuse = f"; {excused:,} more have too few companions in the catalogue for that" if excused else ""
    occasions = occasions_per_product(evidence)
    kinds = len({group.occasion for group in evidence.groups})
    items = sum(size * count for size, count in evidence.outfits.items())
    times = sum(count * products for count, products in occasions.items())
    return [
        Metric(
            "different_outfits",
            _share(compared - alike, compared),
            f"{alike:,} products with outfits that differ in one item{excuse}",
        ),
        Metric(
            "clashes", _share(tallies["pairs", "clash"], tallies["pairs", "all"]), "of all pairs of an outfit, the product included"
        ),
        Metric("items_per_outfit", _share(items, evidence.outfits.total()), _listing(evidence.outfits)),
        Metric("occasions_per_product", _share(times, occasions.total()), f"{kinds} different occasions"),
    ]


def _catalogue(evidence: Evidence) -> list[Metric]:
    categories = {cell.category for cell in evidence.cells if cell.category}
    covered = {cell.category for cell in evidence.cells if cell.category and is_covered(cell)}
    missing = [slot for slot in SLOTS if slot not in {cell.slot for cell in evidence.cells}]
    return [
        Metric("sub_categories", len(categories)),
        Metric("sub_categories_covered", len(covered), f"without: {', '.join(sorted(categories - covered)) or 'none'}"),
        Metric("missing_slots", len(missing), ", ".join(missing) or "the catalogue has products for every slot"),
    ]


def _products(cells: Iterable[Cell]) -> int:
    return sum(cell.products for cell in cells)


def _share(part: float, whole: float) -> float | None:
    return part / whole if whole else None


def _histogram(pairs: Iterable[tuple[Name, int]]) -> Counter[Name]:
    found = Counter[Name]()
    for value, count in pairs:
        found[value] += count
    return found


def _listing(counts: Counter[Name], most: int = LISTED) -> str:
    shown = [f"{name}: {count:,}" for name, count in sorted(counts.items(), key=lambda one: (-one[1], str(one[0])))]
    return ", ".join(shown[:most]) + (f" and {len(shown) - most} more" if len(shown) > most else "")
