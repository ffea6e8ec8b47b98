"""What a notebook of notebooks/ needs around it, on Databricks and elsewhere: parameters, a session, stages, things shown.

    notebook = Notebook(globals(), "01_select_anchor_products", catalog="", schema="", warehouse="warehouse")
    notebook.run("ingest", "embed", "select-anchors")
    notebook.show(notebook.table(ANCHOR_PRODUCTS), "Anchors")

Parameters are widgets where there is `dbutils`, else `name=value` on the command line, else the defaults given. What is shown
goes through `display` and `displayHTML` where these are, else to stdout and into a page.
"""

import json
import logging
import os
import sys
from collections.abc import Mapping, MutableMapping, Sequence
from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING, Any

from outfit_pairing.cli import check_stages
from outfit_pairing.errors import SettingsError
from outfit_pairing.notebook_view import View
from outfit_pairing.package_files import package_folder
from outfit_pairing.pipeline import StageOutcome, run_stages
from outfit_pairing.settings import Settings, load_settings
from outfit_pairing.storage import StageReport, TableStore
from outfit_pairing.storage.at_hand import by_time
from outfit_pairing.storage.places import local_warehouse
from outfit_pairing.storage.tables import (
    ANCHOR_PRODUCTS,
    OUTFIT_PATTERNS,
    PATTERN_RECOMMENDATIONS,
    PRODUCT_EMBEDDINGS,
    PRODUCTS,
    RUNS,
    Table,
)

if TYPE_CHECKING:
    from pyspark.sql import DataFrame, SparkSession

# Parameter → the setting that it gives. An empty value leaves the setting as file, environment and default have it.
SETTINGS = {
    "catalog": "storage.catalog",
    "schema": "storage.schema",
    "warehouse": "storage.warehouse",
    "catalog_path": "catalog.path",
    "mapping": "catalog.mapping",
    "encoder": "embedding.model",
    "budget": "anchors.budget",
    "provider": "patterns.provider",
    "per_anchor": "patterns.per_anchor",
    "model": "llm.model",
    "base_url": "llm.base_url",
    "key": "llm.api_key_secret",
    "journal": "llm.journal",
    "lookbook": "lookbook.path",
    "style_model": "style.model",
    "folder": "publish.folder",
    "run_id": "run_id",
}
OWN = {
    "config": "settings file, by path or as a name of conf/; auto: demo for the made-up catalogue, production for any other",
    "set": "more settings, key=value, separated by ;",
    "sample_products": "size of the catalogue that is made up where none is given",
    "pages": "folder of the pages, where there is no displayHTML",
}
CATALOG, SCHEMA = "main", "outfit_pairing"  # defaults on Databricks; warehouse_x is there outfit_pairing_x
VOLUME = "files"
FIRST_TABLE = {
    "ingest": PRODUCTS,
    "embed": PRODUCT_EMBEDDINGS,
    "select-anchors": ANCHOR_PRODUCTS,
    "generate-patterns": OUTFIT_PATTERNS,
    "apply-patterns": PATTERN_RECOMMENDATIONS,
}
AUTO, SAMPLE = "auto", "sample"
CHECKOUT_CONF = Path(__file__).parents[2] / "conf"  # a wheel holds its files as outfit_pairing/conf/


class Notebook:
    """One notebook while it runs.

    Args:    namespace: the notebook's globals(), which hold `dbutils`, `display` and `displayHTML` on Databricks.
             name: of its file, without ending.   defaults: its parameters.
    Raises:  SettingsError: a parameter that is none, or a value that cannot be used.
    """

    def __init__(self, namespace: MutableMapping[str, Any], name: str, **defaults: str) -> None:
        unknown = sorted(set(defaults) - set(SETTINGS) - set(OWN))
        if unknown:
            raise SettingsError(f"{name}: {', '.join(unknown)} is no parameter; there are {', '.join([*SETTINGS, *OWN])}")
        self.name, self.namespace = name, namespace
        self.on_databricks = "DATABRICKS_RUNTIME_VERSION" in os.environ
        if self.on_databricks:
            schema = defaults.get("warehouse", "").replace("warehouse", SCHEMA)
            names = {"catalog": CATALOG, "schema": schema}
            defaults = {key: value or names.get(key, "") for key, value in defaults.items()}
        dbutils = namespace.get("dbutils")
        self.values = _from_widgets(dbutils, defaults) if dbutils else _from_arguments(namespace, defaults)
        self.settings = self._settings(self.values.get("config", ""))
        self.view = View(name, namespace, self._pages())
        if dbutils is None:
            logging.basicConfig(stream=sys.stderr, level=logging.INFO, format="%(asctime)s %(message)s", datefmt="%H:%M:%S")
            logging.getLogger("py4j").setLevel(logging.ERROR)
            logging.getLogger("httpx2").setLevel(logging.WARNING)
        else:  # handlers are the platform's, which lets only warnings pass
            logging.getLogger("outfit_pairing").setLevel(logging.INFO)

    def __getitem__(self, name: str) -> str:
        """The value of a parameter."""
        return self.values[name]

    @cached_property
    def spark(self) -> "SparkSession":
        """The session: the notebook's own where there is one."""
        from outfit_pairing.storage.session import open_session

        return open_session(self.settings)

    @property
    def store(self) -> TableStore:
        """The tables."""
        return TableStore(self.spark, self.settings)

    def table(self, table: Table) -> "DataFrame":
        """Rows of a table.    Raises:  MissingTable: the message names the stage to run."""
        return self.store.read(table)

    def run(self, *stages: str) -> list[StageReport]:
        """Run stages as `outfit-pairing` does, checked first, and alone in the warehouse; shows how they went.

        Raises:  OutfitPairingError: as the stages do, a missed gate too, so that a job fails.
        """
        from outfit_pairing.storage.lease import writing

        if "ingest" in stages:
            self._make_up_a_catalogue()
        check_stages(self.settings, stages)
        ended: list[StageOutcome] = []
        try:
            with writing(self.settings) as spark:
                run_stages(spark, self.settings, stages, ended.append)
        finally:
            reports = [outcome.report for outcome in ended if outcome.error is None]
            if reports:
                self.view.table([_row(report) for report in reports], "Stages", limit=len(reports))
        return reports

    def prepare(self, *stages: str) -> None:
        """Run those of the stages whose table is not there yet."""
        missing = [stage for stage in stages if not self.store.exists(FIRST_TABLE[stage])]
        if missing:
            self.say(f"Not run here yet, so run now: {', '.join(missing)}.")
            self.run(*missing)

    def hold_to_limits(self) -> None:
        """Take the limits of `config`; auto is conf/demo.yaml where the catalogue is made up, else what production has here."""
        if self.values.get("config", "") != AUTO:
            return
        made_up = self._last("ingest", "catalog", "mapping") == SAMPLE
        production = "databricks_production" if self.on_databricks else "production"
        chosen = "demo" if made_up else production
        self.settings = self._settings(chosen).model_copy(update={"run_id": self.settings.run_id})
        self.say(f"Limits of conf/{chosen}.yaml.")

    def judge_who_was_asked(self) -> None:
        """Judge patterns by whom the last run asked, unless `provider` says whom: a stand-in's do not count as a model's."""
        asked = self._last("generate-patterns", "patterns", "provider")
        if asked and not self.values.get("provider"):
            patterns = self.settings.patterns.model_copy(update={"provider": asked})
            self.settings = self.settings.model_copy(update={"patterns": patterns})
            self.say(f"Patterns were asked of {asked}.")

    def can_ask(self) -> bool:
        """Whether the model of the settings can be asked from here; says why not.

        Raises:  SettingsError: it cannot, on Databricks, where a job that asks nobody must not pass for one that went well.
        """
        reason = self._why_not()
        if reason and self.on_databricks:
            raise SettingsError(reason)
        if reason:
            self.say(f"Nobody is asked here: {reason}")
        return reason is None

    def run_tests(self) -> int:
        """Run every function of the notebook whose name begins with test_, and show how each ended; how many there were.

        Raises:  AssertionError: one of them has failed, or there is none.
        """
        tests = {name: found for name, found in self.namespace.items() if name.startswith("test_") and callable(found)}
        rows, failed = [], []
        for name, test in tests.items():
            try:
                said, ended = test(), "passed"
            except AssertionError as fault:
                said, ended = str(fault) or "an assertion without words", "FAILED"
                failed.append(f"{name}: {said}")
            rows.append({"test": name.removeprefix("test_").replace("_", " "), "ended": ended, "what": said or ""})
        self.view.table(rows, "Tests", limit=len(rows))
        if failed or not rows:
            raise AssertionError("; ".join(failed) or f"{self.name} holds no tests")
        return len(rows)

    def say(self, text: str) -> None:
        """A line to read."""
        self.view.text(text)

    def show(self, rows: "DataFrame | Sequence[Mapping[str, Any]]", title: str, limit: int = 20) -> None:
        """A table."""
        self.view.table(rows, title, limit)

    def bars(self, rows: "Sequence[tuple[str, int]] | DataFrame", title: str) -> None:
        """A bar chart of (name, count)."""
        self.view.bars(rows, title)

    def outfits(self, count: int, title: str, seed: int = 7) -> None:
        """Products with their best outfit, to read aloud.    Raises:  MissingTable: nothing is published."""
        from outfit_pairing.publishing.outfits import spread_of_outfits

        self.view.outfits(spread_of_outfits(self.spark, self.settings, count, seed), title)

    def page(self, path: Path | None, title: str) -> None:
        """An HTML file, whole."""
        self.view.page(path, title)

    def _settings(self, config: str) -> Settings:
        overrides = {SETTINGS[name]: value for name, value in self.values.items() if name in SETTINGS and value}
        if self.on_databricks:
            overrides = self._volume(overrides) | overrides
        more = [part.strip() for part in self.values.get("set", "").split(";") if part.strip()]
        path = None if config in {"", AUTO} else _settings_file(config, self.namespace)
        return load_settings(path, [*(f"{key}={value}" for key, value in overrides.items()), *more])

    def _volume(self, given: Mapping[str, str]) -> dict[str, str]:
        """Where replies and files lie on Databricks: workers and later runs see a volume, not the driver's disk."""
        catalog, schema = given.get("storage.catalog"), given.get("storage.schema")
        if not (catalog and schema):
            return {}
        files = f"/Volumes/{catalog}/{schema}/{VOLUME}"
        return {"llm.journal": f"{files}/journal", "publish.folder": f"{files}/exports"}

    def _files(self) -> Path:
        """A folder for what a notebook makes beside its tables."""
        warehouse = local_warehouse(self.settings)
        return warehouse or Path(self.settings.publish.folder or "exports").expanduser().resolve().parent

    def _pages(self) -> Path:
        return Path(self.values["pages"]) if self.values.get("pages") else self._files() / "notebooks"

    def _make_up_a_catalogue(self) -> None:
        """A sample, where no catalogue is given."""
        if self.settings.catalog.path:
            return
        from outfit_pairing.catalog.sample import write_sample

        path = self._files() / "incoming" / "sample.csv.gz"
        path.parent.mkdir(parents=True, exist_ok=True)
        write_sample(path, int(self.values.get("sample_products") or 2_000), seed=1)
        self.say(f"No catalogue is given: {path} is made up. Give yours as catalog_path.")
        catalogue = self.settings.catalog.model_copy(update={"path": str(path), "mapping": SAMPLE})
        self.settings = self.settings.model_copy(update={"catalog": catalogue})

    def _last(self, stage: str, section: str, setting: str) -> str | None:
        """A setting of the last run of a stage that went well, as the table `runs` remembers it; None where there is none."""
        rows = self.store.rows_of(RUNS, ("status", "started_at", "settings"), "stage", [stage])
        done = by_time((row for row in rows if row["status"] == "done"), "started_at")
        return json.loads(done[-1]["settings"])[section][setting] if done else None

    def _why_not(self) -> str | None:
        from outfit_pairing.patterns.asking.preflight import check_asking
        from outfit_pairing.patterns.asking.reach import reach

        provider, llm = self.settings.patterns.provider, self.settings.llm
        try:
            check_asking(provider, llm)
        except SettingsError as fault:
            return fault.what
        if provider == "openai" and llm.base_url and (reason := reach(llm.base_url, min(llm.timeout_s, 10))):
            return f"base_url cannot be reached ({reason})"
        if provider == "ai_query" and not self.on_databricks and not self.spark.catalog.functionExists("ai_query"):
            return "this Spark has no function ai_query, which is Databricks' own"
        return None


def _from_widgets(dbutils: Any, defaults: Mapping[str, str]) -> dict[str, str]:
    """The values of the notebook's widgets, made where they are not there yet."""
    for name, default in defaults.items():
        dbutils.widgets.text(name, default, f"{name} ({SETTINGS.get(name) or OWN[name]})")
    return {name: str(dbutils.widgets.get(name)).strip() for name in defaults}


def _from_arguments(namespace: Mapping[str, Any], defaults: Mapping[str, str]) -> dict[str, str]:
    """`name=value` arguments over the defaults; only where the notebook was started as a script.

    Raises:  SettingsError: an argument that gives no parameter of this notebook.
    """
    values = dict(defaults)
    for argument in sys.argv[1:] if "__file__" in namespace and namespace.get("__name__") == "__main__" else ():
        name, equals, value = argument.partition("=")
        if not equals or name not in values:
            raise SettingsError(f"{argument} is no parameter; write name=value, with one of {', '.join(values)}")
        values[name] = value
    return values


def _settings_file(config: str, namespace: Mapping[str, Any]) -> Path:
    """A path as it is; a plain name is a file of a folder conf/ in or above the notebook's, else one that the package has.

    The working folder tells where the notebook lies only on classic compute: on serverless it may be any.
    """
    if config.endswith((".yaml", ".yml")):
        return Path(config)
    start = Path(namespace["__file__"]).resolve().parent if "__file__" in namespace else Path.cwd()
    above = (folder / "conf" for folder in (start, *start.parents))
    for folder in (*above, CHECKOUT_CONF, package_folder("outfit_pairing", "conf")):
        found = folder / f"{config}.yaml"
        if found.is_file():
            return found
    raise SettingsError(f"config = {config}: there is no conf/{config}.yaml in or above {start}; give the path of a YAML file")


def _row(report: StageReport) -> dict[str, Any]:
    """A stage as a row of a table."""
    what = ", ".join(f"{key.replace('_', ' ')} {value}" for key, value in report.counters.items() if value != "")
    return {
        "stage": report.stage,
        "rows in": report.rows_in,
        "rows out": report.rows_out,
        "rejected": report.rows_rejected,
        "seconds": report.seconds,
        "what": what,
    }
