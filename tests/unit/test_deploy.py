"""The files of deploy/ hold together: what they copy, run and set exists. No container is built."""

import argparse
import json
import re
import shlex
import tomllib
from pathlib import Path
from typing import Any

import psycopg
import pytest
import yaml
from packaging.specifiers import SpecifierSet

from outfit_pairing.cli import main_parser
from outfit_pairing.settings import load_settings

REPOSITORY = Path(__file__).resolve().parents[2]
DEPLOY = REPOSITORY / "deploy"
INSTRUCTIONS = {"FROM", "WORKDIR", "COPY", "RUN", "ENV", "USER", "EXPOSE", "HEALTHCHECK", "STOPSIGNAL", "CMD"}


def instructions() -> list[tuple[str, str]]:
    """Instruction and what follows it, lines that go on joined."""
    text = re.sub(r"(?m)^\s*#.*\n", "", (DEPLOY / "Dockerfile").read_text("utf-8"))
    joined = re.sub(r"\\\n", " ", text)
    found = [line.split(maxsplit=1) for line in joined.splitlines() if line.strip()]
    return [(name, rest) for name, rest in found]


def compose() -> dict[str, Any]:
    found: dict[str, Any] = yaml.safe_load((DEPLOY / "compose.yaml").read_text("utf-8"))
    return found


def settings_of(environment: dict[str, str]) -> Any:
    """What the environment makes of the settings; unknown ones are refused."""
    return load_settings(environment={name: str(value) for name, value in environment.items() if name.startswith("OUTFIT_")})


def flags_of(words: list[str]) -> argparse.Namespace:
    """Of `outfit-pairing serve …`; flags that do not exist are refused."""
    assert words[:2] == ["outfit-pairing", "serve"]
    return main_parser().parse_args(words[1:])


def test_the_dockerfile_parses_and_copies_what_exists() -> None:
    found = instructions()
    assert {name for name, _ in found} <= INSTRUCTIONS
    assert found[0][0] == "FROM"
    stages = {rest.split(" AS ")[1] for name, rest in found if name == "FROM" and " AS " in rest}
    for name, rest in found:
        if name != "COPY":
            continue
        words = shlex.split(rest)
        if words[0].startswith("--from="):
            assert words[0].removeprefix("--from=") in stages
            continue
        for source in words[:-1]:
            assert (REPOSITORY / source).exists(), source


def test_the_image_runs_the_service_as_nobody_special() -> None:
    found = dict(instructions())
    flags_of(json.loads(found["CMD"]))
    checked = json.loads(found["HEALTHCHECK"].split("CMD", 1)[1])
    assert checked[:2] == ["python", "-c"]
    assert f"'http://127.0.0.1:{found['EXPOSE']}/health/ready'" in checked[2]
    assert found["USER"] not in {"root", "0"}
    environment = dict(one.split("=", 1) for one in found["ENV"].split())
    settings = settings_of(environment)
    assert (settings.serve.host, str(settings.serve.port)) == ("0.0.0.0", found["EXPOSE"])


def test_the_image_installs_what_the_service_needs() -> None:
    """On a Python that the wheel takes; the extras are there, and those of either store."""
    project = tomllib.loads((REPOSITORY / "pyproject.toml").read_text("utf-8"))["project"]
    found = instructions()
    pythons = [re.search(r"^python:(3\.\d+)-", rest)[1] for name, rest in found if name == "FROM"]  # type: ignore[index]
    assert len(set(pythons)) == 1
    assert pythons[0] in SpecifierSet(project["requires-python"])
    (install,) = (rest for name, rest in found if name == "RUN" and "pip install" in rest)
    assert install.endswith(" '.[serve,postgres]'")
    assert {"serve", "postgres"} <= set(project["optional-dependencies"])


def _requirements() -> list[str]:
    return (DEPLOY / "databricks_app" / "requirements.txt").read_text("utf-8").splitlines()


def test_compose_loads_and_refers_to_what_exists() -> None:
    found = compose()
    services = found["services"]
    for service in services.values():
        assert set(service.get("depends_on", {})) <= set(services)
        for volume in service.get("volumes", []):
            assert volume.split(":")[0] in found["volumes"]
        if build := service.get("build"):
            context = (DEPLOY / build["context"]).resolve()
            assert (context / build["dockerfile"]).is_file()
    assert services["postgres"]["healthcheck"]["test"][0] == "CMD"


def test_compose_sets_what_the_service_reads() -> None:
    """Store, feedback and key; the database's host is a service of the file, and no secret is written in it."""
    found = compose()
    environment = found["services"]["serve"]["environment"]
    settings = settings_of(environment)
    assert (settings.serve.store, settings.serve.feedback) == ("postgres", "postgres")
    assert found["services"]["serve"]["ports"] == [f"8000:{dict(instructions())['EXPOSE']}"]
    assert re.search(r"@(\w+):", settings.publish.postgres)[1] in found["services"]  # type: ignore[index]
    assert settings.serve.api_key_env in environment
    for service in found["services"].values():
        for name, value in service["environment"].items():
            if "PASSWORD" in name or name.rpartition("_")[2] == "KEY":
                assert str(value).startswith("${")


def test_the_app_runs_the_service_on_the_port_that_it_is_given() -> None:
    app = yaml.safe_load((DEPLOY / "databricks_app" / "app.yaml").read_text("utf-8"))
    assert app["command"][:2] == ["sh", "-c"]
    words = shlex.split(app["command"][2])
    assert words[0] == "exec"
    assert "$DATABRICKS_APP_PORT" in words
    flags = flags_of([word.replace("$DATABRICKS_APP_PORT", "8123") for word in words[1:]])
    assert (flags.host, flags.port, flags.store) == ("0.0.0.0", "8123", "postgres"), "whoever is outside has to reach it"
    settings = settings_of({one["name"]: one["value"] for one in app["env"] if "value" in one})
    secrets = {one["name"] for one in app["env"] if "valueFrom" in one}
    assert secrets == {"PGPASSWORD"}
    assert psycopg.conninfo.conninfo_to_dict(settings.publish.postgres)["user"] == "outfits_reader"
    assert settings.publish.postgres.startswith("postgresql://")
    assert settings.serve.feedback == "postgres"


def test_the_app_installs_the_wheel_beside_it() -> None:
    """A package index has no outfit-pairing, or somebody else's; the file's name is what the build makes of the version."""
    project = tomllib.loads((REPOSITORY / "pyproject.toml").read_text("utf-8"))["project"]
    (needed,) = (line for line in _requirements() if not line.startswith("#"))
    assert needed == f"./{project['name'].replace('-', '_')}-{project['version']}-py3-none-any.whl[serve,postgres]"
    assert "pip wheel --no-deps --wheel-dir deploy/databricks_app ." in (DEPLOY / "databricks_app" / "app.yaml").read_text("utf-8")


@pytest.mark.parametrize("name", ["look_parts.html.j2", "look.css"])
def test_the_wheel_carries_templates_and_styles(name: str) -> None:
    patterns = tomllib.loads((REPOSITORY / "pyproject.toml").read_text("utf-8"))["tool"]["setuptools"]["package-data"][
        "outfit_pairing"
    ]
    package = REPOSITORY / "lib" / "outfit_pairing"
    carried = {path.relative_to(package) for pattern in patterns for path in package.glob(pattern)}
    needed = [path.relative_to(package) for path in (package / "serving").iterdir() if path.suffix in {".j2", ".css", ".js"}]
    assert len(needed) >= 7
    assert set(needed) <= carried
    assert Path("publishing", name) in carried
