"""check-quality over real tables: figures, gates, page."""

import json
from collections.abc import Callable, Iterable, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest
from tests.unit.quality.outfits import SHOP

from outfit_pairing.errors import GateMissed, MissingTable
from outfit_pairing.quality import by_driver, counting
from outfit_pairing.quality.account import read_account
from outfit_pairing.quality.counting import gather
from outfit_pairing.quality.metrics import measure
from outfit_pairing.quality.past import last_good, past_checks
from outfit_pairing.quality.stage import report_path, run
from outfit_pairing.quality.tallies import EXAMPLES
from outfit_pairing.settings import Settings, load_settings
from outfit_pairing.storage.store import TableStore
from outfit_pairing.storage.tables import (
    ANCHOR_PRODUCTS,
    OUTFIT_PATTERNS,
    OUTFIT_RECOMMENDATIONS,
    PATTERN_REQUESTS,
    PRODUCTS,
    QUALITY_METRICS,
    REJECTED_PRODUCTS,
    RELEASES,
    RUNS,
    Table,
)

if TYPE_CHECKING:
    from pyspark.sql import SparkSession

Outfits = dict[tuple[str, int], Sequence[str]]

LOOKS: Outfits = {
    ("tee", 1): ("jeans", "shoes", "watch"),
    ("tee", 2): ("chinos", "red shoes", "belt"),
    ("tee", 3): ("jeans", "formal shoes"),
    ("shoes", 1): ("tee", "jeans", "watch"),
    ("shoes", 2): ("shirt", "chinos", "belt"),
    ("shoes", 3): ("red tee", "jeans", "bracelet"),
    ("jeans", 1): ("tee", "shoes"),
}
FAULTY: Outfits = {
    ("tee", 1): ("jeans", "shoes", "shirt"),
    ("shirt", 1): ("jeans", "lost"),
    ("gone", 1): ("tee", "jeans"),
    ("jeans", 1): (),
    ("jeans", 2): (),
    ("jeans", 3): (),
}
WORN = ("tee", "shoes", "jeans", "chinos", "shirt", "red tee", "red shoes", "formal shoes", "belt", "watch", "bracelet")


class Shop:
    """A warehouse as the stages before leave it, with gates that a small shop can pass."""

    def __init__(self, spark: "SparkSession", folder: Path, outfits: Outfits, rejected: int = 0) -> None:
        gates = ("quality.gates.coverage=0.15", "quality.gates.from_patterns=0.15", "quality.gates.rejected=0.2")
        self.settings = load_settings(overrides=[f"storage.warehouse={folder}", "run_id=run-1", *gates], environment={})
        self.spark, self.store = spark, TableStore(spark, self.settings)
        self.write(PRODUCTS, ({"product_id": name, **SHOP[name]} for name in WORN))
        self.write(OUTFIT_RECOMMENDATIONS, (_outfit(*key, items) for key, items in outfits.items()))
        refused = (
            {"source": "shop.csv", "line_number": line, "reason_code": "no_id", "reason": "no id"} for line in range(rejected)
        )
        self.write(REJECTED_PRODUCTS, refused)
        self.export("exports")

    def write(self, table: Table, rows: Iterable[dict[str, Any]]) -> None:
        """Add rows, columns that they lack being null."""
        filled = [tuple(row.get(column.name) for column in table.columns) for row in rows]
        self.store.append(table, self.spark.createDataFrame(filled, table.schema))

    def write_as(self, run_id: str, table: Table, rows: Iterable[dict[str, Any]]) -> None:
        """The same as another run."""
        store, self.store = self.store, TableStore(self.spark, self.settings.model_copy(update={"run_id": run_id}))
        self.write(table, ({"run_id": run_id, **row} for row in rows))
        self.store = store

    def export(self, place: str) -> Path:
        """The smallest exports that pass, in a folder of the warehouse."""
        folder = Path(self.settings.storage.warehouse) / place
        folder.mkdir(parents=True)
        (folder / "pattern_recs_00000.json").write_bytes(b"[" + b" " * 2_000 + b"]")
        told = {"files": [{"name": "pattern_recs_00000.json", "bytes": 2_002}]}
        (folder / "manifest.json").write_text(json.dumps(told), "utf-8")
        return folder

    def metrics(self) -> dict[str, Any]:
        """What the run left in the table."""
        rows = self.store.read(QUALITY_METRICS).where(f"run_id = '{self.settings.run_id}'").collect()
        return {row["metric"]: row for row in rows}

    def page(self) -> str:
        """The report page."""
        path = report_path(self.settings)
        assert path is not None
        return path.read_text("utf-8")


def _outfit(product: str, rank: int, items: Sequence[str]) -> dict[str, Any]:
    offered = [(SHOP[item]["slot"] if item in SHOP else "top", item, 0.8, ["why not"]) for item in items]
    facts = {"source": "pattern_based", "occasion": f"day {rank}", "score": 0.75, "items": offered}
    return {"product_id": product, "rank": rank, **facts}


@pytest.fixture(scope="module")
def good_shop(spark: "SparkSession", tmp_path_factory: pytest.TempPathFactory) -> Shop:
    """Good outfits, and two rows that ingest refused."""
    return Shop(spark, tmp_path_factory.mktemp("good"), LOOKS, rejected=2)


def test_good_outfits_pass_and_leave_figures_and_page(good_shop: Shop, spark: "SparkSession") -> None:
    """The report counts outfits, the table holds every figure against its gate, the page lies in the warehouse."""
    report = run(spark, good_shop.settings)
    assert (report.stage, report.rows_in, report.counters["violations"]) == ("check-quality", 7, 0)
    found = good_shop.metrics()
    assert report.rows_out == len(found)
    assert (found["violations"]["value"], found["violations"]["threshold"], found["violations"]["passed"]) == (0, 0, True)
    assert found["coverage"]["value"] == pytest.approx(2 / 11)
    assert (found["products_with_3_outfits"]["value"], found["products_with_1_outfits"]["value"]) == (2, 1)
    assert (found["mean_score"]["value"], found["mean_score"]["passed"]) == (pytest.approx(0.75), None)
    assert (found["rows_in"]["value"], found["rejected"]["value"]) == (13, pytest.approx(2 / 13))
    assert found["filled_slots"]["value"] == 19
    assert found["largest_share"]["detail"].startswith("product jeans (Jeans) in 4 of 19 filled slots; not judged")
    assert "All gates that apply are passed." in good_shop.page()


def test_the_same_figures_for_any_partitioning_and_in_a_later_run(
    good_shop: Shop, spark: "SparkSession", monkeypatch: pytest.MonkeyPatch
) -> None:
    """However Spark cuts the catalogue; a check alone still knows what the last ingest refused."""
    monkeypatch.setattr(counting, "counted_by_driver", lambda *_: None)
    parts = good_shop.settings.spark.model_copy(update={"partitions": 7})
    later = good_shop.settings.model_copy(update={"run_id": "run-2", "spark": parts})
    assert measure(gather(spark, later)) == measure(gather(spark, good_shop.settings))


def evidence_of(spark: "SparkSession", settings: Settings) -> tuple[object, ...]:
    """All that is counted, in an order that means nothing; counts of nothing left out."""
    found = gather(spark, settings)
    return set(found.cells), set(found.groups), +found.tallies, found.rejected


def test_the_driver_knows_the_past_that_spark_knows(spark: "SparkSession", tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Earlier checks, the last good one after a rollback, what the run took."""
    shop = Shop(spark, tmp_path, LOOKS, rejected=1)
    for run_id, passed in (("old", True), ("bad", False), ("new", True)):
        told = {"metric": "coverage", "value": 0.9, "passed": passed}
        shop.write_as(run_id, QUALITY_METRICS, [told, told | {"metric": "outfits", "value": 7.0, "passed": None}])
        shop.write_as(run_id, RUNS, [{"stage": one, "seconds": 2.5} for one in ("ingest", "embed")])
    shop.write(RELEASES, [{"number": 1, "kind": "checked", "shown_run_id": "old"}])
    shop.write(ANCHOR_PRODUCTS, [{"product_id": "tee", "rank": 1}])
    pattern = {"anchor_product_id": "tee", "provider": "style_guide"}
    shop.write(OUTFIT_PATTERNS, [{"pattern_id": str(one), **pattern} for one in range(4)])
    shop.write(PATTERN_REQUESTS, [{"request_hash": "1", "attempt": 1, "provider": "openai", "prompt_tokens": 7, "cost": 0.5}])

    def known(run_id: str) -> list[Any]:
        settings = shop.settings.model_copy(update={"run_id": run_id})
        store = TableStore(spark, settings)
        past = past_checks(store)
        return [past, last_good(store, past), last_good(store, past[:2]), read_account(store)]

    before = known("run-1")
    shop.write(RELEASES, [{"number": 2, "kind": "rollback", "shown_run_id": "old"}])
    here = [known("run-1"), known("later")]
    assert [one[1].run_id for one in (before, *here)] == ["new", "old", "old"]
    monkeypatch.setattr(TableStore, "here", None)
    assert [known("run-1"), known("later")] == here


@pytest.mark.parametrize("outfits", [LOOKS, FAULTY, {}, {("tee", 1): ()}], ids=["good", "faulty", "none", "empty"])
def test_the_driver_counts_what_spark_counts(
    spark: "SparkSession", tmp_path: Path, outfits: Outfits, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Cells, groups, tallies and examples, in one part or in several."""
    shop = Shop(spark, tmp_path, outfits, rejected=1)
    unsaid = {"product_id": "jeans", "rank": 9, "source": "rule_based", "items": [("top", "tee", None, None)]}
    shop.write(OUTFIT_RECOMMENDATIONS, [unsaid, unsaid | {"product_id": "chinos", "items": None}])
    found = [evidence_of(spark, shop.settings)]
    monkeypatch.setattr(by_driver, "BATCH_OUTFITS", 2)
    found.append(evidence_of(spark, shop.settings))
    monkeypatch.setattr(counting, "counted_by_driver", lambda *_: None)
    assert found == [evidence_of(spark, shop.settings)] * 2


def test_a_missed_gate_stops_the_run_after_its_figures_are_written(spark: "SparkSession", tmp_path: Path) -> None:
    """A slot taken twice, items and products that are gone, and empty outfits are found; table and page say where."""
    shop = Shop(spark, tmp_path, FAULTY)
    with pytest.raises(GateMissed) as missed:
        run(spark, shop.settings)
    assert "violations 3, at most 0 (rule 3: 1, rule 8: 2)" in str(missed.value)
    assert "empty_outfits 3, at most 0" in str(missed.value)
    assert "coverage 0, at least 0.15" in str(missed.value)
    assert shop.metrics()["violations"]["passed"] is False
    assert "one slot taken twice: tee, shirt" in shop.page()
    assert "not in the catalogue: gone" in shop.page()


def test_an_empty_result_is_a_missed_gate(spark: "SparkSession", tmp_path: Path) -> None:
    """No outfits is no success."""
    with pytest.raises(GateMissed, match="outfits 0, at least 1"):
        run(spark, Shop(spark, tmp_path, {}).settings)


def test_a_stage_too_early_says_which_to_run(spark: "SparkSession", make_settings: Callable[..., Settings]) -> None:
    """Nothing published is an input error, not a missed gate."""
    with pytest.raises(MissingTable, match="run `outfit-pairing"):
        run(spark, make_settings())


def test_each_missed_gate_names_rows_to_look_at(spark: "SparkSession", tmp_path: Path) -> None:
    """Products with article type and what is wrong, lines that were refused, files, in the table and on the page."""
    shop = Shop(spark, tmp_path, FAULTY, rejected=12)
    (shop.export("exports/.next") / "pattern_recs_00000.json").write_bytes(b"[]")
    shop.write(OUTFIT_PATTERNS, [{"pattern_id": "p", "anchor_product_id": "tee", "provider": "style_guide"}])
    shop.write(ANCHOR_PRODUCTS, [{"product_id": name} for name in ("tee", "jeans")])
    with pytest.raises(GateMissed) as missed:
        run(spark, shop.settings)
    told = {name: row["detail"] for name, row in shop.metrics().items() if row["passed"] is False}
    assert "belt (Belts): 0 outfits, 3 to 5 are wanted | bracelet (Bracelet)" in told["coverage"]
    assert told["coverage"].count(" | ") == 9
    assert "tee (Tshirts): outfit 1 breaks rule 3: one slot taken twice: tee, shirt" in told["violations"]
    assert "jeans (Jeans): outfit 1 has no item" in told["empty_outfits"]
    assert "line 0: no_id: no id | line 1" in told["rejected"]
    assert told["rejected"].count(" | ") == 9
    assert "jeans (Jeans): 0 of 8 patterns | tee (Tshirts): 1 of 8 patterns" in told["pattern_yield"]
    assert "pattern_recs_00000.json: 2 bytes, at least 1,025 are wanted" in told["smallest_file"]
    assert "pattern_recs_00000.json has 2 bytes, the manifest says 2,002 bytes" in told["cut_files"]
    assert missed.value.figures["coverage"] == 0
    with pytest.raises(GateMissed):
        run(spark, shop.settings.model_copy(update={"run_id": "later"}))  # the same rows, refused the night before
    later = TableStore(spark, shop.settings).rows_of(QUALITY_METRICS, ("metric", "detail"), "run_id", ["later"])
    assert {row["metric"]: row["detail"] for row in later}["rejected"] == told["rejected"]
    assert "<td><code>line 3</code></td><td>no_id: no id</td>" in shop.page()
    assert "<td><code>belt</code></td><td>Belts</td><td>0 outfits, 3 to 5 are wanted</td>" in shop.page()


def test_examples_are_few_however_much_is_wrong(spark: "SparkSession", tmp_path: Path) -> None:
    """Of a thousand violations the driver is told the first."""
    many = {(f"gone {number:04}", 1): ("lost",) for number in range(1_000)}
    evidence = gather(spark, Shop(spark, tmp_path, many).settings)
    assert evidence.tallies["violations", "8"] == 1_000
    assert [one["product_id"] for one in evidence.examples] == [f"gone {number:04}" for number in range(EXAMPLES)]
