"""A release in a real Postgres: whole or not at all, with no more rights than its own schema, and quick to take back.

tests/system/test_postgres_sending.py has many more releases, and readers beside them, without a JVM.
"""

import random
from collections.abc import Callable, Iterator
from typing import TYPE_CHECKING, Any

import pytest

from outfit_pairing.errors import PostgresBehind
from outfit_pairing.pipeline import run_stages
from outfit_pairing.publishing import postgres as sending
from outfit_pairing.publishing.figures import published_figures
from outfit_pairing.publishing.release import roll_back
from outfit_pairing.settings import Settings
from outfit_pairing.storage import TableStore
from outfit_pairing.storage.tables import OUTFIT_RECOMMENDATIONS, PRODUCTS, QUALITY_METRICS, RELEASES
from tests.postgres import Postgres
from tests.shop_window import fill, pair, stock

if TYPE_CHECKING:
    from pyspark.sql import SparkSession

KEYS = {"products": "product_id", "outfit_recommendations": "product_id, rank", "products_without_outfits": "product_id"}
HOSTILE = ["o'; DROP TABLE products; --", 'say "no"', "back\\slash\ttab\nline", "👗 sari {0} %s $1", "\\N", "0042"]


@pytest.fixture
def shop(make_settings: Callable[..., Settings], postgres: Postgres) -> Settings:
    return make_settings("spark.partitions=2", f"publish.postgres={postgres.url()}")


def of_run(settings: Settings, run_id: str) -> Settings:
    return settings.model_copy(update={"run_id": run_id})


def item(product_id: str, slot: str = "bottom", score: float = 0.5) -> dict[str, Any]:
    return {"slot": slot, "product_id": product_id, "score": score, "reasons": ["goes with it"]}


def outfits(owners: list[str], items: list[str], mark: str) -> list[dict[str, Any]]:
    """Three outfits of each product, which tell by `mark` which release they are of."""
    return [
        {"product_id": own, "rank": rank, "outfit_id": f"{mark}:{own}:{rank}", "source": "rule_based", "occasion": "work",
         "pattern_name": f"{own}'s day", "score": 0.1 + rank / 7, "confidence": 1 / 3,
         "items": [item(one) for one in items[rank : rank + 2]]}
        for own in owners
        for rank in (1, 2, 3)
    ]  # fmt: skip


def catalogue(ids: list[str], **other: Any) -> list[dict[str, Any]]:
    plain = {"audience": "men", "article_type": "Shirts", "slot": "top", "colour": "black", "usage": "casual", "in_stock": True}
    return [{"product_id": one, "name": f"Shirt {one}", "price": 12.5, "currency": "EUR", **plain, **other} for one in ids]


def show(
    spark: "SparkSession", settings: Settings, run_id: str, products: list[dict[str, Any]], offered: list[dict[str, Any]]
) -> dict[str, Any]:
    """Write tables and release them, without the stages before; what Postgres was sent."""
    settings = of_run(settings, run_id)
    store = TableStore(spark, settings)
    fill(spark, settings, PRODUCTS, products)
    fill(spark, settings, OUTFIT_RECOMMENDATIONS, offered)
    figures = published_figures(store)
    number = store.read(RELEASES).count() + 1 if store.exists(RELEASES) else 1
    row = (number, run_id, store.version(OUTFIT_RECOMMENDATIONS), "checked", figures.products, figures.outfits, None)
    store.append(RELEASES, spark.createDataFrame([row], RELEASES.schema))
    return dict(sending.follow_release(store, figures))


def everything(postgres: Postgres, schema: str = "outfit_pairing") -> dict[str, list[tuple[Any, ...]]]:
    """What readers meet, in the order of the keys."""
    with postgres.connect() as owner:
        return {name: owner.execute(f"SELECT * FROM {schema}.{name} ORDER BY {key}").fetchall() for name, key in KEYS.items()}


def marks(postgres: Postgres) -> set[str]:
    """Which release's outfits are shown."""
    with postgres.connect() as owner:
        rows = owner.execute("SELECT DISTINCT split_part(outfit_id, ':', 1) FROM outfit_pairing.outfit_recommendations")
        return {row[0] for row in rows}


def release_shown(postgres: Postgres) -> tuple[Any, ...] | None:
    with postgres.connect() as owner:
        return owner.execute("SELECT number, run_id, products, outfits FROM outfit_pairing.release").fetchone()


@pytest.mark.parametrize("reader", ["driver", "workers"])
def test_what_the_stages_release_is_sent_whole(
    spark: "SparkSession", shop: Settings, postgres: Postgres, monkeypatch: pytest.MonkeyPatch, reader: str
) -> None:
    """At the first publish, by a role that may write its schema and nothing else; rows are those of the tables."""
    stock(spark, shop)
    pair(spark, shop, 0)
    if reader == "workers":
        monkeypatch.setattr(TableStore, "here", None)
    (report,) = run_stages(spark, of_run(shop, "monday"), ["publish"])
    assert (report.counters["postgres"], report.counters["postgres_rows"]) == ("all rows", 36 + 108)
    rows = {(row["product_id"], row["rank"]): row for row in TableStore(spark, shop).read(OUTFIT_RECOMMENDATIONS).collect()}
    with postgres.connect() as owner:
        query = "SELECT product_id, rank, outfit_id, score, items, updated_at FROM outfit_pairing.outfit_recommendations"
        found = owner.execute(query).fetchall()
        pairs = owner.execute("SELECT count(*) FROM outfit_pairing.recommended_pairs").fetchone()
    assert {(one[0], one[1]) for one in found} == rows.keys()
    for product_id, rank, outfit_id, score, items, updated_at in found:
        row = rows[product_id, rank]
        assert (outfit_id, score, items) == (row["outfit_id"], row["score"], [one.asDict() for one in row["items"]])
        assert updated_at.timestamp() == row["updated_at"].timestamp()
    assert release_shown(postgres) == (1, "monday", 36, 108)
    assert pairs == (len({(key[0], one["product_id"]) for key, row in rows.items() for one in row["items"]}),)


@pytest.mark.slow  # test_postgres_sending.py has many more nights, without Spark
def test_differences_end_in_what_a_full_send_gives(
    spark: "SparkSession", shop: Settings, postgres: Postgres, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Two nights of changes, one for each side; then a schema of its own is sent everything, read by Spark's workers."""
    draw = random.Random(11)
    ids = [f"p{number:02}" for number in range(60)]
    products = {row["product_id"]: row for row in catalogue([*ids, *HOSTILE])}
    offered = {own: outfits([own], ids, "start") for own in products}
    show(spark, shop, "start", list(products.values()), [row for some in offered.values() for row in some])
    ways = []
    for night in range(2):
        gone, changed, sold = draw.sample(sorted(products), 3)
        del products[gone], offered[gone]
        new = f"new '{night}'"
        products[new], offered[new] = catalogue([new])[0], outfits([new], ids, f"night{night}")
        if changed in offered:
            offered[changed] = outfits([changed], ids[night:], f"night{night}")[: draw.randrange(4)]
        if sold in products:
            products[sold] = {**products[sold], "in_stock": False}
        rows = [row for some in offered.values() for row in some]
        ways.append(show(spark, shop, f"night{night}", list(products.values()), rows)["postgres"])
    with postgres.connect() as owner:
        owner.execute("CREATE SCHEMA control")
        owner.execute("GRANT USAGE, CREATE ON SCHEMA control TO outfits")
    monkeypatch.setattr(TableStore, "here", None)
    publish = shop.publish.model_copy(update={"postgres_schema": "control"})
    store = TableStore(spark, shop.model_copy(update={"publish": publish}))
    assert sending.follow_release(store, published_figures(store))["postgres"] == "all rows"
    assert everything(postgres) == everything(postgres, "control")
    assert set(HOSTILE) & products.keys() <= {row[0] for row in everything(postgres)["products"]}
    assert ways == ["differences"] * 2


@pytest.mark.slow
@pytest.mark.timeout(1200)
def test_an_earlier_result_comes_back_at_once_and_a_failed_send_changes_nothing(
    spark: "SparkSession", shop: Settings, postgres: Postgres, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Two releases; a third loses a row on its way; back to the first, which is still there; price and stock follow."""
    ids = [f"p{number:02}" for number in range(30)]
    show(spark, shop, "monday", catalogue(ids), outfits(ids, ids, "monday"))
    show(spark, shop, "tuesday", catalogue(ids), outfits(ids, ids, "tuesday"))
    before = everything(postgres)
    assert marks(postgres) == {"tuesday"}

    whole = sending.table_blocks

    def lossy(*arguments: Any) -> Iterator[Any]:
        for block in whole(*arguments):
            yield sending.Block(block.rows - 1, block.lines[block.lines.index(b"\n") + 1 :])

    with monkeypatch.context() as patch:
        patch.setattr(sending, "table_blocks", lossy)
        with pytest.raises(PostgresBehind, match=r"outfits instead of 90.*`outfit-pairing release` sends it again"):
            show(spark, shop, "wednesday", catalogue(ids), outfits(ids, ids, "wednesday"))
    assert everything(postgres) == before
    assert release_shown(postgres) == (2, "tuesday", 30, 90)

    report = roll_back(TableStore(spark, of_run(shop, "thursday")), "monday")
    assert (report.counters["postgres"], report.counters["postgres_rows"]) == ("switched", 0)
    assert marks(postgres) == {"monday"}
    assert release_shown(postgres) == (4, "monday", 30, 90)

    sold = [{**row, "in_stock": row["product_id"] != "p03", "price": 9.0} for row in catalogue(ids[:4])] + catalogue(ids[4:])
    told = show(spark, shop, "monday", sold, outfits(ids, ids, "monday"))
    assert (told["postgres"], told["postgres_rows"]) == ("differences", 4)
    with postgres.connect() as owner:
        assert owner.execute("SELECT price, in_stock FROM outfit_pairing.products WHERE product_id = 'p03'").fetchone() == (
            9.0,
            False,
        )
        spare = owner.execute("SELECT run_id FROM outfit_pairing.sides WHERE NOT shown").fetchone()
    assert spare == ("tuesday",)  # what was shown before stays for a rollback

    fill(spark, shop, QUALITY_METRICS, [])
    measured = [("coverage", 1.0, 0.9, True, "all"), ("mean_score", 0.5, None, None, None)]
    TableStore(spark, of_run(shop, "monday")).append(
        QUALITY_METRICS, spark.createDataFrame([("monday", *row) for row in measured], QUALITY_METRICS.schema)
    )
    store = TableStore(spark, shop)
    assert sending.follow_release(store, published_figures(store))["postgres"] == "nothing new"
    with postgres.connect() as owner:
        found = owner.execute(
            "SELECT metric, value, threshold, passed, detail FROM outfit_pairing.quality_metrics ORDER BY 1"
        ).fetchall()
    assert found == measured
