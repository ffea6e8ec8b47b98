"""All checks in the order of the report, and the report."""

import json
from collections import Counter
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import asdict
from functools import partial

from outfit_pairing.doctor import models, places, power, software
from outfit_pairing.doctor.finding import Finding, State, fault
from outfit_pairing.doctor.machine import Machine
from outfit_pairing.settings import Settings

Check = Callable[[Settings, Machine], Finding | Iterable[Finding]]


def examine(settings: Settings, machine: Machine, products: int) -> Iterator[Finding]:
    """Every finding, as it is made. `products`: how many the warehouse is to hold."""
    checks: dict[str, Check] = {
        "java": software.java,
        "python": software.python,
        "python of workers": software.workers,
        "spark and delta": software.spark,
        "delta's jars": software.delta_jars,
        "extras": software.extras,
        "text model": models.text_model,
        "language model": partial(models.language_model, check_model=_check_model),
        "journal": partial(places.journal, check_journal=_check_journal),
        "warehouse": places.warehouse,
        "room for tables": partial(places.table_room, products=products),
        "room for temporary files": partial(places.temporary_room, products=products),
        "memory": power.memory,
        "cores": power.cores,
        "clock": places.clock,
        "tracking": places.tracking,
        "postgres": partial(places.postgres, check_postgres=_check_postgres),
    }
    for name, check in checks.items():
        yield from made(name, partial(check, settings, machine))


def made(name: str, check: Callable[[], Finding | Iterable[Finding]]) -> list[Finding]:
    """What a check finds; one that fails itself is a fault, and no reason to skip the others."""
    try:
        found = check()
        return [found] if isinstance(found, Finding) else list(found)
    except Exception as reason:
        said = " ".join(f"{type(reason).__name__}: {reason}".split())[:300]
        return [fault(name, said, "mend what it names; this was not foreseen")]


def exit_code(findings: Iterable[Finding]) -> int:
    """0 when nothing is a fault, else 2."""
    return 2 if any(one.state == "fault" for one in findings) else 0


def summary(findings: Sequence[Finding]) -> str:
    """`1 fault, 2 warnings, 12 ok`."""
    counts = Counter(one.state for one in findings)
    states: tuple[State, ...] = ("fault", "warning", "ok")
    return ", ".join(
        f"{counts[state]} {state}{'s' if counts[state] != 1 and state != 'ok' else ''}"
        for state in states
        if counts[state] or state == "fault"
    )


def as_json(findings: Iterable[Finding]) -> str:
    """A list of findings, for programs."""
    return json.dumps([asdict(one) for one in findings], indent=2, ensure_ascii=False) + "\n"


def _check_model(settings: Settings) -> None:
    from outfit_pairing.patterns.asking.preflight import check_asking

    check_asking(settings.patterns.provider, settings.llm)


def _check_journal(settings: Settings) -> None:
    from outfit_pairing.patterns.by_model import open_journal

    open_journal(settings).check()


def _check_postgres(settings: Settings) -> None:
    from outfit_pairing.publishing.postgres_place import check_postgres

    check_postgres(settings)
