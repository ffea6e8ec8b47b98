"""The report as a whole: every check has its line, and a broken check stops no other."""

import json
from collections.abc import Callable

import pytest

from outfit_pairing.cli import main
from outfit_pairing.doctor.examination import as_json, examine, exit_code, made, summary
from outfit_pairing.doctor.finding import Finding, fault, ok, warning
from outfit_pairing.settings import Settings
from tests.unit.doctor.machines import a_machine


def test_every_fault_and_warning_has_a_cure(make_settings: Callable[..., Settings]) -> None:
    """Also on a machine that has nothing."""
    bare = a_machine(
        {},
        python=(3, 9),
        which=lambda _: None,
        cores=1,
        free_memory=0,
        free_space=lambda _: 0,
        reach=lambda _: "down",
        now=lambda: 0.0,
    )
    asking = make_settings("patterns.provider=ai_query", "llm.model=m", "embedding.model=hashing")
    found = list(examine(asking, bare, 50_000))
    assert {one.check for one in found if one.state != "ok"} >= {
        "java", "python", "spark and delta", "delta's jars", "language model", "room for tables", "memory", "cores", "clock"
    }  # fmt: skip
    assert all(bool(one.cure) is (one.state != "ok") for one in found)
    assert all("\n" not in one.found + one.cure for one in found)


def test_a_check_that_breaks_is_a_fault_of_its_own() -> None:
    """Nobody has foreseen everything; the rest is still told."""

    def breaks() -> Finding:
        raise ZeroDivisionError("by nought")

    assert made("odd", breaks) == [fault("odd", "ZeroDivisionError: by nought", "mend what it names; this was not foreseen")]


def test_only_a_fault_makes_the_exit_code() -> None:
    """0 with warnings, 2 with a fault; programs read the same."""
    findings = [ok("a", "well"), warning("b", "odd", "see to it")]
    assert (exit_code(findings), exit_code([*findings, fault("c", "bad", "mend it")])) == (0, 2)
    assert summary(findings) == "0 faults, 1 warning, 1 ok"
    assert json.loads(as_json(findings))[1] == {"check": "b", "state": "warning", "found": "odd", "cure": "see to it"}


def test_settings_that_cannot_be_used_are_a_finding_too(capsys: pytest.CaptureFixture[str]) -> None:
    """The machine is examined all the same."""
    assert main(["doctor", "--set", "anchors.bugdet=3", "--json"]) == 2
    found = {one["check"]: one for one in json.loads(capsys.readouterr().out)}
    assert "did you mean anchors.budget?" in found["settings"]["found"]
    assert found["python"]["state"] == "ok"
