"""The wheel's door for a Databricks job: `outfit-pairing-task STAGE [flags]` is `outfit-pairing STAGE [flags]`.

A wheel task calls the function of an entry point itself. What it returns is thrown away, so an exit code would pass for
success, and SystemExit may count as a fault even with code 0. So a command that went well returns, any other raises.
"""

import logging
import sys
import traceback

from outfit_pairing import cli
from outfit_pairing.credentials import without_credentials
from outfit_pairing.errors import first_line

MEANING = {2: "bad settings or input", 3: "a quality gate missed", 130: "interrupted"}


def main() -> None:
    """Run the command of `sys.argv`.    Raises:  RuntimeError: it did not end with exit code 0; the message has the reason."""
    said = _LastError()
    log = logging.getLogger("outfit_pairing")
    level = log.level
    log.addHandler(said)
    code: int | str | None
    try:
        code = cli.main(sys.argv[1:], called=True)
    except SystemExit as ended:  # --help, --version, or flags that are none
        code = ended.code
    except Exception as fault:
        log.error("%s", without_credentials("".join(traceback.format_exception(fault))))
        raise RuntimeError(f"exit code 1: {type(fault).__name__}: {first_line(fault)}; the log shows where") from None
    finally:
        log.removeHandler(said)
        log.setLevel(level)
    if code:
        meaning = MEANING.get(code) if isinstance(code, int) else None
        why = said.text or meaning or "the log says why"
        raise RuntimeError(f"exit code {code}{f' ({meaning})' if meaning else ''}: {why}")


class _LastError(logging.Handler):
    """Keeps the last error said, so that who reads the failed task need not open the log."""

    def __init__(self) -> None:
        super().__init__(logging.ERROR)
        self.text = ""

    def emit(self, record: logging.LogRecord) -> None:
        self.text = record.getMessage()
