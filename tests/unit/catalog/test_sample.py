"""The sample catalogue: the same for the same seed, complete, believable, and readable by its own mapping."""

import csv
import gzip
import json
from collections import Counter
from collections.abc import Callable
from itertools import islice
from pathlib import Path

import pytest

from outfit_pairing.catalog import open_catalogue, write_sample
from outfit_pairing.catalog.product_rows import ProductReader
from outfit_pairing.catalog.sample import HEADER, sample_rows
from outfit_pairing.catalog.sample_looks import PRODUCTS_PER_LOOK, write_sample_lookbook
from outfit_pairing.errors import CatalogError
from outfit_pairing.settings import Settings
from outfit_pairing.style import SLOTS, load_style_guide


def test_the_same_seed_writes_the_same_file(tmp_path: Path) -> None:
    """Two runs give the same bytes, zipped too; another seed gives another catalogue."""
    first, again, other = (
        write_sample(tmp_path / name, 300, seed) for name, seed in (("a.csv.gz", 1), ("b.csv.gz", 1), ("c.csv.gz", 2))
    )
    assert first.read_bytes() == again.read_bytes() != other.read_bytes()
    plain = write_sample(tmp_path / "a.csv", 300, 1)
    assert gzip.decompress(first.read_bytes()) == plain.read_bytes()


def test_a_longer_sample_begins_with_the_shorter_one() -> None:
    """Growth is measured on more of the same."""
    assert list(islice(sample_rows(3), 5_000))[:2_500] == list(islice(sample_rows(3), 2_500))


def test_two_thousand_products_hold_every_category() -> None:
    """The demo shows each kind of product that a large catalogue has."""
    first = {row[HEADER.index("category")] for row in islice(sample_rows(1), 2_000)}
    later = {row[HEADER.index("category")] for row in islice(sample_rows(1), 60_000)}
    assert first >= later


def test_every_row_is_understood_by_its_own_mapping(tmp_path: Path, make_settings: Callable[..., Settings]) -> None:
    """No reject, no unknown word, every slot, some without stock, and leading zeros kept."""
    path = write_sample(tmp_path / "sample.csv.gz", 2_000, 1)
    catalogue = open_catalogue(make_settings(f"catalog.path={path}", "catalog.mapping=sample"))
    assert catalogue.mapping is not None
    reader = ProductReader(catalogue.mapping, load_style_guide(), "EUR")
    rows = [reader.read(row) for row in catalogue.rows()]
    assert len(rows) == 2_000
    assert not any(row.get("reason_code") or row["unknown_article_type"] or row["unknown_colour"] for row in rows)
    assert {row["slot"] for row in rows} == set(SLOTS)
    assert 20 < sum(not row["in_stock"] for row in rows) < 200
    assert rows[0]["product_id"] == "00000001"
    assert {row["currency"] for row in rows if row["price"]} == {"USD"}


def test_the_shape_is_that_of_a_real_catalogue() -> None:
    """Common types, audiences and seasons have their usual shares."""
    rows = list(islice(sample_rows(5), 20_000))
    share = {column: Counter(row[HEADER.index(column)] for row in rows) for column in ("product_type", "gender", "season")}
    assert 0.13 < share["product_type"]["T-Shirts"] / 20_000 < 0.19
    assert 0.44 < share["gender"]["Men"] / 20_000 < 0.54
    assert 0.43 < share["season"]["Summer"] / 20_000 < 0.53


def test_names_differ_enough_to_be_worth_encoding() -> None:
    """Most products have a name of their own, as in a real catalogue."""
    names = {row[HEADER.index("title")] for row in islice(sample_rows(1), 10_000)}
    assert len(names) > 7_000


def test_a_sample_can_be_read_as_plain_csv(tmp_path: Path) -> None:
    """Anybody's CSV reader finds as many fields in each row as in the header."""
    with write_sample(tmp_path / "new" / "sample.csv", 50).open(encoding="utf-8") as stream:
        rows = list(csv.reader(stream))
    assert tuple(rows[0]) == HEADER
    assert {len(row) for row in rows} == {len(HEADER)}


def test_nothing_half_written_is_left(tmp_path: Path) -> None:
    """A place that cannot be written, or no product at all, is one clear line."""
    (tmp_path / "file").write_text("x", "utf-8")
    with pytest.raises(CatalogError, match="cannot be written"):
        write_sample(tmp_path / "file" / "sample.csv", 10)
    with pytest.raises(CatalogError, match="at least 1"):
        write_sample(tmp_path / "sample.csv", 0)
    assert [path.name for path in tmp_path.iterdir()] == ["file"]


def test_the_made_up_lookbook_is_the_same_for_the_same_seed_and_of_products_in_stock(tmp_path: Path) -> None:
    """One look per forty products, of three to five slots that differ, all in stock."""
    first, again, other = (write_sample_lookbook(tmp_path / name, 800, seed) for name, seed in (("a", 1), ("b", 1), ("c", 2)))
    assert first.read_bytes() == again.read_bytes() != other.read_bytes()
    stock = {row[0]: row[HEADER.index("stock")] for row in islice(sample_rows(1), 800)}
    looks = [json.loads(line)["items"] for line in first.read_text("utf-8").splitlines()]
    assert len(looks) == 800 // PRODUCTS_PER_LOOK
    assert all(3 <= len(items) <= 5 and stock[item] != "0" for items in looks for item in items)
    with pytest.raises(CatalogError, match="cannot be written"):
        write_sample_lookbook(tmp_path / "a" / "looks.jsonl", 100)
