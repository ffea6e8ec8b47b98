"""What a writer called colours: in the style guide's words, and of those the ones in which the catalogue has the article."""

from collections import Counter
from collections.abc import Iterable, Mapping
from dataclasses import dataclass

from outfit_pairing.patterns.shelf import Ware
from outfit_pairing.style.colours import Colour, delta_e
from outfit_pairing.style.normalise import words
from outfit_pairing.style.vocabulary import StyleGuide

PRINTS = frozenset(
    words(
        """floral flower printed print pattern patterned striped stripe pinstripe checked check checkered plaid tartan gingham
        polka dot dotted paisley tie-dye camouflage camo animal leopard zebra graphic geometric abstract ikat colourblock
        ombre houndstooth herringbone tropical embroidered sequin"""
    )
)
REACH = 14.0  # CIE delta E up to which a colour of another family stands for one that the catalogue lacks
LEAST_SHARE = 0.005  # of the products, below which they do not come in a colour for practical purposes
METAL = "metallic"
REACH_OF_METAL = 24.0  # bronze may stand for copper, silver never for gold
COUSINS = {"denim": "blue"}  # the family that stands for another one
MULTI = "multi"


@dataclass(frozen=True, slots=True)
class ColourWord:
    """What a text means: a colour, a print that belongs to the style, or both, or neither."""

    colour: Colour | None
    style: str


def colour_words(text: str, guide: StyleGuide) -> ColourWord:
    """The plain colour that `text` names, and the text itself as style where it names a print ("Floral Pattern")."""
    found = guide.colour(text)
    many = found is not None and found.family == MULTI
    style = text.lower() if many or PRINTS & set(words(text)) else ""
    return ColourWord(None if many else found, style)


@dataclass(frozen=True, slots=True)
class Palette:
    """Colours that products come in, by name: `own` those of an item's article types, `others` those of anything."""

    own: Mapping[str, Colour]
    others: Mapping[str, Colour]

    @classmethod
    def of(cls, wares: Iterable[Ware], others: Mapping[str, Colour], guide: StyleGuide) -> "Palette":
        """Of an item's wares; `others`: all that its audience finds."""
        return cls(plain_colours(wares, guide, LEAST_SHARE), others)

    def nearest(self, wanted: Colour) -> str | None:
        """The colour itself or the nearest of its family, rather among the item's own; else any that looks alike."""
        family = COUSINS.get(wanted.family, wanted.family)
        for held in (self.own, self.others):
            if wanted.name in held:
                return wanted.name
            kin = [colour for colour in held.values() if colour.family in {wanted.family, family}]
            kin = [colour for colour in kin if colour.family != METAL or _alike(colour, wanted, REACH_OF_METAL)]
            if kin:
                return _closest(kin, wanted)
        alike = [colour for colour in self.others.values() if colour.family != METAL and _alike(colour, wanted, REACH)]
        return _closest(alike, wanted) if alike and wanted.family != METAL else None


def _alike(colour: Colour, wanted: Colour, reach: float) -> bool:
    return delta_e(colour.lab, wanted.lab) <= reach


def _closest(colours: Iterable[Colour], wanted: Colour) -> str:
    return min(colours, key=lambda colour: (delta_e(colour.lab, wanted.lab), colour.name)).name


def plain_colours(wares: Iterable[Ware], guide: StyleGuide, least_share: float = 0.0) -> dict[str, Colour]:
    """The plain colours in which at least that share of the wares comes."""
    counts = Counter[str]()
    for ware in wares:
        counts.update(ware.colours)
    least = least_share * counts.total()
    known = {name: guide.colour(name) for name, count in sorted(counts.items()) if count >= least}
    return {name: colour for name, colour in known.items() if colour is not None and colour.family != MULTI}
