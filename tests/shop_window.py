"""A small shop whose outfits are published again and again."""

from collections.abc import Iterable
from pathlib import Path
from typing import TYPE_CHECKING

from outfit_pairing.settings import Settings
from outfit_pairing.storage import TableStore
from outfit_pairing.storage.tables import (
    DRAFTED_RECOMMENDATIONS,
    DRAFTED_VERSION,
    OUTFIT_RECOMMENDATIONS,
    PATTERN_RECOMMENDATIONS,
    PRODUCTS,
    QUALITY_METRICS,
    Table,
)
from outfit_pairing.style import load_style_guide

if TYPE_CHECKING:
    from pyspark.sql import SparkSession

KINDS = {"top": "Shirts", "bottom": "Jeans", "footwear": "Casual Shoes"}
SIZE = 12


def fill(spark: "SparkSession", settings: Settings, table: Table, rows: list[dict]) -> None:
    """Make the table hold these rows."""
    values = [tuple(row.get(name) for name in table.schema.names) for row in rows]
    TableStore(spark, settings).merge(table, spark.createDataFrame(values, table.schema), delete_missing=True)


def stock(spark: "SparkSession", settings: Settings) -> None:
    """Men's shirts, jeans and shoes."""
    guide = load_style_guide()
    rows = []
    for slot, word in KINDS.items():
        assert guide.article_type(word)
        rows += [
            {"product_id": f"{slot}-{number:02}", "name": f"Plain {word} {number}", "audience": "men", "article_type": word,
             "slot": slot, "colour": "black", "usage": "casual", "in_stock": True}
            for number in range(SIZE)
        ]  # fmt: skip
    fill(spark, settings, PRODUCTS, rows)


def pair(spark: "SparkSession", settings: Settings, shift: int, slots: Iterable[str] = tuple(KINDS)) -> None:
    """Outfits for products of these slots; another `shift` gives others."""
    rows = []
    for slot in slots:
        for number in range(SIZE):
            own = f"{slot}-{number:02}"
            for rank in range(1, 4):
                ids = [(other, f"{other}-{(number + shift + rank * 3) % SIZE:02}") for other in KINDS if other != slot]
                items = [{"slot": other, "product_id": one, "score": 0.8, "reasons": ["black with black"]} for other, one in ids]
                rows.append(
                    {"product_id": own, "rank": rank, "outfit_id": f"{own}-{shift}-{rank}", "source": "pattern_based",
                     "pattern_name": "Day", "occasion": ("work", "weekend", "travel")[rank % 3], "score": 0.8,
                     "confidence": 0.5, "items": items}
                )  # fmt: skip
    fill(spark, settings, PATTERN_RECOMMENDATIONS, rows)


def shown(spark: "SparkSession", settings: Settings) -> set[str]:
    """Ids of the outfits that product pages show."""
    return {row["outfit_id"] for row in TableStore(spark, settings).read(OUTFIT_RECOMMENDATIONS).collect()}


def files(settings: Settings) -> dict[str, bytes]:
    """The JSON files that programs read."""
    return {path.name: path.read_bytes() for path in (Path(settings.storage.warehouse) / "exports").glob("*.json")}


def pass_check(spark: "SparkSession", settings: Settings) -> None:
    """As a check leaves it that has judged the draft and found nothing."""
    store = TableStore(spark, settings)
    version = float(store.version(DRAFTED_RECOMMENDATIONS))
    store.note(QUALITY_METRICS, [(settings.run_id, DRAFTED_VERSION, version, None, None, "")])
