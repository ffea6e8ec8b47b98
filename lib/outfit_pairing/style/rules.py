"""The hard rules: an outfit that breaks one is a bug, not a low score.

Two kinds. `verdict` judges a pair of traits and is evaluated once per pair of distinct traits. `structure_fault` judges
a whole outfit from bit flags of its entries, on single numbers or on numpy arrays of a million outfits alike.
Colours (`style.colours.harmony`), audiences (`style.audience`) and stock are judged where they are known.
"""

from typing import NamedTuple, TypeVar

import numpy as np
import numpy.typing as npt

from outfit_pairing.style.traits import OWN_KIND, Traits

# What an outfit under a strict dress code may be joined by: an item must suit one of these.
ACCEPTED = {
    "sports": frozenset({"sports"}),
    "ethnic": frozenset({"ethnic"}),
    "formal": frozenset({"formal", "smart_casual"}),
    "party": frozenset({"party", "formal"}),
}
# Sold for one of these, an item is no company for sports wear even when its type could be (hard rule 5).
NEVER_WITH_SPORTS = frozenset({"formal", "ethnic", "party"})

# What is formal by name, whatever its usage says, and what that never meets (hard rule 6).
FORMAL_BY_NAME = frozenset({"suit", "blazer", "waistcoat", "formal trousers", "tuxedo trousers"})
TOO_SPORTY = frozenset({"flip-flops", "slides", "slippers", "sports shoes", "sports sandals"})

TOP, BOTTOM, ONE_PIECE, BELT, FOOTWEAR, HOSIERY, TIE, SHIRT = (1 << bit for bit in range(8))
FLAG_OF_SLOT = {"top": TOP, "bottom": BOTTOM, "one_piece": ONE_PIECE, "belt": BELT, "footwear": FOOTWEAR}
HOSIERY_FAMILIES = frozenset({"socks", "stockings", "hosiery"})
TIE_FAMILIES = frozenset({"tie", "bow tie"})
SHIRT_FAMILIES = frozenset({"shirt"})
MOST_OF_ONE_FAMILY = 2  # items of one colour family besides neutrals (hard rule 8)

Flags = TypeVar("Flags", int, npt.NDArray[np.int64])


class Verdict(NamedTuple):
    """Whether two products may share an outfit; `rule` is the number of the hard rule that forbids it, else 0."""

    allowed: bool
    rule: int
    why: str


ALLOWED = Verdict(True, 0, "")


def verdict(left: Traits, right: Traits) -> Verdict:
    """Whether two products with these traits may share an outfit. Symmetric."""
    for traits in (left, right):
        if not traits.can_have_outfits:
            return Verdict(False, 9, f"{traits.article_type} is nothing to wear")
    if (left.slot in OWN_KIND or right.slot in OWN_KIND) and left.slot != right.slot:
        own = left.slot if left.slot in OWN_KIND else right.slot
        return Verdict(False, 9 if own == "beauty" else 5, f"{own} goes only with {own}")
    return _formal_verdict(left, right) or _dress_verdict(left, right) or _dress_verdict(right, left) or ALLOWED


def _formal_verdict(left: Traits, right: Traits) -> Verdict | None:
    for formal, other in ((left, right), (right, left)):
        if _is_formal(formal) and (_names(other) & TOO_SPORTY or other.strict == "sports"):
            return Verdict(False, 6, f"{other.article_type} does not go with formal wear")
    return None


def _is_formal(traits: Traits) -> bool:
    """Formal by name, or sold as formal without being too sporty for it itself."""
    return bool(_names(traits) & FORMAL_BY_NAME) or (traits.strict == "formal" and not _names(traits) & TOO_SPORTY)


def _names(traits: Traits) -> set[str]:
    return {traits.article_type, traits.family}


def _dress_verdict(strict: Traits, other: Traits) -> Verdict | None:
    code = strict.strict
    if code is None:
        return None
    rule = 5 if code == "sports" else 6
    if other.strict is not None and other.strict != code and other.strict not in ACCEPTED.get(code, {code}):
        return Verdict(False, rule, f"{code} and {other.strict} do not mix")
    if not other.suits & ACCEPTED.get(code, frozenset({code})):
        return Verdict(False, rule, f"{other.article_type} does not suit {code} wear")
    if code == "sports" and other.dress_code in NEVER_WITH_SPORTS:
        return Verdict(False, rule, f"{other.article_type} is sold as {other.dress_code}")
    return None


def flags_of(traits: Traits) -> int:
    """Bit flags of one entry for `structure_fault`."""
    flags = FLAG_OF_SLOT.get(traits.slot, 0)
    families = {traits.family, traits.article_type}
    flags |= HOSIERY if families & HOSIERY_FAMILIES else 0
    flags |= TIE if families & TIE_FAMILIES else 0
    return flags | (SHIRT if families & SHIRT_FAMILIES else 0)


def structure_fault(flags: Flags, entries: Flags) -> Flags:
    """Number of the first hard rule that the outfit's structure breaks, 0 when it breaks none.

    Args:    flags: all entries' flags, or-ed.   entries: entries, the product included.
    Returns: 4: a one-piece with a top or bottom, or three entries with a top and no bottom (or the other way round);
             7: a belt without a bottom or one-piece, hosiery without footwear, a tie without a shirt.
    """
    separates = flags & (TOP | BOTTOM)
    one_piece = (flags & ONE_PIECE) > 0
    half = (separates == TOP) | (separates == BOTTOM)
    rule_4 = (one_piece & (separates > 0)) | (half & (entries >= 3))
    rule_7 = ((flags & BELT) > 0) & ((flags & (BOTTOM | ONE_PIECE)) == 0)
    rule_7 = rule_7 | (((flags & HOSIERY) > 0) & ((flags & FOOTWEAR) == 0))
    rule_7 = rule_7 | (((flags & TIE) > 0) & ((flags & SHIRT) == 0))
    fault: Flags = 4 * rule_4 + 7 * (rule_7 & (rule_4 == 0))
    return fault
