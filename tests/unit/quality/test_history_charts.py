"""The history of runs is drawn, however short it is."""

import re
from datetime import UTC, datetime, timedelta

import pytest

from outfit_pairing.quality.history_charts import Scale, figure_line, history_charts, stage_bars, written
from outfit_pairing.quality.past import PastCheck

NAN = re.compile(r"nan|inf", re.IGNORECASE)


def _checks(count: int, **figures: float) -> list[PastCheck]:
    start = datetime(2026, 1, 1, 2, tzinfo=UTC)
    return [
        PastCheck(
            f"run {number} <b>",
            start + timedelta(days=number),
            number % 7 != 3,
            {"coverage": 0.99 + number / 10_000, "outfits": 200_000.0, "violations": 0.0, **figures},
            {"publish": 40.0, "apply-patterns": 30.0 + number},
        )
        for number in range(count)
    ]


@pytest.mark.parametrize("count", [1, 2, 30])
def test_every_figure_has_its_chart(count: int) -> None:
    """Coverage, from patterns, violations, outfits, seconds and spend; a figure never measured says so."""
    charts = history_charts(_checks(count, model_tokens=5.0), {"coverage": 0.95})
    assert [title.split(":")[0] for title, _, _ in charts] == [
        "Coverage", "From patterns", "Violations", "Outfits", "Spend", "Seconds",
    ]  # fmt: skip
    assert "nothing to show yet" in charts[1][2]
    assert not any(NAN.search(drawing) for _, _, drawing in charts)
    assert charts[0][2].count("<circle") == count


def test_runs_that_missed_a_gate_are_marked() -> None:
    """So that a dip is seen for what it was."""
    assert figure_line(_checks(30), "coverage").count('class="bad"') == 4


def test_the_bar_of_a_run_has_a_part_for_each_stage() -> None:
    """As high as the seconds it took; more stages than colours share the last one."""
    drawn = stage_bars(_checks(2))
    assert drawn.count("<rect") == 4
    assert drawn.index("apply-patterns</li>") > drawn.index("publish</li>")
    many = PastCheck("r", datetime(2026, 1, 1, tzinfo=UTC), True, {}, {f"stage {number}": 1.0 for number in range(14)})
    assert "others</li>" in stage_bars([many])
    assert 'class="s10"' not in stage_bars([many])


def test_names_of_runs_are_text() -> None:
    """A run may be called anything."""
    assert "<b>" not in "".join(drawing for _, _, drawing in history_charts(_checks(3), {}))


@pytest.mark.parametrize(("value", "text"), [(0.99999, "99.99%"), (1.0, "100%"), (0.0, "0%")])
def test_all_means_all(value: float, text: str) -> None:
    """Shares are cut off and not rounded up."""
    assert written(value, "coverage") == text


def test_a_flat_line_has_room() -> None:
    """No division by nothing where all values are the same."""
    assert Scale.around([0.0, 0.0], from_zero=True).y(0.0) > Scale.around([1.0], from_zero=False).y(1.0)
