"""The products with their vectors, as both pairing stages read them: by Spark, and where they are few also by the driver.

A pass of Spark over forty thousand products takes seconds, whatever it does: vectors are moved, workers load the package. The
driver takes less to do it all by itself, and the kernels give the same bits however the rows are cut.
"""

from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass, replace
from functools import cached_property, partial
from typing import TYPE_CHECKING, Any, TypeAlias

import pyarrow as pa
import pyarrow.compute as pc

from outfit_pairing.embedding.encoders import encoder_name
from outfit_pairing.embedding.held import held_products
from outfit_pairing.errors import InputError
from outfit_pairing.pairing.candidates import INPUT_COLUMNS
from outfit_pairing.pairing.codes import TRAIT_COLUMNS, StyleTables, style_tables
from outfit_pairing.pairing.learnt import kinds_gain, learnt_styles, open_model
from outfit_pairing.pairing.style_space import (
    COLOUR_COLUMNS,
    KIND_COLUMNS,
    SUMS_SCHEMA,
    AddedSums,
    StyleSpace,
    SumsPerGroup,
    number_groups,
    style_space,
)
from outfit_pairing.pairing.touched_by_driver import MOST_BY_DRIVER
from outfit_pairing.settings import Settings
from outfit_pairing.storage.made_of import versions_of
from outfit_pairing.storage.session import partitions
from outfit_pairing.storage.store import TableStore
from outfit_pairing.storage.tables import PRODUCT_EMBEDDINGS, PRODUCTS
from outfit_pairing.style import load_style_guide
from outfit_pairing.style.lookbook_model import LookbookModel

if TYPE_CHECKING:
    from pyspark.sql import DataFrame, SparkSession

BATCH_ROWS = 10_000
ADDERS = 8  # partitions in which sums of partitions are added up
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
        kinds, colours = (
            _distinct(self.products if self.held is None else self.held, names) for names in (KIND_COLUMNS, COLOUR_COLUMNS)
        )
        groups = number_groups(kinds, colours)
        space = style_space(groups, self._sums(SumsPerGroup(groups)).to_pandas())
        return replace(space, learnt=learnt_styles(self.model, space.means.shape[1]))

    def _sums(self, kernel: SumsPerGroup) -> pa.Table:
        """What the kernel makes of all products; added up by workers, so that the driver's share does not grow with partitions."""
        if self.held is not None:
            return self.through(kernel, SUMS_SCHEMA)
        sums = self.with_vectors.mapInArrow(kernel, SUMS_SCHEMA).repartition(ADDERS, "number")
        return sums.mapInArrow(AddedSums(), SUMS_SCHEMA).toArrow()

    def passing(self, rows: "DataFrame") -> "DataFrame":
        """Rows cut evenly for a heavy pass."""
        return rows.repartition(partitions(self.settings), "product_id")

    def through(self, kernel: Kernel, schema: str, rows: "DataFrame | pa.Table | None" = None) -> pa.Table:
        """What the kernel makes of `rows`, or of all products.    schema: of its result."""
        rows = self.held if rows is None and self.held is not None else rows
        if isinstance(rows, pa.Table):
            found = list(kernel(rows.to_batches(BATCH_ROWS)))
            return pa.Table.from_batches(found) if found else self.spark.createDataFrame([], schema).toArrow()
        return (self.with_vectors if rows is None else rows).mapInArrow(kernel, schema).toArrow()

    def distinct(self, names: Sequence[str], wanted: "DataFrame | pa.Table") -> list[tuple[str | None, ...]]:
        """The values of some columns that there are among these products."""
        if self.held is None:
            return _distinct(self.products.join(self.ids(wanted), "product_id", "left_semi"), names)
        ids = wanted if isinstance(wanted, pa.Table) else wanted.toArrow()
        return _distinct(self.held.filter(pc.is_in(self.held["product_id"], ids["product_id"].combine_chunks())), names)

    def in_stock_by(self, names: Sequence[str]) -> list[tuple[Any, ...]]:
        """How many products in stock there are of each combination of some columns' values, which come first."""
        if self.held is None:
            return [tuple(row) for row in self.products.where("in_stock").groupBy(*names).count().collect()]
        counted = self.held.filter(self.held["in_stock"]).group_by(list(names)).aggregate([([], "count_all")])
        return [tuple(row[name] for name in (*names, "count_all")) for row in counted.to_pylist()]

    def of(self, wanted: "DataFrame | pa.Table") -> "DataFrame | pa.Table":
        """Rows of some products, at hand where they are few.    wanted: distinct product_id."""
        if self.held is not None:
            ids = (wanted if isinstance(wanted, pa.Table) else wanted.toArrow())["product_id"].combine_chunks()
            if len(ids) <= MOST_BY_DRIVER:
                return self.held.filter(pc.is_in(self.held["product_id"], ids)).combine_chunks()
        return self.with_vectors.join(self.ids(wanted), "product_id", "left_semi")

    def ids(self, wanted: "DataFrame | pa.Table") -> "DataFrame":
        """Ids of products for Spark."""
        return self.spark.createDataFrame(wanted, "product_id string") if isinstance(wanted, pa.Table) else wanted

    def frame_of(self, wanted: "DataFrame") -> "DataFrame":
        """Rows of some products, for Spark."""
        found = self.of(wanted)
        return self.spark.createDataFrame(found, self.with_vectors.schema) if isinstance(found, pa.Table) else found


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
    held = held_products(store, COLUMNS)
    missing = products.join(vectors, "text_hash", "left_anti").count() if held is None else held["vector"].null_count
    if missing:
        raise InputError(f"{missing} products have no vector of {encoder}; run `outfit-pairing embed` first")
    kinds, colours = (_distinct(products if held is None else held, names) for names in (TRAIT_COLUMNS, ("colour",)))
    model = open_model(settings)
    gain = partial(kinds_gain, model) if model else None
    tables = style_tables(kinds, [colour for (colour,) in colours], load_style_guide(), gain)
    with_vectors = products.join(vectors, "text_hash").select(*COLUMNS, "vector")
    return Catalogue(store.spark, settings, store, products, with_vectors, held, tables, model)


def _distinct(rows: "DataFrame | pa.Table", names: Sequence[str]) -> list[tuple[str | None, ...]]:
    """The values of some columns that there are."""
    if not isinstance(rows, pa.Table):
        return [tuple(row) for row in rows.select(*names).distinct().collect()]
    return [tuple(row[name] for name in names) for row in rows.group_by(list(names)).aggregate([]).to_pylist()]
