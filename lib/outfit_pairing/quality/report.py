"""The report page of one run: missed gates with rows to look at, history, charts, rules and every figure, in one file."""

import math
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from importlib.resources import files

from jinja2 import Environment, StrictUndefined
from markupsafe import Markup

from outfit_pairing import __version__
from outfit_pairing.quality import charts
from outfit_pairing.quality.audit import RULES
from outfit_pairing.quality.evidence import Evidence
from outfit_pairing.quality.gates import Gate
from outfit_pairing.quality.history_charts import history_charts
from outfit_pairing.quality.metrics import Metric, exposures, lorenz, occasions_per_product, outfits_per_product
from outfit_pairing.quality.past import PastCheck
from outfit_pairing.quality.written import shown

EXAMPLES_SHOWN = 5
BARS = 24  # of one chart; whoever writes patterns may name any number of occasions

RULE_TEXTS = {
    1: "No product with itself or twice in an outfit; no two outfits with the same items",
    2: "Audiences that mix: adults with adults, children with children",
    3: "One item per slot; two different pieces of jewellery",
    4: "A one_piece takes no top and no bottom; a top needs a bottom and the other way round",
    5: "Innerwear, sleepwear, swimwear with their own kind; sports wear with sports and casual-sports",
    6: "Formal without flip-flops and sports; ethnic wear with ethnic or neutral companions",
    7: "A belt needs a bottom, socks need footwear, a tie needs a shirt",
    8: "In stock; at most two of one colour family besides neutrals; no clashing colours",
    9: "Beauty with beauty only; no home and free items",
}


@dataclass(frozen=True, slots=True)
class Rule:
    """A hard rule on the page: how many outfits break it in how many ways, and the first of them."""

    number: int
    text: str
    breaches: int
    examples: Sequence[dict[str, str | int]]


def render(
    run_id: str, gates: Sequence[Gate], metrics: Sequence[Metric], evidence: Evidence, checks: Sequence[PastCheck] = ()
) -> str:
    """The page as HTML.    Args:  checks: the history, this run last; none is drawn where it is empty."""
    environment = Environment(autoescape=True, undefined=StrictUndefined, trim_blocks=True, lstrip_blocks=True)
    environment.filters["shown"] = shown
    environment.filters["percent"] = _percent
    template = environment.from_string(files(__package__).joinpath("report.html.j2").read_text("utf-8"))
    return template.render(
        run_id=run_id,
        written=f"{datetime.now(UTC):%d %B %Y, %H:%M} UTC",
        version=__version__,
        gates=gates,
        missed=[gate for gate in gates if gate.passed is False],
        metrics=metrics,
        value={metric.name: metric.value for metric in metrics},
        rules=_rules(evidence),
        charts=_charts(evidence),
        history=history_charts(checks, {gate.metric: gate.threshold for gate in gates}) if checks else [],
        runs=len(checks),
        unable=evidence.unable.most_common(),
    )


def _rules(evidence: Evidence) -> list[Rule]:
    return [
        Rule(
            number,
            RULE_TEXTS[number],
            evidence.tallies["violations", str(number)],
            [example for example in evidence.examples if example["rule"] == number][:EXAMPLES_SHOWN],
        )
        for number in RULES
    ]


def _charts(evidence: Evidence) -> list[tuple[str, str, Markup]]:
    """(title, what it shows, drawing) of each chart."""
    outfits, occasions = outfits_per_product(evidence), occasions_per_product(evidence)
    wanted = Counter[str]()
    for group in sorted(evidence.groups, key=lambda group: (group.occasion or "", group.source)):
        wanted[group.occasion or "not said"] += group.outfits
    per_product = [(_plural(count, "outfit"), outfits[count]) for count in range(max(outfits, default=0) + 1)]
    distinct = [(_plural(count, "occasion"), occasions[count]) for count in sorted(occasions)]
    return [
        _bars("Outfits per product", "products that can have outfits, by how many they have", per_product),
        _bars("Occasions per product", "products, by how many occasions their outfits are for", distinct),
        _bars("Slots", "items offered, by the slot they fill", evidence.filled.most_common()),
        ("Exposure", "how evenly the wearable products are shown", charts.exposure_curve(lorenz(exposures(evidence)))),
        _bars("Occasions", "outfits, by what they are for", _first(wanted)),
    ]


def _first(counts: Counter[str]) -> list[tuple[str, int]]:
    """The largest counts, and the others as one."""
    rows = counts.most_common(BARS)
    others = counts.total() - sum(count for _, count in rows)
    return [*rows, ("all others", others)] if others else rows


def _bars(title: str, what: str, rows: Sequence[tuple[str, int]]) -> tuple[str, str, Markup]:
    return title, what, charts.bars(rows, title)


def _percent(share: float | None) -> str:
    """Cut off, not rounded: 100% means all."""
    return shown(None) if share is None else f"{math.floor(share * 1000) / 10:g}%"


def _plural(count: int, noun: str) -> str:
    return f"{count} {noun}" if count == 1 else f"{count} {noun}s"
