"""What a check found."""

from dataclasses import dataclass
from typing import Literal

from outfit_pairing.errors import OutfitPairingError

State = Literal["ok", "warning", "fault"]


@dataclass(frozen=True, slots=True)
class Finding:
    """One line of the report. `fault`: a run will fail; `warning`: it may, or will be slow. `cure` is empty when all is well."""

    check: str
    state: State
    found: str
    cure: str = ""


def ok(check: str, found: str) -> Finding:
    """All is well."""
    return Finding(check, "ok", found)


def warning(check: str, found: str, cure: str) -> Finding:
    """A run may fail or be slow."""
    return Finding(check, "warning", found, cure)


def fault(check: str, found: str, cure: str) -> Finding:
    """A run will fail."""
    return Finding(check, "fault", found, cure)


def said(error: OutfitPairingError) -> tuple[str, str]:
    """What an error of this package found, and the cure: its messages are written so, with a semicolon between."""
    found, _, cure = error.what.partition("; ")
    return found, cure
