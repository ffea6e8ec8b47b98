"""Where published files lie: a local folder (a volume's path, /Volumes/…, is one), or nowhere."""

import re
from pathlib import Path

from outfit_pairing.errors import SettingsError
from outfit_pairing.settings import Settings

EXPORTS = "exports"
PAGE = "lookbook.html"
_URL = re.compile(r"^[a-z][a-z0-9+.-]*:")


def json_folder(settings: Settings) -> Path | None:
    """Folder of the JSON files: publish.folder, else <warehouse>/exports; None where that is no local folder.

    Raises:  SettingsError: publish.folder is a URL.
    """
    folder = settings.publish.folder
    if folder is None:
        warehouse = local_warehouse(settings)
        return warehouse / EXPORTS if warehouse else None
    if _URL.match(folder):
        raise SettingsError(f"publish.folder = {folder}: files go to local folders only (on Databricks: /Volumes/…); name one")
    return Path(folder).expanduser().resolve()


def page_path(settings: Settings) -> Path | None:
    """The lookbook page: <warehouse>/lookbook.html, else in publish.folder; None where neither is a local folder."""
    folder = local_warehouse(settings) or json_folder(settings)
    return folder / PAGE if folder else None


def local_warehouse(settings: Settings) -> Path | None:
    """The folder of the tables; None where they lie in a catalogue or behind a URL."""
    storage = settings.storage
    if storage.catalog or storage.schema_ or _URL.match(storage.warehouse):
        return None
    return Path(storage.warehouse).expanduser().resolve()
