"""`recommended_pairs`: which product is recommended with which, as a view over the unified table.

In Unity Catalog (or any metastore) it is a real view that lasts. A warehouse of folders has no place where a view could
be kept, and a copy of the table would be a second truth; there it is a view of the session, made of the same statement.
"""

from typing import TYPE_CHECKING

from outfit_pairing.storage.store import TableStore
from outfit_pairing.storage.tables import OUTFIT_RECOMMENDATIONS, Column, identifier, quoted

if TYPE_CHECKING:
    from pyspark.sql import DataFrame

NAME = "recommended_pairs"
COMMENT = "One row per pair of products that share an outfit, from the best outfit that holds both"
COLUMNS = (
    Column("product_id", "string", "The product whose page shows the outfit"),
    Column("recommended_product_id", "string", "A product shown with it"),
    Column("slot", "string", "Place that the recommended product takes"),
    Column("score", "double", "How well the two and the rest of the outfit go together, 0 to 1"),
    Column("confidence", "double", "Confidence of the outfit, 0 to 1"),
    Column("source", "string", "Where the outfit comes from"),
    Column("outfit_id", "string", "The best outfit that holds both"),
    Column("rank", "int", "Rank of that outfit on the page of the product, 1 = best"),
)


def pairs_statement(outfits: str) -> str:
    """The SELECT behind the view. `outfits`: how SQL names the unified table."""
    taken = ", ".join(f"best.{column.name}" for column in COLUMNS[2:])
    offered = ", ".join(f"'{name}', {value}" for name, value in _OF_AN_ITEM.items())
    return (
        f"SELECT product_id, recommended_product_id, {taken} FROM ("
        f"SELECT product_id, item.product_id AS recommended_product_id, min_by(named_struct({offered}), rank) AS best "
        f"FROM (SELECT *, explode(items) AS item FROM {outfits}) GROUP BY product_id, item.product_id)"
    )


_OF_AN_ITEM = {
    "slot": "item.slot",
    "score": "item.score",
    "confidence": "confidence",
    "source": "source",
    "outfit_id": "outfit_id",
    "rank": "rank",
}


def create_pairs_view(store: TableStore) -> str:
    """Create or replace the view; how SQL names it comes back."""
    statement = pairs_statement(store.place(OUTFIT_RECOMMENDATIONS))
    storage = store.settings.storage
    if not (storage.catalog or storage.schema_):
        store.spark.sql(f"CREATE OR REPLACE TEMPORARY VIEW {NAME} AS {statement}")
        return NAME
    name = identifier(*(part for part in (storage.catalog, storage.schema_, NAME) if part))
    columns = ", ".join(f"{column.name} COMMENT {quoted(column.comment)}" for column in COLUMNS)
    store.spark.sql(f"CREATE OR REPLACE VIEW {name} ({columns}) COMMENT {quoted(COMMENT)} AS {statement}")
    return name


def recommended_pairs(store: TableStore) -> "DataFrame":
    """The rows of the view, for a session in which it was not created."""
    store.read(OUTFIT_RECOMMENDATIONS)  # a missing table is said in one clear line
    return store.spark.sql(pairs_statement(store.place(OUTFIT_RECOMMENDATIONS)))
