"""The commands to look at outfits: explain, show-outfits, lookbook."""

import argparse
import json
import sys
from collections.abc import Callable
from dataclasses import asdict
from pathlib import Path
from typing import Any

from outfit_pairing.cli_console import console, positive
from outfit_pairing.settings import Settings

Opened = Callable[[argparse.Namespace], Settings]


def add_showing_commands(commands: Any, command: Callable[..., argparse.ArgumentParser], settings: Opened) -> None:
    """`command` makes a sub-command with the usual flags; `settings` reads them."""
    explain = command(commands, "explain", "a product's outfits with every reason", _explain)
    explain.add_argument("product_id", metavar="PRODUCT_ID")
    show = command(commands, "show-outfits", "some outfits to read aloud, over different slots and audiences", _show_outfits)
    show.add_argument("--count", type=positive, default=20, help="products shown (default: %(default)s)")
    show.add_argument("--seed", type=int, default=7, help="which ones; the same seed shows the same (default: %(default)s)")
    lookbook = command(
        commands, "lookbook", "the lookbook page: some products with their outfits, to look at and to filter", _lookbook
    )
    lookbook.add_argument(
        "--out",
        type=Path,
        metavar="FILE",
        help="HTML file to write (default: lookbook.html in the warehouse, else in publish.folder)",
    )
    lookbook.add_argument("--products", type=positive, default=60, help="products shown (default: %(default)s)")
    lookbook.add_argument("--seed", type=int, default=1, help="which ones; the same seed shows the same (default: %(default)s)")
    for one in (explain, show, lookbook):
        one.set_defaults(open_settings=settings)


def _explain(flags: argparse.Namespace) -> int:
    from outfit_pairing.publishing.explain import print_outfits
    from outfit_pairing.publishing.outfits import outfits_of
    from outfit_pairing.storage.session import open_session

    settings = flags.open_settings(flags)
    found = outfits_of(open_session(settings, brief=True), settings, flags.product_id)
    if flags.json:
        sys.stdout.write(found.as_json() + "\n")
    else:
        print_outfits(found, console())
    return 0


def _show_outfits(flags: argparse.Namespace) -> int:
    from outfit_pairing.publishing.explain import print_read_aloud
    from outfit_pairing.publishing.outfits import spread_of_outfits
    from outfit_pairing.storage.session import open_session

    settings = flags.open_settings(flags)
    spark = open_session(settings, brief=True)
    for number, found in enumerate(spread_of_outfits(spark, settings, flags.count, flags.seed), 1):
        if flags.json:
            sys.stdout.write(found.as_json() + "\n")
        else:
            print_read_aloud(number, found, console())
    return 0


def _lookbook(flags: argparse.Namespace) -> int:
    from outfit_pairing.publishing.lookbook import make_lookbook, page_to_write
    from outfit_pairing.storage.session import open_session

    settings = flags.open_settings(flags)
    path = page_to_write(settings, flags.out)
    page = make_lookbook(open_session(settings, brief=True), settings, path, flags.products, flags.seed)
    sys.stdout.write((json.dumps({**asdict(page), "path": str(page.path)}) if flags.json else str(page.path)) + "\n")
    return 0
