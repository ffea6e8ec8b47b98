"""score-outfits, evaluate and fit-compatibility as a user calls them."""

import csv
import json
import os
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest

from outfit_pairing.cli import main
from outfit_pairing.scoring.fitting import affinities_of
from outfit_pairing.scoring.wardrobe import Wardrobe
from outfit_pairing.style.lookbook_model import load_model, model_bytes
from tests.unit.scoring.shops import boutique_rows, garment, random_outfits, write_catalogue, write_outfits

EACH = 12
OUTFITS = list(dict.fromkeys(random_outfits(60, EACH)))


@pytest.fixture
def shop(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A folder with a catalogue and outfits, to work in."""
    write_catalogue(tmp_path, boutique_rows(EACH))
    write_outfits(tmp_path, OUTFITS)
    monkeypatch.chdir(tmp_path)
    return tmp_path


def run(command: str, *flags: str, outfits: str = "outfits.jsonl", catalogue: str = "catalog.csv") -> int:
    given = ["--catalog", catalogue, "--outfits", outfits, "--set", "embedding.model=hashing", *flags]
    return main([command, *given])


def scores_of(path: Path) -> list[tuple[str, float]]:
    with path.open(encoding="utf-8", newline="") as file:
        return [(row["outfit_id"], float(row["score"])) for row in csv.DictReader(file)]


def test_scores_come_in_the_order_given(shop: Path) -> None:
    """One for each outfit, of 0 to 1, unknown items left out."""
    outfits = [
        ("shirts-000", "jeans-000"),
        (),
        ("shirts-001", "unknown"),
        ("shirts-000", "jeans-000", "unknown"),
        ("jeans-000", "shirts-000"),
    ]
    write_outfits(shop, outfits)
    assert run("score-outfits", "--out", "new/scores.csv") == 0
    scores = scores_of(shop / "new" / "scores.csv")
    assert [one for one, _ in scores] == ["o0", "o1", "o2", "o3", "o4"]
    assert all(0 <= score <= 1 for _, score in scores)
    assert scores[0][1] == scores[3][1] == scores[4][1]
    assert scores[1][1] == scores[2][1] == 0.5


def test_scores_go_to_stdout_without_out(shop: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """As CSV, or as JSON."""
    assert run("score-outfits") == 0
    plain = capsys.readouterr().out
    assert plain.startswith("outfit_id,score\no0,")
    assert run("score-outfits", "--json") == 0
    told = json.loads(capsys.readouterr().out)
    assert [f"{one['outfit_id']},{one['score']:.6f}" for one in told] == plain.splitlines()[1:]


def test_an_outfit_has_the_same_score_in_any_file(shop: Path) -> None:
    """Alone, and among others."""
    assert run("score-outfits", "--out", "all.csv") == 0
    lines = (shop / "outfits.jsonl").read_text().splitlines()
    (shop / "one.jsonl").write_text(lines[7])
    assert run("score-outfits", "--out", "one.csv", outfits="one.jsonl") == 0
    assert scores_of(shop / "one.csv") == scores_of(shop / "all.csv")[7:8]


def test_the_same_input_gives_the_same_bytes(shop: Path) -> None:
    """In another process, however Python hashes."""
    words = "score-outfits --catalog catalog.csv --outfits outfits.jsonl --set embedding.model=hashing --quiet"
    command = [sys.executable, "-m", "outfit_pairing", *words.split()]
    said = [
        subprocess.run(command, capture_output=True, check=True, env={**os.environ, "PYTHONHASHSEED": seed}).stdout
        for seed in ("1", "2")
    ]
    assert said[0] == said[1]
    assert said[0].count(b"\n") == 1 + len(OUTFITS)


@pytest.mark.parametrize("command", ["score-outfits", "evaluate", "fit-compatibility"])
@pytest.mark.parametrize(
    ("flags", "given", "says"),
    [
        ([], {"outfits": "absent.jsonl"}, "no file absent.jsonl"),
        ([], {"outfits": "bad.jsonl"}, "bad.jsonl, line 2: is no JSON"),
        ([], {"outfits": "empty.jsonl"}, "empty.jsonl: holds no outfit"),
        ([], {"catalogue": "absent.csv"}, "absent.csv"),
        (["--mapping", "nobody"], {}, "nobody"),
        (["--set", "embedding.model=nowhere/at-all"], {}, "embedding.model"),
        (["--set", "style.modl=x"], {}, "style.model"),
    ],
)
def test_bad_input_is_one_clear_line(
    shop: Path, caplog: pytest.LogCaptureFixture, command: str, *, flags: list[str], given: dict[str, str], says: str
) -> None:
    """And exit code 2."""
    (shop / "bad.jsonl").write_text('{"outfit_id": 1, "items": ["a"]}\n{"outfit_id": 2,\n')
    (shop / "empty.jsonl").write_text("\n")
    assert run(command, *flags, **given) == 2
    said = [record.getMessage() for record in caplog.records if record.levelname == "ERROR"]
    assert len(said) == 1
    assert says in said[0]
    assert "\n" not in said[0]


@pytest.mark.parametrize(("command", "flag"), [("score-outfits", "--out"), ("evaluate", "--page"), ("fit-compatibility", "--out")])
def test_where_nothing_can_be_written_is_said_before_the_work(
    shop: Path, caplog: pytest.LogCaptureFixture, command: str, flag: str
) -> None:
    """The catalogue is not read in vain."""
    (shop / "file").touch()
    assert run(command, flag, "file/x", catalogue="catalog.csv") == 2
    assert f"name another file with {flag}" in caplog.records[-1].getMessage()
    assert not any("texts to encode" in record.getMessage() for record in caplog.records)


@pytest.mark.parametrize("command", ["evaluate", "fit-compatibility"])
def test_too_few_outfits_are_said(shop: Path, caplog: pytest.LogCaptureFixture, command: str) -> None:
    """With how many are needed."""
    write_outfits(shop, [("shirts-000", "jeans-000"), ("jeans-000", "shirts-000"), ("shirts-000", "unknown")])
    assert run(command) == 2
    assert "only 1 different outfits have two items" in caplog.records[-1].getMessage()
    assert not (shop / "style_model.npz").exists()


def test_an_evaluation_is_told_in_words_as_json_and_as_a_page(shop: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """With the same figures."""
    assert run("evaluate", "--page", "new/page.html") == 0
    words = capsys.readouterr().out
    assert run("evaluate", "--json") == 0
    told = json.loads(capsys.readouterr().out, parse_constant=lambda word: pytest.fail(f"{word} is no JSON"))
    assert "AUC, random products" in words
    assert "recall at 10 of 100 of the slot, by audience" in words
    page = (shop / "new" / "page.html").read_text("utf-8")
    for one in told["figures"].values():
        if one["value"] is not None:
            assert f"{one['value']:.3f}" in words
            assert f"{one['value']:.3f}" in page
    assert set(told["by_slot"]) == {"top", "bottom", "bag", "footwear"}
    assert set(told["by_audience"]) == {"women"}


def test_a_model_is_learnt_told_and_used(shop: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """The file is named with style.model; what it weighs is told."""
    assert run("fit-compatibility", "--out", "new/style.npz", "--json") == 0
    told = json.loads(capsys.readouterr().out)
    model = load_model(shop / "new" / "style.npz")
    assert model.encoder == "hashing"
    assert told["model"] == "new/style.npz"
    assert told["learnt_from"] == len(OUTFITS)
    assert told["weights"] == model.weights
    assert set(told["written"]["figures"]) == set(told["fitted"]["figures"])
    assert run("score-outfits", "--out", "plain.csv") == 0
    assert run("score-outfits", "--out", "fitted.csv", "--set", "style.model=new/style.npz") == 0
    assert len(scores_of(shop / "fitted.csv")) == len(scores_of(shop / "plain.csv"))


@pytest.mark.parametrize("command", ["score-outfits", "evaluate"])
def test_a_model_that_does_not_fit_is_refused(shop: Path, caplog: pytest.LogCaptureFixture, command: str) -> None:
    """Absent, garbage, of another encoder: one line, exit code 2."""
    learnt = affinities_of(
        [("a", "b")], Wardrobe({one: garment(one, "Shirts") for one in "ab"}, np.zeros((0, 384), np.float32)), "other"
    )
    (shop / "other.npz").write_bytes(model_bytes(learnt))
    (shop / "garbage.npz").write_bytes(b"PK garbage")
    for file, says in (
        ("absent.npz", "absent.npz: no such file"),
        ("garbage.npz", "garbage.npz: is no model of fit-compatibility"),
        ("other.npz", "other.npz: was fitted with other, set embedding.model to it or fit again"),
    ):
        caplog.clear()
        assert run(command, "--set", f"style.model={file}") == 2
        said = [record.getMessage() for record in caplog.records if record.levelname == "ERROR"]
        assert len(said) == 1
        assert says in said[0]


def test_figures_and_model_are_logged_to_mlflow(shop: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """One run for each command, when tracking is on."""
    for package in ("mlflow", "sqlalchemy", "alembic"):
        pytest.importorskip(package, reason=f"{package} is not installed: pip install 'outfit-pairing[tracking]'")
    import mlflow

    uri = f"sqlite:///{shop / 'mlflow.db'}"
    assert run("evaluate", "--set", f"tracking.uri={uri}", "--set", "run_id=r1") == 0
    assert run("fit-compatibility", "--set", f"tracking.uri={uri}", "--set", "run_id=r2") == 0
    client = mlflow.MlflowClient(uri)
    runs = {one.info.run_name: one for one in client.search_runs([client.get_experiment_by_name("outfit-pairing").experiment_id])}
    assert set(runs) == {"evaluate r1", "fit-compatibility r2"}
    assert 0 <= runs["evaluate r1"].data.metrics["auc_random"] <= 1
    assert {"auc_random_written", "auc_random_fitted"} <= set(runs["fit-compatibility r2"].data.metrics)
    assert "written to style_model.npz; use it with --set style.model=style_model.npz" in capsys.readouterr().out
    assert runs["evaluate r1"].data.params["embedding.model"] == "hashing"


def test_tracking_without_mlflow_is_said_before_the_work(
    shop: Path, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    """And how to install it."""
    monkeypatch.setattr("outfit_pairing.storage.tracking.find_spec", lambda name: None)
    for command in ("evaluate", "fit-compatibility"):
        assert run(command, "--set", "tracking.uri=sqlite:///x.db") == 2
        assert "MLflow is not installed" in caplog.records[-1].getMessage()
