"""The page of an evaluation says what the figures mean, and can be opened anywhere."""

import math
import re
from pathlib import Path

import pytest

from outfit_pairing.scoring.evaluation import CHANCE, Evaluation, Measured
from outfit_pairing.scoring.page import MEANINGS, WIDTH, bar, render, shown, within
from tests.markup import Balance

VOID = {"meta", "path", "rect"}
NOTHING = Measured(math.nan, math.nan, math.nan, 0)
FIGURES = {name: Measured(0.5 + number / 10, 0.4, 0.95, 120) for number, name in enumerate(CHANCE)}
SPLIT = {"scarf_or_tie": {"fill_in_same_type": Measured(0.25, math.nan, math.nan, 1), "recall_at_10": NOTHING}}
FOUND = Evaluation(5_000, 4_000, FIGURES, SPLIT, {"<b>girls</b>": SPLIT["scarf_or_tie"]})


def page(found: Evaluation = FOUND, model: str | None = None) -> str:
    return render(found, outfits=Path("a/<script>.jsonl"), catalogue="/data/cat & dog.csv", model=model)


def test_the_page_stands_alone() -> None:
    """Nothing is loaded from elsewhere, and no script runs."""
    assert not re.search(r"<(script|link|img|iframe)|https?://|@import|url\(", page())


def test_its_tags_are_closed() -> None:
    """Every browser shows the same."""
    balance = Balance(VOID)
    balance.feed(page())
    assert balance.open == []


def test_what_others_wrote_is_escaped() -> None:
    """Names of files and audiences are text, not markup."""
    text = page(model="x/<i>.npz")
    assert "&lt;script&gt;.jsonl" in text
    assert "cat &amp; dog.csv" in text
    assert "&lt;b&gt;girls&lt;/b&gt;" in text
    assert "&lt;i&gt;.npz" in text


def test_every_figure_is_told_with_its_meaning_chance_and_interval() -> None:
    """So that it can be understood without a manual."""
    text = page()
    assert set(MEANINGS) == set(CHANCE)
    for name, (title, meaning) in MEANINGS.items():
        assert title in text
        assert meaning in text
        assert f"chance {CHANCE[name]:g}" in text
    assert "95 % interval 0.400 to 0.950" in text
    assert "5,000 outfits" in text
    assert "4,000 were drawn" in text
    assert "scarf or tie" in text


def test_it_says_by_what_was_judged() -> None:
    """The style guide alone, or a model beside it."""
    assert "the written style guide alone" in page()
    assert "the model style.npz has learnt" in page(model="/models/style.npz")


def test_what_could_not_be_measured_is_a_dash() -> None:
    """Neither nan nor an empty bar that looks like 0."""
    text = page(Evaluation(1, 1, dict.fromkeys(CHANCE, NOTHING), {}, {}))
    assert "nan" not in re.sub(r"<style>.*?</style>", "", text, flags=re.DOTALL)
    assert "–" in text
    assert (shown(math.nan), within(NOTHING)) == ("–", "")
    assert "By slot" not in text


@pytest.mark.parametrize("value", [0.0, 0.5, 1.0])
def test_a_bar_is_as_long_as_its_figure(value: float) -> None:
    """From 0 to 1."""
    drawn = str(bar("A title", Measured(value, value, value, 9), 0.25))
    assert f'class="bar" x="0" y="12" width="{value * WIDTH:.1f}"' in drawn
    assert f"A title: {value:.3f}" in drawn
