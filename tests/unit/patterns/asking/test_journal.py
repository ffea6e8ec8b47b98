"""A reply is durable before it counts, and what cannot be read does no harm."""

import json
import logging
import os
import pickle
import subprocess
import sys
import threading
from collections.abc import Iterator
from dataclasses import asdict, replace
from pathlib import Path
from typing import Any

import fsspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from outfit_pairing.errors import InputError, SettingsError, WarehouseError
from outfit_pairing.patterns.asking import journal_files
from outfit_pairing.patterns.asking.chat import ChatReply, Fault, ReplyFormat
from outfit_pairing.patterns.asking.journal import Entry, RequestJournal, Sent
from outfit_pairing.patterns.asking.journal_files import LocalFiles

HASH, OTHER = "a" * 64, "b" * 64
GOOD = ChatReply(text='{"patterns": []}', http_status=200, prompt_tokens=900, completion_tokens=40, seconds=1.25)


def sent(request_hash: str = HASH, attempt: int = 1) -> Sent:
    """A request as it goes out."""
    return Sent(request_hash, attempt, 1_700_000_000.5, "run-1", "small", 1_000, 3_000, "json_schema", repair=False)


@pytest.fixture(params=["local", "volume", "memory"])
def folder(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[str]:
    """A fresh journal's folder, as a path, as a path where nothing can be moved, and as a URL."""
    if request.param == "volume":
        request.getfixturevalue("without_moves")
    if request.param != "memory":
        yield str(tmp_path / "warehouse" / "journal")
    else:
        yield "memory://warehouse/journal"
        files = fsspec.filesystem("memory")
        files.store.clear()
        files.pseudo_dirs[:] = [""]


@pytest.fixture
def journal(folder: str) -> RequestJournal:
    """A journal with a clock that stands still."""
    return RequestJournal(folder, now=lambda: 1_700_000_009.0)


def put(journal: RequestJournal, name: str, content: bytes) -> None:
    """Write a file past the journal."""
    journal_files.open_files(journal.folder).write(name, content)


def files_of(journal: RequestJournal) -> list[str]:
    """Names of the files of the request HASH."""
    return journal_files.open_files(journal.folder).entries(f"aa/{HASH}")


def test_a_reply_is_found_by_every_later_reader(journal: RequestJournal) -> None:
    """Another process, a retried task and the next run read what was written, to the last field."""
    written = journal.replied(journal.sent(sent()), GOOD)
    assert written == Entry(sent(), GOOD, 1_700_000_009.0)
    assert RequestJournal(journal.folder).of(HASH) == (written,)
    assert RequestJournal(journal.folder).all_of([HASH, OTHER]) == {HASH: (written,)}


def test_a_request_that_was_killed_in_flight_is_known(journal: RequestJournal) -> None:
    """It was sent, and may have been paid for."""
    journal.sent(sent())
    assert journal.of(HASH) == (Entry(sent(), None, None),)
    assert journal.of(OTHER) == ()


def test_a_request_that_did_not_go_out_leaves_no_trace(journal: RequestJournal) -> None:
    """It costs nothing, and its number is free again."""
    journal.not_sent(journal.sent(sent()))
    assert journal.of(HASH) == ()
    assert journal.sent(sent()).attempt == 1


def test_attempts_come_in_order_and_are_never_overwritten(journal: RequestJournal) -> None:
    """A number that is taken becomes the next free one, and the reply goes with it."""
    first = journal.sent(sent())
    second = journal.sent(sent())
    third = journal.sent(sent(attempt=2))
    journal.replied(third, GOOD)
    assert [one.attempt for one in (first, second, third)] == [1, 2, 3]
    assert [entry.reply for entry in journal.of(HASH)] == [None, None, GOOD]
    assert journal.all_of([HASH]) == {HASH: journal.of(HASH)}


def test_of_two_askers_at_once_each_gets_its_own_attempt(tmp_path: Path) -> None:
    """Creating is exclusive, so no attempt is lost even without a lease."""
    journal, numbers = RequestJournal(str(tmp_path)), []
    threads = [threading.Thread(target=lambda: numbers.append(journal.sent(sent()).attempt)) for _ in range(12)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert sorted(numbers) == list(range(1, 13))


def test_a_mount_without_hard_links_still_creates_once(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Databricks volumes cannot link and may not force to disk."""

    def cannot(*_: object) -> None:
        raise OSError(95, "Operation not supported")

    monkeypatch.setattr(os, "link", cannot)
    monkeypatch.setattr(os, "fsync", cannot)
    files = LocalFiles(tmp_path)
    assert [files.create("a/b", b"first"), files.create("a/b", b"second")] == [True, False]
    assert files.read("a/b") == b"first"
    assert files.entries("a") == ["b"]


@pytest.mark.parametrize(
    "content",
    [
        b"",
        b'{"version": 1, "sent": {"request_ha',
        b"[1, 2]",
        b"\xff\xfe",
        b'{"version": 2}',
        json.dumps({"version": 1, "mood": "fine"}).encode(),
    ],
)
def test_a_file_that_cannot_be_read_is_ignored_and_reported(
    journal: RequestJournal, content: bytes, caplog: pytest.LogCaptureFixture
) -> None:
    """Half-written, not JSON, of another version: logged once with count and example, and named in `broken`."""
    good = journal.replied(journal.sent(sent(attempt=2)), GOOD)
    for name in ("0001.sent.json", "0003.sent.json"):
        put(journal, f"aa/{HASH}/{name}", content)
    with caplog.at_level(logging.WARNING):
        assert journal.of(HASH) == (good,)
        assert journal.all_of([HASH]) == {HASH: (good,)}
    assert journal.broken == (f"aa/{HASH}/0001.sent.json", f"aa/{HASH}/0003.sent.json")
    assert len(caplog.records) == 1
    assert "2 files cannot be read" in caplog.text
    assert "0001.sent.json" in caplog.text


def test_a_broken_reply_still_counts_as_sent(journal: RequestJournal) -> None:
    """It was paid for, although what came back is lost."""
    journal.replied(journal.sent(sent()), GOOD)
    put(journal, f"aa/{HASH}/0001.reply.json", b'{"version": 1, ')
    assert journal.of(HASH) == (Entry(sent(), None, None),)
    assert journal.all_of([HASH]) == {HASH: (Entry(sent(), None, None),)}


@pytest.mark.parametrize(
    "change",
    [
        {"unknown": 1},
        {"sent": {}},
        {"sent": asdict(sent("../x/" + HASH))},
        {"sent": asdict(sent()) | {"unknown": 1}},
        {"reply": {"text": "x", "unknown": 1}},
        {"version": 2},
    ],
)
def test_a_reply_that_is_not_exactly_of_this_version_is_not_guessed_at(journal: RequestJournal, change: dict[str, Any]) -> None:
    """Unknown keys at any depth may change what the known ones mean."""
    journal.replied(sent(), GOOD)
    files = journal_files.open_files(journal.folder)
    content = json.loads(files.read(f"aa/{HASH}/0001.reply.json") or b"")
    put(journal, f"aa/{HASH}/0001.reply.json", json.dumps(content | change).encode())
    assert journal.of(HASH) == ()
    assert len(journal.broken) == 1


def test_an_entry_that_lies_in_the_wrong_place_is_not_believed(journal: RequestJournal) -> None:
    """A file copied to another request's folder is not its reply."""
    journal.replied(sent(OTHER), GOOD)
    content = journal_files.open_files(journal.folder).read(f"bb/{OTHER}/0001.reply.json")
    put(journal, f"aa/{HASH}/0001.reply.json", content or b"")
    assert journal.of(HASH) == ()


def test_leftovers_of_a_killed_writer_are_no_entries(tmp_path: Path) -> None:
    """A temporary file is not moved to its place, so it is neither read nor reported."""
    journal = RequestJournal(str(tmp_path))
    journal.sent(sent())
    (tmp_path / "aa" / HASH / ".0001.reply.json.1234").write_bytes(b'{"vers')
    assert journal.of(HASH) == (Entry(sent(), None, None),)
    assert journal.broken == ()


def test_nothing_but_entries_stays_in_a_folder(journal: RequestJournal) -> None:
    """Temporary files are gone once a write is through."""
    journal.replied(journal.sent(sent()), GOOD)
    journal.sent(sent())
    assert files_of(journal) == ["0001.reply.json", "0001.sent.json", "0002.sent.json"]


@pytest.mark.parametrize("way", ["of", "all_of", "format_of"])
def test_a_read_that_is_denied_is_never_taken_for_not_there(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, way: str) -> None:
    """Else everything would be paid for again."""
    journal = RequestJournal(str(tmp_path))
    journal.replied(sent(), GOOD)
    journal.remember_format("server", ReplyFormat.PROMPT)

    def denied(*_: object) -> None:
        raise PermissionError(13, "Permission denied")

    monkeypatch.setattr(Path, "read_bytes", denied)
    with pytest.raises(WarehouseError, match=r"cannot be read \(Permission denied\)"):
        getattr(journal, way)([HASH] if way == "all_of" else HASH)
    monkeypatch.setattr(Path, "iterdir", denied)
    with pytest.raises(WarehouseError, match="Permission denied"):
        getattr(journal, way)([HASH] if way == "all_of" else HASH)


@pytest.mark.parametrize(("method", "ways"), [("ls", ("of", "all_of")), ("cat_file", ("of", "format_of")), ("cat", ("all_of",))])
def test_a_store_that_denies_a_read_is_believed(monkeypatch: pytest.MonkeyPatch, method: str, ways: tuple[str, ...]) -> None:
    """The same for object stores, which answer 403, also below a folder that may be listed."""
    store = type(fsspec.filesystem("memory"))
    real = getattr(store, method)

    def denied(self: Any, path: Any, *arguments: Any, **more: Any) -> Any:
        if method == "ls" and not str(path).endswith(HASH):
            return real(self, path, *arguments, **more)
        raise PermissionError("Access Denied")

    journal = RequestJournal("memory://denied/journal")
    journal.replied(sent(), GOOD)
    monkeypatch.setattr(store, method, denied)
    for way in ways:
        with pytest.raises(WarehouseError, match="Access Denied"):
            getattr(journal, way)([HASH] if way == "all_of" else HASH)


def test_a_file_in_the_place_of_a_folder_is_a_fault(tmp_path: Path) -> None:
    """It is not an empty journal."""
    (tmp_path / "aa").write_text("")
    with pytest.raises(WarehouseError, match="Not a directory"):
        RequestJournal(str(tmp_path)).of(HASH)


def test_a_journal_that_can_be_written_passes_the_check_and_stays_clean(journal: RequestJournal) -> None:
    """The probe is gone afterwards."""
    journal.check()
    assert journal.all_of([HASH]) == {}
    place = journal.folder.removeprefix("memory:/")
    assert not any(name.startswith(place) for name in fsspec.filesystem("memory").store)
    assert not Path(place).exists() or not list(Path(place).iterdir())


def test_a_folder_that_cannot_be_written_is_one_clear_line(tmp_path: Path) -> None:
    """Said by the check, before anything is paid for."""
    (tmp_path / "file").write_text("")
    with pytest.raises(
        InputError, match=r"journal .*/file/journal: cannot be written \(Not a directory\); name a folder"
    ) as caught:
        RequestJournal(str(tmp_path / "file" / "journal")).check()
    assert "\n" not in str(caught.value)


@pytest.mark.parametrize("url", ["nosuch://bucket/journal", "memory2:///x"])
def test_a_url_of_an_unknown_kind_is_one_clear_line(url: str) -> None:
    """Also where fsspec knows the kind but its package is absent."""
    with pytest.raises(SettingsError, match=r"llm\.journal: .* URLs cannot be used here") as caught:
        RequestJournal(url).check()
    assert "\n" not in str(caught.value)


@pytest.mark.parametrize(
    ("folder", "place"),
    [
        ("file:///data/journal", "/data/journal"),
        ("dbfs:/Volumes/main/outfits/journal", "/Volumes/main/outfits/journal"),
        ("dbfs:/journal", "/dbfs/journal"),
        ("/Volumes/main/outfits/journal", "/Volumes/main/outfits/journal"),
        ("warehouse/journal", "warehouse/journal"),
    ],
)
def test_mounted_places_are_local_folders(folder: str, place: str) -> None:
    """They need no package beyond Python."""
    files = journal_files.open_files(folder)
    assert isinstance(files, LocalFiles)
    assert files.folder == Path(place)


def test_a_journal_travels_to_workers(journal: RequestJournal) -> None:
    """It is pickled with the function that asks, and opens its own file system there."""
    journal = RequestJournal(journal.folder)
    journal.check()
    journal.replied(journal.sent(sent()), GOOD)
    assert pickle.loads(pickle.dumps(journal)).of(HASH) == journal.of(HASH)


def test_a_local_journal_needs_no_package_beyond_the_core() -> None:
    """What reads URLs is an extra."""
    code = (
        "import sys, outfit_pairing.patterns.asking.coordinator_client as c, outfit_pairing.patterns.asking.journal as j; "
        "j.RequestJournal('.').of('abc'); print({'fsspec', 'openai', 'pyspark'} & set(sys.modules))"
    )
    assert subprocess.check_output([sys.executable, "-c", code], text=True).strip() == "set()"


def test_the_format_of_a_server_is_remembered(journal: RequestJournal) -> None:
    """Per server and model; a broken memory is no memory."""
    assert journal.format_of("http://a/v1 small") is None
    journal.remember_format("http://a/v1 small", ReplyFormat.JSON_OBJECT)
    journal.remember_format("http://a/v1 large", ReplyFormat.PROMPT)
    journal.remember_format("http://a/v1 small", ReplyFormat.JSON_SCHEMA)
    again = RequestJournal(journal.folder)
    assert again.format_of("http://a/v1 small") is ReplyFormat.JSON_SCHEMA
    assert again.format_of("http://a/v1 large") is ReplyFormat.PROMPT
    for name in journal_files.open_files(journal.folder).entries("servers"):
        put(journal, f"servers/{name}", b"{")
    assert again.format_of("http://a/v1 small") is None
    assert len(again.broken) == 1


@given(
    text=st.one_of(st.none(), st.text(), st.text(st.characters(categories=["Cs", "Lu", "Cc"]))),
    fault=st.one_of(st.none(), st.sampled_from(Fault)),
    tokens=st.one_of(st.none(), st.integers(0, 10**7)),
    seconds=st.floats(0, 1e6),
)
def test_whatever_a_model_says_is_stored_and_read_back(
    tmp_path_factory: pytest.TempPathFactory, text: str | None, fault: Fault | None, tokens: int | None, seconds: float
) -> None:
    """Also halves of surrogate pairs: a reply that is paid for must not be lost on the way to disk."""
    journal = RequestJournal(str(tmp_path_factory.getbasetemp() / "said"))
    reply = ChatReply(text=text, fault=fault, error=text, prompt_tokens=tokens, seconds=seconds, may_be_billed=fault is not None)
    entry = journal.replied(sent(), reply)
    assert journal.of(HASH) == (entry,)
    assert entry.reply is not None
    assert replace(entry.reply, text=text, error=text) == reply


def test_a_request_hash_cannot_leave_the_journal(journal: RequestJournal) -> None:
    """It becomes a path."""
    with pytest.raises(ValueError, match="no request hash"):
        journal.of("../../etc")
