"""What catalogues call colours: from "Medium Heather Grey" or "Dark Navy" to a `Colour` with coordinates."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from outfit_pairing.errors import SettingsError
from outfit_pairing.style.article_types import index
from outfit_pairing.style.colours import Colour
from outfit_pairing.style.guide_files import read_guide, refuse_unknown, text_list
from outfit_pairing.style.lab import hex_to_lab
from outfit_pairing.style.normalise import key, words


@dataclass(frozen=True, eq=False)
class ColourNames:
    """Finds the colour that a text names."""

    colours: tuple[Colour, ...]
    by_key: Mapping[str, Colour]

    def find(self, text: str) -> Colour | None:
        """The colour `text` names, or None."""
        return self.by_key.get(key(text)) or self._by_last_word(words(text))

    def _by_last_word(self, parts: tuple[str, ...]) -> Colour | None:
        for start in range(1, len(parts)):
            found = self.by_key.get("".join(parts[start:]))
            if found:
                return found
        return None


def read_colour_names(path: Path) -> ColourNames:
    """The colours of a guide file.    Raises:  SettingsError: a bad hex code or a name given twice; says which."""
    guide: Mapping[str, Any] = read_guide(path)
    refuse_unknown(str(path), guide, {"families"})
    colours = tuple(
        _colour(f"{path}: colour {name!r}", str(name), family, entry)
        for family, content in guide["families"].items()
        for name, entry in content["colours"].items()
        for entry in [{"neutral": content.get("neutral", False), **entry}]
    )
    owner = index(path, ((one.name, one.names) for one in colours))
    by_name = {one.name: one for one in colours}
    return ColourNames(colours, {word: by_name[name] for word, name in owner.items()})


def _colour(where: str, name: str, family: str, entry: Mapping[str, Any]) -> Colour:
    refuse_unknown(where, entry, {"hex", "neutral", "names"})
    try:
        lab = hex_to_lab(str(entry.get("hex")))
    except ValueError as error:
        raise SettingsError(f"{where}: {error}") from error
    return Colour(name, family, lab, bool(entry["neutral"]), text_list(where, "names", entry.get("names")))
