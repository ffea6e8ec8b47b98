"""How well two products go together, 0 to 1, from parts that can be read off, and why in words.

Each part lies on a fixed scale: one outfit's score does not depend on the others. What is not said is neutral, not bad.
"""

from outfit_pairing.style.traits import OWN_KIND, Traits

NEUTRAL = 0.7  # a part that cannot be judged: neither a reason for nor against
# Parts of a pair's score; they sum to 1.
WEIGHTS = {"style": 0.25, "colour": 0.27, "dress": 0.18, "formality": 0.12, "season": 0.12, "price": 0.06}
WARMTH = (1.0, 0.8, 0.35, 0.1)  # by difference of warmth: flip-flops with a coat score 0.1
FORMALITY_REACH = 2.5  # levels apart at which two items look dressed for different days
SEASONS = ("spring", "summer", "fall", "winter")
SEASON_GAP = (1.0, 0.8, 0.45)  # same, neighbouring, opposite season
TIER_GAP = (1.0, 0.75, 0.4)
TIERS = ("budget", "mid", "premium")
SPOKEN = {"smart_casual": "smart casual", "sports": "sport", "party": "a party", "ethnic": "Indian wear"}


def dress_score(left: Traits, right: Traits) -> float:
    """Whether two items are dressed for the same thing."""
    if left.slot in OWN_KIND or right.slot in OWN_KIND:
        return 1.0
    if not left.suits & right.suits:
        return 0.0
    if left.dress_code is None or right.dress_code is None:
        return NEUTRAL
    if left.dress_code == right.dress_code:
        return 1.0
    joined = (right.dress_code in left.suits) + (left.dress_code in right.suits)
    return (0.15, 0.55, 0.85)[joined]


def formality_score(left: Traits, right: Traits) -> float:
    """1 at the same level of formality, 0 from FORMALITY_REACH levels apart, falling ever faster."""
    if left.formality is None or right.formality is None:
        return NEUTRAL + 0.1  # an item without a level goes with any
    gap = min(abs(left.formality - right.formality) / FORMALITY_REACH, 1.0)
    return 1.0 - gap * gap


def warmth_score(left: Traits, right: Traits) -> float:
    """Whether two items are worn in the same weather."""
    if left.warmth is None or right.warmth is None:
        return NEUTRAL + 0.1
    return WARMTH[min(abs(left.warmth - right.warmth), 3)]


def season_score(left: str | None, right: str | None) -> float:
    """Whether two items are sold for the same season; seasons stand in a circle."""
    if left not in SEASONS or right not in SEASONS:
        return NEUTRAL
    gap = abs(SEASONS.index(left) - SEASONS.index(right))
    return SEASON_GAP[min(gap, 4 - gap)]


def price_score(left: str | None, right: str | None) -> float:
    """Whether two items are of one price level."""
    if left not in TIERS or right not in TIERS:
        return NEUTRAL
    return TIER_GAP[abs(TIERS.index(left) - TIERS.index(right))]


def traits_score(left: Traits, right: Traits) -> float:
    """The part of a pair's score that traits decide, out of WEIGHTS dress, formality and season (half of it warmth)."""
    return (
        WEIGHTS["dress"] * dress_score(left, right)
        + WEIGHTS["formality"] * formality_score(left, right)
        + WEIGHTS["season"] / 2 * warmth_score(left, right)
    )


def dress_reason(left: Traits, right: Traits) -> str:
    """Why two items are dressed alike, in a shopper's words; empty when there is nothing to say."""
    if left.slot in OWN_KIND or right.slot in OWN_KIND or left.dress_code is None or right.dress_code is None:
        return ""
    code = right.dress_code
    if left.dress_code == code:
        return {"casual": "as relaxed as the rest", "formal": "as formal as the rest"}.get(code, f"made for {_spoken(code)} too")
    if left.dress_code in right.suits:
        return f"joins {_spoken(left.dress_code)} outfits"
    return ""


def _spoken(code: str) -> str:
    return SPOKEN.get(code, code)
