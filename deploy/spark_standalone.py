"""A standalone Spark of one machine, and what has to be shipped to the workers of any Spark.

    python deploy/spark_standalone.py pack --out dist            # dist/outfit_pairing.zip, dist/environment.tar.gz
    python deploy/spark_standalone.py start --folder cluster     # a master and two workers; prints spark://…
    python deploy/spark_standalone.py stop --folder cluster

The workers need nothing but Java and a Python of the driver's version: the wheel goes with --py-files, what it depends on with
--archives. docs/clusters.md has the whole command.
"""

import argparse
import contextlib
import json
import os
import shutil
import signal
import socket
import subprocess
import sys
import tarfile
import tempfile
import time
import urllib.request
from collections.abc import Iterable
from pathlib import Path

REPOSITORY = Path(__file__).resolve().parents[1]
HOST = "127.0.0.1"
PATIENCE_S = 120
# Spark brings its own Python side to every executor.
LEFT_OUT = ("pyspark", "delta-spark", "py4j")
STATE = "cluster.json"
MASTER, WORKER = "org.apache.spark.deploy.master.Master", "org.apache.spark.deploy.worker.Worker"


def main() -> int:
    """Run the command; returns the exit code."""
    flags = _parser().parse_args()
    try:
        return int(flags.run(flags))
    except (RuntimeError, OSError, subprocess.CalledProcessError) as fault:
        sys.stderr.write(f"spark_standalone: {fault}\n")
        return 1


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    commands = parser.add_subparsers(required=True, metavar="COMMAND")
    start = commands.add_parser("start", help="start a master and workers; prints the master's address")
    start.set_defaults(run=_start)
    start.add_argument("--workers", type=int, default=2, help="workers (default: %(default)s)")
    start.add_argument("--cores", type=int, default=1, help="cores of each worker (default: %(default)s)")
    start.add_argument("--memory", default="2g", help="memory that each worker has for executors (default: %(default)s)")
    stop = commands.add_parser("stop", help="stop them")
    stop.set_defaults(run=_stop)
    for command in (start, stop):
        command.add_argument("--folder", type=Path, default=Path("cluster"), help="logs and work (default: %(default)s)")
    pack = commands.add_parser("pack", help="what workers need: the package and an archive of what it depends on")
    pack.set_defaults(run=_pack)
    pack.add_argument("--out", type=Path, default=Path("dist"), help="folder (default: %(default)s)")
    pack.add_argument("--extras", default="", help="extras whose packages workers need too, for example embed,llm (default: none)")
    return parser


def _start(flags: argparse.Namespace) -> int:
    folder = flags.folder.resolve()
    if (folder / STATE).exists():
        raise RuntimeError(f"{folder} has a cluster already; stop it first, or name another --folder")
    folder.mkdir(parents=True, exist_ok=True)
    port, page = _free_port(), _free_port()
    address = f"spark://{HOST}:{port}"
    pids: list[int] = []
    try:
        pids.append(_launch(folder, "master", MASTER, "--host", HOST, "--port", str(port), "--webui-port", str(page)))
        _wait(page, 0, pids)
        for number in range(1, flags.workers + 1):
            work = folder / f"worker-{number}"
            pids.append(
                _launch(
                    folder, work.name, WORKER, "--host", HOST, "--webui-port", "0", "--work-dir", str(work),
                    "--cores", str(flags.cores), "--memory", flags.memory, address,
                )
            )  # fmt: skip
        _wait(page, flags.workers, pids)
    except BaseException:
        _end(pids)
        raise
    (folder / STATE).write_text(json.dumps({"address": address, "page": f"http://{HOST}:{page}", "pids": pids}), "utf-8")
    sys.stdout.write(f"{address}\n")
    return 0


def _stop(flags: argparse.Namespace) -> int:
    state = flags.folder.resolve() / STATE
    if not state.exists():
        raise RuntimeError(f"{state.parent} has no cluster that this command has started")
    _end(json.loads(state.read_text("utf-8"))["pids"])
    state.unlink()
    return 0


def _launch(folder: Path, name: str, entry: str, *arguments: str) -> int:
    """Start one daemon of Spark; its process id."""
    environment = {**os.environ, "SPARK_NO_DAEMONIZE": "1", "SPARK_LOCAL_IP": HOST}
    with (folder / f"{name}.log").open("ab") as log:
        process = subprocess.Popen(
            [_spark_class(), entry, *arguments],
            stdin=subprocess.DEVNULL, stdout=log, stderr=log, env=environment, start_new_session=True,
        )  # fmt: skip
    return process.pid


def _spark_class() -> str:
    """Spark's launcher: of SPARK_HOME, else of the installed pyspark."""
    home = os.environ.get("SPARK_HOME")
    if home:
        return str(Path(home) / "bin" / "spark-class")
    import pyspark

    return str(Path(pyspark.__file__).parent / "bin" / "spark-class")


def _wait(page: int, workers: int, pids: Iterable[int]) -> None:
    """Until the master says that so many workers are alive."""
    end = time.monotonic() + PATIENCE_S
    while time.monotonic() < end:
        with contextlib.suppress(OSError, ValueError), urllib.request.urlopen(f"http://{HOST}:{page}/json/", timeout=5) as answer:
            if json.load(answer)["aliveworkers"] >= workers:
                return
        for pid in pids:
            if os.waitpid(pid, os.WNOHANG)[0]:
                raise RuntimeError("a daemon of Spark has ended; its log lies in the folder of the cluster")
        time.sleep(0.2)
    raise RuntimeError(f"no master with {workers} workers within {PATIENCE_S} s; the logs lie in the folder of the cluster")


def _end(pids: Iterable[int]) -> None:
    """Workers first, each with the executors that it has started."""
    for pid in reversed(list(pids)):
        with contextlib.suppress(ProcessLookupError):
            os.killpg(pid, signal.SIGTERM)


def _free_port() -> int:
    with socket.socket() as probe:
        probe.bind((HOST, 0))
        port: int = probe.getsockname()[1]
        return port


def _pack(flags: argparse.Namespace) -> int:
    flags.out.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory() as scratch:
        wheel = _wheel(Path(scratch))
        # Spark takes zip archives only by that ending
        package = Path(shutil.copyfile(wheel, flags.out / "outfit_pairing.zip"))
        archive = _environment(wheel, flags.extras, Path(scratch) / "environment", flags.out / "environment.tar.gz")
    for path in (package, archive):
        sys.stdout.write(f"{path} {path.stat().st_size / 1e6:.1f} MB\n")
    return 0


def _wheel(scratch: Path) -> Path:
    _pip("wheel", "--no-deps", "--wheel-dir", str(scratch), str(REPOSITORY))
    (wheel,) = scratch.glob("outfit_pairing-*.whl")
    return wheel


def _environment(wheel: Path, extras: str, folder: Path, archive: Path) -> Path:
    """What the wheel depends on, as a folder of packages for PYTHONPATH; without Spark's Python side, and without the wheel."""
    wanted = f"{wheel}[{extras}]" if extras else str(wheel)
    _pip("install", "--constraint", str(REPOSITORY / "constraints.txt"), "--target", str(folder), wanted)
    for name in ("outfit_pairing", *LEFT_OUT):
        for path in [*folder.glob(name.replace("-", "_")), *folder.glob(f"{name.replace('-', '_')}-*.dist-info")]:
            shutil.rmtree(path)
    with tarfile.open(archive, "w:gz", compresslevel=3) as packed:
        packed.add(folder, arcname=".", filter=lambda one: None if one.name.endswith((".pyc", "__pycache__")) else one)
    return archive


def _pip(*arguments: str) -> None:
    subprocess.run([sys.executable, "-m", "pip", "--quiet", "--disable-pip-version-check", *arguments], check=True)


if __name__ == "__main__":
    sys.exit(main())
