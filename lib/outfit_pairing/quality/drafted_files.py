"""The exports that wait to be shown, judged by what lies on the disk and not by what their writer believes.

Files wait in <exports>/.next; where nothing waits, those that are shown already are looked at.
"""

import json
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from outfit_pairing.quality.metrics import Metric
from outfit_pairing.settings import Settings
from outfit_pairing.storage.places import URL, local_warehouse

EXPORTS, NEXT, MANIFEST = "exports", ".next", "manifest.json"
# What a catalogue has at least something of; a list of products without outfits may be empty, and should be.
NEVER_EMPTY = ("anchor_products", "outfit_patterns", "pattern_recs")
NO_FOLDER = "no local folder holds exports"


@dataclass(frozen=True, slots=True)
class DraftedFile:
    """A file of the manifest. `size`: bytes on the disk, None where it is gone; `told`: bytes that the manifest promises."""

    name: str
    size: int | None
    told: int | None

    @property
    def is_whole(self) -> bool:
        """Whether it is what was written."""
        return self.size is not None and self.size == self.told

    @property
    def is_never_empty(self) -> bool:
        """Whether it must hold something."""
        return self.name.startswith(NEVER_EMPTY)


@dataclass(frozen=True, slots=True)
class DraftedFiles:
    """All files of a draft. `folder`: None where there are no exports; `fault`: why no file can be looked at, else empty."""

    folder: Path | None
    files: tuple[DraftedFile, ...] = ()
    fault: str = ""


def look_at_files(settings: Settings) -> DraftedFiles:
    """The files that release would show next, else those shown."""
    folder = _folder(settings)
    if folder is None:
        return DraftedFiles(None)
    place = folder / NEXT if (folder / NEXT).is_dir() else folder
    try:
        listed = json.loads((place / MANIFEST).read_text("utf-8"))["files"]
        files = tuple(_file(place, one) for one in listed)
    except FileNotFoundError:
        return DraftedFiles(place, fault=f"there is no {place / MANIFEST}")
    except (OSError, ValueError, KeyError, TypeError):
        return DraftedFiles(place, fault=f"{place / MANIFEST} cannot be read")
    return DraftedFiles(place, files, "" if files else f"{place / MANIFEST} lists no file")


def file_metrics(found: DraftedFiles) -> list[Metric]:
    """Sizes in figures: the smallest file, how many are cut or gone, and bytes altogether."""
    excuse = NO_FOLDER if found.folder is None else ""
    judged = [one for one in found.files if one.is_never_empty]
    smallest = min(judged, key=lambda one: (one.size or 0, one.name), default=None)
    cut = [one for one in found.files if not one.is_whole]
    return [
        Metric(
            "smallest_file",
            None if smallest is None else smallest.size or 0,
            found.fault if smallest is None else f"bytes, of {smallest.name}",
            excuse,
        ),
        Metric(
            "cut_files",
            len(cut) if found.files else None,
            found.fault
            or ", ".join(f"{one.name} {wrong_size(one)}" for one in cut[:3])
            or f"all {len(found.files)} are as they were written",
            excuse,
        ),
        Metric("export_bytes", sum(one.size or 0 for one in found.files) if found.files else None, "of all exports"),
    ]


def wrong_size(one: DraftedFile) -> str:
    """What became of a file that is not whole."""
    told = "no size" if one.told is None else f"{one.told:,} bytes"
    return "is gone" if one.size is None else f"has {one.size:,} bytes, the manifest says {told}"


def _folder(settings: Settings) -> Path | None:
    if settings.publish.folder and not URL.match(settings.publish.folder):
        return Path(settings.publish.folder).expanduser().resolve()
    warehouse = local_warehouse(settings)
    return warehouse / EXPORTS if warehouse else None


def _file(place: Path, told: Mapping[str, Any]) -> DraftedFile:
    path = place / str(told["name"])
    return DraftedFile(path.name, path.stat().st_size if path.is_file() else None, told.get("bytes"))
