"""A pattern is used only when it makes an outfit that this catalogue can fill, and the verdict says why not."""

from dataclasses import asdict
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from outfit_pairing.patterns.model import Pattern
from outfit_pairing.patterns.verdicts import PARTS, Judged, Verdict, judge_pattern, judge_set
from outfit_pairing.style.product import Product
from outfit_pairing.style.templates import Vocabulary, compose
from tests.unit.patterns.shops import GUIDE, anchor, shop, slot_of

SHIRT = anchor("Shirts", colour="white", usage="formal")
WATCH = anchor("Watches", colour="black")


def pattern(*article_types: str, colours: tuple[str, ...] = (), **changes: Any) -> Pattern:
    """A pattern with one item per article type, for every day."""
    items = [
        {"slot": slot_of(word), "article_types": [word], "colours": colours[place : place + 1], "style": "", "required": True}
        for place, word in enumerate(article_types)
    ]
    whole = {"name": "Idea", "description": "", "occasion": "everyday", "season": None, "items": items, "confidence": 0.8}
    return Pattern.model_validate(whole | changes)


def verdict(on: Pattern, product: Product) -> Verdict:
    """What is thought of a pattern for a product of the shop."""
    return judge_pattern(on, product, GUIDE, shop())


def test_a_good_pattern_is_usable_and_says_what_it_is_for() -> None:
    """A shirt with trousers and formal shoes for the office."""
    found = verdict(pattern("Trousers", "Formal Shoes", colours=("navy blue", "brown"), occasion="office"), SHIRT)
    assert found.usable
    assert found.score > 0.85
    assert found.reasons == ("makes an outfit for office",)


@pytest.mark.parametrize(
    ("product", "on", "reason"),
    [
        (SHIRT, pattern("Trousers", "Kurtas"), "no Kurtas for men"),
        (WATCH, pattern("Tshirts", "Casual Shoes"), "a top needs a bottom"),
        (WATCH, pattern("Tshirts", "Trousers", "Ties"), "a tie needs a shirt"),
        (WATCH, pattern("Caps", "Casual Shoes"), "leaves its wearer undressed"),
        (SHIRT, pattern("Belts", "Formal Shoes"), "a top needs a bottom"),
        (anchor("Dresses", "women"), pattern("Jeans", "Heels"), "a one_piece neither"),
        (SHIRT, pattern("Trousers", "Sandals"), "Sandals cannot go with the anchor"),
        (SHIRT, pattern("Trousers", "Tshirts"), "two items for the anchor's own slot, top"),
        (WATCH, pattern("Tshirts", "Jeans", "Trousers"), "two items for one slot, bottom"),
        (anchor("Lipstick", "women"), pattern("Mascara", "Heels"), "beauty goes only with beauty"),
        (anchor("Watches", "unisex"), pattern("Shirts", "Skirts"), "no one person can wear all of it"),
        (WATCH, pattern("Shirts", "Trousers", "Briefs"), "innerwear goes only with innerwear"),
    ],
)
def test_a_broken_rule_is_a_gate(product: Product, on: Pattern, reason: str) -> None:
    """However nice the rest: an outfit that breaks a hard rule scores 0, with the reason."""
    found = verdict(on, product)
    assert (found.score, found.usable) == (0.0, False)
    assert reason in found.reasons[0]


def test_jewellery_may_hold_two_article_types() -> None:
    """Earrings and a bangle, but not a third piece; lipstick goes with many of its kind."""
    woman = anchor("Kurtas", "women")
    assert verdict(pattern("Leggings", "Earrings", "Bangle"), woman).usable
    bangle = verdict(pattern("Kurtas", "Leggings", "Earrings"), anchor("Bangle", "women"))
    assert bangle.usable
    assert not verdict(pattern("Kurtas", "Leggings", "Bangle"), anchor("Bangle", "women")).usable
    assert verdict(pattern("Mascara", "Nail Polish"), anchor("Lipstick", "women")).usable


def test_faults_that_are_no_gate_lower_the_score_and_are_named() -> None:
    """Clashing colours, a lonely product, an unsure writer, an occasion that does not suit."""
    good = verdict(pattern("Trousers", "Formal Shoes", colours=("navy blue", "brown"), occasion="office"), SHIRT)
    worse = {
        "only a few products for Waistcoat": pattern("Trousers", "Waistcoat", colours=("navy blue",), occasion="office"),
        "not dressed for beach": pattern("Trousers", "Formal Shoes", colours=("navy blue", "brown"), occasion="beach"),
        "no occasion of the style guide": pattern("Trousers", "Formal Shoes", occasion="zorple"),
        "not sure of it": pattern("Trousers", "Formal Shoes", colours=("navy blue", "brown"), occasion="office", confidence=0.1),
    }
    for reason, on in worse.items():
        found = verdict(on, SHIRT)
        assert reason in "; ".join(found.reasons)
        assert 0 < found.score < good.score


def test_accessories_are_an_outfit_where_there_is_nothing_else() -> None:
    """A shop without clothes is not refused everything."""
    rows: list[Any] = [("men", slot_of(word), word, "black", None, 30) for word in ("Belts", "Caps", "Casual Shoes", "Watches")]
    assert judge_pattern(pattern("Caps", "Casual Shoes"), WATCH, GUIDE, Vocabulary.from_counts(rows, GUIDE)).usable


@pytest.mark.parametrize("product", [SHIRT, anchor("Jeans", "women"), anchor("Sarees", "women"), anchor("Lipstick", "women")])
def test_what_stylists_wrote_passes(product: Product) -> None:
    """The style guide's own ideas are all usable."""
    ideas = compose(product, GUIDE, shop(), 8)
    found = [verdict(Pattern.model_validate(asdict(idea)), product) for idea in ideas]
    assert len(found) >= 5
    assert all(one.usable for one in found)


def test_ill_dressed_patterns_are_not_used() -> None:
    """Shorts with a tie, in colours that fight: no rule forbids it, and nobody would wear it."""
    found = verdict(pattern("Shorts", "Sandals", "Ties", colours=("red", "grey", "red")), anchor("Shirts", colour="green"))
    assert 0 < found.score < 0.6
    assert not found.usable
    assert "dressed for different days" in found.reasons[0]


def test_the_minimum_decides() -> None:
    """`patterns.min_score` is the caller's."""
    on = pattern("Trousers", "Formal Shoes", occasion="office")
    score = verdict(on, SHIRT).score
    assert judge_pattern(on, SHIRT, GUIDE, shop(), score).usable
    assert not judge_pattern(on, SHIRT, GUIDE, shop(), score + 0.001).usable


def test_the_parts_make_a_whole() -> None:
    """A score lies in [0, 1]."""
    assert sum(PARTS.values()) == pytest.approx(1)


WORDS = ["Shirts", "Tshirts", "Jeans", "Trousers", "Casual Shoes", "Formal Shoes", "Belts", "Ties", "Caps"]


@given(st.lists(st.sampled_from(WORDS), min_size=2, max_size=4, unique=True), st.floats(0, 1), st.randoms())
def test_the_order_of_items_does_not_matter(chosen: list[str], confidence: float, random: Any) -> None:
    """A score in [0, 1], equal for any order; usable exactly from the minimum on."""
    one = verdict(pattern(*chosen, confidence=confidence), WATCH)
    random.shuffle(chosen)
    other = verdict(pattern(*chosen, confidence=confidence), WATCH)
    assert one.score == other.score
    assert 0 <= one.score <= 1
    assert one.usable == (one.score >= 0.6)


class TestSets:
    """Patterns of one anchor differ."""

    ONE = pattern("Trousers", "Formal Shoes", colours=("grey", "black"))
    SAME = pattern("Formal Shoes", "Trousers", colours=("brown", "navy blue"))
    OTHER = pattern("Jeans", "Formal Shoes")

    def judged(self, *scores: float) -> list[Judged]:
        """The three patterns with scores."""
        patterns = (self.ONE, self.SAME, self.OTHER)
        return [Judged(one, Verdict(score, (), usable=True)) for one, score in zip(patterns, scores, strict=True)]

    def test_of_equal_slots_and_article_types_the_better_stays(self) -> None:
        """Whatever the order of items or their colours."""
        kept, left = judge_set(self.judged(0.7, 0.8, 0.75))
        assert [one.pattern for one in kept] == [self.SAME, self.OTHER]
        assert [one.pattern for one in left] == [self.ONE]

    def test_of_equal_scores_the_first_stays(self) -> None:
        """The same patterns always give the same set."""
        kept, _ = judge_set(self.judged(0.7, 0.7, 0.7))
        assert [one.pattern for one in kept] == [self.ONE, self.OTHER]

    def test_where_there_is_little_to_choose_from_colours_count(self) -> None:
        """Men's underwear comes in three article types; other colours make another pattern of them."""
        kept, left = judge_set(self.judged(0.7, 0.8, 0.75), narrow=True)
        assert len(kept) == 3
        assert left == ()
