"""JSON files written aside and switched in place: whoever reads the folder never meets half a file.

Files are written into <folder>/.partial, which becomes <folder>/.next when all are whole. At the switch each one that differs
takes the place of the old one, `manifest.json` last. A crash before the switch leaves the old files as they were; one during
the switch leaves every file whole, and the next switch goes on. A file whose content is the same keeps its bytes and its time.
"""

import filecmp
import hashlib
import json
import logging
import re
import shutil
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import asdict, dataclass
from itertools import islice
from pathlib import Path
from types import TracebackType
from typing import Any, BinaryIO, Self

from outfit_pairing.errors import WarehouseError
from outfit_pairing.whole_files import put_file, put_folder

logger = logging.getLogger(__name__)

PARTIAL, NEXT = ".partial", ".next"
MANIFEST = "manifest.json"
MADE_OF = ".made_of"  # what the files were made of, for whoever writes them; the manifest is for those who read
SHARD_PREFIX = "pattern_recs"
SHARD_NAME = re.compile(rf"{SHARD_PREFIX}_[0-9]{{5,}}\.json")
SMALL_SHARD = 0.1  # a last shard with a smaller part of the products than this joins the one before


@dataclass(frozen=True, slots=True)
class JsonFile:
    """One finished file; `entries` are the objects in its list."""

    name: str
    entries: int
    bytes: int
    sha256: str


def shard_sizes(products: int, per_file: int) -> list[int]:
    """Products in each shard: `per_file`, the rest in the last; a small rest joins the shard before it."""
    whole, rest = divmod(products, per_file)
    sizes = [per_file] * whole
    if rest and (not sizes or rest >= SMALL_SHARD * per_file):
        sizes.append(rest)
    elif rest:
        sizes[-1] += rest
    return sizes


class JsonFolder:
    """The files of one publication. Use as a context; nothing in the folder changes before `switch_files`.

    Raises:  WarehouseError: the folder cannot be written.
    """

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.files: list[JsonFile] = []
        self._partial = folder / PARTIAL

    def __enter__(self) -> Self:
        try:
            shutil.rmtree(self._partial, ignore_errors=True)  # left by a run that was killed
            self._partial.mkdir(parents=True)
        except OSError as fault:
            raise WarehouseError(self._cannot_write(fault)) from fault
        return self

    def __exit__(self, kind: type[BaseException] | None, fault: BaseException | None, trace: TracebackType | None) -> None:
        shutil.rmtree(self._partial, ignore_errors=True)
        if isinstance(fault, OSError):
            raise WarehouseError(self._cannot_write(fault)) from fault

    def write_list(self, name: str, objects: Iterable[str]) -> JsonFile:
        """A file that holds a list, one object per line. `objects`: each as JSON text; read once, never held."""
        return self._write(name, "[\n", objects, "\n]\n")

    def write_object(self, name: str, header: Mapping[str, object], list_name: str, objects: Iterable[str]) -> JsonFile:
        """A file that holds one object: the header's keys, then a list, one object per line."""
        opening = json.dumps(header, ensure_ascii=False, indent=1).removesuffix("\n}")
        return self._write(name, f'{opening},\n "{list_name}": [\n', objects, "\n ]\n}\n")

    def write_shards(self, objects: Iterator[str], products: int, per_file: int) -> list[JsonFile]:
        """pattern_recs_00000.json and so on. `objects`: one per product; `products`: how many there will be."""
        sizes = shard_sizes(products, per_file)
        shares = [islice(objects, size) for size in sizes[:-1]] + [objects] * bool(sizes)
        return [self.write_list(f"{SHARD_PREFIX}_{number:05}.json", share) for number, share in enumerate(shares)]

    def finish(self, told: Mapping[str, Any], made_of: str = "") -> dict[str, Any]:
        """All files are written: they are what `switch_files` puts in place next. The manifest, which says `told`, comes back."""
        if made_of:
            (self._partial / MADE_OF).write_text(made_of, "utf-8")
        manifest = {**told, "files": [asdict(one) for one in self.files]}
        (self._partial / MANIFEST).write_text(json.dumps(manifest, indent=1) + "\n", "utf-8")
        shutil.rmtree(self.folder / NEXT, ignore_errors=True)
        put_folder(self._partial, self.folder / NEXT, last=MANIFEST)
        return manifest

    def _write(self, name: str, opening: str, objects: Iterable[str], closing: str) -> JsonFile:
        with (self._partial / name).open("wb", buffering=1 << 20) as file:
            hashed = _Hashed(file)
            entries = 0
            hashed.write(opening)
            for entries, text in enumerate(objects, 1):
                hashed.write(f",\n{text}" if entries > 1 else text)
            hashed.write(closing)
        written = JsonFile(name, entries, hashed.bytes, hashed.digest.hexdigest())
        logger.info("%s: %s entries, %.1f MB", name, f"{entries:,}", written.bytes / 1e6)
        self.files.append(written)
        return written

    def _cannot_write(self, fault: OSError) -> str:
        return _cannot_write(self.folder, fault)


def standing_manifest(folder: Path, made_of: str = "") -> dict[str, Any] | None:
    """The manifest of the files that wait for the switch, else of those in place.

    None where one of them is gone or cut, or they were made of something else than `made_of`.
    """
    place = folder / NEXT if (folder / NEXT / MANIFEST).is_file() else folder
    try:
        manifest: dict[str, Any] = json.loads((place / MANIFEST).read_text("utf-8"))
        if made_of and (place / MADE_OF).read_text("utf-8") != made_of:
            return None
        whole = all((place / one["name"]).stat().st_size == one["bytes"] for one in manifest["files"])
    except (OSError, ValueError, KeyError, TypeError):
        return None
    return manifest if whole else None


def switch_files(folder: Path) -> list[str]:
    """Put the finished files in place, the manifest last; names of the files that changed come back, gone ones too.

    Where none are waiting, only what a switch that was killed has left is cleared away.
    Raises:  WarehouseError: the folder cannot be written.
    """
    if not (folder / NEXT).is_dir():
        return []
    try:
        waiting = _listed(folder / NEXT)
        changed = _put_all(folder, waiting) if waiting else []
        gone = _remove_gone(folder)
        shutil.rmtree(folder / NEXT)
    except OSError as fault:
        raise WarehouseError(_cannot_write(folder, fault)) from fault
    return changed + gone


def _put_all(folder: Path, names: Sequence[str]) -> list[str]:
    _put(folder / NEXT / MADE_OF, folder / MADE_OF)
    return [name for name in (*names, MANIFEST) if _put(folder / NEXT / name, folder / name)]


def _remove_gone(folder: Path) -> list[str]:
    """Shards that the manifest in place does not list are those of an earlier, larger result."""
    names = _listed(folder)
    if not names:
        return []
    gone = [path.name for path in sorted(folder.iterdir()) if SHARD_NAME.fullmatch(path.name) and path.name not in names]
    for name in gone:
        (folder / name).unlink()
    return gone


def _listed(folder: Path) -> list[str]:
    """Names that the manifest of a folder lists; none where it is not there, or not whole."""
    try:
        return [one["name"] for one in json.loads((folder / MANIFEST).read_text("utf-8"))["files"]]
    except (FileNotFoundError, ValueError):
        return []


def _put(new: Path, old: Path) -> bool:
    """False where the old file is the same, or took its place in a switch that was killed."""
    if not new.is_file() or (old.is_file() and filecmp.cmp(new, old, shallow=False)):
        return False
    put_file(new, old)
    return True


def _cannot_write(folder: Path, fault: OSError) -> str:
    return f"{folder} cannot be written ({fault.strerror or fault}); set publish.folder to a folder that can"


class _Hashed:
    """Writes text and keeps its size and checksum."""

    def __init__(self, file: BinaryIO) -> None:
        self.file = file
        self.digest = hashlib.sha256()
        self.bytes = 0

    def write(self, text: str) -> None:
        data = text.encode("utf-8")
        self.digest.update(data)
        self.bytes += len(data)
        self.file.write(data)
