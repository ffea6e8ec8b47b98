"""The products with their vectors, as both pairing stages read them: by Spark, and where they are few also by the driver.

A pass of Spark over forty thousand products takes seconds, whatever it does: vectors are moved, workers load the package. The
driver takes less to do it all by itself, and the kernels give the same bits however the rows are cut.
"""

import logging
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass, replace
from functools import cached_property, partial
from typing import TYPE_CHECKING, TypeAlias

import pyarrow as pa
import pyarrow.compute as pc

from outfit_pairing.embedding.encoders import encoder_name
from outfit_pairing.errors import InputError, WarehouseError
from outfit_pairing.pairing.candidates import INPUT_COLUMNS
from outfit_pairing.pairing.codes import TRAIT_COLUMNS, StyleTables, style_tables
from outfit_pairing.pairing.learnt import kinds_gain, learnt_styles, open_model
from outfit_pairing.pairing.style_space import (
    COLOUR_COLUMNS,
    KIND_COLUMNS,
    SUMS_SCHEMA,
    StyleSpace,
    SumsPerGroup,
    number_groups,
    style_space,
)
from outfit_pairing.settings import Settings
from outfit_pairing.storage.made_of import versions_of
from outfit_pairing.storage.session import partitions
from outfit_pairing.storage.store import TableStore
from outfit_pairing.storage.tables import PRODUCT_EMBEDDINGS, PRODUCTS
from outfit_pairing.style import load_style_guide
from outfit_pairing.style.lookbook_model import LookbookModel

if TYPE_CHECKING:
    from pyspark.sql import DataFrame, SparkSession

logger = logging.getLogger(__name__)

MOST_HELD = 100_000  # products that the driver holds with their vectors: 150 MB of 384 dimensions; more are faster by Spark
MOST_OF_HELD = 10_000  # of these that it hands to Spark; more are read by Spark
BATCH_ROWS = 10_000
COLUMNS = (*INPUT_COLUMNS, "name")
Kernel: TypeAlias = Callable[[Iterable[pa.RecordBatch]], Iterator[pa.RecordBatch]]


@dataclass(frozen=True, eq=False)
class Catalogue:
    """The products with their vectors, and the tables between their codes."""

    spark: "SparkSession"
    settings: Settings
    store: TableStore
    products: "DataFrame"  # COLUMNS, text_hash
    with_vectors: "DataFrame"  # COLUMNS, vector
    held: pa.Table | None  # the same, where the driver holds them
    tables: StyleTables
    model: LookbookModel | None

    @cached_property
    def space(self) -> StyleSpace:
        """The style of its texts: one pass over the products, when it is first asked for."""
        kinds, colours = (_distinct(self.held, self.products, names) for names in (KIND_COLUMNS, COLOUR_COLUMNS))
        groups = number_groups(kinds, colours)
        space = style_space(groups, self.through(SumsPerGroup(groups), SUMS_SCHEMA).to_pandas())
        return replace(space, learnt=learnt_styles(self.model, space.means.shape[1]))

    def passing(self, rows: "DataFrame") -> "DataFrame":
        """Rows cut evenly for a heavy pass."""
        return rows.repartition(partitions(self.settings), "product_id")

    def through(self, kernel: Kernel, schema: str, rows: "DataFrame | None" = None) -> pa.Table:
        """What the kernel makes of `rows`, or of all products.    schema: of its result."""
        if rows is None and self.held is not None:
            found = list(kernel(self.held.to_batches(BATCH_ROWS)))
            return pa.Table.from_batches(found) if found else self.spark.createDataFrame([], schema).toArrow()
        return (self.with_vectors if rows is None else rows).mapInArrow(kernel, schema).toArrow()

    def of(self, wanted: "DataFrame") -> "DataFrame":
        """Rows of some products.    wanted: distinct product_id."""
        by_spark = self.with_vectors.join(wanted, "product_id", "left_semi")
        if self.held is None:
            return by_spark
        ids = wanted.toArrow()["product_id"].combine_chunks()
        if len(ids) > MOST_OF_HELD:
            return by_spark
        return self.spark.createDataFrame(self.held.filter(pc.is_in(self.held["product_id"], ids)), self.with_vectors.schema)


def read_catalogue(spark: "SparkSession", settings: Settings) -> Catalogue:
    """The catalogue for pairing.

    Raises: MissingTable: ingest or embed has not run.  InputError: some products have no vector yet.
    """
    global _latest  # noqa: PLW0603 the stages of a run pair the same catalogue, one after the other
    store = TableStore(spark, settings)
    versions = versions_of(store, (PRODUCTS, PRODUCT_EMBEDDINGS))
    if _latest and _latest[0] == (settings, versions) and _latest[1].spark is spark:
        return _latest[1]
    _latest = ((settings, versions), _read_catalogue(store))
    return _latest[1]


_latest: tuple[tuple[Settings, dict[str, int]], Catalogue] | None = None


def _read_catalogue(store: TableStore) -> Catalogue:
    settings, encoder = store.settings, encoder_name(store.settings.embedding)
    products = store.read(PRODUCTS).select(*COLUMNS, "text_hash")
    vectors = store.read(PRODUCT_EMBEDDINGS).where(f"encoder = '{encoder}'").select("text_hash", "vector")
    held = _held(store, encoder)
    missing = products.join(vectors, "text_hash", "left_anti").count() if held is None else held["vector"].null_count
    if missing:
        raise InputError(f"{missing} products have no vector of {encoder}; run `outfit-pairing embed` first")
    kinds, colours = (_distinct(held, products, names) for names in (TRAIT_COLUMNS, ("colour",)))
    model = open_model(settings)
    gain = partial(kinds_gain, model) if model else None
    tables = style_tables(kinds, [colour for (colour,) in colours], load_style_guide(), gain)
    with_vectors = products.join(vectors, "text_hash").select(*COLUMNS, "vector")
    return Catalogue(store.spark, settings, store, products, with_vectors, held, tables, model)


def _held(store: TableStore, encoder: str) -> pa.Table | None:
    """COLUMNS and vector, null where there is none yet; None where the products are too many, or none, or not here."""
    here = store.small_here(PRODUCTS)
    found = here.small(PRODUCTS) if here else None
    if not here or not found or not 0 < found.rows <= MOST_HELD or not store.small_here(PRODUCT_EMBEDDINGS):
        return None
    try:
        products = here.held(PRODUCTS, (*COLUMNS, "text_hash")).combine_chunks()
        hashes = products["text_hash"].combine_chunks().unique()
        vectors = here.held(PRODUCT_EMBEDDINGS, ("text_hash", "encoder", "vector"), "text_hash", hashes)
    except WarehouseError as fault:
        logger.warning("the catalogue is read by Spark (%s)", fault)
        return None
    vectors = vectors.filter(pc.equal(vectors["encoder"], encoder)).combine_chunks()
    place = pc.index_in(products["text_hash"].combine_chunks(), vectors["text_hash"].combine_chunks())
    return products.select(list(COLUMNS)).append_column("vector", vectors["vector"].combine_chunks().take(place))


def _distinct(held: pa.Table | None, products: "DataFrame", names: Sequence[str]) -> list[tuple[str | None, ...]]:
    """The values of some columns that there are."""
    if held is None:
        return [tuple(row) for row in products.select(*names).distinct().collect()]
    found = held.group_by(list(names)).aggregate([]).to_pylist()
    return [tuple(row[name] for name in names) for row in found]
