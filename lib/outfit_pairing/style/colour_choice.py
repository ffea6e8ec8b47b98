"""Colours for the items of an outfit idea: in harmony with the product and with each other, and such as the catalogue has."""

import math
from collections import Counter
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field

from outfit_pairing.style.colours import Colour, Harmony, harmony
from outfit_pairing.style.looks import Offer
from outfit_pairing.style.rules import MOST_OF_ONE_FAMILY
from outfit_pairing.style.vocabulary import StyleGuide

SCHEMES = ("neutral", "accent", "tonal")
COLOURS_PER_ITEM = 3
LEAST_SHARE = 0.01  # of an article type's products, below which it does not come in a colour for practical purposes
NEVER_ASKED_FOR = {"multi"}  # families that say nothing about harmony
LEATHER_SLOTS, LEATHER_CODES = {"footwear", "belt", "bag"}, {"formal", "smart_casual"}
METAL_SLOTS = {"jewellery", "watch"}
# What each wish adds to the mean harmony, which lies in [0, 1].
SPEAKS, QUIET, LIKE_LEATHER, LIKE_METAL, COMMON, CHANCE = 0.3, 0.2, 0.35, 0.25, 0.15, 0.08
REPEATED, SAME_AS_PRODUCT, SAME_FAMILY = -0.1, -0.25, -0.15


class ColourBook:
    """The colours of the style guide by name, with harmonies remembered."""

    def __init__(self, guide: StyleGuide) -> None:
        self._guide = guide
        self._found: dict[str, Colour | None] = {}
        self._harmonies: dict[tuple[str, str], Harmony] = {}

    def colour(self, name: str | None) -> Colour | None:
        """The colour of that name; None when unknown, not said, or of several colours."""
        if name is None:
            return None
        if name not in self._found:
            found = self._guide.colour(name)
            self._found[name] = None if found is None or found.family in NEVER_ASKED_FOR else found
        return self._found[name]

    def harmony(self, left: Colour, right: Colour) -> Harmony:
        """style.colours.harmony."""
        pair = (left.name, right.name) if left.name <= right.name else (right.name, left.name)
        if pair not in self._harmonies:
            self._harmonies[pair] = harmony(left, right)
        return self._harmonies[pair]


@dataclass
class ColourPlan:
    """Colours of one outfit idea, chosen item by item; `chosen` holds the first colour of each.

    scheme: neutral (let the product speak), accent (one item speaks up), tonal (shades of the product's colour).
    used: how often earlier ideas led with a colour; `chance`: a number in [0, 1) for a colour: both so that ideas vary.
    """

    book: ColourBook
    product_slot: str
    product_colour: Colour | None
    dress_code: str
    scheme: str
    used: Counter[str]
    chance: Callable[[str], float]
    chosen: list[tuple[str, Colour]] = field(default_factory=list)

    def choose(self, offer: Offer, slot: str, *, speaks: bool) -> tuple[str, ...]:
        """Up to three colours for an item, best first; none when the catalogue says no colour that goes.

        Args:    speaks: whether this is the item that an accent scheme gives its colour to.
        """
        scores = {
            colour: self._score(colour, share, slot, speaks=speaks)
            for colour, share in self._available(offer)
            if self._goes(colour)
        }
        best: list[Colour] = []
        while scores and len(best) < COLOURS_PER_ITEM:
            families = {colour.family for colour in best}
            best.append(max(scores, key=lambda one: (scores[one] + SAME_FAMILY * (one.family in families), one.name)))
            del scores[best[-1]]
        if best:
            self.chosen.append((slot, best[0]))
        return tuple(colour.name for colour in best)

    @property
    def harmony(self) -> float:
        """Mean harmony of all pairs, product included, in [0, 1]; 0.7 when there is no pair to judge."""
        colours = self._present()
        pairs = [(left, right) for i, left in enumerate(colours) for right in colours[:i]]
        scores = [self.book.harmony(left, right).score for left, right in pairs]
        return sum(scores) / len(scores) if scores else 0.7

    def _present(self) -> list[Colour]:
        own = [self.product_colour] if self.product_colour else []
        return own + [colour for _, colour in self.chosen]

    def _available(self, offer: Offer) -> Iterator[tuple[Colour, float]]:
        """Colours that the article type comes in, with their shares; those of its palette when there are any."""
        total = sum(offer.colours.values()) or 1
        known = [(self.book.colour(name), count / total) for name, count in offer.colours.items()]
        sold = [(colour, share) for colour, share in known if colour and share >= LEAST_SHARE]
        liked = [(colour, share) for colour, share in sold if {colour.name, colour.family} & offer.palette]
        return iter(liked or sold)

    def _goes(self, colour: Colour) -> bool:
        present = self._present()
        same_family = sum(not other.neutral and other.family == colour.family for other in present)
        if not colour.neutral and same_family >= MOST_OF_ONE_FAMILY:
            return False
        return not any(self.book.harmony(colour, other).clash for other in present)

    def _score(self, colour: Colour, share: float, slot: str, *, speaks: bool) -> float:
        present = self._present()
        mean = sum(self.book.harmony(colour, other).score for other in present) / len(present) if present else 0.7
        wishes = COMMON * math.sqrt(share) + REPEATED * self.used[colour.name] + CHANCE * self.chance(colour.name)
        return (
            mean
            + wishes
            + self._fits_scheme(colour, speaks=speaks)
            + self._fits_material(colour, slot)
            + self._fits_product(colour, slot)
        )

    def _fits_scheme(self, colour: Colour, *, speaks: bool) -> float:
        product = self.product_colour
        if self.scheme == "accent" and speaks:
            return SPEAKS * (not colour.neutral and (product is None or colour.family != product.family))
        if self.scheme == "tonal" and product is not None and not product.neutral:
            return QUIET * (colour.family == product.family and colour.name != product.name)
        return QUIET * colour.neutral

    def _fits_material(self, colour: Colour, slot: str) -> float:
        """Leather is worn in one colour where one dresses up, and so is metal everywhere."""
        worn = [*self.chosen, *([(self.product_slot, self.product_colour)] if self.product_colour else [])]
        if slot in LEATHER_SLOTS and self.dress_code in LEATHER_CODES:
            return LIKE_LEATHER * any(colour.family == other.family for where, other in worn if where in LEATHER_SLOTS)
        if slot in METAL_SLOTS:
            return LIKE_METAL * any(colour.name == other.name for where, other in worn if where in METAL_SLOTS)
        return 0.0

    def _fits_product(self, colour: Colour, slot: str) -> float:
        product = self.product_colour
        if product is None or product.name != colour.name or slot in LEATHER_SLOTS | METAL_SLOTS:
            return 0.0
        return SAME_AS_PRODUCT
