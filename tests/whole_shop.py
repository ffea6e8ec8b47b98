"""A small shop whose catalogue changes overnight: what it shows before and after, and the command that gets it there."""

import csv
import hashlib
import json
import os
import random
import shutil
import time
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from html.parser import HTMLParser
from pathlib import Path
from typing import TYPE_CHECKING, Any

from outfit_pairing.catalog.sample import write_sample
from outfit_pairing.pipeline import run_stages
from outfit_pairing.settings import load_settings
from outfit_pairing.storage.tables import TABLES
from tests.delta import read_table
from tests.processes import Session
from tests.system.command import BIN, QUICK_START

if TYPE_CHECKING:
    from pyspark.sql import SparkSession

PRODUCTS = 300
SHOWN = "outfit_recommendations"
SETTINGS = {
    "catalog.mapping": "sample",
    "embedding.model": "hashing",
    "anchors.budget": 20,
    "outfits.candidates_per_item": 60,
    "publish.products_per_file": 100,
    "quality.accept_drift": "true",
    "quality.gates.coverage": 0.5,
    "quality.gates.from_patterns": 0.1,
    "spark.master": "local[2]",
    "spark.partitions": 2,
}
# Columns that tell when and by whom, or which commits of other tables were read.
OF_THE_RUN = {"run_id", "updated_at", "versions"}
EVENTS = {"runs", "quality_metrics", "releases", "run_lease"}  # one row per run or event, not what the chain makes


def overrides(warehouse: Path, catalogue: Path, more: Iterable[str] = ()) -> list[str]:
    """Settings of a run, as `key=value`; `more` comes before those that all runs share."""
    own = dict(one.split("=", 1) for one in more)
    given = {**SETTINGS, "storage.warehouse": warehouse, "catalog.path": catalogue, **own}
    return [f"{name}={value}" for name, value in given.items()]


def change_overnight(before: Path, after: Path, seed: int) -> None:
    """A catalogue in which a twelfth of the products is gone, new, of another colour or sold out."""
    draw = random.Random(seed)
    with before.open(newline="", encoding="utf-8") as file:
        rows = list(csv.DictReader(file))
    chosen = draw.sample(range(len(rows)), len(rows) // 12)
    gone, new, recoloured, sold_out = (set(chosen[part::4]) for part in range(4))
    for number in sold_out:
        rows[number]["stock"] = "0"
    for number in recoloured:
        colour = draw.choice([one for one in ("Black", "White", "Red", "Green") if one != rows[number]["colour"]])
        rows[number]["title"] = rows[number]["title"].replace(rows[number]["colour"], colour)
        rows[number]["colour"] = colour
    added = [rows[number] | {"sku": f"9{number:07}", "title": f"{rows[number]['title']} II"} for number in sorted(new)]
    with after.open("w", newline="", encoding="utf-8") as file:
        writer = csv.DictWriter(file, rows[0])
        writer.writeheader()
        writer.writerows([*(row for number, row in enumerate(rows) if number not in gone), *added])


@dataclass(frozen=True)
class Files:
    """The JSON files of a shop: name → sha256, as its manifest says."""

    manifest: str
    sums: dict[str, str]


@dataclass(frozen=True)
class Shop:
    """A warehouse in a folder of its own, and what runs on it say."""

    folder: Path

    @property
    def warehouse(self) -> Path:
        return self.folder / "warehouse"

    @property
    def exports(self) -> Path:
        return self.warehouse / "exports"

    def copy(self, folder: Path) -> "Shop":
        """The same warehouse in another folder, which is emptied first."""
        shutil.rmtree(folder, ignore_errors=True)
        shutil.copytree(self.warehouse, folder / "warehouse")
        return Shop(folder)

    def start(self, name: str, catalogue: Path, *more: str, **environment: str) -> Session:
        """`outfit-pairing run` in processes of its own; what it says goes into `<name>.stdout` and `<name>.stderr`."""
        own = {**QUICK_START, "SPARK_LOCAL_DIRS": str(self.folder / "spark"), **environment}
        flags = [part for one in overrides(self.warehouse, catalogue, more) for part in ("--set", one)]
        command = [str(BIN / "outfit-pairing"), "run", *flags]
        path = f"{BIN}{os.pathsep}{os.environ['PATH']}"
        return Session(command, self.folder, name, {**os.environ, "PATH": path, **own})

    def run_here(self, spark: "SparkSession", catalogue: Path) -> dict[str, float]:
        """The whole chain in this process; seconds of each stage."""
        settings = load_settings(overrides=overrides(self.warehouse, catalogue), environment={})
        return {report.stage: report.seconds for report in run_stages(spark, settings)}

    def rows(self, table: str) -> list[str]:
        """Rows of a table in order, as text, without what tells of the run that wrote them."""
        return ordered(read_table(self.warehouse, table).to_pylist())

    def tables(self) -> dict[str, list[str]]:
        """All tables that the chain makes."""
        return {name: self.rows(name) for name in TABLES if name not in EVENTS and (self.warehouse / name).exists()}

    def files(self) -> Files:
        """What the manifest says."""
        text = (self.exports / "manifest.json").read_text("utf-8")
        return Files(text, {one["name"]: one["sha256"] for one in json.loads(text)["files"]})

    def leftovers(self) -> list[str]:
        """What only a run under way may have in the warehouse, Delta's own log folders apart."""
        marks = ("_staged_", "_temporary", ".partial", ".next", ".tmp")
        found = [path.relative_to(self.warehouse) for path in self.warehouse.rglob("*")]
        return sorted(str(path) for path in found if any(mark in path.name for mark in marks) and "_delta_log" not in path.parts)


def ordered(rows: Iterable[dict[str, Any]]) -> list[str]:
    """Rows as text, sorted."""
    kept = ({name: value for name, value in row.items() if name not in OF_THE_RUN} for row in rows)
    return sorted(json.dumps(row, sort_keys=True, default=str) for row in kept)


def read_whole_file(path: Path) -> str:
    """The sha256 of a JSON file that is whole: it can be parsed to its end."""
    data = path.read_bytes()
    json.loads(data)
    return hashlib.sha256(data).hexdigest()


class _Page(HTMLParser):
    def __init__(self) -> None:
        super().__init__()
        self.ended: list[str] = []

    def handle_endtag(self, tag: str) -> None:
        self.ended.append(tag)


def assert_page_is_whole(path: Path) -> None:
    """It is HTML to its end."""
    page = _Page()
    page.feed(path.read_text("utf-8"))
    page.close()
    assert page.ended[-1] == "html", f"{path} is cut"


@dataclass(frozen=True)
class Overnight:
    """A shop before and after its catalogue changed, undisturbed.   seconds: of each stage of that run."""

    before: Shop
    after: Shop
    catalogue: Path
    former_catalogue: Path
    seconds: dict[str, float]

    def assert_shown_whole(self, shop: Shop) -> str:
        """Readers of the shop meet one of both results; which one, comes back."""
        shown = shop.rows(SHOWN)
        assert shown in (self.before.rows(SHOWN), self.after.rows(SHOWN)), "product pages show a mixture"
        old, new = self.before.files(), self.after.files()
        told = shop.files()
        assert told.sums in (old.sums, new.sums), "the manifest tells of neither result"
        for name in told.sums:
            found = read_whole_file(shop.exports / name)
            assert found in {old.sums.get(name), new.sums.get(name)}, f"{name} is of neither result"
        assert_page_is_whole(shop.warehouse / "lookbook.html")
        return "new" if shown == self.after.rows(SHOWN) else "old"

    def assert_same_result(self, shop: Shop) -> None:
        """All tables and files hold what an undisturbed run has made, and each key once."""
        expected, found = self.after.tables(), shop.tables()
        assert found.keys() == expected.keys()
        for name, rows in expected.items():
            assert_equal_rows(name, found[name], rows)
        for name, table in TABLES.items():
            if (shop.warehouse / name).exists():
                keys = read_table(shop.warehouse, name).select(list(table.key)).to_pylist()
                assert len({str(key) for key in keys}) == len(keys), f"{name} has keys twice"
        assert shop.files().sums == self.after.files().sums
        written = {path.name for path in shop.exports.iterdir()}
        assert written == {path.name for path in self.after.exports.iterdir()}
        for name, digest in shop.files().sums.items():
            assert read_whole_file(shop.exports / name) == digest


def assert_equal_rows(name: str, found: Sequence[str], expected: Sequence[str]) -> None:
    """Row for row; the first that differ are shown."""
    surplus, missing = sorted(set(found) - set(expected)), sorted(set(expected) - set(found))
    assert found == expected, f"{name}: {len(surplus)} rows too many, {len(missing)} missing\n{surplus[:3]}\n{missing[:3]}"


def overnight(spark: "SparkSession", folder: Path, seed: int) -> Overnight:
    """Make the shop, let its catalogue change and run the chain undisturbed."""
    former, catalogue = folder / "former.csv", folder / "changed.csv"
    write_sample(former, PRODUCTS, seed=seed)
    change_overnight(former, catalogue, seed)
    before = Shop(folder / "before")
    before.run_here(spark, former)
    after = before.copy(folder / "after")
    seconds = after.run_here(spark, catalogue)
    assert before.rows(SHOWN) != after.rows(SHOWN)
    return Overnight(before, after, catalogue, former, seconds)


def wait_for_line(session: Session, words: str, patience_s: float = 900) -> bool:
    """Until the run says so; False when it has ended without."""
    end = time.monotonic() + patience_s
    while words not in session.stderr.read_text("utf-8", errors="replace"):
        if not session.running:
            return words in session.stderr.read_text("utf-8", errors="replace")
        assert time.monotonic() < end, f"{words!r} was not said within {patience_s:g} s"
        time.sleep(0.05)
    return True
