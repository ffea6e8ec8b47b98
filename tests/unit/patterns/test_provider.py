"""Every reply becomes patterns, or a reason why not."""

import json

from outfit_pairing.patterns.provider import Answer, PatternRequest, Reply, ask, request_hash
from outfit_pairing.patterns.style_guide import StyleGuideProvider
from outfit_pairing.style.product import Product
from tests.unit.style.wardrobes import GUIDE, boutique, everything

ANCHOR = Product("7", "Navy shirt", "top", "men", article_type="shirt", colour="navy blue", usage="formal")


class Parrot:
    """A provider that gives the same reply to everything."""

    name, model, prompt_version = "parrot", "grey", "1"

    def __init__(self, reply: Reply) -> None:
        self._reply = reply

    def request(self, anchor: Product, count: int) -> PatternRequest:
        """The anchor's name is the whole question."""
        return PatternRequest(anchor, count, anchor.name)

    def reply(self, request: PatternRequest) -> Reply:
        """What it always says."""
        return self._reply


def answer_to(reply: Reply) -> Answer:
    """What becomes of a reply."""
    return ask(Parrot(reply), ANCHOR, 8)


def test_a_reply_that_never_came_is_failed_with_its_error() -> None:
    """Time-outs are rows, not exceptions."""
    answer = answer_to(Reply(None, error="timed out after 60 s"))
    assert (answer.status, answer.error, answer.patterns) == ("failed", "timed out after 60 s", ())


def test_a_reply_that_cannot_be_read_is_invalid_and_says_where() -> None:
    """Prose is no pattern, and a wrong field is named."""
    assert answer_to(Reply("Here are some ideas!")).status == "invalid"
    half = answer_to(Reply(json.dumps({"patterns": [{"name": "Desk"}]})))
    assert half.status == "invalid"
    assert "patterns.0." in (half.error or "")


def test_a_reply_without_patterns_is_failed() -> None:
    """An anchor that nothing goes with is told apart from a broken reply."""
    answer = answer_to(Reply('{"patterns": []}'))
    assert answer.status == "failed"
    assert "nothing in the catalogue" in (answer.error or "")


def test_a_question_has_one_hash() -> None:
    """The same question is recognised; another count, anchor or model is another question."""
    parrot = Parrot(Reply(None))
    one = request_hash(parrot, parrot.request(ANCHOR, 8))
    assert one == request_hash(parrot, parrot.request(ANCHOR, 8))
    assert one != request_hash(parrot, parrot.request(ANCHOR, 9))
    other = Parrot(Reply(None))
    other.model = "green"
    assert one != request_hash(other, other.request(ANCHOR, 8))


class TestStyleGuide:
    """The provider that composes patterns from the written style guide."""

    def test_it_writes_as_many_patterns_as_wanted(self) -> None:
        """Its own reply passes the checks that every provider's reply has to pass."""
        answer = ask(StyleGuideProvider(GUIDE, everything()), ANCHOR, 8)
        assert (answer.status, answer.error, len(answer.patterns)) == ("ok", None, 8)
        assert len({pattern.pattern_id("7", "1") for pattern in answer.patterns}) == 8

    def test_it_says_what_it_is(self) -> None:
        """Patterns are labelled with the version of the guide and of the templates, and cost nothing."""
        provider = StyleGuideProvider(GUIDE, everything())
        assert provider.name == "style_guide"
        assert provider.model != provider.prompt_version
        reply = provider.reply(provider.request(ANCHOR, 5))
        assert (reply.prompt_tokens, reply.completion_tokens, reply.cost, reply.seconds) == (0, 0, 0.0, None)

    def test_the_same_anchor_gets_the_same_reply(self) -> None:
        """A repeated run writes nothing new."""
        replies = {StyleGuideProvider(GUIDE, everything()).reply(PatternRequest(ANCHOR, 8, "")).text for _ in range(2)}
        assert len(replies) == 1

    def test_an_anchor_without_company_is_told(self) -> None:
        """A shop of shirts only has nothing to go with a shirt."""
        answer = ask(StyleGuideProvider(GUIDE, boutique("men", "shirt")), ANCHOR, 8)
        assert (answer.status, answer.patterns) == ("failed", ())
