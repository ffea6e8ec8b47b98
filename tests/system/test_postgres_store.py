"""What the service reads out of a real Postgres, and what it says while it cannot. No JVM: rows are written as release does."""

import asyncio
import itertools
from collections.abc import Callable, Mapping
from datetime import UTC, datetime
from typing import Any

import psycopg
import pyarrow as pa
import pytest
from psycopg import sql

from outfit_pairing.errors import SettingsError
from outfit_pairing.publishing.outfits import ShownProduct
from outfit_pairing.publishing.postgres_copy import copy_lines
from outfit_pairing.publishing.postgres_place import check_postgres
from outfit_pairing.publishing.postgres_tables import LAYOUT, METRICS, SHOWN_OUTFITS, SHOWN_PRODUCTS, WITHOUT_OUTFITS, prepare
from outfit_pairing.serving.feedback import FeedbackEvent, open_feedback
from outfit_pairing.serving.feedback_reading import feedback_counts, liked_outfits
from outfit_pairing.serving.feedback_report import feedback_report
from outfit_pairing.serving.postgres_store import PostgresStore
from outfit_pairing.serving.store import StoreNotReady
from outfit_pairing.settings import Settings
from outfit_pairing.storage.tables import ARROW_TYPES
from tests.postgres import PASSWORD, WRITER, Postgres

HOSTILE = ["o'; DROP TABLE products; --", 'say "no"', "back\\slash\ttab\nline", "👗 sari {0} %s $1 %(ids)s", "\\N", "{a,b}", "NULL"]
PLAIN = [f"p{number}" for number in range(6)]
WITHOUT = "free gift"
NIGHT = datetime(2026, 1, 2, 3, 4, 5, tzinfo=UTC)


@pytest.fixture
def shop(make_settings: Callable[..., Settings], postgres: Postgres) -> Settings:
    return make_settings(f"publish.postgres={postgres.url()}", "serve.feedback=postgres", "serve.poll_s=0.001")


def write(postgres: Postgres, side: str, number: int, mark: str) -> None:
    """A release on a side, shown: three outfits of each product but one, whose ids tell the release."""
    ids = [*PLAIN, *HOSTILE]
    with postgres.connect(WRITER) as connection:
        prepare(connection, "outfit_pairing")
        with connection.transaction():
            products = [
                {"product_id": one, "name": f"Shirt {one}", "article_type": "Shirts", "colour": "navy blue", "slot": "top",
                 "price": 12.0, "currency": "EUR", "in_stock": True, "attributes": {"fit": "slim"},
                 "words": f"{one} shirt {one} shirts navy blue".lower()}
                for one in [*ids, WITHOUT]
            ]  # fmt: skip
            copy(connection, SHOWN_PRODUCTS, side, products)
            items = [{"slot": "bottom", "product_id": one, "score": 0.5, "reasons": ["so"]} for one in PLAIN[:2]]
            outfits = [
                {"product_id": one, "rank": rank, "outfit_id": f"{mark}:{one}:{rank}", "source": "rule_based", "occasion": "work",
                 "score": 0.1 + rank / 7, "confidence": 1 / 3, "items": items, "updated_at": NIGHT}
                for one, rank in itertools.product(ids, (1, 2, 3))
            ]  # fmt: skip
            copy(connection, SHOWN_OUTFITS, side, outfits)
            copy(connection, WITHOUT_OUTFITS, side, [{"product_id": WITHOUT, "code": "free_item", "reason": "given away"}])
            release = [number, mark, NIGHT, len(ids), len(outfits), side]
            connection.execute(
                "UPDATE outfit_pairing.sides SET number = %s, run_id = %s, released_at = %s, products = %s, outfits = %s "
                "WHERE side = %s",
                release,
            )
            connection.execute("UPDATE outfit_pairing.sides SET shown = (side = %s)", [side])


def copy(connection: "psycopg.Connection[tuple]", table: Any, side: str, rows: list[dict[str, Any]]) -> None:
    """Rows as the kernel writes them, so that a real server reads its lines."""
    schema = pa.schema([(column.name, ARROW_TYPES[column.type]) for column in table.columns])
    lines = copy_lines(pa.RecordBatch.from_pylist(rows, schema=schema))
    into = sql.SQL("COPY outfit_pairing.{} FROM STDIN").format(sql.Identifier(table.on(side) if side else table.name))
    connection.execute(sql.SQL("DELETE FROM outfit_pairing.{}").format(sql.Identifier(table.on(side) if side else table.name)))
    with connection.cursor() as cursor, cursor.copy(into) as copying:
        copying.write(lines)


def asked(settings: Settings, *questions: Callable[[PostgresStore], Any]) -> list[Any]:
    """What a store answers, or the error that it raises."""

    async def ask() -> list[Any]:
        store = PostgresStore(settings)
        await store.open()
        answers = []
        for question in questions:
            try:
                answers.append(await question(store))
            except StoreNotReady as fault:
                answers.append(fault)
        await store.close()
        return answers

    return asyncio.run(ask())


def test_products_come_with_their_outfits(shop: Settings, postgres: Postgres) -> None:
    """Ids and names that hold anything; unknown ids are left out; a product without outfits says why; a change of stock shows."""
    write(postgres, "a", 1, "monday")
    with postgres.connect(WRITER) as connection:
        connection.execute("UPDATE outfit_pairing.products_a SET in_stock = false, price = 9.5 WHERE product_id = 'p0'")
    (found,) = asked(shop, lambda store: store.outfits_of([*HOSTILE, "p0", "unknown", "p0", WITHOUT, "nul\x00"]))
    assert list(found.products) == [*HOSTILE, "p0", WITHOUT]
    release = found.release
    assert (release.number, release.run_id, release.released_at, release.products, release.outfits) == (1, "monday", NIGHT, 13, 39)
    for one in HOSTILE:
        told = found.products[one]
        assert (told.product.name, told.product.price) == (f"Shirt {one}", 12.0)
        assert [outfit.outfit_id for outfit in told.outfits] == [f"monday:{one}:{rank}" for rank in (1, 2, 3)]
        assert (told.outfits[0].score, told.outfits[0].confidence) == (0.1 + 1 / 7, 1 / 3)
        first, second = told.outfits[0].items
        assert first.product == ShownProduct(
            "p0", "Shirt p0", None, "top", "Shirts", "navy blue", None, None, None, 9.5, "EUR", in_stock=False
        )
        assert (second.product.in_stock, second.slot, second.reasons) == (True, "bottom", ("so",))
    assert (found.products[WITHOUT].outfits, found.products[WITHOUT].without_outfits) == ((), "given away")


def test_products_are_found_by_words(shop: Settings, postgres: Postgres) -> None:
    """All words must be there, wherever; those with outfits come first, the very id before all; signs of SQL are letters."""
    write(postgres, "a", 1, "monday")

    def search(*arguments: Any) -> Callable[[PostgresStore], Any]:
        return lambda store: store.search(*arguments)

    every, page, exact, percent, none = asked(
        shop, search("SHIRT navy", 50), search("", 4, 10), search("p1", 10), search("%", 10), search("_ zebra", 10)
    )
    assert (every.total, len(every.products), every.products[-1].product_id) == (14, 14, WITHOUT)
    assert (page.total, len(page.products), page.products[-1].product_id) == (14, 4, WITHOUT)
    assert (exact.total, exact.products[0].product_id) == (1, "p1")
    assert [one.product_id for one in percent.products] == ["👗 sari {0} %s $1 %(ids)s"]
    assert (none.total, list(none.products)) == (0, [])


def test_quality_is_that_of_the_run_shown(shop: Settings, postgres: Postgres) -> None:
    """History ends with it."""
    write(postgres, "a", 2, "tuesday")
    runs = [("monday", 1), ("tuesday", 2), ("wednesday", 3)]
    rows = [
        {"run_id": run, "metric": "coverage", "value": 0.5, "passed": True, "updated_at": NIGHT.replace(day=day)}
        for run, day in runs
    ]
    with postgres.connect(WRITER) as connection:
        copy(connection, METRICS, "", rows)
    (found,) = asked(shop, lambda store: store.quality())
    assert [(one.run_id, one.metric, one.value, one.passed) for one in found.metrics] == [("tuesday", "coverage", 0.5, True)]
    assert [one.run_id for one in found.history] == ["monday", "tuesday"]


def test_a_switch_and_a_rollback_are_seen_at_once(shop: Settings, postgres: Postgres) -> None:
    """By the next answer of a store that is open, with statements that were prepared before."""
    write(postgres, "a", 1, "monday")

    async def read() -> list[str]:
        store = PostgresStore(shop)
        await store.open()
        seen = []

        async def look() -> None:
            found = await store.outfits_of(["p1"])
            seen.append(f"{found.release.run_id} {found.products['p1'].outfits[0].outfit_id}")

        for _ in range(7):
            await look()
        await asyncio.to_thread(write, postgres, "b", 2, "tuesday")
        await look()
        with postgres.connect(WRITER) as connection:
            connection.execute("UPDATE outfit_pairing.sides SET shown = NOT shown")
        await look()
        await asyncio.to_thread(write, postgres, "b", 3, "wednesday")
        await look()
        await store.close()
        return seen

    expected = ["monday"] * 7 + ["tuesday", "monday", "wednesday"]
    assert asyncio.run(read()) == [f"{run} {run}:p1:1" for run in expected]


def test_a_look_for_a_newer_release_counts_nothing_and_holds_nobody_up(shop: Settings, postgres: Postgres) -> None:
    """One statement, whoever asks meanwhile; rows are counted when a release is met for the first time."""
    write(postgres, "a", 1, "one")

    async def look() -> list[bytes]:
        store, asked = PostgresStore(shop), []
        rows_of = store.pool.rows

        async def told(statement: bytes, values: Mapping[str, Any] | None = None) -> list[tuple[Any, ...]]:
            asked.append(statement)
            return await rows_of(statement, values)

        store.pool.rows = told  # type: ignore[method-assign]
        await store.open()
        await store.release()
        asked.clear()
        await asyncio.sleep(0.01)
        store.poll_s = 0.005
        assert {one.number for one in await asyncio.gather(*(store.release() for _ in range(20)))} == {1}
        await store.close()
        return asked

    (statement,) = asyncio.run(look())
    assert b"count(" not in statement


def test_what_is_empty_or_half_there_is_not_served(shop: Settings, postgres: Postgres) -> None:
    """No schema, no release, a table that is gone, rows that are missing: each is said; whole again, it answers."""
    look = [lambda store: store.outfits_of(["p1"]), lambda store: store.release(), lambda store: store.search("", 5)]

    def refused(words: str) -> None:
        for answer in asked(shop, *look):
            assert isinstance(answer, StoreNotReady), answer
            assert words in str(answer)

    refused("no release was sent there")
    with postgres.connect(WRITER) as connection:
        prepare(connection, "outfit_pairing")
        refused("no release is shown there yet")
        write(postgres, "a", 1, "monday")
        connection.execute("DELETE FROM outfit_pairing.outfit_recommendations_a WHERE product_id = 'p5'")
        refused("36 of 39 outfits")
        write(postgres, "a", 1, "monday")
        assert [type(answer).__name__ for answer in asked(shop, *look)] == ["Found", "Release", "Hits"]
        connection.execute("ALTER TABLE outfit_pairing.products_a RENAME TO gone")
        refused("no release was sent there")


def test_a_reader_needs_to_read_and_no_more(shop: Settings, postgres: Postgres) -> None:
    """A role with the grants of docs/postgres.md serves and takes feedback; without them it is said."""
    write(postgres, "a", 1, "monday")
    publish = shop.publish.model_copy(update={"postgres": postgres.url("reader")})
    reader = shop.model_copy(update={"publish": publish})
    with postgres.connect() as owner:
        owner.execute("DROP ROLE IF EXISTS reader")
        owner.execute(sql.SQL("CREATE ROLE reader LOGIN PASSWORD {}").format(sql.Literal(PASSWORD)))
        owner.execute("GRANT CONNECT ON DATABASE shop TO reader")
        owner.execute("GRANT USAGE ON SCHEMA outfit_pairing TO reader")
    (answer,) = asked(reader, lambda store: store.release())
    assert "grant it SELECT" in str(answer)
    with postgres.connect() as owner:
        owner.execute("GRANT SELECT ON ALL TABLES IN SCHEMA outfit_pairing TO reader")
        owner.execute("GRANT INSERT ON outfit_pairing.feedback TO reader")
    (found,) = asked(reader, lambda store: store.outfits_of(["p1"]))
    assert len(found.products["p1"].outfits) == 3
    assert keep(reader, [event()]) is None
    with pytest.raises(SettingsError, match=r"reader may not write schema outfit_pairing.*GRANT USAGE, CREATE"):
        check_postgres(reader)
    with postgres.connect() as owner:
        owner.execute("DROP OWNED BY reader")


def test_it_answers_again_when_postgres_does(shop: Settings, postgres: Postgres) -> None:
    """Killed while it is read: said in one line, also for feedback; started again, the same store answers."""
    write(postgres, "a", 1, "monday")

    async def read() -> None:
        store, log = PostgresStore(shop), open_feedback(shop)
        await store.open()
        await log.open()
        await asyncio.gather(*(store.outfits_of(["p1"]) for _ in range(12)))
        await log.add([event(event_id="before")])
        await asyncio.to_thread(postgres.kill)
        for _ in range(2):
            with pytest.raises(StoreNotReady, match="cannot answer now"):
                await store.outfits_of(["p1"])
        with pytest.raises(StoreNotReady):
            await log.add([event(event_id="lost")])
        await asyncio.to_thread(postgres.start)
        found = await asyncio.gather(*(store.outfits_of(["p1"]) for _ in range(12)))
        assert {one.release.number for one in found} == {1}
        await log.add([event(event_id="after")])
        await store.close()
        await log.close()

    asyncio.run(read())
    (shown,) = feedback_counts(shop)
    assert (shown.event, shown.times) == ("shown", 2)


def test_a_restart_between_two_requests_is_not_noticed(shop: Settings, postgres: Postgres) -> None:
    """Connections that Postgres has ended are replaced, and the request is tried once more."""
    write(postgres, "a", 1, "monday")

    async def read() -> None:
        store = PostgresStore(shop)
        await store.open()
        await asyncio.gather(*(store.outfits_of(["p1"]) for _ in range(12)))
        await asyncio.to_thread(postgres.kill)
        await asyncio.to_thread(postgres.start)
        assert (await store.outfits_of(["p1"])).release.number == 1
        await store.close()

    asyncio.run(read())


def event(**changes: object) -> FeedbackEvent:
    plain = {"event": "shown", "product_id": "p1", "outfit_id": "monday:p1:1", "rank": 1, "source": "rule_based", "release": 1}
    return FeedbackEvent.model_validate({**plain, **changes})


def keep(settings: Settings, events: list[FeedbackEvent]) -> StoreNotReady | None:
    async def add() -> StoreNotReady | None:
        log = open_feedback(settings)
        await log.open()
        try:
            await log.add(events)
        except StoreNotReady as fault:
            return fault
        finally:
            await log.close()
        return None

    return asyncio.run(add())


def test_feedback_is_kept_once(shop: Settings, postgres: Postgres) -> None:
    """An event that is sent again counts once; before the first release there is no table, which is said."""
    fault = keep(shop, [event()])
    assert "no table feedback" in str(fault)
    write(postgres, "a", 1, "monday")
    assert (
        keep(shop, [event(event_id="1"), event(event_id="2", event="clicked", slot="bottom", item_product_id=HOSTILE[0])]) is None
    )
    assert (
        keep(shop, [event(event_id="2", event="clicked"), event(event_id="3", event="bought", outfit_id="gone", variant="o'x")])
        is None
    )
    found = feedback_report(feedback_counts(shop))
    assert (found.events, found.all.shown, found.all.clicked.count, found.all.bought.count) == (3, 1, 1, 1)
    assert liked_outfits(shop) == ([["p1", "p0", "p1"]], 1)


def test_tables_of_another_version_are_not_written(postgres: Postgres) -> None:
    """Said with a cure; a schema that holds somebody else's table `sides` as well."""
    with postgres.connect(WRITER) as connection:
        prepare(connection, "outfit_pairing")
        connection.execute("COMMENT ON TABLE outfit_pairing.sides IS 'outfit-pairing, layout 9'")
        with pytest.raises(SettingsError, match=rf"layout 9, this package writes {LAYOUT}.*publish.postgres_schema"):
            prepare(connection, "outfit_pairing")
