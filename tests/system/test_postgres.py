"""A release in a real Postgres: whole or not at all, with no more rights than its own schema, and quick to take back."""

import random
from collections.abc import Callable, Iterator
from typing import TYPE_CHECKING, Any

import pytest
from tests.postgres import PASSWORD, Postgres, running
from tests.shop_window import fill, pair, stock

from outfit_pairing.errors import PostgresBehind
from outfit_pairing.pipeline import run_stages
from outfit_pairing.publishing import postgres as sending
from outfit_pairing.publishing.release import roll_back
from outfit_pairing.settings import Settings
from outfit_pairing.storage import TableStore
from outfit_pairing.storage.tables import OUTFIT_RECOMMENDATIONS, PATTERN_RECOMMENDATIONS, PRODUCTS

if TYPE_CHECKING:
    from pyspark.sql import SparkSession


@pytest.fixture(scope="module")
def server() -> Iterator[Postgres]:
    yield from running()


@pytest.fixture
def postgres(server: Postgres, monkeypatch: pytest.MonkeyPatch) -> Postgres:
    """An empty database; the password is in the environment."""
    monkeypatch.setenv("PGPASSWORD", PASSWORD)
    server.new_database()
    return server


@pytest.fixture
def shop(make_settings: Callable[..., Settings], postgres: Postgres) -> Settings:
    return make_settings("spark.partitions=2", f"publish.postgres={postgres.url()}")


def of_run(settings: Settings, run_id: str, **changes: Any) -> Settings:
    return settings.model_copy(update={"run_id": run_id, **changes})


def night(spark: "SparkSession", settings: Settings, run_id: str) -> dict[str, Any]:
    """What is drafted is released; what the release says."""
    run_stages(spark, of_run(settings, run_id), ["publish"])
    reports = run_stages(spark, of_run(settings, run_id), ["release"])
    return dict(reports[-1].counters)


SIDED = {"products": "product_id", "outfit_recommendations": "product_id, rank", "products_without_outfits": "product_id"}


def held(postgres: Postgres, name: str) -> list[tuple[Any, ...]]:
    """Rows that a reader meets."""
    with postgres.connect() as owner:
        return owner.execute(f"SELECT * FROM outfit_pairing.{name} ORDER BY {SIDED.get(name, 1)}").fetchall()


def everything(postgres: Postgres) -> dict[str, list[tuple[Any, ...]]]:
    return {name: held(postgres, name) for name in SIDED}


def test_a_release_is_sent_whole(spark: "SparkSession", shop: Settings, postgres: Postgres) -> None:
    """Rows are those of the tables, also nested ones."""
    stock(spark, shop)
    pair(spark, shop, 0)
    counters = night(spark, shop, "monday")
    print(counters)
    store = TableStore(spark, shop)
    rows = {(row["product_id"], row["rank"]): row for row in store.read(OUTFIT_RECOMMENDATIONS).collect()}
    with postgres.connect() as owner:
        found = owner.execute("SELECT product_id, rank, outfit_id, score, items FROM outfit_pairing.outfit_recommendations").fetchall()
        release = owner.execute("SELECT number, run_id, products, outfits FROM outfit_pairing.release").fetchall()
    assert len(found) == len(rows) == 108
    for product_id, rank, outfit_id, score, items in found:
        row = rows[product_id, rank]
        assert (outfit_id, score) == (row["outfit_id"], row["score"])
        assert items == [item.asDict() for item in row["items"]]
    assert release == [(1, "monday", 36, 108)]
    assert len(held(postgres, "products")) == 36
