"""Files that ship inside the package, as files on a disk."""

import atexit
import shutil
import tempfile
from functools import lru_cache
from importlib.resources import files
from importlib.resources.abc import Traversable
from pathlib import Path


@lru_cache
def package_folder(package: str, name: str = "") -> Path:
    """The folder of a package, or a folder in it.

    A package that is imported from an archive (spark-submit --py-files) has none: its files are unpacked, once per process.
    """
    found = files(package).joinpath(name) if name else files(package)
    if isinstance(found, Path):
        return found
    folder = Path(tempfile.mkdtemp(prefix="outfit-pairing-"))
    atexit.register(shutil.rmtree, folder, ignore_errors=True)
    _unpack(found, folder)
    return folder


def _unpack(source: Traversable, folder: Path) -> None:
    for one in source.iterdir():
        if one.is_dir():
            (folder / one.name).mkdir()
            _unpack(one, folder / one.name)
        elif not one.name.endswith((".py", ".pyc")):
            (folder / one.name).write_bytes(one.read_bytes())
