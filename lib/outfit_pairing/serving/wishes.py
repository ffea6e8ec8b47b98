"""What a page wants of outfits: filters, and how many."""

from collections.abc import Sequence
from dataclasses import dataclass

from outfit_pairing.publishing.outfits import Outfit
from outfit_pairing.style.audience import may_mix

MOST_OUTFITS = 20  # that one answer holds


@dataclass(frozen=True, slots=True)
class Wishes:
    """Which outfits are wanted; a wish that is not set leaves all.

    slots: all of them are filled.   sources, occasions: one of them.   audience: every item is for it, or for anyone like it.
    min_confidence: 0 to 1.   min_price, max_price: of every item, in the shop's currency; an item without a price does not fit.
    in_stock: outfits with a sold-out or vanished item are left out.   number: the best so many.
    """

    slots: frozenset[str] = frozenset()
    sources: frozenset[str] = frozenset()
    occasions: frozenset[str] = frozenset()
    audience: str | None = None
    min_confidence: float = 0.0
    min_price: float | None = None
    max_price: float | None = None
    in_stock: bool = True
    number: int = MOST_OUTFITS

    def fits(self, outfit: Outfit) -> bool:
        """Whether the outfit is wanted, its stock apart."""
        return (
            (not self.sources or outfit.source in self.sources)
            and (not self.occasions or (outfit.occasion or "") in self.occasions)
            and self.slots <= {item.slot for item in outfit.items}
            and (not self.min_confidence or (outfit.confidence or 0.0) >= self.min_confidence)
            and (self.audience is None or all(may_mix(item.product.audience, self.audience) for item in outfit.items))
            and (self.min_price is None or all(_at_least(item.product.price, self.min_price) for item in outfit.items))
            and (self.max_price is None or all(_at_most(item.product.price, self.max_price) for item in outfit.items))
        )


@dataclass(frozen=True, slots=True)
class Chosen:
    """Outfits that are wanted, by rank.   sold_out: left out for their stock.   filtered: left out by the other wishes."""

    outfits: tuple[Outfit, ...]
    sold_out: int
    filtered: int


def choose(outfits: Sequence[Outfit], wishes: Wishes) -> Chosen:
    """The best of the outfits that fit."""
    fitting = [one for one in outfits if wishes.fits(one)]
    left = [one for one in fitting if can_be_bought(one)] if wishes.in_stock else fitting
    return Chosen(tuple(left[: wishes.number]), len(fitting) - len(left), len(outfits) - len(fitting))


def can_be_bought(outfit: Outfit) -> bool:
    """Whether every item is in stock; one that has left the catalogue is not."""
    return all(item.product.in_stock for item in outfit.items)


def _at_most(price: float | None, most: float) -> bool:
    return price is not None and price <= most


def _at_least(price: float | None, least: float) -> bool:
    return price is not None and price >= least
