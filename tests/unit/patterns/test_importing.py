"""Patterns that exist already come in: this package's own and another system's."""

import json
from pathlib import Path
from typing import Any

import pytest

from outfit_pairing.errors import CatalogError
from outfit_pairing.patterns.article_words import Way
from outfit_pairing.patterns.importing import anchor_ids, import_patterns, read_import
from outfit_pairing.patterns.translate import Translator
from tests.unit.patterns.shops import GUIDE, anchor, real_catalogue, shop

TRANSLATOR = Translator(GUIDE, shop())
OWN = {
    "pattern_id": "a1",
    "anchor_product_id": "007",
    "name": "Boardroom",
    "description": "",
    "occasion": "office",
    "season": None,
    "items": [
        {"slot": "bottom", "article_types": ["Trousers"], "colours": ["grey"], "style": "formal", "required": True},
        {"slot": "footwear", "article_types": ["Formal Shoes"], "colours": ["black"], "style": "formal", "required": True},
    ],
    "confidence": 0.9,
    "provider": "style_guide",
}
OTHER = {
    "name": "Weekend",
    "items": [
        {"role": "bottom", "categories": ["Apparel/Lowerwear"], "subcategories": ["Chinos"], "colors": ["Gray"], "required": True},
        {
            "role": "footwear",
            "categories": ["Footwear/Shoes"],
            "subcategories": ["Oxford"],
            "colors": ["Black Leather"],
            "style": "Formal",
        },
    ],
    "confidence": 0.8,
    "anchor_id": 8,
}


def file(folder: Path, text: str) -> Path:
    """A file of that text."""
    path = folder / "patterns.json"
    path.write_text(text, "utf-8")
    return path


@pytest.mark.parametrize(
    "text",
    [
        json.dumps([OWN, OTHER], indent=1),
        json.dumps({"patterns": [OWN, OTHER]}),
        f"{json.dumps(OWN)}\n\n{json.dumps(OTHER)}\n",
        f"\ufeff{json.dumps([OWN, OTHER])}",
    ],
)
def test_lists_lines_and_marks_are_read(tmp_path: Path, text: str) -> None:
    """As publish writes them, as JSON lines, under `patterns`, with a byte-order mark; ids are texts, zeros kept."""
    found = read_import(file(tmp_path, text))
    assert anchor_ids(found) == ("007", "8")
    assert [one.line for one in found.patterns] == [1, 2]


@pytest.mark.parametrize(
    ("text", "says"),
    [
        ("", "is empty"),
        ("[]", "empty list"),
        ("hello", "is no JSON"),
        ('[{"name": ', "is no JSON"),
        (f"{json.dumps(OWN)}\n{{", "line 2"),
        ("7", "single value"),
        ("[1]", "entry 1 is no JSON object"),
        ('[{"anchor_id": 3}]', "pattern 1 has no list of items"),
        ('[{"items": [], "name": "x"}]', "pattern 1 has no anchor_product_id"),
        ('[{"items": [], "anchor_id": true}]', "has no anchor_product_id"),
        ("[" * 100_000, "is no JSON"),
    ],
)
def test_what_cannot_be_read_is_said_in_one_line(tmp_path: Path, text: str, says: str) -> None:
    """Which file, where, and what to give instead."""
    with pytest.raises(CatalogError) as caught:
        read_import(file(tmp_path, text))
    assert says in caught.value.what
    assert str(tmp_path) in caught.value.what
    assert len(caught.value.what) < 400


def test_files_that_are_none_are_said_too(tmp_path: Path) -> None:
    """Missing, a folder, no text."""
    with pytest.raises(CatalogError, match="does not exist"):
        read_import(tmp_path / "nowhere.json")
    with pytest.raises(CatalogError, match="cannot be read"):
        read_import(tmp_path)
    (tmp_path / "binary").write_bytes(b"\xff\xfe\x00\x01")
    with pytest.raises(CatalogError, match="no UTF-8"):
        read_import(tmp_path / "binary")


def test_both_shapes_come_in_the_catalogues_words(tmp_path: Path) -> None:
    """An anchor that is gone is reported by its name, and its patterns are refused with that reason."""
    gone: Any = OTHER | {"anchor_id": 9}
    path = file(tmp_path, json.dumps([OWN, OTHER, gone]))
    anchors = tmp_path / "anchors.json"
    anchors.write_text(json.dumps([{"product_id": 9, "product_display_name": "Marlow Red Shirt"}]), "utf-8")
    products = {"007": anchor("Shirts", usage="formal"), "8": anchor("Shirts")}
    found = import_patterns(read_import(path, anchors), products, TRANSLATOR)
    assert [one.article_types for one in found.readings["8"].patterns[0].items] == [("Trousers",), ("Formal Shoes",)]
    assert found.readings["007"].patterns[0].occasion == "office"
    assert found.missing_anchors == ("9 (Marlow Red Shirt)",)
    assert [(one.line, one.name, one.reason) for one in found.rejected] == [
        (3, "Weekend", "its anchor is no product of the catalogue")
    ]
    assert (found.items, found.lost) == (4, ())
    assert found.ways[Way.FAMILY] == 2


def test_what_was_published_comes_back_unchanged(tmp_path: Path) -> None:
    """The way out and the way in agree."""
    found = import_patterns(read_import(file(tmp_path, json.dumps([OWN]))), {"007": anchor("Shirts", usage="formal")}, TRANSLATOR)
    (pattern,) = found.readings["007"].patterns
    assert pattern.model_dump(mode="json") == {name: OWN[name] for name in pattern.model_dump()}


def test_the_seed_ends_in_the_real_catalogues_words(seed_folder: Path, catalogue_file: Path) -> None:
    """At least 95 % of the items that another system's model asked for; the rest is listed with the reason."""
    products, catalogue = real_catalogue(catalogue_file)
    file = read_import(seed_folder / "outfit_patterns.json", seed_folder / "anchor_products.json")
    assert len(file.patterns) == 135
    found = import_patterns(file, products, Translator(GUIDE, catalogue))
    assert found.missing_anchors == ()
    assert found.items == sum(len(one.raw["items"]) for one in file.patterns)
    assert 1 - len(found.lost) / found.items >= 0.95
    assert all("catalogue" in one.reason for one in found.lost)
    patterns = [pattern for reading in found.readings.values() for pattern in reading.patterns]
    assert len(patterns) + len(found.rejected) == 135
    assert len(patterns) >= 90
