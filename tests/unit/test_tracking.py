"""Figures reach MLflow when tracking is on."""

from pathlib import Path

import pytest

from outfit_pairing.settings import load_settings
from outfit_pairing.storage import StageReport
from outfit_pairing.storage.tracking import figures, track

REPORT = StageReport("embed", rows_in=10, rows_out=8, seconds=1.5, counters={"texts_encoded": 8, "precision": "bf16"})


def test_every_number_of_a_report_is_a_metric() -> None:
    """Words are not metrics."""
    assert dict(figures(REPORT)) == {
        "embed.rows_in": 10, "embed.rows_out": 8, "embed.rows_rejected": 0, "embed.seconds": 1.5, "embed.texts_encoded": 8,
    }  # fmt: skip


def test_a_run_is_logged_with_settings_and_figures(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """One MLflow run, named by run_id, in a local folder."""
    mlflow = pytest.importorskip("mlflow", reason="MLflow is not installed: pip install 'outfit-pairing[tracking]'")
    monkeypatch.setenv("MLFLOW_ALLOW_FILE_STORE", "true")
    uri = (tmp_path / "mlruns").as_uri()
    settings = load_settings(overrides=[f"tracking.uri={uri}", "run_id=nightly"], environment={})
    track(settings, [REPORT])
    runs = mlflow.MlflowClient(uri).search_runs([mlflow.get_experiment_by_name("outfit-pairing").experiment_id])
    assert [run.info.run_name for run in runs] == ["nightly"]
    assert runs[0].data.metrics["embed.texts_encoded"] == 8
    assert runs[0].data.params["anchors.budget"] == "200"
