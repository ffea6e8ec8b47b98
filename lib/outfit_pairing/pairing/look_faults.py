"""What of a lookbook cannot be offered, and why: for the stylist who reads the log."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from itertools import combinations
from typing import Any, Literal

from outfit_pairing.pairing.looks import LEAST_ITEMS, Look
from outfit_pairing.style import StyleGuide
from outfit_pairing.style.audience import may_mix
from outfit_pairing.style.rules import verdict
from outfit_pairing.style.traits import Traits, traits_of

Code = Literal["not_in_catalogue", "out_of_stock", "forbidden"]
CODES: tuple[Code, ...] = ("not_in_catalogue", "out_of_stock", "forbidden")


@dataclass(frozen=True, slots=True)
class Fault:
    """An item of a look that cannot be offered."""

    look: Look
    product_id: str
    code: Code
    why: str

    def __str__(self) -> str:
        return f"line {self.look.line}, {self.look.outfit_id}: {self.product_id} {self.why}"


def faults_of(looks: Sequence[Look], products: Mapping[str, Mapping[str, Any]], guide: StyleGuide) -> list[Fault]:
    """Every item that cannot be offered with the rest of its look, in the order of the looks.

    Args:    products: by product_id the rows (article_type, slot, usage, department, audience, in_stock) of those in the catalogue.
    """
    return [fault for look in looks for fault in _of_look(look, products, guide)]


def without_forbidden(looks: Sequence[Look], faults: Sequence[Fault]) -> tuple[Look, ...]:
    """The looks without items that hard rules forbid; those that keep fewer than two items are left out."""
    forbidden = {(fault.look.outfit_id, fault.product_id) for fault in faults if fault.code == "forbidden"}
    left = (replace(look, items=tuple(item for item in look.items if (look.outfit_id, item) not in forbidden)) for look in looks)
    return tuple(look for look in left if len(look.items) >= LEAST_ITEMS)


def _of_look(look: Look, products: Mapping[str, Mapping[str, Any]], guide: StyleGuide) -> Iterator[Fault]:
    there: dict[str, Traits] = {}
    for item in look.items:
        row = products.get(item)
        if row is None:
            yield Fault(look, item, "not_in_catalogue", "is not in the catalogue")
            continue
        traits = traits_of(row["article_type"], row["slot"] or "other", row["usage"], row["department"], guide)
        if not traits.offered:
            yield Fault(look, item, "forbidden", f"breaks hard rule 9: {traits.article_type} is nothing to wear")
            continue
        if not row["in_stock"]:
            yield Fault(look, item, "out_of_stock", "is out of stock")
        there[item] = traits
    yield from _odd_ones(look, there, products)


def _odd_ones(look: Look, there: Mapping[str, Traits], products: Mapping[str, Mapping[str, Any]]) -> Iterator[Fault]:
    """The items to take away until no pair breaks a rule: again and again the one with most conflicts, of equals the last."""
    conflicts = {
        frozenset(pair): why for pair in combinations(there, 2) if (why := _conflict(*pair, there=there, products=products))
    }
    while conflicts:
        counts = [(sum(item in pair for pair in conflicts), place, item) for place, item in enumerate(look.items)]
        odd = max(counts)[2]
        of_it = {pair: why for pair, why in conflicts.items() if odd in pair}
        other = next(item for item in look.items if item != odd and frozenset((odd, item)) in of_it)
        yield Fault(look, odd, "forbidden", f"cannot go with {other}: {of_it[frozenset((odd, other))]}")
        conflicts = {pair: why for pair, why in conflicts.items() if odd not in pair}


def _conflict(left: str, right: str, there: Mapping[str, Traits], products: Mapping[str, Mapping[str, Any]]) -> str | None:
    """Why two items may not share an outfit (hard rules 2, 5, 6, 9); None when they may."""
    one, other = products[left]["audience"], products[right]["audience"]
    if not may_mix(one, other):
        return f"hard rule 2, {one} and {other} do not mix"
    found = verdict(there[left], there[right])
    return None if found.allowed else f"hard rule {found.rule}, {found.why}"
