"""What a score is asked about outfits that people made: blanks to fill, outfits that nobody made, products to rank.

Wrong answers are drawn from the products that people used; the same seed asks the same.
"""

import random
from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import NamedTuple

from outfit_pairing.scoring.outfit_files import GivenOutfit
from outfit_pairing.style.garment import Garment
from outfit_pairing.style.make_up import may_share

Items = tuple[str, ...]
Garments = Mapping[str, Garment]

WRONG = 3  # wrong answers beside the right one
NOBODYS = 3  # outfits that nobody made, beside each that somebody did
RANKED = 100  # products of a slot, the right one among them
FEWEST_RANKED = 20  # with fewer there is nothing to choose from


@dataclass(frozen=True, slots=True)
class Blank:
    """One item of one outfit, asked for: the outfit, and the same with wrong items in its place.

    outfit: its number.   slot, audience: of the item.   same: empty when too few products are of its kind.
    """

    outfit: int
    item: str
    slot: str
    audience: str | None
    right: Items
    random: tuple[Items, ...]
    same: tuple[Items, ...]

    @property
    def others(self) -> Items:
        """The outfit without the item."""
        return tuple(item for item in self.right if item != self.item)


class Nobodys(NamedTuple):
    """An outfit that nobody made, beside the one of that number."""

    outfit: int
    items: Items


def known_outfits(outfits: Sequence[GivenOutfit], garments: Garments) -> list[Items]:
    """Items of each outfit that the catalogue has, each once, of outfits with two or more such."""
    found = [tuple(dict.fromkeys(item for item in one.items if item in garments)) for one in outfits]
    return [items for items in found if len(items) > 1]


def some_of(outfits: Sequence[Items], most: int, seed: int) -> list[Items]:
    """At most so many of the outfits, drawn, in their order."""
    if len(outfits) <= most:
        return list(outfits)
    return [outfits[number] for number in sorted(random.Random(seed).sample(range(len(outfits)), most))]


def blanks_of(outfits: Sequence[Items], garments: Garments, seed: int) -> list[Blank]:
    """A question for every item; none where fewer than WRONG other products are used at all."""
    dice = random.Random(seed)
    used = _used(outfits)
    by_kind, by_family = _grouped(used, garments)
    found = []
    for number, items in enumerate(outfits):
        for place, item in enumerate(items):
            others, garment = items[:place] + items[place + 1 :], garments[item]
            pools = (by_kind[garment.kind], by_family[garment.traits.family])
            same = next((some for pool in pools if (some := _drawn(pool, items, dice))), ())
            wrong = _drawn(used, items, dice)
            if wrong:
                found.append(
                    Blank(
                        outfit=number,
                        item=item,
                        slot=garment.traits.slot,
                        audience=garment.audience,
                        right=items,
                        random=tuple((*others, other) for other in wrong),
                        same=tuple((*others, other) for other in same),
                    )
                )
    return found


def shuffled_outfits(outfits: Sequence[Items], seed: int) -> list[Nobodys]:
    """NOBODYS for each outfit, as large as it, of random products."""
    dice, used = random.Random(seed), _used(outfits)
    return [Nobodys(number, tuple(dice.sample(used, len(items)))) for number, items in enumerate(outfits) for _ in range(NOBODYS)]


def alike_outfits(outfits: Sequence[Items], garments: Garments, seed: int) -> list[Nobodys]:
    """NOBODYS for each outfit, of other products of the same kinds; none where no item can be replaced."""
    dice = random.Random(seed)
    kinds, families = _grouped(_used(outfits), garments)
    found = []
    for number, items in enumerate(outfits):
        for _ in range(NOBODYS):
            made: list[str] = []
            for item in items:
                pools = (kinds[garments[item].kind], families[garments[item].traits.family])
                drawn = (_drawn(pool, (*items, *made), dice, 1) for pool in pools)
                made.append(next((one[0] for one in drawn if one), item))
            if tuple(made) != items:
                found.append(Nobodys(number, tuple(made)))
    return found


def candidates_of(blanks: Sequence[Blank], garments: Garments, seed: int) -> list[Items]:
    """For each blank up to RANKED - 1 wrong products of its slot that its wearer could wear, drawn from those with a style vector.

    Empty where there are too few to choose from.
    """
    dice, by_slot = random.Random(seed), defaultdict(list)
    for one in sorted(one for one, garment in garments.items() if garment.place >= 0):
        by_slot[garments[one].traits.slot].append(one)
    pools: dict[tuple[str, str | None], list[str]] = {}
    found = []
    for blank in blanks:
        wearer = (blank.slot, blank.audience)
        if wearer not in pools:
            pools[wearer] = [one for one in by_slot[blank.slot] if may_share(garments[one].audience, blank.audience)]
        drawn = dice.sample(pools[wearer], min(len(pools[wearer]), RANKED - 1 + len(blank.right)))
        wrong = tuple(one for one in drawn if one not in blank.right)[: RANKED - 1]
        found.append(wrong if len(wrong) >= FEWEST_RANKED - 1 else ())
    return found


def _used(outfits: Iterable[Items]) -> list[str]:
    return sorted({item for items in outfits for item in items})


def _drawn(pool: Sequence[str], taken: Items, dice: random.Random, many: int = WRONG) -> Items:
    """As many of the pool as are asked for, none of them taken; none at all where it has too few."""
    some = dice.sample(pool, min(len(pool), many + len(taken)))
    free = [item for item in some if item not in taken][:many]
    return tuple(free) if len(free) == many else ()


def _grouped(used: Sequence[str], garments: Garments) -> tuple[dict[str, list[str]], dict[str, list[str]]]:
    """Products by kind and by family."""
    kinds: dict[str, list[str]] = defaultdict(list)
    families: dict[str, list[str]] = defaultdict(list)
    for item in used:
        kinds[garments[item].kind].append(item)
        families[garments[item].traits.family].append(item)
    return kinds, families
