"""Where Postgres is: said before Spark starts, and never with a secret."""

import logging

import pytest

from outfit_pairing.cli import main
from outfit_pairing.errors import SettingsError
from outfit_pairing.publishing.postgres_place import check_postgres, connection_text, place_name
from outfit_pairing.publishing.postgres_plan import latest_equal
from outfit_pairing.settings import Settings, load_settings

SECRET = "s3cr3t-of-the-shop"


def settings_of(url: str) -> Settings:
    return load_settings(overrides=[f"publish.postgres={url}"], environment={})


@pytest.mark.parametrize(
    "url",
    [
        f"postgresql://me:{SECRET}@db/shop",
        f"postgresql://me@db/shop?password={SECRET}",
        f"postgres://me@db/shop?sslmode=require&sslpassword={SECRET}",
        f"postgresql://me:{SECRET}%zz@db/shop",
        f"host=db password={SECRET}",
    ],
)
@pytest.mark.parametrize("command", [["release"], ["publish"], ["check-quality"], ["run"], ["rollback", "--to", "x"]])
def test_a_password_in_the_url_is_refused(url: str, command: list[str], caplog: pytest.LogCaptureFixture, tmp_path: object) -> None:
    """In one line that does not repeat it, before anything starts."""
    with caplog.at_level(logging.DEBUG):
        given = ["--catalog", __file__] if command == ["run"] else []
        assert main([*command, "--warehouse", str(tmp_path), "--postgres", url, *given]) == 2
    assert SECRET not in caplog.text
    if command != ["run"]:  # whose catalogue is looked at first
        assert "publish.postgres" in caplog.text


def test_parameters_of_the_url_are_kept() -> None:
    """TLS is as the URL says; a server that does not answer is waited for as long as it says."""
    text = connection_text(settings_of("postgresql://me@db:5433/shop?sslmode=verify-full&sslrootcert=system&connect_timeout=9"))
    assert {"sslmode=verify-full", "sslrootcert=system", "connect_timeout=9", "port=5433"} <= set(text.split())
    assert "connect_timeout=5" in connection_text(settings_of("postgresql://me@db/shop"))


def test_messages_name_server_and_database_only() -> None:
    """Nobody's login."""
    assert place_name(settings_of("postgresql://me@db:5433/shop?sslmode=require")) == "Postgres at db:5433/shop"


def test_a_server_that_is_away_is_said_in_one_line() -> None:
    """Before Spark starts; the cure is in it. Nothing is asked where none is set."""
    with pytest.raises(SettingsError, match=r"127\.0\.0\.1:1/shop cannot be used .*PGPASSWORD") as caught:
        check_postgres(settings_of("postgresql://me@127.0.0.1:1/shop"))
    assert caught.value.exit_code == 2
    assert "\n" not in caught.value.what
    check_postgres(load_settings(environment={}))


def release_row(run_id: str, version: int, kind: str = "checked") -> dict[str, object]:
    return {"shown_run_id": run_id, "table_version": version, "kind": kind}


def test_a_rollback_makes_an_old_version_anew() -> None:
    """Versions that hold the same rows are known as such, also over two rollbacks, and no others."""
    releases = [release_row("mon", 0), release_row("tue", 3), release_row("mon", 4, "rollback"), release_row("wed", 5),
                release_row("mon", 7, "rollback"), release_row("tue", 8, "rollback")]  # fmt: skip
    assert [latest_equal(releases, version) for version in (0, 3, 4, 5, 7, 9)] == [7, 8, 7, 5, 7, 9]
