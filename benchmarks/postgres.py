"""What Postgres costs: sending a release whole, sending a change, switching under readers, reading.

    python -m benchmarks.postgres WAREHOUSE [--changed 0.01] [--seconds 5]

WAREHOUSE holds a released result and is written to: give a copy. Starts a Postgres of its own, with fsync off.
"""

import argparse
import asyncio
import os
import random
import tempfile
import threading
import time
from pathlib import Path
from typing import TYPE_CHECKING, Any

from tests.postgres import PASSWORD, Postgres, binaries

from outfit_pairing.publishing.figures import published_figures
from outfit_pairing.publishing.postgres import follow_release
from outfit_pairing.serving.postgres_store import PostgresStore
from outfit_pairing.settings import Settings, load_settings
from outfit_pairing.storage import TableStore
from outfit_pairing.storage.session import open_session
from outfit_pairing.storage.tables import OUTFIT_RECOMMENDATIONS, RELEASES

if TYPE_CHECKING:
    from pyspark.sql import SparkSession

CLIENTS = 8


def main() -> None:
    """Start a server, measure, stop it."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("warehouse", type=Path)
    parser.add_argument("--changed", type=float, default=0.01)
    parser.add_argument("--seconds", type=float, default=5.0)
    flags = parser.parse_args()
    found = binaries()
    assert found, "no Postgres found"
    os.environ["PGPASSWORD"] = PASSWORD
    with tempfile.TemporaryDirectory() as folder:
        server = Postgres(Path(folder) / "data", found)
        server.create()
        server.start()
        try:
            server.new_database()
            overrides = [f"storage.warehouse={flags.warehouse}", f"publish.postgres={server.url()}"]
            measure(load_settings(overrides=overrides, environment={}), flags.changed, flags.seconds)
        finally:
            server.kill()


def measure(settings: Settings, share: float, seconds: float) -> None:
    """Print a line for each figure."""
    spark = open_session(settings)
    store = TableStore(spark, settings)
    published_figures(store)  # the session's first query
    print(f"all rows, first time:      {sent(spark, settings)}")
    full = settings.model_copy(update={"full": True})
    print(f"all rows, over former:     {sent(spark, full)}")
    ids = [row["product_id"] for row in store.read(OUTFIT_RECOMMENDATIONS).select("product_id").distinct().collect()]
    change(spark, settings, random.Random(1).sample(ids, int(share * len(ids))), "a")
    print(f"{100 * share:g} % changed, to a copy: {sent(spark, settings)}")
    change(spark, settings, random.Random(2).sample(ids, int(share * len(ids))), "b")
    print(f"{100 * share:g} % changed, again:     {sent(spark, settings)}")
    print(f"reads of one client:       {asyncio.run(alone(settings, ids, seconds))}")
    change(spark, settings, ids, "c")
    print(f"switch under {CLIENTS} clients:    {under_readers(spark, settings, ids)}")


def sent(spark: "SparkSession", settings: Settings) -> str:
    """Send what is released: seconds, counting it included, and what the send says."""
    store = TableStore(spark, settings)
    started = time.perf_counter()
    told = follow_release(store, published_figures(store))
    return f"{time.perf_counter() - started:6.1f} s  {told}"


def change(spark: "SparkSession", settings: Settings, ids: list[str], mark: str) -> None:
    """Other outfits for these products, released."""
    store = TableStore(spark, settings)
    some = spark.createDataFrame([(one,) for one in ids], "product_id string")
    names = OUTFIT_RECOMMENDATIONS.schema.names
    columns = [f"concat('{mark}', outfit_id) AS outfit_id" if name == "outfit_id" else name for name in names]
    rows = store.read(OUTFIT_RECOMMENDATIONS).join(some, "product_id").selectExpr(*columns)
    store.merge(OUTFIT_RECOMMENDATIONS, rows)
    figures, number = published_figures(store), store.read(RELEASES).count() + 1
    row = (number, mark, store.version(OUTFIT_RECOMMENDATIONS), "checked", figures.products, figures.outfits, None)
    store.append(RELEASES, spark.createDataFrame([row], RELEASES.schema))


async def alone(settings: Settings, ids: list[str], seconds: float) -> str:
    """Reads per second, one after the other, with the processor time of this process."""
    store, draw = PostgresStore(settings), random.Random(3)
    await store.open()
    for _ in range(200):
        await store.outfits_of([draw.choice(ids)])
    reads, ends, started, used = 0, time.perf_counter() + seconds, time.perf_counter(), time.process_time()
    while time.perf_counter() < ends:
        await store.outfits_of([draw.choice(ids)])
        reads += 1
    used, lasted = time.process_time() - used, time.perf_counter() - started
    await store.close()
    return (
        f"{reads / lasted:,.0f} per second; {1000 * used / reads:.2f} ms of this process each, {reads / used:,.0f} per second of it"
    )


def under_readers(spark: "SparkSession", settings: Settings, ids: list[str]) -> str:
    """Send everything while clients read; an answer is mixed when its outfits are not those of its release."""
    ended, counts = threading.Event(), {"reads": 0, "failed": 0, "mixed": 0, "before": 0, "after": 0, "slowest_ms": 0.0}

    async def client(store: PostgresStore, seed: int) -> None:
        draw = random.Random(seed)
        while not ended.is_set():
            started = time.perf_counter()
            try:
                found = await store.outfits_of(draw.sample(ids, 2))
            except Exception as fault:  # counted, and the first is shown
                counts["failed"] += 1
                print(fault)
                continue
            counts["slowest_ms"] = max(counts["slowest_ms"], 1000 * (time.perf_counter() - started))
            new = {
                one.outfit_id.startswith("c") and len(one.outfit_id) > 64
                for each in found.products.values()
                for one in each.outfits
            }
            shown = found.release.run_id == "c"
            counts["mixed"] += new != {shown}
            counts["after" if shown else "before"] += 1
            counts["reads"] += 1

    async def read() -> None:
        store = PostgresStore(settings)
        await store.open()
        await asyncio.gather(*(client(store, seed) for seed in range(CLIENTS)))
        await store.close()

    thread = threading.Thread(target=lambda: asyncio.run(read()))
    thread.start()
    told: Any = sent(spark, settings)
    time.sleep(1)
    ended.set()
    thread.join()
    return f"{told} {counts}"


if __name__ == "__main__":
    main()
