"""Reads YAML that people write, and says file and line when something is wrong with it."""

from pathlib import Path
from typing import Any

import yaml

from outfit_pairing.errors import SettingsError, first_line


class _UniqueKeys(yaml.SafeLoader):
    """YAML that refuses a key given twice, which plain YAML silently lets the last one win."""

    def construct_mapping(self, node: yaml.MappingNode, deep: bool = False) -> dict[Any, Any]:
        seen: set[Any] = set()
        for key_node, _ in node.value:
            key = self.construct_object(key_node, deep=True)
            if key in seen:
                raise yaml.constructor.ConstructorError(None, None, f"`{key}` is given twice", key_node.start_mark)
            seen.add(key)
        return super().construct_mapping(node, deep)


def read_yaml(path: Path, error: type[SettingsError] | type[Exception] = SettingsError) -> Any:
    """One YAML document; a key given twice, bad syntax or an unreadable file is one clear line."""
    try:
        return yaml.load(path.read_text("utf-8"), Loader=_UniqueKeys)  # noqa: S506 - a SafeLoader
    except yaml.MarkedYAMLError as fault:
        mark = f", line {fault.problem_mark.line + 1}" if fault.problem_mark else ""
        raise error(f"{path}{mark}: {fault.problem}; correct the YAML") from None
    except (OSError, UnicodeDecodeError) as fault:
        reason = fault.strerror if isinstance(fault, OSError) else "it is not UTF-8 text"
        raise error(f"{path}: cannot be read ({reason}); name an existing YAML file") from None
    except (yaml.YAMLError, RecursionError, TypeError, ValueError) as fault:  # a NUL, a list as key, the 99th of May
        raise error(f"{path}: {first_line(fault)}; correct the YAML") from None


def read_list(text: str) -> Any:
    """A list as people write it in one line: `a,b,c`, or YAML in brackets.    Raises:  ValueError: brackets that hold none."""
    if not text.lstrip().startswith("["):
        return [part.strip() for part in text.split(",")]
    try:
        return yaml.safe_load(text)
    except yaml.YAMLError:
        raise ValueError("no list; write a,b,c") from None
