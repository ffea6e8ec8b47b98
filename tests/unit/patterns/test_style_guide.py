"""The style guide answers for every anchor, or says why there is nothing."""

from outfit_pairing.patterns.provider import Answer
from outfit_pairing.patterns.style_guide import StyleGuideProvider
from outfit_pairing.style.product import Product
from outfit_pairing.style.templates import Vocabulary
from tests.unit.style.wardrobes import GUIDE, boutique, everything

ANCHOR = Product("7", "Navy shirt", "top", "men", article_type="shirt", colour="navy blue", usage="formal")


def answer(vocabulary: Vocabulary, count: int = 8) -> Answer:
    """What the style guide has for ANCHOR."""
    (one,) = StyleGuideProvider(GUIDE, vocabulary).answer([ANCHOR], count).answers
    return one


def test_it_writes_as_many_patterns_as_wanted() -> None:
    """Different ones, and its own reply passes the model of a pattern."""
    found = answer(everything())
    assert (found.status, found.error, len(found.patterns)) == ("ok", None, 8)
    assert len({pattern.pattern_id("7", "1") for pattern in found.patterns}) == 8


def test_it_says_what_it_is_and_costs_nothing() -> None:
    """Patterns are labelled with the version of the guide and of the templates."""
    provider = StyleGuideProvider(GUIDE, everything())
    assert provider.name == "style_guide"
    assert provider.model != provider.prompt_version
    (attempt,) = answer(everything()).attempts
    assert (attempt.prompt_tokens, attempt.completion_tokens, attempt.cost, attempt.seconds) == (0, 0, 0.0, None)


def test_the_same_anchor_gets_the_same_reply_under_the_same_hash() -> None:
    """A repeated run writes nothing new; another count is another question."""
    assert answer(everything()) == answer(everything())
    assert answer(everything()).request_hash != answer(everything(), 5).request_hash


def test_an_anchor_without_company_is_told() -> None:
    """A shop of shirts only has nothing to go with a shirt."""
    found = answer(boutique("men", "shirt"))
    assert (found.status, found.patterns) == ("failed", ())
    assert "nothing in the catalogue" in (found.error or "")
