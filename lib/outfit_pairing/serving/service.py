"""The outfits of products as pages and programs ask for them: pure over a Store, with or without HTTP."""

import logging
from collections.abc import Sequence
from dataclasses import dataclass

from outfit_pairing.errors import OutfitPairingError, first_line
from outfit_pairing.publishing.outfits import Outfit, ProductOutfits, ShownProduct
from outfit_pairing.serving.completing import CompletedLook, complete
from outfit_pairing.serving.experiments import CONTROL, Experiment
from outfit_pairing.serving.feedback import FeedbackEvent, FeedbackLog, NoFeedback
from outfit_pairing.serving.store import Hits, Quality, Release, Store, StoreNotReady
from outfit_pairing.serving.wishes import Wishes, choose
from outfit_pairing.style.vocabulary import StyleGuide, load_style_guide

logger = logging.getLogger(__name__)

MOST_BASKET = 20  # products of a basket


class NoSuchProduct(OutfitPairingError):  # noqa: N818 - named for what is the case, as the others
    """The shown catalogue does not have the product."""

    def __init__(self, product_id: str) -> None:
        super().__init__(product_id)
        self.product_id = product_id

    def __str__(self) -> str:
        return f"the catalogue has no product {self.product_id}"


@dataclass(frozen=True, slots=True)
class Offer:
    """The outfits of a product that are wanted.

    released: how many there are.   sold_out, filtered: left out for stock, and by wishes.
    without_outfits: why there are none, where none is released.   variant: of the experiment; None outside of one.
    """

    release: Release
    product: ShownProduct
    outfits: tuple[Outfit, ...]
    released: int
    sold_out: int
    filtered: int
    without_outfits: str | None
    variant: str | None = None


@dataclass(frozen=True, slots=True)
class Anchor:
    """An anchor that lent patterns to a product.   patterns: their names.   ranks: of the outfits that follow them."""

    product: ShownProduct
    patterns: tuple[str, ...]
    ranks: tuple[int, ...]


@dataclass(frozen=True, slots=True)
class ProductFacts:
    """A product, how many outfits are released for it, and where they come from."""

    release: Release
    product: ShownProduct
    outfits: int
    sources: dict[str, int]
    anchors: tuple[Anchor, ...]
    without_outfits: str | None


@dataclass(frozen=True, slots=True)
class Completed:
    """Looks around a basket, best first.   unknown: ids of the basket that the catalogue does not have."""

    release: Release
    basket: tuple[ShownProduct, ...]
    unknown: tuple[str, ...]
    looks: tuple[CompletedLook, ...]


class RecommendationsService:
    """Answers over a store. Every method raises StoreNotReady while the store has nothing to show.

    Args:  experiment: the A/B test that users take part in.   feedback: where it is kept which outfits they were shown.
    """

    def __init__(
        self,
        store: Store,
        *,
        experiment: Experiment | None = None,
        feedback: FeedbackLog | None = None,
        guide: StyleGuide | None = None,
    ) -> None:
        self.store = store
        self.experiment = experiment
        self.feedback: FeedbackLog = feedback or NoFeedback()
        self._guide = guide

    @property
    def guide(self) -> StyleGuide:
        """The style guide: what pages draw by, and looks are completed by. Outfits alone can be told without it."""
        return self._guide or load_style_guide()

    async def outfits(self, product_id: str, wishes: Wishes = Wishes(), user: str | None = None) -> Offer:  # noqa: B008 - frozen
        """The outfits of a product, best first. With a user and an experiment, as the user's variant sees them.

        Raises:  NoSuchProduct.
        """
        offer = await self.offer(product_id, wishes, self.variant(user))
        await self.expose(offer)
        return offer

    async def offer(self, product_id: str, wishes: Wishes, variant: str | None) -> Offer:
        """The outfits of a product as a variant sees them; who is shown them is not kept.    Raises:  NoSuchProduct."""
        release, found = await self._product(product_id)
        chosen = choose(found.outfits, wishes)
        return Offer(
            release=release,
            product=found.product,
            outfits=() if variant == CONTROL else chosen.outfits,
            released=len(found.outfits),
            sold_out=chosen.sold_out,
            filtered=chosen.filtered,
            without_outfits=found.without_outfits,
            variant=variant,
        )

    def variant(self, user: str | None) -> str | None:
        """The variant of a user; None without a user or an experiment."""
        return self.experiment.variant(user) if self.experiment and user else None

    async def expose(self, offer: Offer) -> None:
        """Keep which outfits a user of an experiment was shown, never who; if that fails, the answer goes out all the same."""
        if not self.experiment or not offer.variant or not offer.outfits:
            return
        try:
            await self.feedback.add([_shown(offer, outfit, self.experiment.experiment_id) for outfit in offer.outfits])
        except (StoreNotReady, ValueError) as fault:
            logger.warning("what was shown could not be kept: %s", first_line(fault))

    async def product(self, product_id: str) -> ProductFacts:
        """A product and where its outfits come from.    Raises:  NoSuchProduct."""
        release, found = await self._product(product_id)
        lent: dict[str, list[Outfit]] = {}
        for outfit in found.outfits:
            if outfit.anchor_product_id:
                lent.setdefault(outfit.anchor_product_id, []).append(outfit)
        shown = await self.store.outfits_of(list(lent)) if lent else None
        sources: dict[str, int] = {}
        for outfit in found.outfits:
            sources[outfit.source] = sources.get(outfit.source, 0) + 1
        anchors = tuple(
            Anchor(
                product=shown.products[one].product,
                patterns=tuple(dict.fromkeys(outfit.pattern_name for outfit in outfits if outfit.pattern_name)),
                ranks=tuple(outfit.rank for outfit in outfits),
            )
            for one, outfits in lent.items()
            if shown and one in shown.products  # one that has left the catalogue has no page
        )
        return ProductFacts(release, found.product, len(found.outfits), sources, anchors, found.without_outfits)

    async def complete(self, product_ids: Sequence[str], wishes: Wishes = Wishes(), number: int = 5) -> Completed:  # noqa: B008
        """Looks that hold as much of a basket as goes together, and what is missing to wear them.

        Raises:  NoSuchProduct: the catalogue has none of the products; it names the first.    ValueError: no or too many products.
        """
        asked = list(dict.fromkeys(product_ids))
        if not 1 <= len(asked) <= MOST_BASKET:
            raise ValueError(f"a basket of 1 to {MOST_BASKET} products is needed")
        found = await self.store.outfits_of(asked)
        basket = [found.products[one] for one in asked if one in found.products]
        if not basket:
            raise NoSuchProduct(asked[0])
        return Completed(
            release=found.release,
            basket=tuple(one.product for one in basket),
            unknown=tuple(one for one in asked if one not in found.products),
            looks=tuple(complete(basket, wishes, self.guide, number)),
        )

    async def search(self, query: str, limit: int, offset: int = 0) -> Hits:
        """Products that hold all words of the query, best first; all for no word."""
        return await self.store.search(query, limit, offset)

    async def quality(self) -> Quality:
        """What was measured on the shown result, and on those before."""
        return await self.store.quality()

    async def _product(self, product_id: str) -> tuple[Release, ProductOutfits]:
        found = await self.store.outfits_of([product_id])
        if product_id not in found.products:
            raise NoSuchProduct(product_id)
        return found.release, found.products[product_id]


def _shown(offer: Offer, outfit: Outfit, experiment: str) -> FeedbackEvent:
    return FeedbackEvent(
        event="shown",
        product_id=offer.product.product_id,
        outfit_id=outfit.outfit_id,
        rank=outfit.rank,
        source=outfit.source,
        experiment=experiment,
        variant=offer.variant,
        release=offer.release.number,
    )
