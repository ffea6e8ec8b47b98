"""`make audit`: asks pip-audit what is known of the pinned packages, and says so when nothing could be asked.

A mirror may answer without its list of faults, and all would look well: so an old release with known faults is asked about first.
"""

import json
import subprocess
import sys
import tempfile
from pathlib import Path
from typing import Any

CANARY = "jinja2==2.10\n"  # escapes its sandbox, known since 2019
FLAGS = ("--no-deps", "--disable-pip", "--progress-spinner", "off", "--desc", "off", "--format", "json")


def main(pip_audit: str, constraints: str) -> int:
    """0: no fault is known, or nothing could be asked, which is said; 1: some are."""
    with tempfile.TemporaryDirectory() as folder:
        canary = Path(folder, "canary.txt")
        canary.write_text(CANARY)
        heard, why = faults_of(pip_audit, canary)
        if not heard:
            sys.stderr.write(f"outfit-pairing: nothing was audited: {why or 'the index tells no faults, not even old ones'}\n")
            return 0
    found, why = faults_of(pip_audit, Path(constraints))
    if found is None:
        sys.stderr.write(f"outfit-pairing: nothing was audited: {why}\n")
        return 0
    sys.stdout.writelines(f"{line}\n" for line in found or [f"no fault is known of the packages in {constraints}"])
    return 1 if found else 0


def faults_of(pip_audit: str, requirements: Path) -> tuple[list[str] | None, str]:
    """One line per known fault, None where the database could not be asked, and why."""
    try:
        done = subprocess.run([pip_audit, "--requirement", str(requirements), *FLAGS], capture_output=True, text=True, check=False)
        packages: list[dict[str, Any]] = json.loads(done.stdout)["dependencies"]
    except OSError as fault:
        return None, f"pip-audit does not run ({fault.strerror})"
    except ValueError:
        return None, "the database of known faults cannot be had here"
    return [
        f"{one['name']} {one['version']}: {fault['id']}, mended in {', '.join(fault['fix_versions']) or 'no release'}"
        for one in packages
        for fault in one.get("vulns", [])
    ], ""


if __name__ == "__main__":
    sys.exit(main(*sys.argv[1:3]))
