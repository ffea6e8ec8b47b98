"""The report page says what was found, and can be opened anywhere."""

import re
from collections import Counter
from dataclasses import replace

import pytest

from outfit_pairing.quality.audit import RULES
from outfit_pairing.quality.charts import bars, exposure_curve
from outfit_pairing.quality.evidence import Evidence, OutfitGroup
from outfit_pairing.quality.gates import Example, judge
from outfit_pairing.quality.metrics import lorenz, measure
from outfit_pairing.quality.past import this_check
from outfit_pairing.quality.report import RULE_TEXTS, render
from outfit_pairing.quality.tallies import tally
from outfit_pairing.settings import GateSettings
from tests.markup import Balance
from tests.unit.quality.figures import with_the_rest
from tests.unit.quality.outfits import GUIDE, entries
from tests.unit.quality.test_metrics import GIFT, JEANS, TEE

VOID = {"meta", "path", "polyline", "rect", "br"}


def _page(*, broken: bool) -> str:
    outfits = {("tee", 1): ("jeans", "<script>" if broken else "shoes"), ("tee", 2): ("chinos", "red shoes")}
    groups = (OutfitGroup("pattern_based", "office & after", 2, 1_400_000),)
    cells = [TEE, replace(JEANS, shown=3), GIFT]
    evidence = Evidence(cells, groups, tally(entries(outfits), GUIDE), 0, GUIDE)
    metrics = with_the_rest(measure(evidence))
    rows = [Example(f"p{number}", "Tshirts", f"wrong <{number}>") for number in range(10)]
    judged = judge(metrics, GateSettings(from_patterns=0.5))
    gates = [replace(gate, examples=rows if gate.passed is False else ()) for gate in judged]
    return render("run-7", gates, metrics, evidence, [this_check("run-7", metrics, gates, {"publish": 4.0})])


def test_the_page_stands_alone() -> None:
    """Nothing is loaded from elsewhere, and no script runs."""
    page = _page(broken=False)
    assert not re.search(r"<(script|link|img|iframe)|https?://|@import|url\(", page)


@pytest.mark.parametrize("broken", [True, False])
def test_the_page_is_well_formed(broken: bool) -> None:
    """Every tag is closed, also where there are violations."""
    parser = Balance(VOID)
    parser.feed(_page(broken=broken))
    assert parser.open == []


def test_the_page_shows_verdict_gates_and_violations() -> None:
    """The first line says which gates are missed; each violation leads to its product."""
    page = _page(broken=True)
    assert "1 gate missed: violations." in " ".join(page.split())
    assert "not in the catalogue: &lt;script&gt;" in page
    assert all(text.replace("'", "&#39;") in page for text in RULE_TEXTS.values())
    assert RULE_TEXTS.keys() == RULES.keys()
    assert "All gates that apply are passed." in _page(broken=False)


def test_names_from_the_catalogue_are_escaped_in_charts() -> None:
    """An occasion or a slot is text, never markup."""
    assert "office &amp; after" in _page(broken=False)
    assert "<b>" not in bars([("<b>", 3)], "Bars")


def test_empty_charts_are_drawn() -> None:
    """A run without outfits still gets its page."""
    assert "<svg" in bars([], "Bars")
    assert "<svg" in exposure_curve(lorenz(Counter()))
    assert "<svg" in exposure_curve(lorenz(Counter({0: 9})))


def test_a_straight_curve_means_equal_exposure() -> None:
    """When every product is shown twice, the curve is the diagonal."""
    assert lorenz(Counter({2: 10})) == [(0, 0), (1, 1)]
    drawn = exposure_curve(lorenz(Counter({2: 10})))
    (curve,) = re.findall(r'points="([^ ]*) ([^"]*)"', drawn)
    (diagonal,) = re.findall(r'class="even" d="M([^ ]*) L([^"]*)"', drawn)
    assert [point.split(",") for point in curve] == [[f"{float(x):.1f}" for x in point.split(",")] for point in diagonal]


def test_a_thousand_occasions_make_no_endless_chart() -> None:
    """Rare ones are drawn as one bar."""
    groups = [OutfitGroup("pattern_based", f"occasion {number}", 1, 0) for number in range(1_000)]
    evidence = Evidence([TEE], groups, Counter(), 0, GUIDE)
    page = render("run-7", [], measure(evidence), evidence)
    assert page.count("<rect") < 60
    assert "all others: 976" in page


def test_a_missed_gate_is_on_top_with_its_rows() -> None:
    """Before any figure: what was missed, and ten rows to look at."""
    page = _page(broken=True)
    top = page[page.index("<header>") : page.index('class="tiles"')]
    assert "✗ violations: 1, at most 0" in top
    assert top.count("<td><code>p") == 10
    assert "<td>Tshirts</td><td>wrong &lt;9&gt;</td>" in top
    assert 'class="missed"' not in _page(broken=False)
