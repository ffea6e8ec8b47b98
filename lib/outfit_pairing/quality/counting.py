"""From the tables to the evidence that metrics are made of: by the driver where it holds them, else by Spark.

Spark makes one pass over the outfits for each question.
"""

import logging
from collections import Counter
from typing import TYPE_CHECKING

from outfit_pairing.quality.by_driver import counted_by_driver
from outfit_pairing.quality.evidence import CELL_FACTS, COUNTED, Cell, Evidence, OutfitGroup
from outfit_pairing.quality.metrics import MILLION
from outfit_pairing.quality.tallies import ENTRY, EXAMPLE_NAMES, EXAMPLES, KIND, OWN, Tallies, TallyOutfits, coded
from outfit_pairing.storage.session import partitions
from outfit_pairing.storage.store import TableStore
from outfit_pairing.storage.tables import DRAFTED_RECOMMENDATIONS, OUTFIT_RECOMMENDATIONS, PRODUCTS, REJECTED_PRODUCTS, Table
from outfit_pairing.style.vocabulary import load_style_guide

if TYPE_CHECKING:
    from pyspark.sql import DataFrame, SparkSession

    from outfit_pairing.settings import Settings

logger = logging.getLogger(__name__)

TALLY_COLUMNS = "name string, key string, count bigint"


def audit_outfits(spark: "SparkSession", settings: "Settings", table: Table = OUTFIT_RECOMMENDATIONS) -> Tallies:
    """Audit all outfits of a table of recommendations: see `tallies` for what is counted.

    Raises:  MissingTable: there are no products or no such outfits.
    """
    store = TableStore(spark, settings)
    counted = counted_by_driver(store, table)
    return counted.tallies() if counted else _tallies(store, table)


def gather(spark: "SparkSession", settings: "Settings") -> Evidence:
    """Count all that the metrics ask about the drafted outfits, or the published ones where none are drafted.

    Raises:  MissingTable: there are no products or no outfits.
    """
    store = TableStore(spark, settings)
    judged = judged_table(store)
    products, outfits = store.read(PRODUCTS), store.read(judged)
    counted = counted_by_driver(store, judged)
    cells = counted.cells() if counted else [Cell(**row) for row in _cells(products, outfits).toArrow().to_pylist()]
    logger.info("check-quality: %s products in %s kinds counted, now the audit", sum(cell.products for cell in cells), len(cells))
    return Evidence(
        cells=cells,
        groups=counted.groups() if counted else [OutfitGroup(**row) for row in _groups(outfits).toArrow().to_pylist()],
        tallies=counted.tallies() if counted else _tallies(store, judged),
        rejected=_rejected(store),
        guide=load_style_guide(),
    )


def judged_table(store: TableStore) -> Table:
    """What is drafted, or published where nothing is drafted."""
    return DRAFTED_RECOMMENDATIONS if store.exists(DRAFTED_RECOMMENDATIONS) else OUTFIT_RECOMMENDATIONS


def counted_products(products: "DataFrame", outfits: "DataFrame") -> "DataFrame":
    """Every product with CELL_FACTS and COUNTED: what a cell says of each of its products."""
    from pyspark.sql import functions as F

    real = outfits.where(F.size("items") > 0)
    own = real.groupBy("product_id").agg(
        F.count("*").alias("outfits"),
        F.count_if(F.col("source") != "rule_based").alias("from_patterns"),
        F.size(F.collect_set("occasion")).alias("occasions"),
    )
    items = real.select(F.explode("items.product_id").alias("product_id"))
    shown = items.groupBy("product_id").agg(F.count("*").alias("shown"))
    joined = products.select("product_id", *CELL_FACTS).join(own, "product_id", "left").join(shown, "product_id", "left")
    return joined.fillna(0, subset=list(COUNTED))


def _cells(products: "DataFrame", outfits: "DataFrame") -> "DataFrame":
    """Products that are alike in their facts, their number of outfits and how often they are shown."""
    from pyspark.sql import functions as F

    cells = counted_products(products, outfits).groupBy(*CELL_FACTS, *COUNTED)
    return cells.agg(F.count("*").alias("products"), F.min("product_id").alias("example"))


def _groups(outfits: "DataFrame") -> "DataFrame":
    from pyspark.sql import functions as F

    millionths = F.sum(F.round(F.coalesce("score", F.lit(0.0)) * MILLION).cast("bigint"))
    return outfits.groupBy("source", "occasion").agg(F.count("*").alias("outfits"), millionths.alias("score_millionths"))


def _tallies(store: TableStore, table: Table) -> Tallies:
    from pyspark.sql import functions as F

    # a number travels with each entry instead of eight columns; a null is a word of its own, else the hash would pass it over
    alike = F.xxhash64(*(F.coalesce(F.col(name).cast("string"), F.lit("\0")) for name in OWN)).alias(KIND)
    products = store.read(PRODUCTS)
    kinds = coded(products.select(alike, *OWN).distinct().toArrow())
    entries = _entries(store.read(table)).join(products.select(F.col("product_id").alias("item_id"), alike), "item_id", "left")
    entries = entries.select("product_id", *ENTRY, KIND)
    # a number asked for by name is kept; left to itself, Spark would join these small partitions into one
    whole = entries.repartition(partitions(store.settings, store.count(table)), "product_id").sortWithinPartitions("product_id")
    tallies = whole.mapInArrow(TallyOutfits(load_style_guide(), kinds), TALLY_COLUMNS)
    counted = tallies.groupBy("name", "key").agg(F.sum("count").alias("count"))
    return Counter({(row["name"], row["key"]): row["count"] for row in _few_examples(counted).toArrow().to_pylist()})


def _few_examples(tallies: "DataFrame") -> "DataFrame":
    """Tallies with no more than EXAMPLES of each kind, the first by key: the driver's memory does not grow with the faults."""
    from pyspark.sql import functions as F
    from pyspark.sql.window import Window

    is_example = F.col("name").isin(list(EXAMPLE_NAMES))
    kind = F.when(is_example, F.coalesce(F.get_json_object("key", "$.rule"), F.get_json_object("key", "$.case")))
    numbered = tallies.withColumn("number", F.row_number().over(Window.partitionBy("name", kind).orderBy("key")))
    return numbered.where(~is_example | (F.col("number") <= EXAMPLES)).drop("number")


def _entries(outfits: "DataFrame") -> "DataFrame":
    """product_id and ENTRY: a row for each product in an outfit, the product itself at position 0."""
    from pyspark.sql import functions as F

    itself = F.array(F.struct(F.lit(None).cast("string").alias("slot"), F.col("product_id").alias("product_id")))
    items = F.transform("items", lambda item: F.struct(item["slot"].alias("slot"), item["product_id"].alias("product_id")))
    everything = F.concat(itself, F.coalesce(items, F.array().cast("array<struct<slot:string,product_id:string>>")))
    entry = F.transform(
        everything,
        lambda one, position: F.struct(
            F.col("rank").alias("rank"),
            position.alias("position"),
            one["product_id"].alias("item_id"),
            one["slot"].alias("listed_slot"),
        ),
    )
    return outfits.select("product_id", F.inline(entry))


def _rejected(store: TableStore) -> int:
    """Rows of the latest catalogue that ingest refused: the table holds no others."""
    return store.count(REJECTED_PRODUCTS)
