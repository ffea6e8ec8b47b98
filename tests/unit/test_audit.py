"""`make audit` tells faults, tells that there are none, and tells when nobody could be asked."""

import json
from pathlib import Path

import pytest

from tests.audit import main


def pip_audit(folder: Path, answers: dict[str, object]) -> str:
    """A program that answers like pip-audit; `answers`: by the first package asked about."""
    (folder / "answers.json").write_text(json.dumps(answers))
    program = folder / "pip-audit"
    program.write_text(
        "#!/usr/bin/env python3\n"
        "import json, pathlib, sys\n"
        f"answers = json.loads(pathlib.Path({str(folder / 'answers.json')!r}).read_text())\n"
        "asked = pathlib.Path(sys.argv[2]).read_text().split('==')[0]\n"
        "sys.stdout.write(json.dumps({'dependencies': answers[asked]}) if asked in answers else '')\n"
        "sys.exit(asked not in answers)\n"
    )
    program.chmod(0o755)
    return str(program)


FAULTY = [{"name": "jinja2", "version": "2.10", "vulns": [{"id": "CVE-2019-10906", "fix_versions": ["2.10.1"]}]}]
WELL = [{"name": "numpy", "version": "2.4.6", "vulns": []}]


@pytest.mark.parametrize(
    ("answers", "expected"),
    [
        ({"jinja2": FAULTY, "numpy": WELL}, (0, "no fault is known", "")),
        ({"jinja2": FAULTY, "numpy": FAULTY}, (1, "jinja2 2.10: CVE-2019-10906, mended in 2.10.1", "")),
        ({"jinja2": [{"name": "jinja2", "version": "2.10", "vulns": []}], "numpy": WELL}, (0, "", "not even old ones")),
        ({}, (0, "", "cannot be had here")),
        ({"jinja2": FAULTY}, (0, "", "cannot be had here")),
    ],
)
def test_the_audit_says_what_it_found_and_whether_it_could_ask(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], answers: dict[str, object], expected: tuple[int, str, str]
) -> None:
    """A mirror without faults is no all-clear."""
    code, out, err = expected
    (tmp_path / "constraints.txt").write_text("numpy==2.4.6\n")
    assert main(pip_audit(tmp_path, answers), str(tmp_path / "constraints.txt")) == code
    said = capsys.readouterr()
    assert out in said.out
    assert err in said.err
    assert "no fault is known" not in said.out or not err


def test_without_pip_audit_nothing_was_audited(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """And that is what is said."""
    assert main(str(tmp_path / "absent"), "constraints.txt") == 0
    assert "nothing was audited: pip-audit does not run" in capsys.readouterr().err
