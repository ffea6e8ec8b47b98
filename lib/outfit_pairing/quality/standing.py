"""Who can have outfits: what a product is to a stylist, and whether the catalogue has companions for it."""

from collections import Counter, defaultdict
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from math import prod
from typing import Literal

from outfit_pairing.quality.audit import OWN_KIND_SLOTS, is_away
from outfit_pairing.quality.entries import KIND_OF_SLOT
from outfit_pairing.style.vocabulary import StyleGuide

# Products that may share an outfit with a product of the audience; None (not said) is not judged, hence may with all.
COMPANY: Mapping[str | None, tuple[str | None, ...]] = {
    "women": ("women", "unisex", None),
    "men": ("men", "unisex", None),
    "unisex": ("women", "men", "unisex", None),
    "girls": ("girls", "kids", None),
    "boys": ("boys", "kids", None),
    "kids": ("girls", "boys", "kids", None),
    None: ("women", "men", "unisex", "girls", "boys", "kids", None),
}
WORN = ("clothing", "footwear", "accessory")
LEAST_OUTFITS = 3

Role = Literal["wearable", "own_kind", "equipment", "none"]


@dataclass(frozen=True, slots=True)
class Standing:
    """What a product is to a stylist.

    role: worn in outfits of clothes; only with its own kind; the reason for an outfit but never in one; none at all.
    group: whom it shares outfits with, "clothes" or the slot of its own kind.
    place: what one product of it fills in an outfit: its slot, among its own kind its article type.
    why: for role none, in words.
    """

    role: Role
    group: str
    place: str
    why: str = ""


def standing(article_type: str | None, slot: str | None, department: str | None, guide: StyleGuide) -> Standing:
    """What a product is: wearable (clothes, shoes, accessories), own kind, equipment, or nothing that outfits are for."""
    slot = slot or "other"
    found = guide.article_type(article_type) if article_type else None
    kind = found.kind if found else KIND_OF_SLOT.get(slot)
    if kind in ("free", "home") or is_away(department or ""):
        return Standing("none", "", slot, "home and free items")
    if slot in OWN_KIND_SLOTS or "beauty" in (slot, kind):
        group = slot if slot in OWN_KIND_SLOTS else "beauty"
        return Standing("own_kind", group, found.name if found else str(article_type))
    if kind is None:
        return Standing("none", "", slot, "unknown to the style guide, and in no slot of clothes")
    if found is not None and not found.suits:
        return Standing("none", "", slot, "care and spare parts, which no outfit needs")
    return Standing("wearable" if kind in WORN else "equipment", "clothes", slot)


@dataclass(frozen=True)
class Stock:
    """How many products in stock could join a product of an audience in an outfit of a group, by the place they take."""

    products: Mapping[tuple[str, str | None], Counter[str]]

    @classmethod
    def of(cls, rows: Iterable[tuple[Standing, str | None, int]]) -> "Stock":
        """From (standing, audience, products in stock)."""
        products: defaultdict[tuple[str, str | None], Counter[str]] = defaultdict(Counter)
        for one, audience, count in rows:
            if one.role in ("wearable", "own_kind"):
                for company, accepted in COMPANY.items():
                    if audience in accepted:
                        products[one.group, company][one.place] += count
        return cls(products)

    def places(self, group: str, audience: str | None) -> Mapping[str, int]:
        """Products of a group that may share an outfit with a product of the audience, by the place they would take."""
        return self.products.get((group, audience), Counter())

    def can_have_outfits(self, one: Standing, audience: str | None) -> bool:
        """Whether there are companions enough for three different sets of items, be they of one item each."""
        if one.role == "none":
            return False
        others = (count for place, count in self.places(one.group, audience).items() if place != one.place)
        return prod(count + 1 for count in others) - 1 >= LEAST_OUTFITS


def most_different(choices: Iterable[int]) -> int:
    """Most outfits that pairwise differ in two items, given how many products each place can choose from.

    Words over alphabets of these sizes with distance two: at most the product of all sizes but the largest, which is
    reached. Source: R. C. Singleton, Maximum distance q-nary codes, 1964.
    """
    sizes = sorted(size for size in choices if size > 0)
    return prod(sizes[:-1])
