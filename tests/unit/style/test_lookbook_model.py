"""What a shop's own outfits teach is kept in one file, and adds nothing where it knows nothing."""

import io
import json
from pathlib import Path

import numpy as np
import pytest

from outfit_pairing.errors import InputError
from outfit_pairing.style.lookbook_model import AFFINITIES, LookbookModel, coloured, load_model, model_bytes, ordered
from tests.unit.scoring.shops import garment

VECTORS = np.array([[1, 0], [0, 1], [0.6, 0.8]], dtype=np.float32)
MODEL = LookbookModel(
    kinds={("jean", "shirt"): 0.5},
    colours={("jean/blue", "shirt/white"): 0.25},
    items={("a", "b"): 0.7},
    directions=np.array([[1, 0]], dtype=np.float32),
    strengths=np.array([2], dtype=np.float32),
    weights=dict(zip(AFFINITIES, (1.0, 2.0, 3.0, 4.0), strict=True)),
    encoder="hashing",
)


def saved(tmp_path: Path, **changes: object) -> Path:
    """The model's file, with some of what it tells changed."""
    path = tmp_path / "model.npz"
    with np.load(io.BytesIO(model_bytes(MODEL))) as held:
        arrays = dict(held)
    told = json.loads(arrays["told"].tobytes())
    arrays |= {name: value for name, value in changes.items() if name in arrays}
    told |= {name: value for name, value in changes.items() if name not in arrays}
    arrays["told"] = np.frombuffer(json.dumps(told).encode(), dtype=np.uint8)
    np.savez(path, **arrays)
    return path


def test_affinities_are_means_over_pairs() -> None:
    """Of three pairs one is known."""
    worn = [garment("a", "Shirts", "white", place=0), garment("b", "Jeans", "blue", place=2), garment("z", "Boots", place=1)]
    found = MODEL.affinities(worn, VECTORS)
    assert found["kinds"] == pytest.approx(0.5 / 3)
    assert found["colours"] == pytest.approx(0.25 / 3)
    assert found["items"] == pytest.approx(0.7 / 3)
    assert found["styles"] == pytest.approx(2 * 0.6 / 3)
    assert MODEL.gain(worn, VECTORS) == pytest.approx(sum(MODEL.weights[name] * value for name, value in found.items()))


def test_a_stranger_gains_and_loses_nothing() -> None:
    """A product that the model has never seen is judged as without it."""
    worn = [garment("x", "Heels", "red"), garment("y", "Skirts", "pink")]
    assert MODEL.gain(worn, VECTORS) == 0
    assert MODEL.gain([], VECTORS) == 0


def test_a_model_saved_and_loaded_judges_the_same(tmp_path: Path) -> None:
    """To the last bit; and the file has the same bytes each time."""
    path = tmp_path / "model.npz"
    path.write_bytes(model_bytes(MODEL))
    again = load_model(path)
    worn = [garment("a", "Shirts", "white", place=0), garment("b", "Jeans", "blue", place=2)]
    assert again.gain(worn, VECTORS) == MODEL.gain(worn, VECTORS)
    assert again.encoder == "hashing"
    assert model_bytes(again) == model_bytes(MODEL)


def test_a_file_with_code_in_it_is_refused(tmp_path: Path) -> None:
    """Loading a model of somebody else runs nothing."""
    path = tmp_path / "model.npz"
    np.savez(path, told=np.array([print], dtype=object), directions=MODEL.directions, strengths=MODEL.strengths)
    with pytest.raises(InputError, match="is no model"):
        load_model(path)


@pytest.mark.parametrize(
    ("changes", "says"),
    [
        ({"version": 9}, "is of version 9, this package reads 1"),
        ({"weights": {"kinds": 1}}, "is no model"),
        ({"weights": dict.fromkeys(AFFINITIES, float("nan"))}, "numbers are not finite"),
        ({"kinds": [["a", 1]]}, "is no model"),
        ({"strengths": np.zeros(3, dtype=np.float32)}, "do not belong together"),
        ({"directions": np.zeros(2, dtype=np.float32)}, "do not belong together"),
    ],
)
def test_a_model_that_cannot_be_is_refused(tmp_path: Path, changes: dict[str, object], says: str) -> None:
    """With the file and what to do."""
    with pytest.raises(InputError) as caught:
        load_model(saved(tmp_path, **changes))
    assert says in caught.value.what
    assert "fit it again" in caught.value.what


@pytest.mark.parametrize("content", [b"", b"garbage", b"PK\x03\x04 and no more", b"\x93NUMPY", model_bytes(MODEL)[:-60]])
def test_garbage_is_no_model(tmp_path: Path, content: bytes) -> None:
    """One line, whatever the file holds."""
    path = tmp_path / "model.npz"
    path.write_bytes(content)
    with pytest.raises(InputError, match="is no model of fit-compatibility"):
        load_model(path)


def test_a_missing_file_is_said(tmp_path: Path) -> None:
    """And how to make one."""
    with pytest.raises(InputError, match="write it with fit-compatibility"):
        load_model(tmp_path / "absent.npz")
    with pytest.raises(InputError, match="is no model"):
        load_model(tmp_path)


def test_pairs_have_one_order() -> None:
    """Alphabetical; a garment without a colour has none in its name."""
    assert ordered("b", "a") == ordered("a", "b") == ("a", "b")
    assert coloured(garment("a", "Shirts")) == "shirt/"
