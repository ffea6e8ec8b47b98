"""The whole chain on a sample catalogue, as `make demo` runs it, and what its users read afterwards."""

import csv
import gzip
import json
import re
import shutil
from collections import Counter
from collections.abc import Callable
from itertools import combinations
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np
import pyarrow.compute as pc
import pytest
from benchmarks.small_change import data_files
from deltalake import DeltaTable

from outfit_pairing.cli import main
from outfit_pairing.embedding.encoders import encoder_name
from outfit_pairing.pairing import by_lookbook, by_patterns, by_rules
from outfit_pairing.settings import load_settings
from outfit_pairing.storage.tables import TABLES
from outfit_pairing.style.lookbook_model import LookbookModel, model_bytes, ordered
from outfit_pairing.style.normalise import key
from tests.delta import read_table
from tests.system.command import REPOSITORY, Ended, run

if TYPE_CHECKING:
    from pyspark.sql import SparkSession

PRODUCTS = 2_000
DEMO = ("--mapping", "sample", "--config", REPOSITORY / "conf" / "demo.yaml")


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tmp_path_factory.mktemp("demo")


@pytest.fixture(scope="module")
def catalogue(folder: Path) -> Path:
    path = folder / "sample.csv.gz"
    looks = ("--lookbook", folder / "lookbook.jsonl")
    assert run("sample", "--products", PRODUCTS, "--seed", 1, "--out", path, *looks).code == 0
    return path


@pytest.fixture(scope="module")
def looks(folder: Path, catalogue: Path) -> tuple[str, Path]:
    """The flag that names the made-up lookbook."""
    return "--lookbook", folder / "lookbook.jsonl"


@pytest.fixture(scope="module")
def first(folder: Path, catalogue: Path, looks: tuple[str, Path]) -> Ended:
    """The first run of the chain."""
    ended = run("run", "--catalog", catalogue, *looks, *DEMO, "--warehouse", folder / "warehouse", "--json")
    assert ended.code == 0, ended.stderr
    return ended


@pytest.fixture(scope="module")
def warehouse(folder: Path, first: Ended) -> Path:
    return folder / "warehouse"


def rows(warehouse: Path, table: str) -> list[dict]:
    return read_table(warehouse, table).to_pylist()


def outfits(warehouse: Path, table: str = "outfit_recommendations") -> list[tuple]:
    """All rows without audit columns, in key order."""
    plain = ("product_id", "rank", "outfit_id", "source", "pattern_id", "occasion", "score", "confidence")
    found = [(*(row[name] for name in plain), json.dumps(row["items"])) for row in rows(warehouse, table)]
    return sorted(found, key=lambda row: (row[0], row[1]))


def test_every_row_is_accounted_for(warehouse: Path, first: Ended) -> None:
    """Rows in = products + rejected, and the stage table says so."""
    ingest = json.loads(first.stdout)[0]
    assert ingest["rows_in"] == PRODUCTS == ingest["rows_out"] + ingest["rows_rejected"]
    assert len(rows(warehouse, "products")) == ingest["rows_out"]


def test_any_delta_reader_opens_every_table(warehouse: Path, first: Ended) -> None:
    """The tables hold what the stages reported, under another reader, with comments and keys."""
    reported = {stage["stage"]: stage["rows_out"] for stage in json.loads(first.stdout)}
    counted = {name: read_table(warehouse, name).num_rows for name in TABLES if (warehouse / name).exists()}
    # nothing was refused, no page was shown, and a folder is held by a lock
    assert set(TABLES) - set(counted) <= {"rejected_products", "feedback", "run_lease"}
    assert counted["outfit_recommendations"] == reported["publish"]
    assert counted["anchor_products"] == reported["select-anchors"]
    assert counted["outfit_patterns"] == reported["generate-patterns"]
    assert counted["runs"] == len(reported)
    assert DeltaTable(str(warehouse / "products")).metadata().description


def test_products_have_three_to_five_outfits_with_reasons(warehouse: Path) -> None:
    """Coverage as the gates demand it; every item gives reasons; the audit found nothing."""
    metrics = {row["metric"]: row for row in rows(warehouse, "quality_metrics")}
    assert metrics["coverage"]["value"] >= 0.99
    assert metrics["violations"]["value"] == 0
    assert all(item["reasons"] for row in rows(warehouse, "outfit_recommendations") for item in row["items"])
    table = read_table(warehouse, "outfit_recommendations")
    assert pc.max(table["rank"]).as_py() <= 5


def test_exports_are_whole(warehouse: Path) -> None:
    """No file of two bytes: each over 1 KB, readable, and the lookbook page stands by itself."""
    exports = sorted((warehouse / "exports").glob("*.json"))
    names = {path.name for path in exports}
    assert {"anchor_products.json", "outfit_patterns.json", "pattern_recs_00000.json"} <= names
    for path in exports:
        assert json.loads(path.read_text("utf-8"))
        if path.name.startswith(("anchor_products", "outfit_patterns", "pattern_recs")):
            assert path.stat().st_size > 1_024
    page = (warehouse / "lookbook.html").read_text("utf-8")
    assert "http://" not in page.replace("http://www.w3.org", "")


def test_looks_of_stylists_are_shown_first(warehouse: Path, looks: tuple[str, Path]) -> None:
    """Each product of a look begins with a look; other colours get it too; metrics tell the share of each source."""
    found = rows(warehouse, "outfit_recommendations")
    best = {row["product_id"]: row["source"] for row in found if row["rank"] == 1}
    items = {item for line in looks[1].read_text("utf-8").splitlines() for item in json.loads(line)["items"]}
    assert items
    assert {best[item] for item in items} == {"lookbook_curated"}
    share = {row["metric"]: row["value"] for row in rows(warehouse, "quality_metrics") if row["metric"].startswith("share_")}
    assert sum(share.values()) == pytest.approx(1)
    assert share["share_lookbook_curated"] > share["share_lookbook_algorithmic"] > 0


@pytest.fixture
def here(spark: "SparkSession", capsys: pytest.CaptureFixture[str], caplog: pytest.LogCaptureFixture) -> Callable[..., Ended]:
    """The command in this process, with the session that is there: no JVM to start."""

    def command(*arguments: object) -> Ended:
        caplog.clear()
        with caplog.at_level("INFO"):
            code = main([str(argument) for argument in arguments])
        return Ended(code, capsys.readouterr().out, caplog.text)

    return command


def test_a_second_run_rewrites_nothing(
    warehouse: Path, catalogue: Path, looks: tuple[str, Path], here: Callable[..., Ended]
) -> None:
    """Same catalogue: no data file is new, the same outfits lie there, and the run says so."""
    before, files = outfits(warehouse), data_files(warehouse)
    versions = {name: rows(warehouse, name) for name in ("products", "outfit_patterns", "anchor_products")}
    ended = here("run", "--catalog", catalogue, *looks, *DEMO, "--warehouse", warehouse)
    assert ended.code == 0, ended.stderr
    assert "no row was rewritten" in ended.stdout
    assert outfits(warehouse) == before
    assert data_files(warehouse) == files
    for name, found in versions.items():
        key = TABLES[name].key[0]
        again = {row[key]: row["updated_at"] for row in rows(warehouse, name)}
        assert again == {row[key]: row["updated_at"] for row in found}


def test_partitions_do_not_change_the_outfits(
    warehouse: Path, folder: Path, looks: tuple[str, Path], spark: "SparkSession"
) -> None:
    """From the same vectors, 7 partitions give the recommendations that 4 gave, bit for bit; patterns are applied by the literal
    `spark-submit jobs/apply_patterns.py`, in the activated environment.
    """
    copy = folder / "warehouse-7"
    shutil.copytree(warehouse, copy)
    tables = ("lookbook_recommendations", "pattern_recommendations", "rule_recommendations")
    for table in tables:
        shutil.rmtree(copy / table)
    settings = load_settings(overrides=[f"storage.warehouse={copy}", "spark.partitions=7", f"lookbook.path={looks[1]}"])
    by_lookbook.run(spark, settings)
    flags = ("--warehouse", copy, "--set", "spark.partitions=7")
    ended = run(REPOSITORY / "jobs" / "apply_patterns.py", *flags, program="spark-submit")
    assert ended.code == 0, ended.stderr
    assert "apply-patterns" in ended.stdout
    by_rules.run(spark, settings)
    for table in tables:
        assert outfits(copy, table) == outfits(warehouse, table)


def test_what_a_shop_has_taught_moves_its_outfits(warehouse: Path, folder: Path, spark: "SparkSession") -> None:
    """Stylists who love two kinds together see them together more often; the coverage stays."""
    kinds = {row["product_id"]: row["article_type"] for row in rows(warehouse, "products")}

    def pairs(where: Path) -> Counter[tuple[str, str]]:
        found = rows(where, "pattern_recommendations")
        worn = [[kinds[row["product_id"]], *(kinds[item["product_id"]] for item in row["items"])] for row in found]
        return Counter(ordered(key(a), key(b)) for some in worn for a, b in combinations(some, 2))

    before = pairs(warehouse)
    loved, hated = (pair for pair, _ in before.most_common(2))
    model = LookbookModel(
        kinds={loved: 2.5, hated: -2.5},
        colours={},
        items={},
        directions=np.zeros((0, 384), np.float32),
        strengths=np.zeros(0, np.float32),
        weights={"kinds": 6.0, "colours": 0.0, "styles": 0.0, "items": 0.0},
        encoder=encoder_name(load_settings(environment={}).embedding),
    )
    (folder / "taught.npz").write_bytes(model_bytes(model))
    taught = folder / "warehouse-taught"
    shutil.copytree(warehouse, taught)
    by_patterns.run(spark, load_settings(overrides=[f"storage.warehouse={taught}", f"style.model={folder / 'taught.npz'}"]))
    after = pairs(taught)
    assert after[loved] > 1.02 * before[loved]
    assert after[hated] < 0.98 * before[hated]
    covered = [{row["product_id"] for row in rows(one, "pattern_recommendations")} for one in (warehouse, taught)]
    assert covered[0] == covered[1]


def test_outfits_are_shown_in_the_terminal(warehouse: Path) -> None:
    """Twenty outfits to read aloud, by a command."""
    twenty = run("show-outfits", "--count", 20, "--seed", 7, "--warehouse", warehouse)
    assert (twenty.code, len(re.findall(r"^ *\d+\. \w+ \|", twenty.stdout, re.MULTILINE))) == (0, 20)


def test_outfits_are_explained_in_the_terminal(warehouse: Path, here: Callable[..., Ended]) -> None:
    """`explain` reads the published table; an unknown id is one line."""
    product_id = rows(warehouse, "outfit_recommendations")[0]["product_id"]
    explained = here("explain", product_id, "--warehouse", warehouse)
    assert (explained.code, product_id in explained.stdout) == (0, True)
    shown = json.loads(here("explain", product_id, "--warehouse", warehouse, "--json").stdout)
    assert shown["product"]["product_id"] == product_id
    assert len(shown["outfits"]) >= 1
    assert here("explain", "no-such-product", "--warehouse", warehouse).code == 2


def test_the_lookbook_is_written_by_a_command(warehouse: Path, folder: Path, here: Callable[..., Ended]) -> None:
    """Sixty products after a run, with the figures of its check; fewer where asked, as a file that stands alone."""
    page = (warehouse / "lookbook.html").read_text("utf-8")
    assert page.count("<article") == 60
    assert re.search(r"All \d+ gates met", page)
    assert "Outfits have changed since" not in page
    assert len(page.encode()) < 1_500_000
    shown = here("lookbook", "--warehouse", warehouse, "--out", folder / "few.html", "--products", 12, "--seed", 5, "--json")
    assert (shown.code, json.loads(shown.stdout)["products"]) == (0, 12)
    few = (folder / "few.html").read_text("utf-8")
    assert few.count("<article") == 12
    assert {"Pattern", "Style rules"} == set(re.findall(r'data-said="(Pattern|Style rules)"', few))


def test_a_missed_gate_ends_with_three(warehouse: Path, here: Callable[..., Ended]) -> None:
    """A gate that cannot be met fails the run by its exit code and names the gate."""
    gates = ("catalogue_share=1", "least_products=1")
    ended = here(
        "check-quality", "--warehouse", warehouse, *(part for gate in gates for part in ("--set", f"quality.gates.{gate}"))
    )
    assert ended.code == 3, ended.stderr
    assert "catalogue_share" in ended.stderr


@pytest.mark.slow
def test_a_catalogue_without_footwear_runs_and_says_so(folder: Path, catalogue: Path, here: Callable[..., Ended]) -> None:
    """What is missing is named; products still get outfits from what there is."""
    bare = folder / "no_footwear.csv"
    with gzip.open(catalogue, "rt", newline="") as source, bare.open("w", newline="") as target:
        reader = csv.DictReader(source)
        writer = csv.DictWriter(target, reader.fieldnames or ())
        writer.writeheader()
        writer.writerows(row for row in reader if row["department"] != "Footwear")
    ended = here(
        "run", "--catalog", bare, "--mapping", "sample", "--warehouse", folder / "bare",
        "--set", "embedding.model=hashing", "--set", "quality.gates.coverage=0", "--set", "quality.gates.from_patterns=0",
    )  # fmt: skip
    assert ended.code == 0, ended.stderr
    assert "footwear" in ended.stderr + ended.stdout
    assert len(outfits(folder / "bare")) > 0
