"""pair-by-rules: outfits by the style guide's templates, for every product that patterns and looks left with fewer than three."""

import hashlib
from typing import TYPE_CHECKING

import pyarrow as pa
import pyarrow.compute as pc

from outfit_pairing.pairing.catalogue import Catalogue, read_catalogue
from outfit_pairing.pairing.changes import Further, Touched, made_of, nothing_redone, touched
from outfit_pairing.pairing.codes import AUDIENCE_CODES
from outfit_pairing.pairing.ideas import Idea, Ideas, ItemQuery, gather
from outfit_pairing.pairing.needs import has_looks, other_needs, with_too_few
from outfit_pairing.pairing.parts import Parts, parts_of
from outfit_pairing.pairing.passes import recommend
from outfit_pairing.pairing.recommend import ByProductClass
from outfit_pairing.pairing.touched_by_driver import Ids, TouchedByDriver
from outfit_pairing.settings import Settings
from outfit_pairing.storage import StageReport, TableStore
from outfit_pairing.storage.made_of import past_of, remember, stands, versions_of
from outfit_pairing.storage.tables import PATTERN_RECOMMENDATIONS, PRODUCTS, RULE_RECOMMENDATIONS
from outfit_pairing.style import load_style_guide
from outfit_pairing.style.product import PRODUCT_COLUMNS, Product
from outfit_pairing.style.templates import Template, Vocabulary, compose

if TYPE_CHECKING:
    from pyspark.sql import SparkSession

TEMPLATES_PER_CLASS = 10
# Products alike in these get the same templates; colours are judged product by product, at assembly.
CLASS_COLUMNS = ("slot", "article_type", "audience", "usage", "department")


def run(spark: "SparkSession", settings: Settings) -> StageReport:
    """Write rule_recommendations for products with fewer than three outfits from patterns and looks.

    Raises: MissingTable: an earlier stage has not run.
    """
    store = TableStore(spark, settings)
    versions = versions_of(store, (PRODUCTS, PATTERN_RECOMMENDATIONS))
    needy = with_too_few(store)
    parts = parts_of(store, RULE_RECOMMENDATIONS, store.count(PRODUCTS))
    now = made_of(settings, parts)
    known = past_of(store, RULE_RECOMMENDATIONS, now)
    past = None if has_looks(store) else known  # changes of looks are not followed
    if past and stands(store, RULE_RECOMMENDATIONS, versions, past):
        counters = nothing_redone()
    else:
        redo = touched(store, RULE_RECOMMENDATIONS, past, lambda: Further(anew=other_needs(store, past))) if past else None
        try:
            wanted = _both(store, needy, redo) if redo else needy
            counters = nothing_redone() if redo and not redo.count else _pair(read_catalogue(spark, settings), wanted, redo, parts)
        finally:
            if redo:
                redo.close()
        remember(store, RULE_RECOMMENDATIONS, now, versions, past=known, changed=redo.changed if redo else 0)
    counters |= {"products_with_outfits": store.count_distinct(RULE_RECOMMENDATIONS, "product_id")}
    rows_in = needy.num_rows if isinstance(needy, pa.Table) else needy.count()
    return StageReport("pair-by-rules", rows_in=rows_in, rows_out=store.count(RULE_RECOMMENDATIONS), counters=counters)


def _both(store: TableStore, needy: Ids, redo: Touched | TouchedByDriver) -> Ids:
    """Those of the needy that a change touches."""
    if isinstance(redo, TouchedByDriver):
        ids = needy if isinstance(needy, pa.Table) else needy.toArrow()
        return ids.filter(pc.is_in(ids["product_id"], redo.product_id["product_id"].combine_chunks()))
    frame = store.spark.createDataFrame(needy, "product_id string") if isinstance(needy, pa.Table) else needy
    return frame.join(redo.product_id, "product_id", "left_semi")


def _pair(catalogue: Catalogue, wanted: Ids, redo: Touched | TouchedByDriver | None, parts: Parts) -> dict[str, int | float | str]:
    """Outfits for all needy products, or for those that a change touches. `wanted`: their ids."""
    classes = sorted(catalogue.distinct(CLASS_COLUMNS, wanted), key=str)
    ideas = _ideas(catalogue, classes)
    chooser = ByProductClass(CLASS_COLUMNS, {key: number for number, key in enumerate(classes)}, ideas.by_owner)
    written = recommend(
        catalogue, wanted, ideas, chooser, source="rule_based", owner_ids=[None] * len(classes), table=RULE_RECOMMENDATIONS,
        parts=parts, last_resort=True, redo=redo,
    )  # fmt: skip
    redone = {"products_redone": redo.count} if redo else {}
    return {"classes": len(classes), "templates": len(ideas.ideas), **redone, "rows_written": written.rows_written}


def _ideas(catalogue: Catalogue, classes: list[tuple[str | None, ...]]) -> Ideas:
    guide = load_style_guide()
    columns = ("audience", "slot", "article_type", "colour", "usage")
    vocabulary = Vocabulary.from_counts(catalogue.in_stock_by(columns), guide)
    ideas: list[Idea] = []
    for owner, key in enumerate(classes):
        of_class = dict(zip(CLASS_COLUMNS, key, strict=True))
        traits = catalogue.tables.trait_codes[tuple(of_class[name] for name in ("article_type", "slot", "usage", "department"))]
        product = Product.from_row(
            dict.fromkeys(PRODUCT_COLUMNS) | of_class | {"slot": of_class["slot"] or "other", "in_stock": True}
        )
        audience = AUDIENCE_CODES[of_class["audience"] or "unisex"]
        templates = compose(product, guide, vocabulary, TEMPLATES_PER_CLASS)
        ideas.extend(_idea(owner, template, audience, traits) for template in templates)
    return gather(ideas, len(classes))


def _idea(owner: int, template: Template, audience: int, traits: int) -> Idea:
    queries = tuple(ItemQuery(item.slot, item.article_types, item.colours, item.style, audience, traits) for item in template.items)
    described = "\x1f".join([template.name, *(f"{query.text} {query.colours}" for query in queries)])
    return Idea(
        owner=owner,
        pattern_id="template-" + hashlib.sha256(described.encode()).hexdigest()[:24],
        name=template.name,
        occasion=template.occasion,
        season=template.season,
        confidence=template.confidence,
        queries=queries,
        required=tuple(item.required for item in template.items),
    )
