"""What a product brings to an outfit: its article type seen in the light of its usage.

A shirt sold as formal is stricter company than the same shirt sold as casual. Products with equal traits are judged
alike, so that a catalogue of any size has a few hundred of them and rules are evaluated once per pair of traits.
"""

from dataclasses import dataclass
from functools import lru_cache

from outfit_pairing.style.article_types import ArticleType
from outfit_pairing.style.vocabulary import StyleGuide

# Slots whose products are shown with their own kind only (hard rules 5 and 9).
OWN_KIND = ("innerwear", "sleepwear", "swimwear", "beauty")
# Departments whose goods are given away or not worn, whatever their type says.
NOT_OFFERED_DEPARTMENTS = ("free", "gift", "voucher", "home")
# What a usage demands of the whole outfit when clothing or footwear is sold for it.
STRICT_USAGES = ("sports", "ethnic", "formal")
# What a usage takes away: a watch sold as formal no longer goes to the gym.
UNSUITED = {
    "casual": {"formal"},
    "sports": {"formal", "party", "ethnic", "smart_casual"},
    "formal": {"sports", "beach", "lounge"},
    "party": {"sports", "beach", "lounge"},
    "ethnic": {"sports", "beach", "formal"},
}
FORMALITY_OF_USAGE = {"sports": 1.0, "casual": 2.0, "smart_casual": 3.0, "party": 3.5, "formal": 4.0}
CASUAL_CEILING = 2.5


@dataclass(frozen=True, slots=True)
class Traits:
    """Everything that rules and compatibility read of a product but its colour, audience, season and price."""

    article_type: str
    family: str
    slot: str
    kind: str
    dress_code: str | None  # what it is sold for; None when neither usage nor type says
    strict: str | None  # dress code that it imposes on the whole outfit
    suits: frozenset[str]  # dress codes that it can join
    formality: float | None
    warmth: int | None
    offered: bool  # may be an item of another product's outfit

    @property
    def can_have_outfits(self) -> bool:
        """Free and home items have none; footballs and such have, but are never an item."""
        return self.kind not in {"free", "home"}


@lru_cache(maxsize=10_000)
def traits_of(article_type: str | None, slot: str, usage: str | None, department: str | None, guide: StyleGuide) -> Traits:
    """Traits of a product from four columns of the products table."""
    known = guide.article_type(article_type) if article_type else None
    if known is None:
        known = _unknown(article_type or "unknown", slot)
    given_away = _given_away(department)
    dressed = known.kind in {"clothing", "footwear"} and slot not in OWN_KIND
    strict = known.strict or (usage if dressed and usage in STRICT_USAGES else None)
    suits = _suits(known, usage)
    return Traits(
        article_type=known.name,
        family=known.family,
        slot=slot,
        kind="free" if given_away else known.kind,
        dress_code=_dress_code(known, usage),
        strict=strict,
        suits=suits | {strict} if strict else suits,
        formality=_formality(known, usage, dressed),
        warmth=known.warmth,
        offered=known.kind in {"clothing", "footwear", "accessory", "beauty"} and not given_away,
    )


def _dress_code(known: ArticleType, usage: str | None) -> str | None:
    if known.strict:
        return known.strict
    return {"travel": "casual", "home": "lounge"}.get(usage, usage) if usage else None


def _suits(known: ArticleType, usage: str | None) -> frozenset[str]:
    if usage is None or known.strict == usage:
        return known.suits
    return (known.suits | {"casual" if usage in {"travel", "home"} else usage}) - UNSUITED.get(usage, set())


def _formality(known: ArticleType, usage: str | None, dressed: bool) -> float | None:
    if usage is None or known.strict or usage not in FORMALITY_OF_USAGE:
        return known.formality
    level = FORMALITY_OF_USAGE[usage]
    if known.formality is None:
        return level if usage in {"formal", "sports"} else None
    if usage == "casual":
        return min(known.formality, CASUAL_CEILING) if dressed else known.formality
    return max(known.formality, level) if usage != "sports" else min(known.formality, level)


def _given_away(department: str | None) -> bool:
    words = (department or "").lower().replace("-", " ").split()
    return any(word.rstrip("s") in NOT_OFFERED_DEPARTMENTS for word in words)


def _unknown(word: str, slot: str) -> ArticleType:
    """A type that the style guide does not know: neutral company of its slot; in slot other nothing is known to wear."""
    kind = {"footwear": "footwear", "beauty": "beauty", "other": "home"}.get(slot)
    clothing = {"top", "bottom", "one_piece", "outerwear", "innerwear", "sleepwear", "swimwear"}
    return ArticleType(
        name=word.lower(),
        slot=slot,
        family=word.lower(),
        kind=kind or ("clothing" if slot in clothing else "accessory"),
        formality=None,
        suits=frozenset({"casual", "smart_casual"}),
        strict=None,
        warmth=None,
        audience=None,
        names=(),
    )
