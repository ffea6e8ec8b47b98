"""Chooses among the looks that a product belongs to, and fills them, so that its outfit ideas differ and make sense."""

import zlib
from collections import Counter
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field

from outfit_pairing.style.colour_choice import SCHEMES, ColourBook, ColourPlan
from outfit_pairing.style.looks import Choice, Look, Offer, go_together
from outfit_pairing.style.product import Product
from outfit_pairing.style.rules import flags_of, structure_fault
from outfit_pairing.style.traits import Traits
from outfit_pairing.style.vocabulary import SEASONS
from outfit_pairing.style.wording import describe, idea_name

LEAST_ITEMS, MOST_ITEMS = 2, 4
FULL_OUTFIT = 3  # items beside the product in a plain idea; dressing up takes one more
DRESSED_UP = {"formal", "party", "ethnic"}
WORDS_PER_ITEM = 2
TRIES = 4  # for one idea, beyond one of every look, before the catalogue counts as exhausted
SPEAKING_SLOTS = ("scarf_or_tie", "top", "one_piece", "bag", "outerwear", "footwear")  # who carries an accent colour

# What makes a look the next one to try. A look that names the product starts at 1 (looks.NAMED).
TRIED, SAME_OCCASION, SAME_WEARER, CHANCE = -0.25, -0.12, -0.15, 0.15
SEASON_GAP = (0.08, -0.02, -0.3)  # product and look are for the same season, neighbouring ones, opposite ones
OTHER_CODE = -0.06  # the look is for another dress code than the product is sold for; for some it is far off
FAR_CODES = {
    ("casual", "lounge"): -0.4,
    ("sports", "lounge"): -0.4,
    ("casual", "sports"): -0.2,
    ("casual", "formal"): -0.15,
    ("party", "casual"): -0.15,
    ("sports", "casual"): -0.15,
    ("sports", "beach"): -0.25,
    ("smart_casual", "sports"): -0.3,
    ("formal", "casual"): -0.3,
    ("formal", "ethnic"): -0.2,
    ("ethnic", "casual"): -0.3,
    ("ethnic", "smart_casual"): -0.25,
    ("ethnic", "party"): -0.15,
}
# What makes an article type or an extra the next one to use: less of its place in the list, less of earlier use.
PER_PLACE, PER_USE, PER_CHANCE = 0.5, 0.8, 0.4


@dataclass(frozen=True, slots=True)
class TemplateItem:
    """What an idea asks for in one slot: the catalogue's article types and the style guide's colours, best first."""

    slot: str
    article_types: tuple[str, ...]
    colours: tuple[str, ...]
    style: str
    required: bool


@dataclass(frozen=True, slots=True)
class Template:
    """An outfit idea for one product: 2 to 4 items beside it. `confidence` in [0, 1]."""

    name: str
    description: str
    occasion: str
    season: str | None
    items: tuple[TemplateItem, ...]
    confidence: float


@dataclass(frozen=True, slots=True)
class Filled:
    """A choice made: the offers taken, the leading one first."""

    choice: Choice
    offers: tuple[Offer, ...]

    @property
    def lead(self) -> Offer:
        """What the idea asks for first."""
        return self.offers[0]


@dataclass
class Composer:
    """One product and the ideas found for it so far."""

    product: Product
    traits: Traits
    book: ColourBook
    count: int
    ideas: list[Template] = field(default_factory=list)
    tried: Counter[str] = field(default_factory=Counter)  # formulas
    used: Counter[tuple[str, str]] = field(default_factory=Counter)  # by accepted ideas: ("occasion", "office"), …

    @property
    def done(self) -> bool:
        """Whether there are as many ideas as wanted."""
        return len(self.ideas) >= self.count

    def collect(self, looks: Sequence[tuple[str, Look]], repeats: int) -> None:
        """Adds ideas from looks, each with its wearer, until there are enough or nothing new comes.

        Args:    repeats: how often the same article types may come again, in other colours.
        """
        failed = 0
        while looks and not self.done and failed < len(looks) + TRIES:
            wearer, look = max(looks, key=lambda entry: (self._appeal(*entry), entry[1].formula.name))
            self.tried[look.formula.name] += 1
            failed = 0 if self._add(wearer, look, repeats) else failed + 1

    def _appeal(self, wearer: str, look: Look) -> float:
        formula = look.formula
        return (
            look.fit
            + TRIED * self.tried[formula.name]
            + SAME_OCCASION * self.used["occasion", formula.occasion]
            + SAME_WEARER * self.used["wearer", wearer]
            + CHANCE * self._chance(formula.name)
            + _season_appeal(self.product.season, formula.season)
            + _code_appeal(self.traits.dress_code, formula.dress_code)
        )

    def _chance(self, of: str) -> float:
        """In [0, 1), the same whenever asked; it lets products of one kind differ in their ideas."""
        return zlib.crc32(f"{self.product.product_id}|{of}".encode()) / 2**32

    def _add(self, wearer: str, look: Look, repeats: int) -> bool:
        outfit = self._outfit(look)
        words = " + ".join(sorted(filled.lead.word for filled in outfit))
        if len(outfit) < LEAST_ITEMS or self.used["set", words] > repeats:
            return False
        plan = self._colour_plan(look)
        items = tuple(self._item(look, filled, outfit, plan) for filled in outfit)
        if items in [idea.items for idea in self.ideas]:
            return False
        self.ideas.append(self._template(look, outfit, items, plan))
        self.used.update([("occasion", look.formula.occasion), ("wearer", wearer), ("set", words)])
        self.used.update(("slot", filled.choice.slot) for filled in outfit)
        self.used.update(("word", filled.lead.word) for filled in outfit)
        self.used.update(("colour", colour.name) for _, colour in plan.chosen)
        return True

    def _outfit(self, look: Look) -> list[Filled]:
        """The core, and as many extras as make a full outfit; empty when the core cannot be filled."""
        own_kind = look.formula.own_kind
        core = [] if own_kind else [choice for choice in look.choices if choice.required]
        outfit: list[Filled] = []
        for choice in core:
            outfit += self._fill(choice, outfit)
        if len(outfit) < len(core) or self._faulty(filled.lead for filled in outfit):
            return []
        size = self._size(look, len(core))
        for choice in self._in_turn(look, [choice for choice in look.choices if choice not in core]):
            if len(outfit) < size:
                added = self._fill(choice, outfit)
                outfit += [] if self._faulty(filled.lead for filled in (*outfit, *added)) else added
        return outfit

    def _size(self, look: Look, core: int) -> int:
        """Items of the next idea: three; every other time one more where there is cause, or one less of its own kind."""
        other_time = self.tried.total() % 2
        if look.formula.own_kind:
            return FULL_OUTFIT - other_time
        cause = core >= FULL_OUTFIT or look.formula.dress_code in DRESSED_UP
        return min(MOST_ITEMS, FULL_OUTFIT + (other_time if cause else 0))

    def _in_turn(self, look: Look, extras: Sequence[Choice]) -> list[Choice]:
        """First what the formula names first and earlier ideas have not used."""
        name, tries = look.formula.name, self.tried[look.formula.name]

        def turn(place: int) -> float:
            choice = extras[place]
            used = ("word", choice.offers[0].word) if look.formula.own_kind else ("slot", choice.slot)
            return PER_PLACE / 2 * place + PER_USE * self.used[used] + PER_CHANCE * self._chance(f"{name} {place} {tries}")

        return [extras[place] for place in sorted(range(len(extras)), key=turn)]

    def _fill(self, choice: Choice, outfit: Sequence[Filled]) -> list[Filled]:
        """The offers to take for a choice; nothing when none goes with the outfit so far."""
        taken = {offer.word for filled in outfit for offer in filled.offers}
        fits = [
            offer
            for offer in choice.offers
            if offer.word not in taken and all(go_together(offer.traits, filled.lead.traits) for filled in outfit)
        ]
        if not fits:
            return []
        lead = min(fits, key=lambda offer: PER_PLACE * offer.rank + PER_USE * self.used["word", offer.word])
        # what may stand in for the lead must make the same outfit of it: no T-shirt for the shirt under a tie
        others = [offer for offer in fits if offer is not lead and offer.flags == lead.flags]
        return [Filled(choice, (lead, *others[: WORDS_PER_ITEM - 1]))]

    def _faulty(self, leads: Iterable[Offer]) -> bool:
        """Whether the product and these break a rule of structure."""
        flags, entries = flags_of(self.traits), 1
        for offer in leads:
            flags, entries = flags | offer.flags, entries + 1
        return structure_fault(flags, entries) > 0

    def _colour_plan(self, look: Look) -> ColourPlan:
        name = look.formula.name
        return ColourPlan(
            book=self.book,
            product_slot=self.product.slot,
            product_colour=self.book.colour(self.product.colour),
            dress_code=look.formula.dress_code,
            scheme=SCHEMES[self.tried.total() % len(SCHEMES)],
            chance=lambda colour: self._chance(f"{name} {self.tried[name]} {colour}"),
            used=Counter({word: uses for (what, word), uses in self.used.items() if what == "colour"}),
        )

    def _item(self, look: Look, filled: Filled, outfit: Sequence[Filled], plan: ColourPlan) -> TemplateItem:
        slots = [other.choice.slot for other in outfit]
        speaker = next((slot for slot in SPEAKING_SLOTS if slot in slots), slots[0])
        speaks = filled.choice.slot == speaker and not (look.formula.own_kind and filled is not outfit[0])
        return TemplateItem(
            slot=filled.choice.slot,
            article_types=tuple(offer.word for offer in filled.offers),
            colours=plan.choose(filled.lead, filled.choice.slot, speaks=speaks),
            style=look.formula.dress_code.replace("_", " "),
            required=filled.choice.required,
        )

    def _template(self, look: Look, outfit: Sequence[Filled], items: tuple[TemplateItem, ...], plan: ColourPlan) -> Template:
        formula = look.formula
        nouns = [filled.lead.traits.article_type for filled in outfit]
        colours = [item.colours[0] for item in items if item.colours]
        return Template(
            name=idea_name(formula.name, {idea.name for idea in self.ideas}),
            description=describe(nouns, colours, formula.says),
            occasion=formula.occasion,
            season=formula.season,
            items=items,
            confidence=round((1 + look.fit) / 2 * (1 + plan.harmony) / 2, 3),
        )


def _season_appeal(product: str | None, look: str | None) -> float:
    if product not in SEASONS or look not in SEASONS:
        return 0.0
    gap = abs(SEASONS.index(product) - SEASONS.index(look))
    return SEASON_GAP[min(gap, 4 - gap)]


def _code_appeal(product: str | None, look: str) -> float:
    if product is None or product == look:
        return 0.0
    return FAR_CODES.get((product, look), OTHER_CODE)
