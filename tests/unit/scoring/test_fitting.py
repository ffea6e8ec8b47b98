"""A shop's own outfits are learnt from, where there is something to learn."""

import random
from collections.abc import Callable

import numpy as np
import pytest

from outfit_pairing.scoring.evaluation import evaluate
from outfit_pairing.scoring.fitting import LEAST_OUTFITS, affinities_of, fit
from outfit_pairing.scoring.judge import Judge
from outfit_pairing.style.lookbook_model import AFFINITIES, MOST_AFFINITY, model_bytes
from tests.unit.scoring.shops import COLOURS, department_store, random_outfits

EACH = 40
STORE = department_store(each=EACH)
THOUGHTLESS = list(dict.fromkeys(random_outfits(100, each=EACH)))


def colour(number: int) -> str:
    return COLOURS[number % len(COLOURS)]


def habitual_outfits(many: int, habit: Callable[[str, str], bool]) -> list[tuple[str, ...]]:
    """Outfits in which the bag is chosen by the shoes, and that are else without thought."""
    dice, found = random.Random(2), []
    for _ in range(many):
        shirt, jean, shoe, brown = (dice.randrange(EACH) for _ in range(4))
        shoe = shoe if brown % 2 else brown // len(COLOURS) * len(COLOURS) + COLOURS.index("brown")  # half of them are brown
        bag = dice.choice([bag for bag in range(EACH) if habit(colour(bag), colour(shoe))])
        found.append((f"shirts-{shirt:03}", f"jeans-{jean:03}", f"handbags-{bag:03}", f"sneakers-{shoe:03}"))
    return found


def green_with_brown(bag: str, shoe: str) -> bool:
    """With brown shoes always a green bag, with others any."""
    return shoe != "brown" or bag == "green"


def own_partner(bag: str, shoe: str) -> bool:
    """Each colour of shoes has one colour of bags, another than its own."""
    return COLOURS.index(bag) == (COLOURS.index(shoe) + 3) % len(COLOURS)


def test_a_hidden_habit_is_learnt() -> None:
    """A green bag is then liked better with brown shoes than before."""
    model = fit(habitual_outfits(300, green_with_brown), STORE, "hashing")
    green, brown, black = COLOURS.index("green"), COLOURS.index("brown"), COLOURS.index("black")
    assert model.colours["handbag/green", "sneaker/brown"] > 0.2
    assert model.weights["colours"] > 0
    rest = ("shirts-000", "jeans-001", f"handbags-{green:03}")

    def preference(judge: Judge) -> float:
        return judge.log_odds((*rest, f"sneakers-{brown:03}")) - judge.log_odds((*rest, f"sneakers-{black:03}"))

    assert preference(Judge(STORE, model)) > preference(Judge(STORE)) + 0.3


def test_a_habit_helps_with_outfits_not_seen() -> None:
    """Learnt on some, better on others."""
    outfits = list(dict.fromkeys(habitual_outfits(300, own_partner)))
    learnt, held = outfits[60:], outfits[:60]
    written = evaluate(held, STORE.garments, Judge(STORE).scores).figures["fill_in_same_type"].value
    fitted = evaluate(held, STORE.garments, Judge(STORE, fit(learnt, STORE, "hashing")).scores).figures["fill_in_same_type"].value
    assert fitted > written + 0.1


def test_nothing_is_learnt_from_outfits_without_thought() -> None:
    """The written style guide stays what it was on others, but for a little noise."""
    model = fit(THOUGHTLESS, STORE, "hashing")
    others = list(dict.fromkeys(random_outfits(60, each=EACH, seed=99)))
    written = evaluate(others, STORE.garments, Judge(STORE).scores).figures
    fitted = evaluate(others, STORE.garments, Judge(STORE, model).scores).figures
    for name, before in written.items():
        assert fitted[name].value > before.value - 0.04, name


def test_the_same_outfits_give_the_same_model() -> None:
    """Byte for byte."""
    assert model_bytes(fit(THOUGHTLESS[:60], STORE, "hashing")) == model_bytes(fit(THOUGHTLESS[:60], STORE, "hashing"))


def test_too_few_outfits_are_refused() -> None:
    """Chance would be learnt."""
    with pytest.raises(ValueError, match=f"{LEAST_OUTFITS} are needed"):
        fit(THOUGHTLESS[: LEAST_OUTFITS - 1], STORE, "hashing")


def test_a_shop_of_very_few_products_can_be_learnt_from() -> None:
    """No wrong answers can be drawn, and nothing breaks."""
    tiny = department_store(each=1, kinds=("shirts", "jeans"))
    model = fit([("shirts-000", "jeans-000")] * LEAST_OUTFITS, tiny, "hashing")
    assert set(model.weights) == set(AFFINITIES)
    assert np.isfinite(Judge(tiny, model).scores([("shirts-000", "jeans-000")])).all()


def test_affinities_tell_how_often_against_how_often_by_chance() -> None:
    """A pair that always meets is above 0, one that never does below, and none goes out of bounds."""
    outfits = [("shirts-000", "jeans-000")] * 40 + [("handbags-000", "sneakers-000")] * 40
    found = affinities_of(outfits, STORE, "hashing")
    assert found.kinds["jean", "shirt"] > 0 > found.kinds["handbag", "shirt"]
    assert all(abs(value) <= MOST_AFFINITY for value in found.kinds.values())
    assert found.items["jeans-000", "shirts-000"] == pytest.approx(np.log(41))
    assert found.directions.shape[1:] == STORE.vectors.shape[1:]


def test_products_without_style_vectors_can_be_learnt_from() -> None:
    """Then no style is."""
    store = department_store(each=4)
    bare = type(store)(store.garments, np.zeros_like(store.vectors))
    found = affinities_of(random_outfits(20, each=4), bare, "hashing")
    assert np.isfinite(found.directions).all()
    assert np.isfinite(found.strengths).all()
