"""The command that keeps a warehouse in order: maintain."""

import argparse
import json
import os
import sys
from collections.abc import Callable, Sequence
from dataclasses import asdict
from typing import TYPE_CHECKING, Any

from outfit_pairing.cli_console import console
from outfit_pairing.errors import SettingsError, WarehouseError
from outfit_pairing.settings import Settings
from outfit_pairing.storage.places import local_warehouse
from outfit_pairing.storage.retention import SAFE_DAYS

if TYPE_CHECKING:
    from outfit_pairing.storage.leftovers import Leftover
    from outfit_pairing.storage.maintenance import Kept

Opened = Callable[[argparse.Namespace], Settings]


def add_maintain_command(commands: Any, command: Callable[..., argparse.ArgumentParser], settings: Opened) -> None:
    """`command` makes a sub-command with the usual flags; `settings` reads them."""
    maintain = command(
        commands, "maintain", "compact tables, delete what is past storage.retention_days, sweep leftovers", _maintain
    )
    maintain.set_defaults(open_settings=settings)
    maintain.add_argument("--dry-run", action="store_true", help="tell what would be done, do nothing (default: off)")
    maintain.add_argument(
        "--short-retention",
        action="store_true",
        help=f"allow storage.retention_days below {SAFE_DAYS}: runs and readers under way may lose their files (default: off)",
    )
    maintain.add_argument(
        "--forget-replies",
        action="store_true",
        help="also remove a model's replies past retention; asked again, they are paid for again (default: only told)",
    )
    maintain.add_argument(
        "--cluster",
        action="store_true",
        help="cluster products and outfit_recommendations by product_id (default: on Databricks only; small tables gain nothing)",
    )


def _maintain(flags: argparse.Namespace) -> int:
    settings = flags.open_settings(flags)
    _check(settings, short=flags.short_retention)
    from outfit_pairing.embedding.unused import forget_unused
    from outfit_pairing.storage.lease import writing
    from outfit_pairing.storage.leftovers import Leftover, sweep, sweep_staged_tables
    from outfit_pairing.storage.maintenance import Wish, maintain_tables
    from outfit_pairing.storage.store import TableStore

    cluster, days = flags.cluster or "DATABRICKS_RUNTIME_VERSION" in os.environ, settings.storage.retention_days
    with writing(settings) as spark:
        unused = forget_unused(TableStore(spark, settings), days, dry=flags.dry_run)
        tables = list(maintain_tables(spark, settings, Wish(days, cluster, flags.dry_run)))
        if not tables:
            raise WarehouseError(f"{_named(settings)} holds no table of ours; name another with --warehouse")
        left = [Leftover("vectors of texts that no product has, past retention", unused, 0, not flags.dry_run)] if unused else []
        left += sweep(settings, journal_too=flags.forget_replies, dry=flags.dry_run)
        left += sweep_staged_tables(spark, settings, dry=flags.dry_run)
    if flags.json:
        shown = {"tables": [asdict(one) for one in tables], "leftovers": [asdict(one) for one in left]}
        sys.stdout.write(json.dumps(shown, indent=2) + "\n")
    else:
        _show(tables, left, dry=flags.dry_run)
    return 0


def _check(settings: Settings, *, short: bool) -> None:
    """Raises: SettingsError: a retention that endangers runs.    WarehouseError: a local warehouse that is not there."""
    days, warehouse = settings.storage.retention_days, settings.storage.warehouse
    if days < SAFE_DAYS and not short:
        raise SettingsError(
            f"storage.retention_days = {days} is below Delta's {SAFE_DAYS}: runs and readers under way could lose their files; "
            "raise it, or say --short-retention while nothing else runs"
        )
    local = local_warehouse(settings)
    if local and not local.is_dir():
        raise WarehouseError(f"there is no warehouse {warehouse}; name another with --warehouse")


def _named(settings: Settings) -> str:
    return ".".join(part for part in (settings.storage.catalog, settings.storage.schema_) if part) or settings.storage.warehouse


def _show(tables: Sequence["Kept"], left: Sequence["Leftover"], *, dry: bool) -> None:
    from rich.table import Table

    table = Table(title="Would be done" if dry else "Tables", title_justify="left")
    for name in ("table", "files before", "after", "MB before", "after", "old files deleted", "MB freed", "what"):
        table.add_column(name, justify="left" if name in {"table", "what"} else "right", no_wrap=name != "what")
    for one in tables:
        files = (f"{one.files_before:,}", f"{one.files_after:,}", _mb(one.bytes_before), _mb(one.bytes_after))
        table.add_row(one.table, *files, f"{one.deleted:,}", _mb(one.freed), ", ".join(one.done) or "nothing to do")
    out = console()
    out.print(table)
    for rest in left:
        out.print(f"{rest.what}: {rest.count:,}, {_mb(rest.bytes)} MB, {'removed' if rest.removed else 'left there'}", markup=False)
    deleted, freed = (
        sum(one.deleted for one in tables),
        sum(one.freed for one in tables) + sum(one.bytes for one in left if one.removed),
    )
    out.print(f"{deleted:,} files of former versions {'could go' if dry else 'deleted'}, {_mb(freed)} MB freed")


def _mb(size: int) -> str:
    return f"{size / 1e6:,.1f}"
