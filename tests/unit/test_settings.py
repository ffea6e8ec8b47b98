"""Settings are checked before any Spark work, and say in one line what is wrong."""

from pathlib import Path

import pytest

from outfit_pairing.errors import SettingsError
from outfit_pairing.settings import known_settings, load_settings


def write(folder: Path, text: str) -> Path:
    path = folder / "settings.yaml"
    path.write_text(text)
    return path


def test_later_layers_win(tmp_path: Path) -> None:
    """The file gives way to the environment, the environment to the command line."""
    path = write(tmp_path, "anchors:\n  budget: 10\nspark:\n  partitions: 3\n")
    environment = {"OUTFIT_ANCHORS__BUDGET": "20", "OUTFIT_SPARK__PARTITIONS": "5", "OUTFIT_DATA_DIR": "/elsewhere", "HOME": "/"}
    settings = load_settings(path, ["anchors.budget=30"], environment)
    assert (settings.anchors.budget, settings.spark.partitions) == (30, 5)


@pytest.mark.parametrize(
    ("text", "says"),
    [
        ("anchors:\n  budgett: 10\n", "anchors.budgett is no setting; did you mean anchors.budget?"),
        ("anchors:\n  budget: 0\n", "anchors.budget = 0 cannot be used"),
        ("anchors:\n  budget: many\n", "anchors.budget = 'many' cannot be used"),
        ("anchors:\n  budget: 10\n  budget: 20\n", "line 3: `budget` is given twice"),
        ("anchors: [\n", "correct the YAML"),
        ("anchors: \0", "correct the YAML"),
        ("anchors: " + "[" * 5_000, "correct the YAML"),
        ("? [anchors]\n: 5", "correct the YAML"),
        ("anchors: 2024-05-99", "correct the YAML"),
        ("just words", "holds no settings tree"),
        ("anchors: 5\n", "anchors = 5 cannot be used"),
    ],
)
def test_a_bad_file_is_one_clear_line(tmp_path: Path, text: str, says: str) -> None:
    """File, key and cure are named; nothing of the validator's own text shape comes through."""
    with pytest.raises(SettingsError) as caught:
        load_settings(write(tmp_path, text), environment={})
    assert says in caught.value.what
    assert "settings.yaml" in caught.value.what
    assert "\n" not in caught.value.what


def test_a_missing_file_is_one_clear_line(tmp_path: Path) -> None:
    """A settings file that is not there is named."""
    with pytest.raises(SettingsError, match=r"absent\.yaml: cannot be read"):
        load_settings(tmp_path / "absent.yaml", environment={})


@pytest.mark.parametrize(
    ("overrides", "says"),
    [
        (["anchors.budget"], "write it as key.path=value"),
        (["anchors.bugdet=3"], "did you mean anchors.budget?"),
        (["anchors.budget=3", "anchors.budget=4"], "given twice"),
        (["anchors=3"], "anchors is no setting"),
    ],
)
def test_a_bad_flag_is_one_clear_line(overrides: list[str], says: str) -> None:
    """--set names the key and the cure."""
    with pytest.raises(SettingsError, match=says.replace("?", r"\?").replace(".", r"\.")):
        load_settings(overrides=overrides, environment={})


def test_an_unknown_environment_variable_is_refused() -> None:
    """A typo in the environment is not silently passed over."""
    with pytest.raises(SettingsError, match="OUTFIT_ANCHORS__BUGDET"):
        load_settings(environment={"OUTFIT_ANCHORS__BUGDET": "3"})


def test_every_setting_says_what_it_is() -> None:
    """docs/settings.md and --help read their text from here."""
    assert all(text for _, text, _ in known_settings())


def test_every_run_has_its_own_name() -> None:
    """Two runs never share a run_id unless they are told to."""
    assert load_settings(environment={}).run_id != load_settings(environment={}).run_id
    assert load_settings(environment={"OUTFIT_RUN_ID": "nightly"}).run_id == "nightly"


def test_settings_of_spark_are_named_by_their_dots(tmp_path: Path) -> None:
    """In a file, in the environment or on the command line."""
    path = tmp_path / "s3.yaml"
    path.write_text("spark:\n  conf:\n    spark.hadoop.fs.s3a.path.style.access: true\n    spark.executor.cores: 2\n")
    given = ("spark.hadoop.fs.s3a.endpoint=http://127.0.0.1:7070", "spark.hadoop.fs.s3a.endpoint.region=us-east-1")
    settings = load_settings(path, [f"spark.conf.{one}" for one in given], environment={})
    assert settings.spark.conf == {
        "spark.hadoop.fs.s3a.path.style.access": "true",
        "spark.executor.cores": "2",
        "spark.hadoop.fs.s3a.endpoint": "http://127.0.0.1:7070",
        "spark.hadoop.fs.s3a.endpoint.region": "us-east-1",
    }


@pytest.mark.parametrize(
    ("name", "told"),
    [("spark.hadoop.fs.s3a.secret.key", "holds a secret"), ("fs.s3a.endpoint", "is no setting of Spark")],
)
def test_settings_of_spark_that_are_refused(name: str, told: str) -> None:
    """A secret would be kept in the table of runs; another name would be ignored by Spark."""
    with pytest.raises(SettingsError, match=told) as caught:
        load_settings(overrides=[f"spark.conf.{name}=hush"], environment={})
    assert "hush" not in caught.value.what


def test_the_later_of_several_files_wins(tmp_path: Path) -> None:
    """Limits of one file, the model of another."""
    for name, text in (("limits", "anchors: {budget: 3}\nllm: {model: one}\n"), ("model", "llm: {model: two}\n")):
        (tmp_path / name).write_text(text)
    settings = load_settings([tmp_path / "limits", tmp_path / "model"], environment={})
    assert (settings.anchors.budget, settings.llm.model) == (3, "two")


def test_a_list_can_be_given_on_the_command_line_and_in_a_file(tmp_path: Path) -> None:
    """--set and the environment give text."""
    path = tmp_path / "serve.yaml"
    path.write_text("serve: {variants: [control, a, b]}\n")
    assert load_settings(path, environment={}).serve.variants == ["control", "a", "b"]
    for text in ("control,a,b", "control, a, b", "[control, a, b]", '["control", "a", "b"]'):
        assert load_settings(overrides=[f"serve.variants={text}"], environment={}).serve.variants == ["control", "a", "b"]
        assert load_settings(environment={"OUTFIT_SERVE__VARIANTS": text}).serve.variants == ["control", "a", "b"]
    for text in ("control,,b", "[control", "[1]"):
        with pytest.raises(SettingsError, match=r"serve\.variants"):
            load_settings(overrides=[f"serve.variants={text}"], environment={})
