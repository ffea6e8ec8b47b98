"""Processes that tests start and kill: the fake model server, and commands with everything that they have started."""

import contextlib
import json
import os
import signal
import subprocess
import sys
import time
import urllib.request
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Self

REPOSITORY = Path(__file__).resolve().parents[1]
PROC = Path("/proc")
POLL_S = 0.05
# Words of command lines that tell who is who in a run of Spark.
EXECUTOR, SUBMIT = "executor.CoarseGrainedExecutorBackend", "org.apache.spark.deploy.SparkSubmit"
DAEMON = "-m outfit_pairing.storage.worker_daemon"  # the JVM names the module as well, in a setting


@dataclass(frozen=True)
class ServerProcess:
    """The fake model server, in a process of its own."""

    port: int

    @property
    def base_url(self) -> str:
        return f"http://127.0.0.1:{self.port}/v1"

    def counts(self) -> dict[str, Any]:
        """What it saw and gave so far."""
        return self._call("counts")

    def behave(self, **changes: Any) -> None:
        """Change fields of its behaviour."""
        self._call("behaviour", json.dumps(changes).encode())

    def wait_for_calls(self, calls: int, patience_s: float = 120) -> None:
        """Until it has been called so often."""
        end = time.monotonic() + patience_s
        while self.counts()["calls"] < calls:
            assert time.monotonic() < end, f"{calls} calls did not come within {patience_s:g} s"
            time.sleep(POLL_S)

    def _call(self, page: str, body: bytes | None = None) -> dict[str, Any]:
        with urllib.request.urlopen(f"http://127.0.0.1:{self.port}/{page}", body, timeout=30) as answer:
            found: dict[str, Any] = json.load(answer)
            return found


@contextlib.contextmanager
def serving(folder: Path, **behaviour: Any) -> Iterator[ServerProcess]:
    """A server for as long as the block lasts; `behaviour`: fields of Behaviour."""
    port_file = folder / "port"
    port_file.unlink(missing_ok=True)
    command = [sys.executable, str(REPOSITORY / "tests" / "model_server.py"), "--port-file", str(port_file)]
    process = subprocess.Popen(command, stdout=subprocess.DEVNULL)
    try:
        end = time.monotonic() + 60
        while not port_file.exists():
            assert process.poll() is None, "the model server did not start"
            assert time.monotonic() < end, "the model server does not listen"
            time.sleep(POLL_S)
        server = ServerProcess(int(port_file.read_text()))
        server.behave(**behaviour)
        yield server
    finally:
        process.terminate()
        process.wait(30)


class Session:
    """A command with all processes that it starts, Spark's JVM and Python workers included; what it says goes into files."""

    def __init__(self, command: Sequence[str], folder: Path, name: str, environment: Mapping[str, str]) -> None:
        self.stdout, self.stderr = folder / f"{name}.stdout", folder / f"{name}.stderr"
        with self.stdout.open("wb") as out, self.stderr.open("wb") as err:
            self._leader = subprocess.Popen(
                command, stdout=out, stderr=err, cwd=REPOSITORY, env=dict(environment), start_new_session=True
            )

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.kill()

    @property
    def running(self) -> bool:
        return self._leader.poll() is None

    def wait(self, seconds: float = 600) -> int:
        """Its exit code."""
        return self._leader.wait(seconds)

    def kill(self) -> None:
        """-9 for the command and everything that it has started, whatever process groups they have made."""
        while members := [pid for pid in self.members() if pid != self._leader.pid or self._leader.poll() is None]:
            for pid in members:
                with contextlib.suppress(ProcessLookupError):
                    os.kill(pid, signal.SIGKILL)
            self._leader.poll()
            time.sleep(POLL_S)
        self._leader.wait()

    def members(self) -> list[int]:
        """Processes of the session that are alive."""
        found = []
        for folder in PROC.iterdir():
            if folder.name.isdigit():
                with contextlib.suppress(OSError):
                    state, _, _, session = (folder / "stat").read_text().rpartition(") ")[2].split()[:4]
                    if int(session) == self._leader.pid and state != "Z":
                        found.append(int(folder.name))
        return found

    @property
    def leader(self) -> int:
        """The process of the command itself."""
        return self._leader.pid

    def executors(self) -> list[int]:
        """Members that are Spark executors in processes of their own."""
        return [pid for pid in self.members() if EXECUTOR in command_of(pid)]

    def driver_jvms(self) -> list[int]:
        """Members that are the JVM of the driver."""
        return [pid for pid in self.members() if SUBMIT in command_of(pid)]

    def python_workers(self) -> list[int]:
        """Members that run Python for Spark: what the daemons have forked."""
        return workers_among(self.members())[1]

    def connected_to(self, port: int) -> list[int]:
        """Members with an open connection to a port of this machine: those who ask."""
        remote = f":{port:04X}"
        rows = [line.split() for line in (PROC / "net" / "tcp").read_text().splitlines()[1:]]
        sockets = {f"socket:[{row[9]}]" for row in rows if row[2].endswith(remote) and row[3] == "01"}
        return [pid for pid in self.members() if sockets & set(_open_files(pid))]


def workers_among(pids: Iterable[int]) -> tuple[list[int], list[int]]:
    """The processes that run Python for Spark, daemons included, and those of them that a daemon has forked."""
    pythons = [pid for pid in pids if DAEMON in command_of(pid)]
    return pythons, [pid for pid in pythons if parent_of(pid) in pythons]


def command_of(pid: int) -> str:
    """Its command line; nothing when it has ended."""
    try:
        return (PROC / str(pid) / "cmdline").read_bytes().replace(b"\0", b" ").decode(errors="replace")
    except OSError:
        return ""


def parent_of(pid: int) -> int:
    """The process that has started it; 0 when it has ended."""
    try:
        return int((PROC / str(pid) / "stat").read_text().rpartition(") ")[2].split()[1])
    except OSError:
        return 0


def _open_files(pid: int) -> Iterator[str]:
    with contextlib.suppress(OSError):
        for descriptor in (PROC / str(pid) / "fd").iterdir():
            with contextlib.suppress(OSError):
                yield str(descriptor.readlink())


def spark_home(folder: Path) -> Path:
    """The installed Spark under a folder of ours, where its executors write."""
    import pyspark

    home = folder / "spark-home"
    home.mkdir(exist_ok=True)
    for entry in Path(pyspark.__file__).parent.iterdir():
        if entry.name != "work" and not (home / entry.name).exists():
            (home / entry.name).symlink_to(entry)
    return home
