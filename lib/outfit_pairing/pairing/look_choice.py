"""Which items of a look are shown beside a product: as many as the hard rules allow, the stylist's order kept."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from itertools import combinations

import numpy as np

from outfit_pairing.pairing.codes import SLOT_CODES, Bools, Floats, Ints, ProductCodes, StyleTables, pair_allowed, pair_score
from outfit_pairing.style.rules import MOST_OF_ONE_FAMILY, structure_fault

MOST_SHOWN = 4  # items beside the product
LEAST_SHOWN = 2  # … of a look that has so many: one item of a whole look is no outfit
MOST_JEWELLERY = 2
# Who would choose between a coat and a bracelet keeps the coat.
GARMENTS: Bools = np.isin(list(SLOT_CODES), ("top", "bottom", "one_piece", "outerwear", "footwear"))  # by slot


@dataclass(frozen=True, eq=False)
class Entries:
    """A product (position 0) and what a look would show beside it, k entries in all."""

    tables: StyleTables
    codes: ProductCodes  # (k,)
    allowed: Bools  # (k, k)
    score: Floats  # (k, k)

    @classmethod
    def of(cls, tables: StyleTables, codes: ProductCodes) -> "Entries":
        """Judges all pairs."""
        left, right = codes.take(np.arange(len(codes))[:, None]), codes.take(np.arange(len(codes))[None, :])
        return cls(tables, codes, pair_allowed(tables, left, right), pair_score(tables, left, right))

    def keeps_rules(self, shown: Sequence[int]) -> bool:
        """Whether the product with the entries at these positions keeps the hard rules on pairs, structure and colours."""
        places = [0, *shown]
        if not all(self.allowed[one, other] for one, other in combinations(places, 2)):
            return False
        traits = self.codes.traits[places]
        if int((self.tables.slot[traits] == SLOT_CODES["jewellery"]).sum()) > MOST_JEWELLERY:
            return False
        families = self.tables.colour_family[self.codes.colour[places]]
        if len(families) and int(np.bincount(families[families > 0], minlength=1).max()) > MOST_OF_ONE_FAMILY:
            return False
        flags = int(np.bitwise_or.reduce(self.tables.flags[traits]))
        return structure_fault(flags, len(places)) == 0

    def best(self, least: int) -> tuple[int, ...]:
        """Positions of the entries to show, in their order; none when no choice of at least `least` keeps the rules.

        The most items, at most MOST_SHOWN; among these the most garments; among these what the stylist names first.
        """
        return next((shown for shown in self._choices(least) if self.keeps_rules(shown)), ())

    def _choices(self, least: int) -> Iterator[tuple[int, ...]]:
        joins = [place for place in range(1, len(self.codes)) if self.allowed[0, place]]
        garment = GARMENTS[self.tables.slot[self.codes.traits]]
        for size in range(min(MOST_SHOWN, len(joins)), least - 1, -1):
            yield from sorted(combinations(joins, size), key=lambda shown: (-int(garment[list(shown)].sum()), shown))

    def scores(self, shown: Sequence[int]) -> tuple[float, list[float]]:
        """The outfit's score, and of each item: the mean over pairs, and over its pairs with the product and earlier items."""
        gained = [self.score[place, [0, *shown[:number]]] for number, place in enumerate(shown)]
        pairs = np.concatenate(gained).astype(np.float64)
        return float(pairs.mean()), [float(one.astype(np.float64).mean()) for one in gained]


def least_shown(look_items: int) -> int:
    """The fewest items beside the product that make an outfit of a look with so many items."""
    return min(LEAST_SHOWN, look_items - 1)


def joined(*parts: ProductCodes) -> ProductCodes:
    """Codes one after the other."""
    return ProductCodes(*(np.concatenate([getattr(part, name) for part in parts]) for name in ProductCodes.__dataclass_fields__))


def rows_of(numbers: Sequence[int]) -> Ints:
    """Numbers as an index."""
    return np.array(numbers, dtype=np.int64)
