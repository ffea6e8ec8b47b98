"""What changed between the outfits that are shown and those that are judged, product by product: examples of a drift."""

from collections.abc import Callable, Mapping, Sequence
from datetime import UTC, datetime
from typing import TYPE_CHECKING

from outfit_pairing.quality.gates import MOST_EXAMPLES, Example
from outfit_pairing.storage.session import spark_faults
from outfit_pairing.storage.store import TableStore
from outfit_pairing.storage.tables import PRODUCTS, quoted

if TYPE_CHECKING:
    from pyspark.sql import DataFrame, Row

FormerTypes = Callable[[Sequence[str]], Mapping[str, str]]

# For each gate, in SQL: which products show it, and which of them first.
COMPARISONS: Mapping[str, tuple[str, tuple[str, ...]]] = {
    "drift_products": ("(gone AND had > 0) OR (had = 0 AND has > 0)", ("NOT gone", "-had", "-has")),
    "drift_outfits": ("had <> has", ("-abs(had - has)", "has")),
    "drift_coverage": ("NOT gone AND had >= 3 AND has < 3", ("has",)),
    "drift_from_patterns": ("NOT gone AND had_patterns >= 3 AND has_patterns < 3", ("has_patterns",)),
    "drift_mean_score": ("has_score < had_score", ("has_score - had_score",)),
}


def compared(gate: str, shown: "DataFrame", judged: "DataFrame", products: "DataFrame", former_types: FormerTypes) -> list[Example]:
    """Some products that show the drift a gate is about.

    Args:  gate: one of COMPARISONS.    former_types: article types of products that are gone, by their ids.
    """
    from pyspark.sql import functions as F

    which, order = COMPARISONS[gate]
    known = products.select("product_id", "article_type", F.lit(False).alias("gone"))
    both = _counted(shown, "had").join(_counted(judged, "has"), "product_id", "full").join(known, "product_id", "left")
    counts = both.fillna(0, subset=["had", "has", "had_patterns", "has_patterns"]).fillna(True, subset=["gone"])
    rows = counts.where(which).orderBy(*map(F.expr, order), "product_id").limit(MOST_EXAMPLES).collect()
    types = former_types([row["product_id"] for row in rows if row["gone"]])
    return [Example(row["product_id"], row["article_type"] or types.get(row["product_id"], ""), _told(gate, row)) for row in rows]


def types_before(store: TableStore, before: datetime, product_ids: Sequence[str]) -> dict[str, str]:
    """Article types of products that are gone, as the catalogue had them; none where that version of the table is gone too."""
    from pyspark.sql import functions as F

    if not product_ids:
        return {}
    at = f"{before.astimezone(UTC):%Y-%m-%dT%H:%M:%S.%fZ}"
    try:
        then = store.spark.sql(f"SELECT * FROM {store.place(PRODUCTS)} TIMESTAMP AS OF {quoted(at)}")
        rows = then.where(F.col("product_id").isin(list(product_ids))).select("product_id", "article_type").collect()
    except spark_faults():
        return {}
    return {row["product_id"]: row["article_type"] for row in rows if row["article_type"]}


def _counted(outfits: "DataFrame", name: str) -> "DataFrame":
    """(product_id, <name>, <name>_patterns, <name>_score): a product's outfits, those not by rules, their mean score."""
    from pyspark.sql import functions as F

    return (
        outfits.where(F.size("items") > 0)
        .groupBy("product_id")
        .agg(
            F.count("*").alias(name),
            F.count_if(F.col("source") != "rule_based").alias(f"{name}_patterns"),
            F.avg("score").alias(f"{name}_score"),
        )
    )


def _told(gate: str, row: "Row") -> str:
    if row["gone"]:
        return f"no longer in the catalogue; its page shows {row['had']} outfits"
    if gate == "drift_from_patterns":
        return f"outfits from patterns or looks: {row['has_patterns']} now, {row['had_patterns']} on its page"
    if gate == "drift_mean_score":
        return f"mean score {row['has_score']:.3f} now, {row['had_score']:.3f} on its page"
    return f"outfits: {row['has']} now, {row['had']} on its page"
