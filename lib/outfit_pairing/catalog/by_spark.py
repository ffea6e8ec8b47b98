"""The rows of a large catalogue, judged by Spark: which are products, which are refused, and figures over all of them."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import TYPE_CHECKING, Any

from outfit_pairing.catalog.product_rows import NOTES
from outfit_pairing.catalog.rejects import reject
from outfit_pairing.storage import TableStore
from outfit_pairing.storage.tables import PRODUCTS, REJECTED_PRODUCTS

if TYPE_CHECKING:
    from pyspark.sql import Column, DataFrame


@dataclass(frozen=True, eq=False)
class JudgedBySpark:
    """The same questions as `JudgedByDriver` answers.   rows: in `product_rows.SPARK_SCHEMA`.   source: name of the catalogue."""

    rows: "DataFrame"
    source: str

    @cached_property
    def summary(self) -> Sequence[Mapping[str, Any]]:
        """By slot and reason code: rows, those with a price, without an audience, with each note; a fingerprint of the rejects."""
        from pyspark.sql import functions as F

        judged = refuse_duplicates(self.rows).withColumn("source", F.lit(self.source)).groupBy("slot", "reason_code")
        found = judged.agg(
            F.count("*").alias("rows"),
            F.count("price").alias("priced"),
            F.count_if(F.col("audience").isNull()).alias("without_audience"),
            *(F.count_if(F.col(note)).alias(note) for note in NOTES),
            _fingerprint().alias("fingerprint"),
        )
        return [row.asDict() for row in found.collect()]

    def unknown_types(self, most: int) -> Sequence[Mapping[str, Any]]:
        """The most frequent article types that the style guide does not know: unknown_type, slot, times, mean confidence."""
        from pyspark.sql import functions as F

        unknown = self._judged.where("unknown_article_type AND reason_code IS NULL").groupBy("unknown_type", "slot")
        rows = unknown.agg(F.count("*").alias("times"), F.avg("confidence").alias("confidence"))
        found = rows.orderBy("times", "unknown_type", "slot", ascending=[False, True, True]).limit(most)
        return [row.asDict() for row in found.collect()]

    def products(self) -> "DataFrame":
        """The products, in the table's columns."""
        from pyspark.sql import functions as F

        products = self._judged.where("reason_code IS NULL")
        if any(row["priced"] for row in self.summary):
            products = with_price_tiers(products)
        else:
            products = products.withColumn("price_tier", F.lit(None).cast("string"))
        return products.select(*(column.name for column in PRODUCTS.columns))

    def rejected(self) -> "DataFrame":
        """The refused rows, in the table's columns."""
        from pyspark.sql import functions as F

        rows = self._judged.withColumn("source", F.lit(self.source)).where("reason_code IS NOT NULL")
        return rows.select(*(column.name for column in REJECTED_PRODUCTS.columns))

    def rejects_stand(self, store: TableStore) -> bool:
        """Whether the table holds these rejects already, under whatever run."""
        from pyspark.sql import functions as F

        refused = [row for row in self.summary if row["reason_code"] is not None]
        held = store.read(REJECTED_PRODUCTS).agg(F.count("*").alias("rows"), _fingerprint().alias("fingerprint")).collect()[0]
        told = sum(row["rows"] for row in refused), sum(int(row["fingerprint"]) for row in refused)
        return (held["rows"], int(held["fingerprint"] or 0)) == told

    @property
    def _judged(self) -> "DataFrame":
        # most catalogues hold no duplicates: then the writes need not look for them again
        again = any(row["reason_code"] == "duplicate_id" for row in self.summary)
        return refuse_duplicates(self.rows) if again else self.rows


def refuse_duplicates(rows: "DataFrame") -> "DataFrame":
    """`rows` with every product but the first of each id refused, in file order."""
    from pyspark.sql import functions as F

    first = (
        rows.where("reason_code IS NULL")
        .groupBy("product_id")
        .agg(F.min("line_number").alias("first_line"), F.count("*").alias("times"))
        .where("times > 1")
        .drop("times")
    )
    again = F.col("reason_code").isNull() & (F.col("line_number") > F.col("first_line"))
    fault = reject("duplicate_id", product_id="%s", first_line="%s")
    reason = F.format_string(fault.reason, "product_id", "first_line")
    return rows.join(first, "product_id", "left").withColumns(
        {
            "reason_code": F.when(again, fault.reason_code).otherwise(F.col("reason_code")),
            "reason": F.when(again, reason).otherwise(F.col("reason")),
        }
    )


def _fingerprint() -> "Column":
    """An aggregate that is equal for equal sets of rejected rows."""
    from pyspark.sql import functions as F

    return F.sum(F.xxhash64(*(F.col(column.name) for column in REJECTED_PRODUCTS.columns)).cast("decimal(38,0)"))


def with_price_tiers(products: "DataFrame") -> "DataFrame":
    """`products` with budget, mid or premium: thirds of the prices of the same slot and currency; null without a price."""
    from pyspark.sql import functions as F

    thirds = products.groupBy("slot", "currency").agg(F.percentile("price", F.array(F.lit(1 / 3), F.lit(2 / 3))).alias("thirds"))
    tier = (
        F.when(F.col("price").isNull(), None)
        .when(F.col("price") <= F.col("thirds")[0], "budget")
        .when(F.col("price") <= F.col("thirds")[1], "mid")
        .otherwise("premium")
    )
    return products.join(F.broadcast(thirds), ["slot", "currency"], "left").withColumn("price_tier", tier)
