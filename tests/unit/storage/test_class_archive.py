"""When the archive of Spark's classes is used, and what is left as it was."""

import os
from pathlib import Path

import pytest

from outfit_pairing.settings import load_settings
from outfit_pairing.storage import local_spark
from outfit_pairing.storage.class_archive import NAME, java_options, without_conf_folder
from outfit_pairing.storage.session import open_session
from tests.unit.storage.conftest import InsteadOfSpark


@pytest.fixture
def home(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A Spark as set-up leaves it."""
    for name in ("SPARK_HOME", "SPARK_CONF_DIR"):
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setattr(local_spark, "spark_home", lambda: tmp_path)
    (tmp_path / NAME).touch()
    (tmp_path / "conf").mkdir()
    for name, text in local_spark.CONF_FILES.items():
        (tmp_path / "conf" / name).write_text(text, "utf-8")
    return tmp_path


def test_it_is_used_where_set_up_has_made_it(home: Path) -> None:
    assert local_spark.class_archive_here() == home / NAME
    (home / NAME).unlink()
    assert local_spark.class_archive_here() is None


@pytest.mark.parametrize("name", ["SPARK_HOME", "SPARK_CONF_DIR"])
def test_another_spark_is_left_alone(home: Path, name: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv(name, str(home))
    assert local_spark.class_archive_here() is None


@pytest.mark.parametrize("name", ["spark-defaults.conf", "spark-env.sh"])
def test_a_configuration_that_somebody_has_changed_is_read(home: Path, name: str) -> None:
    """With the archive the conf folder is passed over, hence no archive."""
    (home / "conf" / name).write_text("spark.ui.enabled true\n", "utf-8")
    assert local_spark.class_archive_here() is None


def test_the_environment_is_as_before(home: Path) -> None:
    def start() -> None:
        with without_conf_folder(home):
            assert not Path(os.environ["SPARK_CONF_DIR"]).exists()
            raise OSError("no Spark")

    with pytest.raises(OSError, match="no Spark"):
        start()
    assert "SPARK_CONF_DIR" not in os.environ


@pytest.mark.parametrize("own", ["", "-Xss4m", "-XX:SharedArchiveFile=/theirs.jsa"])
def test_java_options_of_a_setting_come_with_the_conf_folder(home: Path, own: str, instead_of_spark: InsteadOfSpark) -> None:
    """They take the place of ours: without the archive nothing is to be left off the class path."""
    started: list[str | None] = []
    instead_of_spark(lambda _: started.append(os.environ.get("SPARK_CONF_DIR")))
    overrides = [f"spark.conf.spark.driver.extraJavaOptions={own}"] if own else []
    open_session(load_settings(overrides=overrides, environment={}))
    assert [one is None for one in started] == [bool(own)]


def test_a_folder_with_a_space_is_one_option() -> None:
    """Spark splits Java options at spaces outside of quotes."""
    assert f'"-XX:SharedArchiveFile=/a b/{NAME}"' in java_options(Path("/a b") / NAME)
