"""How outfit ideas are named and described to people."""

from collections.abc import Collection, Iterator, Sequence
from itertools import count

_WAYS = ("Another Way", "a Third Way", "a Fourth Way", "a Fifth Way")
UNCOUNTED = {"swimwear", "lip care", "face wash and cleanser", "kajal and eyeliner"}


def describe(nouns: Sequence[str], colours: Sequence[str], says: str) -> str:
    """One sentence: what the idea asks for, in which colours, and what it is good for.

    >>> describe(["jeans", "t-shirt"], ["blue", "white"], "made for Saturdays")
    'Jeans and a t-shirt in blue and white, made for Saturdays.'
    """
    what = listed([with_article(noun) for noun in nouns])
    shades = f" in {listed(list(dict.fromkeys(colours)))}" if colours else ""
    return f"{what[:1].upper()}{what[1:]}{shades}{', ' if says else ''}{says}."


def idea_name(formula: str, taken: Collection[str]) -> str:
    """The formula's name; when earlier ideas have it, set apart by a few words that stay true whatever the idea is filled with."""
    return next(name for name in _names(formula) if name not in taken)


def _names(formula: str) -> Iterator[str]:
    yield formula
    yield from (f"{formula}, {way}" for way in _WAYS)
    yield from (f"{formula}, Way {number}" for number in count(len(_WAYS) + 2))


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
