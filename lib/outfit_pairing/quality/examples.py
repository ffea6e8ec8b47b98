"""Rows that a missed gate can be seen on: at most ten for each, looked up only when it is missed.

Every query ends in a limit, so that the driver holds the same few rows however much is wrong.
"""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from functools import cached_property, partial, reduce
from operator import and_, or_
from typing import TYPE_CHECKING

from outfit_pairing.quality.account import Account, own_requests, patterns_per_anchor
from outfit_pairing.quality.changed import COMPARISONS, compared, types_before
from outfit_pairing.quality.counting import counted_products, judged_table
from outfit_pairing.quality.drafted_files import DraftedFiles, wrong_size
from outfit_pairing.quality.evidence import CELL_FACTS, COUNTED, Cell, Evidence
from outfit_pairing.quality.gates import MOST_EXAMPLES, Example, Gate
from outfit_pairing.quality.metrics import FEWEST_OUTFITS, MOST_OUTFITS, catalogue_allows, is_covered
from outfit_pairing.quality.past import PastCheck
from outfit_pairing.storage.store import TableStore
from outfit_pairing.storage.tables import OUTFIT_RECOMMENDATIONS, PATTERN_REQUESTS, PRODUCTS, REJECTED_PRODUCTS

if TYPE_CHECKING:
    from pyspark.sql import Column, DataFrame, Row


@dataclass(frozen=True)
class Case:
    """All that examples are found in. `before`: the last good run."""

    store: TableStore
    evidence: Evidence
    account: Account
    files: DraftedFiles
    before: PastCheck | None

    @cached_property
    def products(self) -> "DataFrame":
        """The catalogue."""
        return self.store.read(PRODUCTS)

    @cached_property
    def outfits(self) -> "DataFrame":
        """What is judged."""
        return self.store.read(judged_table(self.store))

    @cached_property
    def counted(self) -> "DataFrame":
        """Every product with what was counted of it."""
        return counted_products(self.products, self.outfits)


def with_examples(gates: Sequence[Gate], case: Case) -> list[Gate]:
    """The gates, those missed with rows to look at."""
    return [replace(gate, examples=_examples(gate, case)) if gate.passed is False else gate for gate in gates]


def _examples(gate: Gate, case: Case) -> Sequence[Example]:
    if gate.metric in COMPARISONS:
        if case.before is None or not case.store.exists(OUTFIT_RECOMMENDATIONS):
            return ()
        former_types = partial(types_before, case.store, case.before.at)
        return compared(gate.metric, case.store.read(OUTFIT_RECOMMENDATIONS), case.outfits, case.products, former_types)
    return FINDERS[gate.metric](case) if gate.metric in FINDERS else ()


def _short(case: Case) -> list[Example]:
    cells = [cell for cell in case.evidence.able if not is_covered(cell)]
    return _of_cells(case, cells, lambda row: f"{_outfits(row['outfits'])}, {FEWEST_OUTFITS} to {MOST_OUTFITS} are wanted")


def _without_patterns(case: Case) -> list[Example]:
    cells = [cell for cell in case.evidence.wearable if cell.from_patterns < FEWEST_OUTFITS]
    return _of_cells(case, cells, lambda row: f"{row['from_patterns']} of {_outfits(row['outfits'])} from patterns or looks")


def _unseen(case: Case) -> list[Example]:
    cells = [cell for cell in case.evidence.wearable if cell.in_stock and not cell.shown]
    return _of_cells(case, cells, lambda _: "in no outfit of another product")


def _of_cells(case: Case, cells: Sequence[Cell], what: "Callable[[Row], str]") -> list[Example]:
    """Products of the largest cells."""
    from pyspark.sql import functions as F

    if not cells:
        return []
    largest = sorted(cells, key=lambda cell: (-cell.products, cell.example))[:MOST_EXAMPLES]
    same = [[F.col(name).eqNullSafe(F.lit(getattr(cell, name))) for name in (*CELL_FACTS, *COUNTED)] for cell in largest]
    rows = case.counted.where(reduce(or_, (reduce(and_, facts) for facts in same)))
    return _first(rows, [F.col("product_id")], what)


def _most_shown(case: Case) -> list[Example]:
    from pyspark.sql import functions as F

    slots = case.evidence.filled.total()
    return _first(case.counted, [F.desc("shown"), F.col("product_id")], lambda row: f"fills {row['shown']:,} of {slots:,} slots")


def _empty(case: Case) -> list[Example]:
    from pyspark.sql import functions as F

    empty = case.outfits.where(F.coalesce(F.size("items"), F.lit(0)) <= 0).select("product_id", "rank")
    rows = empty.join(case.products.select("product_id", "article_type"), "product_id", "left")
    return _first(rows, [F.col("product_id"), F.col("rank")], lambda row: f"outfit {row['rank']} has no item")


def _broken(case: Case) -> list[Example]:
    """Violations, one of each rule before a second of any."""
    seen: dict[object, int] = {}
    turns = []
    for one in case.evidence.examples:
        turns.append((seen.setdefault(one["rule"], 0), one["rule"], one))
        seen[one["rule"]] += 1
    chosen = [one for _, _, one in sorted(turns, key=lambda turn: turn[:2])[:MOST_EXAMPLES]]
    return _named(
        case, [(str(one["product_id"]), f"outfit {one['rank']} breaks rule {one['rule']}: {one['what']}") for one in chosen]
    )


def _clashing(case: Case) -> list[Example]:
    found = [one for one in case.evidence.examples if str(one["what"]).startswith("colours clash")]
    return _named(case, [(str(one["product_id"]), f"outfit {one['rank']}: {one['what']}") for one in found[:MOST_EXAMPLES]])


def _alike(case: Case) -> list[Example]:
    found = [
        (str(one["product_id"]), f"of its {one['case']['outfits']} outfits, two differ in one item only")
        for one in case.evidence.alike_examples
        if catalogue_allows(case.evidence.stock, **one["case"])
    ]
    return _named(case, found[:MOST_EXAMPLES])


def _named(case: Case, found: Sequence[tuple[str, str]]) -> list[Example]:
    """Examples of (product_id, what is wrong), with article types looked up."""
    from pyspark.sql import functions as F

    ids = sorted({product for product, _ in found})
    rows = case.products.where(F.col("product_id").isin(ids)).select("product_id", "article_type").collect() if ids else []
    types = {row["product_id"]: row["article_type"] or "" for row in rows}
    return [Example(product, types.get(product, "not in the catalogue"), what) for product, what in found]


def _refused(case: Case) -> list[Example]:
    rows = case.store.read(REJECTED_PRODUCTS).orderBy("source", "line_number").limit(MOST_EXAMPLES).collect()
    return [Example(f"line {row['line_number']}", "", f"{row['reason_code']}: {row['reason']}") for row in rows]


def _poor_anchors(case: Case) -> list[Example]:
    from pyspark.sql import functions as F

    asked = case.store.settings.patterns.per_anchor
    rows = patterns_per_anchor(case.store).where(F.col("good") < asked)
    if case.store.exists(PATTERN_REQUESTS):
        requests = case.store.read(PATTERN_REQUESTS).groupBy(F.col("anchor_product_id").alias("product_id"))
        rows = rows.join(requests.agg(F.max_by("error", "updated_at").alias("error")), "product_id", "left")
    else:
        rows = rows.withColumn("error", F.lit(None).cast("string"))
    rows = rows.join(case.products.select("product_id", "article_type"), "product_id", "left")

    def what(row: "Row") -> str:
        return "; ".join(filter(None, (f"{row['good']} of {asked} patterns", (row["error"] or "")[:120])))

    return _first(rows, [F.col("good"), F.col("product_id")], what)


def _dearest(case: Case) -> list[Example]:
    from pyspark.sql import functions as F

    spent = F.count("*").alias("requests"), F.sum("tokens").alias("tokens")
    rows = own_requests(case.store).groupBy(F.col("anchor_product_id").alias("product_id")).agg(*spent)
    rows = rows.join(case.products.select("product_id", "article_type"), "product_id", "left")
    return _first(
        rows, [F.desc("tokens"), F.col("product_id")], lambda row: f"{row['tokens']:,} tokens in {row['requests']} requests"
    )


def _slowest(case: Case) -> list[Example]:
    longest = sorted(case.account.seconds.items(), key=lambda one: -one[1])
    return [Example(stage, "", f"{seconds:,.0f} s") for stage, seconds in longest[:MOST_EXAMPLES]]


def _small_files(case: Case) -> list[Example]:
    least = case.store.settings.quality.gates.smallest_file
    small = sorted((one.size or 0, one.name) for one in case.files.files if one.is_never_empty and (one.size or 0) < least)
    return [Example(name, "", f"{size:,} bytes, at least {least:,} are wanted") for size, name in small[:MOST_EXAMPLES]] or _folder(
        case
    )


def _cut_files(case: Case) -> list[Example]:
    return [Example(one.name, "", wrong_size(one)) for one in case.files.files if not one.is_whole][:MOST_EXAMPLES] or _folder(case)


def _folder(case: Case) -> list[Example]:
    return [Example(str(case.files.folder), "", case.files.fault)] if case.files.fault else []


def _first(rows: "DataFrame", order: "Sequence[Column]", what: "Callable[[Row], str]") -> list[Example]:
    """The first rows as examples; a product that is gone from the catalogue has no article type."""
    found = rows.orderBy(*order).limit(MOST_EXAMPLES).collect()
    return [Example(row["product_id"], row["article_type"] or "", what(row)) for row in found]


def _outfits(count: int) -> str:
    return f"{count} outfit" if count == 1 else f"{count} outfits"


FINDERS: Mapping[str, Callable[[Case], list[Example]]] = {
    "outfits": _short,
    "coverage": _short,
    "from_patterns": _without_patterns,
    "catalogue_share": _unseen,
    "largest_share": _most_shown,
    "empty_outfits": _empty,
    "violations": _broken,
    "clashes": _clashing,
    "different_outfits": _alike,
    "rejected": _refused,
    "pattern_yield": _poor_anchors,
    "model_cost": _dearest,
    "model_tokens": _dearest,
    "run_seconds": _slowest,
    "smallest_file": _small_files,
    "cut_files": _cut_files,
}
