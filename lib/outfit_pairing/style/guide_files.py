"""Reads the YAML files of the style guide, and says file and entry when something in them is wrong."""

from __future__ import annotations

from collections.abc import Collection, Mapping
from pathlib import Path
from typing import Any

import yaml

from outfit_pairing.errors import SettingsError, listed

GUIDE_FOLDER = Path(__file__).parent / "guide"


class _StrictLoader(getattr(yaml, "CSafeLoader", yaml.SafeLoader)):  # type: ignore[misc]
    """YAML without its trap: a key given twice is an error, not a silent overwrite."""

    def construct_mapping(self, node: yaml.MappingNode, deep: bool = False) -> dict[Any, Any]:
        names = [self.construct_object(name, deep=True) for name, _ in node.value]
        twice = sorted({str(name) for name in names if names.count(name) > 1})
        if twice:
            raise ValueError(f"line {node.start_mark.line + 1}: {', '.join(twice)} is given twice; keep one")
        found: dict[Any, Any] = super().construct_mapping(node, deep=deep)
        return found


def read_guide(path: Path) -> dict[str, Any]:
    """The mapping that a guide file holds.

    Raises:  SettingsError: unreadable, not YAML, a key given twice, or no mapping at the top.
    """
    try:
        found = yaml.load(path.read_text(encoding="utf-8"), Loader=_StrictLoader)  # noqa: S506 - safe subclass
    except (OSError, ValueError, yaml.YAMLError) as error:
        raise SettingsError(f"style guide {path}: {error}") from error
    if not isinstance(found, dict):
        raise SettingsError(f"style guide {path}: expected a mapping of names to entries at the top")
    return found


def refuse_unknown(where: str, entry: Mapping[str, Any], fields: Collection[str]) -> None:
    """Raises SettingsError when `entry` holds a field that nobody reads (a slip of the pen would pass unseen)."""
    unknown = sorted(set(map(str, entry)) - set(fields))
    if unknown:
        raise SettingsError(f"{where}: {listed(unknown)} is no field; use {listed(sorted(fields))}")


def known(where: str, field: str, value: Any, allowed: tuple[str, ...]) -> str:
    """`value`, one of `allowed`.    Raises:  SettingsError: it is not."""
    if value not in allowed:
        raise SettingsError(f"{where}: {field} {value!r} is unknown; use one of {', '.join(allowed)}")
    return str(value)


def number(where: str, field: str, value: Any, most: float) -> float | None:
    """`value` between 0 and `most`, or None.    Raises:  SettingsError: anything else."""
    if value is None:
        return None
    if isinstance(value, bool) or not isinstance(value, int | float) or not 0 <= value <= most:
        raise SettingsError(f"{where}: {field} {value!r} is not between 0 and {most:g}")
    return float(value)


def text_list(where: str, field: str, value: Any) -> tuple[str, ...]:
    """A list of texts, none when `value` is absent.    Raises:  SettingsError: a text that YAML read as something else."""
    if value is None:
        return ()
    if not isinstance(value, list) or not all(isinstance(one, str) for one in value):
        raise SettingsError(f"{where}: {field} must be a list of texts (quote numbers, yes, no, on, off)")
    return tuple(value)
