"""How a notebook shows things: by Databricks' `display` and `displayHTML`, else on stdout and as one page per notebook."""

import sys
from collections.abc import Mapping, Sequence
from io import StringIO
from pathlib import Path
from typing import TYPE_CHECKING, Any

from markupsafe import Markup

from outfit_pairing.quality.charts import bars

if TYPE_CHECKING:
    from pyspark.sql import DataFrame

    from outfit_pairing.publishing.outfits import ProductOutfits

WIDTH = 132  # columns of what is printed
BAR = 40  # letters of the longest bar that is printed
STYLE = Markup("""<style>
  .outfits { max-width: 1080px; font: 14px/1.5 system-ui, sans-serif; color: #1f2430; background: #fff; --bar: #3f6c8f; }
  .outfits table { border-collapse: collapse; font-size: 13px; } .outfits caption { text-align: left; font-weight: 600; }
  .outfits th, .outfits td { padding: 4px 10px; text-align: left; vertical-align: top; border-top: 1px solid #e4e7ec; }
  .outfits table, .outfits b { margin-top: 20px; } .outfits b { display: block; }
  .outfits svg { display: block; width: 100%; max-width: 560px; font-size: 12px; } .outfits svg rect { fill: var(--bar); }
  .outfits svg text { fill: currentColor; } .outfits svg .end { text-anchor: end; } .outfits pre { white-space: pre-wrap; }
</style>""")


class View:
    """Shows what a notebook has to show.    Args:  namespace: the notebook's globals().   pages: folder of the page."""

    def __init__(self, name: str, namespace: Mapping[str, Any], pages: Path) -> None:
        self._display, self._display_html = namespace.get("display"), namespace.get("displayHTML")
        self._title, self.path = name, pages / f"{name}.html"
        self._parts: list[Markup] = []

    def text(self, text: str) -> None:
        """A line."""
        sys.stdout.write(text + "\n")
        self._keep(Markup("<p>{}</p>").format(text))

    def table(self, rows: "DataFrame | Sequence[Mapping[str, Any]]", title: str, limit: int) -> None:
        """A frame, or a sequence of mappings with equal keys; of a long one the first `limit` rows."""
        if self._display and self._display_html and not isinstance(rows, Sequence):
            self._display_html(_framed(Markup("<b>{}</b>").format(title)))
            self._display(rows.limit(limit))
            return
        found = rows[:limit] if isinstance(rows, Sequence) else [row.asDict() for row in rows.limit(limit).collect()]
        if not self._display_html:
            sys.stdout.write(_printed(found, title))
        self._html(_table(found, title))

    def bars(self, rows: "DataFrame | Sequence[tuple[str, int]]", title: str) -> None:
        """A bar for each (name, count), in the order given."""
        counts = [(str(name), int(count)) for name, count in (rows if isinstance(rows, Sequence) else rows.collect())]
        if not self._display_html:
            sys.stdout.write(_printed_bars(counts, title))
        self._html(Markup("<b>{}</b>{}").format(title, bars(counts, title)))

    def outfits(self, found: "Sequence[ProductOutfits]", title: str) -> None:
        """Products with their best outfit, in sentences."""
        from rich.console import Console

        from outfit_pairing.publishing.explain import print_read_aloud

        console = Console(file=StringIO(), width=WIDTH)
        for number, one in enumerate(found, 1):
            print_read_aloud(number, one, console)
        text = console.file.getvalue()  # type: ignore[attr-defined]
        if not self._display_html:
            sys.stdout.write(f"\n{title}\n\n{text}")
        self._html(Markup("<b>{}</b><pre>{}</pre>").format(title, text))

    def page(self, path: Path | None, title: str) -> None:
        """A whole HTML file: shown on Databricks, named and linked elsewhere."""
        if path is None or not path.is_file():
            self.text(f"{title}: no page was written")
        elif self._display_html:
            self._display_html(path.read_text("utf-8"))
        else:
            sys.stdout.write(f"{title}: {path}\n")
            self._keep(Markup('<p><a href="{}">{}</a></p>').format(path.resolve().as_uri(), title))

    def _html(self, drawn: Markup) -> None:
        if self._display_html:
            self._display_html(_framed(drawn))
        self._keep(drawn)

    def _keep(self, drawn: Markup) -> None:
        """Onto the page, which is whole after every part: a notebook may stop at any cell."""
        if self._display_html:
            return
        self._parts.append(drawn)
        head = Markup('<!doctype html><meta charset="utf-8"><title>{}</title><h1>{}</h1>').format(self._title, self._title)
        self.path.parent.mkdir(parents=True, exist_ok=True)
        self.path.write_text(head + _framed(Markup("\n").join(self._parts)) + "\n", "utf-8")


def _framed(drawn: Markup) -> Markup:
    return STYLE + Markup('<div class="outfits">{}</div>').format(drawn)


def _table(rows: Sequence[Mapping[str, Any]], title: str) -> Markup:
    names = list(rows[0]) if rows else []
    head = Markup("").join(Markup("<th>{}</th>").format(name) for name in names)
    body = Markup("").join(
        Markup("<tr>{}</tr>").format(Markup("").join(Markup("<td>{}</td>").format(_shown(row[name])) for name in names))
        for row in rows
    )
    empty = Markup("") if rows else Markup("<tr><td>no rows</td></tr>")
    return Markup("<table><caption>{}</caption><tr>{}</tr>{}{}</table>").format(title, head, body, empty)


def _printed(rows: Sequence[Mapping[str, Any]], title: str) -> str:
    from rich.console import Console
    from rich.table import Table

    if not rows:
        return f"{title}: no rows\n\n"
    table = Table()
    for name in rows[0]:
        table.add_column(name, overflow="fold")
    for row in rows:
        table.add_row(*(_shown(value).replace("[", r"\[") for value in row.values()))
    console = Console(file=StringIO(), width=WIDTH)
    console.print(table)
    return f"{title}\n{console.file.getvalue()}\n"  # type: ignore[attr-defined]


def _printed_bars(counts: Sequence[tuple[str, int]], title: str) -> str:
    most, wide = max((count for _, count in counts), default=0) or 1, max((len(name) for name, _ in counts), default=0)
    lines = [f"{name:>{wide}} {'█' * max(count * BAR // most, int(count > 0))} {count:,}" for name, count in counts]
    return "\n".join([title, *(lines or ["nothing to show"]), ""]) + "\n"


def _shown(value: Any) -> str:
    if isinstance(value, float):
        return f"{value:,.3f}".rstrip("0").rstrip(".")
    if isinstance(value, int) and not isinstance(value, bool):
        return f"{value:,}"
    if isinstance(value, list | tuple):
        return ", ".join(map(_shown, value))
    return "" if value is None else str(value)
