"""Reads catalogue files as `outfit-pairing ingest` does, up to where Spark would start, in a process with bounded memory.

`judged(paths)` starts that process and gives back one Verdict per file.
"""

import io
import json
import logging
import os
import re
import resource
import signal
import subprocess
import sys
import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import asdict, dataclass
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

from outfit_pairing import cli
from outfit_pairing.catalog import Catalogue, open_catalogue
from outfit_pairing.catalog.learning import learned_of
from outfit_pairing.catalog.product_rows import ProductReader
from outfit_pairing.catalog.rows import MOST_RAW, RawRow
from outfit_pairing.settings import load_settings
from outfit_pairing.storage import lease
from outfit_pairing.style import load_style_guide

MEMORY = 512 << 20  # bytes that reading may take beside what the process has when it starts
SECONDS = 120  # for one file, on a slow machine
NOBODY = 65534
_LINE_END = re.compile(r"\r\n|\r|\n")


@dataclass(frozen=True, slots=True)
class Verdict:
    """How one file ended.    outcome: accepted, refused, or what must not be.    peak: bytes.    seconds: it took so long."""

    path: str
    outcome: str
    said: str = ""
    rows: int = 0
    rejected: int = 0
    peak: int = 0
    seconds: float = 0.0

    @property
    def sound(self) -> bool:
        return self.outcome in {"accepted", "refused"}


class _AtSpark(BaseException):
    """The file was accepted: now Spark would start."""


class _Hang(BaseException):
    """Reading takes too long."""


def judged(paths: Sequence[Path], memory: int = MEMORY) -> list[Verdict]:
    """A verdict for each file, in order; the last one is of the file that ended the process, if one did."""
    command = [sys.executable, "-m", "tests.catalogue_judge", str(memory)]
    environment = {**os.environ, "PYTHONPATH": os.pathsep.join(sys.path), "ARROW_DEFAULT_MEMORY_POOL": "system"}
    ended = subprocess.run(command, input="\n".join(map(str, paths)), capture_output=True, text=True, env=environment, check=False)
    verdicts = [Verdict(**json.loads(line)) for line in ended.stdout.splitlines()]
    if len(verdicts) < len(paths):
        verdicts.append(Verdict(str(paths[len(verdicts)]), f"exit {ended.returncode}", ended.stderr[-2_000:]))
    return verdicts


def judge(path: str) -> Verdict:
    """The verdict on one file, in this process."""
    said = io.StringIO()
    logging.basicConfig(stream=said, force=True)
    signal.setitimer(signal.ITIMER_REAL, SECONDS, 1)  # again, should the first one be swallowed
    try:
        with TemporaryDirectory() as folder:
            warehouse = Path(folder, "warehouse")
            code = _command(path, warehouse)
            if code is None:
                return _read(path)
            lines = said.getvalue().splitlines()
            if code == 2 and len(lines) == 1 and len(lines[0]) < 1_000 and lines[0].isprintable() and not warehouse.exists():
                return Verdict(path, "refused", lines[0])
            return Verdict(path, f"exit {code}", said.getvalue()[:2_000])
    except (Exception, _Hang) as fault:
        return Verdict(path, f"{type(fault).__name__}", f"{fault}"[:300])
    finally:
        signal.setitimer(signal.ITIMER_REAL, 0)


def _command(path: str, warehouse: Path) -> int | None:
    """The exit code; None where Spark would have started."""
    with _nobody(Path(path)):
        try:
            return cli.main(["ingest", "--quiet", "--catalog", path, "--warehouse", str(warehouse)])
        except _AtSpark:
            return None


@contextmanager
def _nobody(path: Path) -> Iterator[None]:
    """Without root's rights while a file is read that nobody may read."""
    forbidden = path.is_file() and not path.stat().st_mode & 0o777 and os.geteuid() == 0
    if forbidden:
        os.seteuid(NOBODY)
    try:
        yield
    finally:
        if forbidden:
            os.seteuid(0)


def _read(path: str) -> Verdict:
    """Every row of an accepted file, through all of what ingest does before it hands rows to Spark."""
    settings = load_settings(overrides=[f"catalog.path={path}", "embedding.model=hashing"], environment={})
    catalogue = open_catalogue(settings)
    reader = ProductReader(
        catalogue.mapping_for(catalogue.columns), load_style_guide(), settings.catalog.currency, learned_of(catalogue, settings)
    )
    spans: list[tuple[int, int]] = []
    rows = rejected = 0
    for batch in reader.batches(_noted(catalogue.rows(), spans), 50_000):
        batch.validate(full=True)
        rows += batch.num_rows
        rejected += batch.num_rows - batch.column(batch.schema.get_field_index("reason_code")).null_count
    if rows != len(spans) or rejected == rows:
        return Verdict(path, "lost", f"{len(spans)} rows, {rows} products and rejects, {rejected} rejects")
    lost = _lost_lines(catalogue, spans)
    return Verdict(path, "lost" if lost else "accepted", lost, rows, rejected)


def _noted(rows: Iterator[RawRow], spans: list[tuple[int, int]]) -> Iterator[RawRow]:
    """The rows; `spans` gets their first line and how many lines they take, 0 where only their beginning is known."""
    for row in rows:
        spans.append((row.line_number, 0 if len(row.raw) >= MOST_RAW else 1 + len(_LINE_END.findall(row.raw))))
        yield row


def _lost_lines(catalogue: Catalogue, spans: list[tuple[int, int]]) -> str:
    """Lines of a small text file that hold something and belong to no row, in words."""
    numbers = [first for first, _ in spans]
    if numbers != sorted(set(numbers)):
        return "a line number stands twice or goes back"
    if catalogue.format == "parquet" or Path(catalogue.path).stat().st_size > 1 << 20 or catalogue.path.endswith(".gz"):
        return ""
    layout = catalogue.layout
    encoding = catalogue.encoding
    text = Path(catalogue.path).read_bytes().decode(encoding, "replace")
    if layout is None and text.lstrip().startswith("["):
        return ""
    filled = [number for number, line in enumerate(_LINE_END.split(text), 1) if line.strip()]
    covered = {line for first, lines in spans for line in range(first, first + lines)}
    open_ended = {line for (first, lines), (after, _) in zip(spans, [*spans[1:], (1 << 40, 1)], strict=True) if not lines
                  for line in filled if first <= line < after}  # fmt: skip
    below_header = numbers[0] if layout else 1
    lost = sorted({line for line in filled if line >= below_header} - covered - open_ended)
    return f"lines {lost[:5]} belong to no row" if lost else ""


def _raise_hang(*_: object) -> None:
    raise _Hang(f"after {SECONDS} s")


def _memory(name: str) -> int:
    """Bytes of this process by a line of /proc/self/status."""
    found = re.search(rf"{name}:\s+(\d+) kB", Path("/proc/self/status").read_text("utf-8"))
    return int(found.group(1)) * 1024 if found else 0


def _main(memory: int) -> None:
    signal.signal(signal.SIGALRM, _raise_hang)

    def at_spark(*_: Any, **__: Any) -> None:
        raise _AtSpark

    lease.open_session = at_spark  # type: ignore[assignment]
    load_style_guide()
    import pyarrow.parquet  # noqa: F401 - its memory is not the file's

    limit = _memory("VmData") + memory
    resource.setrlimit(resource.RLIMIT_DATA, (limit, limit))
    for path in sys.stdin.read().splitlines():
        Path("/proc/self/clear_refs").write_text("5", "utf-8")
        before = _memory("VmRSS")
        started = time.perf_counter()
        verdict = judge(path)
        peak = max(0, _memory("VmHWM") - before)
        sys.stdout.write(json.dumps({**asdict(verdict), "peak": peak, "seconds": time.perf_counter() - started}) + "\n")
        sys.stdout.flush()


if __name__ == "__main__":
    _main(int(sys.argv[1]))
