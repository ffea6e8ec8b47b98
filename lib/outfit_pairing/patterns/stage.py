"""generate-patterns: outfit patterns for every anchor, and a journal of the requests for them."""

import logging
from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

from outfit_pairing.patterns.provider import Answer, Provider, ask, request_hash
from outfit_pairing.patterns.style_guide import StyleGuideProvider
from outfit_pairing.settings import Settings
from outfit_pairing.storage import StageReport, TableStore
from outfit_pairing.storage.tables import ANCHOR_PRODUCTS, OUTFIT_PATTERNS, PATTERN_REQUESTS, PRODUCTS
from outfit_pairing.style import load_style_guide
from outfit_pairing.style.product import PRODUCT_COLUMNS, Product
from outfit_pairing.style.templates import Vocabulary

if TYPE_CHECKING:
    from pyspark.sql import DataFrame, SparkSession

logger = logging.getLogger(__name__)

ENOUGH = 5  # patterns that an anchor should have
EVERY = 50  # anchors between two lines of progress
VOCABULARY_COLUMNS = ("audience", "slot", "article_type", "colour", "usage")


def run(spark: "SparkSession", settings: Settings) -> StageReport:
    """Write outfit_patterns for all anchors that are still in the catalogue, and pattern_requests.

    Patterns of products that are no anchors any more are deleted; the journal keeps its rows.
    Raises: MissingTable: an earlier stage has not run.
    """
    store = TableStore(spark, settings)
    products = store.read(PRODUCTS)
    anchors = _anchors(products, store.read(ANCHOR_PRODUCTS))
    provider = StyleGuideProvider(load_style_guide(), _vocabulary(products))
    answers = _answers(provider, anchors, settings.patterns.per_anchor)
    patterns = [row for answer in answers for row in _pattern_rows(provider, answer)]
    requests = [_request_row(provider, answer) for answer in answers]
    written = store.merge(OUTFIT_PATTERNS, spark.createDataFrame(patterns, OUTFIT_PATTERNS.schema), delete_missing=True)
    journal = store.merge(PATTERN_REQUESTS, spark.createDataFrame(requests, PATTERN_REQUESTS.schema))
    return StageReport(
        stage=OUTFIT_PATTERNS.stage,
        rows_in=len(anchors),
        rows_out=len(patterns),
        rows_rejected=sum(answer.status != "ok" for answer in answers),
        counters=_counters(answers) | {"rows_written": written.rows_written + journal.rows_written},
    )


def _anchors(products: "DataFrame", anchors: "DataFrame") -> list[Product]:
    rows = anchors.select("product_id", "rank").join(products.select(*PRODUCT_COLUMNS), "product_id")
    return [Product.from_row(row.asDict()) for row in rows.orderBy("rank", "product_id").collect()]


def _vocabulary(products: "DataFrame") -> Vocabulary:
    """What can be asked for: counts of the products in stock."""
    counts = products.where("in_stock").groupBy(*VOCABULARY_COLUMNS).count().collect()
    return Vocabulary.from_counts((tuple(row) for row in counts), load_style_guide())


def _answers(provider: Provider, anchors: Sequence[Product], count: int) -> list[Answer]:
    answers = []
    for number, anchor in enumerate(anchors, 1):
        answers.append(ask(provider, anchor, count))
        if answers[-1].status != "ok":
            logger.warning("anchor %s (%s): %s", anchor.product_id, anchor.name, answers[-1].error)
        if number % EVERY == 0 or number == len(anchors):
            logger.info("patterns for %s of %s anchors", number, len(anchors))
    return answers


def _pattern_rows(provider: Provider, answer: Answer) -> list[tuple[Any, ...]]:
    """Rows of OUTFIT_PATTERNS, in the order of its columns."""
    anchor_id = answer.request.anchor.product_id
    return [
        (
            pattern.pattern_id(anchor_id, provider.prompt_version),
            anchor_id,
            pattern.name,
            pattern.description,
            pattern.occasion,
            pattern.season,
            [(item.slot, list(item.article_types), list(item.colours), item.style, item.required) for item in pattern.items],
            pattern.confidence,
            provider.name,
            provider.model,
            provider.prompt_version,
        )
        for pattern in answer.patterns
    ]


def _request_row(provider: Provider, answer: Answer) -> tuple[Any, ...]:
    """A row of PATTERN_REQUESTS, in the order of its columns."""
    reply = answer.reply
    return (
        request_hash(provider, answer.request),
        1,
        answer.request.anchor.product_id,
        provider.name,
        provider.model,
        provider.prompt_version,
        answer.status,
        reply.http_status,
        answer.error,
        reply.text,
        reply.prompt_tokens,
        reply.completion_tokens,
        reply.cost,
        reply.seconds,
    )


def _counters(answers: Sequence[Answer]) -> dict[str, int | float | str]:
    counts = [len(answer.patterns) for answer in answers]
    return {
        "anchors": len(counts),
        "patterns": sum(counts),
        "patterns_per_anchor_min": min(counts, default=0),
        "patterns_per_anchor_max": max(counts, default=0),
        "anchors_below_5": sum(count < ENOUGH for count in counts),
    }
