"""Whether tables lie in a folder of this machine, behind a URL or in a catalogue."""

import re
from pathlib import Path

from outfit_pairing.settings import Settings

URL = re.compile(r"^[a-z][a-z0-9+.-]*:")


def absolute(warehouse: str) -> str:
    """A local folder as an absolute path (Spark would take a relative one as the server's), a URL as it is."""
    return warehouse.rstrip("/") if URL.match(warehouse) else str(_folder(warehouse))


def local_warehouse(settings: Settings) -> Path | None:
    """The folder of the tables; None where they lie in a catalogue or behind a URL."""
    storage = settings.storage
    if storage.catalog or storage.schema_ or URL.match(storage.warehouse):
        return None
    return _folder(storage.warehouse)


def reports_folder(settings: Settings) -> Path | None:
    """Of the report pages: in a local warehouse, else in publish.folder; None where neither is a folder of this machine."""
    folder, published = local_warehouse(settings), settings.publish.folder
    if folder is None and published and not URL.match(published):
        folder = _folder(published)  # on Databricks a volume
    return folder / "reports" if folder else None


def _folder(warehouse: str) -> Path:
    return Path(warehouse).expanduser().resolve()
