"""Every table's name, key, columns and comments, in one place.

A definition here is the one source of the StructType that stages select before they write, of CREATE TABLE with its
comments, of the MERGE condition, and of docs/tables.md. Types are written as Spark SQL writes them.
"""

from outfit_pairing.storage.table_shape import ARROW_TYPES, AUDIT, OUTFIT_ITEM, PATTERN_ITEM, Column, Table, identifier, quoted

__all__ = ["ARROW_TYPES", "AUDIT", "TABLES", "Column", "Table", "identifier", "quoted"]

PRODUCTS = Table(
    "products",
    key=("product_id",),
    stage="ingest",
    comment="Catalogue rows that can be sold, in the words of the style guide",
    keeps_changes=True,
    columns=(
        Column("product_id", "string", "The shop's own id, leading zeros kept"),
        Column("name", "string", "Name on the product page"),
        Column("audience", "string", "women, men, unisex (adults); girls, boys, kids"),
        Column("department", "string", "First level of the shop's own tree"),
        Column("category", "string", "Second level of the shop's own tree (sub-category)"),
        Column("article_type", "string", "What it is, in the shop's own word where that says enough, else in the style guide's"),
        Column("slot", "string", "Place it takes in an outfit"),
        Column("colour", "string", "Colour name of the style guide; null when the shop says none"),
        Column("colour_family", "string", "Coarse colour"),
        Column("season", "string", "spring, summer, fall, winter; null: any or not said"),
        Column("usage", "string", "casual, smart_casual, formal, party, ethnic, sports, travel, home; null: not said"),
        Column("price", "double", "Price in `currency`; null when the shop says none"),
        Column("currency", "string", "ISO 4217"),
        Column("price_tier", "string", "budget, mid, premium within its slot; null without a price"),
        Column("in_stock", "boolean", "Only products in stock are offered", nullable=False),
        Column("image_url", "string", "Picture, when the shop gives one"),
        Column("attributes", "map<string,string>", "Catalogue columns that no other column took"),
        Column("text", "string", "What the encoder reads"),
        Column("text_hash", "string", "sha256 of `text`, key of product_embeddings"),
        Column("row_hash", "string", "sha256 of all that the shop says; decides what changed"),
    ),
)

REJECTED_PRODUCTS = Table(
    "rejected_products",
    key=("source", "line_number", "run_id"),
    stage="ingest",
    comment="Catalogue rows that cannot be sold, with the reason; rows in = products + rejected",
    columns=(
        Column("source", "string", "File or table that the row came from"),
        Column("line_number", "bigint", "Line of the file, header = 1; row number in files without lines"),
        Column("raw", "string", "The row as it was, at most 4,000 characters"),
        Column("reason_code", "string", "For programs: duplicate_id, missing_id, too_few_fields, …"),
        Column("reason", "string", "For people: what is wrong and how to mend it"),
        Column("column", "string", "Column at fault; null when it is the whole row"),
    ),
)

PRODUCT_EMBEDDINGS = Table(
    "product_embeddings",
    key=("text_hash", "encoder"),
    stage="embed",
    comment="One vector per distinct product text and encoder",
    columns=(
        Column("text_hash", "string", "sha256 of the text"),
        Column("encoder", "string", "Name of the encoder"),
        Column("vector", "array<float>", "Unit vector"),
        Column("dimensions", "int", "Length of the vector"),
    ),
)

ANCHOR_PRODUCTS = Table(
    "anchor_products",
    key=("product_id",),
    stage="select-anchors",
    comment="Products chosen to stand for many: the ones patterns are written for",
    columns=(
        Column("product_id", "string", "The anchor"),
        Column("stratum", "string", "slot or sub-category | audience | usage | season"),
        Column("stratum_size", "bigint", "Products in the stratum"),
        Column("represents", "bigint", "Products that this anchor stands for"),
        Column("rank", "int", "Order of choice over all anchors, 1 = first"),
    ),
)

IMPORTED = "import"  # provider of patterns that came from a file; they stay until another file replaces them

OUTFIT_PATTERNS = Table(
    "outfit_patterns",
    key=("pattern_id",),
    stage="generate-patterns",
    comment="Outfit ideas, one row per anchor and idea; `import-patterns` adds them too",
    columns=(
        Column("pattern_id", "string", "sha256 of anchor, prompt version and items"),
        Column("anchor_product_id", "string", "The anchor it was written for"),
        Column("name", "string", "Short name of the idea"),
        Column("description", "string", "One sentence for people"),
        Column("occasion", "string", "What the outfit is for"),
        Column("season", "string", "Season it is meant for; null: any"),
        Column("items", f"array<{PATTERN_ITEM}>", "What it asks for beside the anchor: 2 to 4 pattern items"),
        Column("confidence", "double", "0 to 1, by whoever wrote it"),
        Column("provider", "string", "style_guide, openai, ai_query, import"),
        Column("model", "string", "Model that wrote it; the style guide's version for style_guide"),
        Column("prompt_version", "string", "Version of the prompt or of the templates"),
        Column("anchor_hash", "string", "What the anchor was when they were written, and how many were asked for"),
    ),
)

PATTERN_REQUESTS = Table(
    "pattern_requests",
    key=("request_hash", "attempt"),
    stage="generate-patterns",
    comment="Every request for patterns, with what it cost and how it ended",
    columns=(
        Column("request_hash", "string", "sha256 of prompt, model, parameters and prompt version"),
        Column("attempt", "int", "1 = first"),
        Column("anchor_product_id", "string", "The anchor asked about"),
        Column("provider", "string", "Who was asked"),
        Column("model", "string", "Which model"),
        Column("prompt_version", "string", "Version of the prompt"),
        Column("status", "string", "ok, invalid, failed, quarantined"),
        Column("http_status", "int", "Null without HTTP"),
        Column("error", "string", "What went wrong"),
        Column("raw_reply", "string", "The reply as it came"),
        Column("prompt_tokens", "bigint", "Tokens sent"),
        Column("completion_tokens", "bigint", "Tokens received"),
        Column("cost", "double", "Money, in the provider's currency"),
        Column("seconds", "double", "From request to reply"),
    ),
)

PATTERN_ITEM_EMBEDDINGS = Table(
    "pattern_item_embeddings",
    key=("text_hash", "encoder"),
    stage="apply-patterns",
    comment="One vector per distinct pattern item, and word to compare unknown words with; a repeated run encodes none anew",
    columns=(
        Column("text_hash", "string", "sha256 of `text`"),
        Column("encoder", "string", "Name of the encoder"),
        Column("text", "string", "What the encoder read"),
        Column("vector", "array<float>", "Unit vector"),
        Column("dimensions", "int", "Length of the vector"),
    ),
)

RECOMMENDATION_COLUMNS = (
    Column("product_id", "string", "The product whose page shows the outfit"),
    Column("rank", "int", "1 = best"),
    Column("outfit_id", "string", "sha256 of the sorted product ids of the outfit"),
    Column("source", "string", "lookbook_curated, lookbook_algorithmic, pattern_based, rule_based"),
    Column("pattern_id", "string", "Pattern, template or look that the outfit follows"),
    Column("pattern_name", "string", "Its name"),
    Column(
        "anchor_product_id", "string", "Anchor that lent the pattern, or item of the look that this product is like; null for rules"
    ),
    Column("occasion", "string", "What the outfit is for"),
    Column("score", "double", "How well the outfit goes together, 0 to 1"),
    Column("confidence", "double", "Score weighed by source and pattern, 0 to 1"),
    Column("items", f"array<{OUTFIT_ITEM}>", "One product per filled slot beside the product itself, with reasons"),
)


def _recommendations(name: str, stage: str, comment: str) -> Table:
    key = ("product_id", "rank")
    return Table(name, key=key, stage=stage, comment=comment, columns=RECOMMENDATION_COLUMNS, keeps_changes=True)


LOOKBOOK_RECOMMENDATIONS = _recommendations(
    "lookbook_recommendations", "pair-by-lookbook", "Outfits of the shop's own stylists, also carried to near-identical products"
)
PATTERN_RECOMMENDATIONS = _recommendations(
    "pattern_recommendations", "apply-patterns", "Outfits that follow the patterns of the nearest anchors"
)
RULE_RECOMMENDATIONS = _recommendations(
    "rule_recommendations", "pair-by-rules", "Outfits that follow the style guide's templates, for what patterns did not reach"
)
OUTFIT_RECOMMENDATIONS = _recommendations(
    "outfit_recommendations", "publish", "The best outfits of each product over all sources: what a product page shows"
)
DRAFTED_RECOMMENDATIONS = _recommendations(
    "drafted_recommendations", "publish", "What product pages would show next: check-quality judges it, release shows it"
)

ROLLBACK = "rollback"  # a kind of release

RELEASES = Table(
    "releases",
    key=("number",),
    stage="release",
    comment="When what product pages show was switched, and to which version of outfit_recommendations",
    columns=(
        Column("number", "bigint", "1, 2, 3 …"),
        Column("shown_run_id", "string", "The run whose outfits are shown since"),
        Column("table_version", "bigint", "Version of outfit_recommendations"),
        Column("kind", "string", f"first (unchecked), checked, {ROLLBACK}"),
        Column("products", "bigint", "Products with outfits"),
        Column("outfits", "bigint", "Their outfits"),
        Column("rows_changed", "bigint", "Rows that the switch inserted, updated or deleted; null: by a run that died"),
    ),
)

PAIRING_STATE = Table(
    "pairing_state",
    key=("table_name",),
    stage="apply-patterns",
    comment="What a table of outfits was made of, drafts and releases too, so that the next run makes anew only what changes touch",
    columns=(
        Column("table_name", "string", "A table of recommendations"),
        Column("made_of", "string", "Hash of settings, style guide, encoder and code"),
        Column("versions", "string", "Versions of the tables read, and of itself once written, as JSON"),
        Column("changed", "bigint", "Products that have changed since all outfits were made"),
    ),
)

RUN_LEASE = Table(
    "run_lease",
    key=("name",),
    stage="run",
    comment="Which run is writing the warehouse, where no file lock can tell",
    columns=(
        Column("name", "string", "Always `warehouse`"),
        Column("holder", "string", "The run"),
        Column("until", "timestamp", "When its hold ends unless it renews it"),
    ),
)

DRAFTED_VERSION = "drafted_version"  # the metric that says which draft a check has judged

QUALITY_METRICS = Table(
    "quality_metrics",
    key=("run_id", "metric"),
    stage="check-quality",
    comment="What was measured on each run, against its gate",
    columns=(
        Column("run_id", "string", "The run measured"),
        Column("metric", "string", "Name of the figure"),
        Column("value", "double", "What was measured"),
        Column("threshold", "double", "The gate; null for a figure without one"),
        Column("passed", "boolean", "Null for a figure without a gate"),
        Column("detail", "string", "Where to look: examples, counts"),
    ),
)

FEEDBACK = Table(
    "feedback",
    key=("event_id",),
    stage="serve",
    comment="What shoppers did with outfits, nothing personal; an event may be there twice, its id counts once",
    columns=(
        Column("event_id", "string", "Given by the client, else made up"),
        Column("event", "string", "shown, clicked, bought, dismissed"),
        Column("at", "timestamp", "When it happened"),
        Column("product_id", "string", "The product whose page showed the outfit"),
        Column("outfit_id", "string", "The outfit"),
        Column("rank", "int", "At which rank it stood"),
        Column("source", "string", "lookbook_curated, lookbook_algorithmic, pattern_based, rule_based"),
        Column("slot", "string", "Slot of the item, when it was about one"),
        Column("item_product_id", "string", "The item's product, when it was about one"),
        Column("experiment", "string", "A/B test that the page took part in"),
        Column("variant", "string", "Its variant"),
        Column("release", "bigint", "Number of the release that was shown"),
    ),
)

RUNS = Table(
    "runs",
    key=("run_id", "stage"),
    stage="run",
    comment="History of stages: when, how long, how many rows, with what settings",
    columns=(
        Column("run_id", "string", "The run"),
        Column("stage", "string", "The stage; run: the whole, told by a later run of one that was killed"),
        Column("started_at", "timestamp", "When it started"),
        Column("seconds", "double", "How long it took"),
        Column("rows_in", "bigint", "Rows read"),
        Column("rows_out", "bigint", "Rows of the result"),
        Column("rows_rejected", "bigint", "Rows refused, with a reason kept elsewhere"),
        Column("settings", "string", "Settings as JSON, without secrets"),
        Column("code_version", "string", "Version of this package"),
        Column("status", "string", "done, gate missed, failed or killed"),
        Column("error", "string", "What stopped it"),
    ),
)

TABLES: dict[str, Table] = {
    table.name: table
    for table in (
        PRODUCTS,
        REJECTED_PRODUCTS,
        PRODUCT_EMBEDDINGS,
        ANCHOR_PRODUCTS,
        OUTFIT_PATTERNS,
        PATTERN_REQUESTS,
        PATTERN_ITEM_EMBEDDINGS,
        LOOKBOOK_RECOMMENDATIONS,
        PATTERN_RECOMMENDATIONS,
        RULE_RECOMMENDATIONS,
        DRAFTED_RECOMMENDATIONS,
        OUTFIT_RECOMMENDATIONS,
        RELEASES,
        QUALITY_METRICS,
        FEEDBACK,
        RUNS,
        PAIRING_STATE,
        RUN_LEASE,
    )
}
