"""The chain in a schema of named tables, as in Unity Catalog: nothing but the place of its tables differs."""

from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from outfit_pairing.catalog.sample import write_sample
from outfit_pairing.pipeline import run_stages
from outfit_pairing.settings import Settings
from outfit_pairing.storage import TableStore
from outfit_pairing.storage.tables import OUTFIT_RECOMMENDATIONS, RELEASES

if TYPE_CHECKING:
    from pyspark.sql import SparkSession

QUERY = Path(__file__).resolve().parents[2] / "resources" / "outfits_are_fresh.sql"
EASY = ("coverage=0.9", "catalogue_share=0", "largest_share=1", "from_patterns=0")


@pytest.mark.slow
def test_the_chain_runs_twice_in_named_tables(
    spark: "SparkSession", make_settings: Callable[..., Settings], tmp_path: Path
) -> None:
    """The second run writes nothing; no staged table is left."""
    catalogue = tmp_path / "sample.csv"
    write_sample(catalogue, products=300, seed=3)
    files = tmp_path / "files"
    gates = [f"quality.gates.{one}" for one in EASY]
    settings = [
        make_settings(
            "storage.schema=shop", f"run_id=night-{night}", f"publish.folder={files}", f"catalog.path={catalogue}",
            "catalog.mapping=sample", "embedding.model=hashing", "spark.partitions=2", *gates,
        )
        for night in (1, 2)
    ]  # fmt: skip
    spark.sql(f"CREATE SCHEMA shop LOCATION '{tmp_path / 'shop'}'")
    try:
        run_stages(spark, settings[0])
        store = TableStore(spark, settings[1])
        version, shown = store.version(OUTFIT_RECOMMENDATIONS), store.read(OUTFIT_RECOMMENDATIONS).count()
        assert shown > 300
        run_stages(spark, settings[1])
        assert store.version(OUTFIT_RECOMMENDATIONS) == version
        assert store.read(RELEASES).count() == 1
        assert (files / "manifest.json").is_file()
        assert not [row.tableName for row in spark.sql("SHOW TABLES IN shop").collect() if row.tableName.startswith("staged_")]
    finally:
        spark.sql("DROP SCHEMA shop CASCADE")


def test_outfits_are_fresh_only_by_a_run_that_made_them(spark: "SparkSession", tmp_path: Path) -> None:
    """The daily check releases what stands, too, so that its own run must not hide a chain that has stopped."""

    def fresh(*runs: tuple[str, str, str, int]) -> bool:
        rows = [(run_id, stage, status, datetime.now(UTC) - timedelta(days=days)) for run_id, stage, status, days in runs]
        told = spark.createDataFrame(rows, "run_id string, stage string, status string, started_at timestamp")
        told.write.mode("overwrite").saveAsTable("watched.runs")
        try:
            spark.sql(query).collect()
        except Exception as fault:
            if "USER_RAISED_EXCEPTION" not in str(fault):
                raise
            return False
        return True

    named = "IDENTIFIER(:catalog || '.' || :schema || '.runs')"  # Delta's parser loses named parameters
    query = QUERY.read_text("utf-8").replace(named, "watched.runs")
    assert named not in query
    assert "watched.runs" in query
    made = [("night", "publish", "done", 1), ("night", "release", "done", 1)]
    spark.sql(f"CREATE SCHEMA watched LOCATION '{tmp_path / 'watched'}'")
    try:
        assert not fresh()
        assert fresh(*made)
        assert not fresh(*[(run_id, stage, status, 3) for run_id, stage, status, _ in made])
        assert not fresh(("check", "release", "done", 0), *[(run_id, stage, status, 3) for run_id, stage, status, _ in made])
        assert not fresh(made[0], ("night", "check-quality", "gate missed", 1))
        assert not fresh(made[0], ("night", "release", "failed", 0))
        assert not fresh(("night", "publish", "failed", 1), made[1])
    finally:
        spark.sql("DROP SCHEMA watched CASCADE")
