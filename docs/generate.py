"""Writes docs/settings.md and docs/tables.md from the code: `python docs/generate.py`. A test fails when they are stale."""

import sys
from pathlib import Path

from outfit_pairing.settings import known_settings
from outfit_pairing.storage.tables import TABLES

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
            "| column | type | meaning |",
            "| --- | --- | --- |",
        ]
        for column in table.all_columns:
            mark = "*" if column.name in table.key else ""
            lines.append(f"| {column.name}{mark} | `{column.type}` | {column.comment} |")
        lines.append("")
    return "\n".join(lines)


PAGES = {"settings.md": settings_page, "tables.md": tables_page}

if __name__ == "__main__":
    for name, page in PAGES.items():
        (FOLDER / name).write_text(page(), "utf-8")
        sys.stderr.write(f"{name} written\n")
