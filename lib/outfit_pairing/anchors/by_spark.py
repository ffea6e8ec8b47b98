"""What selection asks of the products, by Spark: three passes, of which the driver sees only counts and the anchors."""

from collections import Counter
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import TYPE_CHECKING, Any

import pyarrow as pa
from pyspark.sql import Window
from pyspark.sql import functions as F

from outfit_pairing.anchors.kernels import CHOSEN, STANDING, StandFor, choose_anchors
from outfit_pairing.anchors.strata import KIND, MOST_PER_STRATUM, UNSAID, Kind
from outfit_pairing.embedding.encoders import encoder_name
from outfit_pairing.errors import MissingTable
from outfit_pairing.storage import TableStore
from outfit_pairing.storage.tables import ANCHOR_PRODUCTS, PRODUCT_EMBEDDINGS, PRODUCTS

if TYPE_CHECKING:
    from pyspark.sql import DataFrame

FEW_STRATA = 1_000


def _few(rows: "DataFrame", strata: Collection[str]) -> "DataFrame":
    """At most MOST_PER_STRATUM rows of each of these strata: sent to the vectors, instead of moving all vectors to them."""
    return F.broadcast(rows) if len(strata) <= FEW_STRATA else rows


@dataclass(frozen=True, eq=False)
class ProductsBySpark:
    """The same questions as `ProductsByDriver` answers."""

    store: TableStore

    def census(self) -> Sequence[Mapping[str, Any]]:
        """By stratum and kind: `products`, and of these anchors of the last run `incumbents`."""
        marked = self._products.join(self._incumbents, "product_id", "left")
        found = marked.groupBy("stratum", "category", *KIND).agg(
            F.count("*").alias("products"),
            F.count_if("incumbent").alias("incumbents"),
        )
        return [row.asDict() for row in found.collect()]

    def chosen(self, never: frozenset[Kind], order: Sequence[str]) -> pa.Table:
        """The anchors in order of product_id, with the columns CHOSEN.   order: a stratum for each."""
        numbers = dict(Counter(order))
        by_hash = Window.partitionBy("stratum").orderBy(F.sha2("product_id", 256), "product_id")
        products = self._without(never).join(self._incumbents, "product_id", "left")
        products = products.where(F.col("stratum").isin(list(numbers)))
        # where nothing but the number decides, Spark keeps no more rows of a stratum than these while it sorts
        first = products.withColumn("number", F.row_number().over(by_hash)).where(F.col("number") <= MOST_PER_STRATUM)
        drawn = products.join(_few(first.select("product_id", F.lit(True).alias("sampled")), numbers), "product_id", "left")
        sample = drawn.where("sampled OR incumbent").fillna(False, subset=["sampled", "incumbent"])
        return (
            _few(sample, numbers)
            .join(self._vectors, "text_hash")
            .select("stratum", "slot", "audience", "product_id", "vector", "incumbent", "sampled")
            .groupBy("stratum")
            .applyInArrow(lambda stratum: choose_anchors(stratum, numbers), CHOSEN)
            .toArrow()
            .sort_by("product_id")
        )

    def represented(self, never: frozenset[Kind], kernel: StandFor) -> dict[int, int]:
        """How many products each anchor stands for."""
        rows = self._without(never).join(self._vectors, "text_hash").select("stratum", "slot", "audience", "vector")
        counts = rows.mapInArrow(kernel, STANDING).groupBy("anchor").agg(F.sum("products").alias("products")).collect()
        return {row["anchor"]: row["products"] for row in counts}

    @cached_property
    def _products(self) -> "DataFrame":
        category = F.coalesce("category", "slot")
        said = [F.coalesce(name, F.lit(UNSAID)) for name in ("audience", "usage", "season")]
        stratum = F.concat_ws(" | ", category, *said).alias("stratum")
        products = self.store.read(PRODUCTS)
        return products.select("product_id", *KIND, "audience", "text_hash", category.alias("category"), stratum)

    @cached_property
    def _vectors(self) -> "DataFrame":
        of_encoder = F.col("encoder") == encoder_name(self.store.settings.embedding)
        return self.store.read(PRODUCT_EMBEDDINGS).where(of_encoder).select("text_hash", "vector")

    @cached_property
    def _incumbents(self) -> "DataFrame":
        """Ids of the anchors of the last run, with `incumbent` true; none before the first."""
        try:
            before = self.store.read(ANCHOR_PRODUCTS).select("product_id")
        except MissingTable:
            before = self.store.spark.createDataFrame([], "product_id string")
        return F.broadcast(before.withColumn("incumbent", F.lit(True)))

    def _without(self, never: frozenset[Kind]) -> "DataFrame":
        """Products that may be anchors."""
        products = self._products
        named = products.sparkSession.createDataFrame(list(never), ", ".join(f"never_{name} string" for name in KIND))
        same = [products[name].eqNullSafe(named[f"never_{name}"]) for name in KIND]
        return products.join(F.broadcast(named), same, "left_anti")
