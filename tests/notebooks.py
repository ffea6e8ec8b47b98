"""Runs notebooks of notebooks/ cell by cell, tells what they read and wrote, and writes that down as the inventory."""

import json
import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import pytest

from outfit_pairing.storage import TableStore
from outfit_pairing.storage.tables import TABLES
from tests.delta import read_table

REPOSITORY = Path(__file__).resolve().parents[1]
FOLDER = REPOSITORY / "notebooks"
INVENTORY = FOLDER / "NOTEBOOK_INVENTORY.md"
HEADER, CUT, MAGIC = "# Databricks notebook source", "# COMMAND ----------", "# MAGIC"
PLACES = ("production", "alternative_approaches", "reference")
NOT_RUN = "not run here"


@dataclass
class Widgets:
    """`dbutils.widgets` with values that somebody has typed in."""

    typed: Mapping[str, str]
    made: dict[str, str] = field(default_factory=dict)

    def text(self, name: str, default: str, label: str) -> None:
        assert label
        self.made[name] = default

    def get(self, name: str) -> str:
        return self.typed.get(name, self.made[name])


@dataclass
class Screen:
    """`display` and `displayHTML`, kept instead of shown."""

    tables: list[Any] = field(default_factory=list)
    html: list[str] = field(default_factory=list)


@dataclass(frozen=True)
class Ran:
    """A notebook that ran from start to end.   reads: tables that were there before and that it did not write.

    writes: rows of each table that it wrote, afterwards.   namespace: its globals at the end.
    """

    path: Path
    cells: int
    reads: tuple[str, ...]
    writes: Mapping[str, int]
    namespace: Mapping[str, Any]
    screen: Screen
    remark: str


def cells_of(path: Path) -> list[str]:
    """The cells with code, in order; text and magic cells are left out."""
    head, _, rest = path.read_text("utf-8").partition("\n")
    assert head == HEADER, path
    cells = (cell.strip("\n") for cell in rest.split(CUT))
    return [cell for cell in cells if any(line.strip() and not line.startswith(MAGIC) for line in cell.splitlines())]


def title_of(path: Path) -> str:
    """The first heading."""
    if path.suffix == ".ipynb":
        text = "\n".join("".join(cell["source"]) for cell in json.loads(path.read_text("utf-8"))["cells"])
    else:
        text = path.read_text("utf-8").replace(f"{MAGIC} ", "")
    found = re.search(r"^# (?!Databricks notebook source|COMMAND|MAGIC)(.+)$", text, re.MULTILINE)
    assert found, f"{path} has no heading"
    return found[1].strip()


def run_notebook(path: Path, warehouse: Path, typed: Mapping[str, str], *, screen: bool = False, remark: str = "") -> Ran:
    """Every cell in one namespace, in the session that is there.

    Args:    typed: values of its widgets.   screen: whether there are `display` and `displayHTML`, as on Databricks.
    Raises:  whatever a cell raises.
    """
    shown = Screen()
    namespace: dict[str, Any] = {"__name__": "__main__", "dbutils": type("DbUtils", (), {"widgets": Widgets(typed)})}
    if screen:
        namespace |= {"display": shown.tables.append, "displayHTML": shown.html.append}
    before, read = versions(warehouse), set[str]()
    with pytest.MonkeyPatch.context() as patch:
        for name in ("read", "read_version", "changed_since", "at_hand", "count"):
            patch.setattr(TableStore, name, _told(getattr(TableStore, name), read))
        cells = cells_of(path)
        for number, cell in enumerate(cells, 1):
            exec(compile(cell, f"{path.name}, cell {number}", "exec"), namespace)
    written = sorted(name for name, version in versions(warehouse).items() if version != before.get(name))
    rows = {name: read_table(warehouse, name).num_rows for name in written}
    return Ran(path, len(cells), tuple(sorted(read & set(before) - set(written))), rows, namespace, shown, remark)


def _told(method: Any, read: set[str]) -> Any:
    def reading(store: TableStore, table: Any, *more: Any, **named: Any) -> Any:
        read.add(table.name)
        return method(store, table, *more, **named)

    return reading


def versions(warehouse: Path) -> dict[str, int]:
    """The last version of each table."""
    logs = ((name, sorted((warehouse / name / "_delta_log").glob("*.json"))) for name in TABLES)
    return {name: int(log[-1].stem) for name, log in logs if log}


def inventory(ran: Sequence[Ran], how: str) -> str:
    """The page. Holds nothing that differs from run to run."""
    lines = [
        "# Notebook inventory\n",
        "<!-- written by tests/system/test_notebooks.py: make notebooks -->\n",
        f"In the order to run them. {how}\n",
        "| | notebook | what | reads | writes (rows) | status |",
        "| --- | --- | --- | --- | --- | --- |",
    ]
    for number, one in enumerate(ran, 1):
        writes = ", ".join(f"{name} ({rows:,})" for name, rows in one.writes.items()) or "nothing"
        status = f"ran from start to end, {one.cells} cells" + (f"; {one.remark}" if one.remark else "")
        lines.append(
            f"| {number} | {_link(one.path)} | {title_of(one.path)} | {', '.join(one.reads) or 'nothing'} | {writes} | {status} |"
        )
    lines += ["", "Not run by the tests:\n", "| | what | status |", "| --- | --- | --- |"]
    lines += [f"| {_link(path)} | {title_of(path)} | {_kind(path)} |" for path in files() if path not in {one.path for one in ran}]
    return "\n".join(lines) + "\n"


def files() -> Iterator[Path]:
    """All notebooks and reference pages, folder by folder."""
    for place in PLACES:
        yield from sorted(path for path in (FOLDER / place).iterdir() if path.suffix in {".py", ".ipynb", ".md"})


def _kind(path: Path) -> str:
    return "a page to read" if path.suffix == ".md" else NOT_RUN


def _link(path: Path) -> str:
    return f"[{path.relative_to(FOLDER)}]({path.relative_to(FOLDER)})"
