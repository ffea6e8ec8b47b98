"""A Postgres server of its own for the tests that need one, and a role that may write one schema and nothing else."""

import contextlib
import os
import shutil
import socket
import subprocess
import tempfile
import time
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path

import psycopg
import pytest
from psycopg import sql

OWNER, WRITER = "postgres", "outfits"
PASSWORD = "it's: a secret/ä"
DATABASE = "shop"
LASTS_S = 60
ABSENT = "no Postgres found: install Debian's `postgresql`, or put initdb and postgres on PATH, to run the Postgres tests"


def binaries() -> Path | None:
    """The folder of initdb and postgres: Debian's newest, else of PATH."""
    debian = sorted(Path("/usr/lib/postgresql").glob("*/bin"), key=lambda path: int(path.parent.name.partition(".")[0]))
    found = next((path for path in reversed(debian) if (path / "initdb").exists()), None)
    on_path = shutil.which("initdb")
    return found or (Path(on_path).parent if on_path and shutil.which("postgres") else None)


def free_port() -> int:
    """A port that nobody listens on."""
    with socket.socket() as one:
        one.bind(("127.0.0.1", 0))
        return int(one.getsockname()[1])


@dataclass
class Postgres:
    """A server in a folder, on 127.0.0.1.   It refuses to run as root: then user `nobody` runs it."""

    folder: Path
    bin: Path
    port: int = field(default_factory=free_port)
    process: subprocess.Popen[bytes] | None = None

    def create(self) -> None:
        """Make the cluster; passwords are asked for from everybody."""
        self.folder.mkdir(parents=True)
        secret = self.folder.parent / f"{self.folder.name}.password"
        secret.write_text(PASSWORD)
        if os.getuid() == 0:
            for path in (self.folder.parent, self.folder, secret):
                shutil.chown(path, "nobody")
        options = ["--auth=scram-sha-256", f"--pwfile={secret}", "--encoding=UTF8", "--locale=C.UTF-8", "--no-sync"]
        subprocess.run([*self._as_user, str(self.bin / "initdb"), "-D", str(self.folder), "-U", OWNER, *options],
                       check=True, capture_output=True, cwd="/")  # fmt: skip

    @property
    def _as_user(self) -> list[str]:
        return ["setpriv", "--reuid=nobody", "--regid=nogroup", "--clear-groups"] if os.getuid() == 0 else []

    def start(self) -> None:
        """Start it and wait until it lets people in."""
        options = ["-p", str(self.port), "-h", "127.0.0.1", "-k", "", "-c", "fsync=off", "-c", "deadlock_timeout=200ms"]
        log = (self.folder.parent / f"{self.folder.name}.log").open("ab")
        command = [*self._as_user, str(self.bin / "postgres"), "-D", str(self.folder), *options]
        self.process = subprocess.Popen(command, stdout=log, stderr=log, cwd="/", start_new_session=True)
        ends = time.monotonic() + LASTS_S
        while True:
            try:
                self.connect(database="postgres").close()
            except psycopg.OperationalError:
                assert self.process.poll() is None, f"Postgres did not start; see {log.name}"
                assert time.monotonic() < ends, "Postgres lets nobody in"
                time.sleep(0.05)
            else:
                return

    def kill(self) -> None:
        """As when the machine loses it: connections break at once."""
        if self.process is not None:
            with contextlib.suppress(ProcessLookupError):
                # SIGQUIT is its immediate shutdown: children end as well, nothing is written down
                self.process.send_signal(3)
            self.process.wait(LASTS_S)
            self.process = None

    def connect(self, user: str = OWNER, database: str = DATABASE) -> "psycopg.Connection[tuple]":
        return psycopg.connect(host="127.0.0.1", port=self.port, user=user, password=PASSWORD, dbname=database, autocommit=True)

    def url(self, user: str = WRITER) -> str:
        """As publish.postgres has it, without the password."""
        return f"postgresql://{user}@127.0.0.1:{self.port}/{DATABASE}?connect_timeout=2"

    def new_database(self) -> None:
        """An empty database in which WRITER may write schema outfit_pairing, and nothing else: no temporary tables either."""
        with self.connect(database="postgres") as owner:
            owner.execute(f"DROP DATABASE IF EXISTS {DATABASE} WITH (FORCE)")
            owner.execute(f"CREATE DATABASE {DATABASE}")
            if not owner.execute("SELECT 1 FROM pg_roles WHERE rolname = %s", [WRITER]).fetchone():
                role = "CREATE ROLE {} LOGIN PASSWORD {} NOSUPERUSER NOCREATEDB NOCREATEROLE"
                owner.execute(sql.SQL(role).format(sql.Identifier(WRITER), sql.Literal(PASSWORD)))
            owner.execute(f"REVOKE ALL ON DATABASE {DATABASE} FROM PUBLIC")
            owner.execute(f"GRANT CONNECT ON DATABASE {DATABASE} TO {WRITER}")
        with self.connect() as owner:
            owner.execute("REVOKE ALL ON SCHEMA public FROM PUBLIC")
            owner.execute("CREATE SCHEMA outfit_pairing")
            owner.execute(f"GRANT USAGE, CREATE ON SCHEMA outfit_pairing TO {WRITER}")


def running() -> Iterator[Postgres]:
    """A server for as long as it is wanted; skipped with the reason where there is none."""
    found = binaries()
    if found is None:
        pytest.skip(ABSENT)
    with tempfile.TemporaryDirectory(prefix="outfits-postgres-") as folder:  # pytest's own are closed to user nobody
        server = Postgres(Path(folder) / "data", found)
        server.create()
        server.start()
        try:
            yield server
        finally:
            server.kill()
