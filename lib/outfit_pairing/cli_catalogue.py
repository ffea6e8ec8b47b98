"""The commands about catalogue files: suggest-mapping, guide-gaps, sample. None of them starts Spark."""

import argparse
import logging
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

from outfit_pairing.cli_console import positive
from outfit_pairing.settings import Settings

logger = logging.getLogger(__name__)

Opened = Callable[[argparse.Namespace], Settings]


def add_catalogue_commands(commands: Any, command: Callable[..., argparse.ArgumentParser], settings: Opened) -> None:
    """`command` makes a sub-command with the usual flags; `settings` reads them."""
    suggest = command(commands, "suggest-mapping", "draft a mapping file for an unknown catalogue, with the evidence", _suggest)
    suggest.add_argument("file", metavar="FILE", help="catalogue: CSV (also .gz), JSON lines or Parquet")
    suggest.add_argument("--out", type=Path, metavar="FILE", help="YAML file to write (default: stdout)")
    gaps = command(commands, "guide-gaps", "words of a catalogue that the style guide does not know, and where they went", _gaps)
    add_catalogue_flags(gaps)
    for one in (suggest, gaps):
        one.set_defaults(open_settings=settings)
    sample = command(commands, "sample", "write a made-up catalogue file", _sample)
    sample.add_argument("--products", type=positive, default=2_000, help="rows (default: %(default)s)")
    sample.add_argument("--seed", type=int, default=1, help="the same seed gives the same file (default: %(default)s)")
    sample.add_argument(
        "--out", type=Path, default=Path("sample.csv.gz"), help="file to write; gzip when it ends in .gz (default: %(default)s)"
    )
    sample.add_argument(
        "--lookbook", type=Path, metavar="FILE", help="looks for it, too, as `run --lookbook` reads them (default: none)"
    )


def add_catalogue_flags(command: argparse.ArgumentParser) -> None:
    """Which catalogue, and how it is read."""
    command.add_argument(
        "--catalog", metavar="FILE", help="catalogue: CSV (also .gz), JSON lines, Parquet or Delta (default: as in settings)"
    )
    command.add_argument("--mapping", metavar="NAME", help="a file of conf/mappings by name, or a path (default: auto)")


def _suggest(flags: argparse.Namespace) -> int:
    from outfit_pairing.catalog.suggest import write_draft

    write_draft(flags.file, flags.out, flags.open_settings(flags))
    return 0


def _gaps(flags: argparse.Namespace) -> int:
    from outfit_pairing.catalog.gaps import as_json, as_text, guide_gaps

    gaps = guide_gaps(flags.open_settings(flags))
    sys.stdout.write(as_json(gaps) if flags.json else as_text(gaps))
    return 0


def _sample(flags: argparse.Namespace) -> int:
    from outfit_pairing.catalog.sample import write_sample

    write_sample(flags.out, flags.products, flags.seed)
    logger.info("%d products in %s; read it with --catalog %s --mapping sample", flags.products, flags.out, flags.out)
    if flags.lookbook:
        from outfit_pairing.catalog.sample_looks import write_sample_lookbook

        write_sample_lookbook(flags.lookbook, flags.products, flags.seed)
    return 0
