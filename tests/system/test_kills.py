"""Runs that are killed at any moment, and runs that meet: readers see a whole result, and in the end it is that of one run."""

import random
import re
import signal
import threading
import time
from collections import Counter
from collections.abc import Sequence
from contextlib import ExitStack, suppress
from dataclasses import dataclass
from os import kill
from pathlib import Path
from typing import TYPE_CHECKING

import pytest
from deltalake import DeltaTable

from outfit_pairing.pipeline import STAGES
from outfit_pairing.settings import load_settings
from outfit_pairing.storage.lease import LOCK_FILE, held_folder
from outfit_pairing.storage.tables import RUNS
from tests.delta import read_table
from tests.processes import POLL_S, Session, spark_home
from tests.whole_shop import SHOWN, Files, Overnight, Shop, overnight, overrides, read_whole_file, wait_for_line

if TYPE_CHECKING:
    from pyspark.sql import SparkSession

pytestmark = [
    pytest.mark.skipif(not Path("/proc/self/stat").exists(), reason="finds the processes to kill in /proc (Linux)"),
    pytest.mark.timeout(1800),  # many starts of Spark, on machines that others use as well
]

SEED = 11
CLUSTER = "local-cluster[2,1,1024]"
STARTED = re.compile(r"(\S+): started")
EVERYTHING, COMMAND, JVM, WORKER, EXECUTOR = "everything", "command", "driver JVM", "Python worker", "executor"
VICTIMS = (EVERYTHING, JVM, WORKER, EXECUTOR, COMMAND)
ROUNDS, KILLS_PER_ROUND = 4, 5
MEETINGS = 3
READ_AGAIN_S = 0.2


@dataclass(frozen=True)
class Kill:
    """Whom to kill, and when: so many seconds after the stage has started."""

    victim: str
    stage: str
    after_s: float


@dataclass(frozen=True)
class Outcome:
    """What a kill met and what came of it.   stage: which was under way.   shown: which result readers meet.   code: of the run."""

    kill: Kill
    stage: str
    code: int | None
    shown: str

    def __str__(self) -> str:
        ended = "was killed" if self.code is None else f"ended with {self.code}"
        return f"{self.kill.victim} in {self.stage}: run {ended}, the {self.shown} result is shown"


@pytest.fixture(scope="module")
def night(spark: "SparkSession", tmp_path_factory: pytest.TempPathFactory) -> Overnight:
    return overnight(spark, tmp_path_factory.mktemp("night"), SEED)


def targets(session: Session, victim: str) -> list[int]:
    """The processes to kill; nobody as long as there is none of that kind."""
    if victim == JVM:
        return session.driver_jvms()
    if victim == WORKER:
        return session.python_workers()[:1]
    if victim == EXECUTOR:
        return session.executors()[:1]
    return [session.leader]


def strike(session: Session, planned: Kill) -> bool:
    """Kill; False when the run had ended before there was anyone."""
    wait_for_line(session, f"{planned.stage}: started")
    time.sleep(planned.after_s)
    if planned.victim == EVERYTHING:
        running = session.running
        session.kill()
        return running
    while session.running:
        for pid in targets(session, planned.victim):
            with suppress(ProcessLookupError):
                kill(pid, signal.SIGKILL)
                return True
        time.sleep(POLL_S / 5)
    return False


def run_and_kill(night: Overnight, shop: Shop, planned: Kill, name: str) -> Outcome:
    """A run in which one is killed; what is left behind is looked at when all of it has ended."""
    on_cluster = planned.victim == EXECUTOR
    more = [f"spark.master={CLUSTER}"] if on_cluster else []
    if planned.victim in {EXECUTOR, WORKER}:
        more.append("storage.small_by_driver=false")  # else the driver would do the work of so few products by itself
    home = {"SPARK_HOME": str(spark_home(shop.folder))} if on_cluster else {}
    with shop.start(name, night.catalogue, *more, **home) as session:
        assert strike(session, planned), f"{planned}: the run had ended\n{tail(session)}"
        said = STARTED.findall(session.stderr.read_text("utf-8", errors="replace"))
        code = None if planned.victim in {EVERYTHING, COMMAND} else session.wait(300)
        if planned.victim == COMMAND:
            wait_until_alone(session)
        if code:
            assert_one_clear_line(session, planned)
    return Outcome(planned, said[-1], code, night.assert_shown_whole(shop))


def assert_one_clear_line(session: Session, planned: Kill) -> None:
    """A complaint of ours, at the end, and no trace through our code. Spark's own threads may print theirs when the JVM is gone."""
    said = session.stderr.read_text("utf-8", errors="replace")
    complaints = [line for line in said.splitlines() if "outfit-pairing:" in line]
    assert len(complaints) == 1, f"{planned}: not one clear line\n{tail(session)}"
    assert "/outfit_pairing/" not in said, tail(session)
    assert planned.victim == JVM or "Traceback" not in said, tail(session)


def wait_until_alone(session: Session, patience_s: float = 60) -> None:
    """Until all that the command had started have ended by themselves."""
    end = time.monotonic() + patience_s
    while [pid for pid in session.members() if pid != session.leader]:
        assert time.monotonic() < end, "processes of a killed command live on"
        time.sleep(POLL_S)


def tail(session: Session) -> str:
    """The end of what it said."""
    return session.stderr.read_text("utf-8", errors="replace")[-3000:]


def assert_recovered(night: Overnight, shop: Shop, outcomes: Sequence[Outcome]) -> None:
    """One undisturbed run, and everything is as if none had been killed."""
    with shop.start("last", night.catalogue) as session:
        assert session.wait() == 0, tail(session)
    assert night.assert_shown_whole(shop) == "new"
    night.assert_same_result(shop)
    assert shop.leftovers() == []
    settings = load_settings(overrides=overrides(shop.warehouse, night.catalogue), environment={})
    with held_folder(settings):
        pass
    assert_runs_are_sound(shop, killed=sum(one.code is None for one in outcomes))
    assert_releases_are_sound(shop)


def assert_runs_are_sound(shop: Shop, killed: int) -> None:
    """The table of runs has every stage of the last run, done; what was killed reads as killed, and never as done."""
    rows = read_table(shop.warehouse, RUNS.name).to_pylist()
    last = max(rows, key=lambda row: row["started_at"])["run_id"]
    assert {row["stage"]: row["status"] for row in rows if row["run_id"] == last} == dict.fromkeys(STAGES, "done")
    statuses = Counter(row["status"] for row in rows)
    assert set(statuses) <= {"done", "failed", "killed"}
    assert statuses["killed"] == killed


def assert_releases_are_sound(shop: Shop) -> None:
    """The result that is shown can be gone back to: the last release tells its version."""
    rows = read_table(shop.warehouse, "releases").to_pylist()
    assert [row["number"] for row in sorted(rows, key=lambda row: row["number"])] == list(range(1, len(rows) + 1))
    last = max(rows, key=lambda row: row["number"])
    shown = DeltaTable(str(shop.warehouse / "outfit_recommendations"), version=last["table_version"])
    assert shown.to_pyarrow_table().num_rows == read_table(shop.warehouse, "outfit_recommendations").num_rows
    assert shown.version() == DeltaTable(str(shop.warehouse / "outfit_recommendations")).version()


def show(outcomes: Sequence[Outcome], seconds: float) -> None:
    """The figures, visible with -s."""
    print(f"\n{len(outcomes)} kills in {seconds:.0f} s")
    for outcome in outcomes:
        print(f"  {outcome}")
    for what, counted in (
        ("by victim", Counter(one.kill.victim for one in outcomes)),
        ("by stage", Counter(one.stage for one in outcomes)),
        ("by exit code", Counter("killed" if one.code is None else str(one.code) for one in outcomes)),
        ("shown", Counter(one.shown for one in outcomes)),
    ):
        print(f"  {what}: " + ", ".join(f"{name} {count}" for name, count in sorted(counted.items())))


def plan(night: Overnight, draw: random.Random) -> list[list[Kill]]:
    """Rounds of kills: every stage is hit twice, every victim four times; in a round the later stage comes later."""
    stages = list(STAGES)
    kills = []
    for number, stage in enumerate([*stages, *stages]):
        victim = VICTIMS[(number + number // len(stages)) % len(VICTIMS)]
        kills.append(Kill(victim, stage, round(draw.uniform(0, night.seconds[stage]), 2)))
    draw.shuffle(kills)
    rounds = [kills[start::ROUNDS] for start in range(ROUNDS)]
    return [sorted(one, key=lambda kill: stages.index(kill.stage)) for one in rounds]


def test_what_is_killed_is_taken_up_again(night: Overnight, tmp_path: Path) -> None:
    """All of a run while outfits are made, then the JVM of the next: whole for readers, then as if nothing had been."""
    draw, started = random.Random(SEED), time.monotonic()
    shop = night.before.copy(tmp_path / "shop")
    kills = [
        Kill(EVERYTHING, draw.choice(["apply-patterns", "pair-by-rules"]), draw.uniform(0, 2)),
        Kill(JVM, "publish", 0.0),
    ]
    outcomes = [run_and_kill(night, shop, one, f"kill-{number}") for number, one in enumerate(kills)]
    assert outcomes[0].shown == "old"
    assert_recovered(night, shop, outcomes)
    show(outcomes, time.monotonic() - started)


@pytest.mark.soak
@pytest.mark.timeout(5400)
def test_twenty_kills_leave_no_trace(night: Overnight, tmp_path: Path) -> None:
    """Every stage twice, every victim four times, in four rounds from the same start; each round recovers in one run."""
    draw, started = random.Random(SEED), time.monotonic()
    outcomes: list[Outcome] = []
    try:
        for number, kills in enumerate(plan(night, draw)):
            shop = night.before.copy(tmp_path / f"shop-{number}")
            for kill_number, one in enumerate(kills):
                outcomes.append(run_and_kill(night, shop, one, f"kill-{kill_number}"))
                print(f"\n{time.monotonic() - started:.0f} s: {outcomes[-1]}", flush=True)
            assert_recovered(night, shop, outcomes[-len(kills) :])
    finally:
        show(outcomes, time.monotonic() - started)
    assert len(outcomes) == ROUNDS * KILLS_PER_ROUND


class Reader(threading.Thread):
    """Reads what product pages read, again and again, as long as a run may write it."""

    def __init__(self, shop: Shop) -> None:
        super().__init__(daemon=True)
        self.shop, self.ended = shop, threading.Event()
        self.tables: list[list[str]] = []  # distinct snapshots, in the order they were met
        self.sums: set[tuple[str, str]] = set()  # name and sha256 of every file that was read
        self.manifests: set[str] = set()
        self.reads = 0
        self.fault: Exception | None = None

    def run(self) -> None:
        """Until `ended`; a fault ends it, and is raised by `stop`."""
        try:
            while not self.ended.wait(READ_AGAIN_S):
                self._read()
        except Exception as fault:
            self.fault = fault

    def _read(self) -> None:
        rows = self.shop.rows(SHOWN)
        if rows not in self.tables:
            self.tables.append(rows)
        files = self.shop.files()
        self.manifests.add(files.manifest)
        self.sums |= {(name, read_whole_file(self.shop.exports / name)) for name in files.sums}
        self.reads += 1

    def stop(self) -> None:
        """One more look, and no more."""
        self.ended.set()
        self.join(60)
        if self.fault:
            raise self.fault
        self._read()

    def assert_old_or_new(self, old: tuple[list[str], Files], new: tuple[list[str], Files]) -> None:
        """Nothing but these two results was met, the old one first."""
        assert self.tables in ([old[0], new[0]], [new[0]]), f"{len(self.tables)} results were met"
        assert self.manifests <= {old[1].manifest, new[1].manifest}
        assert self.sums <= {*old[1].sums.items(), *new[1].sums.items()}


def state(shop: Shop) -> tuple[list[str], Files]:
    return shop.rows(SHOWN), shop.files()


def meet(shop: Shop, catalogue: Path, wait_s: int) -> tuple[list[int], list[str], Reader]:
    """Two runs started together, read while they go: exit codes, what they said, and what was read."""
    reader = Reader(shop)
    reader.start()
    with ExitStack() as both:
        sessions = [both.enter_context(shop.start(f"run-{one}", catalogue, f"storage.wait_s={wait_s}")) for one in "ab"]
        codes = [session.wait() for session in sessions]
        reader.stop()
        return codes, [session.stderr.read_text("utf-8") for session in sessions], reader


def test_two_runs_at_once_are_one_and_a_dead_one_holds_nothing(night: Overnight, tmp_path: Path) -> None:
    """One goes on, the other says in one line who is writing; readers meet the old result, then the new one."""
    started = time.monotonic()
    shop = night.before.copy(tmp_path / "shop")
    with shop.start("dead", night.catalogue) as dead:
        end = time.monotonic() + 120
        while not (lock := shop.warehouse / LOCK_FILE).exists() or f"process {dead.leader} " not in lock.read_text():
            assert time.monotonic() < end, tail(dead)
            time.sleep(POLL_S)
    codes, said, reader = meet(shop, night.catalogue, wait_s=0)
    assert sorted(codes) == [0, 2], said
    loser = said[codes.index(2)]
    (line,) = [one for one in loser.splitlines() if "outfit-pairing:" in one]
    assert "is being written by run" in line
    assert "storage.wait_s" in line
    assert "Spark" not in loser
    assert "Traceback" not in loser
    reader.assert_old_or_new(state(night.before), state(shop))
    night.assert_same_result(shop)
    assert shop.leftovers() == []
    print(f"\ntwo runs at once: exit codes {sorted(codes)}, {reader.reads} reads, {time.monotonic() - started:.0f} s")


@pytest.mark.soak
@pytest.mark.timeout(3600)
def test_runs_that_wait_for_each_other_write_once(night: Overnight, tmp_path: Path) -> None:
    """The catalogue goes forth and back; each time two runs wait for each other, and the second finds nothing to do."""
    started, reads = time.monotonic(), 0
    shop = night.before.copy(tmp_path / "shop")
    for number in range(MEETINGS):
        old = state(shop)
        codes, said, reader = meet(shop, night.former_catalogue if number % 2 else night.catalogue, wait_s=900)
        assert codes == [0, 0], said
        assert sum("waiting up to 900 s for " in one for one in said) == 1  # by its name, unless it has begun this instant
        reader.assert_old_or_new(old, state(shop))
        assert shop.leftovers() == []
        if number == 0:
            night.assert_same_result(shop)
        reads += reader.reads
    print(f"\n{MEETINGS} times two runs that wait: {reads} reads, {time.monotonic() - started:.0f} s")
