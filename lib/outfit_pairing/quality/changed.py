"""What changed between the outfits that are shown and those that are judged, product by product: examples of a drift."""

from collections.abc import Mapping
from typing import TYPE_CHECKING

from outfit_pairing.quality.gates import Example

if TYPE_CHECKING:
    from pyspark.sql import DataFrame, Row

# For each gate, in SQL: which products show it, and which of them first.
COMPARISONS: Mapping[str, tuple[str, tuple[str, ...]]] = {
    "drift_products": ("(gone AND had > 0) OR (had = 0 AND has > 0)", ("NOT gone", "-had", "-has")),
    "drift_outfits": ("had <> has", ("-abs(had - has)", "has")),
    "drift_coverage": ("NOT gone AND had >= 3 AND has < 3", ("has",)),
    "drift_from_patterns": ("NOT gone AND had_patterns >= 3 AND has_patterns < 3", ("has_patterns",)),
    "drift_mean_score": ("has_score < had_score", ("has_score - had_score",)),
}


def compared(gate: str, shown: "DataFrame", judged: "DataFrame", products: "DataFrame", most: int) -> list[Example]:
    """At most so many products that show the drift a gate is about.    Args:  gate: one of COMPARISONS."""
    from pyspark.sql import functions as F

    which, order = COMPARISONS[gate]
    known = products.select("product_id", "article_type", F.lit(False).alias("gone"))
    both = _counted(shown, "had").join(_counted(judged, "has"), "product_id", "full").join(known, "product_id", "left")
    counts = both.fillna(0, subset=["had", "has", "had_patterns", "has_patterns"]).fillna(True, subset=["gone"])
    rows = counts.where(which).orderBy(*map(F.expr, order), "product_id").limit(most).collect()
    return [Example(row["product_id"], row["article_type"] or "", _told(gate, row)) for row in rows]


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
