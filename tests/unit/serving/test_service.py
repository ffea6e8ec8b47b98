"""What the service answers, over a store of its own: filters, stock, baskets, experiments."""

import asyncio
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime

import pytest

from outfit_pairing.publishing.outfits import Outfit, OutfitItem, ProductOutfits, ShownProduct
from outfit_pairing.serving.experiments import CONTROL, Experiment, experiment_of
from outfit_pairing.serving.feedback import FeedbackEvent
from outfit_pairing.serving.service import NoSuchProduct, RecommendationsService
from outfit_pairing.serving.store import Found, Hits, Quality, Release, StoreNotReady
from outfit_pairing.serving.wishes import Wishes

EVERYTHING = Wishes()
RELEASE = Release(3, "run-3", datetime(2026, 3, 2, tzinfo=UTC), 2, 4)


@dataclass
class Shelf:
    """A store of a few products.   asked: how often outfits were asked for."""

    products: dict[str, ProductOutfits]
    asked: int = 0

    async def open(self) -> None: ...

    async def close(self) -> None: ...

    async def release(self) -> Release:
        return RELEASE

    async def outfits_of(self, product_ids: Sequence[str]) -> Found:
        self.asked += 1
        return Found(RELEASE, {one: self.products[one] for one in product_ids if one in self.products})

    async def search(self, query: str, limit: int, offset: int = 0) -> Hits:
        found = [one.product for one in self.products.values() if query in (one.product.name or "")]
        return Hits(RELEASE, found[offset : offset + limit], len(found))

    async def quality(self) -> Quality:
        return Quality(RELEASE, [], [])


@dataclass
class Notes:
    """A feedback log in memory."""

    events: list[FeedbackEvent] = field(default_factory=list)
    full: bool = False

    async def open(self) -> None: ...

    async def close(self) -> None: ...

    async def add(self, events: Sequence[FeedbackEvent]) -> None:
        if self.full:
            raise StoreNotReady("too many wait")
        self.events += events


def product(product_id: str, slot: str, kind: str, colour: str = "black", **more: object) -> ShownProduct:
    plain = ShownProduct(product_id, f"{colour} {kind}", "women", slot, kind, colour, "summer", "casual", None, 50.0, "EUR", True)
    return replace(plain, **more)  # type: ignore[arg-type]


TOP, OTHER_TOP = product("top", "top", "Shirts", "white"), product("top2", "top", "Shirts", "blue")
JEANS, SKIRT = product("jeans", "bottom", "Jeans", "blue"), product("skirt", "bottom", "Skirts", "black")
SHOES, HEELS = product("shoes", "footwear", "Casual Shoes", "white"), product("heels", "footwear", "Heels")
BAG = product("bag", "bag", "Handbags", "brown", price=200.0)
WATCH = product("watch", "watch", "Watches", "silver", audience="unisex")
DRESS = product("dress", "one_piece", "Dresses", "red")
MENS = product("mens", "footwear", "Casual Shoes", "white", audience="men")
BELT = product("belt", "belt", "Belts", "brown")
RING, NECKLACE = product("ring", "jewellery", "Ring", "gold"), product("necklace", "jewellery", "Necklace and Chains", "gold")
RING_2 = product("ring2", "jewellery", "Ring", "silver")


def outfit(rank: int, *items: ShownProduct, **more: object) -> Outfit:
    made = tuple(OutfitItem(one.slot or "other", one, 0.8, ("calm colours",)) for one in items)
    plain = Outfit(
        rank, f"o{rank}", "pattern_based", "office", f"Idea {rank}", "a1" if rank < 3 else "a2", 0.9, 0.9 - rank / 10, made
    )
    return replace(plain, **more)  # type: ignore[arg-type]


def shelf(*offers: tuple[ShownProduct, Sequence[Outfit]]) -> Shelf:
    everything = [TOP, OTHER_TOP, JEANS, SKIRT, SHOES, HEELS, BAG, WATCH, DRESS, MENS, BELT, RING, NECKLACE, RING_2]
    held = {one.product_id: ProductOutfits(one, ()) for one in everything}
    return Shelf(held | {one.product_id: ProductOutfits(one, tuple(outfits)) for one, outfits in offers})


TOPS = shelf(
    (
        TOP,
        [
            outfit(1, JEANS, SHOES, BAG),
            outfit(2, SKIRT, HEELS, source="rule_based", occasion="party"),
            outfit(3, JEANS, HEELS, WATCH, occasion="weekend"),
        ],
    )
)


@pytest.mark.parametrize(
    ("wishes", "ranks"),
    [
        (Wishes(), [1, 2, 3]),
        (Wishes(number=2), [1, 2]),
        (Wishes(slots=frozenset({"bag"})), [1]),
        (Wishes(slots=frozenset({"bag", "watch"})), []),
        (Wishes(sources=frozenset({"rule_based"})), [2]),
        (Wishes(sources=frozenset({"rule_based", "pattern_based"})), [1, 2, 3]),
        (Wishes(occasions=frozenset({"party", "weekend"})), [2, 3]),
        (Wishes(min_confidence=0.7), [1, 2]),
        (Wishes(max_price=60.0), [2, 3]),
        (Wishes(min_price=60.0), []),
        (Wishes(min_price=50.0, max_price=200.0), [1, 2, 3]),
        (Wishes(audience="women"), [1, 2, 3]),
        (Wishes(audience="men"), []),
    ],
)
def test_each_filter_keeps_the_outfits_that_fit(wishes: Wishes, ranks: list[int]) -> None:
    """Ranks stay those of the release, so that feedback means the same everywhere; what is left out is counted."""
    offer = asyncio.run(RecommendationsService(TOPS).outfits("top", wishes))
    assert [one.rank for one in offer.outfits] == ranks
    assert offer.released == 3
    assert offer.filtered == (3 - len(ranks) if wishes.number > 3 else 0)


def test_a_price_that_is_not_said_fits_no_range() -> None:
    unpriced = shelf((TOP, [outfit(1, replace(JEANS, price=None), SHOES)]))
    offer = asyncio.run(RecommendationsService(unpriced).outfits("top", Wishes(max_price=1_000.0)))
    assert (offer.outfits, offer.filtered) == ((), 1)


@pytest.mark.parametrize("in_stock", [False, None])
def test_an_outfit_with_a_sold_out_or_vanished_item_is_not_offered(in_stock: bool | None) -> None:
    sold = shelf((TOP, [outfit(1, replace(JEANS, in_stock=in_stock), SHOES), outfit(2, SKIRT, SHOES)]))
    service = RecommendationsService(sold)
    offer = asyncio.run(service.outfits("top"))
    assert ([one.rank for one in offer.outfits], offer.sold_out, offer.filtered) == ([2], 1, 0)
    everything = asyncio.run(service.outfits("top", Wishes(in_stock=False)))
    assert [one.rank for one in everything.outfits] == [1, 2]


def test_an_unknown_product_is_said() -> None:
    with pytest.raises(NoSuchProduct, match="no product nix"):
        asyncio.run(RecommendationsService(TOPS).outfits("nix"))


def test_the_anchors_that_lent_patterns_are_told() -> None:
    anchors = {one: ProductOutfits(replace(OTHER_TOP, product_id=one), ()) for one in ("a1", "a2")}
    facts = asyncio.run(RecommendationsService(Shelf(TOPS.products | anchors)).product("top"))
    assert [(one.product.product_id, one.patterns, one.ranks) for one in facts.anchors] == [
        ("a1", ("Idea 1", "Idea 2"), (1, 2)),
        ("a2", ("Idea 3",), (3,)),
    ]
    assert facts.sources == {"pattern_based": 2, "rule_based": 1}


def test_an_anchor_that_has_left_the_catalogue_is_not_told() -> None:
    """It has no page to lead to; its outfits count all the same."""
    facts = asyncio.run(RecommendationsService(TOPS).product("top"))
    assert (facts.anchors, facts.sources) == ((), {"pattern_based": 2, "rule_based": 1})


def completed(store: Shelf, *basket: str, wishes: Wishes = EVERYTHING) -> list[dict[str, object]]:
    found = asyncio.run(RecommendationsService(store).complete(basket, wishes))
    return [
        {
            "held": [one.product_id for one in look.held],
            "missing": [item.product.product_id for item in look.missing],
            "exchanged": list(look.exchanged),
            "left_out": dict(look.left_out),
        }
        for look in found.looks
    ]


def test_a_look_that_holds_more_of_the_basket_comes_first() -> None:
    """Of equals, the one that was released with them: rank 3 holds both, the others must make room."""
    looks = completed(TOPS, "top", "watch", "heels")
    assert looks[0] == {"held": ["top", "watch", "heels"], "missing": ["jeans"], "exchanged": [], "left_out": {}}
    assert all(len(one["held"]) == 3 for one in looks)  # type: ignore[arg-type]
    assert looks[-1]["exchanged"] == ["shoes"]


def test_a_product_of_the_basket_takes_the_place_of_the_outfits_own_item() -> None:
    looks = completed(shelf((TOP, [outfit(1, JEANS, SHOES, BAG)])), "top", "skirt")
    assert looks == [{"held": ["top", "skirt"], "missing": ["shoes", "bag"], "exchanged": ["jeans"], "left_out": {}}]


def test_no_slot_is_filled_twice() -> None:
    looks = completed(shelf((TOP, [outfit(1, JEANS, SHOES)])), "top", "top2")
    assert looks[0]["held"] == ["top"]
    assert looks[0]["left_out"] == {"top2": "white Shirts of your basket fills its place"}


def test_audiences_that_do_not_mix_are_never_put_together() -> None:
    looks = completed(shelf((TOP, [outfit(1, JEANS, SHOES)])), "top", "mens")
    assert looks[0]["held"] == ["top"]
    assert looks[0]["left_out"] == {"mens": "women and men do not mix"}


def test_hard_rules_hold_in_completed_looks() -> None:
    """A dress takes no top; a belt needs a bottom; two pieces of jewellery are of different types."""
    looks = completed(shelf((TOP, [outfit(1, JEANS, SHOES)])), "top", "dress")
    assert looks[0]["left_out"] == {"dress": "a one-piece takes no top and no bottom, and a top needs a bottom"}
    looks = completed(shelf((RING, [outfit(1, DRESS, HEELS)])), "ring", "ring2", "necklace")
    assert looks[0]["held"] == ["ring", "necklace"]
    assert "ring2" in looks[0]["left_out"]  # type: ignore[operator]


def test_looks_that_lack_the_same_are_told_once() -> None:
    twice = shelf((TOP, [outfit(1, JEANS, SHOES), outfit(2, JEANS, SHOES)]), (JEANS, [outfit(1, TOP, SHOES)]))
    assert [one["missing"] for one in completed(twice, "top", "jeans")] == [["shoes"]]


def test_what_is_sold_out_completes_nothing() -> None:
    """The basket itself may be sold out: it is the shopper's already."""
    store = shelf((replace(TOP, in_stock=False), [outfit(1, JEANS, replace(SHOES, in_stock=False)), outfit(2, SKIRT, HEELS)]))
    assert [one["missing"] for one in completed(store, "top")] == [["skirt", "heels"]]
    assert len(completed(store, "top", wishes=Wishes(in_stock=False))) == 2


def test_a_basket_of_strangers_is_refused() -> None:
    service = RecommendationsService(TOPS)
    with pytest.raises(NoSuchProduct):
        asyncio.run(service.complete(["nix", "nox"]))
    with pytest.raises(ValueError, match="1 to 20"):
        asyncio.run(service.complete([]))
    assert asyncio.run(service.complete(["nix", "top"])).unknown == ("nix",)


def test_a_user_keeps_the_variant_and_users_are_spread_evenly() -> None:
    experiment = Experiment("spring", ("control", "outfits", "more"))
    users = [f"user-{number}" for number in range(9_000)]
    variants = [experiment.variant(one) for one in users]
    assert variants == [experiment.variant(one) for one in users]
    assert all(2_800 < count < 3_200 for count in Counter(variants).values())
    other = Experiment("autumn", experiment.variants)
    assert 2_700 < sum(experiment.variant(one) == other.variant(one) for one in users) < 3_300


def test_an_experiment_needs_an_id_and_variants() -> None:
    assert experiment_of(None, ["a"]) is None
    assert experiment_of("x", []) is None
    assert experiment_of("x", ["a"]) == Experiment("x", ("a",))


def user_of(experiment: Experiment, variant: str) -> str:
    return next(f"user-{number}" for number in range(1_000) if experiment.variant(f"user-{number}") == variant)


def test_what_users_of_an_experiment_are_shown_is_kept_and_never_who() -> None:
    experiment, notes = Experiment("spring", (CONTROL, "outfits")), Notes()
    service = RecommendationsService(TOPS, experiment=experiment, feedback=notes)
    user = user_of(experiment, "outfits")
    offer = asyncio.run(service.outfits("top", user=user))
    assert offer.variant == "outfits"
    assert [(one.event, one.rank, one.variant, one.experiment, one.release) for one in notes.events] == [
        ("shown", rank, "outfits", "spring", 3) for rank in (1, 2, 3)
    ]
    assert all(user not in one.model_dump_json() for one in notes.events)


def test_the_control_group_is_offered_nothing_and_strangers_everything() -> None:
    experiment, notes = Experiment("spring", (CONTROL, "outfits")), Notes()
    service = RecommendationsService(TOPS, experiment=experiment, feedback=notes)
    offer = asyncio.run(service.outfits("top", user=user_of(experiment, CONTROL)))
    assert (offer.variant, offer.outfits, offer.released) == (CONTROL, (), 3)
    stranger = asyncio.run(service.outfits("top"))
    assert (stranger.variant, len(stranger.outfits)) == (None, 3)
    assert notes.events == []


def test_an_answer_goes_out_also_when_it_cannot_be_noted() -> None:
    experiment = Experiment("spring", ("outfits",))
    service = RecommendationsService(TOPS, experiment=experiment, feedback=Notes(full=True))
    assert len(asyncio.run(service.outfits("top", user="anyone")).outfits) == 3
