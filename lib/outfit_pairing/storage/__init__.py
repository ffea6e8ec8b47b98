"""Where data lies: the Spark session, every table's definition, and reading and writing of Delta tables."""

from outfit_pairing.storage.merging import WriteReport
from outfit_pairing.storage.runs import StageReport
from outfit_pairing.storage.store import TableStore
from outfit_pairing.storage.tables import TABLES, Column, Table

__all__ = ["TABLES", "Column", "StageReport", "Table", "TableStore", "WriteReport"]
