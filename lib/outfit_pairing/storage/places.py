"""Whether tables lie in a folder of this machine, behind a URL or in a catalogue."""

import re
from pathlib import Path

from outfit_pairing.settings import Settings

URL = re.compile(r"^[a-z][a-z0-9+.-]*:")


def local_warehouse(settings: Settings) -> Path | None:
    """The folder of the tables; None where they lie in a catalogue or behind a URL."""
    storage = settings.storage
    if storage.catalog or storage.schema_ or URL.match(storage.warehouse):
        return None
    return Path(storage.warehouse).expanduser().resolve()
