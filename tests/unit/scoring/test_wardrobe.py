"""A catalogue read for judging: every product as far as it is described, each by itself."""

import gzip
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest

from outfit_pairing.errors import CatalogError, InputError
from outfit_pairing.scoring.wardrobe import Wardrobe, read_wardrobe
from outfit_pairing.settings import Settings
from tests.unit.scoring.shops import boutique_rows, write_catalogue

Make = Callable[..., Settings]


def wardrobe(make_settings: Make, path: Path, *wanted: str) -> Wardrobe:
    return read_wardrobe(make_settings(f"catalog.path={path}", "embedding.model=hashing"), wanted)


def vector(found: Wardrobe, one: str) -> list[float]:
    return [float(value) for value in found.vectors[found.garments[one].place]]


def test_all_that_a_catalogue_says_is_read(make_settings: Make, tmp_path: Path) -> None:
    """Colour, audience, price level within its family, mood; what is not said is None."""
    rows = [(f"s{number}", "Floral Shirt", "Shirts", "Red", "Women", 10) for number in range(5)]
    rows += [
        ("dear", "Plain Shirt", "Shirts", "", "", 100),
        ("free", "Shirt", "Shirts", "", "", "0"),
        ("odd", "Shirt", "Shirts", "", "", "?"),
    ]
    found = wardrobe(make_settings, write_catalogue(tmp_path, rows), "s0").garments
    assert found["s0"].audience == "women"
    assert found["s0"].colour is not None
    assert found["s0"].colour.family == "red"
    assert found["s0"].mood.loud
    assert found["s0"].price_level == 0
    assert found["dear"].price_level == pytest.approx(np.log(10))
    assert (found["dear"].colour, found["dear"].season, found["free"].price_level, found["odd"].price_level) == (None,) * 4


def test_leggings_of_nobody_in_particular_may_be_a_girls(make_settings: Make, tmp_path: Path) -> None:
    """A sex that only the article type tells says nothing of age."""
    rows = [("d1", "Dress", "Dresses", "", "", ""), ("d2", "Dress", "Dresses", "", "Women", "")]
    found = wardrobe(make_settings, write_catalogue(tmp_path, rows)).garments
    assert (found["d1"].audience, found["d2"].audience) == ("female", "women")


def test_a_style_vector_does_not_depend_on_what_else_is_wanted(make_settings: Make, tmp_path: Path) -> None:
    """So an outfit has the same score in any file."""
    path = write_catalogue(tmp_path, boutique_rows(each=90))
    alone = wardrobe(make_settings, path, "shirts-089")
    together = wardrobe(make_settings, path, *(f"{kind}-{number:03}" for kind in ("shirts", "jeans") for number in range(90)))
    assert vector(alone, "shirts-089") == vector(together, "shirts-089")
    assert len(alone.vectors) < len(together.vectors)


def test_vectors_are_unit_rows_or_nothing(make_settings: Make, tmp_path: Path) -> None:
    """A product that is all its slot has says nothing beyond its kind."""
    rows = [("only", "Umbrella Green", "Umbrellas", "", "", ""), *boutique_rows()]
    found = wardrobe(make_settings, write_catalogue(tmp_path, rows), "only", "shirts-000", "unknown")
    lengths = np.linalg.norm(found.vectors, axis=1)
    assert np.all((np.abs(lengths - 1) < 1e-5) | (lengths == 0))
    assert not any(vector(found, "only"))
    assert any(vector(found, "shirts-000"))


def test_the_last_row_of_an_id_counts_and_bad_rows_are_left_out(make_settings: Make, tmp_path: Path) -> None:
    """As ingest would have it."""
    rows = [
        ("a", "Old", "Shirts", "Red", "", 10),
        ("a", "New", "Jeans", "", "", ""),
        ("", "No id", "Shirts", "", "", ""),
        ("b", "", "Shirts", "", "", ""),
    ]
    found = wardrobe(make_settings, write_catalogue(tmp_path, rows), "a").garments
    assert set(found) == {"a"}
    assert (found["a"].traits.slot, found["a"].price_level, found["a"].colour) == ("bottom", None, None)


def test_nothing_wanted_is_no_fault(make_settings: Make, tmp_path: Path) -> None:
    """An outfits file may name no product of this catalogue."""
    assert wardrobe(make_settings, write_catalogue(tmp_path, boutique_rows()), "unknown").vectors.shape[0] == 0


def test_other_formats_are_read_too(make_settings: Make, tmp_path: Path) -> None:
    """JSON lines and gzip."""
    plain = write_catalogue(tmp_path, boutique_rows())
    (tmp_path / "catalog.csv.gz").write_bytes(gzip.compress(plain.read_bytes()))
    (tmp_path / "c.jsonl").write_text('{"id": "a", "title": "Shirt", "product_type": "Shirts"}\n')
    assert len(wardrobe(make_settings, tmp_path / "catalog.csv.gz").garments) == len(boutique_rows())
    assert set(wardrobe(make_settings, tmp_path / "c.jsonl").garments) == {"a"}


def test_what_only_spark_can_read_is_refused(make_settings: Make, tmp_path: Path) -> None:
    """A Delta table's files hold rows that are no longer in it."""
    (tmp_path / "_delta_log").mkdir()
    with pytest.raises(CatalogError, match="only Spark can read it"):
        wardrobe(make_settings, tmp_path)


def test_an_encoder_that_is_not_there_is_said(make_settings: Make, tmp_path: Path) -> None:
    """Before the catalogue is read."""
    path = write_catalogue(tmp_path, boutique_rows())
    with pytest.raises(InputError, match=r"embedding\.model"):
        read_wardrobe(make_settings(f"catalog.path={path}", f"embedding.model={tmp_path / 'absent'}"), [])
