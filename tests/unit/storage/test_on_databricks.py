"""On Databricks the session is the platform's: nothing is set, and no setting is asked for that serverless compute hides."""

import os
from typing import Any

import pytest
from pyspark.sql import SparkSession

from outfit_pairing.settings import Settings, load_settings
from outfit_pairing.storage import session
from outfit_pairing.storage.maintenance import Wish, maintain_tables
from outfit_pairing.storage.store import TableStore
from tests.unit.storage.conftest import InsteadOfSpark


class Refusing:
    """The settings of a serverless session, as far as we are concerned: none may be set, Spark's own cannot be read."""

    def get(self, key: str, *_: object) -> str:
        raise AssertionError(f"[CONFIG_NOT_AVAILABLE] {key} was asked for")

    def set(self, key: str, _: object) -> None:
        raise AssertionError(f"[CONFIG_NOT_AVAILABLE] {key} was set")


class Serverless:
    """A session that there is already."""

    version = "4.1.0"
    conf = Refusing()

    def __getattr__(self, name: str) -> Any:
        raise AssertionError(f"spark.{name} was used")


@pytest.fixture(autouse=True)
def _databricks(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("DATABRICKS_RUNTIME_VERSION", "client.4.9")


@pytest.fixture
def settings() -> Settings:
    """With all that would be said to a session of our own."""
    overrides = ["storage.catalog=main", "storage.schema=shop", "spark.master=local[4]", "spark.partitions=32"]
    return load_settings(overrides=[*overrides, "spark.conf.spark.sql.adaptive.enabled=false"], environment={})


def test_the_session_that_is_there_is_taken_as_it_is(settings: Settings, monkeypatch: pytest.MonkeyPatch) -> None:
    """No builder, no setting, no variable of the environment."""
    there = Serverless()
    monkeypatch.setattr(SparkSession, "getActiveSession", lambda: there)
    monkeypatch.setattr(SparkSession.Builder, "getOrCreate", lambda _: pytest.fail("another session was started"))
    before = dict(os.environ)
    for brief in (False, True):
        assert session.open_session(settings, brief=brief) is there
    assert dict(os.environ) == before


@pytest.mark.parametrize("remote", [None, "sc://somewhere:15002"])
def test_a_task_without_one_gets_the_platforms_own(
    settings: Settings, instead_of_spark: InsteadOfSpark, monkeypatch: pytest.MonkeyPatch, remote: str | None
) -> None:
    """A wheel task has no active session: it is asked for with nothing said, whatever the settings are."""
    told: list[dict[str, Any]] = []
    instead_of_spark(lambda builder: told.append(dict(builder._options)))
    if remote:
        monkeypatch.setenv("SPARK_REMOTE", remote)
    before = dict(os.environ)
    session.open_session(settings)
    assert told == [{}]
    assert dict(os.environ) == before


@pytest.mark.parametrize("place", ["settings", "environment"])
def test_a_server_of_spark_connect_is_told_what_belongs_to_a_session(
    instead_of_spark: InsteadOfSpark, monkeypatch: pytest.MonkeyPatch, place: str
) -> None:
    """Where it listens comes from the settings or, before them, from the environment; Delta and memory are its own affair."""
    monkeypatch.delenv("DATABRICKS_RUNTIME_VERSION")
    monkeypatch.setenv("PYSPARK_PYTHON", "python")
    remote = "sc://spark.example:15002"
    master = {"settings": remote, "environment": "local[4]"}[place]
    told: dict[str, Any] = {}
    instead_of_spark(lambda builder: told.update(builder._options))
    if place == "environment":
        monkeypatch.setenv("SPARK_REMOTE", remote)
    settings = load_settings(overrides=[f"spark.master={master}"], environment={})
    session.open_session(settings)
    assert told["spark.remote"] == remote
    assert set(told) == {"spark.remote", "spark.app.name", "spark.sql.shuffle.partitions", *session.SESSION_CONF}
    assert not session.runs_here(Serverless(), settings)  # type: ignore[arg-type]


def test_elsewhere_much_is_said(settings: Settings, instead_of_spark: InsteadOfSpark, monkeypatch: pytest.MonkeyPatch) -> None:
    """The checks above check: the same settings, without Databricks."""
    monkeypatch.delenv("DATABRICKS_RUNTIME_VERSION")
    monkeypatch.setenv("PYSPARK_PYTHON", "python")
    told: dict[str, Any] = {}
    instead_of_spark(lambda builder: told.update(builder._options))
    session.open_session(settings)
    assert {"spark.sql.extensions", "spark.sql.session.timeZone", "spark.sql.adaptive.enabled"} <= set(told)


def test_nothing_on_the_way_reads_what_is_not_there(settings: Settings) -> None:
    """Spark Connect sends each look at a setting to the server, which refuses those that it does not have."""
    assert not session.runs_here(Serverless(), settings)  # type: ignore[arg-type]


def test_maintenance_touches_no_setting(settings: Settings, monkeypatch: pytest.MonkeyPatch) -> None:
    """Also where there are no tables yet."""
    monkeypatch.setattr(TableStore, "exists", lambda *_: False)
    assert list(maintain_tables(Serverless(), settings, Wish(30))) == []  # type: ignore[arg-type]
