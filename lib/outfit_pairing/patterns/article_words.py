"""From a writer's word for an article type to the catalogue's words for it.

A word is looked for in order: the catalogue's own word; the style guide's synonyms; the family of the article type that it
names; the article type that the end or another part of it names; what is worn for the same things in the same slot; the
nearest of the catalogue's words by meaning, for words that the guide does not know: about those that it knows it says
more than their sound (sneakers are nearer to "Sports Shoes", boots to "Heels"). Words in numbers come first.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from enum import StrEnum
from functools import lru_cache

import numpy as np
import numpy.typing as npt

from outfit_pairing.patterns.shelf import Ware, whole_shelf
from outfit_pairing.style.article_types import ArticleType
from outfit_pairing.style.assortment import Vocabulary
from outfit_pairing.style.normalise import key, words
from outfit_pairing.style.traits import OWN_KIND
from outfit_pairing.style.vocabulary import StyleGuide

# n words, m words → cosines of shape (n, m)
Nearest = Callable[[Sequence[str], Sequence[str]], npt.ArrayLike]

LEAST_LIKENESS = 0.35  # from which one article type can stand in for another: a cap for a beanie, no blazer for a bolero
LEAST_KINSHIP = 0.1  # the same for one that at least shares its last word: sandals for flat sandals
NO_STAND_IN = {"skirt"}  # families that are not worn in place of another, nor another in theirs
MOST_REMEMBERED = 20_000  # words
SPORTS_WORDS = {"athletic", "workout", "training", "gym", "sport", "sporty", "performance", "active"}


class Way(StrEnum):
    """How a word was translated."""

    OWN_WORD = "own_word"
    SYNONYM = "synonym"
    FAMILY = "family"
    NAME_PART = "name_part"
    NEIGHBOUR = "neighbour"
    STAND_IN = "stand_in"  # of the same slot and worn for the same things
    DROPPED = "dropped"
    COLOUR = "colour"
    COLOUR_NEAR = "colour_near"  # the catalogue's nearest to it
    COLOUR_AS_STYLE = "colour_as_style"  # a print, not a colour
    COLOUR_DROPPED = "colour_dropped"


@dataclass(frozen=True, slots=True)
class Found:
    """What a word means: wares of one slot, best first, and the way it was found."""

    wares: tuple[Ware, ...]
    way: Way


def nearest_by(encode: Callable[[Sequence[str]], npt.ArrayLike]) -> Nearest:
    """Cosines by an encoder that gives unit vectors; each distinct word is encoded once."""
    vectors: dict[str, npt.NDArray[np.float32]] = {}

    def nearest(these: Sequence[str], those: Sequence[str]) -> npt.NDArray[np.float32]:
        fresh = [word for word in dict.fromkeys((*these, *those)) if word not in vectors]
        if fresh:
            vectors.update(zip(fresh, np.asarray(encode(fresh), dtype=np.float32), strict=True))
        left, right = (np.stack([vectors[word] for word in group]) for group in (these, those))
        return np.asarray(left @ right.T)

    return nearest


class ArticleWords:
    """Finds wares by words, for any audience of one catalogue; remembers them, since writers repeat themselves.

    nearest: cosines between words, for those that the style guide does not know; None: no such words are understood.
    """

    def __init__(self, guide: StyleGuide, vocabulary: Vocabulary, nearest: Nearest | None, threshold: float) -> None:
        self.guide, self.vocabulary = guide, vocabulary
        self._nearest, self._threshold = nearest, threshold
        self._find_once = lru_cache(maxsize=MOST_REMEMBERED)(self._find)
        self._why_not_once = lru_cache(maxsize=MOST_REMEMBERED)(self._why_not)

    def shelf(self, audience: str | None) -> tuple[Ware, ...]:
        """Everything that the catalogue offers to an audience."""
        return whole_shelf(self.vocabulary, audience)

    def find(self, word: str, stated: str | None, audience: str | None) -> Found | None:
        """What a word means to an audience, rather in the stated slot; None: nothing that the catalogue has."""
        return self._find_once(word, stated, audience)

    def is_known(self, word: str) -> bool:
        """Whether the style guide knows the word or a part of it."""
        return self._named(word) is not None or self.guide.article_type_in(word) is not None

    def why_not(self, word: str, audience: str | None) -> str:
        """Why nothing was found for a word."""
        return self._why_not_once(word, audience)

    def _why_not(self, word: str, audience: str | None) -> str:
        named = self._named(word)
        everyone = [ware for who in ("unisex", "kids") for ware in self.shelf(who)]
        wanted = key(word)
        if any(ware.key == wanted for ware in everyone) or (named and _of_type(named, everyone)):
            return f"nothing of it for {audience or 'this audience'} in the catalogue"
        return "not in the catalogue" if self.is_known(word) else "no known article type"

    def _find(self, word: str, stated: str | None, audience: str | None) -> Found | None:
        shelf = self.shelf(audience)
        wanted = key(word)
        own = [ware for ware in shelf if ware.key == wanted]
        if own:
            return Found(tuple(sorted(own, key=lambda ware: ware.slot != stated)[:1]), Way.OWN_WORD)
        carried = [ware for ware in shelf if ware.in_numbers]
        return (
            self._by_guide(word, stated, carried)
            or self._by_likeness(word, stated, carried)
            or self._by_meaning(word, stated, carried)
            or self._by_guide(word, stated, shelf)
        )

    def _named(self, word: str) -> ArticleType | None:
        return self.guide.article_type(word) or self.guide.article_type(_as_sports(word))

    def _by_guide(self, word: str, stated: str | None, shelf: Sequence[Ware]) -> Found | None:
        """By what the whole word names, else its end ("charcoal blazer"), else any part of it that is of the stated slot."""
        whole = self._named(word)
        if whole and _may_correct(whole.slot, stated):
            found = _of_type(whole, shelf)
            if found:
                return found
        else:
            whole = None
        for in_place in (True, False):
            for end in _ends(word):
                found = self._by_end(end, shelf)
                if found and _is_apt(found.wares[0], stated, whole, in_place=in_place):
                    return Found(found.wares, Way.NAME_PART)
        part = None if whole else self.guide.article_type_in(word)
        found = _of_type(part, shelf) if part and stated in {None, part.slot} else None
        return Found(found.wares, Way.NAME_PART) if found else None

    def _by_end(self, end: str, shelf: Sequence[Ware]) -> Found | None:
        own = [ware for ware in shelf if ware.key == end]
        named = self.guide.article_type_names.by_key.get(end)
        return Found(tuple(own[:1]), Way.NAME_PART) if own else _of_type(named, shelf) if named else None

    def _by_meaning(self, word: str, stated: str | None, shelf: Sequence[Ware]) -> Found | None:
        named = self._named(word)
        shown = [
            ware for ware in shelf if stated in {None, ware.slot} and (named is None or likeness(named, ware) >= LEAST_KINSHIP)
        ]
        if self._nearest is None or not shown:
            return None
        cosines = np.asarray(self._nearest([word], [ware.word for ware in shown]), dtype=float).reshape(-1)
        best = int(cosines.argmax())
        return Found((shown[best],), Way.NEIGHBOUR) if cosines[best] >= self._threshold else None

    def _by_likeness(self, word: str, stated: str | None, shelf: Sequence[Ware]) -> Found | None:
        """What is worn in place of an article type that the catalogue lacks: casual shoes for sneakers."""
        named = self._named(word) or next(filter(None, map(self.guide.article_type_names.by_key.get, _ends(word))), None)
        if named is None or named.slot in {*OWN_KIND, "jewellery", "other"} or stated not in {None, named.slot}:
            return None
        plain = self.guide.article_type_names.by_key.get(key(named.family), named)  # shoes for canvas sneakers, as for sneakers
        plain = plain if plain.slot == named.slot else named
        wares = [ware for ware in shelf if ware.slot == named.slot and not {ware.family, named.family} & NO_STAND_IN]
        alike = [(likeness(plain, ware), ware) for ware in wares if likeness(named, ware) >= LEAST_KINSHIP]
        best = max(alike, key=lambda one: (one[0], one[1].count), default=(0.0, None))
        return Found((best[1],), Way.STAND_IN) if best[1] is not None and best[0] >= LEAST_LIKENESS else None


def _ends(text: str) -> list[str]:
    """Keys of the ends of `text`, longest first, the whole left out: what a phrase of English is about stands last."""
    parts = words(text)
    return ["".join(parts[start:]) for start in range(1, len(parts))]


def _as_sports(text: str) -> str:
    """In the words that the guide has: "sports pants" for "Athletic Pants"."""
    first, _, rest = text.partition(" ")
    return f"sports {rest}" if rest and first.lower() in SPORTS_WORDS else text


def _may_correct(slot: str, stated: str | None) -> bool:
    """Whether an article type may put an item into another slot than was stated: board shorts are no bottom to swim in."""
    return stated in {None, slot} or (slot not in OWN_KIND and stated not in OWN_KIND)


def _is_apt(ware: Ware, stated: str | None, whole: ArticleType | None, *, in_place: bool) -> bool:
    """Whether what the end of a phrase names is meant by the phrase: casual shoes by running shoes, no shirt by sports shirt."""
    if whole and (ware.slot != whole.slot or likeness(whole, ware) < LEAST_KINSHIP):
        return False
    return ware.slot == stated or (not in_place and _may_correct(ware.slot, stated))


def _of_type(named: ArticleType, shelf: Sequence[Ware]) -> Found | None:
    """Wares of that article type; else the one that gives its family the name; else the two of the family most like it."""
    same = [ware for ware in shelf if ware.article_type == named.name]
    if same:
        return Found(tuple(same), Way.SYNONYM)
    kin = [ware for ware in shelf if ware.family == named.family and ware.slot == named.slot]
    head = [ware for ware in kin if ware.article_type == named.family]
    nearest = sorted(kin, key=lambda ware: (-likeness(named, ware), -ware.count, ware.word))[:2]
    return Found(tuple(head or nearest), Way.FAMILY) if kin else None


def likeness(named: ArticleType, ware: Ware) -> float:
    """How well a ware stands in for an article type, at most 1: shared dress codes, less what warmth and formality differ."""
    traits = ware.traits[0]
    shared = len(named.suits & traits.suits) / max(1, len(named.suits | traits.suits))
    return shared - _gap(named.formality, traits.formality) / 8 - _gap(named.warmth, traits.warmth) / 4


def _gap(left: float | None, right: float | None) -> float:
    return 0.0 if left is None or right is None else abs(left - right)
