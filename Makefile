# Two commands from a bare clone: `make demo` and `make test`. Each sets up what it needs.
SHELL := /bin/bash
VENV := .venv
BIN := $(VENV)/bin
AUDIT := .venv-audit
PYTHON ?= $(shell for p in python3.12 python3.11 python3; do command -v $$p >/dev/null && $$p -c 'import sys; sys.exit(not (3,11) <= sys.version_info < (3,13))' 2>/dev/null && { echo $$p; break; }; done)
WAREHOUSE ?= warehouse
PRODUCTS ?= 2000
CATALOG ?=
MAPPING ?= auto

.PHONY: help setup demo test test-slow soak lint notebooks bench bench-scale audit clean
.DEFAULT_GOAL := help

help: ## what can be made
	@grep -hE '^[a-z-]+:.*##' $(MAKEFILE_LIST) | sed -E 's/:.*## /\t/' | expand -t 12

$(VENV)/.ready: pyproject.toml constraints.txt lib/outfit_pairing/storage/local_spark.py
	@test -n "$(PYTHON)" || { echo "outfit-pairing: needs Python 3.11 or 3.12; none was found on the PATH (Debian: apt-get install python3.11 python3.11-venv)" >&2; exit 2; }
	@{ test -n "$$JAVA_HOME" && test -x "$$JAVA_HOME/bin/java"; } || command -v java >/dev/null || { echo "outfit-pairing: needs Java 17 for Spark; no java was found (Debian: apt-get install openjdk-17-jre-headless)" >&2; exit 2; }
	@echo "Setting up $(VENV): packages, Spark with Delta, the text model. Once, some minutes." >&2
	@test -x $(BIN)/python || $(PYTHON) -m venv $(VENV) || { echo "outfit-pairing: $(PYTHON) cannot make a virtual environment (Debian: apt-get install python3-venv)" >&2; exit 2; }
	$(BIN)/python -m pip install --quiet --disable-pip-version-check --constraint constraints.txt --editable '.[local,embed,llm,tracking,dev]'
	$(BIN)/python -m outfit_pairing.storage.local_spark 2>$(VENV)/spark-setup.log || { cat $(VENV)/spark-setup.log >&2; echo "outfit-pairing: Delta's jars could not be resolved; a network is needed once" >&2; exit 1; }
	@touch $@

setup: $(VENV)/.ready ## the environment alone: `source .venv/bin/activate` afterwards

demo: $(VENV)/.ready ## the whole chain on a sample catalogue, or CATALOG=styles.csv MAPPING=myntra on a real one
	@set -e; catalog="$(CATALOG)"; mapping="$(MAPPING)"; config=; \
	if [ -z "$$catalog" ]; then mkdir -p demo; catalog=demo/sample.csv.gz; mapping=sample; \
	  $(BIN)/outfit-pairing sample --products $(PRODUCTS) --seed 1 --out $$catalog --lookbook demo/lookbook.jsonl --quiet; config="--config conf/demo.yaml --lookbook demo/lookbook.jsonl"; fi; \
	$(BIN)/outfit-pairing run --catalog "$$catalog" --mapping "$$mapping" --warehouse $(WAREHOUSE) --accept-drift $$config

lint: $(VENV)/.ready ## linters, types and import contracts
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	$(BIN)/mypy
	$(BIN)/lint-imports

test: lint ## linters, types and all tests but the slow ones (CONTRIBUTING.md)
	$(BIN)/python -m pytest -n 2 --dist loadfile --no-loadscope-reorder

test-slow: $(VENV)/.ready ## what make test leaves out, as Spark Connect, clusters, S3 and notebooks; tells what it skips: an hour and a half
	$(BIN)/python -m pytest -m slow -rs

notebooks: $(VENV)/.ready ## runs every notebook and writes notebooks/NOTEBOOK_INVENTORY.md
	WRITE_NOTEBOOK_INVENTORY=1 $(BIN)/python -m pytest -m slow tests/system/test_notebooks.py

soak: $(VENV)/.ready ## runs killed at twenty moments and runs that meet, with figures: half an hour or more
	$(BIN)/python -m pytest -m soak -s

bench: $(VENV)/.ready ## the measurements of benchmarks/, as a table (CATALOG=… measures that catalogue)
	$(BIN)/python -m benchmarks $(if $(CATALOG),--catalog $(CATALOG) --mapping $(MAPPING))

bench-scale: $(VENV)/.ready ## the chain on 100 thousand and a million products (SIZES="100000 3000000"): 40 minutes, with 3 million two hours
	$(BIN)/python -m benchmarks.scale $(if $(SIZES),--products $(SIZES))

audit: ## faults that are known of the pinned packages, where the database of them can be had
	@test -n "$(PYTHON)" || { echo "outfit-pairing: needs Python 3.11 or 3.12" >&2; exit 2; }
	@test -x $(AUDIT)/bin/pip-audit || { $(PYTHON) -m venv $(AUDIT) && $(AUDIT)/bin/python -m pip install --quiet --disable-pip-version-check pip-audit; } \
	  || echo "outfit-pairing: pip-audit cannot be installed here" >&2
	@$(PYTHON) tests/audit.py $(AUDIT)/bin/pip-audit constraints.txt

clean: ## remove the environment and what was made
	rm -rf $(VENV) $(AUDIT) $(WAREHOUSE) demo build dist lib/*.egg-info
