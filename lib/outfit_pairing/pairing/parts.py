"""A large catalogue is paired in parts: outfits of a product are made of the products of its own part.

An item of a pattern keeps some hundred candidates, however many products there are. In one catalogue of a million two thirds of all
products would stand in no outfit; in seven parts of it as many are shown as in a catalogue of the size of one part. Driver and
workers hold the candidates of one part at a time, so their memory does not grow with the catalogue.
"""

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from typing import TYPE_CHECKING

from outfit_pairing.storage.made_of import told_of
from outfit_pairing.storage.staging import StagingPlace
from outfit_pairing.storage.store import TableStore
from outfit_pairing.storage.tables import Table

if TYPE_CHECKING:
    from pyspark.sql import DataFrame

PART = "part"


@dataclass(frozen=True, slots=True)
class Parts:
    """A catalogue of so many products, cut into `number` parts."""

    products: int
    number: int

    @property
    def size(self) -> int:
        """Products of a part, about."""
        return self.products // self.number

    def __str__(self) -> str:
        """How `made_of` begins, where `parts_of` finds it again."""
        return f"{self.number} part{'' if self.number == 1 else 's'}"


def parts_of(store: TableStore, table: Table, products: int) -> Parts:
    """The parts of a catalogue of so many products.

    As before, as long as a part has between half and twice the products that it should: with other parts all outfits are others.
    """
    size, before = store.settings.outfits.part_products, _before(store, table)
    if before and (before == 1 or products > before * size / 2) and products < before * size * 2:
        return Parts(products, before)
    return Parts(products, max(1, round(products / size)))


def _before(store: TableStore, table: Table) -> int | None:
    number = (told_of(store, table) or "").split()[:1]
    return int(number[0]) if number and number[0].isdecimal() else None


@contextmanager
def cut(store: TableStore, rows: "DataFrame", parts: Parts) -> Iterator["list[DataFrame]"]:
    """The rows (product_id among their columns) by part, each of which can be read without the others."""
    from pyspark.sql import functions as F

    place = StagingPlace(store.spark, store.settings, "products_in_parts")
    marked = rows.withColumn(PART, F.pmod(F.xxhash64("product_id"), F.lit(parts.number)).cast("int"))
    try:
        place.add(marked.repartition(parts.number, PART), by=PART)
        staged = place.frame(marked.schema)
        yield [staged.where(F.col(PART) == number).drop(PART) for number in range(parts.number)]
    finally:
        place.remove()
