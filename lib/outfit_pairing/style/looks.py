"""Which look formulas a product belongs to, and what is left of them when it is taken out, in a catalogue's own words."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass

from outfit_pairing.style.assortment import Kind, Vocabulary
from outfit_pairing.style.formulas import Formula, Formulas, Piece
from outfit_pairing.style.rules import flags_of, verdict
from outfit_pairing.style.traits import OWN_KIND, Traits

# How well a product belongs to a formula: named in it; of a slot that it has; an addition to it; not at all.
NAMED, SAME_SLOT, ADDED, ABSENT = 1.0, 0.8, 0.65, 0.0
CAN_BE_ADDED = {"accessory", "equipment"}  # kinds, besides outerwear
# Dress codes of the looks that a product joins which demands one itself; others: only its own.
JOINS = {"formal": frozenset({"formal", "smart_casual", "party"})}
# What an item may be dressed for in a look of this code, best first; others: the code itself.
ITEM_CODES = {"formal": ("formal", "smart_casual")}
COLD = {"winter", "fall"}
WIDEST_WARMTH_GAP = 1  # between items of one look; two in sports and in winter, where layers come off
UNLISTED = 99  # rank of an article type that no formula names because the style guide does not know it


@dataclass(frozen=True, slots=True)
class Offer:
    """A catalogue's word for what can fill a piece. `flags`: its bits for rules.structure_fault."""

    word: str
    traits: Traits
    rank: int
    colours: Mapping[str, int]
    palette: frozenset[str]
    flags: int


@dataclass(frozen=True, slots=True)
class Choice:
    """What the catalogue has for one piece: at least one offer, best first."""

    slot: str
    offers: tuple[Offer, ...]
    required: bool


@dataclass(frozen=True, slots=True)
class Look:
    """A formula without the product. `fit`: how well the product belongs to it, in (0, 1]."""

    formula: Formula
    choices: tuple[Choice, ...]
    fit: float


def fitting_looks(traits: Traits, wearer: str, formulas: Formulas, vocabulary: Vocabulary, least: int) -> tuple[Look, ...]:
    """The looks of a wearer that a product of these traits belongs to, in the order of the style guide.

    A look needs all of its core, but for slots that the catalogue lacks altogether; each leaves at least two choices.

    Args:    least: products that an article type must have to be asked for.
    """
    counter = _Counter(traits, vocabulary.kinds[wearer], formulas, least)
    slots = vocabulary.slots(wearer)
    found = []
    for formula in formulas.looks:
        place, fit = _place(traits, formula)
        if fit == ABSENT or wearer not in formula.wearers or not _dressed_for(traits, formula):
            continue
        choices = counter.choices(formula, place)
        filled = {choice.slot for choice in choices}
        lacking = {piece.slot for piece in formula.pieces if piece.required and piece is not place} - filled
        if len(choices) >= 2 and not lacking & slots:
            found.append(Look(formula, choices, fit))
    return tuple(found)


def _place(traits: Traits, formula: Formula) -> tuple[Piece | None, float]:
    """The piece of the formula that the product takes, and how well it belongs there."""
    pieces = [piece for piece in formula.pieces if piece.slot == traits.slot]
    named = next((piece for piece in pieces if traits.article_type in piece.ranks), None)
    if named is not None:
        return named, NAMED
    if pieces:
        return (None if formula.own_kind else pieces[0]), SAME_SLOT
    can_be_added = traits.kind in CAN_BE_ADDED or traits.slot == "outerwear"
    return None, ADDED if can_be_added and not formula.own_kind else ABSENT


def _dressed_for(traits: Traits, formula: Formula) -> bool:
    if formula.own_kind or traits.slot in OWN_KIND:
        return formula.own_kind and traits.slot in OWN_KIND
    if not _suits_season(traits.warmth, formula.season):
        return False
    if traits.strict is not None:
        return formula.dress_code in JOINS.get(traits.strict, {traits.strict})
    return formula.dress_code in (traits.suits or {"casual"})


def _suits_season(warmth: int | None, season: str | None) -> bool:
    if warmth is None or season is None:
        return True
    return warmth >= 1 if season in COLD else warmth <= 2 - (season == "summer")


@dataclass(frozen=True, eq=False)
class _Counter:
    """Finds what a catalogue offers beside a product; called so for the place where one asks in a shop."""

    product: Traits
    kinds: Sequence[Kind]
    formulas: Formulas
    least: int

    def __post_init__(self) -> None:
        shelves: dict[tuple[str, str], list[Kind]] = {}
        for kind in self.kinds:
            if kind.traits.article_type != self.product.article_type and verdict(self.product, kind.traits).allowed:
                name = kind.traits.article_type if kind.known else ""
                shelves.setdefault((kind.traits.slot, name), []).append(kind)
        object.__setattr__(self, "shelves", shelves)
