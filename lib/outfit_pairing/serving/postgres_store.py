"""Released outfits out of Postgres, as `publish.postgres` has sent them: one statement for each answer, hence one release."""

import asyncio
import json
import time
from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Any

from outfit_pairing.publishing.outfits import SHOWN, Outfit, OutfitItem, ProductOutfits, ShownProduct
from outfit_pairing.publishing.postgres_tables import METRICS, SHOWN_OUTFITS, SHOWN_PRODUCTS, SIDES, WITHOUT_OUTFITS
from outfit_pairing.serving.postgres_pool import Pool
from outfit_pairing.serving.store import Found, Hits, Metric, Quality, Release, StoreNotReady
from outfit_pairing.settings import Settings

OUTFIT_COLUMNS = (
    "product_id",
    "rank",
    "outfit_id",
    "source",
    "occasion",
    "pattern_name",
    "anchor_product_id",
    "score",
    "confidence",
)
METRIC_COLUMNS = "run_id, metric, value, threshold, passed, detail, updated_at"
PRICE = 1 + SHOWN.index("price")
TRIES = 3  # of a read that meets a switch: the next one asks the other side

# One row: the release that is shown with its side, then what was asked for of side {side}. Whoever gets another side asks that.
RELEASE = "(SELECT json_build_array(side, number, run_id, released_at, products, outfits) FROM {schema}.sides WHERE shown)"
OUTFITS = f"""
WITH offered AS MATERIALIZED (
  SELECT {", ".join(OUTFIT_COLUMNS)}, items FROM {{schema}}.{{outfits}} WHERE product_id = ANY(%(ids)s)
)
SELECT {RELEASE}::text,
  (SELECT json_agg(json_build_array({", ".join(f"o.{name}" for name in OUTFIT_COLUMNS)}, o.items)) FROM offered o)::text,
  (SELECT json_agg(json_build_array({", ".join(f"p.{name}" for name in ("product_id", *SHOWN))}))
   FROM {{schema}}.{{products}} p WHERE product_id = ANY(%(ids)s::text[] || ARRAY(
     SELECT i.item->>'product_id' FROM offered CROSS JOIN LATERAL jsonb_array_elements(items) AS i(item))))::text,
  (SELECT json_object_agg(product_id, reason) FROM {{schema}}.{{without}} WHERE product_id = ANY(%(ids)s))::text
"""
SEARCH = f"""
WITH hits AS MATERIALIZED (
  SELECT product_id FROM {{schema}}.{{products}} WHERE {{holds}}
), page AS (
  SELECT h.product_id, w.product_id IS NULL AS offered FROM hits h LEFT JOIN {{schema}}.{{without}} w USING (product_id)
  ORDER BY w.product_id IS NULL DESC, (h.product_id = %(exact)s) DESC, h.product_id LIMIT %(limit)s OFFSET %(offset)s
)
SELECT {RELEASE}::text, (SELECT count(*) FROM hits),
  (SELECT json_agg(json_build_array({", ".join(f"p.{name}" for name in ("product_id", *SHOWN))})
     ORDER BY page.offered DESC, (p.product_id = %(exact)s) DESC, p.product_id)
   FROM page JOIN {{schema}}.{{products}} p USING (product_id))::text
"""
QUALITY = f"""
SELECT {RELEASE}::text, (SELECT json_agg(json_build_array({METRIC_COLUMNS}) ORDER BY updated_at, run_id, metric)
  FROM {{schema}}.{{metrics}})::text
"""
# counts nothing, but meets tables that are gone and rights that were taken
LATEST = f"""
SELECT {RELEASE}::text, EXISTS (SELECT FROM {{schema}}.{{outfits}}), EXISTS (SELECT FROM {{schema}}.{{products}})
"""
WHOLE = f"""
SELECT {RELEASE}::text, (SELECT count(*) FROM {{schema}}.{{outfits}}), (SELECT count(*) FROM {{schema}}.{{products}})
"""


class PostgresStore:
    """Reads what `release` has sent. Everything is read when it is asked for, so that a change of stock shows at once.

    Raises:  SettingsError: publish.postgres is unset or cannot be used, or psycopg is not installed.
    """

    def __init__(self, settings: Settings) -> None:
        self.pool = Pool(settings)
        self.schema, self.poll_s = settings.publish.postgres_schema, settings.serve.poll_s
        self.side = SIDES[0]
        self._last: tuple[Release, float] | None = None  # what was read last, and when
        self._whole: set[tuple[str, Release]] = set()  # sides that were counted
        self._counting = asyncio.Lock()
        self._statements: dict[tuple[str, str, int], bytes] = {}

    async def open(self) -> None:
        """Start to connect."""
        await self.pool.open()

    async def close(self) -> None:
        """End all connections."""
        await self.pool.close()

    async def release(self) -> Release:
        """As every answer tells, asked for anew after `serve.poll_s`; who comes meanwhile goes on with what was read last."""
        former = self._last
        if former and time.monotonic() - former[1] <= self.poll_s:
            return former[0]
        coming = self._last = (former[0], time.monotonic()) if former else None
        try:
            return (await self._ask(LATEST, {}))[0]
        except BaseException:
            if self._last is coming:  # nobody has read a newer one meanwhile
                self._last = former
            raise

    async def outfits_of(self, product_ids: Sequence[str]) -> Found:
        """Products with outfits; two or three look-ups by key per product, in one round trip."""
        asked = [one for one in dict.fromkeys(product_ids) if "\x00" not in one]
        release, (offered, products, without) = await self._ask(OUTFITS, {"ids": asked})
        shown = {row[0]: _product(row) for row in _read(products)}
        outfits: dict[str, list[Outfit]] = {}
        for row in sorted(_read(offered), key=lambda one: one[1]):
            outfits.setdefault(row[0], []).append(_outfit(row, shown))
        reasons = json.loads(without) if without else {}
        found = {
            one: ProductOutfits(shown[one], tuple(outfits.get(one, ())), None if one in outfits else reasons.get(one))
            for one in asked
            if one in shown
        }
        return Found(release, found)

    async def search(self, query: str, limit: int, offset: int = 0) -> Hits:
        """Reads the words of all products: some hundredths of a second for 44,000."""
        words = query.lower().replace("\x00", " ").split()
        values = {"exact": query.strip().replace("\x00", ""), "limit": limit, "offset": offset}
        values |= {f"word{place}": word for place, word in enumerate(words)}
        release, (total, products) = await self._ask(SEARCH, values, len(words))
        return Hits(release, [_product(row) for row in _read(products)], total)

    async def quality(self) -> Quality:
        """Metrics of the run that is shown, and of the runs measured up to it."""
        release, (rows,) = await self._ask(QUALITY, {})
        metrics = [_metric(row) for row in _read(rows)]
        shown = [one for one in metrics if one.run_id == release.run_id]
        until = max((one.updated_at for one in shown), default=None)
        return Quality(release, shown, [one for one in metrics if until is None or one.updated_at <= until])

    async def _ask(self, statement: str, values: Mapping[str, Any], words: int = 0) -> tuple[Release, Sequence[Any]]:
        """The release that is shown, and what the statement finds in its side.

        Raises:  StoreNotReady: no release is shown, tables are missing, or not all of its rows are there.
        """
        for _ in range(TRIES):
            side = self.side
            rows = await self._rows(statement, side, words, values)
            if rows[0][0] is None:
                raise self._not_ready("no release is shown there yet")
            self.side, *told = json.loads(rows[0][0])
            if self.side == side:
                release = Release(told[0], told[1], datetime.fromisoformat(told[2]), told[3], told[4])
                if (side, release) not in self._whole:
                    await self._check_whole(side, release)
                self._last = release, time.monotonic()
                return release, rows[0][1:]
        raise self._not_ready("its releases change faster than they can be read")

    async def _rows(
        self, statement: str, side: str, words: int = 0, values: Mapping[str, Any] | None = None
    ) -> Sequence[tuple[Any, ...]]:
        """What the statement finds in the side.    Raises:  StoreNotReady: as `_ask`."""
        import psycopg

        try:
            return await self.pool.rows(self._statement(statement, side, words), values)
        except (psycopg.errors.UndefinedTable, psycopg.errors.InvalidSchemaName, psycopg.errors.UndefinedColumn):
            raise self._not_ready("no release was sent there; run `outfit-pairing release` with publish.postgres") from None
        except psycopg.errors.InsufficientPrivilege:
            raise self._not_ready("the role may not read its tables; grant it SELECT (docs/postgres.md)") from None

    async def _check_whole(self, side: str, release: Release) -> None:
        """Count a release the first time it is met: a dump that was restored in part is not served."""
        async with self._counting:
            if (side, release) in self._whole:
                return
            told, outfits, products = (await self._rows(WHOLE, side))[0]
            if json.loads(told)[:2] != [side, release.number]:
                return  # switched meanwhile: the next answer is of that release, and counted then
            if outfits != release.outfits or products < release.products:
                raise self._not_ready(f"release {release.number} is not all there: {outfits:,} of {release.outfits:,} outfits")
            self._whole = {(side, release)}

    def _not_ready(self, why: str) -> StoreNotReady:
        self._last = None
        return self.pool.not_ready(why)

    def _statement(self, text: str, side: str, words: int) -> bytes:
        key = text, side, words
        if key not in self._statements:
            from psycopg import sql

            names = {"outfits": SHOWN_OUTFITS.on(side), "products": SHOWN_PRODUCTS.on(side), "without": WITHOUT_OUTFITS.on(side)}
            places = {name: sql.Identifier(one) for name, one in {**names, "metrics": METRICS.name, "schema": self.schema}.items()}
            holds = [sql.SQL("strpos(words, {}) > 0").format(sql.Placeholder(f"word{place}")) for place in range(words)]
            condition = sql.SQL(" AND ").join(holds) if holds else sql.SQL("true")
            self._statements[key] = sql.SQL(text).format(**places, holds=condition).as_bytes(None)
        return self._statements[key]


def _read(text: str | None) -> list[list[Any]]:
    return json.loads(text) if text else []


def _outfit(row: Sequence[Any], shown: Mapping[str, ShownProduct]) -> Outfit:
    items = tuple(
        OutfitItem(
            item["slot"],
            shown.get(item["product_id"]) or _unknown(item["product_id"]),
            item.get("score"),
            tuple(item.get("reasons") or ()),
        )
        for item in row[-1]
    )
    rank, outfit_id, source, occasion, pattern_name, anchor, score, confidence = row[1:-1]
    return Outfit(rank, outfit_id, source, occasion, pattern_name, anchor, score, confidence, items)


def _product(row: list[Any]) -> ShownProduct:
    if row[PRICE] is not None:
        row[PRICE] = float(row[PRICE])  # a whole number in JSON
    return ShownProduct(*row)


def _metric(row: Sequence[Any]) -> Metric:
    run_id, metric, value, threshold, passed, detail, updated_at = row
    return Metric(run_id, metric, value, threshold, passed, detail, datetime.fromisoformat(updated_at))


def _unknown(product_id: str) -> ShownProduct:
    """An item that the catalogue has no more."""
    return ShownProduct(product_id, *(None for _ in SHOWN))
