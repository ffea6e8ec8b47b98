"""What a table is: columns with comments, a key, and the schemas made of them. Types are written as Spark SQL writes them."""

from dataclasses import dataclass
from typing import TYPE_CHECKING, cast

import pyarrow as pa

if TYPE_CHECKING:
    from pyspark.sql.types import StructType

PATTERN_ITEM = "struct<slot:string,article_types:array<string>,colours:array<string>,style:string,required:boolean>"
OUTFIT_ITEM = "struct<slot:string,product_id:string,score:double,reasons:array<string>>"

ARROW_TYPES = {
    "string": pa.string(),
    "int": pa.int32(),
    "bigint": pa.int64(),
    "double": pa.float64(),
    "boolean": pa.bool_(),
    "timestamp": pa.timestamp("us", "UTC"),
    "array<float>": pa.list_(pa.float32()),
    "map<string,string>": pa.map_(pa.string(), pa.string()),
    f"array<{PATTERN_ITEM}>": pa.list_(
        pa.struct(
            [
                ("slot", pa.string()),
                ("article_types", pa.list_(pa.string())),
                ("colours", pa.list_(pa.string())),
                ("style", pa.string()),
                ("required", pa.bool_()),
            ]
        )
    ),
    f"array<{OUTFIT_ITEM}>": pa.list_(
        pa.struct([("slot", pa.string()), ("product_id", pa.string()), ("score", pa.float64()), ("reasons", pa.list_(pa.string()))])
    ),
}


@dataclass(frozen=True, slots=True)
class Column:
    """One column: `type` in Spark SQL, `comment` for whoever browses the table."""

    name: str
    type: str
    comment: str
    nullable: bool = True


@dataclass(frozen=True, slots=True)
class Table:
    """One Delta table. `columns` excludes the audit columns that every table gets."""

    name: str
    key: tuple[str, ...]
    comment: str
    columns: tuple[Column, ...]
    stage: str  # the command that writes it
    keeps_changes: bool = False  # whether Delta's change data feed tells which rows each commit touched

    @property
    def all_columns(self) -> tuple[Column, ...]:
        """Columns in table order, audit columns last; `run_id` may be part of the key."""
        present = {column.name for column in self.columns}
        return self.columns + tuple(column for column in AUDIT if column.name not in present)

    @property
    def ddl(self) -> str:
        """Column definitions as CREATE TABLE takes them."""
        return ", ".join(
            f"{column.name} {column.type}{'' if self.may_be_null(column) else ' NOT NULL'} COMMENT {quoted(column.comment)}"
            for column in self.all_columns
        )

    def may_be_null(self, column: Column) -> bool:
        """Whether rows may lack a value: no key column, and none that says so itself."""
        return column.nullable and column.name not in self.key

    @property
    def names(self) -> tuple[str, ...]:
        """Names of all columns, in table order."""
        return tuple(column.name for column in self.all_columns)

    @property
    def given(self) -> tuple[str, ...]:
        """Names of the columns that rows bring with them: all but the audit columns, which a write sets."""
        audit = {column.name for column in AUDIT}
        return tuple(name for name in self.names if name not in audit)

    @property
    def compared(self) -> tuple[str, ...]:
        """Columns that decide whether a row changed: not the key, not audit, no map (row_hash covers it where there is one)."""
        audit = {column.name for column in AUDIT}
        return tuple(c.name for c in self.columns if c.name not in {*self.key, *audit} and not c.type.startswith("map<"))

    @property
    def written_ddl(self) -> str:
        """Names and types of all columns, for reading rows back."""
        return ", ".join(f"{column.name} {column.type}" for column in self.all_columns)

    @property
    def schema(self) -> "StructType":
        """The schema without audit columns, for mapInArrow and createDataFrame; all fields nullable, as kernels emit them."""
        from pyspark.sql.types import StructType

        found = StructType.fromDDL(", ".join(f"{column.name} {column.type}" for column in self.columns))
        return cast("StructType", found)

    @property
    def arrow_schema(self) -> pa.Schema:
        """The same for Arrow, where kernels build their batches; needs no JVM."""
        return pa.schema([(column.name, ARROW_TYPES[column.type]) for column in self.columns])

    @property
    def written_arrow_schema(self) -> pa.Schema:
        """The same with the audit columns."""
        return pa.schema([(column.name, ARROW_TYPES[column.type]) for column in self.all_columns])


AUDIT = (
    Column("run_id", "string", "The run that wrote this row last"),
    Column("updated_at", "timestamp", "When this row was written last"),
)


def quoted(text: str) -> str:
    """A string literal of Spark SQL."""
    return "'" + text.replace("\\", "\\\\").replace("'", "\\'") + "'"


def identifier(*parts: str) -> str:
    """A name of Spark SQL, of parts that may hold anything."""
    return ".".join("`" + part.replace("`", "``") + "`" for part in parts)
