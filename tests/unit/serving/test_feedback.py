"""Feedback: what an event may say, what a report makes of events, and a log that loses none that it has taken."""

import asyncio
import json
import logging
import math
from collections.abc import Callable
from pathlib import Path

import pytest
from pydantic import ValidationError

from outfit_pairing.cli import main
from outfit_pairing.errors import MissingTable, SettingsError
from outfit_pairing.serving import feedback_delta
from outfit_pairing.serving.feedback import FeedbackEvent, open_feedback
from outfit_pairing.serving.feedback_delta import DeltaFeedback
from outfit_pairing.serving.feedback_reading import feedback_counts, liked_outfits
from outfit_pairing.serving.feedback_report import Counted, feedback_report, wilson
from outfit_pairing.serving.store import StoreNotReady
from outfit_pairing.settings import Settings
from tests.delta import read_table

PLAIN = {"event": "shown", "product_id": "0042", "outfit_id": "a", "rank": 1, "source": "rule_based", "release": 3}


def event(**changes: object) -> FeedbackEvent:
    return FeedbackEvent.model_validate({**PLAIN, **changes})


@pytest.mark.parametrize(
    "wrong",
    [{"event": "stolen"}, {"rank": 0}, {"source": "guess"}, {"slot": "sofa"}, {"release": 0}, {"product_id": ""},
     {"product_id": "a\x00b"}, {"outfit_id": "x" * 300}, {"event_id": "no spaces"}, {"user_id": "7"},
     {"ip": "10.0.0.1"}, {"at": "2026-11-28T01:00:00"}],
)  # fmt: skip
def test_what_an_event_may_not_say(wrong: dict[str, object]) -> None:
    """Unknown words, times without offset, and any field about a person."""
    with pytest.raises(ValidationError):
        event(**wrong)


def test_wilson_bounds() -> None:
    """10 of 100: 5.52 to 17.44 %, as in the literature; nothing seen says nothing; none of many is near zero."""
    assert wilson(10, 100) == (pytest.approx(0.0552, abs=1e-4), pytest.approx(0.1744, abs=1e-4))
    assert wilson(0, 0) == (0.0, 1.0)
    assert wilson(0, 10_000)[0] == 0.0
    assert wilson(5, 5)[1] == 1.0


def test_a_report_tells_rates_per_outfit_shown() -> None:
    """Clicks on items count against all outfits shown; more clicks than outfits is at most all of them."""
    counted = [
        Counted("shown", "rule_based", None, "control", 100),
        Counted("clicked", "rule_based", "footwear", "control", 10),
        Counted("shown", "pattern_based", None, "outfits", 4),
        Counted("clicked", "pattern_based", None, "outfits", 9),
        Counted("bought", "pattern_based", None, None, 1),
    ]
    found = feedback_report(counted)
    assert (found.events, found.all.shown, found.all.clicked.count) == (124, 104, 19)
    assert found.by_source["rule_based"].clicked.rate == 0.1
    assert found.by_source["pattern_based"].clicked.rate == 1.0
    assert (found.by_slot["footwear"].shown, found.by_slot["footwear"].clicked.count) == (104, 10)
    assert found.by_variant["(none)"].bought.rate is None
    assert math.isclose(found.by_source["pattern_based"].bought.rate or 0, 0.25)


def test_events_reach_the_table_once(make_settings: Callable[..., Settings], tmp_path: Path) -> None:
    """Those sent twice as well; what waits is written when the log is closed, in one file; the report reads it without Spark."""
    settings = make_settings()
    events = [event(event_id=f"e{number}") for number in range(20)] + [
        event(event="clicked", slot="top", event_id="c", variant="x")
    ]

    async def keep() -> None:
        log = open_feedback(settings)
        await log.open()
        await log.add(events)
        await log.add(events[:5])
        await log.close()
        other = open_feedback(settings)  # as after a restart, which has forgotten what was taken
        await other.open()
        await other.add(events[-2:])
        await other.close()

    with pytest.raises(MissingTable):
        feedback_counts(settings)
    asyncio.run(keep())
    rows = read_table(tmp_path / "warehouse", "feedback")
    assert rows.num_rows == 23
    assert set(rows.column("run_id").to_pylist()) == {settings.run_id}
    found = feedback_report(feedback_counts(settings))
    assert (found.events, found.all.shown, found.all.clicked.count) == (21, 20, 1)


def test_the_command_prints_it(make_settings: Callable[..., Settings], tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """As JSON and as a table; without feedback one line that says what to do."""
    settings = make_settings()
    flags = ["feedback-report", "--warehouse", str(tmp_path / "warehouse")]
    assert main(flags) == 2
    feedback_delta.append_events(str(tmp_path / "warehouse" / "feedback"), [event(), event(event="clicked")], settings.run_id)
    assert main([*flags, "--json"]) == 0
    assert json.loads(capsys.readouterr().out)["all"]["clicked"]["rate"] == 1.0
    assert main(flags) == 0
    assert "rule_based" in capsys.readouterr().out
    assert main([*flags, "--set", "serve.feedback=off"]) == 2


def test_what_cannot_be_written_waits(
    make_settings: Callable[..., Settings], monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    """A table that is away for a while costs no event; when too many wait, no more are taken."""
    log = DeltaFeedback(make_settings())
    written: list[str] = []
    away = [True]

    def append(place: str, events: list[FeedbackEvent], run_id: str) -> None:
        if away[0]:
            raise OSError("the disk is away")
        written.extend(one.event_id for one in events)

    monkeypatch.setattr(feedback_delta, "append_events", append)
    monkeypatch.setattr(feedback_delta, "MOST_WAITING", 3)

    async def keep() -> None:
        await log.add([event(event_id="a"), event(event_id="b")])
        with caplog.at_level(logging.ERROR):
            await log.flush()
        assert "the disk is away" in caplog.text
        with pytest.raises(StoreNotReady, match="2 events wait already"):
            await log.add([event(event_id="c"), event(event_id="d")])
        away[0] = False
        await log.add([event(event_id="c")])
        await log.close()

    asyncio.run(keep())
    assert written == ["a", "b", "c"]


def test_a_full_batch_is_written_at_once(make_settings: Callable[..., Settings], monkeypatch: pytest.MonkeyPatch) -> None:
    """Without waiting for the next few seconds."""
    written = asyncio.Event()
    monkeypatch.setattr(feedback_delta, "FLUSH_EVENTS", 2)
    monkeypatch.setattr(feedback_delta, "FLUSH_S", 3_600)

    async def keep() -> None:
        loop = asyncio.get_running_loop()
        monkeypatch.setattr(feedback_delta, "append_events", lambda *_: loop.call_soon_threadsafe(written.set))
        log = DeltaFeedback(make_settings())
        await log.open()
        await log.add([event(), event()])
        await asyncio.wait_for(written.wait(), 60)
        await log.close()

    asyncio.run(keep())


def test_liked_outfits_are_those_shown_that_more_liked_than_dismissed(
    make_settings: Callable[..., Settings], tmp_path: Path
) -> None:
    """With their items, the page's own product first; an outfit that is shown no longer is counted."""
    import pyarrow as pa
    from deltalake import write_deltalake

    items = [{"slot": "bottom", "product_id": "7", "score": 0.5, "reasons": ["so"]}]
    shown = [{"product_id": "0042", "rank": rank, "outfit_id": one, "items": items} for rank, one in enumerate("abc", 1)]
    write_deltalake(str(tmp_path / "warehouse" / "outfit_recommendations"), pa.Table.from_pylist(shown))
    events = [event(event="bought"), event(event="clicked", outfit_id="b"), event(event="dismissed", outfit_id="b"),
              event(event="clicked", outfit_id="gone"), event(outfit_id="c")]  # fmt: skip
    settings = make_settings()
    feedback_delta.append_events(str(tmp_path / "warehouse" / "feedback"), events, settings.run_id)
    assert liked_outfits(settings) == ([["0042", "7"]], 1)


def test_where_feedback_cannot_go_is_said(make_settings: Callable[..., Settings]) -> None:
    """Postgres that is not set; a catalogue, which has no path."""
    with pytest.raises(SettingsError, match=r"publish\.postgres is not set"):
        open_feedback(make_settings("serve.feedback=postgres"))
    with pytest.raises(SettingsError, match=r"storage\.catalog"):
        open_feedback(make_settings("storage.catalog=main", "storage.schema=shop"))
