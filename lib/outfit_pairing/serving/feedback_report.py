"""Which outfits work: how often those that were shown are clicked, bought or dismissed, by source, slot and variant."""

import json
import math
from collections import Counter
from collections.abc import Iterable, Mapping
from dataclasses import asdict, dataclass
from typing import TYPE_CHECKING, Any, NamedTuple

if TYPE_CHECKING:
    from rich.table import Table

Z = 1.959964  # of the standard normal distribution: 95 % lie within
ACTIONS = ("clicked", "bought", "dismissed")
NONE = "(none)"


class Counted(NamedTuple):
    """How many events there were of a kind."""

    event: str
    source: str | None
    slot: str | None
    variant: str | None
    times: int


@dataclass(frozen=True, slots=True)
class Rate:
    """Events per outfit shown, with the bounds between which it lies by 95 %; None when nothing was shown."""

    count: int
    rate: float | None
    low: float | None
    high: float | None


@dataclass(frozen=True, slots=True)
class Line:
    """What came of outfits shown."""

    shown: int
    clicked: Rate
    bought: Rate
    dismissed: Rate


@dataclass(frozen=True, slots=True)
class FeedbackReport:
    """All events together, and by source, slot and variant.

    by_slot: outfits are shown whole, so events about items of a slot are told per outfit shown, unless a slot was shown.
    """

    events: int
    all: Line
    by_source: Mapping[str, Line]
    by_slot: Mapping[str, Line]
    by_variant: Mapping[str, Line]


def wilson(hits: int, of: int, z: float = Z) -> tuple[float, float]:
    """Bounds of a share of which `hits` of `of` were seen. No more hits than `of`; (0, 1) when nothing was.

    Source: E. B. Wilson, Probable inference, the law of succession, and statistical inference, JASA 22 (1927), 209-212.
    """
    if not of:
        return 0.0, 1.0
    share = hits / of
    middle = (share + z * z / (2 * of)) / (1 + z * z / of)
    reach = z / (1 + z * z / of) * math.sqrt(share * (1 - share) / of + z * z / (4 * of * of))
    return max(0.0, middle - reach), min(1.0, middle + reach)


def feedback_report(counted: Iterable[Counted]) -> FeedbackReport:
    """The report of all events."""
    rows = list(counted)
    variants = sorted({row.variant or "" for row in rows})
    return FeedbackReport(
        events=sum(row.times for row in rows),
        all=_line(rows),
        by_source={name: _line(row for row in rows if row.source == name) for name in _names(row.source for row in rows)},
        by_slot={slot: _line(row for row in rows if _of_slot(row, slot)) for slot in _names(row.slot for row in rows)},
        by_variant={name or NONE: _line(row for row in rows if (row.variant or "") == name) for name in variants},
    )


def _of_slot(row: Counted, slot: str) -> bool:
    return row.slot == slot or (row.event == "shown" and row.slot is None)


def _names(values: Iterable[str | None]) -> list[str]:
    return sorted({value for value in values if value is not None})


def _line(rows: Iterable[Counted]) -> Line:
    counts = Counter[str]()
    for row in rows:
        counts[row.event] += row.times
    return Line(counts["shown"], *(_rate(counts[action], counts["shown"]) for action in ACTIONS))


def _rate(count: int, shown: int) -> Rate:
    """Without a name for shoppers one who clicks twice counts twice; a share cannot be more than all."""
    if not shown:
        return Rate(count, None, None, None)
    low, high = wilson(min(count, shown), shown)
    return Rate(count, min(count, shown) / shown, low, high)


def as_json(found: FeedbackReport) -> str:
    """For programs."""
    return json.dumps(asdict(found), indent=2) + "\n"


def as_table(found: FeedbackReport) -> "Table":
    """For people."""
    from rich.table import Table

    table = Table(title=f"Feedback: {found.events:,} events, per outfit shown (95 % within)", title_justify="left")
    for name in ("", "", "shown", *ACTIONS):
        table.add_column(name, justify="left" if not name else "right", no_wrap=True)
    table.add_row("all", "", *_cells(found.all))
    for title, lines in (("source", found.by_source), ("slot", found.by_slot), ("variant", found.by_variant)):
        table.add_section()
        for name, line in lines.items():
            table.add_row(title, name, *_cells(line))
    return table


def _cells(line: Line) -> list[str]:
    return [f"{line.shown:,}", *(_cell(rate) for rate in (line.clicked, line.bought, line.dismissed))]


def _cell(rate: Rate) -> str:
    figures: list[Any] = [rate.rate, rate.low, rate.high]
    if None in figures:
        return f"{rate.count:,}"
    return f"{rate.count:,}  {100 * figures[0]:.2f} % ({100 * figures[1]:.2f} to {100 * figures[2]:.2f})"
