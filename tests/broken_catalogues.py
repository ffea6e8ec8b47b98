"""Catalogue files that are broken in every way that files break; the same seed makes the same files.

A file is a small good table, written in some format, with one kind of damage or several. `kinds` names them.
"""

import csv
import gzip
import io
import json
import os
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from pathlib import Path
from random import Random
from typing import Any

import pyarrow as pa
import pyarrow.parquet as pq

HEADER = ["id", "name", "gender", "type", "colour", "season", "price", "description"]
NAMES = ["Marlow Men Red Shirt", "Marlow Women Navy Skirt", "Marlow Boots", "Größe Schuhe für Damen", "Robe d'été", "Tote"]
WORDS = [["Men", "Women", "Unisex"], ["Shirts", "Skirts", "Boots", "Dresses"], ["Red", "Navy Blue", "grün"], ["Summer", "Winter"]]
ODD_TEXT = ["👗🏽 Dress", "👨‍👩‍👧 Set", "\u202eعباءة سوداء", "שמלה", "Sh\u200birt", "\u200b", "e\u0301toile " * 9, "Z͑ͫ̓ͪ̂ͫ̽͏̴̙̤̞͉͚̯̞̠͍A͂ͧLGO",
            "\u2028next", "\ufeffShirt", "NULL", "=1+1", "\x1b[31mred", "\x07", " ", "ﷺ" * 20]  # fmt: skip
ODD_PRICES = ["1.299,00", "-5", "−5", "1e308", "1e999", "NaN", "inf", "1,2.3,4", "9" * 400, "١٢٣", "12-15", "₹ 1,299", "free",
              "0", "1.2.3.4", "²", "1_000"]  # fmt: skip
ODD_IDS = ["", " ", "007", "7", " 7", "a1", "A1", "\u00a07", "\u200b", "0", "NaN", "1.0", "x" * 5_000, "7\n", "é", "e\u0301"]
_ROW_END = "\r\n\x1e"


@dataclass(frozen=True, slots=True)
class Broken:
    """One file, and what was done to it.    rows: how many it has, None where nobody can say."""

    number: int
    kinds: tuple[str, ...]
    path: Path
    rows: int | None

    def __str__(self) -> str:
        return f"{self.number:04d} {self.path.name}: {' + '.join(self.kinds)}"


@dataclass(slots=True)
class Draft:
    """A file that is being made."""

    chance: Random
    large: int
    header: list[str] = field(default_factory=lambda: list(HEADER))
    rows: list[list[str]] = field(default_factory=list)
    delimiter: str = ","
    line_end: str = "\n"
    quoting: Any = csv.QUOTE_MINIMAL
    encoding: str = "utf-8"
    lines: list[str] = field(default_factory=list)  # JSON lines to put in between
    array: bool = False
    extension: str = "csv"

    def any_row(self) -> list[str]:
        return self.chance.choice(self.rows)

    def put(self, column: int, values: list[str]) -> None:
        for row in self.rows:
            if self.chance.random() < 0.5 and len(row) > column:
                row[column] = self.chance.choice(values)


def _fill(draft: Draft) -> None:
    for number in range(draft.chance.randint(3, 40)):
        words = [draft.chance.choice(some) for some in WORDS]
        draft.rows.append([f"{number:03d}", draft.chance.choice(NAMES), *words, str(draft.chance.randint(5, 900)), "Soft, warm"])


def _resize(draft: Draft, change: int) -> None:
    row = draft.any_row()
    row[:] = row + ["more"] * change if change > 0 else row[:change]


def _large_cell(draft: Draft, size: int) -> None:
    draft.any_row()[draft.chance.choice([0, 1, 3, 7])] = draft.chance.choice(["x", "é", "👗", 'a"', "a\n", "a,"]) * (size // 2)


def _header(draft: Draft, names: list[str]) -> None:
    """More columns, with a cell each in most rows."""
    draft.header += names
    for row in draft.rows:
        row.extend(["x"] * len(names))


TABLE: dict[str, Callable[[Draft], None]] = {
    "odd text": lambda d: d.put(d.chance.randint(1, 5), ODD_TEXT),
    "odd prices": lambda d: d.put(6, ODD_PRICES),
    "dates for seasons": lambda d: d.put(5, ["2024-02-30", "AW24", "1.4.", "0000-00-00", "9999-12-31T23:59:59Z"]),
    "odd ids": lambda d: d.put(0, ODD_IDS),
    "NUL in cells": lambda d: d.put(d.chance.randint(0, 7), ["a\0b", "\0"]),
    "quotes in cells": lambda d: d.put(1, ['17" Bag', '"', '""', '"a" b', 'a "b"', "'", '"\n"']),
    "line ends in cells": lambda d: d.put(7, ["a\nb", "a\r\nb", "a\rb", "\n" * 250, "a\n\n\nb"]),
    "too few cells": lambda d: _resize(d, -d.chance.randint(1, 7)),
    "too many cells": lambda d: _resize(d, d.chance.choice([1, 2, 500])),
    "a field of 1 MB": lambda d: _large_cell(d, 1_000_000),
    "a huge field": lambda d: _large_cell(d, d.large),
    "duplicate header": lambda d: d.header.__setitem__(5, d.chance.choice(["name", "colour"])),
    "empty header names": lambda d: _header(d, ["", " ", ""]),
    "header twins by case": lambda d: _header(d, ["ID", "Name", "NAME"]),
    "header twins by space": lambda d: _header(d, [" id", "name "]),
    "odd header": lambda d: _header(d, ['si"ze', "a\nb", "\u200bid", "x" * 200_000, "\x1b[31mred"]),
    "a column too long": lambda d: d.header.__setitem__(7, "y" * 300_000),
    "5,000 columns": lambda d: _header(d, [f"c{n}" for n in range(5_000)]),
    "too many columns": lambda d: d.header.extend(f"c{n}" for n in range(min(1_000_000, d.large // 8))),
    "no header": lambda d: d.header.__setitem__(slice(None), d.rows[0]),
    "no rows": lambda d: d.rows.clear(),
}
CSV: dict[str, Callable[[Draft], None]] = {
    "semicolons": lambda d: setattr(d, "delimiter", ";"),
    "tabs": lambda d: setattr(d, "delimiter", "\t"),
    "CRLF": lambda d: setattr(d, "line_end", "\r\n"),
    "lone CR": lambda d: setattr(d, "line_end", "\r"),
    "mixed line ends": lambda d: setattr(d, "line_end", ""),
    "all quoted": lambda d: setattr(d, "quoting", csv.QUOTE_ALL),
}
ENCODINGS = {"latin-1": "latin-1", "cp1252": "cp1252", "UTF-16": "utf-16", "UTF-16 without mark": "utf-16-le", "BOM": "utf-8-sig",
             "UTF-32": "utf-32", "UTF-16 other way": "utf-16-be"}  # fmt: skip
JSON: dict[str, list[str]] = {
    "deep nesting": ["[" * 10_000 + "]" * 10_000, '{"id": ' + '{"a": ' * 10_000 + "1" + "}" * 10_001, '{"id":' * 3_000],
    "deep values": ['{"id": "d1", "name": "Tee", "x": ' + "[" * 900 + "]" * 900 + "}"],
    "duplicate keys": ['{"id": "k1", "id": "k2", "name": "Tee", "name": "Tote"}'],
    "huge integers": ['{"id": ' + "9" * 5_000 + ', "name": "Tee"}', '{"id": ' + "9" * 4_000 + ', "name": "Tee", "price": 1e400}'],
    "NaN": ['{"id": NaN, "name": "Tee"}', '{"id": "n1", "name": Infinity, "price": NaN}', '{"id": "n2", "name": "T", "x": [NaN]}'],
    "arrays for objects": ['["1", "Shirt"]', "[]", "[[]]"],
    "null lines": ["null", "true", "5", '"text"', "{}"],
    "broken surrogates": ['{"id": "s1", "name": "\\ud83d Shirt"}', '{"\\udc00": "x", "id": "s2", "name": "T"}'],
    "many keys": ["{" + ",".join(f'"k{n}": 1' for n in range(150_000)) + "}"],
    "many small values": ['{"id": "m1", "name": "Tee", "x": [' + "[]," * 600_000 + "0]}", "[" + "{}," * 600_000 + "0]"],
    "odd JSON": ["{'id': 1}", '{"id": 1,}', '{"id": 1} {"id": 2}', '{"id": {"id": {"id": {}}}, "name": []}', "{" * 50],
}


def _bomb(head: bytes, piece: bytes, times: int) -> bytes:
    """`head` and `piece` many times over, zipped."""
    stream = io.BytesIO()
    with gzip.GzipFile(fileobj=stream, mode="wb", compresslevel=9) as zipped:
        zipped.write(head)
        for _ in range(times):
            zipped.write(piece)
    return stream.getvalue()


def _write_csv(draft: Draft) -> str:
    stream = io.StringIO()
    # what may end a line is quoted in a cell; the last sign tells ends of rows from it
    rows = csv.writer(stream, delimiter=draft.delimiter, quoting=draft.quoting, lineterminator=_ROW_END)
    rows.writerows([draft.header, *draft.rows])
    text = stream.getvalue()
    if draft.line_end:
        return text.replace(_ROW_END, draft.line_end)
    return "".join(part + draft.chance.choice(["\n", "\r\n", "\r"]) for part in text.split(_ROW_END))


def _write_json(draft: Draft) -> str:
    rows = [json.dumps(dict(zip(draft.header, row, strict=False)), ensure_ascii=draft.chance.random() < 0.5) for row in draft.rows]
    for line in draft.lines:
        rows.insert(draft.chance.randint(0, len(rows)), line)
    if not draft.array:
        return "\n".join(rows) + "\n"
    return "[" + draft.chance.choice([",", ", ", ",\n"]).join(rows) + "]"


def _write_parquet(draft: Draft) -> bytes:
    draft.header = draft.header[: 20_000 if draft.large < 10_000_000 else 150_000]
    width = len(draft.header)
    columns = list(zip(*([*row, *[None] * width][:width] for row in draft.rows), strict=True)) or [()] * width
    cells = [pa.array([None if cell is None else cell.encode() for cell in column], pa.binary()) for column in columns]
    if draft.encoding != "utf-8":  # bytes that are no UTF-8, in a column that says they are
        cells[1] = pa.array([b"Gr\xfcn"] * len(draft.rows), pa.binary())
    written = draft.chance.choice([pa.string(), pa.string(), pa.binary()])
    arrays = [column.view(written) for column in cells]
    stream = io.BytesIO()
    pq.write_table(pa.Table.from_arrays(arrays, names=draft.header), stream, compression=draft.chance.choice(["snappy", "zstd"]))
    return stream.getvalue()


def _spoil(draft: Draft, content: bytes, times: int, by: Callable[[Random], bytes]) -> bytes:
    """Pieces put in at any place after the header."""
    for _ in range(times):
        at = draft.chance.randint(min(60, len(content)), len(content))
        content = content[:at] + by(draft.chance) + content[at + draft.chance.randint(0, 2) :]
    return content


BYTES: dict[str, Callable[[Draft, bytes], bytes]] = {
    "cut": lambda d, b: b[: d.chance.randint(0, len(b))],
    "cut near the end": lambda d, b: b[: -d.chance.randint(1, 9)],
    "stray quotes": lambda d, b: _spoil(d, b, d.chance.choice([1, 2, 30]), lambda c: b'"' * c.randint(1, 3)),
    "NUL bytes": lambda d, b: _spoil(d, b, d.chance.choice([1, 9]), lambda c: b"\0" * c.randint(1, 9)),
    "NUL bytes late": lambda d, b: b + b"x,y\n" * 20_000 + b"z\0,\0\n",
    "wild bytes": lambda d, b: _spoil(d, b, d.chance.choice([1, 9, 60]), lambda c: c.randbytes(c.randint(1, 9))),
    "mixed encodings": lambda d, b: _spoil(d, b, 9, lambda c: "é“ü€".encode(c.choice(["cp1252", "utf-16", "utf-8"]))),
    "surrogates as bytes": lambda d, b: _spoil(d, b, 3, lambda c: b"\xed\xa0\x80"),
    "a bad byte late in a line": lambda d, b: b[:-2] + b" " * 6_000 + b"\xff" + b[-2:],
    "blank lines": lambda d, b: b"\n\r\n" + b.replace(b"\n", b"\n\n") + b"\n" * 5_000,
    "a very long line": lambda d, b: b + b"x" * d.large + b"\n" + b,
    "a long line of delimiters": lambda d, b: b + b"," * (d.large // 8) + b"\n" + b,
    "twice over": lambda d, b: b + b,
    "rubbish behind": lambda d, b: b + d.chance.randbytes(500),
    "rubbish": lambda d, b: d.chance.randbytes(d.chance.randint(1, 5_000)),
    "nothing but line ends": lambda d, b: b"\n" * d.chance.randint(1, 200_000),
}
ZIPPED: dict[str, Callable[[Draft, bytes], bytes]] = {
    "gzip": lambda d, b: gzip.compress(b, 1, mtime=0),
    "gzip cut": lambda d, b: gzip.compress(b, 1, mtime=0)[: -d.chance.randint(1, 40)],
    "gzip in gzip": lambda d, b: gzip.compress(gzip.compress(b, 1, mtime=0), 1, mtime=0),
    "gzip twice over": lambda d, b: gzip.compress(b, 1, mtime=0) * 2,
    "gzip with rubbish behind": lambda d, b: gzip.compress(b, 1, mtime=0) + b"rubbish",
    "gzip with wild bytes": lambda d, b: _spoil(d, gzip.compress(b, 1, mtime=0), 2, lambda c: c.randbytes(2)),
    "a bomb of zeros": lambda d, b: _bomb(b"", b"\0" * 1_000_000, d.large // 60_000),
    "a bomb of one line": lambda d, b: _bomb(b, b"a" * 1_000_000, d.large // 60_000),
    "a bomb of long lines": lambda d, b: _bomb(b, b"b1," + b"a" * 999_990 + b",,,,,,\n", d.large // 60_000),
    "a bomb of blank lines": lambda d, b: _bomb(b, b"\n" * 100_000, d.large // 600_000),
}
PLACES = ("a folder", "an empty file", "a pipe", "an unreadable file", "a loop of links", "an absent file", "another format's name")
FORMATS = ("csv", "jsonl", "json", "parquet")
# Damage that costs no row, whatever it does to some of them.
HARMLESS = {
    *("odd prices", "dates for seasons", "NUL in cells", "empty header names", "header twins by case", "5,000 columns"),
    *(CSV.keys() - {"tabs"}), *("UTF-16", "BOM", "UTF-32", "gzip", "quotes in cells"),
}  # fmt: skip
FATAL = {*PLACES, *ZIPPED} - {"gzip", "gzip twice over", "another format's name"}  # nearly always: seldom among others
LARGE = {
    "5,000 columns",
    *("a huge field", "too many columns", "a very long line", "a long line of delimiters", "many keys", "many small values"),
    *(kind for kind in ZIPPED if "bomb" in kind),
}
KINDS = (*TABLE, *CSV, *ENCODINGS, *JSON, *BYTES, *ZIPPED, *PLACES)


def broken_catalogues(folder: Path, count: int, seed: int, large: int) -> Iterator[Broken]:
    """`count` files: each kind of damage alone first, then two to four together.

    large: bytes of a very large field or line; a bomb has sixteen times as many.
    """
    for number in range(count):
        chance = Random(f"{seed} {number}")
        some = [kind for kind in KINDS if kind not in LARGE | FATAL or chance.random() < 0.1]
        kinds = (KINDS[number],) if number < len(KINDS) else tuple(sorted(set(chance.choices(some, k=chance.randint(2, 4)))))
        draft = Draft(chance, large)
        path = _made(folder / f"{number:04d}", draft, kinds)
        yield Broken(number, kinds, path, len(draft.rows) if HARMLESS.issuperset(kinds) else None)


def _format_for(kinds: tuple[str, ...], chance: Random) -> str:
    if any(kind in JSON for kind in kinds):
        return chance.choice(["jsonl", "jsonl", "json"])
    if any(kind in CSV for kind in kinds):
        return "csv"
    return chance.choice(["csv", "csv", *FORMATS])


def _made(folder: Path, draft: Draft, kinds: tuple[str, ...]) -> Path:
    folder.mkdir()
    draft.extension = _format_for(kinds, draft.chance)
    draft.array = draft.extension == "json"
    _fill(draft)
    for kind in kinds:
        if kind in TABLE and draft.rows:
            TABLE[kind](draft)
        elif kind in CSV:
            CSV[kind](draft)
        elif kind in ENCODINGS:
            draft.encoding = ENCODINGS[kind]
        draft.lines += JSON.get(kind, [])
    content = _content(draft, kinds)
    name = draft.extension
    if "another format's name" in kinds:
        name = draft.chance.choice([one for one in FORMATS if one != name])
    zipped = next((ZIPPED[kind] for kind in kinds if kind in ZIPPED), None)
    return _placed(folder / f"shop.{name}{'.gz' if zipped else ''}", zipped(draft, content) if zipped else content, kinds)


def _content(draft: Draft, kinds: tuple[str, ...]) -> bytes:
    if draft.extension == "parquet":
        content = _write_parquet(draft)
    else:
        text = _write_csv(draft) if draft.extension == "csv" else _write_json(draft)
        content = text.encode(draft.encoding, "replace")
    for kind in kinds:
        if kind in BYTES:
            content = BYTES[kind](draft, content)
    return content


def _placed(path: Path, content: bytes, kinds: tuple[str, ...]) -> Path:
    if "a folder" in kinds:
        path.mkdir()
        (path / "shop.csv").write_bytes(content)
    elif "a pipe" in kinds:
        os.mkfifo(path)
    elif "a loop of links" in kinds:
        path.symlink_to(path.with_name("other"))
        path.with_name("other").symlink_to(path)
    elif "absent" not in " ".join(kinds):
        path.write_bytes(b"" if "an empty file" in kinds else content)
        path.chmod(0 if "an unreadable file" in kinds else 0o644)
    return path
