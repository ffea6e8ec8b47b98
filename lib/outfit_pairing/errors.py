"""Every error that users can meet, in one small tree.

    OutfitPairingError          exit code 1
    ├── InputError              exit code 2: settings or input that cannot be used; raised before anything is written
    │   ├── SettingsError       a setting, a settings file, an environment variable or a flag
    │   ├── CatalogError        the catalogue file, its mapping or its columns
    │   ├── OutfitsError        a file of outfits, or where scores are written
    │   ├── WarehouseError      the place where tables lie
    │   ├── MissingTable        a stage was started before the stage that it reads from
    │   └── ModelRefused        the model's server takes no request of ours: key, address or model are wrong
    ├── BudgetSpent             the budget for the model is spent; what is paid for is kept
    ├── NoPatterns              no reply of the model could be used
    ├── PostgresBehind          Postgres does not show what was released; it shows, whole, what it showed before
    ├── ModelDown               the model's server has been down for too long; what is paid for is kept
    └── GateMissed              exit code 3: the run worked, its result is not good enough to publish

A message says what is wrong, where, and how to mend it, in one line. Fields stay in `args`, so that an error raised in
a Spark worker survives pickling on its way to the driver.
"""

from collections.abc import Mapping, Sequence
from types import MappingProxyType

from outfit_pairing.credentials import without_credentials

LONGEST_NAME = 60  # characters of a name in a message; what a file calls its columns may be anything
MOST_NAMES = 12  # names listed in one message; a table of 1,000 columns still gives one readable line


class OutfitPairingError(Exception):
    """Root of all errors that this package raises on purpose. `figures`: what a stage had counted when it was stopped."""

    exit_code = 1
    figures: Mapping[str, int | float | str] = MappingProxyType({})

    @property
    def what(self) -> str:
        """The message as one line, without signs that a terminal would obey, and without credentials."""
        return printable(" ".join(without_credentials(str(self)).split()))


class InputError(OutfitPairingError):
    """Settings or input that cannot be used. Stops the run before the first row is written."""

    exit_code = 2


class SettingsError(InputError):
    """A setting is unknown, out of bounds, or given twice."""


class CatalogError(InputError):
    """The catalogue or its mapping cannot be read."""


class OutfitsError(InputError):
    """A file of outfits cannot be read, or one of scores not written."""


class WarehouseError(InputError):
    """The warehouse cannot be read or written."""


class MissingColumns(CatalogError):  # noqa: N818 - named by what happened
    """A catalogue lacks columns that its mapping names."""

    def __init__(self, where: str, missing: Sequence[str], present: Sequence[str]) -> None:
        super().__init__(where, tuple(missing), tuple(present))
        self.where, self.missing, self.present = where, tuple(missing), tuple(present)

    def __str__(self) -> str:
        return (
            f"{self.where} has no column {listed(self.missing)} (it has {listed(self.present)}); "
            "correct the names under `columns:` in the mapping file"
        )


class MissingTable(InputError):  # noqa: N818 - named by what happened
    """A stage reads a table that no earlier stage has written."""

    def __init__(self, table: str, place: str, stage: str) -> None:
        super().__init__(table, place, stage)
        self.table, self.place, self.stage = table, place, stage

    def __str__(self) -> str:
        return f"{self.place} holds no table {self.table}; run `outfit-pairing {self.stage}` first"


class ModelRefused(InputError):  # noqa: N818 - named by what happened
    """The model's server refuses whatever is asked. Stops the run at the first refusal."""

    def __init__(self, server: str, model: str, reason: str, cure: str) -> None:
        super().__init__(server, model, reason, cure)
        self.server, self.model, self.reason, self.cure = server, model, reason, cure

    def __str__(self) -> str:
        return f"{self.server} refuses requests for model {self.model}: {self.reason}; {self.cure}"


class BudgetSpent(OutfitPairingError):  # noqa: N818 - named by what happened
    """The next request might exceed the budget. Replies so far are kept, and a run with a larger budget goes on from there."""

    def __init__(self, reason: str, missing: int, anchors: int) -> None:
        super().__init__(reason, missing, anchors)
        self.reason, self.missing, self.anchors = reason, missing, anchors

    def __str__(self) -> str:
        return f"{self.missing} of {self.anchors} anchors have no patterns: {self.reason}; what is paid for is kept"


class ModelDown(OutfitPairingError):  # noqa: N818 - named by what happened
    """The model's server was down for longer than `llm.give_up_s`. Replies so far are kept."""

    def __init__(self, server: str, reason: str, missing: int, anchors: int) -> None:
        super().__init__(server, reason, missing, anchors)
        self.server, self.reason, self.missing, self.anchors = server, reason, missing, anchors

    def __str__(self) -> str:
        return (
            f"{self.missing} of {self.anchors} anchors have no patterns, since {self.server} does not answer: {self.reason}; "
            "what is paid for is kept, so run again later"
        )


class NoPatterns(OutfitPairingError):  # noqa: N818 - named by what happened
    """A model answered, and nothing of it could be used. Its replies are kept."""

    def __init__(self, anchors: int, model: str, reason: str) -> None:
        super().__init__(anchors, model, reason)
        self.anchors, self.model, self.reason = anchors, model, reason

    def __str__(self) -> str:
        return (
            f"none of {self.anchors} anchors got patterns from {self.model}: {self.reason[:200]}; "
            "table pattern_requests holds its replies; `outfit-pairing try-patterns` shows what it is asked"
        )


class PostgresBehind(OutfitPairingError):  # noqa: N818 - named by what is the case
    """A release is shown by the tables, not by Postgres, which shows what it showed before. Sending it again mends that."""

    def __init__(self, place: str, release: int, reason: str) -> None:
        super().__init__(place, release, reason)
        self.place, self.release, self.reason = place, release, reason

    def __str__(self) -> str:
        return (
            f"{self.place} does not show release {self.release} ({self.reason}), though the tables do, and shows what it showed "
            "before; `outfit-pairing release` sends it again"
        )


class GateMissed(OutfitPairingError):  # noqa: N818 - named by what happened
    """One or more quality gates were missed; what was published before stays published."""

    exit_code = 3

    def __init__(self, missed: Sequence[str]) -> None:
        super().__init__(tuple(missed))
        self.missed = tuple(missed)

    def __str__(self) -> str:
        gates = "gate" if len(self.missed) == 1 else "gates"
        return f"{len(self.missed)} quality {gates} missed: {'; '.join(self.missed)}"


def listed(names: Sequence[str]) -> str:
    """Names as one short phrase: `a, b, c and 40 more`."""
    shown = ", ".join(short(str(name)) for name in names[:MOST_NAMES])
    rest = len(names) - MOST_NAMES
    return f"{shown} and {rest} more" if rest > 0 else shown


def short(name: str) -> str:
    """A name as a message shows it: one line, its beginning if it is long."""
    line = printable(" ".join(name[: 4 * LONGEST_NAME].split()))
    return (line or "''") if len(line) <= LONGEST_NAME else f"{line[:LONGEST_NAME]}…"


def printable(text: str) -> str:
    """`text` with control and other invisible signs written as escapes."""
    return text if text.isprintable() else "".join(sign if sign.isprintable() else ascii(sign)[1:-1] for sign in text)


def installing(extra: str) -> str:
    """The command that brings an extra of this package. By the wheel: no package index has it, or a stranger's of that name."""
    return f"pip install 'WHEEL[{extra}]' (WHEEL: the path of outfit_pairing-….whl, or . in its sources)"


PY4J = "An error occurred while calling"  # what py4j says before the cause


def first_line(fault: Exception) -> str:
    """The first line of what a library complains about, without credentials, or what kind of complaint it is."""
    said = (line.lstrip(": ") for line in without_credentials(str(fault)).strip().splitlines())
    return next((line for line in said if line and not line.startswith(PY4J)), type(fault).__name__)[:200]
