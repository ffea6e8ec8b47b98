"""The audit: whether outfits keep the nine hard rules, read from the design and written apart from the matcher.

It judges what the matcher made, so it shares none of its code: only the facts of the style guide (what an article type
or a colour is) and the short lists below. Where a rule leaves room, the docstring of its function says how it is read.
"""

from collections.abc import Callable, Iterator
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
import pandas as pd
import pyarrow as pa

from outfit_pairing.quality.entries import Bools, Ints, Outfits
from outfit_pairing.style.vocabulary import ArticleType, StyleGuide

VIOLATION_COLUMNS = ("rule", "product_id", "rank", "what")

OWN_KIND_SLOTS = ("innerwear", "sleepwear", "swimwear")
GIVEN_AWAY_OR_HOME = ("free items", "free gifts", "home", "home furnishing", "home and living")  # departments
# Rules name these things; the style guide says which article types, in whatever spelling, they are.
FORMAL_FAMILIES = ("suit", "blazer")
FORMAL_TYPES = ("formal trousers", "tuxedo trousers", "waistcoat")
SPORTS_SHOE_FAMILIES = ("sports shoes",)
NO_FORMAL_SHOES = ("flip-flops", "slides", "slippers", "sports sandals")
HOSIERY_FAMILIES = ("socks", "stockings")
TIES = ("tie", "knitted tie", "bow tie", "cravat")
SHIRT_FAMILIES = ("shirt",)

MOST_OF_ONE_COLOUR = 2
MOST_JEWELLERY = 2
LEAST_FOR_TOP_AND_BOTTOM = 3


@dataclass(frozen=True, eq=False)
class Breach:
    """One way to break a rule: which outfits (m,) do, and which entries (n,) are to blame."""

    what: str
    culprits: Bools
    outfits: Bools


def audit(entries: pa.Table, guide: StyleGuide) -> pd.DataFrame:
    """Every hard rule that an outfit breaks.

    Args:    entries: columns of `entries.ENTRY_SCHEMA`, one row per product in an outfit; all outfits of a product.
    Returns: VIOLATION_COLUMNS, one row per broken rule and way to break it; empty when all is well. Sorted.
    """
    return violations(Outfits.of(entries, guide))


def violations(outfits: Outfits) -> pd.DataFrame:
    """As `audit`, for outfits that are columns already."""
    rows = [row for rule, check in RULES.items() for breach in check(outfits) for row in _rows(rule, breach, outfits)]
    return pd.DataFrame(sorted(rows), columns=list(VIOLATION_COLUMNS))


def repeats(outfits: Outfits) -> Iterator[Breach]:
    """Rule 1. No product with itself; no product twice in an outfit; no two outfits of a product with the same items.

    The same items in another order are the same set; of several equal outfits all but the first are reported.
    """
    owner = np.array(outfits.product_ids, dtype=object)[outfits.outfit]
    yield _breach(outfits, "offered with itself", ~outfits.itself & (outfits.item.texts == owner))
    yield _breach(outfits, "twice in the outfit", ~outfits.itself & _again(outfits.outfit, outfits.item.codes, ~outfits.itself))
    same = _again(outfits.product, _set_codes(outfits), outfits.size > 1)
    yield Breach("the same items as a better outfit", ~outfits.itself & same[outfits.outfit], same)


def audiences(outfits: Outfits) -> Iterator[Breach]:
    """Rule 2. Adults with adults, children with children; women's and men's never mix, nor girls' and boys'.

    The product counts. An audience that the catalogue does not say is not judged.
    """
    for one, other in ((("women",), ("men",)), (("girls",), ("boys",)), (("women", "men", "unisex"), ("girls", "boys", "kids"))):
        left, right = outfits.audience(*one), outfits.audience(*other)
        both = outfits.any(left) & outfits.any(right)
        yield Breach(f"{'/'.join(one)} with {'/'.join(other)}", (left | right) & both[outfits.outfit], both)


def slots(outfits: Outfits) -> Iterator[Breach]:
    """Rule 3. One item per slot; jewellery may hold two different article types.

    The product counts. Outfits of one own kind (innerwear, sleepwear, swimwear, beauty) share their slot, but not an
    article type. An item that is listed in a slot which is not its own would hide a second one: that is reported too.
    """
    shared = outfits.slot(*OWN_KIND_SLOTS, "beauty")
    jewellery = outfits.slot("jewellery")
    taken = _times(outfits.outfit, outfits.facts["slot"].codes)
    yield _breach(outfits, "one slot taken twice", ~shared & ~jewellery & outfits.known & (taken > 1))
    yield _breach(outfits, "more than two pieces of jewellery", jewellery & (taken > MOST_JEWELLERY))
    alike = _times(outfits.outfit, outfits.type_code) > 1
    yield _breach(outfits, "two of one article type", (shared | jewellery) & alike & (outfits.type_code >= 0))
    elsewhere = outfits.listed_slot.texts != outfits.facts["slot"].texts
    yield _breach(outfits, "listed in a slot that is not its own", ~outfits.itself & outfits.known & elsewhere)


def top_and_bottom(outfits: Outfits) -> Iterator[Breach]:
    """Rule 4. A one_piece takes no top and no bottom; a top needs a bottom and the other way round from three items on.

    The product counts, as one of the three and as a top or a bottom. Outerwear is no top.
    """
    top, bottom, one_piece = outfits.slot("top"), outfits.slot("bottom"), outfits.slot("one_piece")
    whole = outfits.any(one_piece)
    yield _breach(outfits, "a one_piece with a top or a bottom", (top | bottom) & whole[outfits.outfit])
    large = outfits.size >= LEAST_FOR_TOP_AND_BOTTOM
    yield _breach(outfits, "a top without a bottom", top & (large & ~outfits.any(bottom))[outfits.outfit])
    yield _breach(outfits, "a bottom without a top", bottom & (large & ~outfits.any(top))[outfits.outfit])


def own_kind_and_sports(outfits: Outfits) -> Iterator[Breach]:
    """Rule 5. Innerwear, sleepwear and swimwear only with their own kind; sports wear with sports or casual-sports items.

    Own kind: the same slot. Sports wear: clothing or footwear outside those slots whose article type is strictly sports,
    or whose usage is sports and whose article type is not strictly something else. Casual-sports: items that suit sports
    and whose usage is not formal, ethnic or party; an article type that the style guide does not know is judged by its
    usage alone.
    """
    for slot in OWN_KIND_SLOTS:
        own = outfits.slot(slot)
        yield _breach(outfits, f"{slot} with another kind", ~own & outfits.known & outfits.any(own)[outfits.outfit])
    sports = sports_wear(outfits)
    suits = outfits.usage("sports") | _suits_or_unknown(outfits, "sports")
    joins = sports | (suits & ~outfits.usage("formal", "ethnic", "party"))
    yield _breach(outfits, "does not go with sports wear", ~joins & outfits.known & outfits.any(sports)[outfits.outfit])


def formal_and_ethnic(outfits: Outfits) -> Iterator[Breach]:
    """Rule 6. Formal takes no flip-flops, sports shoes or sports wear; ethnic wear takes ethnic or neutral companions.

    Formal: clothing or footwear whose article type is strictly formal, or whose usage is formal; suits, blazers,
    waistcoats, formal trousers; but not what is a sports shoe or the like, whatever its usage says. Flip-flops: slides
    and slippers too; sports shoes: sports sandals too. Ethnic wear: clothing whose usage is ethnic, and whatever is
    strictly ethnic. Neutral: article types that suit ethnic outfits, and those that the style guide does not know.
    """
    guide, own_kind = outfits.guide, outfits.slot(*OWN_KIND_SLOTS)
    sporty = sports_wear(outfits) | outfits.of_type(_those(guide, SPORTS_SHOE_FAMILIES, NO_FORMAL_SHOES))
    named = outfits.of_type(_those(guide, FORMAL_FAMILIES, FORMAL_TYPES))
    formal = ~own_kind & ~sporty & (named | (_imposes(outfits, "formal") & outfits.of_kind("clothing", "footwear")))
    yield _breach(outfits, "does not go with formal wear", sporty & outfits.any(formal)[outfits.outfit])

    strictly = outfits.of_type(lambda found: found.strict == "ethnic")
    ethnic = ~own_kind & (strictly | (_imposes(outfits, "ethnic") & outfits.of_kind("clothing")))
    joins = ethnic | outfits.usage("ethnic") | _suits_or_unknown(outfits, "ethnic")
    yield _breach(outfits, "does not go with ethnic wear", ~joins & outfits.known & outfits.any(ethnic)[outfits.outfit])


def needs(outfits: Outfits) -> Iterator[Breach]:
    """Rule 7. A belt needs a bottom or a one_piece; socks and stockings need footwear; a tie needs a shirt.

    The product counts on both sides. A tie is any neck or bow tie; a shirt is any article type of the family of shirts.
    """
    guide = outfits.guide
    hosiery = outfits.of_type(_those(guide, families=HOSIERY_FAMILIES))
    tie, shirt = outfits.of_type(_those(guide, names=TIES)), outfits.of_type(_those(guide, families=SHIRT_FAMILIES))
    for what, needy, needed in (
        ("a belt without a bottom or a one_piece", outfits.slot("belt"), outfits.slot("bottom", "one_piece")),
        ("socks or stockings without footwear", hosiery, outfits.slot("footwear")),
        ("a tie without a shirt", tie, shirt),
    ):
        yield _breach(outfits, what, needy & ~outfits.any(needed)[outfits.outfit])


def stock_and_colours(outfits: Outfits) -> Iterator[Breach]:
    """Rule 8. Only items in stock; at most two items of one colour family besides neutrals; no clashing pair.

    The product itself may be out of stock (its page still shows outfits), but counts for colours. Whatever the catalogue
    does not hold is not in stock. The clash list is what the harmony of the style guide calls a clash.
    """
    yield _breach(outfits, "not in the catalogue", ~outfits.known)
    yield _breach(outfits, "out of stock", ~outfits.itself & outfits.known & ~outfits.in_stock)
    family = _loud_family(outfits)
    yield _breach(outfits, "more than two of one colour", (family >= 0) & (_times(outfits.outfit, family) > MOST_OF_ONE_COLOUR))
    clashes = np.zeros(len(outfits.outfit), dtype=bool)
    for side in outfits.pairs:
        clashes[side[outfits.clashing]] = True
    yield _breach(outfits, "colours clash", clashes)


def beauty_home_and_free(outfits: Outfits) -> Iterator[Breach]:
    """Rule 9. Beauty, home and free items are never offered among clothes; beauty goes with beauty only.

    Home and free items (by article type or department) and equipment, such as balls, are never an item of any outfit.
    """
    beauty = outfits.of_kind("beauty") | outfits.slot("beauty")
    strangers = beauty != beauty[outfits.start][outfits.outfit]
    yield _breach(outfits, "beauty and other things", strangers & outfits.known)
    away = outfits.facts["department"].where(is_away)
    yield _breach(outfits, "a home or free item", ~outfits.itself & (away | outfits.of_kind("home", "free")))
    yield _breach(outfits, "equipment, which is not worn", ~outfits.itself & outfits.of_kind("equipment"))


RULES: dict[int, Callable[[Outfits], Iterator[Breach]]] = {
    1: repeats,
    2: audiences,
    3: slots,
    4: top_and_bottom,
    5: own_kind_and_sports,
    6: formal_and_ethnic,
    7: needs,
    8: stock_and_colours,
    9: beauty_home_and_free,
}


def is_away(department: str) -> bool:
    """Whether a department's products are given away, or are for the home."""
    return department.strip().lower().replace("&", "and") in GIVEN_AWAY_OR_HOME


def sports_wear(outfits: Outfits) -> Bools:
    """Clothing or footwear outside the own-kind slots that is sports wear by article type or by usage."""
    worn = outfits.of_kind("clothing", "footwear") & ~outfits.slot(*OWN_KIND_SLOTS)
    return worn & _imposes(outfits, "sports")


def _imposes(outfits: Outfits, dress_code: str) -> Bools:
    """Whether article type or usage sets the dress code; a saree that is labelled sports is still a saree."""
    strict = outfits.of_type(lambda found: found.strict is not None)
    return outfits.of_type(lambda found: found.strict == dress_code) | (outfits.usage(dress_code) & ~strict)


def _suits_or_unknown(outfits: Outfits, dress_code: str) -> Bools:
    known_not_to = outfits.of_type(lambda found: dress_code not in found.suits)
    return ~known_not_to


def _those(guide: StyleGuide, families: tuple[str, ...] = (), names: tuple[str, ...] = ()) -> Callable[[ArticleType], bool]:
    """Whether an article type is of the family of one of `families`, or is one of `names`; both in any spelling."""
    of_family = {one.family for word in families if (one := guide.article_type(word))}
    named = {one.name for word in names if (one := guide.article_type(word))}
    return lambda found: found.family in of_family or found.name in named


def _loud_family(outfits: Outfits) -> Ints:
    """(n,) a number for the colour family; -1 for neutrals and for colours not said or not known."""
    number = {name: code for code, name in enumerate(dict.fromkeys(found.family for found in outfits.colours if found))}
    codes = [number[found.family] if found and not found.neutral else -1 for found in outfits.colours]
    return np.array([*codes, -1], dtype=np.int64)[outfits.facts["colour"].codes]


def _breach(outfits: Outfits, what: str, culprits: Bools) -> Breach:
    return Breach(what, culprits, outfits.any(culprits))


def _rows(rule: int, breach: Breach, outfits: Outfits) -> Iterator[tuple[int, str, int, str]]:
    for number in np.flatnonzero(breach.outfits):
        entries = slice(outfits.start[number], outfits.start[number] + outfits.size[number])
        codes = outfits.item.codes[entries][breach.culprits[entries]]
        blamed = ", ".join(outfits.item.values[code] if code >= 0 else "an item without id" for code in codes)
        yield rule, outfits.product_ids[number], int(outfits.ranks[number]), f"{breach.what}: {blamed}"


def _times(group: Ints, code: Ints) -> Ints:
    """(n,) how often a row's code (-1 or more) occurs in its group (0 or more)."""
    both = group * (code.max(initial=-1) + 2) + code + 1
    kind, _ = pd.factorize(both)
    return np.bincount(kind)[kind]


def _again(group: Ints, code: npt.NDArray[np.int64 | np.uint64], counted: Bools) -> Bools:
    """(n,) whether a counted row's code occurred in its group before."""
    again = np.zeros(len(counted), dtype=bool)
    again[counted] = pd.DataFrame({"group": group[counted], "code": code[counted]}).duplicated().to_numpy()
    return again


def _set_codes(outfits: Outfits) -> npt.NDArray[np.uint64]:
    """(m,) equal numbers = the same set of items. The product itself is no item.

    The sum of the 64-bit hashes of an outfit's distinct items does not depend on their order.
    """
    items = pd.DataFrame({"outfit": outfits.outfit, "item": outfits.item.codes})[~outfits.itself].drop_duplicates()
    hashes = pd.util.hash_array(np.array([*outfits.item.values, ""], dtype=object))
    codes = np.zeros(len(outfits), dtype=np.uint64)
    np.add.at(codes, items["outfit"].to_numpy(), hashes[items["item"].to_numpy()])
    return codes
