"""pair-by-lookbook on tables: looks as given and carried over, the same for any partitioning, gone with the lookbook."""

import json
from collections import Counter
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest

from outfit_pairing.embedding.encoders import encoder_name
from outfit_pairing.errors import InputError, MissingTable
from outfit_pairing.pairing import by_lookbook, by_rules
from outfit_pairing.publishing import stage as publish
from outfit_pairing.quality.counting import audit_outfits
from outfit_pairing.settings import Settings, load_settings
from outfit_pairing.storage import StageReport, TableStore
from outfit_pairing.storage.tables import (
    LOOKBOOK_RECOMMENDATIONS,
    OUTFIT_RECOMMENDATIONS,
    PATTERN_RECOMMENDATIONS,
    PRODUCT_EMBEDDINGS,
    PRODUCTS,
    RULE_RECOMMENDATIONS,
)
from outfit_pairing.style import load_style_guide

if TYPE_CHECKING:
    from pyspark.sql import SparkSession

TYPES = ("Tshirts", "Jeans", "Casual Shoes", "Watches", "Jackets", "Caps")
MODELS, COLOURS = ("boxy", "slim", "wide"), ("white", "black", "navy blue", "grey")
LOOKS: tuple[dict[str, Any], ...] = (
    {
        "outfit_id": "one",
        "items": ["tshirts-boxy-0", "jeans-slim-0", "casual-shoes-wide-0"],
        "name": "Saturday",
        "occasion": "weekend",
    },
    {"outfit_id": "two", "items": ["tshirts-boxy-0", "jeans-boxy-3", "watches-slim-1", "gone"]},
    {"outfit_id": "three", "items": ["tshirts-boxy-0", "jeans-wide-1", "caps-slim-0", "jackets-slim-2"]},
)


def product(kind: str, model: str, colour: int) -> dict[str, Any]:
    """A product of the maker Acme; the fourth colour of each is sold out."""
    product_id = f"{kind.lower().replace(' ', '-')}-{model}-{colour}"
    found = load_style_guide().article_type(kind)
    assert found is not None
    facts = {"audience": "men", "department": "Apparel", "usage": "casual", "colour": COLOURS[colour], "in_stock": colour < 3}
    name = f"Acme Men {COLOURS[colour].title()} {model.title()} Cut {kind}"
    own = {"name": name, "attributes": {"Brand": "Acme"}, "article_type": kind, "slot": found.slot, "text_hash": product_id}
    return {"product_id": product_id, **facts, **own}


def write_tables(spark: "SparkSession", settings: Settings) -> None:
    rows = [product(kind, model, colour) for kind in TYPES for model in MODELS for colour in range(len(COLOURS))]
    store, encoder = TableStore(spark, settings), encoder_name(settings.embedding)
    values = [tuple(row.get(name) for name in PRODUCTS.schema.names) for row in rows]
    store.merge(PRODUCTS, spark.createDataFrame(values, PRODUCTS.schema))
    size = 384  # what the encoder makes of pattern items
    vectors = [
        (row["text_hash"], encoder, [float(place == number) for place in range(size)], size) for number, row in enumerate(rows)
    ]
    store.merge(PRODUCT_EMBEDDINGS, spark.createDataFrame(vectors, PRODUCT_EMBEDDINGS.schema))
    store.create(PATTERN_RECOMMENDATIONS)


def write_lookbook(path: Path, looks: Sequence[dict[str, Any]]) -> Path:
    path.write_text("".join(json.dumps(look) + "\n" for look in looks), "utf-8")
    return path


@pytest.fixture(scope="module")
def settings(spark: "SparkSession", tmp_path_factory: pytest.TempPathFactory) -> Settings:
    folder = tmp_path_factory.mktemp("lookbook")
    path = write_lookbook(folder / "looks.jsonl", LOOKS)
    overrides = [f"storage.warehouse={folder / 'warehouse'}", "embedding.model=hashing", f"lookbook.path={path}"]
    found = load_settings(overrides=[*overrides, "spark.partitions=3"], environment={})
    write_tables(spark, found)
    return found


@pytest.fixture(scope="module")
def report(spark: "SparkSession", settings: Settings) -> StageReport:
    return by_lookbook.run(spark, settings)


def rows_of(spark: "SparkSession", settings: Settings, table: Any = LOOKBOOK_RECOMMENDATIONS) -> list[Any]:
    names = table.schema.names
    return TableStore(spark, settings).read(table).select(*names).orderBy("product_id", "source", "rank").collect()


def test_looks_are_offered_at_their_products_and_at_other_colours(
    spark: "SparkSession", settings: Settings, report: StageReport
) -> None:
    """Curated at each product of the look; carried to the other colours of each; no hard rule broken; all of it counted."""
    rows = rows_of(spark, settings)
    tee = {tuple(item["product_id"] for item in row["items"]) for row in rows if row["product_id"] == "tshirts-boxy-0"}
    assert tee == {
        ("jeans-slim-0", "casual-shoes-wide-0"),
        ("jeans-boxy-0", "watches-slim-1"),  # the sold-out jeans in another colour: without, a tee would lack its bottom
        ("jeans-wide-1", "caps-slim-0", "jackets-slim-2"),
    }
    carried = [row for row in rows if row["product_id"] == "tshirts-boxy-2"]
    assert {row["source"] for row in carried} == {"lookbook_algorithmic"}
    assert {row["anchor_product_id"] for row in carried} == {"tshirts-boxy-0"}
    assert not [row for row in rows if row["product_id"].startswith("tshirts-slim")]
    assert (report.rows_in, report.rows_out, report.rows_rejected) == (3, len(rows), 0)
    counted = Counter(row["source"] for row in rows)
    assert {name: report.counters[name] for name in counted} == counted
    assert (report.counters["items_not_in_catalogue"], report.counters["items_out_of_stock"]) == (1, 1)
    assert report.counters["items_replaced"] > 0
    tallies = audit_outfits(spark, settings, LOOKBOOK_RECOMMENDATIONS)
    assert tallies["violating", "outfits"] == 0


def test_partitions_change_nothing_and_a_second_run_writes_nothing(
    spark: "SparkSession", settings: Settings, report: StageReport
) -> None:
    """Bit for bit."""
    before = rows_of(spark, settings)
    cut = settings.model_copy(update={"spark": settings.spark.model_copy(update={"partitions": 7})})
    assert by_lookbook.run(spark, cut).counters["rows_written"] == 0
    assert rows_of(spark, settings) == before


def test_rules_serve_only_what_looks_left_and_publish_puts_looks_first(
    spark: "SparkSession", settings: Settings, report: StageReport
) -> None:
    """The tee has three looks that differ, so rules make none for it; pages begin with the looks."""
    by_rules.run(spark, settings)
    ruled = {row["product_id"] for row in rows_of(spark, settings, RULE_RECOMMENDATIONS)}
    assert "tshirts-boxy-0" not in ruled
    assert "jeans-slim-0" in ruled
    published = publish.run(spark, settings)
    rows = rows_of(spark, settings, OUTFIT_RECOMMENDATIONS)
    assert {row["source"] for row in rows if row["product_id"] == "jeans-slim-0" and row["rank"] == 1} == {"lookbook_curated"}
    assert published.counters["lookbook_curated"] > 0
    assert published.counters["lookbook_algorithmic"] > 0


def test_without_a_lookbook_its_outfits_go(spark: "SparkSession", settings: Settings, report: StageReport) -> None:
    """An empty table where there were rows; nothing to do the second time."""
    none = settings.model_copy(update={"lookbook": settings.lookbook.model_copy(update={"path": None})})
    assert by_lookbook.run(spark, none).counters["rows_written"] == report.rows_out
    assert by_lookbook.run(spark, none).counters["rows_written"] == 0
    assert rows_of(spark, settings) == []


def test_a_lookbook_of_another_shop_is_refused(spark: "SparkSession", settings: Settings, tmp_path: Path) -> None:
    """No id of the catalogue: one line with the first fault, and exit code 2."""
    path = write_lookbook(tmp_path / "other.jsonl", [{"outfit_id": "x", "items": ["1", "2"]}])
    other = settings.model_copy(update={"lookbook": settings.lookbook.model_copy(update={"path": str(path)})})
    with pytest.raises(InputError, match=r"none of its 1 looks can be shown \(such as line 1, x: 1 is not in the catalogue\)"):
        by_lookbook.run(spark, other)


def test_a_lookbook_needs_products(spark: "SparkSession", make_settings: Callable[..., Settings], tmp_path: Path) -> None:
    """The stage to run first is named."""
    path = write_lookbook(tmp_path / "looks.jsonl", LOOKS)
    with pytest.raises(MissingTable, match="ingest"):
        by_lookbook.run(spark, make_settings(f"lookbook.path={path}"))
