"""MLflow, when `tracking.uri` names a server or folder: one MLflow run per run of stages, with settings and figures."""

import logging
import math
from collections.abc import Callable, Iterable, Iterator, Mapping
from importlib.util import find_spec
from pathlib import Path
from typing import Any

from outfit_pairing.credentials import without_credentials
from outfit_pairing.errors import SettingsError, first_line, installing
from outfit_pairing.settings import Settings
from outfit_pairing.storage.runs import StageReport

logger = logging.getLogger(__name__)


def check_tracking(settings: Settings) -> None:
    """Tracking is off, or MLflow is there, and takes the experiment's name.    Raises: SettingsError."""
    if settings.tracking.uri and find_spec("mlflow") is None:
        raise SettingsError(f"tracking.uri is set, but MLflow is not installed; {installing('tracking')}")
    name = settings.tracking.experiment
    if (settings.tracking.uri or "").startswith("databricks") and not name.startswith("/"):
        raise SettingsError(f"tracking.experiment {name}: Databricks takes a path, such as /Shared/{name}")


def track(settings: Settings, reports: Iterable[StageReport]) -> None:
    """Log settings as parameters, every number of the reports as a metric `<stage>.<figure>` and every word as a tag of that name.

    Nothing when tracking is off. An MLflow that takes nothing is said: how a run ends does not hang on it.
    """

    def tell(mlflow: Any) -> None:
        mlflow.log_metrics({name: value for report in reports for name, value in figures(report)})
        mlflow.set_tags({name: word for report in reports for name, word in words(report)})

    _in_mlflow_run(settings, settings.run_id, tell)


def track_figures(settings: Settings, name: str, metrics: Mapping[str, float], file: Path | None = None) -> None:
    """Log figures of a command as an MLflow run of that name, with a file it has written. Otherwise as `track`."""

    def tell(mlflow: Any) -> None:
        mlflow.log_metrics({key: value for key, value in metrics.items() if math.isfinite(value)})
        if file is not None:
            mlflow.log_artifact(str(file))

    _in_mlflow_run(settings, f"{name} {settings.run_id}", tell)


def _in_mlflow_run(settings: Settings, name: str, tell: Callable[[Any], None]) -> None:
    """Call `tell` with the mlflow module inside a new run that has the settings as parameters; nothing when tracking is off.

    Whatever MLflow, its server or its database raises becomes a warning.
    """
    if not settings.tracking.uri:
        return
    try:
        import mlflow

        mlflow.set_tracking_uri(settings.tracking.uri)
        mlflow.set_experiment(settings.tracking.experiment)
        with mlflow.start_run(run_name=name):
            mlflow.log_params(dict(_flat(settings.kept())))
            tell(mlflow)
    except Exception as fault:
        logger.warning("MLflow at tracking.uri took no figures (%s); the tables hold them", first_line(fault))


def register_prompt(settings: Settings, name: str, template: str, version: str) -> None:
    """Keep a prompt's template in MLflow's registry, tagged with its version, unless it is there; nothing when tracking is off.

    A registry that takes no prompts is said, and no reason to stop.
    """
    if not settings.tracking.uri:
        return
    import mlflow

    mlflow.set_tracking_uri(settings.tracking.uri)
    client = mlflow.MlflowClient()
    try:
        there = {one.tags.get("prompt_version") for one in client.search_prompt_versions(name)}
    except Exception:  # no version of it yet, or no prompts at all; other registries raise and give other things
        there = set()
    try:
        if version not in there:
            client.register_prompt(name, template, tags={"prompt_version": version})
    except Exception as fault:
        logger.warning("MLflow at tracking.uri took no prompt: %s", " ".join(without_credentials(str(fault)).split())[:200])


def figures(report: StageReport) -> Iterator[tuple[str, float]]:
    """Every number of a report, named `<stage>.<figure>`."""
    rows = {
        "rows_in": report.rows_in,
        "rows_out": report.rows_out,
        "rows_rejected": report.rows_rejected,
        "seconds": report.seconds,
    }
    for name, value in {**rows, **report.counters}.items():
        if isinstance(value, int | float):
            yield f"{report.stage}.{name}", float(value)


def words(report: StageReport) -> Iterator[tuple[str, str]]:
    """Every word that a report has among its counters, named `<stage>.<figure>`."""
    yield from ((f"{report.stage}.{name}", value) for name, value in report.counters.items() if isinstance(value, str))


def _flat(tree: Mapping[str, Any], prefix: str = "") -> Iterator[tuple[str, Any]]:
    for key, value in tree.items():
        if isinstance(value, Mapping):
            yield from _flat(value, f"{prefix}{key}.")
        else:
            yield prefix + key, value
