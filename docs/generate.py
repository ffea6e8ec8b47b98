"""Writes docs/settings.md and docs/tables.md from the code: `python docs/generate.py`. A test fails when they are stale."""

import sys
from collections.abc import Sequence
from pathlib import Path

from outfit_pairing.publishing import pairs
from outfit_pairing.settings import known_settings
from outfit_pairing.storage.tables import TABLES, Column

FOLDER = Path(__file__).parent
MADE = "<!-- written by docs/generate.py -->\n"


def settings_page() -> str:
    """Every setting with its default."""
    lines = [
        "# Settings\n",
        MADE,
        "YAML files (`--config`, of several the later wins), then the environment (`OUTFIT_` and the path with double underscores:",
        "`OUTFIT_ANCHORS__BUDGET=100`), then `--set anchors.budget=100`; later ones win. All are checked before Spark starts.\n",
        "| setting | default | meaning |",
        "| --- | --- | --- |",
    ]
    for key, text, default in known_settings():
        shown = "" if default is None or "Undefined" in repr(default) else f"`{default}`"
        lines.append(f"| `{key}` | {shown} | {text} |")
    return "\n".join(lines) + "\n"


def tables_page() -> str:
    """Every table with its columns."""
    lines = ["# Tables\n", MADE, "Delta, at `<warehouse>/<table>` or in Unity Catalog. Key columns are marked *.\n"]
    for table in TABLES.values():
        lines += [
            f"## {table.name}\n",
            f"{table.comment}. First written by `{table.stage}`.\n",
            *columns_told(table.all_columns, table.key),
        ]
    lines += [
        f"## {pairs.NAME}\n",
        f"{pairs.COMMENT}. A view over `outfit_recommendations`, created by `release` in Unity Catalog or another metastore.\n",
        *columns_told(pairs.COLUMNS, ()),
    ]
    return "\n".join(lines)


def columns_told(columns: Sequence[Column], key: Sequence[str]) -> list[str]:
    """A table of columns in Markdown, and an empty line."""
    rows = [f"| {one.name}{'*' if one.name in key else ''} | `{one.type}` | {one.comment} |" for one in columns]
    return ["| column | type | meaning |", "| --- | --- | --- |", *rows, ""]


PAGES = {"settings.md": settings_page, "tables.md": tables_page}

if __name__ == "__main__":
    for name, page in PAGES.items():
        (FOLDER / name).write_text(page(), "utf-8")
        sys.stderr.write(f"{name} written\n")
