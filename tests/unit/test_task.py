"""The wheel's door for Databricks: a task succeeds exactly when its command does."""

import logging
import sys

import pytest

from outfit_pairing import cli, task
from outfit_pairing.errors import GateMissed, SettingsError


def start(monkeypatch: pytest.MonkeyPatch, *arguments: str) -> None:
    monkeypatch.setattr(sys, "argv", ["ipykernel_launcher.py", *arguments])
    task.main()


def ending_with(monkeypatch: pytest.MonkeyPatch, fault: Exception | None) -> None:
    def run(*_: object) -> int:
        if fault is not None:
            raise fault
        return 0

    monkeypatch.setattr(cli, "_run_stages", run)


def test_a_command_that_went_well_just_returns(monkeypatch: pytest.MonkeyPatch) -> None:
    """No SystemExit, which Databricks may take for a fault also with code 0."""
    ending_with(monkeypatch, None)
    start(monkeypatch, "embed")
    start(monkeypatch, "--version")


@pytest.mark.parametrize(
    ("fault", "said"),
    [
        (GateMissed(["coverage 0.5 < 0.999"]), "exit code 3 (a quality gate missed): .*coverage 0.5 < 0.999"),
        (SettingsError("llm.model is not set"), r"exit code 2 \(bad settings or input\): .*llm.model is not set"),
        (ValueError("broken"), "exit code 1: ValueError: broken"),
    ],
    ids=["gate", "settings", "unexpected"],
)
def test_any_other_end_fails_the_task_with_its_reason(monkeypatch: pytest.MonkeyPatch, fault: Exception, said: str) -> None:
    """An exit code that is only returned would pass for success."""
    ending_with(monkeypatch, fault)
    with pytest.raises(RuntimeError, match=said.replace("(a quality gate missed)", r"\(a quality gate missed\)")):
        start(monkeypatch, "check-quality")
    assert not any(isinstance(one, task._LastError) for one in logging.getLogger("outfit_pairing").handlers)


def test_what_nobody_foresaw_shows_where_it_was_and_no_password(
    monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    """Whoever deploys it for the first time has nothing else to go by."""
    ending_with(monkeypatch, ValueError("cannot read postgresql://shop:secret@db.example/outfits\nat all"))
    with pytest.raises(RuntimeError, match=r"exit code 1: ValueError: cannot read postgresql://…@db\.example/outfits; the log"):
        start(monkeypatch, "embed")
    assert "line " in caplog.text
    assert "raise fault" in caplog.text
    assert "secret" not in caplog.text


def test_progress_is_seen_though_the_platform_has_set_up_logging(
    monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    """Its root logger takes warnings only; afterwards all is as before."""
    log = logging.getLogger("outfit_pairing")
    before = log.level
    monkeypatch.setattr(cli, "_run_stages", lambda *_: log.getChild("pairing").info("part 1 of 7") or 0)
    monkeypatch.setattr(logging.getLogger(), "level", logging.WARNING)
    start(monkeypatch, "embed")
    assert "part 1 of 7" in caplog.text
    assert log.level == before


def test_flags_that_are_none_fail_the_task(monkeypatch: pytest.MonkeyPatch) -> None:
    """The parser ends with SystemExit(2)."""
    with pytest.raises(RuntimeError, match="exit code 2"):
        start(monkeypatch, "embed", "--no-such-flag")
