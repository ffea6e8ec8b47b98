"""Runs the command as a user does: another process, in the activated environment."""

import os
import subprocess
import sys
from dataclasses import dataclass
from pathlib import Path

# Most runs here are short: they end before the JVM's second compiler, or compiled code for each small query, has paid for itself.
QUICK_JVM = "-XX:TieredStopAtLevel=1 -XX:+UseSerialGC"
QUICK_START = {"JDK_JAVA_OPTIONS": f"{QUICK_JVM} -Dspark.sql.codegen.factoryMode=NO_CODEGEN"}
BIN = Path(sys.executable).parent
REPOSITORY = Path(__file__).resolve().parents[2]


@dataclass(frozen=True)
class Ended:
    """How a command ended."""

    code: int
    stdout: str
    stderr: str

    @property
    def complaints(self) -> list[str]:
        """Lines on stderr that are ours and complain."""
        return [line for line in self.stderr.splitlines() if "outfit-pairing" in line]


def run(*arguments: object, program: str = "outfit-pairing", timeout: float = 900, **environment: str) -> Ended:
    """`program arguments`, from the repository's folder; `environment` in addition to this one's."""
    path = f"{BIN}{os.pathsep}{os.environ['PATH']}"
    command = [str(BIN / program), *(str(argument) for argument in arguments)]
    ended = subprocess.run(
        command,
        capture_output=True,
        text=True,
        timeout=timeout,
        cwd=REPOSITORY,
        env={**os.environ, "PATH": path, **QUICK_START, **environment},
        check=False,
    )
    return Ended(ended.returncode, ended.stdout, ended.stderr)
