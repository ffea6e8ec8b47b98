"""The whole chain on the real catalogue, with the default gates.

By the hashing encoder: its 32,000 texts take the default one longer than all else; that one encodes the sample catalogue of
`test_whole_run.py` each time, and this one with `-m slow`.
"""

import json
from pathlib import Path

import pytest

from outfit_pairing.embedding.encoders import HASHING
from tests.delta import read_table
from tests.system.command import Ended, run


@pytest.fixture(scope="module", params=[HASHING, pytest.param("all-MiniLM-L6-v2", marks=pytest.mark.slow)])
def encoder(request: pytest.FixtureRequest) -> str:
    found: str = request.param
    return found


@pytest.fixture(scope="module")
def warehouse(tmp_path_factory: pytest.TempPathFactory, encoder: str) -> Path:
    return tmp_path_factory.mktemp(f"real-{encoder}") / "warehouse"


@pytest.fixture(scope="module")
def ended(catalogue_file: Path, warehouse: Path, encoder: str) -> Ended:
    """One run; the gates of the default settings hold, else it would end with 3."""
    flags = ("--catalog", catalogue_file, "--mapping", "myntra", "--warehouse", warehouse, "--json")
    flags = (*flags, "--set", f"embedding.model={encoder}")
    found = run("run", *flags, timeout=1_800, JDK_JAVA_OPTIONS="")
    assert found.code == 0, found.stderr
    return found


@pytest.mark.timeout(2_000)
def test_every_row_of_the_real_catalogue_is_accounted_for(ended: Ended, warehouse: Path) -> None:
    """44,446 rows in = products + rejected; the 22 rows with unescaped commas are repaired, not lost."""
    stages = {stage["stage"]: stage for stage in json.loads(ended.stdout)}
    ingest = stages["ingest"]
    assert ingest["rows_in"] == 44_446 == ingest["rows_out"] + ingest["rows_rejected"]
    assert ingest["rows_rejected"] <= 25
    assert ingest["counters"]["repaired"] == 22
    assert (ingest["counters"]["unknown_article_types"], ingest["counters"]["missing_slots"]) == (0, "")
    (repaired,) = (row for row in read_table(warehouse, "products").to_pylist() if row["product_id"] == "23124")
    assert repaired["name"].count(",") == 2


def test_the_real_catalogue_is_covered_without_a_violation(ended: Ended, warehouse: Path) -> None:
    """Coverage, share from patterns, spread, variety and the audit, as measured by the quality stage."""
    rows = read_table(warehouse, "quality_metrics").to_pylist()
    metrics = {row["metric"]: row["value"] for row in rows}
    assert metrics["violations"] == 0
    assert metrics["coverage"] >= 0.999
    assert metrics["from_patterns"] >= 0.90
    assert metrics["largest_share"] <= 0.003
    assert metrics["catalogue_share"] >= 0.45
    assert metrics["different_outfits"] == 1
    assert metrics["clashes"] < 0.01


def test_anchors_stand_for_nearly_all_products(ended: Ended) -> None:
    """At least 95 % of the products have an anchor of their own sub-category, audience, usage and season."""
    stages = {stage["stage"]: stage for stage in json.loads(ended.stdout)}
    assert stages["select-anchors"]["rows_out"] == 200
    assert stages["select-anchors"]["counters"]["share_covered"] >= 0.95
