"""A mapping is drafted for a catalogue that nobody has described, and a draft can be used as it is."""

import csv
import json
import random
from collections.abc import Callable
from pathlib import Path

import pytest

from outfit_pairing.catalog import load_mapping, open_catalogue
from outfit_pairing.catalog.gaps import as_text, guide_gaps
from outfit_pairing.catalog.product_rows import ProductReader
from outfit_pairing.catalog.suggest import draft_mapping
from outfit_pairing.cli import main
from outfit_pairing.errors import CatalogError
from outfit_pairing.settings import Settings
from outfit_pairing.style import load_style_guide

MakeSettings = Callable[..., Settings]
TYPES = {
    "Skinny Jeans": "bottom",
    "Ankle Boots": "footwear",
    "Silk Blouses": "top",
    "Tote Bags": "bag",
    "Maxi Dresses": "one_piece",
}
COLOURS = ("Black", "Navy Blue", "Dusty Rose", "Off White", "Olive")
SEASONS = ("Summer", "Winter", "AW12")


def rows(count: int = 60) -> list[dict[str, str]]:
    """Products of a made-up shop, the same each time."""
    chance = random.Random(3)
    found = []
    for number in range(count):
        article_type, colour = chance.choice(list(TYPES)), chance.choice(COLOURS)
        found.append(
            {
                "id": f"AB-{number:04}",
                "name": f"Marlow {chance.choice(('Nova', 'Luna', 'Rio'))} {article_type[:-1]} No {number}",
                "audience": chance.choice(("Women", "Men", "Girls")),
                "type": article_type,
                "colour": colour,
                "season": chance.choice(SEASONS),
                "price": f"{chance.randint(10, 200)},95 €",
                "image": f"https://shop.example/{number}.jpg",
            }
        )
    return found


@pytest.fixture
def write(tmp_path: Path) -> Callable[..., Path]:
    """Writes rows as CSV, their columns called by other names if given."""

    def write(table: list[dict[str, str]], names: list[str] | None = None) -> Path:
        path = tmp_path / "shop.csv"
        with path.open("w", encoding="utf-8", newline="") as stream:
            writer = csv.writer(stream)
            writer.writerow(names or list(table[0]))
            writer.writerows(row.values() for row in table)
        return path

    return write


@pytest.mark.parametrize("names", [None, [f"col{place}" for place in range(1, 9)]])
def test_columns_are_told_by_their_values_when_their_names_say_nothing(
    tmp_path: Path, write: Callable[..., Path], make_settings: MakeSettings, names: list[str] | None
) -> None:
    """A draft loads as a mapping, names the right columns, and puts every product where the named columns would."""
    table = rows()
    path, draft = write(table, names), tmp_path / "draft.yaml"
    settings = make_settings("embedding.model=hashing", f"catalog.path={path}", f"catalog.mapping={draft}")
    draft.write_text(draft_mapping(str(path), settings).text, "utf-8")
    header = names or list(table[0])
    wanted = ("product_id", "name", "audience", "article_type", "colour", "season", "price", "image_url")
    mapping = load_mapping(str(draft))
    assert mapping.columns.named() == dict(zip(wanted, header, strict=True)) | {}
    catalogue = open_catalogue(settings)
    reader = ProductReader(mapping, load_style_guide(), "USD")
    products = [reader.read(row) for row in catalogue.rows()]
    assert [one["slot"] for one in products] == [TYPES[row["type"]] for row in table]
    assert {one["audience"] for one in products} == {"women", "men", "girls"}
    assert {one["currency"] for one in products} == {"EUR"}
    assert all(one["colour"] and one["season"] and one["price"] for one in products)


def test_each_line_of_a_draft_tells_its_confidence_and_evidence(write: Callable[..., Path], make_settings: MakeSettings) -> None:
    """Shares, rows and an example stand beside what was concluded; the least certain comes first in the summary."""
    table = [*rows(), {**rows(1)[0], "id": "X1", "type": "Zorblings", "name": "Marlow 9000", "colour": "N/A"}]
    draft = draft_mapping(str(write(table)), make_settings("embedding.model=hashing"))
    assert '"AB-0000"' not in draft.text
    assert 'product_id: "id"  # 1.00 its name says so; 100 % of its values differ, e.g. AB-0000' in draft.text
    assert '"Skinny Jeans": "skinny jeans"  # 1.00 slot bottom, by the style guide;' in draft.text
    assert '# "Zorblings": ""  # 0.00 slot other, not understood; 1 rows (1.6 %), e.g. Marlow 9000' in draft.text
    assert 'colour: ["N/A"]' in draft.text
    assert draft.doubts[0].startswith("0.00 article_type 'Zorblings' is nothing known")
    assert list(draft.doubts) == sorted(draft.doubts, key=lambda line: float(line[:4]))


def test_the_command_writes_yaml_to_stdout_or_a_file_and_doubts_to_stderr(
    write: Callable[..., Path], tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """Results and remarks do not mix."""
    path = write(rows(10))
    flags = ["suggest-mapping", str(path), "--set", "embedding.model=hashing"]
    assert main(flags) == 0
    shown = capsys.readouterr()
    assert shown.out.startswith("# Draft of a mapping for shop.csv")
    assert main([*flags, "--out", str(tmp_path / "x.yaml")]) == 0
    assert (tmp_path / "x.yaml").read_text("utf-8") == shown.out
    assert main(["suggest-mapping", str(tmp_path / "none.csv")]) == 2


@pytest.mark.parametrize(
    ("table", "message"),
    [
        ([{"a": "same", "b": "Red Shirt"}, {"a": "same", "b": "Red Shirt"}], "no column holds a different code in each row"),
        ([{"id": str(place), "n": "3"} for place in range(30)], "no column says what its products are"),
    ],
)
def test_a_file_that_is_no_catalogue_gets_no_draft(
    write: Callable[..., Path], make_settings: MakeSettings, table: list[dict[str, str]], message: str
) -> None:
    """One line says what is missing."""
    with pytest.raises(CatalogError, match=message):
        draft_mapping(str(write(table)), make_settings("embedding.model=hashing"))


def test_gaps_of_the_guide_are_counted_with_where_they_went(
    write: Callable[..., Path], make_settings: MakeSettings, capsys: pytest.CaptureFixture[str]
) -> None:
    """Only what the guide does not know is listed, and how each word was placed."""
    odd = {**rows(1)[0], "type": "Zorblings", "colour": "Blorp", "audience": "D7", "season": "Q9"}
    table = [*rows(20), odd | {"id": "X1", "name": "Red Shirt"}, odd | {"id": "X2", "name": "Green Shirt"}]
    path = write(table)
    gaps = guide_gaps(make_settings("embedding.model=hashing", f"catalog.path={path}"))
    assert [(one.field, one.word, one.rows, one.how) for one in gaps] == [
        ("article_type", "Zorblings", 2, "name"),
        ("colour", "Blorp", 2, "name"),
        ("audience", "D7", 2, "nothing"),
        ("season", "Q9", 2, "nothing"),
    ]
    assert gaps[0].slot == "top"
    assert "Zorblings → top shirt (name, confidence 0.70)" in as_text(gaps)
    assert main(["guide-gaps", "--catalog", str(path), "--json", "--set", "embedding.model=hashing"]) == 0
    assert json.loads(capsys.readouterr().out)[0]["word"] == "Zorblings"


def test_a_draft_of_odd_signs_can_be_read(write: Callable[..., Path], make_settings: MakeSettings, tmp_path: Path) -> None:
    """Signs that YAML does not take stand in a draft as escapes, and mean what they meant."""
    odd = {"id": "code\x7f", "name": "na\u202eme", "audience": "for\x85whom", "type": "kind\U000e0001\ufeff"}
    table = [{odd.get(name, name): f"{value}\x9f" if name == "type" else value for name, value in row.items()} for row in rows()]
    path = write(table)
    (tmp_path / "draft.yaml").write_text(draft_mapping(str(path), make_settings("embedding.model=hashing")).text, "utf-8")
    mapping = load_mapping(str(tmp_path / "draft.yaml"))
    assert (mapping.columns.product_id, mapping.columns.article_type) == (odd["id"], odd["type"])


@pytest.mark.timeout(120)
def test_a_field_of_a_megabyte_does_not_hold_a_draft_up(write: Callable[..., Path], make_settings: MakeSettings) -> None:
    """Columns are told by the beginnings of their cells."""
    table = [*rows(), rows()[0] | {"id": "X1", "type": "Boots, " * 150_000, "colour": "red " * 250_000}]
    assert "article_type" in draft_mapping(str(write(table)), make_settings("embedding.model=hashing")).text
