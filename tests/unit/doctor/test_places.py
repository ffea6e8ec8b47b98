"""Rights, room, clock and servers of the places that a run writes to; nothing is left behind by looking."""

import os
from collections.abc import Callable
from pathlib import Path

import pytest

from outfit_pairing.doctor import places, power
from outfit_pairing.doctor.machine import free_memory
from outfit_pairing.errors import SettingsError, WarehouseError
from outfit_pairing.settings import Settings, StorageSettings
from tests.unit.doctor.machines import GB, NOW, a_machine

Make = Callable[..., Settings]
FAR = Settings(storage=StorageSettings(warehouse="s3://shop/outfits"))


def refuses(step: str, monkeypatch: pytest.MonkeyPatch) -> None:
    """The file system denies one step."""

    def denied(*_: object, **__: object) -> None:
        raise PermissionError(13, "Permission denied")

    monkeypatch.setattr(Path, step, denied)


def test_a_warehouse_that_is_to_be_made_is_tried_above_and_nothing_is_left(make_settings: Make, tmp_path: Path) -> None:
    """Neither the warehouse nor a probe is there afterwards."""
    found = places.warehouse(make_settings(), a_machine())
    assert (found.state, "to be made in" in found.found) == ("ok", True)
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize(("step", "says"), [("mkdir", "made"), ("write_bytes", "written"), ("replace", "renamed")])
def test_each_right_that_is_missing_is_named(make_settings: Make, monkeypatch: pytest.MonkeyPatch, step: str, says: str) -> None:
    """Delta writes, renames and deletes; a mounted store may allow only some of it."""
    with monkeypatch.context() as patched:
        refuses(step, patched)
        found = places.warehouse(make_settings(), a_machine())
    assert found.state == "fault"
    assert f"{says} (Permission denied)" in found.found
    assert "--warehouse" in found.cure


def test_a_file_in_the_warehouses_place_is_a_fault(make_settings: Make, tmp_path: Path) -> None:
    """It is named."""
    (tmp_path / "warehouse").write_text("a file")
    assert "is not a folder" in places.warehouse(make_settings(), a_machine()).found


def test_what_only_spark_reaches_is_said_to_be_untried(make_settings: Make) -> None:
    """Object stores and catalogues are no faults."""
    assert "not started here" in places.warehouse(FAR, a_machine()).found
    assert "shop.outfits" in places.warehouse(make_settings("storage.catalog=shop", "storage.schema=outfits"), a_machine()).found


def test_the_journal_is_tried_where_a_model_is_asked(make_settings: Make, tmp_path: Path) -> None:
    """By default beside the tables; a URL through the journal itself."""
    assert places.journal(make_settings(), a_machine(), lambda _: None).state == "ok"
    asking = make_settings("patterns.provider=openai", "llm.model=m")
    assert str(tmp_path / "warehouse" / "journal") in places.journal(asking, a_machine(), lambda _: None).found

    def denied(_: Settings) -> None:
        raise WarehouseError("journal s3://a: cannot be written (denied); name a folder")

    far = make_settings("patterns.provider=openai", "llm.model=m", "llm.journal=s3://a")
    found = places.journal(far, a_machine(), denied)
    assert (found.found, found.cure) == ("journal s3://a: cannot be written (denied)", "name a folder")


def test_postgres_is_tried_where_one_is_named(make_settings: Make) -> None:
    """A server that is down is a fault with its cure, and no server is none."""

    def down(_: Settings) -> None:
        raise SettingsError("Postgres at db:5432/shop cannot be used (refused); start it")

    assert places.postgres(make_settings(), a_machine(), down).state == "ok"
    named = make_settings("publish.postgres=postgresql://writer@db/shop")
    assert places.postgres(named, a_machine(), lambda _: None).found == "schema outfit_pairing can be written"
    found = places.postgres(named, a_machine(), down)
    assert (found.state, found.cure) == ("fault", "start it")


@pytest.mark.parametrize(("free", "state"), [(10 * GB, "ok"), (GB * 7 // 10, "warning"), (GB // 10, "fault")])
def test_room_is_held_against_the_products(make_settings: Make, free: int, state: str) -> None:
    """Less than needed is a warning, less than half of it a fault."""
    machine = a_machine(free_space=lambda _: free)
    found = places.table_room(make_settings(), machine, 50_000)
    assert (found.state, "50,000 products need 1.0 GB (20 KB each)" in found.found) == (state, True)
    assert places.table_room(FAR, a_machine(free_space=lambda _: 0), 50_000).state == "ok"
    assert places.temporary_room(make_settings(), a_machine(free_space=lambda _: 0), 50_000).state == "fault"


@pytest.mark.parametrize(
    ("overrides", "free", "state"),
    [
        ((), 16 * GB, "ok"), ((), 4 * GB, "warning"), ((), 2 * GB, "fault"), ((), None, "warning"),
        (("spark.driver_memory=512m", "embedding.model=hashing"), 2 * GB, "ok"),
        (("spark.driver_memory=512m", "embedding.model=hashing"), GB, "fault"),
        (("spark.master=spark://host:7077",), 3 * GB, "ok"),
    ],
)  # fmt: skip
def test_memory_is_held_against_the_heap_and_the_workers(
    make_settings: Make, overrides: tuple[str, ...], free: int | None, state: str
) -> None:
    """A driver that does not fit is a fault, workers that do not fit are a warning."""
    assert power.memory(make_settings(*overrides), a_machine(free_memory=free)).state == state


@pytest.mark.parametrize(
    ("master", "cores", "state"),
    [("local[2]", 2, "ok"), ("local[8]", 2, "warning"), ("local[*]", 1, "warning"), ("spark://host:7077", 1, "ok")],
)
def test_cores_are_as_many_as_are_asked_for(make_settings: Make, master: str, cores: int, state: str) -> None:
    """More tasks than cores only wait for each other."""
    assert power.cores(make_settings(f"spark.master={master}"), a_machine(cores=cores)).state == state


def test_free_memory_is_what_the_container_has_left(tmp_path: Path) -> None:
    """The machine's figure, unless a container's limit is nearer; None where neither is told."""
    assert free_memory(tmp_path) is None
    (tmp_path / "proc").mkdir()
    (tmp_path / "proc" / "meminfo").write_text("MemTotal: 8000 kB\nMemAvailable:    4000 kB\n")
    assert free_memory(tmp_path) == 4_096_000
    cgroup = tmp_path / "sys" / "fs" / "cgroup"
    cgroup.mkdir(parents=True)
    (cgroup / "memory.max").write_text("max\n")
    (cgroup / "memory.current").write_text("500000\n")
    assert free_memory(tmp_path) == 4_096_000
    (cgroup / "memory.max").write_text("1500000\n")
    assert free_memory(tmp_path) == 1_000_000


def test_a_clock_that_went_back_is_found(make_settings: Make, tmp_path: Path) -> None:
    """Before the package was written: a fault; before a table's newest commit: a warning."""
    assert places.clock(make_settings(), a_machine()).state == "ok"
    assert places.clock(make_settings(), a_machine(now=lambda: 0.0)).state == "fault"
    log = tmp_path / "warehouse" / "products" / "_delta_log"
    log.mkdir(parents=True)
    (log / "00000000000000000000.json").touch()
    os.utime(log / "00000000000000000000.json", (NOW + 3_600, NOW + 3_600))
    found = places.clock(make_settings(), a_machine())
    assert (found.state, "a table was written" in found.found) == ("warning", True)


def test_tracking_is_reached_for_without_showing_its_password(make_settings: Make, tmp_path: Path) -> None:
    """A server that is down, a folder that cannot be written, and tracking that is off."""
    pytest.importorskip("mlflow", reason="the `tracking` extra is not installed")
    assert places.tracking(make_settings(), a_machine(reach=lambda _: "down")).state == "ok"
    settings = make_settings("tracking.uri=http://me:pass@127.0.0.1:9")
    found = places.tracking(settings, a_machine(reach=lambda _: "down"))
    assert (found.state, "me:pass" in repr(found)) == ("fault", False)
    assert places.tracking(settings, a_machine()).found == "http://…@127.0.0.1:9"
    (tmp_path / "file").touch()
    assert places.tracking(make_settings(f"tracking.uri={tmp_path}/file/runs"), a_machine()).state == "fault"
    assert places.tracking(make_settings(f"tracking.uri=sqlite:///{tmp_path}/mlflow.db"), a_machine()).state == "ok"
