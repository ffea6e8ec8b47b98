"""What a run took: patterns asked for and had, requests, tokens and money for the model, seconds of its stages."""

from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from outfit_pairing.quality.metrics import Metric
from outfit_pairing.quality.past import tell_seconds
from outfit_pairing.storage.at_hand import by_time
from outfit_pairing.storage.store import TableStore
from outfit_pairing.storage.tables import ANCHOR_PRODUCTS, OUTFIT_PATTERNS, PATTERN_REQUESTS, QUALITY_METRICS, RELEASES, RUNS

if TYPE_CHECKING:
    from pyspark.sql import DataFrame

STYLE_GUIDE = "style_guide"  # the provider that asks nobody, and stands in where a model gave nothing usable


@dataclass(frozen=True, slots=True)
class Account:
    """What one run took.

    asked: patterns that were asked for.    good: of these, those that were had from whom they were asked of.
    requests, tokens: to the model in this run.    cost: money for them; None where no price is known.
    seconds: of each stage of the run that has ended.
    """

    anchors: int = 0
    asked: int = 0
    good: int = 0
    requests: int = 0
    tokens: int = 0
    cost: float | None = 0.0
    seconds: Mapping[str, float] = field(default_factory=dict)


def read_account(store: TableStore) -> Account:
    """What the run of the store's settings took so far, by the tables that are there."""
    anchors, good = _patterns(store)
    requests, tokens, cost = _requests(store)
    return Account(anchors, anchors * store.settings.patterns.per_anchor, good, requests, tokens, cost, seconds_of_stages(store))


def account_metrics(account: Account) -> list[Metric]:
    """An account in figures."""
    priced = "" if account.cost is not None else "llm.price_prompt and llm.price_completion are not set"
    of_patterns = f"{account.good:,} good of {account.asked:,} asked for {account.anchors:,} anchors"
    return [
        Metric(
            "pattern_yield",
            account.good / account.asked if account.asked else None,
            of_patterns if account.asked else "",
            "" if account.asked else "no patterns were asked for",
        ),
        Metric("patterns", account.good),
        Metric("model_requests", account.requests),
        Metric("model_tokens", account.tokens, "sent and received in this run"),
        Metric("model_cost", account.cost, priced or "in the currency of llm.price_prompt"),
        Metric(
            "run_seconds",
            sum(account.seconds.values()) if account.seconds else None,
            tell_seconds(account.seconds),
            "" if account.seconds else "no stage of this run is remembered",
        ),
    ]


def patterns_per_anchor(store: TableStore) -> "DataFrame":
    """(product_id, good): each anchor, with its patterns by whoever was asked; those of a stand-in do not count."""
    from pyspark.sql import functions as F

    anchors = store.read(ANCHOR_PRODUCTS).select("product_id")
    if not store.exists(OUTFIT_PATTERNS):
        return anchors.withColumn("good", F.lit(0))
    patterns = store.read(OUTFIT_PATTERNS)
    if store.settings.patterns.provider != STYLE_GUIDE:
        patterns = patterns.where(F.col("provider") != STYLE_GUIDE)
    counts = patterns.groupBy(F.col("anchor_product_id").alias("product_id")).agg(F.count("*").alias("good"))
    return anchors.join(counts, "product_id", "left").fillna(0, subset=["good"])


def own_requests(store: TableStore) -> "DataFrame":
    """Requests to a model that this run was the first to write down."""
    from pyspark.sql import functions as F

    own = (F.col("run_id") == store.settings.run_id) & (F.col("provider") != STYLE_GUIDE)
    tokens = F.coalesce("prompt_tokens", F.lit(0)) + F.coalesce("completion_tokens", F.lit(0))
    return store.read(PATTERN_REQUESTS).where(own).withColumn("tokens", tokens)


def seconds_of_stages(store: TableStore) -> dict[str, float]:
    """Seconds of each stage of the run before the check, in the order they ran; empty where none is remembered."""
    if not store.exists(RUNS):
        return {}
    rows = store.rows_of(RUNS, ("stage", "started_at", "seconds"), "run_id", [store.settings.run_id])
    before = (row for row in rows if row["stage"] not in {QUALITY_METRICS.stage, RELEASES.stage})
    return {row["stage"]: row["seconds"] or 0.0 for row in by_time(before, "started_at")}


def _patterns(store: TableStore) -> tuple[int, int]:
    """Anchors, and the patterns they have by whoever was asked, each anchor's counted up to what was asked for."""
    if not store.exists(ANCHOR_PRODUCTS):
        return 0, 0
    settings = store.settings.patterns
    rows = store.rows(OUTFIT_PATTERNS, ("anchor_product_id", "provider")) if store.exists(OUTFIT_PATTERNS) else []
    others = set() if settings.provider == STYLE_GUIDE else {None, STYLE_GUIDE}
    counts = Counter(row["anchor_product_id"] for row in rows if row["provider"] not in others)
    anchors = store.rows(ANCHOR_PRODUCTS, ("product_id",))
    return len(anchors), sum(min(counts[row["product_id"]], settings.per_anchor) for row in anchors)


def _requests(store: TableStore) -> tuple[int, int, float | None]:
    """Requests, tokens, money."""
    if not store.exists(PATTERN_REQUESTS):
        return 0, 0, 0.0
    columns = ("provider", "prompt_tokens", "completion_tokens", "cost")
    rows = store.rows_of(PATTERN_REQUESTS, columns, "run_id", [store.settings.run_id])
    asked = [row for row in rows if row["provider"] not in {STYLE_GUIDE, None}]
    tokens = sum((row["prompt_tokens"] or 0) + (row["completion_tokens"] or 0) for row in asked)
    costs = [row["cost"] for row in asked if row["cost"] is not None]
    return len(asked), tokens, sum(costs) if costs or not asked else None
