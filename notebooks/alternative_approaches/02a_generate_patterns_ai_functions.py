# Databricks notebook source
# MAGIC %md
# MAGIC # 02a Generate patterns with AI functions
# MAGIC
# MAGIC Instead of 02: a serving endpoint of the workspace writes the patterns, asked by the SQL function `ai_query`. For
# MAGIC serverless compute, whose workers may not reach the internet; no key is needed. The same prompts, checks, journal and
# MAGIC tables as everywhere.
# MAGIC
# MAGIC **After 01.** Stage: `generate-patterns`. `ai_query` tells no tokens, so each request counts at its upper bound.

# COMMAND ----------

from pyspark.sql import functions as F

from outfit_pairing.notebook import Notebook
from outfit_pairing.patterns import planning
from outfit_pairing.storage.tables import OUTFIT_PATTERNS, PATTERN_REQUESTS

notebook = Notebook(
    globals(),
    "02a_generate_patterns_ai_functions",
    catalog="",
    schema="",
    warehouse="warehouse",
    catalog_path="",
    mapping="",
    encoder="",
    provider="ai_query",
    model="databricks-gpt-oss-120b",
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

# COMMAND ----------

notebook.say(planning.as_text(planning.plan(notebook.spark, notebook.settings)))

# COMMAND ----------

# MAGIC %md
# MAGIC ## Asking
# MAGIC In rounds of `llm.workers` × `llm.concurrency` requests; each reply is in the journal before the next round is asked for.
# MAGIC Elsewhere than on Databricks there is no `ai_query`: then the reason is said, and nothing is asked.

# COMMAND ----------

asking = notebook.can_ask()
if asking:
    notebook.run("generate-patterns")

# COMMAND ----------

# MAGIC %md
# MAGIC ## What came of it
# MAGIC Where the endpoint gave nothing usable the style guide stands in, and says so in `provider`.

# COMMAND ----------

if asking:
    patterns = notebook.table(OUTFIT_PATTERNS)
    notebook.bars(patterns.groupBy("provider").count().orderBy("provider"), "Patterns by provider")
    notebook.bars(patterns.groupBy("occasion").count().orderBy(F.desc("count"), "occasion").limit(15), "Patterns by occasion")
    notebook.show(
        patterns.select("anchor_product_id", "name", "occasion", "description").orderBy("pattern_id"), "Patterns", limit=8
    )
    requests = notebook.table(PATTERN_REQUESTS).where("provider = 'ai_query'")
    notebook.show(requests.groupBy("model", "status", "error").count().orderBy("status", "error"), "Requests")
