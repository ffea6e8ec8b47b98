"""What several files of whole runs start: a Postgres server, a browser. One of each for the tests of a file."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.browser import Browser, browsing, find_browser
from tests.postgres import PASSWORD, Postgres, running


@pytest.fixture(scope="module")
def server() -> Iterator[Postgres]:
    yield from running()


@pytest.fixture
def postgres(server: Postgres, monkeypatch: pytest.MonkeyPatch) -> Postgres:
    """An empty database; the password is in the environment."""
    monkeypatch.setenv("PGPASSWORD", PASSWORD)
    server.new_database()
    return server


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tmp_path_factory.mktemp("browser")


@pytest.fixture(scope="module")
def browser(folder: Path) -> Iterator[Browser]:
    """One browser for all tests of a file; skipped with the reason where there is none."""
    program = find_browser()
    if program is None:
        pytest.skip("no Chromium found: install it (Debian: chromium) or name one in OUTFIT_BROWSER to run the browser tests")
    with browsing(program, folder) as found:
        yield found
