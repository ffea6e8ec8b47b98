"""Charts of the last runs, the latest on the right: one line per figure, and bars of seconds by stage. Inline SVG, no script."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from markupsafe import Markup

from outfit_pairing.quality.charts import svg
from outfit_pairing.quality.past import PastCheck

WIDTH, HEIGHT = 360, 150
LEFT, RIGHT, TOP, BOTTOM = 52, 12, 14, 24
SHARES = ("coverage", "from_patterns")
LINES = {
    "coverage": ("Coverage", "share of products with three to five outfits"),
    "from_patterns": ("From patterns", "share of wearable products with three outfits from patterns or looks"),
    "violations": ("Violations", "outfits that break a hard rule"),
    "outfits": ("Outfits", "outfits of all products"),
}
SPEND = {"model_cost": ("Spend", "money for the model in each run"), "model_tokens": ("Spend", "tokens of the model in each run")}
LARGEST = 9  # stages with a colour of their own; the others share one
Chart = tuple[str, str, Markup]


@dataclass(frozen=True, slots=True)
class Scale:
    """From a figure to a height on the drawing: `low` at the bottom, `high` at the top."""

    low: float
    high: float

    @classmethod
    def around(cls, values: Sequence[float], *, from_zero: bool) -> "Scale":
        """Room for all values; a flat line lies in the middle, or at the bottom where it is zero."""
        low, high = (0.0 if from_zero else min(values)), max(values)
        room = (high - low) * 0.1 or abs(high) * 0.05 or 1.0
        return cls(low if from_zero else low - room, high + room)

    def y(self, value: float) -> float:
        """Pixels from the top."""
        return TOP + (HEIGHT - TOP - BOTTOM) * (1 - (value - self.low) / (self.high - self.low))


def history_charts(checks: Sequence[PastCheck], limits: Mapping[str, float]) -> list[Chart]:
    """(title, what it shows, drawing) of each chart.

    Args:  checks: the earliest first.    limits: what each figure is held to now.
    """
    spent = "model_cost" if any(check.figures.get("model_cost") for check in checks) else "model_tokens"
    drawn = {name: figure_line(checks, name, limits.get(name) if name in SHARES else None) for name in (*LINES, spent)}
    lines = [(_titled(title, checks, name), what, drawn[name]) for name, (title, what) in {**LINES, spent: SPEND[spent]}.items()]
    seconds = f"Seconds: {sum(checks[-1].seconds.values()):,.0f}" if checks[-1].seconds else "Seconds"
    return [*lines, (seconds, "of the stages of a run, the check itself left out of the latest", stage_bars(checks))]


def _titled(title: str, checks: Sequence[PastCheck], name: str) -> str:
    """A title with the figure of the latest run."""
    return f"{title}: {written(checks[-1].figures[name], name)}" if name in checks[-1].figures else title


def figure_line(checks: Sequence[PastCheck], name: str, limit: float | None = None) -> Markup:
    """A figure over the runs that measured it; runs that missed a gate are marked, `limit` is a broken line."""
    points = [(number, check, check.figures[name]) for number, check in enumerate(checks) if name in check.figures]
    if not points:
        return _nothing(name)
    values = [value for _, _, value in points]
    scale = Scale.around([*values, *([] if limit is None else [limit])], from_zero=name not in SHARES)
    way = " ".join(f"{_x(number, len(checks)):.1f},{scale.y(value):.1f}" for number, _, value in points)
    drawn = _axis(checks) + Markup('<polyline points="{}"/>').format(way)
    if limit is not None:
        at = scale.y(limit)
        drawn += Markup('<path class="limit" d="M{},{y:.1f} H{}"/>').format(LEFT, WIDTH - RIGHT, y=at)
        drawn += _label(at, written(limit, name), "limit-label")
    least, most = min(values), max(values)
    drawn += _label(scale.y(most), written(most, name)) if limit is None or _apart(scale, most, limit) else Markup("")
    if _apart(scale, least, most) and (limit is None or _apart(scale, least, limit)):
        drawn += _label(scale.y(least), written(least, name))
    dots = [_dot(_x(number, len(checks)), scale.y(value), check, written(value, name)) for number, check, value in points]
    return svg(WIDTH, HEIGHT, f"{name} over the last runs, now {written(values[-1], name)}", drawn + Markup("").join(dots), "line")


def stage_bars(checks: Sequence[PastCheck]) -> Markup:
    """One bar per run, cut into its stages, and what the colours mean."""
    stages = _by_seconds(checks)
    longest = max((sum(check.seconds.values()) for check in checks), default=0)
    if not longest:
        return _nothing("seconds")
    scale, width = Scale(0, longest), min(28.0, 0.7 * (WIDTH - LEFT - RIGHT) / len(checks))
    drawn = _axis(checks) + _label(scale.y(longest), f"{longest:,.0f} s")
    for number, check in enumerate(checks):
        drawn += _bar(_x(number, len(checks), width), width, check, stages, scale)
    names = [*stages[:LARGEST], *(["others"] if stages[LARGEST:] else [])]
    key = Markup("").join(Markup('<li><i class="s{}"></i>{}</li>').format(number, name) for number, name in enumerate(names))
    label = f"seconds of each stage over the last runs, now {sum(checks[-1].seconds.values()):.0f}"
    return svg(WIDTH, HEIGHT, label, drawn, "line") + Markup('<ul class="key">{}</ul>').format(key)


def written(value: float, name: str) -> str:
    """A figure in few signs: shares in per cent, cut off so that 100% means all; money with its cents."""
    if name in SHARES:
        return f"{int(value * 10_000 + 1e-6) / 100:g}%"
    if name == "model_cost":
        return f"{value:,.2f}" if value >= 0.01 or not value else f"{value:.4f}"
    return f"{value / 1e6:.1f}M" if value >= 1e6 else f"{value / 1e3:.1f}k" if value >= 1e4 else f"{value:,.0f}"


def _by_seconds(checks: Sequence[PastCheck]) -> list[str]:
    """Stages, those first that took longest over all runs."""
    total: dict[str, float] = {}
    for check in checks:
        for stage, seconds in check.seconds.items():
            total[stage] = total.get(stage, 0.0) + seconds
    return sorted(total, key=lambda stage: (-total[stage], stage))


def _bar(left: float, width: float, check: PastCheck, stages: Sequence[str], scale: Scale) -> Markup:
    drawn, below = Markup(""), 0.0
    for number, stage in enumerate(stages):
        seconds = check.seconds.get(stage, 0.0)
        top, bottom = scale.y(below + seconds), scale.y(below)
        told = f"{check.run_id}: {stage} {seconds:.0f} s"
        drawn += Markup('<rect class="s{}" x="{:.1f}" y="{:.1f}" width="{:.1f}" height="{:.1f}"><title>{}</title></rect>').format(
            min(number, LARGEST), left - width / 2, top, width, bottom - top, told
        )
        below += seconds
    return drawn


def _dot(x: float, y: float, check: PastCheck, value: str) -> Markup:
    ended = "" if check.passed else ", a gate was missed"
    return Markup('<circle class="{}" cx="{:.1f}" cy="{:.1f}" r="{}"><title>{}: {}{}</title></circle>').format(
        "good" if check.passed else "bad", x, y, 3 if check.passed else 4, check.run_id, value, ended
    )


def _axis(checks: Sequence[PastCheck]) -> Markup:
    """The ground line, and when the first and the last run were."""
    drawn = Markup('<path class="axis" d="M{},{y} H{}"/>').format(LEFT, WIDTH - RIGHT, y=HEIGHT - BOTTOM)
    drawn += Markup('<text class="end quiet" x="{}" y="{}">{:%d %b %H:%M}</text>').format(WIDTH - RIGHT, HEIGHT - 6, checks[-1].at)
    if len(checks) > 1:
        drawn += Markup('<text class="quiet" x="{}" y="{}">{:%d %b %H:%M}</text>').format(LEFT, HEIGHT - 6, checks[0].at)
    return drawn


def _label(y: float, text: str, kind: str = "") -> Markup:
    return Markup('<text class="end {}" x="{}" y="{:.1f}">{}</text>').format(kind, LEFT - 8, y + 4, text)


def _apart(scale: Scale, one: float, other: float) -> bool:
    """Whether labels of both can be read."""
    return abs(scale.y(one) - scale.y(other)) > 14


def _x(number: int, count: int, width: float = 8.0) -> float:
    """The place of a run: the only one in the middle, else from the left edge to the right one."""
    room = WIDTH - LEFT - RIGHT - width
    return LEFT + width / 2 + (room / 2 if count == 1 else room * number / (count - 1))


def _nothing(name: str) -> Markup:
    text = Markup('<text class="quiet middle" x="{}" y="{}">nothing to show yet</text>').format(WIDTH / 2, HEIGHT / 2)
    return svg(WIDTH, HEIGHT, f"{name}: nothing to show yet", text, "line")
