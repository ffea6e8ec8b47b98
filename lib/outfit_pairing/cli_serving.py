"""The command that serves released outfits over HTTP."""

import argparse
from collections.abc import Callable
from typing import Any

from outfit_pairing.settings import Settings

Opened = Callable[[argparse.Namespace], Settings]
FLAGS = {"host": "serve.host", "port": "serve.port", "store": "serve.store"}


def add_serving_command(commands: Any, command: Callable[..., argparse.ArgumentParser], settings: Opened) -> None:
    """`command` makes a sub-command with the usual flags; `settings` reads them."""
    serve = command(commands, "serve", "released outfits over HTTP, and pages to look at; until it is stopped", _serve)
    serve.add_argument("--port", metavar="N", help="port that is listened on, 0: a free one (default: 8000)")
    serve.add_argument("--host", metavar="ADDRESS", help="address that is listened on (default: 127.0.0.1, this machine alone)")
    serve.add_argument("--store", choices=("delta", "postgres"), help="where outfits are read from (default: delta)")
    serve.set_defaults(open_settings=settings)


def _serve(flags: argparse.Namespace) -> int:
    from outfit_pairing.serving.running import serve

    given = {setting: getattr(flags, flag) for flag, setting in FLAGS.items()}
    flags.overrides = [*flags.overrides, *(f"{setting}={value}" for setting, value in given.items() if value is not None)]
    serve(flags.open_settings(flags))
    return 0
