"""Catalogues for tests of outfit ideas: everything that the style guide knows, or only what a test names."""

from functools import cache

from outfit_pairing.style import AUDIENCES, load_style_guide
from outfit_pairing.style.audience import may_mix
from outfit_pairing.style.templates import Vocabulary

GUIDE = load_style_guide()
COLOURS = ("black", "white", "navy blue", "grey", "brown", "tan", "beige", "red", "green", "pink", "yellow", "gold", "silver")


@cache
def everything() -> Vocabulary:
    """A department store: every article type of the style guide, for everyone it is made for, in COLOURS."""
    rows = [
        (audience, kind.slot, kind.name, colour, None, 9)
        for kind in GUIDE.article_types
        for audience in AUDIENCES
        if kind.audience is None or may_mix(audience, kind.audience)
        for colour in COLOURS
    ]
    return Vocabulary.from_counts(rows, GUIDE)


def boutique(audience: str, *words: str, colours: tuple[str, ...] = COLOURS, usage: str | None = None) -> Vocabulary:
    """A shop with these article types, in the words given, 20 of each colour."""
    found = [(word, GUIDE.article_type(word)) for word in words]
    rows = [(audience, kind.slot, word, colour, usage, 20) for word, kind in found if kind for colour in colours]
    assert len(rows) == len(words) * len(colours), "the style guide does not know one of the words"
    return Vocabulary.from_counts(rows, GUIDE)
