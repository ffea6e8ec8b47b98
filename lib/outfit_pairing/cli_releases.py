"""The commands about what was run and what is shown: runs, rollback."""

import argparse
import json
import sys
from collections.abc import Callable
from typing import Any

from outfit_pairing.cli_console import console, positive
from outfit_pairing.settings import Settings

Opened = Callable[[argparse.Namespace], Settings]


def add_release_commands(commands: Any, command: Callable[..., argparse.ArgumentParser], settings: Opened) -> None:
    """`command` makes a sub-command with the usual flags; `settings` reads them."""
    runs = command(commands, "runs", "the latest runs with their figures, and what changed from each to the next", _runs)
    runs.add_argument("--count", type=positive, default=10, help="runs shown (default: %(default)s)")
    back = command(commands, "rollback", "show again what an earlier run has released", _rollback)
    back.add_argument("--to", required=True, metavar="RUN_ID", help="the run; `outfit-pairing runs` lists them")
    add_postgres_flag(back)
    for one in (runs, back):
        one.set_defaults(open_settings=settings)


def add_postgres_flag(command: argparse.ArgumentParser) -> None:
    """Where a release is sent to."""
    command.add_argument(
        "--postgres",
        metavar="URL",
        help="postgresql://… that shows what is released, without a password: PGPASSWORD has it (default: as in settings; none)",
    )


def _runs(flags: argparse.Namespace) -> int:
    from outfit_pairing.quality.history import as_json, as_table, run_history
    from outfit_pairing.storage.session import open_session

    settings = flags.open_settings(flags)
    found = run_history(open_session(settings, brief=True), settings, flags.count)
    if flags.json:
        sys.stdout.write(as_json(found))
    else:
        console(160).print(as_table(found))
    return 0


def _rollback(flags: argparse.Namespace) -> int:
    from outfit_pairing.publishing.postgres_place import check_postgres
    from outfit_pairing.publishing.release import roll_back
    from outfit_pairing.storage.lease import writing
    from outfit_pairing.storage.store import TableStore

    settings = flags.open_settings(flags)
    check_postgres(settings)
    with writing(settings, brief=True) as spark:
        report = roll_back(TableStore(spark, settings), flags.to)
    if flags.json:
        sys.stdout.write(json.dumps({"run": flags.to, "outfits": report.rows_out, **report.counters}, indent=2) + "\n")
    else:
        sys.stdout.write(
            f"{report.rows_out:,} outfits of run {flags.to} are shown again, until a run makes others that pass their check: "
            "mend what was wrong with them before the next one, or pause it\n"
        )
    return 0
