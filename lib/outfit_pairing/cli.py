"""The `outfit-pairing` command: one sub-command per stage, `run` for the chain, and a few to look at the result.

Results go to stdout, logs to stderr. Settings and input are checked before Spark starts.
"""

import argparse
import json
import logging
import shutil
import sys
import time
from collections.abc import Sequence
from dataclasses import asdict, replace
from pathlib import Path
from typing import NoReturn

from outfit_pairing import __version__
from outfit_pairing.cli_catalogue import add_catalogue_commands, add_catalogue_flags
from outfit_pairing.cli_console import console, positive
from outfit_pairing.cli_doctor import add_doctor_command
from outfit_pairing.cli_feedback import add_feedback_command
from outfit_pairing.cli_maintain import add_maintain_command
from outfit_pairing.cli_releases import add_postgres_flag, add_release_commands
from outfit_pairing.cli_scoring import add_scoring_commands
from outfit_pairing.cli_serving import add_serving_command
from outfit_pairing.cli_showing import add_showing_commands
from outfit_pairing.credentials import without_credentials
from outfit_pairing.errors import OutfitPairingError, WarehouseError
from outfit_pairing.pipeline import STAGES, StageOutcome, run_stages
from outfit_pairing.publishing.postgres_place import check_postgres
from outfit_pairing.settings import Settings, load_settings
from outfit_pairing.storage import StageReport
from outfit_pairing.storage.session import spark_has_ended, tells_of_lost_spark
from outfit_pairing.storage.tracking import check_tracking

logger = logging.getLogger(__name__)

STAGE_HELP = {
    "ingest": "read a catalogue file into products and rejected_products",
    "embed": "encode each distinct product text once",
    "select-anchors": "choose the products that patterns are written for",
    "generate-patterns": "write outfit patterns for each anchor",
    "pair-by-lookbook": "outfits that the shop's own stylists made, also for near-identical products",
    "apply-patterns": "carry the patterns to every product",
    "pair-by-rules": "outfits by the style guide for what patterns did not reach",
    "publish": "draft the best outfits of each product as one table and JSON files; shown at once where nothing is shown yet",
    "check-quality": "measure, audit and hold what is drafted to its gates; what passes is released",
    "release": "show what is drafted: table, JSON files and lookbook page",
}
SWITCHES = {"retry_quarantined": "patterns.retry_quarantined", "full": "full", "accept_drift": "quality.accept_drift"}
PAIRING = {"pair-by-lookbook", "apply-patterns", "pair-by-rules"}
SENDING = {"publish", "check-quality", "release"}  # what may send a release to Postgres
EPILOG = "exit codes: 0 done; 2 bad settings or input; 3 a quality gate missed; 130 interrupted; 1 anything else"


class _Parser(argparse.ArgumentParser):
    """A parser whose complaints are one line, with exit code 2."""

    def error(self, message: str) -> NoReturn:
        self.exit(2, f"{self.prog}: {message}; see {self.prog} --help\n")


def main(arguments: Sequence[str] | None = None, *, called: bool = False) -> int:
    """Run the command; returns the exit code.

    Args:    called: by a program that has set up logging, and that tells of errors which nobody foresaw: they are raised.
    """
    flags = main_parser().parse_args(arguments)
    if called:  # basicConfig does nothing then, and its root logger may take warnings only
        logging.getLogger(__package__).setLevel(_level(flags))
    logging.basicConfig(stream=sys.stderr, level=_level(flags), format="%(asctime)s %(message)s", datefmt="%H:%M:%S")
    logging.getLogger("py4j").setLevel(logging.ERROR)
    for handler in logging.getLogger().handlers:
        handler.addFilter(lambda record: flags.verbose or not tells_of_lost_spark(record))  # main says it in one line
    logging.getLogger("httpx2").setLevel(logging.WARNING)
    try:
        return int(flags.run(flags))
    except OutfitPairingError as fault:
        logger.error("outfit-pairing: %s", fault.what)
        return fault.exit_code
    except KeyboardInterrupt:
        logger.error("outfit-pairing: interrupted; what was complete stays, run the same command to go on")
        return 130
    except Exception as fault:
        if flags.verbose or (called and not spark_has_ended(fault)):
            raise
        if spark_has_ended(fault):
            logger.error(
                "outfit-pairing: Spark has ended before its work was done (killed, or out of memory: see spark.driver_memory); "
                "what was complete stays, run the same command to go on"
            )
            return 1
        logger.error("outfit-pairing: %s: %s (--verbose shows where)", type(fault).__name__, _first_line(fault))
        return 1


def main_parser() -> argparse.ArgumentParser:
    """The whole command line, for `main`, tests and documentation."""
    parser = _Parser(prog="outfit-pairing", description="Outfits for every product of a fashion catalogue.", epilog=EPILOG)
    parser.add_argument("--version", action="version", version=f"outfit-pairing {__version__}")
    commands = parser.add_subparsers(title="commands", required=True, metavar="COMMAND")
    run = _command(commands, "run", "the whole chain, from catalogue file to checked outfits", _run_chain)
    add_catalogue_flags(run)
    _add_lookbook_flag(run)
    _add_full_flag(run)
    _add_accept_flag(run)
    add_postgres_flag(run)
    for stage, text in STAGE_HELP.items():
        command = _command(commands, stage, text, _run_one_stage)
        command.set_defaults(stage=stage)
        if stage == "ingest":
            add_catalogue_flags(command)
        if stage == "pair-by-lookbook":
            _add_lookbook_flag(command)
        if stage in {"generate-patterns", "apply-patterns", "pair-by-rules"}:
            _add_full_flag(command)
        if stage == "check-quality":
            _add_accept_flag(command)
        if stage in SENDING:
            add_postgres_flag(command)
        if stage == "generate-patterns":
            command.add_argument(
                "--dry-run", action="store_true", help="tell requests, tokens and cost, ask nothing (default: off)"
            )
            command.add_argument(
                "--retry-quarantined", action="store_true", help="ask again where replies could not be used (default: off)"
            )
    trial = _command(commands, "try-patterns", "prompt, reply and verdict for a few anchors; asks the model, writes nothing", _try)
    trial.add_argument("--anchors", type=positive, default=5, help="anchors asked about (default: %(default)s)")
    imported = _command(
        commands, "import-patterns", "bring in patterns that exist already, in the words of this catalogue", _import
    )
    imported.add_argument("file", type=Path, metavar="FILE", help="JSON or JSON lines of patterns")
    imported.add_argument("--anchors", type=Path, metavar="FILE", help="their anchors, to name those that are gone (default: none)")
    add_showing_commands(commands, _command, _settings)
    add_scoring_commands(commands, _command, _settings)
    add_catalogue_commands(commands, _command, _settings)
    add_release_commands(commands, _command, _settings)
    add_serving_command(commands, _command, _settings)
    add_feedback_command(commands, _command, _settings)
    add_doctor_command(commands, _command, _settings)
    add_maintain_command(commands, _command, _settings)
    return parser


def _command(commands, name, text, function) -> argparse.ArgumentParser:  # type: ignore[no-untyped-def]
    command: argparse.ArgumentParser = commands.add_parser(
        name,
        help=text,
        description=f"{text[0].upper()}{text[1:]}.",
        epilog=EPILOG,
        formatter_class=argparse.RawTextHelpFormatter,
        allow_abbrev=False,
    )
    command.set_defaults(run=function, catalog=None, mapping=None, lookbook=None, postgres=None)
    command.add_argument(
        "--config",
        type=Path,
        action="append",
        metavar="FILE",
        help="YAML file of settings; may be repeated, the later one wins (default: none; every setting has a default)",
    )
    command.add_argument("--warehouse", metavar="DIR", help="folder or URL of the tables (default: ./warehouse)")
    command.add_argument(
        "--set", action="append", default=[], metavar="KEY=VALUE", dest="overrides",
        help="one setting, for example spark.partitions=4; may be repeated; docs/settings.md lists all",
    )  # fmt: skip
    command.add_argument("--json", action="store_true", help="print the result as JSON (default: a table)")
    command.add_argument("--quiet", action="store_true", help="say nothing but warnings and errors (default: progress lines)")
    command.add_argument(
        "--verbose", action="store_true", help="say more, and show where an unexpected error happened (default: off)"
    )
    return command


def _add_lookbook_flag(command: argparse.ArgumentParser) -> None:
    command.add_argument(
        "--lookbook", metavar="FILE", help="looks of the shop's own stylists, JSON lines (default: as in settings; none)"
    )


def _add_full_flag(command: argparse.ArgumentParser) -> None:
    command.add_argument(
        "--full", action="store_true", help="make patterns and outfits anew also where nothing has changed (default: off)"
    )


def _add_accept_flag(command: argparse.ArgumentParser) -> None:
    command.add_argument(
        "--accept-drift",
        action="store_true",
        help="a jump since the last good run is meant, such as a new catalogue (default: off)",
    )


def _settings(flags: argparse.Namespace) -> Settings:
    shortcuts = {
        "storage.warehouse": flags.warehouse,
        "catalog.path": flags.catalog,
        "catalog.mapping": flags.mapping,
        "lookbook.path": flags.lookbook,
        "publish.postgres": flags.postgres,
    }
    for flag, key in SWITCHES.items():
        if getattr(flags, flag, False):
            shortcuts[key] = "true"
    return load_settings(flags.config, [*flags.overrides, *(f"{key}={value}" for key, value in shortcuts.items() if value)])


def _run_chain(flags: argparse.Namespace) -> int:
    return _run_stages(flags, list(STAGES))


def _run_one_stage(flags: argparse.Namespace) -> int:
    stages = [flags.stage, "release"] if flags.stage == "check-quality" else [flags.stage]
    return _plan(flags) if getattr(flags, "dry_run", False) else _run_stages(flags, stages)


def _run_stages(flags: argparse.Namespace, stages: Sequence[str]) -> int:
    settings = _settings(flags)
    check_stages(settings, stages)
    from outfit_pairing.storage.lease import writing

    ended: list[StageOutcome] = []
    try:
        with writing(settings) as spark:
            run_stages(spark, settings, stages, ended.append)
    finally:
        _show_reports([outcome.report for outcome in ended if outcome.error is None], as_json=flags.json)
    if "ingest" in stages and len(stages) > 1:
        _say_what_next(settings)
    return 0


def check_stages(settings: Settings, stages: Sequence[str]) -> None:
    """What these stages need is there, as far as can be seen before Spark starts.    Raises: OutfitPairingError."""
    if "ingest" in stages:
        from outfit_pairing.catalog.source import check_catalog

        check_catalog(settings)
    if "pair-by-lookbook" in stages:
        from outfit_pairing.pairing.looks import check_lookbook

        check_lookbook(settings)
    if settings.style.model and PAIRING & set(stages):
        from outfit_pairing.pairing.learnt import open_model

        open_model(settings)
    check_warehouse(settings)
    if "generate-patterns" in stages:
        _check_model(settings)
    if SENDING & set(stages):
        check_postgres(settings)
    check_tracking(settings)


def _check_model(settings: Settings) -> None:
    if settings.patterns.provider != "style_guide":
        from outfit_pairing.patterns.asking.preflight import check_model
        from outfit_pairing.patterns.by_model import open_journal

        check_model(settings.patterns.provider, settings.llm, open_journal(settings))


def _plan(flags: argparse.Namespace) -> int:
    from outfit_pairing.patterns.planning import as_text, plan
    from outfit_pairing.storage.session import open_session

    settings = _settings(flags)
    found = plan(open_session(settings, brief=True), settings)
    sys.stdout.write(json.dumps(asdict(found), indent=2) + "\n" if flags.json else as_text(found))
    return 0


def _try(flags: argparse.Namespace) -> int:
    from outfit_pairing.patterns.trying import as_json, as_text, check_trial, try_patterns
    from outfit_pairing.storage.session import open_session

    settings = _settings(flags)
    check_trial(settings)
    trials = try_patterns(open_session(settings, brief=True), settings, flags.anchors)
    sys.stdout.writelines([as_json(trials) + "\n"] if flags.json else as_text(trials))
    return 0


def _import(flags: argparse.Namespace) -> int:
    from outfit_pairing.patterns import import_stage
    from outfit_pairing.patterns.importing import read_import
    from outfit_pairing.storage.lease import writing

    settings = _settings(flags)
    file = read_import(flags.file, flags.anchors)
    check_warehouse(settings)
    started = time.perf_counter()
    with writing(settings, brief=True) as spark:
        report = import_stage.run(spark, settings, file, flags.file)
    _show_reports([replace(report, seconds=round(time.perf_counter() - started, 2))], as_json=flags.json)
    return 0


def check_warehouse(settings: Settings) -> None:
    """A local warehouse can be written.    Raises: WarehouseError."""
    warehouse = settings.storage.warehouse
    if settings.storage.catalog or settings.storage.schema_ or ":" in warehouse:
        return
    folder = Path(warehouse).expanduser()
    try:
        folder.mkdir(parents=True, exist_ok=True)
        probe = folder / ".outfit_pairing_write_check"
        probe.touch()
        probe.unlink()
    except OSError as fault:
        raise WarehouseError(f"warehouse {folder} cannot be written ({fault.strerror}); name another with --warehouse") from None


def _show_reports(reports: Sequence[StageReport], *, as_json: bool) -> None:
    if as_json:
        sys.stdout.write(json.dumps([asdict(report) for report in reports], indent=2) + "\n")
        return
    if not reports:
        return
    from rich.table import Table

    table = Table(title="Stages", title_justify="left")
    for name in ("stage", "rows in", "rows out", "rejected", "seconds", "what"):
        table.add_column(name, justify="left" if name in {"stage", "what"} else "right", no_wrap=name != "what")
    for one in reports:
        what = ", ".join(f"{key.replace('_', ' ')} {_shown(value)}" for key, value in one.counters.items() if value != "")
        figures = (one.rows_in, one.rows_out, one.rows_rejected)
        table.add_row(one.stage, *(f"{figure:,}" for figure in figures), f"{one.seconds:.1f}", what)
    out = console()
    out.print(table)
    total = sum(report.seconds for report in reports)
    written = [report.counters["rows_written"] for report in reports if "rows_written" in report.counters]
    unchanged = written and not any(written)
    out.print(f"{len(reports)} stages in {total:.1f} s" + ("; nothing had changed, no row was rewritten" if unchanged else ""))


def _shown(value: float | str) -> str:
    if isinstance(value, str):
        return value
    return f"{value:,}" if isinstance(value, int) else f"{value:,.3f}".rstrip("0").rstrip(".")


def _say_what_next(settings: Settings) -> None:
    """On stderr, so that stdout stays a table or JSON."""
    where = settings.storage.warehouse
    lookbook = Path(where) / "lookbook.html"
    if lookbook.exists():
        logger.warning("The outfits lie in %s/outfit_recommendations, the lookbook page in %s", where, lookbook)
        command = "outfit-pairing" if shutil.which("outfit-pairing") else sys.argv[0]
        logger.warning("Next: %s show-outfits --warehouse %s", command, where)


def _level(flags: argparse.Namespace) -> int:
    return logging.WARNING if flags.quiet else logging.INFO


def _first_line(fault: Exception) -> str:
    return (without_credentials(str(fault)).strip().splitlines() or [""])[0][:300]
