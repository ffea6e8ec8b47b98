"""The text that the encoder reads of a product: short, since short texts encode faster, and the same for equal products."""

from functools import lru_cache
from itertools import pairwise

from outfit_pairing.style import ArticleType, Colour
from outfit_pairing.style.normalise import key, words


def encoder_text(name: str, article: ArticleType | str | None, colour: Colour | str | None, usage: str | None) -> str:
    """The name, then what it does not say already in any of its words: article type, colour, usage.

    Args:    article, colour: the style guide's entry, else the shop's own word.
    """
    spoken = _spoken(name)
    said = (_called(fact) for fact in (article, colour, usage) if fact)
    return " ".join((*name.split(), *(word for word, keys in said if spoken.isdisjoint(keys))))


@lru_cache(maxsize=50_000)
def _called(fact: ArticleType | Colour | str) -> tuple[str, frozenset[str]]:
    """What the text calls it, and the keys of all names that say the same."""
    if isinstance(fact, str):
        return fact.lower().replace("_", " "), frozenset({key(fact)})
    return fact.name, frozenset(map(key, (fact.name, *fact.names)))


def _spoken(name: str) -> set[str]:
    """Keys of all runs of one to three words."""
    parts = words(name)
    pairs = [a + b for a, b in pairwise(parts)]
    return {*parts, *pairs, *(a + b for a, b in zip(pairs, parts[2:], strict=False))}
