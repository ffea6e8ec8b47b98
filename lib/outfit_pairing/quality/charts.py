"""Small charts as inline SVG: bars with their figures, and the curve of exposure. Colours come from the page's CSS."""

from collections.abc import Sequence

from markupsafe import Markup

WIDTH = 400
ROW, LABEL, FIGURE = 24, 140, 60  # of a bar chart, in pixels: height of a row, room for names, room for figures
SIDE, MARGIN = 300, 44  # of the curve: the square, and the room for its axes


def bars(rows: Sequence[tuple[str, int]], label: str) -> Markup:
    """One horizontal bar per (name, count), in the order given; `label` says to screen readers what they show."""
    most, total = max((count for _, count in rows), default=0) or 1, sum(count for _, count in rows) or 1
    drawn = Markup("").join(_bar(number, name, count, most, total) for number, (name, count) in enumerate(rows))
    return svg(WIDTH, max(len(rows), 1) * ROW, label, drawn)


def exposure_curve(curve: Sequence[tuple[float, float]]) -> Markup:
    """Share of all filled slots against share of products, those shown least first: a straight line when all are equal.

    Args:  curve: (share of products, share of slots), from (0, 0).
    """
    points = " ".join(f"{_x(products):.1f},{_y(slots):.1f}" for products, slots in curve)
    drawn = Markup(
        '<path class="axis" d="M{x0},{y1} V{y0} H{x1}"/><path class="even" d="M{x0},{y0} L{x1},{y1}"/>'
        '<polyline points="{points}"/>'
        '<text x="{middle}" y="{below}" class="middle">wearable products, least shown first</text>'
        '<text x="{inside}" y="{top}">filled slots</text>'
        '<text x="{left}" y="{above}" class="end quiet">all shown equally</text>'
    ).format(
        points=points,
        x0=_x(0),
        x1=_x(1),
        y0=_y(0),
        y1=_y(1),
        middle=_x(0.5),
        below=_y(0) + 36,
        inside=_x(0) + 8,
        top=_y(1) + 14,
        left=_x(0.6),
        above=_y(0.66),
    )
    ticks = Markup("").join(map(_ticks, (0.0, 0.5, 1.0)))
    return svg(SIDE + 2 * MARGIN, SIDE + MARGIN + 12, "Exposure curve", drawn + ticks, "curve")


def svg(width: int, height: int, label: str, drawn: Markup, kind: str = "bars") -> Markup:
    """A drawing of so many pixels, wide as its place; `label` says to screen readers what it shows."""
    frame = Markup('<svg class="{}" viewBox="0 0 {} {}" role="img" aria-label="{}">{}</svg>')
    return frame.format(kind, width, height, label, drawn)


def _ticks(share: float) -> Markup:
    """The same share on both axes."""
    return Markup('<text x="{}" y="{}" class="middle">{share:.0%}</text><text x="{}" y="{}" class="end">{share:.0%}</text>').format(
        _x(share), _y(0) + 18, _x(0) - 6, _y(share) + 4, share=share
    )


def _x(share: float) -> float:
    return MARGIN + share * SIDE


def _y(share: float) -> float:
    return 8 + (1 - share) * SIDE


def _bar(number: int, name: str, count: int, most: int, total: int) -> Markup:
    top, length = number * ROW, (WIDTH - LABEL - FIGURE) * count / most
    return Markup(
        '<g><title>{name}: {count} ({share})</title><text x="{left}" y="{line}" class="end">{name}</text>'
        '<rect x="{LABEL}" y="{y}" width="{length}" height="{height}" rx="2"/>'
        '<text x="{right}" y="{line}" class="figure">{count}</text></g>'
    ).format(
        name=name,
        count=f"{count:,}",
        share=f"{count / total:.1%}",
        left=LABEL - 8,
        line=top + 16,
        LABEL=LABEL,
        y=top + 4,
        length=f"{length:.1f}",
        height=ROW - 8,
        right=f"{LABEL + length + 6:.1f}",
    )
