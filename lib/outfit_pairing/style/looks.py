"""Which look formulas a product belongs to, and what is left of them when it is taken out, in a catalogue's own words."""

from collections import Counter
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass

from outfit_pairing.style.assortment import Kind, Vocabulary
from outfit_pairing.style.audience import ADULTS
from outfit_pairing.style.formulas import Formula, Formulas, Piece
from outfit_pairing.style.rules import flags_of, verdict
from outfit_pairing.style.traits import OWN_KIND, Traits

# How well a product belongs to a formula: named in it; an addition to it; in the place of what it names; not at all.
NAMED, ADDED, SAME_SLOT, ABSENT = 1.0, 0.55, 0.3, 0.0
CAN_BE_ADDED = {"accessory", "equipment"}  # kinds, besides outerwear
# Dress codes of the looks that a product joins which demands one itself; others: only its own.
JOINS = {"formal": frozenset({"formal", "smart_casual", "party"})}
# What an item may be dressed for in a look of this code, best first; others: the code itself.
ITEM_CODES = {"formal": ("formal", "smart_casual")}
PaletteOf = Callable[[str, str, str], frozenset[str]]  # article type, family, slot → colours to prefer
FORMALITY_OF_CODE = {"beach": 0.5, "sports": 1.0, "casual": 2.0, "smart_casual": 3.0, "party": 3.5, "formal": 4.0}
FORMALITY_REACH = 1.0  # levels from the look's to that of an addition: cufflinks (4) do not go with shorts (2)
COLD = {"winter", "fall"}
WIDEST_WARMTH_GAP = 1  # between items of one look; two in sports and in winter, where layers come off
UNLISTED = 99.0  # rank of an article type that no formula names because the style guide does not know it


@dataclass(frozen=True, slots=True)
class Offer:
    """A catalogue's word for what can fill a piece. `flags`: its bits for rules.structure_fault."""

    word: str
    traits: Traits
    rank: float
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
    palette = formulas.palette if wearer in ADULTS else _any_colour
    shelves = _Shelves(traits, vocabulary.kinds[wearer], palette, least)
    slots = vocabulary.slots(wearer)
    found = []
    for formula in formulas.looks:
        place, fit = _place(traits, formula)
        if fit == ABSENT or wearer not in formula.wearers or not _dressed_for(traits, formula):
            continue
        choices = shelves.choices(formula, place)
        filled = {choice.slot for choice in choices}
        lacking = {piece.slot for piece in formula.pieces if piece.required and piece is not place} - filled
        if len(choices) >= 2 and not lacking & slots:
            found.append(Look(formula, choices, fit))
    return tuple(found)


def _any_colour(_article_type: str, _family: str, _slot: str) -> frozenset[str]:
    """Children's things are merry: what serves grown-ups best says nothing about them."""
    return frozenset()


def _place(traits: Traits, formula: Formula) -> tuple[Piece | None, float]:
    """The piece of the formula that the product takes, and how well it belongs there."""
    pieces = [piece for piece in formula.pieces if piece.slot == traits.slot]
    named = next((piece for piece in pieces if traits.article_type in piece.ranks), None)
    if named is not None:
        return named, NAMED
    if formula.named_only:
        return None, ABSENT
    place = pieces[0] if pieces and not formula.own_kind else None
    if formula.own_kind or (place and place.required):
        return place, SAME_SLOT if pieces else ABSENT
    can_be_added = traits.kind in CAN_BE_ADDED or traits.slot == "outerwear"
    return place, ADDED if can_be_added and _near_in_formality(traits.formality, formula.dress_code) else ABSENT


def _near_in_formality(formality: float | None, dress_code: str) -> bool:
    level = FORMALITY_OF_CODE.get(dress_code)
    return formality is None or level is None or abs(formality - level) <= FORMALITY_REACH


def _dressed_for(traits: Traits, formula: Formula) -> bool:
    if formula.own_kind or traits.slot in OWN_KIND:
        return formula.own_kind and traits.slot in OWN_KIND
    if not _suits_season(traits.warmth, formula.season):
        return False
    if traits.kind == "equipment" and "sports" in traits.suits:
        return formula.dress_code == "sports"
    if traits.strict is not None:
        return formula.dress_code in JOINS.get(traits.strict, {traits.strict})
    return formula.dress_code in (traits.suits or {"casual"})


def _suits_season(warmth: int | None, season: str | None) -> bool:
    if warmth is None or season is None:
        return True
    return warmth >= 1 if season in COLD else warmth <= 2 - (season == "summer")


def go_together(left: Traits, right: Traits) -> bool:
    """Whether two things may be in one idea: no hard rule forbids it, and nobody wears socks in sandals."""
    for hosiery, other in ((left, right), (right, left)):
        if hosiery.family == "hosiery" and other.slot == "footwear" and other.warmth == 0:
            return False
    return verdict(left, right).allowed


class _Shelves:
    """What a catalogue has to go with one product, found by slot and article type."""

    def __init__(self, product: Traits, kinds: Iterable[Kind], palette: PaletteOf, least: int) -> None:
        self.product, self.palette, self.least = product, palette, least
        self.kinds: dict[tuple[str, str | None], list[Kind]] = {}
        for kind in kinds:
            if kind.traits.article_type != product.article_type and go_together(product, kind.traits):
                name = kind.traits.article_type if kind.known else None
                self.kinds.setdefault((kind.traits.slot, name), []).append(kind)

    def choices(self, formula: Formula, place: Piece | None) -> tuple[Choice, ...]:
        """What is there for each piece of the formula but `place`."""
        left = [piece for piece in formula.pieces if piece is not place]
        filled = ((piece, self._offers(formula, piece)) for piece in left)
        return tuple(Choice(piece.slot, offers, piece.required) for piece, offers in filled if offers)

    def _offers(self, formula: Formula, piece: Piece) -> tuple[Offer, ...]:
        ranked = [(rank, kind) for name, rank in piece.ranks.items() for kind in self.kinds.get((piece.slot, name), ())]
        if piece.required and not ranked:
            ranked = [(UNLISTED, kind) for kind in self.kinds.get((piece.slot, None), ())]
        worn = [(rank, kind) for rank, kind in ranked if self._goes(formula, kind.traits)]
        for code in ITEM_CODES.get(formula.dress_code, (formula.dress_code,)):
            dressed = [(rank, kind) for rank, kind in worn if formula.own_kind or code in kind.traits.suits]
            offers = self._in_numbers(dressed)
            if offers:
                return offers
        return ()

    def _goes(self, formula: Formula, traits: Traits) -> bool:
        if formula.own_kind:
            return True
        if traits.strict is not None and formula.dress_code not in JOINS.get(traits.strict, {traits.strict}):
            return False
        if traits.warmth is None or self.product.warmth is None:
            return _suits_season(traits.warmth, formula.season)
        layered = formula.dress_code == "sports" or formula.season in COLD
        near = abs(traits.warmth - self.product.warmth) <= WIDEST_WARMTH_GAP + layered
        return near and _suits_season(traits.warmth, formula.season)

    def _in_numbers(self, ranked: Sequence[tuple[float, Kind]]) -> tuple[Offer, ...]:
        words: dict[str, list[tuple[float, Kind]]] = {}
        for rank, kind in ranked:
            words.setdefault(kind.word, []).append((rank, kind))
        held = [kinds for kinds in words.values() if sum(kind.count for _, kind in kinds) >= self.least]
        offers = (self._offer(kinds) for kinds in held)
        return tuple(sorted(offers, key=lambda offer: (offer.rank, -sum(offer.colours.values()), offer.word)))

    def _offer(self, ranked: Sequence[tuple[float, Kind]]) -> Offer:
        rank, kind = ranked[0]
        traits = kind.traits
        colours: Counter[str] = Counter()
        for _, one in ranked:
            colours.update(one.colours)
        palette = self.palette(traits.article_type, traits.family, traits.slot)
        return Offer(kind.word, traits, rank, dict(colours), palette, flags_of(traits))
