# Databricks notebook source
# MAGIC %md
# MAGIC # 02 Generate outfit patterns
# MAGIC
# MAGIC Has five to ten *patterns* (outfit ideas) written for each anchor: by the style guide, which costs nothing and needs no
# MAGIC key, or by a language model. Every reply is kept in the journal before it counts and is paid for once.
# MAGIC
# MAGIC **After 01.** Stage: `generate-patterns`. Earlier stages run first where their tables are missing. `provider`:
# MAGIC `style_guide`, `openai` (any OpenAI-compatible server; classic compute), `ai_query` (serving endpoint; Databricks).

# COMMAND ----------

from pyspark.sql import functions as F

from outfit_pairing.notebook import Notebook
from outfit_pairing.storage.tables import OUTFIT_PATTERNS, PATTERN_REQUESTS, PRODUCTS

notebook = Notebook(
    globals(),
    "02_generate_outfit_patterns",
    catalog="",
    schema="",
    warehouse="warehouse",
    catalog_path="",
    mapping="",
    encoder="",
    provider="style_guide",
    per_anchor="8",
    model="",
    base_url="",
    key="",
    journal="",
    config="",
    set="",
    pages="",
    run_id="",
)
notebook.prepare("ingest", "embed", "select-anchors")

# COMMAND ----------

# MAGIC %md
# MAGIC ## What asking would take
# MAGIC Requests, tokens and cost, before anything is asked. Set `llm.price_prompt` and `llm.price_completion` for the cost.

# COMMAND ----------

from outfit_pairing.patterns import planning

if notebook["provider"] == "style_guide":
    notebook.say("The style guide writes: nothing is asked, nothing is paid.")
else:
    notebook.say(planning.as_text(planning.plan(notebook.spark, notebook.settings)))

# COMMAND ----------

notebook.run("generate-patterns")

# COMMAND ----------

# MAGIC %md
# MAGIC ## Patterns to read

# COMMAND ----------

patterns = notebook.table(OUTFIT_PATTERNS)
names = notebook.table(PRODUCTS).select(F.col("product_id").alias("anchor_product_id"), F.col("name").alias("anchor"))
item = (
    "concat(i.slot, ': ', concat_ws('/', i.article_types), if(size(i.colours) > 0, concat(' in ', concat_ws('/', i.colours)), ''))"
)
notebook.show(
    patterns.join(names, "anchor_product_id")
    .withColumn("items", F.expr(f"concat_ws('; ', transform(items, i -> {item}))"))
    .orderBy("anchor_product_id", F.desc("confidence"), "name")
    .select("anchor", "name", "occasion", "items", "confidence", "provider"),
    "Patterns",
    limit=16,
)

# COMMAND ----------

# MAGIC %md
# MAGIC ## How many, and for what

# COMMAND ----------

per_anchor = patterns.groupBy("anchor_product_id").count().groupBy(F.concat(F.col("count"), F.lit(" patterns")).alias("name"))
notebook.bars(per_anchor.count().orderBy("name"), "Anchors by number of patterns")
notebook.bars(patterns.groupBy("occasion").count().orderBy(F.desc("count"), "occasion").limit(20), "Patterns by occasion")

# COMMAND ----------

# MAGIC %md
# MAGIC ## What was asked, and what it cost
# MAGIC `pattern_requests` has a row for every attempt, with the raw reply.

# COMMAND ----------

asked = notebook.table(PATTERN_REQUESTS).groupBy("provider", "model", "status")
notebook.show(
    asked.agg(
        F.count("*").alias("attempts"),
        F.sum("prompt_tokens").alias("prompt tokens"),
        F.sum("completion_tokens").alias("completion tokens"),
        F.round(F.sum("cost"), 4).alias("cost"),
    ).orderBy("provider", "model", "status"),
    "Requests",
)
