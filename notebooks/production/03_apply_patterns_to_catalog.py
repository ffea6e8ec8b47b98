# Databricks notebook source
# MAGIC %md
# MAGIC # 03 Apply patterns to the catalogue
# MAGIC
# MAGIC Carries the patterns over to every product, fills what they did not reach by rules, drafts the best three to five outfits
# MAGIC of each product, checks the draft, and releases what passes. A missed gate ends this notebook with an error: product pages
# MAGIC stay as they were.
# MAGIC
# MAGIC **After 01 and 02.** Stages: `pair-by-lookbook`, `apply-patterns`, `pair-by-rules`, `publish`, `check-quality`, `release`.
# MAGIC `config`: settings with the limits; `auto` takes `conf/demo.yaml` for the made-up catalogue, `conf/production.yaml` for
# MAGIC any other, on Databricks `conf/databricks_production.yaml`. `provider`: who was asked for the patterns; empty: whom the
# MAGIC last run asked.

# COMMAND ----------

from pyspark.sql import functions as F

from outfit_pairing.notebook import Notebook
from outfit_pairing.publishing.places import page_path
from outfit_pairing.storage.tables import OUTFIT_RECOMMENDATIONS, QUALITY_METRICS

notebook = Notebook(
    globals(),
    "03_apply_patterns_to_catalog",
    catalog="",
    schema="",
    warehouse="warehouse",
    catalog_path="",
    mapping="",
    encoder="",
    provider="",
    lookbook="",
    style_model="",
    folder="",
    config="auto",
    set="",
    pages="",
    run_id="",
)
notebook.prepare("ingest", "embed", "select-anchors", "generate-patterns")
notebook.hold_to_limits()
notebook.judge_who_was_asked()

# COMMAND ----------

# MAGIC %md
# MAGIC ## Outfits for every product

# COMMAND ----------

notebook.run("pair-by-lookbook", "apply-patterns", "pair-by-rules", "publish")

# COMMAND ----------

# MAGIC %md
# MAGIC ## Checked, then shown

# COMMAND ----------

try:
    notebook.run("check-quality", "release")
finally:
    measured = notebook.table(QUALITY_METRICS).where(F.col("run_id") == notebook.settings.run_id)
    figures = measured.select("metric", "value", "threshold", "passed", F.substring("detail", 1, 160).alias("detail"))
    notebook.show(
        figures.orderBy(F.col("passed").asc_nulls_last(), "metric"), "What was measured; missed gates come first", limit=60
    )

# COMMAND ----------

# MAGIC %md
# MAGIC ## What product pages show now

# COMMAND ----------

outfits = notebook.table(OUTFIT_RECOMMENDATIONS)
notebook.bars(outfits.groupBy("source").count().orderBy(F.desc("count"), "source"), "Outfits by source")
notebook.bars(outfits.groupBy("occasion").count().orderBy(F.desc("count"), "occasion").limit(20), "Outfits by occasion")
per_product = outfits.groupBy("product_id").count().groupBy(F.concat(F.col("count"), F.lit(" outfits")).alias("name"))
notebook.bars(per_product.count().orderBy("name"), "Products by number of outfits")

# COMMAND ----------

# MAGIC %md
# MAGIC ## Outfits to read aloud

# COMMAND ----------

notebook.outfits(12, "Twelve products, over slots and audiences")

# COMMAND ----------

# MAGIC %md
# MAGIC ## The lookbook page

# COMMAND ----------

notebook.page(page_path(notebook.settings), "Lookbook")
