"""Outfit ideas keep the hard rules, differ from each other, and ask only for what the catalogue has."""

from dataclasses import replace

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from outfit_pairing.style import AUDIENCES, SEASONS, USAGES, ArticleType, harmony
from outfit_pairing.style.audience import may_mix
from outfit_pairing.style.product import Product
from outfit_pairing.style.templates import Template, TemplateItem, Vocabulary, compose, templates_version
from tests.unit.style.wardrobes import COLOURS, GUIDE, boutique, everything

OWN_KIND = {"innerwear", "sleepwear", "swimwear", "beauty"}
SMART_FOR_GROWN_UPS = {"embellished jacket", "laptop bag", "briefcase", "tablet sleeve", "pocket watch", "accessory gift set"}
# Things that nobody wears with anything: fancy dress is complete, spare straps and shoe trees are shown to nobody's advantage.
WITHOUT_COMPANY = {"costume", "bra accessory"}


def product_of(kind: ArticleType | str, audience: str | None = None, **columns: str | None) -> Product:
    """A product of an article type, for the first audience that it is made for unless said otherwise."""
    known = GUIDE.article_type(kind) if isinstance(kind, str) else kind
    assert known is not None
    return replace(Product("1", known.name, known.slot, audience or known.audience or "women", article_type=known.name), **columns)


@st.composite
def products(draw: st.DrawFn) -> Product:
    """A product that can have outfits, of any kind, audience, colour, usage and season."""
    worn = [kind for kind in GUIDE.article_types if kind.kind not in {"home", "free"} and kind.name not in WITHOUT_COMPANY]
    kind = draw(st.sampled_from(worn))
    audience = draw(st.sampled_from([one for one in AUDIENCES if kind.audience is None or one == kind.audience]))
    if audience in {"girls", "boys", "kids"} and kind.name in SMART_FOR_GROWN_UPS:
        audience = "unisex"
    fits = [usage for usage in USAGES if usage in kind.suits]
    return product_of(
        kind,
        audience,
        product_id=str(draw(st.integers(0, 9))),
        colour=draw(st.sampled_from([None, *COLOURS])),
        season=draw(st.sampled_from([None, *SEASONS])),
        usage=draw(st.sampled_from([None, *fits])),
    )


def kinds_of(item: TemplateItem) -> list[ArticleType]:
    """The article types of the style guide that an item asks for."""
    return [kind for word in item.article_types if (kind := GUIDE.article_type(word))]


def slots_of(product: Product, idea: Template) -> list[str]:
    """Slots that the outfit fills, the product's first."""
    return [product.slot, *(item.slot for item in idea.items)]


def families_of(product: Product, idea: Template) -> list[set[str]]:
    """For the product and each item: the families that may stand there."""
    own = GUIDE.article_type(product.article_type or "")
    return [{own.family} if own else set(), *({kind.family for kind in kinds_of(item)} for item in idea.items)]


class TestEveryIdea:
    """What holds for all ideas for any product."""

    @given(products(), st.integers(5, 8))
    @settings(max_examples=80, deadline=None)
    def test_any_product_gets_as_many_different_ideas_as_wanted(self, product: Product, count: int) -> None:
        """Names and items differ, and two to four items stand beside the product."""
        ideas = compose(product, GUIDE, everything(), count)
        assert count == len(ideas) == len({idea.name for idea in ideas}) == len({idea.items for idea in ideas})
        assert all(2 <= len(idea.items) <= 4 and 0 < idea.confidence <= 1 for idea in ideas)
        assert all(idea.description.endswith(".") and idea.season in {None, *SEASONS} for idea in ideas)

    @given(products())
    @settings(max_examples=60, deadline=None)
    def test_an_outfit_has_one_item_per_slot_and_own_kinds_stay_alone(self, product: Product) -> None:
        """Hard rules 3, 5 and 9: slots differ; innerwear, sleepwear, swimwear and beauty go with other types of their slot."""
        for idea in compose(product, GUIDE, everything(), 5):
            slots = slots_of(product, idea)
            if product.slot in OWN_KIND:
                words = [word for item in idea.items for word in item.article_types]
                assert {product.slot} == set(slots)
                assert len({*words, product.article_type}) == len(words) + 1
            else:
                assert len(set(slots)) == len(slots)
                assert not OWN_KIND & set(slots)

    @given(products())
    @settings(max_examples=60, deadline=None)
    def test_a_look_is_complete(self, product: Product) -> None:
        """Hard rules 4 and 7: no half looks, no belt or tie or sock without what it belongs to."""
        for idea in compose(product, GUIDE, everything(), 5):
            slots, families = set(slots_of(product, idea)), families_of(product, idea)
            assert not {"top", "bottom"} & slots if "one_piece" in slots else True
            assert ("top" in slots) == ("bottom" in slots) or len(idea.items) == 2
            assert "belt" not in slots or {"bottom", "one_piece"} & slots
            assert not any("tie" in family for family in families) or {"shirt"} in families
            assert not any("hosiery" in family for family in families) or "footwear" in slots

    @given(products())
    @settings(max_examples=60, deadline=None)
    def test_dress_codes_do_not_mix(self, product: Product) -> None:
        """Hard rules 5 and 6: every item suits the code that the product imposes."""
        own = GUIDE.article_type(product.article_type or "")
        assert own is not None
        sold_for = (
            product.usage if own.kind in {"clothing", "footwear"} and product.usage in {"sports", "ethnic", "formal"} else None
        )
        code = own.strict or sold_for
        if code is None or product.slot in OWN_KIND:
            return
        for kind in (kind for idea in compose(product, GUIDE, everything(), 5) for item in idea.items for kind in kinds_of(item)):
            assert kind.suits & ({"formal", "smart_casual"} if code == "formal" else {code})
            assert code != "formal" or (kind.family not in {"sports shoes", "sports top"} and kind.name != "flip-flops")

    @given(products())
    @settings(max_examples=60, deadline=None)
    def test_one_person_can_wear_the_whole_outfit(self, product: Product) -> None:
        """Hard rule 2: all items are there for one wearer who may wear the product too."""
        stocked = {
            wearer: {(kind.traits.slot, kind.word) for kind in kinds}
            for wearer, kinds in everything().kinds.items()
            if may_mix(product.audience, wearer)
        }
        for idea in compose(product, GUIDE, everything(), 5):
            wanted = {(item.slot, word) for item in idea.items for word in item.article_types}
            assert any(wanted <= held for held in stocked.values())

    @given(products())
    @settings(max_examples=60, deadline=None)
    def test_colours_go_with_the_product_and_with_each_other(self, product: Product) -> None:
        """Hard rule 8: no first colour clashes, and none is seen more than twice besides neutrals."""
        for idea in compose(product, GUIDE, everything(), 5):
            named = [product.colour, *(item.colours[0] for item in idea.items if item.colours)]
            colours = [colour for name in named if name and (colour := GUIDE.colour(name))]
            assert not any(harmony(left, right).clash for left in colours for right in colours)
            strong = [colour.family for colour in colours if not colour.neutral]
            assert all(strong.count(family) <= 2 for family in strong)

    @given(products())
    @settings(max_examples=30, deadline=None)
    def test_the_same_product_gets_the_same_ideas(self, product: Product) -> None:
        """Nothing depends on what was composed before."""
        assert compose(product, GUIDE, everything(), 6) == compose(replace(product), GUIDE, everything(), 6)


@pytest.mark.parametrize("kind", [k for k in GUIDE.article_types if k.kind in {"home", "free"}], ids=lambda k: k.name)
def test_what_nobody_wears_gets_no_ideas(kind: ArticleType) -> None:
    """Vouchers and cushions stay alone."""
    assert compose(product_of(kind), GUIDE, everything(), 8) == ()


def test_ideas_ask_in_the_catalogues_own_words() -> None:
    """A shop that says pullover is asked for pullovers."""
    shop = boutique("men", "Pullovers", "Denims", "Trainers", "Timepieces")
    asked = {
        word for idea in compose(product_of("jeans", "men"), GUIDE, shop, 5) for item in idea.items for word in item.article_types
    }
    assert {"Pullovers", "Trainers", "Timepieces"} == asked


def test_ideas_ask_for_what_is_there_in_numbers() -> None:
    """One lonely blazer among a thousand products is not what ideas are built on."""
    rows = [
        ("men", kind.slot, kind.name, "navy blue", None, 500)
        for kind in map(GUIDE.article_type, ["shirt", "trousers", "formal shoes", "belt"])
        if kind
    ]
    shop = Vocabulary.from_counts([*rows, ("men", "outerwear", "blazer", "navy blue", None, 1)], GUIDE)
    ideas = compose(product_of("shirt", "men", usage="formal"), GUIDE, shop, 3)
    assert "outerwear" not in {item.slot for idea in ideas for item in idea.items}


def test_women_men_and_children_are_kept_apart() -> None:
    """A shop with women's shoes only cannot dress a man or a girl."""
    shop = boutique("women", "tops", "jeans", "heels", "handbags")
    assert len(compose(product_of("top"), GUIDE, shop, 5)) == 5
    assert compose(product_of("t-shirt", "men"), GUIDE, shop, 5) == ()
    assert compose(product_of("t-shirt", "girls"), GUIDE, shop, 5) == ()


def test_unisex_products_are_shown_with_womens_and_mens_looks() -> None:
    """A backpack for everybody is not given to women only."""
    asked = {
        word
        for idea in compose(product_of("backpack", "unisex"), GUIDE, everything(), 8)
        for item in idea.items
        for word in item.article_types
    }
    for_women = {kind.name for kind in GUIDE.article_types if kind.audience == "women"}
    ideas = compose(product_of("backpack", "unisex"), GUIDE, everything(), 8)
    worn_by_men = [idea for idea in ideas if not for_women & {word for item in idea.items for word in item.article_types}]
    assert for_women & asked
    assert worn_by_men


def test_warm_things_are_not_shown_with_bare_ones() -> None:
    """No flip-flops with a sweater, no muffler with shorts."""
    for kind in ("sweater", "muffler"):
        warmths = [
            other.warmth
            for idea in compose(product_of(kind, "men"), GUIDE, everything(), 10)
            for item in idea.items
            for other in kinds_of(item)
        ]
        assert 0 not in warmths


def test_nobody_wears_socks_in_sandals() -> None:
    """Socks are shown with closed shoes."""
    for idea in compose(product_of("socks", "men"), GUIDE, everything(), 10):
        shoes = [kind for item in idea.items if item.slot == "footwear" for kind in kinds_of(item)]
        assert shoes
        assert all(kind.warmth != 0 for kind in shoes)


def test_leather_matches_where_one_dresses_up() -> None:
    """A brown belt asks for brown shoes in the office."""
    ideas = compose(product_of("belt", "men", colour="brown", usage="formal"), GUIDE, everything(), 6)
    shoes = [
        item.colours[0]
        for idea in ideas
        if idea.occasion in {"office", "interview"}
        for item in idea.items
        if item.slot == "footwear"
    ]
    assert shoes
    assert all(GUIDE.colour(colour).family == GUIDE.colour("brown").family for colour in shoes)  # type: ignore[union-attr]


def test_a_catalogue_without_footwear_still_gives_ideas() -> None:
    """A slot that the catalogue lacks altogether is left out of its looks."""
    shop = boutique("women", "tops", "jeans", "handbags", "watches", "sunglasses")
    ideas = compose(product_of("top"), GUIDE, shop, 5)
    assert len(ideas) == 5
    assert all("bottom" in slots_of(product_of("top"), idea) for idea in ideas)


def test_article_types_that_the_guide_does_not_know_can_fill_a_core() -> None:
    """A catalogue with a word of its own for all its shoes is asked for them."""
    known = [("women", kind.slot, kind.name, "black", None, 20) for kind in map(GUIDE.article_type, ["top", "jeans"]) if kind]
    shop = Vocabulary.from_counts([*known, ("women", "footwear", "Zapatitos", "black", None, 20)], GUIDE)
    ideas = compose(product_of("top"), GUIDE, shop, 2)
    assert all(("Zapatitos",) in [item.article_types for item in idea.items] for idea in ideas)
    assert ideas


def test_an_empty_catalogue_gives_no_ideas() -> None:
    """Nothing to ask for, nothing asked for."""
    assert compose(product_of("top"), GUIDE, boutique("women"), 5) == ()


def test_version_is_short_and_stable() -> None:
    """The version of the templates is what pattern ids hang on."""
    assert templates_version(GUIDE) == templates_version(GUIDE)
    assert len(templates_version(GUIDE)) == 12
