# Databricks notebook source
# MAGIC %md
# MAGIC # 02b Generate patterns with a REST API
# MAGIC
# MAGIC Instead of 02: any OpenAI-compatible server writes the patterns (OpenAI, model serving, vLLM, Ollama, llama.cpp), asked
# MAGIC from the workers within rates and budget. For classic compute, a laptop or any Spark.
# MAGIC
# MAGIC **After 01.** Stage: `generate-patterns`. `key` names a Databricks secret (`scope/name`); without it the environment
# MAGIC variable `OPENAI_API_KEY` holds the key, or the server wants none.

# COMMAND ----------

from pyspark.sql import functions as F

from outfit_pairing.notebook import Notebook
from outfit_pairing.patterns import planning, trying
from outfit_pairing.storage.tables import OUTFIT_PATTERNS, PATTERN_REQUESTS

notebook = Notebook(
    globals(),
    "02b_generate_patterns_rest_api",
    catalog="",
    schema="",
    warehouse="warehouse",
    catalog_path="",
    mapping="",
    encoder="",
    provider="openai",
    base_url="",
    model="gpt-4o-mini",
    key="",
    journal="",
    config="",
    set="llm.requests_per_minute=300; llm.budget_tokens=2000000",
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
# MAGIC ## One anchor first
# MAGIC Prompt, reply and verdict. This request is paid for and thrown away; it writes nothing.

# COMMAND ----------

asking = notebook.can_ask()
if asking:
    notebook.say("".join(trying.as_text(trying.try_patterns(notebook.spark, notebook.settings, 1))))

# COMMAND ----------

# MAGIC %md
# MAGIC ## All anchors
# MAGIC Run it again after an interruption: what was answered is in the journal and is not asked again.

# COMMAND ----------

if asking:
    notebook.run("generate-patterns")

# COMMAND ----------

# MAGIC %md
# MAGIC ## What came of it, and what it cost

# COMMAND ----------

if asking:
    patterns = notebook.table(OUTFIT_PATTERNS)
    notebook.bars(patterns.groupBy("provider").count().orderBy("provider"), "Patterns by provider")
    notebook.show(
        patterns.select("anchor_product_id", "name", "occasion", "description").orderBy("pattern_id"), "Patterns", limit=8
    )
    requests = notebook.table(PATTERN_REQUESTS).where("provider = 'openai'")
    notebook.show(
        requests.groupBy("model", "status", "http_status", "error")
        .agg(
            F.count("*").alias("attempts"),
            F.sum("prompt_tokens").alias("prompt tokens"),
            F.sum("completion_tokens").alias("completion tokens"),
            F.round(F.sum("cost"), 4).alias("cost"),
        )
        .orderBy("status", "http_status"),
        "Requests",
    )
