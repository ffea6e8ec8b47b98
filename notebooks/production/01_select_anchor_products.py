# Databricks notebook source
# MAGIC %md
# MAGIC # 01 Select anchor products
# MAGIC
# MAGIC Reads the catalogue, encodes each distinct text once, and chooses the *anchors*: some 200 products that stand for all
# MAGIC others.
# MAGIC
# MAGIC **First of all notebooks.** Stages: `ingest`, `embed`, `select-anchors`. Needs the wheel on the compute; see
# MAGIC `notebooks/README.md`. Without `catalog_path` a catalogue is made up, so that the notebooks can be tried as they are.

# COMMAND ----------

from pyspark.sql import functions as F

from outfit_pairing.notebook import Notebook
from outfit_pairing.storage.tables import ANCHOR_PRODUCTS, PRODUCTS, REJECTED_PRODUCTS

notebook = Notebook(
    globals(),
    "01_select_anchor_products",
    catalog="",
    schema="",
    warehouse="warehouse",
    catalog_path="",
    mapping="",
    encoder="",
    budget="200",
    sample_products="2000",
    config="",
    set="",
    pages="",
    run_id="",
)

# COMMAND ----------

# MAGIC %md
# MAGIC ## The three stages
# MAGIC Running them again with nothing changed rewrites no row, encodes no text and keeps every anchor.

# COMMAND ----------

notebook.run("ingest", "embed", "select-anchors")

# COMMAND ----------

# MAGIC %md
# MAGIC ## What came in
# MAGIC Every row of the catalogue is a product or is kept in `rejected_products` with the reason and the cure.

# COMMAND ----------

products = notebook.table(PRODUCTS)
notebook.bars(products.groupBy("slot").count().orderBy(F.desc("count"), "slot"), "Products by slot")
notebook.bars(products.groupBy("audience").count().orderBy(F.desc("count"), "audience"), "Products by audience")
notebook.show(
    notebook.table(REJECTED_PRODUCTS)
    .groupBy("reason_code", "reason")
    .agg(F.count("*").alias("rows"), F.min("line_number").alias("first line"))
    .orderBy(F.desc("rows"), "reason"),
    "Rejected rows by reason",
)

# COMMAND ----------

# MAGIC %md
# MAGIC ## The anchors
# MAGIC `stratum` is sub-category, audience, usage and season; `represents` counts the products of it that the anchor stands for.

# COMMAND ----------

anchors = notebook.table(ANCHOR_PRODUCTS).join(
    products.select("product_id", "name", "slot", "article_type", "colour"), "product_id"
)
notebook.show(
    anchors.orderBy("rank").select("rank", "product_id", "name", "article_type", "colour", "stratum", "stratum_size", "represents"),
    "Anchors, the most telling first",
)
notebook.bars(anchors.groupBy("slot").count().orderBy(F.desc("count"), "slot"), "Anchors by slot")

# COMMAND ----------

# MAGIC %md
# MAGIC ## How much of the catalogue they stand for

# COMMAND ----------

represents = anchors.agg(F.sum("represents")).collect()[0][0]
notebook.say(f"{anchors.count():,} anchors stand for {represents:,} of {products.count():,} products.")
held = anchors.groupBy("slot").agg(F.count("*").alias("anchors"), F.sum("represents").alias("they stand for"))
counted = products.groupBy("slot").agg(F.count("*").alias("products"))
notebook.show(counted.join(held, "slot", "left").orderBy(F.desc("products"), "slot"), "Products and anchors by slot")
