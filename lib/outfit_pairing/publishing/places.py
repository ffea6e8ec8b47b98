"""Where published files lie: a local folder (a volume's path, /Volumes/…, is one), or nowhere."""

from pathlib import Path

from outfit_pairing.errors import SettingsError
from outfit_pairing.settings import Settings
from outfit_pairing.storage.places import URL, local_warehouse

EXPORTS = "exports"
PAGE = "lookbook.html"


def json_folder(settings: Settings) -> Path | None:
    """Folder of the JSON files: publish.folder, else <warehouse>/exports; None where that is no local folder.

    Raises:  SettingsError: publish.folder is a URL.
    """
    folder = settings.publish.folder
    if folder is None:
        warehouse = local_warehouse(settings)
        return warehouse / EXPORTS if warehouse else None
    if URL.match(folder):
        raise SettingsError(f"publish.folder = {folder}: files go to local folders only (on Databricks: /Volumes/…); name one")
    return Path(folder).expanduser().resolve()


def page_path(settings: Settings) -> Path | None:
    """The lookbook page: <warehouse>/lookbook.html, else in publish.folder; None where neither is a local folder."""
    folder = local_warehouse(settings) or json_folder(settings)
    return folder / PAGE if folder else None
