"""Outfit ideas for a product, composed from the look formulas of the style guide in the catalogue's own words.

Used where patterns are written without a language model, and where a product is paired by rules.
"""

from functools import lru_cache
from typing import NamedTuple

from outfit_pairing.style.assortment import CountRow, Vocabulary
from outfit_pairing.style.audience import may_mix
from outfit_pairing.style.colour_choice import ColourBook
from outfit_pairing.style.composer import Composer, Template, TemplateItem
from outfit_pairing.style.formulas import WEARERS, read_formulas
from outfit_pairing.style.looks import ADDED, SAME_SLOT, Look, fitting_looks
from outfit_pairing.style.product import Product
from outfit_pairing.style.traits import Traits, traits_of
from outfit_pairing.style.vocabulary import StyleGuide

__all__ = ["CountRow", "Template", "TemplateItem", "Vocabulary", "compose", "templates_version"]


class _Pass(NamedTuple):
    """What composing accepts: it starts strict and lets go until there are enough ideas."""

    share: float  # of Vocabulary.in_numbers that an article type must have to be asked for
    repeats: int  # how often the same article types may come again in other colours
    fit: float  # least fit of the product with the look


# Rather a known combination in new colours than an article type that the catalogue hardly has, and rather that than a look
# that was written for something else.
PASSES = (
    _Pass(1.0, 0, ADDED),
    _Pass(1.0, 2, ADDED),
    _Pass(0.3, 2, ADDED),
    _Pass(1.0, 2, SAME_SLOT),
    _Pass(0.3, 9, SAME_SLOT),
    _Pass(0.0, 9, SAME_SLOT),
)


def compose(product: Product, guide: StyleGuide, vocabulary: Vocabulary, count: int) -> tuple[Template, ...]:
    """Different outfit ideas for a product, best first; the same for the same product, guide and vocabulary.

    Args:    count: ideas wanted.
    Returns: `count` ideas; fewer where the catalogue has too little to go with the product, none for what nobody wears.
    """
    traits = traits_of(product.article_type, product.slot, product.usage, product.department, guide)
    if not traits.can_have_outfits:
        return ()
    stylist = _stylist(guide, vocabulary)
    composer = Composer(product, traits, stylist.book, count)
    for one in PASSES:
        if composer.done:
            break
        looks = stylist.looks(product.audience, traits, one.share)
        composer.collect([entry for entry in looks if entry[1].fit >= one.fit], one.repeats)
    return tuple(composer.ideas)


def templates_version(guide: StyleGuide) -> str:
    """Version of the written formulas: changes when templates.yaml or occasions.yaml do."""
    return _formulas(guide).version


_formulas = lru_cache(maxsize=4)(read_formulas)


class _Stylist:
    """The formulas seen through one catalogue; remembers looks, since many products have the same traits."""

    def __init__(self, guide: StyleGuide, vocabulary: Vocabulary) -> None:
        self.formulas, self.vocabulary, self.book = _formulas(guide), vocabulary, ColourBook(guide)
        self._looks: dict[tuple[Traits, str, int], tuple[Look, ...]] = {}

    def looks(self, audience: str | None, traits: Traits, share: float) -> list[tuple[str, Look]]:
        """(wearer, look) for everyone who may wear the product."""
        wearers = [wearer for wearer in WEARERS if may_mix(audience, wearer)]
        return [(wearer, look) for wearer in wearers for look in self._of(traits, wearer, share)]

    def _of(self, traits: Traits, wearer: str, share: float) -> tuple[Look, ...]:
        least = max(1, int(share * self.vocabulary.in_numbers(wearer)))
        key = (traits, wearer, least)
        if key not in self._looks:
            self._looks[key] = fitting_looks(traits, wearer, self.formulas, self.vocabulary, least)
        return self._looks[key]


@lru_cache(maxsize=4)
def _stylist(guide: StyleGuide, vocabulary: Vocabulary) -> "_Stylist":
    return _Stylist(guide, vocabulary)
