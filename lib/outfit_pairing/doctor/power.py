"""Memory and cores, held against what settings ask for."""

import re

from outfit_pairing.doctor.finding import Finding, fault, ok, warning
from outfit_pairing.doctor.machine import Machine
from outfit_pairing.settings import Settings

UNITS = {"m": 1 << 20, "g": 1 << 30}
BESIDE_HEAP = 600_000_000  # measured: what the driver's JVM takes beyond its heap, with a million products
WORKER_BYTES = 800_000_000  # measured: one Python worker that has loaded the text model


def memory(settings: Settings, machine: Machine) -> Finding:
    """The driver's JVM and one worker per core fit into what is free."""
    asked, free = settings.spark.driver_memory, machine.free_memory
    if free is None:
        return warning("memory", "this system does not tell how much is free", f"see that {asked} are, and 0.8 GB per core")
    driver = int(asked[:-1]) * UNITS[asked[-1]] + BESIDE_HEAP
    workers = local_cores(settings, machine)
    all_workers = WORKER_BYTES * workers if settings.embedding.model != "hashing" and workers else 0
    plural = "" if workers == 1 else "s"
    shown = f"{_size(free)} free; spark.driver_memory {asked} and {workers} worker{plural} may take {_size(driver + all_workers)}"
    if free < driver:
        return fault("memory", shown, "end other programs, or set a smaller spark.driver_memory")
    if free < driver + all_workers:
        return warning("memory", shown, "end other programs, or set spark.master=local[N] with fewer cores")
    return ok("memory", shown)


def cores(settings: Settings, machine: Machine) -> Finding:
    """No more are asked for than there are."""
    workers, shown = local_cores(settings, machine), f"{machine.cores} here"
    if not workers:
        return ok("cores", f"{shown}; {settings.spark.master} has its own")
    if workers > machine.cores:
        found = f"{shown}, but spark.master {settings.spark.master} takes {workers}"
        return warning("cores", found, f"set spark.master=local[{machine.cores}]")
    if machine.cores == 1:
        return warning("cores", f"{shown}: stages run one task at a time", "give it two or more")
    return ok("cores", shown)


def local_cores(settings: Settings, machine: Machine) -> int:
    """Cores that a local master takes; 0 for a cluster or a session that is given."""
    master = settings.spark.master or "local[*]"
    if machine.is_platform or "PYSPARK_GATEWAY_PORT" in machine.environment or not master.startswith("local"):
        return 0
    named = re.match(r"^local\[(\d+|\*)", master)
    if named is None:
        return 1
    return machine.cores if named[1] == "*" else int(named[1])


def _size(size: float) -> str:
    return f"{size / 1e9:,.1f} GB"
