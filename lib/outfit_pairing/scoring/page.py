"""The figures of an evaluation as one HTML page that needs no other file."""

import math
from collections.abc import Mapping
from datetime import UTC, datetime
from importlib.resources import files
from pathlib import Path

from jinja2 import Environment, StrictUndefined
from markupsafe import Markup

from outfit_pairing import __version__
from outfit_pairing.scoring.evaluation import CHANCE, Evaluation, Figures, Measured

WIDTH, HEIGHT, LINE = 480, 34, 12  # of a bar's drawing, and where in it the bar lies
MEANINGS = {
    "auc_random": (
        "Whole outfits against random ones",
        "An outfit that people made and as many random products: how often theirs scores higher. "
        "It asks whether structure, audience and style are understood at all.",
    ),
    "auc_same_type": (
        "Whole outfits against others of the same types",
        "Every item exchanged for another product of its kind: shirt for shirt, shoe for shoe. "
        "Structure no longer helps; it asks for taste.",
    ),
    "fill_in_random": (
        "Fill in the blank, random products",
        "One item is taken out: how often it scores above three random products in its place.",
    ),
    "fill_in_same_type": (
        "Fill in the blank, products of the same type",
        "One item is taken out: how often it scores above three other products of its kind.",
    ),
    "recall_at_10": (
        "The item chosen, among 100 of its slot",
        "One item is taken out, and 100 products of its slot that the same wearer could wear are ranked for its place: "
        "how often the item that was chosen is among the best ten. Where a slot has fewer, the best tenth counts.",
    ),
}


def render(found: Evaluation, *, outfits: Path, catalogue: str, model: str | None) -> str:
    """The page as HTML.

    Args:  outfits, catalogue: the files that were read.   model: `style.model`; None for the style guide alone.
    """
    environment = Environment(autoescape=True, undefined=StrictUndefined, trim_blocks=True, lstrip_blocks=True)
    environment.filters["shown"] = shown
    environment.filters["within"] = within
    template = environment.from_string(files(__package__).joinpath("evaluation.html.j2").read_text("utf-8"))
    return template.render(
        found=found,
        outfits=outfits.name,
        catalogue=catalogue.rstrip("/").rsplit("/", 1)[-1],
        model=model and Path(model).name,
        written=f"{datetime.now(UTC):%d %B %Y, %H:%M} UTC",
        version=__version__,
        charts=[(*MEANINGS[name], one, bar(MEANINGS[name][0], one, CHANCE[name])) for name, one in found.figures.items()],
        tables=[("By slot", "slot of the item", found.by_slot), ("By audience", "for whom the item is", found.by_audience)],
        columns=_columns(found.by_slot),
    )


def _columns(split: Mapping[str, Figures]) -> dict[str, tuple[str, float]]:
    """Heading and chance of each figure that is told by slot and by audience."""
    return {name: (MEANINGS[name][0], CHANCE[name]) for name in next(iter(split.values()), {})}


def shown(value: float) -> str:
    """A figure with three places; a dash where nothing could be measured."""
    return "–" if math.isnan(value) else f"{value:.3f}"


def within(one: Measured) -> str:
    """The interval in words; empty where there is none."""
    return "" if math.isnan(one.low) else f"{one.low:.3f} to {one.high:.3f}"


def bar(title: str, one: Measured, chance: float) -> Markup:
    """A figure from 0 to 1 as inline SVG: a bar, its interval, and a dashed line at chance. Colours come from the page's CSS."""
    value, low, high = ("" if math.isnan(number) else f"{number * WIDTH:.1f}" for number in (one.value, one.low, one.high))
    drawn = Markup('<rect class="whole" x="0" y="{y}" width="{width}" height="10" rx="2"/>').format(y=LINE, width=WIDTH)
    if value:
        drawn += Markup('<rect class="bar" x="0" y="{y}" width="{value}" height="10" rx="2"/>').format(y=LINE, value=value)
    if low:
        drawn += Markup('<path class="interval" d="M{low},{top} v8 m0,-4 H{high} m0,-4 v8"/>').format(
            low=low, high=high, top=LINE + 1
        )
    drawn += Markup(
        '<path class="chance" d="M{x},{top} V{bottom}"/><text x="{x}" y="{text}" class="middle">chance {chance:g}</text>'
    ).format(x=f"{chance * WIDTH:.1f}", top=LINE - 6, bottom=LINE + 16, text=HEIGHT + 6, chance=chance)
    label = f"{title}: {shown(one.value)}, {within(one) or 'no interval'}; chance {chance:g}"
    frame = Markup('<svg viewBox="-20 0 {width} {height}" role="img" aria-label="{label}">{drawn}</svg>')
    return frame.format(width=WIDTH + 40, height=HEIGHT + 10, label=label, drawn=drawn)
