"""The command that looks at the machine before a run does: doctor. Starts Spark only when asked to."""

import argparse
import sys
from collections.abc import Callable, Sequence
from typing import Any

from outfit_pairing.cli_console import console, positive
from outfit_pairing.doctor.finding import Finding, fault, ok
from outfit_pairing.errors import SettingsError
from outfit_pairing.settings import Settings

Opened = Callable[[argparse.Namespace], Settings]
STYLES = {"ok": "green", "warning": "yellow", "fault": "bold red"}
PRODUCTS = 50_000  # a large catalogue of fashion, where nothing else is said
WITHOUT_SETTINGS = "correct it; what follows is held against the defaults"


def add_doctor_command(commands: Any, command: Callable[..., argparse.ArgumentParser], settings: Opened) -> None:
    """`command` makes a sub-command with the usual flags; `settings` reads them."""
    doctor = command(commands, "doctor", "whether this machine can run the chain, what is wrong, and the cure", _doctor)
    doctor.set_defaults(open_settings=settings)
    doctor.add_argument(
        "--products", type=positive, default=PRODUCTS, help="products that there is to be room for (default: %(default)s)"
    )
    doctor.add_argument(
        "--deep",
        action="store_true",
        help="also start a local session, write and read a small table, load the text model (default: off)",
    )


def _doctor(flags: argparse.Namespace) -> int:
    from outfit_pairing.doctor.examination import as_json, exit_code

    findings = _findings(flags)
    if flags.json:
        sys.stdout.write(as_json(findings))
    else:
        _show(findings)
    return exit_code(findings)


def _findings(flags: argparse.Namespace) -> list[Finding]:
    """Settings that cannot be used are the first finding; the rest is then held against the defaults."""
    from outfit_pairing.doctor.examination import examine
    from outfit_pairing.doctor.machine import this_machine

    try:
        settings = flags.open_settings(flags)
        first = ok("settings", ", ".join(map(str, flags.config or ())) or "defaults, environment and flags")
    except SettingsError as error:
        settings, first = Settings(), fault("settings", error.what, WITHOUT_SETTINGS)
    found = [first, *examine(settings, this_machine(), flags.products)]
    if flags.deep:
        from outfit_pairing.doctor.deep import examine_deeply

        found += examine_deeply(settings)
    return found


def _show(findings: Sequence[Finding]) -> None:
    from rich.table import Table
    from rich.text import Text

    from outfit_pairing.doctor.examination import summary

    table = Table.grid(padding=(0, 2))
    for one in findings:
        said = Text(one.found) if not one.cure else Text(f"{one.found}\n→ {one.cure}")
        table.add_row(Text(one.state, STYLES[one.state]), Text(one.check), said)
    out = console()
    out.print(table)
    out.print(Text(summary(findings)))
