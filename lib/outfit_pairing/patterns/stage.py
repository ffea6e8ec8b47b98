"""generate-patterns: outfit patterns for every anchor, and a row for every request that it took."""

import json
import logging
from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import asdict
from typing import TYPE_CHECKING, Any

import pyarrow as pa
import pyarrow.compute as pc

from outfit_pairing.patterns.model import fingerprint
from outfit_pairing.patterns.prompt import prompt_template
from outfit_pairing.patterns.provider import Answer, Answers, Provider, Writer
from outfit_pairing.patterns.style_guide import StyleGuideProvider
from outfit_pairing.settings import Settings
from outfit_pairing.storage import StageReport, TableStore
from outfit_pairing.storage.at_hand import as_arrow
from outfit_pairing.storage.tables import (
    ANCHOR_PRODUCTS,
    IMPORTED,
    OUTFIT_PATTERNS,
    PATTERN_RECOMMENDATIONS,
    PATTERN_REQUESTS,
    PRODUCTS,
)
from outfit_pairing.storage.tracking import register_prompt
from outfit_pairing.style import load_style_guide
from outfit_pairing.style.product import PRODUCT_COLUMNS, Product
from outfit_pairing.style.templates import Vocabulary

if TYPE_CHECKING:
    from pyspark.sql import DataFrame, SparkSession

    from outfit_pairing.patterns.model import Pattern

logger = logging.getLogger(__name__)

ENOUGH = 5  # patterns that an anchor should have
TOLD = 10  # anchors without patterns that are named in the log
VOCABULARY_COLUMNS = ("audience", "slot", "article_type", "colour", "usage")
WRITER_COLUMNS = ("provider", "model", "prompt_version")


def run(spark: "SparkSession", settings: Settings) -> StageReport:
    """Write outfit_patterns for all anchors that are still in the catalogue, and pattern_requests.

    Patterns of a product that is no anchor any more stay as long as an outfit follows one of them, imported ones anyway, but are
    lent no more; an anchor for which none could be had keeps those that it had. All that was had is written also when the asking
    was stopped.

    Raises: MissingTable: an earlier stage has not run.   ModelRefused, ModelDown, BudgetSpent, NoPatterns: after writing.
    """
    store = TableStore(spark, settings)
    provider, anchors, _ = open_questions(store)
    standing = standing_anchors(store, provider, anchors)
    asked = [anchor for anchor in anchors if anchor.product_id not in standing]
    if not isinstance(provider, StyleGuideProvider):
        register_prompt(settings, OUTFIT_PATTERNS.name, prompt_template(), provider.prompt_version)
    answers = provider.answer(asked, settings.patterns.per_anchor)
    _tell(answers.answers)
    written = _write(store, provider, answers, [anchor.product_id for anchor in anchors])
    counters = _counters(answers, standing) | {"anchors_kept": len(standing), "rows_written": written}
    if answers.stop is not None:
        answers.stop.figures = counters  # what it has cost so far
        raise answers.stop
    return StageReport(
        stage=OUTFIT_PATTERNS.stage,
        rows_in=len(anchors),
        rows_out=sum(len(answer.patterns) for answer in answers.answers) + sum(standing.values()),
        rows_rejected=sum(not answer.patterns for answer in answers.answers),
        counters=counters,
    )


def open_questions(store: TableStore) -> tuple[Provider, list[Product], Vocabulary]:
    """Who writes, the anchors to write for, and the catalogue's words.

    Raises: MissingTable: an earlier stage has not run.
    """
    held, chosen = store.at_hand(PRODUCTS, PRODUCT_COLUMNS), store.at_hand(ANCHOR_PRODUCTS, ("product_id", "rank"))
    if held is None or chosen is None:
        products = store.read(PRODUCTS)
        anchors, vocabulary = read_anchors(products, store.read(ANCHOR_PRODUCTS)), read_vocabulary(products)
    else:
        anchors, vocabulary = _anchors_by_driver(held, chosen), _vocabulary_by_driver(held)
    return open_provider(store.spark, store.settings, vocabulary), anchors, vocabulary


def _anchors_by_driver(products: pa.Table, anchors: pa.Table) -> list[Product]:
    rows = products.filter(pc.is_in(products["product_id"], anchors["product_id"].combine_chunks())).to_pylist()
    rank = dict(zip(anchors["product_id"].to_pylist(), anchors["rank"].to_pylist(), strict=True))
    return sorted(map(Product.from_row, rows), key=lambda one: (rank[one.product_id], one.product_id))


def _vocabulary_by_driver(products: pa.Table) -> Vocabulary:
    counts = products.filter(products["in_stock"]).group_by(list(VOCABULARY_COLUMNS)).aggregate([([], "count_all")]).to_pylist()
    rows = (tuple(row[name] for name in (*VOCABULARY_COLUMNS, "count_all")) for row in counts)
    return Vocabulary.from_counts(rows, load_style_guide())


def open_provider(spark: "SparkSession", settings: Settings, vocabulary: Vocabulary) -> Provider:
    """Who `patterns.provider` names."""
    if settings.patterns.provider == StyleGuideProvider.name:
        return StyleGuideProvider(load_style_guide(), vocabulary)
    from outfit_pairing.patterns.by_model import ModelProvider

    return ModelProvider(spark, settings, load_style_guide(), vocabulary)


def read_anchors(products: "DataFrame", anchors: "DataFrame") -> list[Product]:
    """The anchors that are still products, by rank."""
    rows = anchors.select("product_id", "rank").join(products.select(*PRODUCT_COLUMNS), "product_id")
    return [Product.from_row(row.asDict()) for row in rows.orderBy("rank", "product_id").collect()]


def read_vocabulary(products: "DataFrame") -> Vocabulary:
    """What can be asked for: counts of the products in stock."""
    counts = products.where("in_stock").groupBy(*VOCABULARY_COLUMNS).count().collect()
    return Vocabulary.from_counts((tuple(row) for row in counts), load_style_guide())


def _tell(answers: Sequence[Answer]) -> None:
    without = [answer for answer in answers if not answer.patterns]
    for answer in without[:TOLD]:
        logger.warning("anchor %s (%s): %s", answer.anchor.product_id, answer.anchor.name, answer.error)
    if without[TOLD:]:
        logger.warning("%s more anchors have no patterns; %s says why", len(without) - TOLD, PATTERN_REQUESTS.name)


def standing_anchors(store: TableStore, provider: Provider, anchors: Sequence[Product]) -> dict[str, int]:
    """Anchors that have ENOUGH patterns of this writer already and are what they were, and how many; none with `full`.

    The words of a catalogue shift from night to night; a model is not paid again for that.
    """
    if store.settings.full or not store.exists(OUTFIT_PATTERNS):
        return {}
    hashes = {anchor.product_id: anchor_hash(anchor, store.settings.patterns.per_anchor) for anchor in anchors}
    writer = (provider.name, provider.model, provider.prompt_version)
    rows = store.rows(OUTFIT_PATTERNS, ("anchor_product_id", "anchor_hash", *WRITER_COLUMNS))
    its = [row for row in rows if tuple(row[name] for name in WRITER_COLUMNS) == writer]
    counted = Counter((row["anchor_product_id"], row["anchor_hash"]) for row in its)
    return {one: count for (one, told), count in counted.items() if count >= ENOUGH and hashes.get(one) == told}


def anchor_hash(anchor: Product, count: int) -> str:
    """Equal as long as an anchor is the same to whoever writes for it; stock and price level are not told."""
    told = {name: value for name, value in asdict(anchor).items() if name not in {"in_stock", "price_tier"}}
    return fingerprint(json.dumps(told, sort_keys=True), count)


def _write(store: TableStore, provider: Provider, answers: Answers, anchors: Sequence[str]) -> int:
    """Rows written to both tables."""
    rows = [
        row
        for answer in answers.answers
        for row in pattern_rows(
            answer.anchor.product_id,
            answer.patterns,
            answer.writer or provider,
            anchor_hash(answer.anchor, store.settings.patterns.per_anchor),
        )
    ]
    patterns = as_arrow(OUTFIT_PATTERNS, rows)
    if store.exists(OUTFIT_PATTERNS):
        patterns = pa.concat_tables([patterns, _kept(store, patterns, anchors)])
    requests = {(row[0], row[1]): row for answer in answers.answers for row in _request_rows(provider, answer)}
    written = store.merge(OUTFIT_PATTERNS, patterns, delete_missing=True)
    journal = store.merge(PATTERN_REQUESTS, as_arrow(PATTERN_REQUESTS, list(requests.values())))
    return written.rows_written + journal.rows_written


def _kept(store: TableStore, written: pa.Table, anchors: Sequence[str]) -> pa.Table:
    """Rows of earlier runs that stay: imported ones, those of anchors for which none were written now, and those of what is no
    anchor any more, whole, as long as an outfit follows one of them. They are few, as anchors are.
    """
    rows = store.held(OUTFIT_PATTERNS, OUTFIT_PATTERNS.arrow_schema.names)
    imported = pc.equal(rows["provider"], IMPORTED)
    former = set(rows.filter(pc.invert(imported))["anchor_product_id"].to_pylist()) - set(anchors)
    if store.settings.full:
        former = set()
    elif set(written["pattern_id"].to_pylist()) - set(rows["pattern_id"].to_pylist()):
        former = _followed(store, sorted(former))  # only then: a run after which nothing is new has nothing to write
    stand = sorted({*anchors, *former} - set(written["anchor_product_id"].to_pylist()))
    return rows.filter(pc.or_kleene(imported, pc.is_in(rows["anchor_product_id"], pa.array(stand, pa.string()))))


def _followed(store: TableStore, anchors: Sequence[str]) -> set[str]:
    """Those of the anchors whose patterns some outfit follows."""
    if not anchors or not store.exists(PATTERN_RECOMMENDATIONS):
        return set()
    held = store.at_hand(PATTERN_RECOMMENDATIONS, ("anchor_product_id",), "anchor_product_id", anchors)
    if held is None:
        outfits = store.read(PATTERN_RECOMMENDATIONS)
        held = outfits.where(outfits["anchor_product_id"].isin(list(anchors))).select("anchor_product_id").distinct().toArrow()
    return set(held["anchor_product_id"].combine_chunks().unique().to_pylist())


def pattern_rows(
    anchor_id: str, patterns: "Sequence[Pattern]", writer: Writer, written_for: str | None = None
) -> list[tuple[Any, ...]]:
    """Rows of OUTFIT_PATTERNS, in the order of its columns."""
    return [
        (
            pattern.pattern_id(anchor_id, writer.prompt_version),
            anchor_id,
            pattern.name,
            pattern.description,
            pattern.occasion,
            pattern.season,
            [(item.slot, list(item.article_types), list(item.colours), item.style, item.required) for item in pattern.items],
            pattern.confidence,
            writer.name,
            writer.model,
            writer.prompt_version,
            written_for,
        )
        for pattern in patterns
    ]


def _request_rows(provider: Provider, answer: Answer) -> list[tuple[Any, ...]]:
    """Rows of PATTERN_REQUESTS, in the order of its columns."""
    return [
        (
            answer.request_hash,
            one.number,
            answer.anchor.product_id,
            provider.name,
            provider.model,
            provider.prompt_version,
            one.status,
            one.http_status,
            one.error,
            one.raw_reply,
            one.prompt_tokens,
            one.completion_tokens,
            one.cost,
            one.seconds,
        )
        for one in answer.attempts
    ]


def _counters(answers: Answers, standing: Mapping[str, int]) -> dict[str, int | float | str]:
    counts = [*(len(answer.patterns) for answer in answers.answers), *standing.values()]
    return {
        "anchors": len(counts),
        "patterns": sum(counts),
        "patterns_per_anchor_min": min(counts, default=0),
        "patterns_per_anchor_max": max(counts, default=0),
        "anchors_below_5": sum(count < ENOUGH for count in counts),
        **answers.counters,
    }
