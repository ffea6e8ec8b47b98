"""Brings a table of an older warehouse to what this package writes, once per run, when a stage first opens it.

A table says its version in the property `outfit_pairing.schema_version`. Two kinds of change need nothing but a new definition
in `tables.py`: a new column that may be null, and a new table. All else (a column renamed, removed, of another type, or never
null) is a `Step` here. A step looks at what the table has and gives the SQL that is still to do, so that it may run again
after a crash between its work and the mark. Statements change metadata, or rows that are not yet as wanted.
"""

import json
import logging
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

from outfit_pairing import __version__
from outfit_pairing.errors import WarehouseError
from outfit_pairing.storage.tables import RUN_LEASE, TABLES, Column, Table, identifier, quoted

if TYPE_CHECKING:
    from pyspark.sql import SparkSession

logger = logging.getLogger(__name__)

VERSION = "outfit_pairing.schema_version"
WRITER = "outfit_pairing.written_by"  # the first package version that wrote this schema version here
UNMARKED = 0  # tables of before versions were kept
FIRST = 1

Present = Mapping[str, str]  # column → type, as a table has them


@dataclass(frozen=True, slots=True)
class Found:
    """An existing table: its columns and its properties."""

    columns: Present
    properties: Mapping[str, str]


@dataclass(frozen=True, slots=True)
class Step:
    """From schema version `to - 1` to `to`. `sql`: (how SQL names the table, its columns) → statements still to do."""

    to: int
    what: str
    sql: Callable[[str, Present], Sequence[str]]


def _nothing(_: str, __: Present) -> Sequence[str]:
    return ()


MARK = Step(FIRST, "versions are kept from here on", _nothing)
CHANGE_FEED = "'delta.enableChangeDataFeed' = 'true'"
# With deletion vectors Databricks looks for conflicts row by row, and two writers that insert the same row would both win.
ALWAYS_CONFLICT = "'delta.enableDeletionVectors' = 'false'"


def _keep_changes(place: str, _: Present) -> Sequence[str]:
    return (f"ALTER TABLE {place} SET TBLPROPERTIES ({CHANGE_FEED})",)


# Table → steps beyond the first version, in order.
STEPS: dict[str, tuple[Step, ...]] = {
    table.name: (Step(FIRST + 1, "which rows a commit touched is kept", _keep_changes),)
    for table in TABLES.values()
    if table.keeps_changes
}

_opened: set[tuple[str, str]] = set()  # (run, table) that have been looked at


def schema_version(table: Table) -> int:
    """The schema version of the table that this package writes."""
    return FIRST + len(STEPS.get(table.name, ()))


def version_properties(table: Table) -> str:
    """What CREATE TABLE says in TBLPROPERTIES, between the brackets."""
    more = [CHANGE_FEED] if table.keeps_changes else [ALWAYS_CONFLICT] if table is RUN_LEASE else []
    return ", ".join([_properties(schema_version(table)), *more])


def known_version(table: Table, properties: Mapping[str, str]) -> int:
    """The schema version of an existing table.    Raises:  WarehouseError: it is newer than what this package writes."""
    version, writer = _version(properties, table)
    if version > schema_version(table):
        newer = f"outfit-pairing ≥ {writer}" if writer else f"an outfit-pairing newer than {__version__}"
        raise WarehouseError(
            f"table {table.name} is of schema version {version}, this package writes {schema_version(table)}; install {newer}"
        )
    return version


def bring_up(spark: "SparkSession", run_id: str, place: str, table: Table, look: Callable[[], Found]) -> bool:
    """Bring an existing table to this package's schema; whether anything changed. Looks at each table once per run.

    Args:    place: how SQL names the table.   look: gives what it is now; asked when the run has not yet looked at it.
    Raises:  WarehouseError: the table is of a newer schema version, has a column of another type, or lacks one that is never
             null and that no step makes; or the table may not be altered.
    """
    if (run_id, place) in _opened:
        return False
    found = look()
    version = known_version(table, found.properties)
    present, changed = found.columns, False
    for step in (MARK, *STEPS.get(table.name, ()))[version:]:
        for statement in step.sql(place, present):
            _alter(spark, table, statement)
        _alter(spark, table, f"ALTER TABLE {place} SET TBLPROPERTIES ({_properties(step.to)})")
        logger.info("%s: schema version %s → %s (%s)", table.name, step.to - 1, step.to, step.what)
        present, changed = _columns(spark, place), True
    added = list(_missing(table, present))
    if added:
        _alter(spark, table, f"ALTER TABLE {place} ADD COLUMNS ({', '.join(_definition(table, column) for column in added)})")
        logger.info("%s: new columns %s, null in the rows that are there", table.name, ", ".join(one.name for one in added))
    _opened.add((run_id, place))
    return changed or bool(added)


def found_by_spark(spark: "SparkSession", place: str, present: Present) -> Found:
    """What a table is that Spark has opened already."""
    return Found(present, {row["key"]: row["value"] for row in spark.sql(f"SHOW TBLPROPERTIES {place}").collect()})


def found_in_log(schema: str, properties: Mapping[str, str]) -> Found:
    """What a table is, by its log.    schema: in JSON."""
    from pyspark.sql.types import StructType

    return Found({field.name: field.dataType.simpleString() for field in StructType.fromJson(json.loads(schema))}, properties)


def _version(properties: Mapping[str, str], table: Table) -> tuple[int, str | None]:
    """The table's schema version, and the package that wrote it first."""
    said = properties.get(VERSION, str(UNMARKED))
    if not said.isdecimal():
        raise WarehouseError(f"table {table.name} has {VERSION} = {said!r}, which is no version; set it to the number that it was")
    return int(said), properties.get(WRITER)


def _missing(table: Table, present: Present) -> Iterator[Column]:
    """Declared columns that the table lacks and that may be added.    Raises: WarehouseError: see `bring_up`."""
    for column in table.all_columns:
        found = present.get(column.name)
        if found is None and not table.may_be_null(column):
            raise WarehouseError(f"table {table.name} has no column {column.name}, which is never null; {_mend(table)}")
        if found is None:
            yield column
        elif found != column.type:
            raise WarehouseError(f"column {column.name} of table {table.name} is {found}, not {column.type}; {_mend(table)}")


def _mend(table: Table) -> str:
    return f"this package cannot change it: move the table away, and run `outfit-pairing {table.stage}` to write it anew"


def _definition(table: Table, column: Column) -> str:
    """The column as ADD COLUMNS takes it, in its declared place."""
    names = table.names
    at = names.index(column.name)
    place = f"AFTER {identifier(names[at - 1])}" if at else "FIRST"
    return f"{identifier(column.name)} {column.type} COMMENT {quoted(column.comment)} {place}"


def _properties(version: int) -> str:
    return f"'{VERSION}' = '{version}', '{WRITER}' = {quoted(__version__)}"


def _columns(spark: "SparkSession", place: str) -> Present:
    return {field.name: field.dataType.simpleString() for field in spark.sql(f"SELECT * FROM {place}").schema.fields}


def _alter(spark: "SparkSession", table: Table, statement: str) -> None:
    from pyspark.errors import PySparkException

    try:
        spark.sql(statement)
    except PySparkException as fault:
        reason = str(fault).strip().splitlines()[0][:200]
        raise WarehouseError(
            f"table {table.name} is of an older schema and cannot be brought up ({reason}); run a stage with the right to alter it"
        ) from fault
