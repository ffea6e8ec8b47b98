"""After a change only what it touches is made anew, and that as a full run would make it."""

import random
import shutil
from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest
from tests.made_anew import Rows, assert_made_anew, by_product, outfits
from tests.spark.test_patterns_stage import choose, fill_shop

from outfit_pairing.embedding import held
from outfit_pairing.embedding import stage as embedding
from outfit_pairing.errors import WarehouseError
from outfit_pairing.pairing import by_patterns, by_rules, catalogue
from outfit_pairing.patterns import stage as patterns
from outfit_pairing.quality.counting import audit_outfits
from outfit_pairing.settings import Settings, load_settings
from outfit_pairing.storage import TableStore
from outfit_pairing.storage.made_of import past_of, remember, versions_of
from outfit_pairing.storage.tables import (
    OUTFIT_PATTERNS,
    PATTERN_RECOMMENDATIONS,
    PRODUCT_EMBEDDINGS,
    PRODUCTS,
    RULE_RECOMMENDATIONS,
    Table,
)

if TYPE_CHECKING:
    from pyspark.sql import SparkSession

ANCHORS = ("women-Dresses-0", "women-Jeans-1", "women-Tops-2", "men-Shirts-1", "men-Jeans-2", "men-Casual Shoes-3")
OTHERS = {"black": "white", "white": "black", "navy blue": "brown", "brown": "red", "red": "navy blue"}


def pair(spark: "SparkSession", settings: Settings) -> None:
    """Vectors, patterns and outfits for what the products table holds."""
    embedding.run(spark, settings)
    patterns.run(spark, settings)
    pair_all(spark, settings)


def of_products(spark: "SparkSession", settings: Settings, table: Table) -> Rows:
    """Rows of each product, without audit columns."""
    rows = TableStore(spark, settings).read(table).select(*table.schema.names).orderBy(*table.key).collect()
    return by_product((row.asDict() for row in rows), table.schema.names)


def text_hashes(products: list[dict[str, Any]]) -> list[dict[str, Any]]:
    """Products with a text for the encoder."""
    return [row | {"text": row["name"], "text_hash": f"hash of {row['name']}"} for row in products]


def put(spark: "SparkSession", settings: Settings, products: dict[str, dict[str, Any]]) -> None:
    values = [tuple(row.get(name) for name in PRODUCTS.schema.names) for row in text_hashes(list(products.values()))]
    TableStore(spark, settings).merge(PRODUCTS, spark.createDataFrame(values, PRODUCTS.schema), delete_missing=True)


def open_shop(spark: "SparkSession", settings: Settings) -> dict[str, dict[str, Any]]:
    """Fill a warehouse with products and their outfits; the products by id."""
    store = fill_shop(spark, settings)
    products = {row["product_id"]: row.asDict() for row in store.read(PRODUCTS).select(*PRODUCTS.schema.names).collect()}
    put(spark, settings, products)
    choose(store, *ANCHORS)
    pair(spark, settings)
    return products


def follow(spark: "SparkSession", folder: Path, full: Path, changed: dict[str, dict[str, Any]], *overrides: str) -> None:
    """The changed products in the warehouse, followed by a run there, and by a full run in a copy of it."""
    put(spark, settings_of(folder, *overrides), changed)
    shutil.copytree(folder, full)
    pair(spark, settings_of(folder, *overrides))
    embedding.run(spark, settings_of(full, *overrides))
    pair_all(spark, settings_of(full, *overrides, "full=true"))


def pair_all(spark: "SparkSession", settings: Settings) -> None:
    """Both pairing stages."""
    by_patterns.run(spark, settings)
    by_rules.run(spark, settings)


@pytest.fixture(scope="module")
def shop(spark: "SparkSession", tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, dict[str, dict[str, Any]]]:
    """A warehouse with outfits, and its products by id."""
    folder = tmp_path_factory.mktemp("changes") / "warehouse"
    return folder, open_shop(spark, settings_of(folder))


def settings_of(folder: Path, *overrides: str) -> Settings:
    given = (f"storage.warehouse={folder}", "embedding.model=hashing", "spark.partitions=2", "patterns.per_anchor=6")
    return load_settings(overrides=[*given, *overrides], environment={})


@pytest.fixture
def small(shop: tuple[Path, dict[str, dict[str, Any]]], tmp_path: Path) -> Path:
    """A copy of the shop's warehouse, to change."""
    return Path(shutil.copytree(shop[0], tmp_path / "small"))


def change(products: dict[str, dict[str, Any]], seed: int) -> dict[str, dict[str, Any]]:
    """One in a hundred new, one removed, one sold out, one of another colour, one of another price; never an anchor."""
    dice, changed = random.Random(seed), {product_id: dict(row) for product_id, row in products.items()}
    several = max(1, len(products) // 100)
    drawn = dice.sample(sorted(set(products) - set(ANCHORS) - {"voucher"}), 5 * several)
    for place, product_id in enumerate(drawn):
        row = changed[product_id]
        kind = place % 5
        if kind == 0:
            changed[f"new-{product_id}"] = row | {"product_id": f"new-{product_id}", "name": f"New {row['name']}"}
        elif kind == 1:
            del changed[product_id]
        elif kind == 2:
            row["in_stock"] = not row["in_stock"]
        elif kind == 3:
            row["colour"] = OTHERS[row["colour"]]
            row["name"] = f"{row['colour']} {row['article_type']}"
        else:
            row["price"] = 99.0
    return changed


@pytest.mark.parametrize("seed", [2, *(pytest.param(seed, marks=pytest.mark.slow) for seed in (1, *range(3, 21)))])
def test_what_is_made_anew_is_what_a_full_run_makes(
    spark: "SparkSession", shop: tuple[Path, dict[str, dict[str, Any]]], small: Path, tmp_path: Path, seed: int
) -> None:
    """Of the same patterns; all other outfits stay as they were, and none breaks a rule."""
    products, full = shop[1], tmp_path / "full"
    before = {table: of_products(spark, settings_of(small), table) for table in (PATTERN_RECOMMENDATIONS, RULE_RECOMMENDATIONS)}
    changed = change(products, seed)
    follow(spark, small, full, changed)
    rewritten = 0
    for table in (PATTERN_RECOMMENDATIONS, RULE_RECOMMENDATIONS):
        now, whole = (of_products(spark, settings_of(one), table) for one in (small, full))
        rewritten += assert_made_anew(products, changed, before[table], now, whole)
    assert 0 < rewritten < 0.2 * sum(len(rows) for table in before.values() for rows in table.values())
    broken = {
        key: count
        for key, count in audit_outfits(spark, settings_of(small), PATTERN_RECOMMENDATIONS).items()
        if key[0] == "violations"
    }
    assert not any(broken.values())


@pytest.mark.slow
def test_nothing_changed_writes_nothing(spark: "SparkSession", shop: tuple[Path, dict[str, dict[str, Any]]], small: Path) -> None:
    """No table has a new version; what is sold out leaves all outfits, and no text or pattern is written again for that."""
    products, settings = shop[1], settings_of(small)
    store = TableStore(spark, settings)
    tables = (PRODUCT_EMBEDDINGS, OUTFIT_PATTERNS, PATTERN_RECOMMENDATIONS, RULE_RECOMMENDATIONS)
    before = [store.version(table) for table in tables]
    pair(spark, settings)
    assert [store.version(table) for table in tables] == before
    put(spark, settings, {**products, "men-Belts-7": products["men-Belts-7"] | {"in_stock": False}})
    pair(spark, settings)
    assert [store.version(table) for table in tables[:2]] == before[:2]
    items = {item["product_id"] for table in tables[2:] for row in store.read(table).collect() for item in row["items"]}
    assert "men-Belts-7" not in items


def test_a_shop_that_is_sold_out_shows_nothing(
    spark: "SparkSession", shop: tuple[Path, dict[str, dict[str, Any]]], small: Path
) -> None:
    """Patterns ask for what nobody has: the run goes on, and the outfits are gone."""
    put(spark, settings_of(small), {one: row | {"in_stock": False} for one, row in shop[1].items()})
    pair_all(spark, settings_of(small))
    assert not of_products(spark, settings_of(small), PATTERN_RECOMMENDATIONS)
    assert not of_products(spark, settings_of(small), RULE_RECOMMENDATIONS)


def test_spark_pairs_as_the_driver_does(
    spark: "SparkSession", shop: tuple[Path, dict[str, dict[str, Any]]], small: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A catalogue that the driver does not hold, as one of millions: the same rows, bit for bit."""
    pairing = (PATTERN_RECOMMENDATIONS, RULE_RECOMMENDATIONS)
    before = [of_products(spark, settings_of(small), table) for table in pairing]
    store = TableStore(spark, settings_of(small))
    for table in pairing:
        store.merge(table, store.read(table).select(*table.schema.names).limit(0), delete_missing=True)
    monkeypatch.setattr(held, "MOST_HELD", 0)
    monkeypatch.setattr(catalogue, "_latest", None)
    pair_all(spark, settings_of(small, "full=true"))
    assert [of_products(spark, settings_of(small), table) for table in pairing] == before


def add_patterns(spark: "SparkSession", settings: Settings, provider: str) -> None:
    """Those of one anchor once more, as new ones."""
    store = TableStore(spark, settings)
    rows = store.read(OUTFIT_PATTERNS).where("anchor_product_id = 'men-Jeans-2'").select(*OUTFIT_PATTERNS.schema.names).collect()
    values = [
        tuple((row.asDict() | {"pattern_id": f"new-{row['pattern_id']}", "confidence": 1.0, "provider": provider}).values())
        for row in rows
    ]
    store.merge(OUTFIT_PATTERNS, spark.createDataFrame(values, OUTFIT_PATTERNS.schema))


def test_patterns_from_a_file_reach_the_products_that_would_try_them(spark: "SparkSession", small: Path) -> None:
    """While nothing else has changed; women's outfits are none of a men's anchor's business."""
    settings = settings_of(small)
    before = of_products(spark, settings, PATTERN_RECOMMENDATIONS)
    add_patterns(spark, settings, "import")
    report = by_patterns.run(spark, settings)
    after = of_products(spark, settings, PATTERN_RECOMMENDATIONS)
    followed = {product_id for product_id, found in after.items() if any("new-" in str(row) for row in found)}
    assert followed
    assert 0 < report.counters["products_redone"] < len(before)
    assert all(after[product_id] == before[product_id] for product_id in before if product_id.startswith("women"))


@pytest.mark.parametrize("by_spark", [False, pytest.param(True, marks=pytest.mark.slow)], ids=["by driver", "by spark"])
def test_other_new_patterns_only_fill_what_has_room(
    spark: "SparkSession", small: Path, monkeypatch: pytest.MonkeyPatch, by_spark: bool
) -> None:
    """What an anchor gets over night takes no outfit away that can still be worn."""
    monkeypatch.setattr(catalogue, "_latest", None)
    if by_spark:
        monkeypatch.setattr(TableStore, "here", None)
    settings = settings_of(small)
    store = TableStore(spark, settings)
    before = of_products(spark, settings, PATTERN_RECOMMENDATIONS)
    bare = [one for one in before if one.startswith("men-Jeans")][:5]
    kept = store.read(PATTERN_RECOMMENDATIONS).select(*PATTERN_RECOMMENDATIONS.schema.names)
    kept = kept.where(~kept.product_id.isin(bare) | (kept["rank"] <= 2))
    store.merge(PATTERN_RECOMMENDATIONS, kept, delete_missing=True)
    add_patterns(spark, settings, "style_guide")
    report = by_patterns.run(spark, settings)
    after = of_products(spark, settings, PATTERN_RECOMMENDATIONS)
    assert 0 < report.counters["products_redone"] < len(before)
    assert all(set(outfits(after[one])) >= set(outfits(rows[: 2 if one in bare else None])) for one, rows in before.items())
    assert any(len(after[one]) > 2 for one in bare)


@pytest.mark.parametrize("by_spark", [False, pytest.param(True, marks=pytest.mark.slow)], ids=["by driver", "by spark"])
def test_outfits_of_an_anchor_that_has_gone_stand(
    spark: "SparkSession",
    shop: tuple[Path, dict[str, dict[str, Any]]],
    small: Path,
    monkeypatch: pytest.MonkeyPatch,
    by_spark: bool,
) -> None:
    """Its patterns stay for them, and are lent to nobody else; a full run takes them away."""
    monkeypatch.setattr(catalogue, "_latest", None)
    if by_spark:
        monkeypatch.setattr(TableStore, "here", None)
    settings, gone = settings_of(small), "men-Jeans-2"
    store = TableStore(spark, settings)

    def following() -> set[tuple[str, str]]:
        """Product and outfit of those rows that follow a pattern of the anchor that goes."""
        rows = store.rows(PATTERN_RECOMMENDATIONS, ("product_id", "outfit_id", "anchor_product_id"))
        return {(row["product_id"], row["outfit_id"]) for row in rows if row["anchor_product_id"] == gone}

    before = following()
    renamed = min(product_id for product_id, _ in before if product_id not in ANCHORS)
    choose(store, *(one for one in ANCHORS if one != gone), "men-Jeans-3")
    put(spark, settings, shop[1] | {renamed: shop[1][renamed] | {"name": "Another name"}})
    pair(spark, settings)
    assert before - following() == {(product_id, outfit_id) for product_id, outfit_id in before if product_id == renamed}
    assert following() < before
    assert store.rows_of(OUTFIT_PATTERNS, ("pattern_id",), "anchor_product_id", [gone])
    version = store.version(OUTFIT_PATTERNS)
    patterns.run(spark, settings)
    assert store.version(OUTFIT_PATTERNS) == version
    pair(spark, settings_of(small, "full=true"))
    assert not following()
    assert not store.rows_of(OUTFIT_PATTERNS, ("pattern_id",), "anchor_product_id", [gone])


def test_an_anchor_that_comes_back_lends_again(
    spark: "SparkSession", shop: tuple[Path, dict[str, dict[str, Any]]], small: Path
) -> None:
    """What it had, without being asked about: a product that came while it was away has room for it."""
    settings, gone = settings_of(small), "men-Jeans-2"
    store, others = TableStore(spark, settings), [one for one in ANCHORS if one.startswith("women")]
    jeans = shop[1]["men-Jeans-4"]
    choose(store, *others, "women-Jeans-3")
    put(spark, settings, shop[1] | {"late": jeans | {"product_id": "late", "name": "Late jeans"}})
    pair(spark, settings)
    assert "late" not in of_products(spark, settings, PATTERN_RECOMMENDATIONS)
    choose(store, *others, gone)
    assert patterns.run(spark, settings).counters["anchors_kept"] == len(others) + 1
    by_patterns.run(spark, settings)
    assert {row[6] for row in of_products(spark, settings, PATTERN_RECOMMENDATIONS)["late"]} == {gone}


def test_all_is_made_again_where_the_version_to_compare_with_is_gone(spark: "SparkSession", small: Path) -> None:
    """VACUUM has removed what the patterns were; a table that was made anew has fewer versions than are remembered."""
    settings = settings_of(small)
    store = TableStore(spark, settings)
    add_patterns(spark, settings, "import")
    spark.sql(f"OPTIMIZE {store.place(OUTFIT_PATTERNS)}")
    now = store.small(OUTFIT_PATTERNS)
    assert now
    for file in (small / OUTFIT_PATTERNS.name).glob("*.parquet"):
        if str(file) not in now.files:
            file.unlink()
    report = by_patterns.run(spark, settings)
    assert "products_redone" not in report.counters
    assert report.rows_out
    assert store.here
    with pytest.raises(WarehouseError, match="cannot be read"):
        store.here.changed_since(PRODUCTS, store.version(PRODUCTS) + 1, "product_id")
    assert store.changed_since(PRODUCTS, store.version(PRODUCTS) + 1, "product_id") is None


def test_a_table_that_was_made_anew_is_not_taken_for_the_one_that_was_there(
    spark: "SparkSession", shop: tuple[Path, dict[str, dict[str, Any]]], small: Path
) -> None:
    """Its versions begin again, and may be those that are remembered."""
    store = TableStore(spark, settings_of(small))
    remember(store, RULE_RECOMMENDATIONS, "this", versions_of(store, [PRODUCTS]), past=None)
    assert past_of(store, RULE_RECOMMENDATIONS, "this")
    shutil.rmtree(small / PRODUCTS.name)
    put(spark, settings_of(small), shop[1])
    assert past_of(store, RULE_RECOMMENDATIONS, "this") is None


@pytest.mark.slow
def test_other_settings_make_all_anew(spark: "SparkSession", small: Path) -> None:
    """Once: the next run with the same settings finds nothing to do."""
    report = by_patterns.run(spark, settings_of(small, "outfits.per_product=3"))
    assert "products_redone" not in report.counters
    assert report.counters["rows_written"] > 0
    report = by_patterns.run(spark, settings_of(small, "outfits.per_product=3"))
    assert report.counters["products_redone"] == 0


def test_a_settings_flag_is_read(make_settings: Callable[..., Settings]) -> None:
    """`--full` is `full: true`."""
    assert make_settings("full=true").full
    assert not make_settings().full
