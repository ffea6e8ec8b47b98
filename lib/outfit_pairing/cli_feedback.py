"""The command about what shoppers did with outfits: feedback-report. It starts no Spark."""

import argparse
import sys
from collections.abc import Callable
from typing import Any

from outfit_pairing.cli_console import console
from outfit_pairing.settings import Settings

Opened = Callable[[argparse.Namespace], Settings]


def add_feedback_command(commands: Any, command: Callable[..., argparse.ArgumentParser], settings: Opened) -> None:
    """`command` makes a sub-command with the usual flags; `settings` reads them."""
    text = "how often outfits that were shown are clicked, bought or dismissed, by source, slot and variant"
    command(commands, "feedback-report", text, _report).set_defaults(open_settings=settings)


def _report(flags: argparse.Namespace) -> int:
    from outfit_pairing.serving.feedback_reading import feedback_counts
    from outfit_pairing.serving.feedback_report import as_json, as_table, feedback_report

    found = feedback_report(feedback_counts(flags.open_settings(flags)))
    if flags.json:
        sys.stdout.write(as_json(found))
    else:
        console().print(as_table(found))
    return 0
