"""Every notebook, from start to end on a small made-up catalogue, one after the other in one warehouse."""

import json
import os
from pathlib import Path
from typing import TYPE_CHECKING

import pandas as pd
import pytest
from pyspark.sql.pandas.functions import pandas_udf

from tests.delta import read_table
from tests.model_server import ModelServer
from tests.model_stylist import good_reply
from tests.notebooks import FOLDER, INVENTORY, NOT_RUN, Ran, files, inventory, run_notebook

if TYPE_CHECKING:
    from pyspark.sql import SparkSession

pytestmark = [pytest.mark.slow, pytest.mark.timeout(1_800)]  # the first test waits for all notebooks

PRODUCTS, ANCHORS = 300, 24
HOW = (
    f"The tests ran them so, one after the other on a made-up catalogue of {PRODUCTS} products with {ANCHORS} anchors, with the "
    "`hashing` encoder and limits that so few products can keep, on a local Spark; none was run on Databricks. What each wrote is "
    "counted when it ended; `runs` has a row for each stage."
)
SMALL = ("spark.partitions=2", "outfits.candidates_per_item=48")
# so few products cannot all have three outfits
EASY = ("quality.gates.coverage=0.8", "quality.gates.from_patterns=0", "quality.gates.pattern_yield=0.4")
FIRST, SECOND, THIRD = (f"production/{name}" for name in (
    "01_select_anchor_products.py", "02_generate_outfit_patterns.py", "03_apply_patterns_to_catalog.py",
))  # fmt: skip
QUERY, REST, TESTS, RULES = (f"alternative_approaches/{name}" for name in (
    "02a_generate_patterns_ai_functions.py", "02b_generate_patterns_rest_api.py", "02_test_pattern_generation.py",
    "05_rule_based_pairing.py",
))  # fmt: skip


@pytest.fixture(scope="module")
def warehouse(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tmp_path_factory.mktemp("notebooks") / "warehouse"


@pytest.fixture(scope="module")
def ran(spark: "SparkSession", warehouse: Path) -> dict[str, Ran]:
    """All of them, in order; stand-ins for what asks a model."""

    def stand_in(endpoint: pd.Series, request: pd.Series, modelParameters: pd.DataFrame, failOnError: pd.Series) -> pd.DataFrame:
        return pd.DataFrame({"result": [json.dumps(good_reply(text)) for text in request], "errorMessage": None})

    given = {"warehouse": str(warehouse), "encoder": "hashing", "set": "; ".join([*SMALL, *EASY])}
    sizes = {"sample_products": str(PRODUCTS), "budget": str(ANCHORS)}
    apart = warehouse.with_name("warehouse_by_rules")
    done = {}
    with ModelServer() as server:
        done[FIRST] = run_notebook(FOLDER / FIRST, warehouse, given | sizes, screen=True)
        done[SECOND] = run_notebook(FOLDER / SECOND, warehouse, given, screen=True)
        done[THIRD] = run_notebook(FOLDER / THIRD, warehouse, given, screen=True)
        spark.udf.register("ai_query", pandas_udf(stand_in, "result string, errorMessage string"))
        try:
            done[QUERY] = run_notebook(
                FOLDER / QUERY, warehouse, given, remark=f"a stand-in for `ai_query` answered; with an endpoint: {NOT_RUN}"
            )
        finally:
            spark.sql("DROP TEMPORARY FUNCTION IF EXISTS ai_query")
        asked = given | {"base_url": server.base_url, "model": "fake"}
        done[REST] = run_notebook(
            FOLDER / REST, warehouse, asked, remark=f"a fake server on loopback answered; with a model: {NOT_RUN}"
        )
        done[TESTS] = run_notebook(FOLDER / TESTS, warehouse, given)
        done[RULES] = run_notebook(
            FOLDER / RULES, apart, given | sizes | {"warehouse": str(apart)}, remark="in a warehouse of its own"
        )
    return done


def test_the_inventory_is_what_the_notebooks_did(ran: dict[str, Ran]) -> None:
    """Order, tables, rows and status come from the run; `make notebooks` writes them down."""
    page = inventory(list(ran.values()), HOW)
    if os.environ.get("WRITE_NOTEBOOK_INVENTORY"):
        INVENTORY.write_text(page, "utf-8")
    assert INVENTORY.read_text("utf-8") == page, "run `make notebooks` to renew the inventory"


def test_every_notebook_was_run(ran: dict[str, Ran]) -> None:
    """None is left out but those in other formats, which the inventory marks."""
    assert {one.path for one in ran.values()} == {path for path in files() if path.suffix == ".py"}


def test_every_notebook_shows_tables_and_charts(ran: dict[str, Ran], warehouse: Path) -> None:
    """By `display` and `displayHTML` where these are, else on a page of its own."""
    for name, one in ran.items():
        folder = warehouse.with_name("warehouse_by_rules") if name == RULES else warehouse
        page = folder / "notebooks" / f"{one.path.stem}.html"
        if name in {FIRST, SECOND, THIRD}:
            assert one.screen.tables, name
            assert not page.exists(), name
        shown = "".join(one.screen.html) or page.read_text("utf-8")
        assert "<svg" in shown, name
        assert "<table" in shown, name


def test_the_production_notebooks_release_outfits(ran: dict[str, Ran], warehouse: Path) -> None:
    """From nothing to the table behind a product page, and the page to look at."""
    assert set(ran[THIRD].writes) >= {"outfit_recommendations", "quality_metrics", "releases"}
    assert read_table(warehouse, "outfit_recommendations").num_rows > 2 * PRODUCTS
    assert ran[THIRD].screen.html[-1] == (warehouse / "lookbook.html").read_text("utf-8")


def test_the_tests_of_pattern_generation_can_fail(ran: dict[str, Ran], warehouse: Path) -> None:
    """More patterns wanted than were written."""
    wanted = {"warehouse": str(warehouse), "encoder": "hashing", "per_anchor": "10", "set": "quality.gates.pattern_yield=0.95"}
    with pytest.raises(AssertionError, match=r"test_anchors_have_enough_patterns: .* 0.95 is the least"):
        run_notebook(FOLDER / TESTS, warehouse, wanted)
