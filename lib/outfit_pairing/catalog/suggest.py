"""Drafts a mapping for an unknown catalogue: which column is what, which value means what, each with its evidence."""

import json
import sys
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from itertools import islice
from pathlib import Path

from outfit_pairing.catalog.column_evidence import Evidence, told_columns
from outfit_pairing.catalog.learned import Learned
from outfit_pairing.catalog.learning import count_words, encode_of, learn
from outfit_pairing.catalog.mapping import CatalogueMapping, Columns
from outfit_pairing.catalog.product_rows import ProductReader
from outfit_pairing.catalog.rows import RawRow
from outfit_pairing.catalog.source import Catalogue, recognised
from outfit_pairing.catalog.usual_columns import INSTEAD_OF_NAME
from outfit_pairing.catalog.word_report import KNOWN, UNKNOWN, PlacedWord, placed_words
from outfit_pairing.errors import CatalogError, listed, printable
from outfit_pairing.settings import Settings
from outfit_pairing.style import AUDIENCES, SEASONS, USAGES, StyleGuide, load_style_guide

ROWS_LOOKED_AT = 5_000
MOST_LOOKED_AT = 50_000_000  # … characters
MOST_VALUES = 100  # of one field that are written down, the most frequent
MOST_DOUBTS = 20
_NOTHING = {
    "",
    "na",
    "n/a",
    "n.a.",
    "none",
    "null",
    "nan",
    "-",
    "--",
    "unknown",
    "not specified",
    "not applicable",
    "?",
    "tbd",
    "k.a.",
}
_ALLOWED = {"audience": AUDIENCES, "season": SEASONS, "usage": USAGES}


@dataclass(frozen=True, slots=True)
class Draft:
    """A mapping with the evidence for it.    doubts: lines for people, the least certain first."""

    text: str
    doubts: tuple[str, ...]


def draft_mapping(path: str, settings: Settings) -> Draft:
    """A mapping for the catalogue file at `path`, by its first 5,000 rows. Needs no Spark.

    Raises:  CatalogError: no such file, no catalogue, or none of its columns could be an id.
    """
    catalogue, guide = recognised(path), load_style_guide()
    rows = list(_first_rows(catalogue.rows()))
    sound = [row for row in rows if row.fault is None]
    if not sound:
        raise CatalogError(f"{path}: none of its first {len(rows)} rows can be read ({rows[0].fault and rows[0].fault.reason})")
    languages = guide.foreign_words.spoken_in([" ".join(row.values.values())[:400] for row in sound])
    told = _with_a_name(told_columns(catalogue.columns, [row.values for row in sound], guide, Learned(languages)), catalogue, path)
    mapping = CatalogueMapping(
        columns=Columns.model_validate({one.field: one.column for one in told}), nulls=_nulls(told, sound) or {}
    )
    counts, heard = count_words((row.values for row in sound), mapping)
    learned = learn(counts, heard, mapping, guide, encode_of(settings))
    words = placed_words(ProductReader(mapping, guide, settings.catalog.currency, learned), sound)
    lines = [*_head(catalogue, rows), *_columns(told), *_null_lines(mapping), *_values(words, len(sound), guide)]
    return Draft("\n".join(lines) + "\n", _doubts(told, words))


def _first_rows(rows: Iterator[RawRow]) -> Iterator[RawRow]:
    seen = 0
    for row in islice(rows, ROWS_LOOKED_AT):
        yield row
        seen += sum(map(len, row.values.values()))
        if seen > MOST_LOOKED_AT:
            return


def write_draft(path: str, out: Path | None, settings: Settings) -> None:
    """Draft a mapping to `out`, or to stdout; what is doubtful goes to stderr.    Raises:  CatalogError."""
    draft = draft_mapping(path, settings)
    if out is None:
        sys.stdout.write(draft.text)
    else:
        try:
            out.write_text(draft.text, "utf-8")
        except OSError as fault:
            raise CatalogError(f"{out}: cannot be written ({fault.strerror}); name another file with --out") from None
    heading = "Least certain, to be looked at first:" if draft.doubts else "Nothing is in doubt."
    sys.stderr.write("\n".join([heading, *(f"  {doubt}" for doubt in draft.doubts)]) + "\n")


def _with_a_name(told: Sequence[Evidence], catalogue: Catalogue, path: str) -> list[Evidence]:
    """With another column in place of a missing name.    Raises:  CatalogError: no id, or nothing to call products by."""
    of_field = {one.field: one for one in told}
    if "product_id" not in of_field:
        raise CatalogError(
            f"{path}: no column holds a different code in each row (it has {listed(catalogue.columns)}); add an id to every product"
        )
    if "name" in of_field:
        return list(told)
    instead = next((of_field[field] for field in INSTEAD_OF_NAME if field in of_field), None)
    if instead is None:
        raise CatalogError(
            f"{path}: no column says what its products are (it has {listed(catalogue.columns)}); add a name or a type"
        )
    name = Evidence("name", instead.column, 0.3, f"there is no name; {instead.field} stands in for it")
    return [told[0], name, *told[1:]]


def _head(catalogue: Catalogue, rows: Sequence[RawRow]) -> Iterator[str]:
    yield f"# Draft of a mapping for {catalogue.source}, by {len(rows)} rows. Each line tells its confidence (0 to 1) and evidence."
    yield "# Correct what is wrong and name this file with --mapping. Lines that are commented out change nothing."
    yield f"format: {catalogue.format}"
    if catalogue.layout is not None:
        yield f"delimiter: {json.dumps(catalogue.layout.delimiter)}"
    if any(row.fault is not None and row.fault.reason_code == "undecodable_bytes" for row in rows):
        yield "encoding: cp1252  # 0.60 some rows are not UTF-8"


def _columns(told: Sequence[Evidence]) -> Iterator[str]:
    yield "columns:"
    for one in told:
        yield f"  {one.field}: {_quoted(one.column)}  # {one.confidence:.2f} {_one_line(one.why)}"


def _nulls(told: Sequence[Evidence], rows: Sequence[RawRow]) -> dict[str, tuple[str, ...]]:
    found = {}
    for one in told:
        if one.field not in {"product_id", "name", "price", "description", "tags"}:
            words = {value for row in rows if (value := row.values.get(one.column)) and value.casefold() in _NOTHING}
            if words:
                found[one.field] = tuple(sorted(words))
    return found


def _null_lines(mapping: CatalogueMapping) -> Iterator[str]:
    if mapping.nulls:
        yield "nulls:"
    for field, words in mapping.nulls.items():
        yield f"  {field}: [{', '.join(map(_quoted, words))}]  # 0.90 words for nothing"


def _values(words: Sequence[PlacedWord], rows: int, guide: StyleGuide) -> Iterator[str]:
    """Translations; a line that only a name can decide, or that nobody understood, is commented out."""
    written: list[str] = []
    for field in dict.fromkeys(one.field for one in words):
        of_field = [one for one in words if one.field == field][:MOST_VALUES]
        lines = [_value_line(one, rows, guide) for one in of_field]
        active = any(not line.lstrip().startswith("#") for line in lines)
        written += [f"  {field}:" if active else f"  # {field}:", *lines]
    if any(line.startswith("    ") and not line.lstrip().startswith("#") for line in written):
        yield "values:"
    else:
        yield "# values:"
    yield from written


def _value_line(one: PlacedWord, rows: int, guide: StyleGuide) -> str:
    slot = f"slot {one.slot}, " if one.slot else ""
    evidence = (
        f"{one.confidence:.2f} {slot}{_how(one)}; {one.rows} rows ({100 * one.rows / rows:.1f} %), e.g. {_one_line(one.example)}"
    )
    line = f"{_quoted(one.word)}: {_quoted(one.meaning or '')}  # {evidence}"
    return f"    {line}" if _is_translation(one, guide) else f"    # {line}"


def _is_translation(one: PlacedWord, guide: StyleGuide) -> bool:
    if one.meaning is None or one.how not in {KNOWN, "resemblance"}:
        return False
    if one.field in _ALLOWED:
        return one.meaning in _ALLOWED[one.field]
    if one.field == "colour":
        found = guide.colour(one.meaning)
        return found is not None and found.name == one.meaning
    known = guide.article_type(one.meaning)
    rough = one.how == KNOWN and one.confidence < 1  # its products' names say the rest
    return known is not None and known.slot == one.slot and not rough


def _how(one: PlacedWord) -> str:
    return {
        KNOWN: "by the style guide",
        UNKNOWN: "not understood",
        "resemblance": "by its likeness to a word of the style guide",
    }.get(one.how, f"by the {one.how}")


def _doubts(told: Sequence[Evidence], words: Sequence[PlacedWord]) -> tuple[str, ...]:
    columns = [(one.confidence, f"{one.confidence:.2f} column {one.column} is {one.field}: {one.why}") for one in told]
    values = [
        (
            one.confidence,
            f"{one.confidence:.2f} {one.field} {one.word!r} is {one.meaning or 'nothing known'}, {_how(one)} ({one.rows} rows)",
        )
        for one in words
        if one.how != KNOWN
    ]
    least = sorted([*columns, *values], key=lambda one: one[0])
    return tuple(_one_line(text) for confidence, text in least if confidence < 0.9)[:MOST_DOUBTS]


def _quoted(text: str) -> str:
    """A YAML string; YAML takes no invisible signs but as escapes."""
    return "".join(sign if sign.isprintable() else _escaped(sign) for sign in json.dumps(text, ensure_ascii=False))


def _escaped(sign: str) -> str:
    return f"\\U{ord(sign):08x}"


def _one_line(text: str) -> str:
    return printable(" ".join(text.split()))[:160]
