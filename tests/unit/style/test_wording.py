"""Outfit ideas read well."""

import pytest

from outfit_pairing.style.wording import describe, idea_name, with_article


@pytest.mark.parametrize(
    ("noun", "spoken"),
    [
        ("belt", "a belt"),
        ("umbrella", "an umbrella"),
        ("jeans", "jeans"),
        ("dress", "a dress"),
        ("mask and peel", "a mask or peel"),
    ],
)
def test_nouns_get_the_article_that_people_use(noun: str, spoken: str) -> None:
    """Plurals have none."""
    assert spoken == with_article(noun)


def test_a_description_is_one_sentence() -> None:
    """What, in which colours, what for; a colour is named once."""
    told = describe(["jeans", "sneakers", "watch"], ["blue", "white", "white"], "made for Saturdays")
    assert told == "Jeans, sneakers and a watch in blue and white, made for Saturdays."
    assert describe(["belt"], [], "") == "A belt."


def test_a_second_idea_of_one_formula_gets_a_name_of_its_own() -> None:
    """The name promises no colour or thing, since the outfit made of it may have another."""
    taken: set[str] = set()
    for expected in ("Look", "Look, Another Way", "Look, a Third Way", "Look, a Fourth Way", "Look, a Fifth Way", "Look, Way 6"):
        assert expected == idea_name("Look", taken)
        taken.add(expected)
