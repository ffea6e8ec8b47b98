"""Outfit ideas for a product, composed from the look formulas of the style guide in the catalogue's own words.

Used where patterns are written without a language model, and where a product is paired by rules.
"""

from functools import lru_cache

from outfit_pairing.style.assortment import CountRow, Vocabulary
from outfit_pairing.style.audience import may_mix
from outfit_pairing.style.colour_choice import Palette
from outfit_pairing.style.composer import Composer, Template, TemplateItem
from outfit_pairing.style.formulas import WEARERS, read_formulas
from outfit_pairing.style.looks import Look, fitting_looks
from outfit_pairing.style.product import Product
from outfit_pairing.style.traits import Traits, traits_of
from outfit_pairing.style.vocabulary import StyleGuide

__all__ = ["CountRow", "Template", "TemplateItem", "Vocabulary", "compose", "templates_version"]

# (only what the catalogue has in numbers?, how often the same article types may come again in other colours), tried in
# this order: rather a known combination in new colours than an article type that the catalogue hardly has.
PASSES = ((True, 0), (True, 1), (False, 0), (False, 4))


def compose(product: Product, guide: StyleGuide, vocabulary: Vocabulary, count: int) -> tuple[Template, ...]:
    """Different outfit ideas for a product, best first; the same for the same product, guide and vocabulary.

    Args:    count: ideas wanted.
    Returns: `count` ideas; fewer where the catalogue has too little to go with the product, none for what nobody wears.
    """
    traits = traits_of(product.article_type, product.slot, product.usage, product.department, guide)
    if not traits.can_have_outfits:
        return ()
    stylist = _stylist(guide, vocabulary)
    composer = Composer(product, traits, stylist.palette, count)
    for in_numbers, repeats in PASSES:
        composer.collect(stylist.looks(product.audience, traits, in_numbers=in_numbers), repeats)
    return tuple(composer.ideas)


def templates_version(guide: StyleGuide) -> str:
    """Version of the written formulas: changes when templates.yaml or occasions.yaml do."""
    return _formulas(guide).version


_formulas = lru_cache(maxsize=4)(read_formulas)


class _Stylist:
    """The formulas seen through one catalogue; remembers looks, since many products have the same traits."""

    def __init__(self, guide: StyleGuide, vocabulary: Vocabulary) -> None:
        self.formulas, self.vocabulary, self.palette = _formulas(guide), vocabulary, Palette(guide)
        self._looks: dict[tuple[Traits, str, int], tuple[Look, ...]] = {}

    def looks(self, audience: str | None, traits: Traits, *, in_numbers: bool) -> list[tuple[str, Look]]:
        """(wearer, look) for everyone who may wear the product."""
        wearers = [wearer for wearer in WEARERS if may_mix(audience, wearer)]
        return [(wearer, look) for wearer in wearers for look in self._of(traits, wearer, in_numbers=in_numbers)]

    def _of(self, traits: Traits, wearer: str, *, in_numbers: bool) -> tuple[Look, ...]:
        least = self.vocabulary.in_numbers(wearer) if in_numbers else 1
        key = (traits, wearer, least)
        if key not in self._looks:
            self._looks[key] = fitting_looks(traits, wearer, self.formulas, self.vocabulary, least)
        return self._looks[key]


@lru_cache(maxsize=4)
def _stylist(guide: StyleGuide, vocabulary: Vocabulary) -> "_Stylist":
    return _Stylist(guide, vocabulary)
