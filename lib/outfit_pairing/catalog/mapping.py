"""What a catalogue's columns and values mean: one YAML file per known layout.

format: csv                      # csv, jsonl, parquet, delta; left out: seen from the file
quoting: none                    # double (the default: "a, b") or none
repair: join_last_column         # surplus fields are unescaped delimiters of the last column
columns: {product_id: id, name: title, audience: gender, …}
values: {audience: {Damen: women}, season: {HW: winter}}     # before the style guide is asked
nulls: {colour: [NA], all: ["-"]}                            # literals that mean "not said"
children: [doodle]               # openings of names that say "for a child" in this shop
adults: [beach boys]             # phrases of names that only seem to say so
"""

import difflib
from collections.abc import Iterator, Mapping
from functools import cached_property
from pathlib import Path
from typing import Literal

from pydantic import Field, ValidationError, field_validator, model_validator

from outfit_pairing.errors import CatalogError, listed
from outfit_pairing.package_files import package_folder
from outfit_pairing.settings import Strict
from outfit_pairing.style import AUDIENCES, SEASONS, USAGES
from outfit_pairing.yaml_files import read_yaml

AUTO = "auto"
Format = Literal["csv", "jsonl", "parquet", "delta"]

_PACKAGE_FOLDER = package_folder("outfit_pairing.catalog") / "mappings"  # where a wheel holds what is conf/mappings/ in a checkout
_CHECKOUT_FOLDER = Path(__file__).parents[3] / "conf" / "mappings"
_VOCABULARIES = {"audience": AUDIENCES, "season": SEASONS, "usage": USAGES}


class Columns(Strict):
    """Which column of the catalogue is what; unnamed columns become attributes."""

    product_id: str = Field(description="The shop's own id.")
    name: str = Field(description="Name on the product page.")
    audience: str | None = Field(None, description="Gender, or who it is for.")
    age_group: str | None = Field(None, description="Adult, kids, … beside a gender.")
    department: str | None = Field(None, description="First level of the shop's own tree.")
    category: str | None = Field(None, description="Second level of the shop's own tree.")
    article_type: str | None = Field(None, description="What it is.")
    colour: str | None = Field(None, description="Main colour.")
    season: str | None = Field(None, description="When it is worn.")
    usage: str | None = Field(None, description="What it is worn for.")
    price: str | None = Field(None, description="Price, with or without its currency.")
    currency: str | None = Field(None, description="Currency of the price.")
    in_stock: str | None = Field(None, description="Yes or no, in words or as a quantity.")
    image_url: str | None = Field(None, description="Picture.")
    description: str | None = Field(None, description="Text of the product page; read where type or colour are not said.")
    tags: str | None = Field(None, description="Tags or keywords; likewise.")

    def named(self) -> dict[str, str]:
        """From our field to the catalogue's column, for the fields that have one."""
        return {field: column for field in FIELDS if (column := getattr(self, field)) is not None}


FIELDS = tuple(Columns.model_fields)


class CatalogueMapping(Strict):
    """One catalogue layout."""

    columns: Columns
    format: Format | None = Field(None, description="Unset: seen from the file.")
    delimiter: str | None = Field(None, min_length=1, max_length=1, description="Unset: seen from the header.")
    quoting: Literal["double", "none"] = Field("double", description="none: a quote is a letter like any other.")
    encoding: str = Field("utf-8-sig", description="A Python codec; utf-8-sig reads UTF-8 with and without a mark.")
    header: Literal[True] | tuple[str, ...] = Field(True, description="true, or the names of a file without header.")
    repair: Literal["join_last_column"] | None = Field(None, description="What to do with surplus fields.")
    values: Mapping[str, Mapping[str, str]] = Field({}, description="Translations by field, case ignored.")
    nulls: Mapping[str, tuple[str, ...]] = Field({}, description="Literals that mean nothing, by field or for all.")
    currency: str | None = Field(None, pattern=r"^[A-Z]{3}$", description="Currency of prices that say none.")
    children: tuple[str, ...] = Field((), description="Openings of names that say it is for a child.")
    adults: tuple[str, ...] = Field((), description="Phrases of names that only seem to say so.")

    @field_validator("encoding")
    @classmethod
    def _known_encoding(cls, value: str) -> str:
        try:
            "".encode(value)
        except LookupError:
            raise ValueError(f"{value} is no encoding; write utf-8, cp1252, utf-16, …") from None
        return value

    @model_validator(mode="after")
    def _known_fields_and_words(self) -> "CatalogueMapping":
        for section, allowed in (("values", set(FIELDS)), ("nulls", {*FIELDS, "all"})):
            unknown = sorted(set(getattr(self, section)) - allowed)
            if unknown:
                raise ValueError(f"{section}.{unknown[0]} is no field; use one of {', '.join(sorted(allowed))}")
        for field, vocabulary in _VOCABULARIES.items():
            for word, meaning in self.values.get(field, {}).items():
                if meaning not in vocabulary:
                    raise ValueError(f"values.{field}.{word}: {meaning!r} is unknown; use one of {', '.join(vocabulary)}")
        return self

    @cached_property
    def translations(self) -> dict[str, dict[str, str]]:
        """`values` with the shop's words made comparable."""
        return {field: {word.strip().casefold(): to for word, to in words.items()} for field, words in self.values.items()}

    def means_nothing(self, field: str) -> frozenset[str]:
        """Literals of `field` that mean null, beside the empty one."""
        return frozenset((*self.nulls.get(field, ()), *self.nulls.get("all", ())))


def load_mapping(name: str) -> CatalogueMapping:
    """The mapping of that name, or of that file when `name` is a path.

    A name is looked for as NAME.yaml in ./conf/mappings, then among the mappings that ship with the package.
    Raises:  CatalogError: no such mapping (with the nearest name), bad YAML, an unknown key, a value out of bounds.
    """
    path = _path_of(name)
    tree = read_yaml(path, CatalogError)
    if not isinstance(tree, dict):
        raise CatalogError(f"{path}: holds no mapping; start with `columns:`")
    try:
        return CatalogueMapping.model_validate(tree)
    except ValidationError as fault:
        raise CatalogError(f"{path}: {_complaint(fault)}") from None


def known_mappings() -> dict[str, Path]:
    """Name and file of every mapping that can be named here; a folder nearer to the user comes first."""
    found = (path for folder in _folders() for path in sorted(folder.glob("*.yaml")))
    known: dict[str, Path] = {}
    for path in found:
        known.setdefault(path.stem, path)
    return known


def _folders() -> Iterator[Path]:
    yield Path("conf") / "mappings"
    yield _PACKAGE_FOLDER
    yield _CHECKOUT_FOLDER


def _path_of(name: str) -> Path:
    if "/" in name or name.endswith((".yaml", ".yml")):
        if not Path(name).is_file():
            raise CatalogError(f"no mapping file {name}; name an existing YAML file or one of {_choices()}")
        return Path(name)
    known = known_mappings()
    if name not in known:
        close = difflib.get_close_matches(name, [AUTO, *known], n=1)
        hint = f"did you mean {close[0]}?" if close else f"use {_choices()}, or the path of a YAML file"
        raise CatalogError(f"no mapping is called {name}; {hint}")
    return known[name]


def _choices() -> str:
    return listed([AUTO, *known_mappings()])


def _complaint(fault: ValidationError) -> str:
    # a misspelt key is the cause of a missing one
    first = min(fault.errors(), key=lambda one: one["type"] != "extra_forbidden")
    key = ".".join(str(part) for part in first["loc"])
    known = FIELDS if key.startswith("columns.") else tuple(CatalogueMapping.model_fields)
    if first["type"] == "extra_forbidden":
        close = difflib.get_close_matches(str(first["loc"][-1]), known, n=1)
        return f"{key} is no key of a mapping; {f'did you mean {close[0]}?' if close else f'use {listed(known)}'}"
    if first["type"] == "missing":
        return f"{key} is missing; a mapping names at least columns.product_id and columns.name"
    message = first["msg"].removeprefix("Value error, ")
    return f"{key}: {message}" if key else message
