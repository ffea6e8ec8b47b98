"""pair-by-rules: outfits by the style guide's templates, for every product that patterns and looks left with fewer than three."""

import hashlib
from typing import TYPE_CHECKING

from outfit_pairing.pairing.assembly import LEAST_OUTFITS
from outfit_pairing.pairing.catalogue import Catalogue, read_catalogue
from outfit_pairing.pairing.changes import Touched, made_of, nothing_redone, touched
from outfit_pairing.pairing.codes import AUDIENCE_CODES
from outfit_pairing.pairing.enough import WithEnough
from outfit_pairing.pairing.ideas import Idea, Ideas, ItemQuery, gather
from outfit_pairing.pairing.parts import Parts, parts_of
from outfit_pairing.pairing.passes import recommend
from outfit_pairing.pairing.recommend import ByProductClass
from outfit_pairing.settings import Settings
from outfit_pairing.storage import StageReport, TableStore
from outfit_pairing.storage.made_of import Past, past_of, remember, stands, versions_of
from outfit_pairing.storage.tables import LOOKBOOK_RECOMMENDATIONS, PATTERN_RECOMMENDATIONS, PRODUCTS, RULE_RECOMMENDATIONS
from outfit_pairing.style import load_style_guide
from outfit_pairing.style.product import PRODUCT_COLUMNS, Product
from outfit_pairing.style.templates import Template, Vocabulary, compose

if TYPE_CHECKING:
    from pyspark.sql import DataFrame, SparkSession

TEMPLATES_PER_CLASS = 10
# Products alike in these get the same templates; colours are judged product by product, at assembly.
CLASS_COLUMNS = ("slot", "article_type", "audience", "usage", "department")


def run(spark: "SparkSession", settings: Settings) -> StageReport:
    """Write rule_recommendations for products with fewer than three outfits from patterns and looks.

    Raises: MissingTable: an earlier stage has not run.
    """
    store = TableStore(spark, settings)
    needy = _with_too_few(store)
    versions = versions_of(store, (PRODUCTS, PATTERN_RECOMMENDATIONS))
    parts = parts_of(store, RULE_RECOMMENDATIONS, store.read(PRODUCTS).count())
    now = made_of(settings, parts)
    known = past_of(store, RULE_RECOMMENDATIONS, now)
    past = None if _has_looks(store) else known  # changes of looks are not followed
    if past and stands(store, RULE_RECOMMENDATIONS, versions, past):
        counters = nothing_redone()
    else:
        redo = touched(store, RULE_RECOMMENDATIONS, past, lambda: _other_needs(store, past)) if past else None
        wanted = needy.join(redo.product_id, "product_id", "left_semi") if redo else needy
        counters = nothing_redone() if redo and not redo.count else _pair(read_catalogue(spark, settings), wanted, redo, parts)
        if redo:
            redo.close()
        remember(store, RULE_RECOMMENDATIONS, now, versions, past=known, changed=redo.changed if redo else 0)
    result = store.read(RULE_RECOMMENDATIONS)
    counters |= {"products_with_outfits": result.select("product_id").distinct().count()}
    return StageReport("pair-by-rules", rows_in=needy.count(), rows_out=result.count(), counters=counters)


def _pair(catalogue: Catalogue, wanted: "DataFrame", redo: Touched | None, parts: Parts) -> dict[str, int | float | str]:
    """Outfits for all needy products, or for those that a change touches. `wanted`: their ids."""
    needy = catalogue.products.join(wanted, "product_id", "left_semi")
    classes = sorted((tuple(row) for row in needy.select(*CLASS_COLUMNS).distinct().collect()), key=str)
    ideas = _ideas(catalogue, classes)
    chooser = ByProductClass(CLASS_COLUMNS, {key: number for number, key in enumerate(classes)}, ideas.by_owner)
    written = recommend(
        catalogue, wanted, ideas, chooser, source="rule_based", owner_ids=[None] * len(classes), table=RULE_RECOMMENDATIONS,
        parts=parts, last_resort=True, redo=redo,
    )  # fmt: skip
    redone = {"products_redone": redo.count} if redo else {}
    return {"classes": len(classes), "templates": len(ideas.ideas), **redone, "rows_written": written.rows_written}


def _has_looks(store: TableStore) -> bool:
    return store.exists(LOOKBOOK_RECOMMENDATIONS) and not store.read(LOOKBOOK_RECOMMENDATIONS).isEmpty()


def _other_needs(store: TableStore, past: Past) -> "list[DataFrame]":
    """Products that patterns reached then and do not now, and the other way round."""
    version = past.versions[PATTERN_RECOMMENDATIONS.name]
    before, now = _enough(store.read_version(PATTERN_RECOMMENDATIONS, version)), _enough(store.read(PATTERN_RECOMMENDATIONS))
    return [before.join(now, "product_id", "left_anti"), now.join(before, "product_id", "left_anti")]


def _enough(patterns: "DataFrame") -> "DataFrame":
    return patterns.groupBy("product_id").count().where(f"count >= {LEAST_OUTFITS}").select("product_id")


def _with_too_few(store: TableStore) -> "DataFrame":
    """Ids of products that patterns and looks left with fewer than LEAST_OUTFITS that differ."""
    from pyspark.sql import functions as F

    patterns = store.read(PATTERN_RECOMMENDATIONS)
    enough = _enough(patterns)
    if _has_looks(store):
        looks = store.read(LOOKBOOK_RECOMMENDATIONS).select("product_id", F.col("items.product_id").alias("items"))
        both = patterns.join(looks, "product_id", "left_semi").select("product_id", F.col("items.product_id").alias("items"))
        outfits = looks.unionByName(both).groupBy("product_id").agg(F.collect_list("items").alias("outfits"))
        enough = enough.unionByName(outfits.mapInArrow(WithEnough(), "product_id string")).distinct()
    return store.read(PRODUCTS).select("product_id").join(enough, "product_id", "left_anti")


def _ideas(catalogue: Catalogue, classes: list[tuple[str | None, ...]]) -> Ideas:
    guide = load_style_guide()
    columns = ("audience", "slot", "article_type", "colour", "usage")
    rows = catalogue.products.where("in_stock").groupBy(*columns).count().collect()
    vocabulary = Vocabulary.from_counts([tuple(row) for row in rows], guide)
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
