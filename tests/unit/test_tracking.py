"""Figures reach MLflow when tracking is on."""

import pytest

from outfit_pairing.errors import SettingsError
from outfit_pairing.settings import load_settings
from outfit_pairing.storage import StageReport
from outfit_pairing.storage.tracking import check_tracking, figures, register_prompt, track, track_figures

REPORT = StageReport("embed", rows_in=10, rows_out=8, seconds=1.5, counters={"texts_encoded": 8, "precision": "bf16"})


def test_every_number_of_a_report_is_a_metric() -> None:
    """Words are not metrics."""
    assert dict(figures(REPORT)) == {
        "embed.rows_in": 10, "embed.rows_out": 8, "embed.rows_rejected": 0, "embed.seconds": 1.5, "embed.texts_encoded": 8,
    }  # fmt: skip


@pytest.fixture(scope="module")
def uri(tmp_path_factory: pytest.TempPathFactory) -> str:
    """A tracking database; making one takes MLflow some seconds."""
    for package in ("mlflow", "sqlalchemy", "alembic"):
        pytest.importorskip(package, reason=f"{package} is not installed: pip install 'outfit-pairing[tracking]'")
    return f"sqlite:///{tmp_path_factory.mktemp('tracking') / 'mlflow.db'}"


def test_a_run_is_logged_with_settings_and_figures(uri: str) -> None:
    """One MLflow run, named by run_id, in a local database."""
    import mlflow

    settings = load_settings(overrides=[f"tracking.uri={uri}", "run_id=nightly"], environment={})
    track(settings, [REPORT])
    runs = mlflow.MlflowClient(uri).search_runs([mlflow.get_experiment_by_name("outfit-pairing").experiment_id])
    assert [run.info.run_name for run in runs] == ["nightly"]
    assert runs[0].data.metrics["embed.texts_encoded"] == 8
    assert runs[0].data.params["anchors.budget"] == "200"


def test_an_mlflow_that_is_down_is_said_and_no_more(monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture) -> None:
    """A result that is released, or a gate that was missed, is told by the exit code, whoever else listens."""
    pytest.importorskip("mlflow", reason="mlflow is not installed: pip install 'outfit-pairing[tracking]'")
    monkeypatch.setenv("MLFLOW_HTTP_REQUEST_MAX_RETRIES", "0")
    settings = load_settings(overrides=["tracking.uri=http://127.0.0.1:9"], environment={})  # port 9: nobody answers
    track(settings, [REPORT])
    track_figures(settings, "evaluate", {"auc": 0.9})
    assert [record.getMessage()[:40] for record in caplog.records if record.name.startswith("outfit_pairing")] == [
        "MLflow at tracking.uri took no figures ("
    ] * 2


def test_a_prompt_is_registered_once_per_text(uri: str) -> None:
    """In MLflow's registry, so that patterns can be traced to the words they were asked for with."""
    import mlflow

    settings = load_settings(overrides=[f"tracking.uri={uri}"], environment={})
    for template, version in (("first", "1"), ("first", "1"), ("second", "2")):
        register_prompt(settings, "prompt", template, version)
    assert [mlflow.genai.load_prompt("prompt", version=number).template for number in (1, 2)] == ["first", "second"]
    assert mlflow.genai.load_prompt("prompt", version=3, allow_missing=True) is None


@pytest.mark.parametrize("uri", ["databricks", "databricks://shop"])
def test_databricks_takes_experiments_by_path(uri: str) -> None:
    """Said before anything runs, since it would refuse each figure."""
    with pytest.raises(SettingsError, match="Databricks takes a path, such as /Shared/outfit-pairing"):
        check_tracking(load_settings(overrides=[f"tracking.uri={uri}"], environment={}))
    check_tracking(load_settings(overrides=[f"tracking.uri={uri}", "tracking.experiment=/Shared/outfits"], environment={}))
