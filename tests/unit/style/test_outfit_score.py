"""How well the items of an outfit go together: what holds for any outfit."""

import math
import random
from dataclasses import replace

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from outfit_pairing.style.garment import Garment
from outfit_pairing.style.outfit_score import BASE, USUAL, WEIGHTS, company, log_odds, score_of, ways_to_wear
from tests.unit.scoring.shops import COLOURS, GUIDE, garment

VECTORS = np.array([[1, 0], [0, 1], [-1, 0], [0.6, 0.8], [0.8, -0.6], [0, 0]], dtype=np.float32)
TYPES = [one.name for one in GUIDE.article_types][::5]
WORDS = ("floral", "sporty running", "tailored wool", "boho fringe", "plain", "")


@st.composite
def garments(draw: st.DrawFn, fewest: int = 2, most: int = 6) -> list[Garment]:
    """Garments of any kind that say all, some or nothing."""
    many = draw(st.integers(fewest, most))
    return [
        garment(
            f"p{number}",
            draw(st.sampled_from(TYPES)),
            draw(st.sampled_from((None, *COLOURS))),
            draw(st.sampled_from((None, "women", "men", "kids", "unisex"))),
            name=draw(st.sampled_from(WORDS)),
            usage=draw(st.sampled_from((None, "casual", "formal", "sports"))),
            season=draw(st.sampled_from((None, "summer", "winter"))),
            price_level=draw(st.none() | st.floats(-3, 3)),
            place=draw(st.integers(-1, len(VECTORS) - 1)),
        )
        for number in range(many)
    ]


@given(garments(most=8))
def test_a_score_lies_between_0_and_1(worn: list[Garment]) -> None:
    """Whatever is put together; and each part is a number."""
    assert 0 < score_of(log_odds(worn, VECTORS)) < 1
    assert all(math.isfinite(value) for value in company(worn, VECTORS).values())


@given(garments(), st.integers())
def test_a_second_pair_of_shoes_never_raises_the_score(worn: list[Garment], seed: int) -> None:
    """Not even the loveliest, beside shoes that go with nothing."""
    dice = random.Random(seed)

    def pair(name: str) -> Garment:
        kind, colour, words = (dice.choice(some) for some in (("Heels", "Sneakers", "Boots"), COLOURS, WORDS))
        return garment(name, kind, colour, name=words, place=dice.randrange(len(VECTORS)))

    shoes = [pair("s1"), pair("s2")]
    before = log_odds([*worn, shoes[0]], VECTORS)
    assert log_odds([*worn, *shoes], VECTORS) <= before + 1e-9


@given(garments())
def test_what_is_learnt_cannot_outweigh_a_second_pair(worn: list[Garment]) -> None:
    """A shop's own habits are judged in what is worn at a time, too."""
    shoes = [garment("s1", "Sneakers"), garment("s2", "Sneakers")]

    def learnt(some) -> float:  # type: ignore[no-untyped-def]
        return 9.0 if any(one.product_id == "s2" for one in some) else -9.0

    assert log_odds([*worn, *shoes], VECTORS, learnt) <= log_odds([*worn, shoes[0]], VECTORS, learnt) + 1e-9


def test_two_pairs_of_shoes_are_worn_in_turn() -> None:
    """All else is worn each time; two necklaces, or a skirt over leggings, are worn at once."""
    worn = [garment(one, one) for one in ("Shirts", "Jeans", "Heels", "Boots")]
    assert [[one.product_id for one in way] for way in ways_to_wear(worn)] == [
        ["Shirts", "Jeans", "Heels"],
        ["Shirts", "Jeans", "Boots"],
    ]
    assert len(ways_to_wear([garment(f"j{number}", "Necklace") for number in range(3)])) == 1
    assert len(ways_to_wear([garment("s", "Skirts"), garment("l", "Leggings")])) == 1
    assert len(ways_to_wear([garment(f"{kind}{n}", kind) for kind in ("Heels", "Handbags") for n in range(9)])) <= 64


@given(garments(), st.sampled_from(("season", "price_level", "colour")))
def test_what_a_catalogue_does_not_say_lies_between_praise_and_blame(worn: list[Garment], field: str) -> None:
    """An outfit of unknown season, price or colour is neither the best nor the worst that it could be."""
    part = {"season": "season", "price_level": "price", "colour": "tone"}[field]
    best = {"season": ("summer", "summer"), "price_level": (0.0, 0.0), "colour": ("tan", "tan")}[field]
    worst = {"season": ("summer", "winter"), "price_level": (-3.0, 3.0), "colour": ("red", "blue")}[field]

    def scored(values: tuple[object, object]) -> float:
        said = [GUIDE.colour(str(one)) if field == "colour" and one else one for one in values]
        dressed = [replace(one, **{field: said[number % 2]}) for number, one in enumerate(worn)]
        return company(dressed, VECTORS)[part]

    assert scored((None, None)) == 0
    assert scored(best) > 0
    if len(worn) == 2:
        assert scored(worst) < 0


def test_an_outfit_of_which_nothing_is_known_gets_the_base() -> None:
    """Neutral: no part but the kinds of the garments speaks."""
    worn = [garment("a", "Shirts", name="-"), garment("b", "Jeans", name="-")]
    worn = [replace(one, traits=replace(one.traits, formality=None, warmth=None)) for one in worn]
    parts = company(worn, VECTORS)
    assert {name for name, value in parts.items() if value} <= {"dress"}
    assert log_odds(worn, VECTORS) == pytest.approx(BASE + WEIGHTS["dress"] * parts["dress"])


@pytest.mark.parametrize(
    ("part", "better", "worse"),
    [
        ("tone", {"colour": ("tan", "brown")}, {"colour": ("tan", "blue")}),
        ("one_colour", {"colour": ("black", "black")}, {"colour": ("black", "white")}),
        ("season", {"season": ("summer", "summer")}, {"season": ("summer", "winter")}),
        ("price", {"price_level": (0.1, 0.2)}, {"price_level": (-1.5, 1.5)}),
        ("mood", {"name": ("sporty running", "sporty running")}, {"name": ("sporty running", "floral lace")}),
        ("prints", {"name": ("floral", "plain")}, {"name": ("floral", "leopard")}),
        ("style", {"place": (0, 3)}, {"place": (0, 2)}),
    ],
)
def test_each_part_tells_better_from_worse(part: str, better: dict, worse: dict) -> None:  # type: ignore[type-arg]
    """And is positive for no more than it should be."""

    def of(said: dict) -> float:  # type: ignore[type-arg]
        fields = [{name: values[number] for name, values in said.items()} for number in range(2)]
        return company([garment("a", "Shirts", **fields[0]), garment("b", "Jeans", **fields[1])], VECTORS)[part]

    assert of(better) > of(worse)


def test_flip_flops_with_a_coat_are_worse_than_boots() -> None:
    """Warmth is judged by what is worn together."""
    coat = garment("c", "Coat")
    assert (
        company([coat, garment("b", "Boots")], VECTORS)["warmth"] > company([coat, garment("f", "Flip Flops")], VECTORS)["warmth"]
    )


def test_every_part_has_a_weight() -> None:
    """None is computed in vain."""
    parts = company([garment("a", "Shirts"), garment("b", "Jeans")], VECTORS)
    assert set(parts) | {"make_up"} == set(WEIGHTS)
    assert set(USUAL) <= set(WEIGHTS)


@given(st.floats(allow_nan=False))
def test_any_odds_give_a_score(odds: float) -> None:
    """Infinite ones too."""
    assert 0 < score_of(odds) <= 1
