"""What notebooks have around them: parameters from widgets, arguments or defaults, and things shown there and here."""

import json
import os
import re
import sys
import tomllib
from collections.abc import Callable
from datetime import UTC, datetime
from pathlib import Path
from types import SimpleNamespace
from typing import Any
from unittest.mock import create_autospec

import pytest
import yaml
from databricks.bundles.jobs import JobCluster, Task
from databricks.sdk.service.postgres import PostgresAPI

from outfit_pairing import cli
from outfit_pairing.embedding.stage import LEAST_TEXTS_PER_PARTITION
from outfit_pairing.errors import SettingsError
from outfit_pairing.notebook import Notebook
from outfit_pairing.settings import load_settings
from outfit_pairing.storage import StageReport
from outfit_pairing.storage.tables import RUNS, TABLES, Table
from tests.bundle import resolved
from tests.notebooks import FOLDER, HEADER, INVENTORY, Screen, Widgets, cells_of, files, title_of

SOURCES = [path for path in files() if path.suffix == ".py"]
WITH_WIDGETS = pytest.mark.parametrize("path", SOURCES, ids=lambda path: path.stem)


@pytest.fixture(autouse=True)
def _no_databricks(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("DATABRICKS_RUNTIME_VERSION", raising=False)
    monkeypatch.setattr(sys, "argv", ["python"])


def databricks(typed: dict[str, str]) -> dict[str, Any]:
    """Globals as a Databricks notebook has them."""
    screen = Screen()
    dbutils = type("DbUtils", (), {"widgets": Widgets(typed)})
    return {"dbutils": dbutils, "display": screen.tables.append, "displayHTML": screen.html.append, "screen": screen}


@pytest.fixture
def here(tmp_path: Path) -> Callable[..., Notebook]:
    """A notebook of a laptop."""

    def make(**more: Any) -> Notebook:
        return Notebook(more, "a_notebook", warehouse=str(tmp_path / "warehouse"), provider="style_guide", set="", config="")

    return make


def test_widgets_are_made_with_their_defaults_and_read() -> None:
    """What somebody types in wins over the default; an empty value leaves the setting alone."""
    notebook = Notebook(databricks({"budget": " 17 "}), "a_notebook", budget="200", per_anchor="6", encoder="", set="full=true")
    assert notebook.settings.anchors.budget == 17
    assert notebook.settings.patterns.per_anchor == 6
    assert notebook.settings.embedding.model == "all-MiniLM-L6-v2"
    assert notebook.settings.full is True
    assert notebook["budget"] == "17"


def test_a_script_takes_arguments_and_refuses_what_it_does_not_know(monkeypatch: pytest.MonkeyPatch) -> None:
    """`python notebook.py budget=17`."""
    script = {"__name__": "__main__", "__file__": __file__}
    monkeypatch.setattr(sys, "argv", ["notebook.py", "budget=17"])
    assert Notebook(script, "a_notebook", budget="200").settings.anchors.budget == 17
    assert Notebook({}, "a_notebook", budget="200").settings.anchors.budget == 200, "another program's arguments"
    monkeypatch.setattr(sys, "argv", ["notebook.py", "--budget", "17"])
    with pytest.raises(SettingsError, match="--budget is no parameter; write name=value, with one of budget"):
        Notebook(script, "a_notebook", budget="200")


def test_what_no_parameter_says_comes_from_the_environment(monkeypatch: pytest.MonkeyPatch) -> None:
    """As for every command."""
    monkeypatch.setenv("OUTFIT_ANCHORS__BUDGET", "19")
    assert Notebook({}, "a_notebook", budget="").settings.anchors.budget == 19
    assert Notebook({}, "a_notebook", budget="20").settings.anchors.budget == 20


def test_a_parameter_that_is_none_is_refused() -> None:
    """With those that there are."""
    with pytest.raises(SettingsError, match="budgets is no parameter; there are catalog, schema"):
        Notebook({}, "a_notebook", budgets="200")


def test_on_databricks_tables_have_names_and_files_lie_in_a_volume(monkeypatch: pytest.MonkeyPatch) -> None:
    """By default main.outfit_pairing, and for a warehouse apart a schema apart; what is given wins."""
    monkeypatch.setenv("DATABRICKS_RUNTIME_VERSION", "18.0")
    usual = Notebook(databricks({}), "a", catalog="", schema="", warehouse="warehouse", journal="").settings
    assert (usual.storage.catalog, usual.storage.schema_) == ("main", "outfit_pairing")
    assert usual.llm.journal == "/Volumes/main/outfit_pairing/files/journal"
    assert usual.publish.folder == "/Volumes/main/outfit_pairing/files/exports"
    apart = Notebook(databricks({"catalog": "shop"}), "a", catalog="", schema="", warehouse="warehouse_by_rules").settings
    assert (apart.storage.catalog, apart.storage.schema_) == ("shop", "outfit_pairing_by_rules")
    given = Notebook(databricks({"journal": "/Volumes/x/y/z"}), "a", catalog="", schema="", warehouse="", journal="").settings
    assert given.llm.journal == "/Volumes/x/y/z"


class Remembered:
    """A store whose table `runs` holds these rows: stage, status, hour and settings."""

    def __init__(self, *runs: tuple[str, str, int, dict[str, Any]]) -> None:
        names = ("stage", "status", "started_at", "settings")
        self.runs = [
            dict(zip(names, (stage, status, datetime(2026, 5, 1, hour, tzinfo=UTC), json.dumps(settings)), strict=True))
            for stage, status, hour, settings in runs
        ]

    def rows_of(self, table: Table, columns: tuple[str, ...], where: str, values: list[str]) -> list[dict[str, Any]]:
        assert table is RUNS
        return [{name: run[name] for name in columns} for run in self.runs if run[where] in values]


def test_patterns_are_judged_by_whom_the_last_run_asked(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys) -> None:
    """Who asked a model in another notebook, or by a job, need not say it again: the style guide's stand-ins do not count."""
    asked = {name: {"patterns": {"provider": name}} for name in ("style_guide", "openai", "ai_query")}
    runs = Remembered(
        ("generate-patterns", "done", 3, asked["ai_query"]),
        ("generate-patterns", "done", 1, asked["style_guide"]),
        ("generate-patterns", "failed", 4, asked["openai"]),
        ("check-quality", "done", 5, asked["style_guide"]),
    )
    monkeypatch.setattr(Notebook, "store", runs)
    values = {"warehouse": str(tmp_path), "provider": "", "config": ""}
    notebook = Notebook({}, "a", **values)
    notebook.judge_who_was_asked()
    assert notebook.settings.patterns.provider == "ai_query"
    assert "Patterns were asked of ai_query." in capsys.readouterr().out
    said = Notebook({}, "a", **values | {"provider": "openai"})
    said.judge_who_was_asked()
    assert said.settings.patterns.provider == "openai"
    monkeypatch.setattr(Notebook, "store", Remembered())
    nobody = Notebook({}, "a", **values)
    nobody.judge_who_was_asked()
    assert nobody.settings.patterns.provider == "style_guide"


@pytest.mark.parametrize(("mapping", "limits"), [("sample", 0.98), ("myntra", 0.999)])
def test_a_made_up_catalogue_has_limits_of_its_own(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, mapping, limits) -> None:
    """Any other is held to those of production; the run keeps its name."""
    monkeypatch.setattr(Notebook, "store", Remembered(("ingest", "done", 1, {"catalog": {"mapping": mapping}})))
    notebook = Notebook({}, "a", warehouse=str(tmp_path), config="auto", run_id="run-7")
    notebook.hold_to_limits()
    assert notebook.settings.quality.gates.coverage == limits
    assert notebook.settings.run_id == "run-7"
    monkeypatch.setenv("DATABRICKS_RUNTIME_VERSION", "18.0")
    there = Notebook(databricks({}), "a", catalog="", schema="", config="auto")
    there.hold_to_limits()
    assert there.settings.quality.gates.coverage == limits
    assert there.settings.quality.gates.model_cost is None, "ai_query tells no cost"


def test_the_notebook_that_checks_has_its_limits_and_knows_who_was_asked() -> None:
    """Else its gate of pattern_yield would count what the style guide wrote in a model's place; limits first, which forget it."""
    text = (FOLDER / "production" / "03_apply_patterns_to_catalog.py").read_text("utf-8")
    steps = ("notebook.prepare(", "notebook.hold_to_limits()", "notebook.judge_who_was_asked()", 'notebook.run("check-quality"')
    found = [text.index(step) for step in steps]
    assert found == sorted(found)
    assert '    provider="",\n' in text


def test_settings_files_are_found_by_name_above_the_notebook(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """conf/ of the repository, from the file or from the working folder."""
    (tmp_path / "conf").mkdir()
    (tmp_path / "conf" / "shop.yaml").write_text("anchors: {budget: 23}\n", "utf-8")
    folder = tmp_path / "notebooks" / "production"
    folder.mkdir(parents=True)
    assert Notebook({"__file__": str(folder / "01.py")}, "a", config="shop").settings.anchors.budget == 23
    monkeypatch.chdir(folder)
    assert Notebook({}, "a", config="shop").settings.anchors.budget == 23
    assert Notebook({}, "a", config=str(tmp_path / "conf" / "shop.yaml")).settings.anchors.budget == 23
    with pytest.raises(SettingsError, match=r"there is no conf/shp\.yaml in or above"):
        Notebook({}, "a", config="shp")


def test_settings_files_of_the_project_are_found_wherever_a_notebook_works(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """The working folder of a serverless task is anywhere; a file beside the notebook comes before the package's."""
    monkeypatch.chdir(tmp_path)
    assert Notebook({}, "a", config="production").settings.quality.gates.from_patterns == 0.93
    (tmp_path / "conf").mkdir()
    (tmp_path / "conf" / "production.yaml").write_text("anchors: {budget: 23}\n", "utf-8")
    assert Notebook({}, "a", config="production").settings.anchors.budget == 23


def test_in_a_wheel_settings_files_lie_in_the_package(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Where setup.py puts them, since nothing of the repository is there."""
    monkeypatch.chdir(tmp_path)
    monkeypatch.setattr("outfit_pairing.notebook.CHECKOUT_CONF", tmp_path / "no-checkout")
    monkeypatch.setattr("outfit_pairing.notebook.package_folder", tmp_path.joinpath)
    (tmp_path / "outfit_pairing" / "conf").mkdir(parents=True)
    (tmp_path / "outfit_pairing" / "conf" / "production.yaml").write_text("anchors: {budget: 29}\n", "utf-8")
    assert Notebook({}, "a", config="production").settings.anchors.budget == 29


def test_without_a_screen_things_are_printed_and_kept_on_a_page(here: Callable[..., Notebook], capsys) -> None:
    """Text is text: nothing of a catalogue becomes mark-up."""
    notebook = here()
    notebook.say("Hello")
    notebook.show([{"name": "<b>Tee</b> [red]", "price": 9.5, "left": 1200}], "Products")
    notebook.show([], "Rejected rows")
    notebook.bars([("tops", 4), ("bags", 1), ("<hats>", 0)], "Slots")
    said = capsys.readouterr().out
    assert "<b>Tee</b> [red]" in said
    assert "1,200" in said
    assert "Rejected rows: no rows" in said
    assert re.search(r"tops █{40} 4\n +bags █{10} 1\n<hats>  0", said)
    page = notebook.view.path.read_text("utf-8")
    assert "&lt;b&gt;Tee" in page
    assert "<b>Tee" not in page
    assert page.count("<svg") == 1
    assert "&lt;hats&gt;" in page


def test_on_a_screen_nothing_is_written(tmp_path: Path, capsys) -> None:
    """A page of the disk is shown whole."""
    surroundings = databricks({"pages": str(tmp_path / "pages")})
    notebook = Notebook(surroundings, "a_notebook", pages="")
    notebook.bars([("tops", 4)], "Slots")
    notebook.show([{"name": "Tee"}], "Products")
    (tmp_path / "look.html").write_text("<h1>Look</h1>", "utf-8")
    notebook.page(tmp_path / "look.html", "Lookbook")
    html = surroundings["screen"].html
    assert "<svg" in html[0]
    assert "<td>Tee</td>" in html[1]
    assert html[2] == "<h1>Look</h1>"
    assert not (tmp_path / "pages").exists()
    assert not capsys.readouterr().out


def test_a_page_that_is_not_there_is_said(here: Callable[..., Notebook], capsys) -> None:
    """No crash at the last cell."""
    here().page(None, "Lookbook")
    assert "Lookbook: no page was written" in capsys.readouterr().out


def test_a_notebooks_tests_are_run_and_may_fail(here: Callable[..., Notebook], capsys) -> None:
    """All are run, the failed ones named; a notebook without tests is a mistake."""

    def test_good() -> str:
        return "12 prompts"

    def test_bad() -> None:
        raise AssertionError("3 of 12")

    assert here(test_good=test_good).run_tests() == 1
    assert "12 prompts" in capsys.readouterr().out
    with pytest.raises(AssertionError, match=r"^test_bad: 3 of 12$"):
        here(test_bad=test_bad, test_good=test_good).run_tests()
    assert "12 prompts" in capsys.readouterr().out
    with pytest.raises(AssertionError, match="holds no tests"):
        here().run_tests()


def test_stages_that_cannot_run_are_refused_before_spark_starts(here: Callable[..., Notebook], monkeypatch) -> None:
    """As the commands do."""
    monkeypatch.delenv("OPENAI_API_KEY", raising=False)
    notebook = Notebook({}, "a", provider="openai", model="m", warehouse=here()["warehouse"])
    with pytest.raises(SettingsError, match="no key: the environment variable OPENAI_API_KEY is not set"):
        notebook.run("generate-patterns")


def test_who_cannot_be_asked_is_said_here_and_an_error_on_databricks(tmp_path: Path, monkeypatch, capsys) -> None:
    """A job that asks nobody must not pass for one that went well."""
    monkeypatch.delenv("OPENAI_API_KEY", raising=False)
    values = {"provider": "openai", "model": "m", "warehouse": str(tmp_path)}
    assert Notebook({}, "a", **values).can_ask() is False
    assert "Nobody is asked here: no key" in capsys.readouterr().out
    closed = values | {"base_url": "http://127.0.0.1:9/v1"}
    assert Notebook({}, "a", **closed).can_ask() is False
    assert "base_url cannot be reached" in capsys.readouterr().out
    monkeypatch.setenv("DATABRICKS_RUNTIME_VERSION", "18.0")
    with pytest.raises(SettingsError, match="no key"):
        Notebook(databricks({}), "a", **values).can_ask()


def test_how_stages_went_is_shown(here: Callable[..., Notebook], monkeypatch, capsys) -> None:
    """Also when a later one fails."""
    notebook = here()

    def run(_: object, __: object, stages: tuple[str, ...], told: Callable[[Any], None]) -> None:
        from datetime import UTC, datetime

        from outfit_pairing.pipeline import StageOutcome

        told(StageOutcome(StageReport(stages[0], 300, 280, rows_rejected=20, counters={"classes": 4}), datetime.now(UTC)))
        raise SettingsError("something")

    monkeypatch.setattr("outfit_pairing.notebook.run_stages", run)
    monkeypatch.setattr("outfit_pairing.storage.lease.open_session", lambda *_, **__: None)
    with pytest.raises(SettingsError, match="something"):
        notebook.run("publish", "release")
    said = capsys.readouterr().out
    assert "publish" in said
    assert "classes 4" in said
    assert "release" not in said


@WITH_WIDGETS
def test_notebooks_have_the_form_that_databricks_reads(path: Path) -> None:
    """Header, a first cell that says what it is, cells that compile, parameters that are known and documented in place."""
    text = path.read_text("utf-8")
    assert text.startswith(f"{HEADER}\n# MAGIC %md\n# MAGIC # {path.stem.partition('_')[0]} ")
    assert title_of(path)
    for number, cell in enumerate(cells_of(path), 1):
        compile(cell, f"{path.name}, cell {number}", "exec")
        assert not any(line.startswith("# MAGIC") for line in cell.splitlines()), "text and code in one cell"
    first = next(cell for cell in cells_of(path) if "notebook = Notebook(" in cell)
    surroundings = databricks({})
    exec(first.partition("notebook.prepare")[0], surroundings)
    made = surroundings["dbutils"].widgets.made
    assert {"catalog", "schema", "warehouse", "catalog_path", "encoder", "set"} <= set(made)
    apart = path.stem.startswith("05")  # outfits by rules alone must not become what is shown
    assert made["warehouse"] == ("warehouse_by_rules" if apart else "warehouse")
    assert surroundings["notebook"].name == path.stem


@WITH_WIDGETS
def test_notebooks_are_thin(path: Path) -> None:
    """The work is in the wheel: no function but tests, and few lines."""
    lines = [line for cell in cells_of(path) for line in cell.splitlines() if line.strip()]
    tests = path.stem.startswith("02_test")
    assert len(lines) < (220 if tests else 90)
    assert tests or not [line for line in lines if line.lstrip().startswith(("def ", "class ", "lambda "))]


def test_the_readme_and_the_inventory_name_every_notebook() -> None:
    """And nothing that is not there."""
    for page in (FOLDER / "README.md", INVENTORY):
        text = page.read_text("utf-8")
        linked = {(page.parent / found).resolve() for found in re.findall(r"\]\(([\w/.]+\.(?:py|ipynb|md))\)", text)}
        missing = {path.name for path in files() if path.suffix != ".ipynb" or page == INVENTORY} - {path.name for path in linked}
        assert not missing, page.name
        assert not [path for path in linked if not path.exists()], page.name


def test_the_settings_of_64_workers_can_be_used(tmp_path: Path) -> None:
    """As they stand on the page; the figures beside them follow from them."""
    page = (FOLDER / "reference" / "QUICK_SETUP_64_WORKERS.md").read_text("utf-8")
    given, cluster = re.findall(r"```yaml\n(.*?)```", page, re.DOTALL)
    (tmp_path / "64-workers.yaml").write_text(given, "utf-8")
    settings = load_settings(tmp_path / "64-workers.yaml", environment={})
    in_flight = settings.llm.workers * settings.llm.concurrency
    assert f"| {in_flight * 60 // 20:,} | {in_flight} | 64 × 8 | {settings.anchors.budget / (in_flight * 3):.1f} |" in page
    assert settings.embedding.chunk_texts // LEAST_TEXTS_PER_PARTITION == 64 * 8
    assert settings.llm.budget_tokens == 2 * 3_000 * settings.anchors.budget
    assert JobCluster.from_dict({"job_cluster_key": "chain"} | yaml.safe_load(cluster)).new_cluster


def test_lakebase_is_sent_what_the_bundle_has_released() -> None:
    """Schema and volume are the bundle's, packages those of the extra; the wheel itself is on no package index."""
    cells = json.loads((FOLDER / "reference" / "migrate_to_lakebase.ipynb").read_text("utf-8"))["cells"]
    install, widgets, *_, release = ("".join(cell["source"]) for cell in cells[1:6])
    project = tomllib.loads((FOLDER.parent / "pyproject.toml").read_text("utf-8"))["project"]
    assert {f"'{needed}'" for needed in project["optional-dependencies"]["postgres"]} <= set(install.split())
    assert "outfit-pairing" not in install
    bundle = resolved("prod")["resources"]
    (schema,), (volume,) = bundle["schemas"].values(), bundle["volumes"].values()
    assert f'text("schema", "{schema["name"]}"' in widgets
    told: list[list[str]] = []
    names = {"catalog": "main", "schema": schema["name"], "url": "postgresql://db.example/outfits"}
    exec(release.replace("from outfit_pairing.cli import main", ""), names | {"main": lambda flags: told.append(flags) or 0})
    given = cli._settings(cli.main_parser().parse_args(told[0]))
    assert (given.storage.catalog, given.storage.schema_) == ("main", schema["name"])
    assert given.publish.folder == f"/Volumes/main/{schema['name']}/{volume['name']}/exports"


def test_lakebase_is_asked_as_its_client_has_it(monkeypatch: pytest.MonkeyPatch) -> None:
    """Every call with its arguments; tables are copied by their own keys, and can be copied by their changes."""
    cells = json.loads((FOLDER / "reference" / "migrate_to_lakebase.ipynb").read_text("utf-8"))["cells"]
    widgets, address, synced, states = ("".join(cells[number]["source"]) for number in (2, 4, 8, 9))
    postgres = create_autospec(PostgresAPI, instance=True)
    postgres.generate_database_credential.return_value.token = "token-of-an-hour"
    postgres.get_endpoint.return_value.status.hosts.host = "db.example"
    me = SimpleNamespace(me=lambda: SimpleNamespace(user_name="you@example.com"))
    monkeypatch.setattr("databricks.sdk.WorkspaceClient", lambda: SimpleNamespace(postgres=postgres, current_user=me))
    monkeypatch.setenv("PGPASSWORD", "")
    surroundings = databricks({})
    for cell in (widgets, address, synced, states):
        exec(cell, surroundings)
    assert surroundings["url"] == "postgresql://you%40example.com@db.example/databricks_postgres?sslmode=require"
    assert os.environ["PGPASSWORD"] == "token-of-an-hour"
    copies = [call.args for call in postgres.create_synced_table.call_args_list]
    assert [name for _, name in copies] == [f"main.outfit_pairing.{name}_synced" for name in ("outfit_recommendations", "products")]
    for copy, name in copies:
        table = TABLES[name.rpartition(".")[2].removesuffix("_synced")]
        assert tuple(copy.spec.primary_key_columns) == table.key
        assert table.keeps_changes
        assert copy.spec.branch == "projects/outfits/branches/production"


def test_a_notebook_can_be_a_task_of_a_job() -> None:
    """As docs/databricks.md writes it: the file is there, its parameters are widgets of it."""
    page = (FOLDER.parent / "docs" / "databricks.md").read_text("utf-8")
    (block,) = re.findall(r"```yaml\n(- task_key: .*?)```", page, re.DOTALL)
    (task,) = yaml.safe_load(block)
    assert Task.from_dict(task).notebook_task
    path = (FOLDER.parent / "resources" / task["notebook_task"]["notebook_path"]).resolve()
    assert path in SOURCES
    assert path.relative_to(FOLDER.parent).parts[0] in resolved("prod")["sync"]["paths"], "the bundle does not upload it"
    first = next(cell for cell in cells_of(path) if "notebook = Notebook(" in cell)
    assert all(f"    {name}=" in first for name in task["notebook_task"]["base_parameters"])
