"""How outfit ideas are named and described to people."""

from collections.abc import Collection, Iterator, Sequence

_NUMERALS = ("II", "III", "IV", "V", "VI", "VII", "VIII", "IX", "X")
UNCOUNTED = {"swimwear", "lip care", "face wash and cleanser", "kajal and eyeliner"}


def describe(nouns: Sequence[str], colours: Sequence[str], says: str) -> str:
    """One sentence: what the idea asks for, in which colours, and what it is good for.

    >>> describe(["jeans", "t-shirt"], ["blue", "white"], "made for Saturdays")
    'Jeans and a t-shirt in blue and white, made for Saturdays.'
    """
    what = listed([with_article(noun) for noun in nouns])
    shades = f" in {listed(list(dict.fromkeys(colours)))}" if colours else ""
    return f"{what[:1].upper()}{what[1:]}{shades}{', ' if says else ''}{says}."


def idea_name(formula: str, colours: Sequence[str], nouns: Sequence[str], taken: Collection[str]) -> str:
    """The formula's name; when an earlier idea has it, with the colour or the thing that sets this one apart."""
    return next(name for name in _names(formula, colours, nouns) if name not in taken)


def _names(formula: str, colours: Sequence[str], nouns: Sequence[str]) -> Iterator[str]:
    yield formula
    yield from (f"{formula} in {colour.title()}" for colour in colours)
    yield from (f"{formula} with {noun.title()}" for noun in reversed(nouns))
    yield from (f"{formula} {numeral}" for numeral in _NUMERALS)
    number = len(_NUMERALS) + 2
    while True:
        yield f"{formula} {number}"
        number += 1


def with_article(noun: str) -> str:
    """An article type as it stands in a sentence: "a belt", "an umbrella", "jeans", "a mask or peel"."""
    spoken = noun.replace(" and ", " or ")
    plural = noun.endswith("s") and not noun.endswith("ss")
    if plural or noun in UNCOUNTED:
        return spoken
    return f"{'an' if noun[:1] in 'aeiou' else 'a'} {spoken}"


def listed(parts: Sequence[str]) -> str:
    """Parts as people list them: "a, b and c"."""
    return f"{', '.join(parts[:-1])} and {parts[-1]}" if len(parts) > 1 else "".join(parts)
