"""The chain in a schema of named tables, as in Unity Catalog, and what it asks of them there."""

from collections.abc import Callable, Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path
from types import SimpleNamespace
from typing import TYPE_CHECKING, Any

import pytest
from tests.spark.test_two_writers import frame, outfits

from outfit_pairing.catalog.sample import write_sample
from outfit_pairing.catalog.source import Catalogue
from outfit_pairing.catalog.staging import _table
from outfit_pairing.errors import WarehouseError
from outfit_pairing.pipeline import run_stages
from outfit_pairing.settings import Settings
from outfit_pairing.storage import TableStore
from outfit_pairing.storage.lease import assert_not_taken_over, held_table
from outfit_pairing.storage.made_of import past_of, remember, stands, versions_of
from outfit_pairing.storage.maintenance import Wish, maintain_tables
from outfit_pairing.storage.staging import StagingPlace
from outfit_pairing.storage.tables import DRAFTED_RECOMMENDATIONS, OUTFIT_RECOMMENDATIONS, RELEASES, RUN_LEASE

if TYPE_CHECKING:
    from pyspark.sql import SparkSession

QUERY = Path(__file__).resolve().parents[2] / "resources" / "outfits_are_fresh.sql"
EASY = ("coverage=0.9", "catalogue_share=0", "largest_share=1", "from_patterns=0")


@pytest.fixture
def named(spark: "SparkSession", make_settings: Callable[..., Settings], tmp_path: Path) -> Iterator[Settings]:
    """Settings of a warehouse that is a schema."""
    spark.sql(f"CREATE SCHEMA named LOCATION '{tmp_path / 'named'}'")
    yield make_settings("storage.schema=named", "run_id=monday")
    spark.sql("DROP SCHEMA named CASCADE")


def one_each(spark: "SparkSession", *scores: float) -> Any:
    """One outfit each of the products a, b, c …"""
    return frame(spark, OUTFIT_RECOMMENDATIONS, outfits(*((one, 1, score) for one, score in zip("abc", scores, strict=False))))


def test_what_changed_is_known_and_an_earlier_version_comes_back(spark: "SparkSession", named: Settings) -> None:
    """Else all would be made anew every night, and no rollback would help."""
    store = TableStore(spark, named)
    store.merge(OUTFIT_RECOMMENDATIONS, one_each(spark, 0.1, 0.2, 0.3))
    before = store.version(OUTFIT_RECOMMENDATIONS)
    unchanged = store.changed_since(OUTFIT_RECOMMENDATIONS, before, "product_id")
    assert unchanged is not None
    assert unchanged.isEmpty()
    report = store.merge(OUTFIT_RECOMMENDATIONS, one_each(spark, 0.1, 0.4), delete_missing=True)
    assert (report.updated, report.deleted) == (1, 1)
    changed = store.changed_since(OUTFIT_RECOMMENDATIONS, before, "product_id")
    assert changed is not None
    assert sorted(row.product_id for row in changed.collect()) == ["b", "c"]
    assert store.read_version(OUTFIT_RECOMMENDATIONS, before).count() == 3
    store.restore(OUTFIT_RECOMMENDATIONS, before)
    assert store.count(OUTFIT_RECOMMENDATIONS) == 3
    kept = list(maintain_tables(spark, named, Wish(40)))
    assert [(one.table, one.done) for one in kept] == [(OUTFIT_RECOMMENDATIONS.name, ("keeps 40 days",))]


def test_what_is_put_aside_by_chunks_is_there_whole(spark: "SparkSession", named: Settings) -> None:
    """The first chunk of a run clears the place, the others are added."""
    for night in range(2):
        place = StagingPlace(spark, named, "numbers")
        for chunk in range(3):
            place.add(spark.range(chunk * 10 + night, chunk * 10 + 10))
        found = [row.id for row in place.frame("id bigint").collect()]
        assert sorted(found) == [number for number in range(30) if night == 0 or number % 10]
    place.remove()
    assert not spark.catalog.tableExists("named.staged_numbers")


def test_a_table_that_was_made_anew_is_not_taken_for_the_old_one(spark: "SparkSession", named: Settings) -> None:
    """Its versions begin again."""
    store = TableStore(spark, named)
    for table in (OUTFIT_RECOMMENDATIONS, DRAFTED_RECOMMENDATIONS):
        store.merge(table, one_each(spark, 0.1, 0.2))
    versions = versions_of(store, [DRAFTED_RECOMMENDATIONS])
    remember(store, OUTFIT_RECOMMENDATIONS, "as drafted", versions, past=None)
    past = past_of(store, OUTFIT_RECOMMENDATIONS, "as drafted")
    assert past is not None
    assert stands(store, OUTFIT_RECOMMENDATIONS, versions, past)
    spark.sql(f"DROP TABLE {store.place(DRAFTED_RECOMMENDATIONS)}")
    store.merge(DRAFTED_RECOMMENDATIONS, one_each(spark, 0.7, 0.8))
    assert versions_of(store, [DRAFTED_RECOMMENDATIONS]) == versions
    assert past_of(store, OUTFIT_RECOMMENDATIONS, "as drafted") is None


def test_a_catalogue_may_be_a_table_of_any_name() -> None:
    """Unity Catalog allows hyphens, which SQL wants quoted; no catalog that can be had here does."""
    asked: Any = SimpleNamespace(table=lambda name: name)
    assert _table(asked, Catalogue("dev-shop.raw.all-products", "delta", None)) == "`dev-shop`.`raw`.`all-products`"


def test_runs_take_turns(spark: "SparkSession", named: Settings) -> None:
    """A row of a table says who writes, since no file can be locked."""
    other = named.model_copy(update={"run_id": "tuesday"})
    with held_table(spark, named) as killed:
        assert killed is None
        assert_not_taken_over(spark, named)
        with pytest.raises(WarehouseError, match="being written by run monday"), held_table(spark, other):
            pass
    with held_table(spark, other):
        assert [row["holder"] for row in TableStore(spark, other).rows(RUN_LEASE, ("holder",))] == ["tuesday"]
    assert TableStore(spark, named).count(RUN_LEASE) == 0


@pytest.mark.slow
@pytest.mark.timeout(1800)
def test_the_chain_runs_twice_in_named_tables(
    spark: "SparkSession", make_settings: Callable[..., Settings], tmp_path: Path
) -> None:
    """The outfits are those of a folder; the second run writes nothing; no staged table is left."""
    catalogue = tmp_path / "sample.csv"
    write_sample(catalogue, products=300, seed=3)
    files = tmp_path / "files"
    common = [f"catalog.path={catalogue}", "catalog.mapping=sample", "embedding.model=hashing"]
    common += ["spark.partitions=2", *(f"quality.gates.{one}" for one in EASY)]
    named = ["storage.schema=shop", f"publish.folder={files}"]
    settings = [make_settings(*named, f"run_id=night-{night}", *common) for night in (1, 2)]
    folder = make_settings(*common, f"publish.folder={tmp_path / 'other-files'}")
    run_stages(spark, folder)
    spark.sql(f"CREATE SCHEMA shop LOCATION '{tmp_path / 'shop'}'")
    try:
        run_stages(spark, settings[0])
        store = TableStore(spark, settings[1])
        version, shown = store.version(OUTFIT_RECOMMENDATIONS), store.read(OUTFIT_RECOMMENDATIONS).count()
        assert shown > 300
        of_folder = TableStore(spark, folder).read(OUTFIT_RECOMMENDATIONS)
        of_run = [name for name in of_folder.columns if name not in {"run_id", "updated_at"}]
        found = store.read(OUTFIT_RECOMMENDATIONS)
        assert sorted(map(str, found.select(of_run).collect())) == sorted(map(str, of_folder.select(of_run).collect()))
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

    named = "IDENTIFIER('`' || :catalog || '`.`' || :schema || '`.runs')"  # Delta's parser loses named parameters
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
