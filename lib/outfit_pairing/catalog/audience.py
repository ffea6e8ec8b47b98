"""Who a product is for, by its name: a child's T-shirt that stands in the men's column must not be offered to men.

The rule, in this order:
1. A phrase that only seems to say so ("Spice Girls", or one of the mapping's `adults`) says nothing.
2. "kid(s)", "kidswear", "infant", "toddler", "newborn", "children('s)" say child, and so does a name that opens with
   one of the mapping's `children` (labels that make nothing else); "junior" and "jr" do on footwear, where they are
   sizes (in clothes they are a women's cut, or a code).
3. "boys" and "girls" say child, and "boy" and "girl" after "little", "baby", "teen" or "teenage", unless the name also
   says men, women or adults, the product is make-up, or the column says the other sex ("Boy Shorts" of women).
   A lone "Girl", "Baby" or "Child" says nothing: "Party Girl", "Baby Pink", "Wild Child".
4. The sex is the name's ("Kids Boys"), else the column's, else not said.
"""

import re
from collections.abc import Iterable, Sequence
from itertools import pairwise

ADULT_PHRASES = (
    "backstreet boys",
    "bad boys",
    "bad girls",
    "beach boys",
    "beastie boys",
    "boys club",
    "cool kids",
    "gilmore girls",
    "girls club",
    "girls night",
    "girls trip",
    "golden girls",
    "mean girls",
    "new kids",
    "pet shop boys",
    "powerpuff girls",
    "spice girls",
)

_CHILD = frozenset(
    {
        "kid",
        "kids",
        "kidswear",
        "kidwear",
        "infant",
        "infants",
        "toddler",
        "toddlers",
        "newborn",
        "newborns",
        "children",
        "childrens",
    }
)
_JUNIOR = frozenset({"junior", "juniors", "jr"})
_ADULT = frozenset({"men", "mens", "man", "women", "womens", "woman", "ladies", "adult", "adults"})
_YOUNG = frozenset({"little", "baby", "teen", "teenage"})
_WORTH_A_LOOK = ("kid", "infant", "toddler", "newborn", "child", "boy", "girl", "junior", "jr")  # most names hold none
_SIGNS = re.compile(r"[^a-z0-9]+")
_NO_APOSTROPHES = str.maketrans("", "", "'’`")
_CHILD_OF = {"men": "boys", "women": "girls", "boys": "boys", "girls": "girls"}
_SEX_SAID = {"boys": (None, "men", "unisex", "kids"), "girls": (None, "women", "unisex", "kids")}


class NameReader:
    """Reads audiences out of names. `children`: how names of children's labels open; `adults`: phrases to overlook."""

    def __init__(self, children: Iterable[str] = (), adults: Iterable[str] = ()) -> None:
        self.children = tuple(f"{_plain(opening).strip()} " for opening in children)
        phrases = (re.escape(_plain(phrase).strip()) for phrase in (*ADULT_PHRASES, *adults))
        self.adults = re.compile(rf"\b(?:{'|'.join(phrases)})\b")

    def child(self, name: str, said: str | None, slot: str) -> str | None:
        """girls, boys or kids when the name says that a product of the audience `said` is for a child, else None."""
        plain = _plain(name)
        labelled = plain.startswith(self.children)
        if not labelled and not any(sign in plain for sign in _WORTH_A_LOOK):
            return None
        words = self.adults.sub(" ", plain).split()
        sexes = {"boys": _says(words, "boy"), "girls": _says(words, "girl")}
        named = set(words)
        if labelled or named & _CHILD or (slot == "footwear" and named & _JUNIOR):
            return _child_of(said, [child for child, how in sexes.items() if how])
        if named & _ADULT or slot == "beauty":
            return None
        fitting = [child for child, how in sexes.items() if how == "clearly" and said in _SEX_SAID[child]]
        return _child_of(said, fitting) if fitting else None

    def adult(self, name: str) -> str | None:
        """men, women or unisex when the name says so in so many words, else None."""
        words = set(_plain(name).split())
        women, men = words & {"women", "womens", "woman", "ladies"}, words & {"men", "mens", "man", "gents"}
        if "unisex" in words or (women and men):
            return "unisex"
        return "women" if women else "men" if men else None


def _says(words: Sequence[str], sex: str) -> str | None:
    """clearly, barely or not at all (None)."""
    young = any(word in _YOUNG and after == sex for word, after in pairwise(words))
    if f"{sex}s" in words or young:
        return "clearly"
    return "barely" if sex in words else None


def _child_of(said: str | None, named: Sequence[str]) -> str:
    return named[0] if len(named) == 1 else _CHILD_OF.get(said or "", "kids")


def _plain(name: str) -> str:
    """Lower case, single spaces, no apostrophes, other signs as spaces."""
    return _SIGNS.sub(" ", name.lower().translate(_NO_APOSTROPHES))
