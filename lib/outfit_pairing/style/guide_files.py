"""Reads the YAML files of the style guide, and says file and entry when something in them is wrong."""

from collections.abc import Collection, Iterable, Mapping
from pathlib import Path
from typing import Any, Protocol, TypeVar

import yaml

from outfit_pairing.errors import SettingsError, listed
from outfit_pairing.package_files import package_folder
from outfit_pairing.style.normalise import key

GUIDE_FOLDER = package_folder("outfit_pairing.style", "guide")


class Named(Protocol):
    """An entry of the guide: its canonical name, and the other words that catalogues have for it."""

    @property
    def name(self) -> str:
        """Canonical name."""

    @property
    def names(self) -> tuple[str, ...]:
        """Its other words."""


_Entry = TypeVar("_Entry", bound=Named)


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


def word_index(path: Path, entries: Iterable[_Entry]) -> dict[str, _Entry]:
    """From the key of every word of every entry to that entry.

    Raises:  SettingsError: a word stands for two entries, or twice for one (spelling and plural need no repetition).
    """
    owner: dict[str, _Entry] = {}
    for entry in entries:
        for word in (entry.name, *entry.names):
            found = key(word)
            if not found:
                raise SettingsError(f"{path}: {word!r} of {entry.name!r} has no letter or digit to look it up by")
            if found in owner:
                raise SettingsError(f"{path}: {word!r} of {entry.name!r} already stands for {owner[found].name!r}; keep one")
            owner[found] = entry
    return owner


def mapping(where: str, value: Any) -> dict[str, Any]:
    """`value`, a mapping.    Raises:  SettingsError: it is not."""
    if not isinstance(value, dict) or not all(isinstance(name, str) for name in value):
        raise SettingsError(f"{where} must be a mapping of names to entries (quote numbers, yes, no, true, off)")
    return value


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
