"""The Databricks bundle, checked without a workspace: what the CLI would let pass, too."""

import argparse
import re
import tomllib
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import pytest
from packaging.requirements import Requirement
from packaging.specifiers import SpecifierSet

from outfit_pairing import cli
from outfit_pairing.patterns.asking.preflight import check_asking
from outfit_pairing.pipeline import STAGES
from outfit_pairing.storage.session import SESSION_CONF
from tests.bundle import (
    DYNAMIC,
    GIVEN,
    KINDS,
    OF_THE_WORKSPACE,
    REFERENCE,
    REPOSITORY,
    Tree,
    arguments,
    in_order,
    needed,
    plain,
    read_bundle,
    resolved,
    texts,
)

TARGETS = ("dev", "prod")
CHAINS = ("outfit_pairing", "outfit_pairing_serverless")
VOLUME = "/Volumes/main/outfit_pairing/files"
PROJECT = tomllib.loads((REPOSITORY / "pyproject.toml").read_text("utf-8"))["project"]
# Runtime → (Spark, Python), serverless environment → Python: from Databricks' release notes
RUNTIMES = {"18": ("4.1.0", "3.12")}
ENVIRONMENTS = {"4": "3.12", "5": "3.12"}


def jobs(target: str = "prod") -> dict[str, Tree]:
    return resolved(target)["resources"]["jobs"]


def wheel_tasks() -> list[Any]:
    return [
        pytest.param(job, task, id=f"{name}-{task['task_key']}")
        for name, job in jobs().items()
        for task in job["tasks"]
        if "python_wheel_task" in task
    ]


@pytest.mark.parametrize("target", TARGETS)
def test_every_reference_of_a_target_leads_somewhere(target: str) -> None:
    """With the two values that have no default, only what a workspace knows is left open."""
    bundle = resolved(target)
    assert {found for text in texts(bundle) for found in REFERENCE.findall(text)} <= OF_THE_WORKSPACE
    for job in bundle["resources"]["jobs"].values():
        known = {"job.run_id"} | {f"job.parameters.{one['name']}" for one in job.get("parameters", [])}
        used = {found for text in texts(job["tasks"]) for found in DYNAMIC.findall(text)}
        assert used <= known
        assert known - {"job.run_id"} <= used, "a parameter of the job reaches no task"


def test_what_a_user_has_to_give_is_asked_for() -> None:
    """Without catalog and SQL warehouse nothing is deployed by guess."""
    with pytest.raises(ValueError, match="no value for catalog, warehouse_id"):
        resolved("dev", given={})


def test_every_variable_is_described_used_and_in_the_docs() -> None:
    """No variable that does nothing, none that one has to guess; the page tells the defaults that there are."""
    written = read_bundle()
    used = {found.removeprefix("var.") for text in texts(written) for found in REFERENCE.findall(text) if found.startswith("var.")}
    assert used == set(written["variables"])
    page = (REPOSITORY / "docs" / "databricks.md").read_text("utf-8")
    told = dict(re.findall(r"^\| `(\w+)` \| (.*?)\| ", page, re.MULTILINE))
    in_production = written["targets"]["prod"]["variables"]
    for name, variable in written["variables"].items():
        assert len(variable["description"]) > 10, name
        default, other = variable.get("default", ""), in_production.get(name)
        shown = (f"`{default}`" if default else "") + (f", prod `{other}`" if other else "")
        if name not in {"secret_scope", "service_principal"}:  # of the user, and a string of zeros
            assert told[name].strip() == shown, f"docs/databricks.md tells another default of {name}"
    assert {name for name, variable in written["variables"].items() if "default" not in variable} == set(GIVEN)


@pytest.mark.parametrize("target", TARGETS)
def test_the_models_of_databricks_accept_every_resource(target: str) -> None:
    """Unknown fields, values and shapes are refused by the models from which the CLI's own schema is made."""
    models = databricks_models()
    resources = resolved(target)["resources"]
    assert set(resources) == set(KINDS)
    for kind, found in resources.items():
        for key, resource in found.items():
            model = models[kind].from_dict(plain(resource))
            assert set(model.as_dict()) == {name for name, value in plain(resource).items() if value != []}, key


@pytest.mark.parametrize(
    "change",
    [
        {"max_concurent_runs": 1},
        {"tasks": [{"task_key": "a", "python_wheel_tasks": {}}]},
        {"schedule": {"quartz_cron_expression": "0 0 2 * * ?", "timezone_id": "UTC", "pause_status": "RESTING"}},
        {"tasks": [{"python_wheel_task": {"package_name": "a", "entry_point": "b"}}]},
    ],
    ids=["misspelt", "misspelt inside a task", "no such status", "no key"],
)
def test_a_fault_in_a_job_does_not_pass_the_models(change: Tree) -> None:
    """The check above checks."""
    job = plain(jobs()["outfit_pairing"]) | change
    with pytest.raises((TypeError, ValueError)):
        databricks_models()["jobs"].from_dict(job)


def databricks_models() -> dict[str, Any]:
    from databricks.bundles.jobs import Job
    from databricks.bundles.schemas import Schema
    from databricks.bundles.secret_scopes import SecretScope
    from databricks.bundles.volumes import Volume

    return {"jobs": Job, "schemas": Schema, "volumes": Volume, "secret_scopes": SecretScope}


@pytest.mark.parametrize(("job", "task"), wheel_tasks())
def test_every_task_starts_a_command_with_settings_that_it_knows(job: Tree, task: Tree) -> None:
    """Package, entry point, command, flags, settings file and values."""
    wheel = task["python_wheel_task"]
    assert wheel["package_name"] == PROJECT["name"]
    assert wheel["entry_point"] in PROJECT["scripts"]
    flags = cli.main_parser().parse_args(arguments(job, task))
    settings = cli._settings(flags)
    assert (settings.run_id, settings.storage.catalog) == ("4711", GIVEN["catalog"])
    assert settings.storage.schema_ == "outfit_pairing"
    assert settings.storage.wait_s > 600, "a killed run holds a named warehouse for ten minutes"
    assert flags.config == [REPOSITORY / "conf" / "databricks_production.yaml"]
    assert settings.catalog.path in {None, f"{VOLUME}/incoming/catalog.csv.gz"}
    assert settings.publish.folder in {None, f"{VOLUME}/exports"}
    assert settings.llm.journal in {None, f"{VOLUME}/journal"}
    assert not settings.quality.accept_drift, "every jump would be meant, every night"


# Flag or setting → the parameter of the job that it takes its value from
TAKEN_FROM = {
    "--catalog": "catalog_path",
    "--mapping": "mapping",
    "--to": "to",
    "--set=run_id": "job.run_id",
    "--set=storage.catalog": "catalog",
    "--set=storage.schema": "schema",
    "--set=embedding.model": "encoder",
    "--set=patterns.provider": "provider",
    "--set=lookbook.path": "lookbook",
    "--set=style.model": "style_model",
    "--set=quality.accept_drift": "accept_drift",
}


def test_every_parameter_gets_where_it_belongs() -> None:
    """Two that both default to nothing, or two names, would be exchanged unseen; places in the volume are made of two."""
    for job in jobs().values():
        for task in job["tasks"]:
            for given in task.get("python_wheel_task", {}).get("parameters", ()):
                flag, _, value = given.rpartition("=")
                taken = DYNAMIC.fullmatch(value)
                assert (taken is not None) == (flag in TAKEN_FROM), given
                if taken:
                    assert taken[1].removeprefix("job.parameters.") == TAKEN_FROM[flag], given
            for name, value in task.get("sql_task", {}).get("parameters", {}).items():
                assert value == f"{{{{job.parameters.{name}}}}}"


@pytest.mark.parametrize("name", CHAINS)
def test_the_tasks_of_a_chain_are_the_stages_in_their_order(name: str, monkeypatch: pytest.MonkeyPatch) -> None:
    """One after the other, since tasks of one run share the right to write; check-quality releases as well."""
    started: list[str] = []

    def remember(_: argparse.Namespace, stages: Sequence[str]) -> int:
        started.extend(stages)
        return 0

    monkeypatch.setattr(cli, "_run_stages", remember)
    tasks = in_order(jobs()[name])
    for before, task in zip([None, *tasks], tasks, strict=False):
        assert needed(task) == ({before["task_key"]} if before else set())
        flags = cli.main_parser().parse_args(arguments(jobs()[name], task))
        assert flags.run(flags) == 0
        assert task["task_key"] == flags.stage.replace("-", "_")
    assert started == list(STAGES)


def test_stages_get_what_they_need_on_each_kind_of_compute() -> None:
    """An endpoint of the workspace is asked; replies and files go to the volume; the key is named only, and on classic only."""
    found = {}
    for name in CHAINS:
        by_key = {task["task_key"]: arguments(jobs()[name], task) for task in jobs()[name]["tasks"]}
        llm = cli._settings(cli.main_parser().parse_args(by_key["generate_patterns"]))
        assert llm.llm.journal == f"{VOLUME}/journal"
        found[name] = (llm.patterns.provider, llm.llm.api_key_secret)
        for stage in ("publish", "check_quality"):
            assert cli._settings(cli.main_parser().parse_args(by_key[stage])).publish.folder == f"{VOLUME}/exports"
        assert cli._settings(cli.main_parser().parse_args(by_key["ingest"])).catalog.path == f"{VOLUME}/incoming/catalog.csv.gz"
    assert found == {"outfit_pairing": ("ai_query", "outfit-pairing-prod/api-key"), "outfit_pairing_serverless": ("ai_query", None)}


# Settings that differ from the defaults, or from run to run → the commands that go by them
PAIRING = {"pair-by-lookbook", "apply-patterns", "pair-by-rules"}
GONE_BY = {
    "patterns.provider": {"generate-patterns", "check-quality"},
    "embedding.model": {"ingest", "embed", "select-anchors", "generate-patterns", *PAIRING},
    "style.model": PAIRING,
    "lookbook.path": {"pair-by-lookbook"},
    "publish.folder": {"publish", "check-quality", "rollback", "maintain"},
    "llm.journal": {"generate-patterns", "maintain"},
    "llm.model": {"generate-patterns"},
}


@pytest.mark.parametrize(("job", "task"), wheel_tasks())
def test_every_task_is_given_all_that_it_goes_by(job: Tree, task: Tree) -> None:
    """A check that did not know of the model would count what the style guide wrote in its place; so in every job."""
    command, *flags = arguments(job, task)
    given = {flag.removeprefix("--set=").partition("=")[0] for flag in flags if flag.startswith("--set=")}
    assert {name for name, commands in GONE_BY.items() if command in commands} == given & set(GONE_BY)


def test_all_jobs_agree_who_writes_patterns() -> None:
    """The daily check judges what the nightly chain has made."""
    said = {
        parameter["default"]
        for job in jobs().values()
        for parameter in job.get("parameters", ())
        if parameter["name"] == "provider"
    }
    assert said == {"ai_query"}


def test_production_can_succeed_with_what_has_to_be_given() -> None:
    """Whom the scheduled chain asks needs no address, and no key that somebody has to put in."""
    running = [job for name, job in jobs().items() if name in CHAINS and job["schedule"]["pause_status"] == "UNPAUSED"]
    assert len(running) == 1
    (task,) = (task for task in running[0]["tasks"] if task["task_key"] == "generate_patterns")
    settings = cli._settings(cli.main_parser().parse_args(arguments(running[0], task)))
    assert (settings.patterns.provider, settings.llm.base_url) == ("ai_query", None)
    check_asking(settings.patterns.provider, settings.llm)


def test_a_missed_gate_is_not_tried_again_and_other_faults_are() -> None:
    """Trying again helps against a lost machine, not against outfits that are not good enough."""
    for name, job in jobs().items():
        for task in job["tasks"]:
            once = {"check-quality", "rollback"} & set(task.get("python_wheel_task", {}).get("parameters", []))
            assert (task["max_retries"] == 0) == bool(once), (name, task["task_key"])
            assert once or task["min_retry_interval_millis"] >= 60_000
            assert task["timeout_seconds"] <= job["timeout_seconds"]
            assert len(job["tasks"]) < 3 or job["timeout_seconds"] >= 6 * 3600, "a chain of tasks takes longer than one of them"
            if "environment_key" in task:
                assert task["disable_auto_optimization"], "serverless would try again by itself"


@pytest.mark.parametrize("target", TARGETS)
def test_two_runs_never_overlap(target: str) -> None:
    """A run waits for the one before; only one chain has a schedule, none in development; each job tells of failures."""
    found = jobs(target)
    for job in found.values():
        assert job["max_concurrent_runs"] == 1
        assert job["queue"] == {"enabled": True}
        assert job["email_notifications"]["on_failure"] == ["outfits@example.com"]
        assert job["tags"]["target"] == target
    scheduled = {name: job["schedule"] for name, job in found.items() if "schedule" in job}
    for schedule in scheduled.values():
        fields = schedule["quartz_cron_expression"].split()
        assert (len(fields), [fields[3], fields[5]].count("?")) == (6, 1), "Quartz: six fields, one of the days ?"
        assert schedule["timezone_id"] == "UTC"
    running = {name for name, schedule in scheduled.items() if schedule["pause_status"] == "UNPAUSED"}
    nightly = {"outfit_pairing", "outfit_pairing_monitoring", "outfit_pairing_maintenance"}
    assert running == (nightly if target == "prod" else set())


def test_production_is_maintained_every_week_when_nothing_else_begins() -> None:
    """Many small files and former versions would grow without end; replies that are paid for are left alone."""
    job = jobs()["outfit_pairing_maintenance"]
    when = {name: one["schedule"]["quartz_cron_expression"].split() for name, one in jobs().items() if "schedule" in one}
    daily = {*CHAINS, "outfit_pairing_monitoring"}
    assert {name: " ".join(fields[3:]) for name, fields in when.items()} == {
        **dict.fromkeys(daily, "* * ?"),
        "outfit_pairing_maintenance": "? * SUN",
    }
    ends = {name: int(fields[2]) + jobs()[name]["timeout_seconds"] / 3600 for name, fields in when.items()}
    checked, maintained = (int(when[f"outfit_pairing_{name}"][2]) for name in ("monitoring", "maintenance"))
    assert max(ends[name] for name in CHAINS) <= checked, "the check would wait for the chain, and tell that it did"
    assert ends["outfit_pairing_monitoring"] <= maintained
    (task,) = job["tasks"]
    flags = cli.main_parser().parse_args(arguments(job, task))
    assert flags.run.__name__ == "_maintain"
    assert {flags.dry_run, flags.forget_replies, flags.short_retention} == {False}


def test_the_compute_fits_the_wheel() -> None:
    """The Python of runtime and environment is one of ours, Spark the tested one, and libraries are those of the extras."""
    pythons = SpecifierSet(PROJECT["requires-python"])
    extras = PROJECT["optional-dependencies"]
    spark = next(Requirement(one).specifier for one in extras["local"] if one.startswith("pyspark"))
    classic = jobs()["outfit_pairing"]
    for cluster in classic["job_clusters"]:
        runtime = cluster["new_cluster"]["spark_version"]
        version, python = RUNTIMES[runtime.partition(".")[0]]
        assert python in pythons
        assert version in spark
        assert runtime.endswith("-cpu-ml-scala2.13"), "torch comes with the runtime for machine learning"
        assert cluster["new_cluster"]["data_security_mode"] == "SINGLE_USER"
        # what a session of our own is told, and none of the platform's
        named = ("spark.sql.session.timeZone", "spark.sql.variable.substitute")
        assert cluster["new_cluster"]["spark_conf"] == {name: SESSION_CONF[name] for name in named}
    for task in classic["tasks"]:
        assert {one["pypi"]["package"] for one in task["libraries"] if "pypi" in one} == {*extras["embed"], *extras["llm"]}
    for job in jobs().values():
        for environment in job.get("environments", []):
            assert ENVIRONMENTS[environment["spec"]["environment_version"]] in pythons
    serverless = jobs()["outfit_pairing_serverless"]
    installed = {one["environment_key"]: set(one["spec"]["dependencies"][1:]) for one in serverless["environments"]}
    assert installed == {"chain": set(), "texts": set(extras["embed"])}
    encoding = {task["task_key"] for task in serverless["tasks"] if task["environment_key"] == "texts"}
    assert encoding == {"ingest", "embed", "generate_patterns", "apply_patterns", "pair_by_rules"}


def test_every_task_runs_on_compute_that_its_job_has() -> None:
    """The CLI does not notice a key of a cluster or environment that is not there."""
    for job in jobs().values():
        clusters = {one["job_cluster_key"] for one in job.get("job_clusters", [])}
        environments = {one["environment_key"] for one in job.get("environments", [])}
        for task in job["tasks"]:
            assert task.get("job_cluster_key") in {None, *clusters}
            assert task.get("environment_key") in {None, *environments}
            assert sum(key in task for key in ("job_cluster_key", "environment_key", "sql_task")) == 1


def test_every_file_that_is_named_is_there_and_uploaded() -> None:
    """Paths are relative to the file that states them; the wheel is where the build puts it."""
    bundle = resolved("prod")
    uploaded = bundle["sync"]["paths"]
    assert all((REPOSITORY / path).is_dir() for path in uploaded)
    (wheel,) = bundle["artifacts"].values()
    assert wheel["build"].startswith("rm -rf build dist && ")
    assert wheel["dynamic_version"], "serverless compute keeps what it has installed under a version"
    assert "--wheel-dir dist ." in wheel["build"]
    for job in bundle["resources"]["jobs"].values():
        folder = Path(job["stated_in"]).parent
        specs = [one["spec"] for one in job.get("environments", [])]
        wheels = [one for spec in specs for one in spec["dependencies"] if one.endswith(".whl")]
        wheels += [one["whl"] for task in job["tasks"] for one in task.get("libraries", []) if "whl" in one]
        assert wheels
        assert {(folder / one).resolve() for one in wheels} == {REPOSITORY / "dist" / "*.whl"}
        queries = [folder / task["sql_task"]["file"]["path"] for task in job["tasks"] if "sql_task" in task]
        configs = [REPOSITORY / found for text in texts(job) for found in re.findall(r"workspace\.file_path\}/(\S+)", text)]
        for file in [*queries, *configs]:
            assert file.is_file()
            assert file.relative_to(REPOSITORY).parts[0] in uploaded


def test_the_freshness_query_reads_a_table_and_columns_that_are_there() -> None:
    """Table and columns are those of `runs`, parameters those of the task."""
    from outfit_pairing.storage.tables import RUNS

    query = (REPOSITORY / "resources" / "outfits_are_fresh.sql").read_text("utf-8")
    code = re.sub(r"--.*", "", query)
    task = next(task for task in jobs()["outfit_pairing_monitoring"]["tasks"] if "sql_task" in task)
    assert set(re.findall(r":(\w+)", re.sub(r"'[^']*'", "", code))) == set(task["sql_task"]["parameters"])
    assert f"IDENTIFIER('`' || :catalog || '`.`' || :schema || '`.{RUNS.name}')" in code, "a name may have a hyphen"
    assert {"run_id", "started_at", "stage", "status"} <= set(RUNS.names)
    assert set(re.findall(r"stage = '(\S+)'", code)) == {"publish", "release"} <= set(STAGES)
    assert "WHERE status = 'done'" in code


def test_production_is_one_copy_that_is_not_deleted_by_accident() -> None:
    """Its own folder, a service principal that may write, and nothing that holds data goes with `bundle destroy`."""
    bundle = resolved("prod")
    assert bundle["mode"] == "production"
    assert bundle["workspace"]["root_path"].startswith("/Workspace/Users/deployer@example.com/")
    runner = bundle["run_as"]["service_principal_name"]
    resources = bundle["resources"]
    for kind in ("schemas", "volumes", "secret_scopes"):
        assert all(one["lifecycle"]["prevent_destroy"] for one in resources[kind].values())
    grants = {one["principal"]: set(one["privileges"]) for one in resources["schemas"]["outfits"]["grants"]}
    assert {"USE_SCHEMA", "SELECT", "MODIFY", "CREATE_TABLE", "READ_VOLUME", "WRITE_VOLUME"} <= grants[runner]
    assert grants["account users"] == {"USE_SCHEMA", "SELECT"}
    assert resources["volumes"]["files"]["grants"] == [{"principal": "account users", "privileges": ["READ_VOLUME"]}]
    levels = {one.get("service_principal_name", one.get("group_name")): one["level"] for one in bundle["permissions"]}
    assert levels == {runner: "CAN_VIEW", "outfit-pairing-managers": "CAN_MANAGE"}
    assert resolved("dev")["mode"] == "development"


def test_each_target_has_limits_of_its_own() -> None:
    """Strict ones in production, those of a laptop where things are tried out; every job reads the same file."""
    for target, file in (("dev", "databricks.yaml"), ("prod", "databricks_production.yaml")):
        read = {
            found for text in texts(resolved(target)["resources"]) for found in re.findall(r"workspace\.file_path\}/(\S+)", text)
        }
        assert read == {f"conf/{file}"}


def test_two_developers_do_not_meet() -> None:
    """Jobs and schemas get the user's name from the CLI, volumes lie in a schema; any other name has to hold it itself."""
    resources = resolved("dev")["resources"]
    assert set(resources) == {"jobs", "schemas", "volumes", "secret_scopes"}, "does the CLI put a prefix before a new kind?"
    assert all(volume["schema_name"] == resources["schemas"]["outfits"]["name"] for volume in resources["volumes"].values())
    for scope in resources["secret_scopes"].values():
        assert "${workspace.current_user.short_name}" in scope["name"]
    for job in resources["jobs"].values():
        named = {found for text in texts(job) for found in re.findall(r"llm\.api_key_secret=(.+)/", text)}
        assert named <= {scope["name"] for scope in resources["secret_scopes"].values()}
    assert [scope["name"] for scope in resolved("prod")["resources"]["secret_scopes"].values()] == ["outfit-pairing-prod"]


def test_a_cli_that_is_too_old_is_refused() -> None:
    """As the page says which one is meant, and by a version that can be compared."""
    wanted = SpecifierSet(read_bundle()["bundle"]["databricks_cli_version"])
    page = (REPOSITORY / "docs" / "databricks.md").read_text("utf-8")
    assert "Databricks CLI (1.x)" in page
    assert "1.4.0" in wanted
    assert "0.299.2" not in wanted


def test_the_first_run_of_the_page_can_be_started() -> None:
    """Its job has the parameters, and with them asks no model and loads none."""
    page = (REPOSITORY / "docs" / "databricks.md").read_text("utf-8")
    name, given = re.search(r"databricks bundle run (\w+) --params (mapping=\S+)", page).groups()  # type: ignore[union-attr]
    job = plain(jobs("dev")[name])
    values = dict(one.split("=") for one in given.split(","))
    assert set(values) <= {one["name"] for one in job["parameters"]}
    job["parameters"] = [one | {"default": values.get(one["name"], one["default"])} for one in job["parameters"]]
    for task in job["tasks"]:
        flags = [flag.replace("${workspace.current_user.short_name}", "you") for flag in arguments(job, task)]
        settings = cli._settings(cli.main_parser().parse_args(flags))
        if task["task_key"] in {"generate_patterns", "check_quality"}:
            assert settings.patterns.provider == "style_guide"
        if task["task_key"] not in {"publish", "check_quality"}:
            assert settings.embedding.model == "hashing"


def test_no_address_or_host_of_a_real_workspace() -> None:
    """Names are variables or examples."""
    for text in texts(read_bundle()):
        assert "://" not in text
        assert all(one.endswith("@example.com") for one in re.findall(r"[\w.]+@[\w.]+", text))
