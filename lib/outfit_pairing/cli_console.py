"""What commands share: counts that they are given, and where they print their tables."""

import argparse
import sys
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from rich.console import Console

PIPED_WIDTH = 140  # columns of tables that no terminal shows


def positive(text: str) -> int:
    """A count given on the command line."""
    value = int(text)
    if value < 1:
        raise argparse.ArgumentTypeError(f"{text} is not at least 1")
    return value


def console(piped_width: int = PIPED_WIDTH) -> "Console":
    """Of the terminal's width, or one that holds the tables where no terminal shows them."""
    from rich.console import Console

    return Console(width=None if sys.stdout.isatty() else piped_width)
