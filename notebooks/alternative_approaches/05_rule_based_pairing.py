# Databricks notebook source
# MAGIC %md
# MAGIC # 05 Rule-based pairing
# MAGIC
# MAGIC Outfits by the style guide's templates alone, without anchors, patterns or a model: what 03 falls back on, here for every
# MAGIC product. Good for a first look at a catalogue, and to see what patterns add.
# MAGIC
# MAGIC **By itself, in a place of its own** (`schema` or `warehouse`), so that it never stands in the way of 03. Stages:
# MAGIC `ingest`, `embed`, `pair-by-rules`, `publish`.

# COMMAND ----------

from pyspark.sql import functions as F

from outfit_pairing.notebook import Notebook
from outfit_pairing.storage.tables import OUTFIT_RECOMMENDATIONS, PATTERN_RECOMMENDATIONS, PRODUCTS, RULE_RECOMMENDATIONS

notebook = Notebook(
    globals(),
    "05_rule_based_pairing",
    catalog="",
    schema="",
    warehouse="warehouse_by_rules",
    catalog_path="",
    mapping="",
    encoder="",
    folder="",
    sample_products="2000",
    config="",
    set="",
    pages="",
    run_id="",
)
notebook.prepare("ingest", "embed")

# COMMAND ----------

# MAGIC %md
# MAGIC ## Rules alone
# MAGIC `pair-by-rules` serves the products that patterns left with fewer than three outfits. With an empty table of those, that
# MAGIC is all of them.

# COMMAND ----------

notebook.store.create(PATTERN_RECOMMENDATIONS)
notebook.run("pair-by-rules", "publish")

# COMMAND ----------

# MAGIC %md
# MAGIC ## How far rules reach

# COMMAND ----------

products, outfits = notebook.table(PRODUCTS), notebook.table(RULE_RECOMMENDATIONS)
reached = outfits.groupBy("product_id").agg(F.count("*").alias("outfits"), F.avg("score").alias("score"))
notebook.show(
    products.join(reached, "product_id", "left")
    .groupBy("slot")
    .agg(
        F.count("*").alias("products"),
        F.count("outfits").alias("with outfits"),
        F.count(F.when(F.col("outfits") >= 3, 1)).alias("with three"),
        F.round(F.avg("score"), 3).alias("mean score"),
    )
    .orderBy(F.desc("products"), "slot"),
    "Outfits by rules, by slot",
)
notebook.bars(outfits.groupBy("occasion").count().orderBy(F.desc("count"), "occasion").limit(20), "Outfits by occasion")

# COMMAND ----------

# MAGIC %md
# MAGIC ## Where nothing goes with a product
# MAGIC Beauty, home and free items are nothing to wear; of other products the reason is in
# MAGIC `exports/products_without_outfits.json`.

# COMMAND ----------

offered = notebook.table(OUTFIT_RECOMMENDATIONS).select("product_id").distinct()
without = products.join(offered, "product_id", "left_anti")
notebook.show(without.groupBy("slot", "article_type").count().orderBy(F.desc("count"), "article_type"), "Products without outfits")

# COMMAND ----------

# MAGIC %md
# MAGIC ## Outfits to read aloud

# COMMAND ----------

notebook.outfits(8, "Eight products, over slots and audiences")
