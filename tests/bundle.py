"""The Databricks bundle as the CLI would see it: files put together, a target laid over, references filled in.

Only what databricks.yml and resources/ use. References that only a workspace can fill in stay as they are.
"""

import re
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

import yaml

REPOSITORY = Path(__file__).resolve().parents[1]
REFERENCE = re.compile(r"\$\{([a-zA-Z0-9_.\-]+)\}")
DYNAMIC = re.compile(r"\{\{(.+?)\}\}")
OF_THE_WORKSPACE = {"workspace.file_path", "workspace.current_user.short_name"}
KINDS = ("jobs", "schemas", "volumes", "secret_scopes")
# what has no default in databricks.yml, and each user gives
GIVEN = {"catalog": "main", "warehouse_id": "1234567890abcdef"}

Tree = dict[str, Any]


def read_bundle(root: Path = REPOSITORY) -> Tree:
    """databricks.yml with all files that it includes, as written.    Raises:  AssertionError: an `include` finds nothing."""
    tree: Tree = yaml.safe_load((root / "databricks.yml").read_text("utf-8"))
    for pattern in tree["include"]:
        files = sorted(root.glob(pattern))
        assert files, f"include: {pattern} finds no file"
        for file in files:
            part = yaml.safe_load(file.read_text("utf-8"))
            for kind, resources in part["resources"].items():
                there = tree.setdefault("resources", {}).setdefault(kind, {})
                assert not set(there) & set(resources), f"{file.name} defines {kind} again"
                there |= {key: resource | {"stated_in": str(file)} for key, resource in resources.items()}
    return tree


def resolved(target: str, given: Mapping[str, str] | None = None, root: Path = REPOSITORY) -> Tree:
    """The bundle of one target.    Raises:  KeyError: a reference to nothing.  ValueError: a variable without a value."""
    tree = read_bundle(root)
    chosen = tree.pop("targets")[target]
    values = {name: one.get("default") for name, one in tree.pop("variables").items()}
    values |= chosen.pop("variables", {}) | (GIVEN if given is None else dict(given))
    missing = sorted(name for name, value in values.items() if value is None)
    if missing:
        raise ValueError(f"no value for {', '.join(missing)}")
    whole = _laid_over(tree, chosen)
    whole["bundle"]["target"] = target
    found: Tree = _filled(whole, whole, values)
    return found


def _laid_over(below: Any, above: Any) -> Any:
    """As the CLI merges: maps by key, lists one after the other, else the upper wins."""
    if isinstance(below, dict) and isinstance(above, dict):
        return below | {key: _laid_over(below[key], value) if key in below else value for key, value in above.items()}
    return below + above if isinstance(below, list) and isinstance(above, list) else above


def _filled(node: Any, whole: Tree, values: Mapping[str, Any]) -> Any:
    if isinstance(node, dict):
        return {key: _filled(value, whole, values) for key, value in node.items()}
    if isinstance(node, list):
        return [_filled(value, whole, values) for value in node]
    if not isinstance(node, str):
        return node

    def fill(found: re.Match[str]) -> str:
        path = found[1]
        if path in OF_THE_WORKSPACE:
            return found[0]
        first, _, rest = path.partition(".")
        value: Any = values[rest] if first == "var" else whole
        for part in () if first == "var" else path.split("."):
            value = value[part]
        return str(_filled(value, whole, values))

    return REFERENCE.sub(fill, node)


def texts(node: Any) -> Iterator[str]:
    """Every text of a tree."""
    if isinstance(node, dict):
        node = list(node.values())
    if isinstance(node, list):
        for value in node:
            yield from texts(value)
    elif isinstance(node, str):
        yield node


def plain(resource: Tree) -> Tree:
    """A resource without the note where it is stated."""
    return {key: value for key, value in resource.items() if key != "stated_in"}


def in_order(job: Tree) -> list[Tree]:
    """The tasks of a job, each after those that it depends on.    Raises:  AssertionError: no such task, or a circle."""
    waiting = {task["task_key"]: task for task in job["tasks"]}
    assert len(waiting) == len(job["tasks"]), "two tasks of one key"
    done: dict[str, Tree] = {}
    while waiting:
        ready = [key for key, task in waiting.items() if needed(task) <= set(done)]
        assert ready, f"{', '.join(waiting)} wait for each other, or for a task that is not there"
        done |= {key: waiting.pop(key) for key in ready}
    return list(done.values())


def needed(task: Tree) -> set[str]:
    """Keys of the tasks that this one waits for."""
    return {one["task_key"] for one in task.get("depends_on", [])}


def arguments(job: Tree, task: Tree, root: Path = REPOSITORY) -> list[str]:
    """What the wheel task finds in sys.argv when the job runs with its defaults.    Raises:  KeyError: an unknown reference."""
    known = {f"job.parameters.{one['name']}": str(one["default"]) for one in job.get("parameters", [])} | {"job.run_id": "4711"}
    given = task["python_wheel_task"]["parameters"]
    return [DYNAMIC.sub(lambda found: known[found[1]], one).replace("${workspace.file_path}", str(root)) for one in given]
