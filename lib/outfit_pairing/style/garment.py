"""A product as the judgement of outfits sees it: all that can be read off a row of any catalogue."""

from dataclasses import dataclass

from outfit_pairing.style.colours import Colour
from outfit_pairing.style.make_up import Piece
from outfit_pairing.style.moods import Mood
from outfit_pairing.style.traits import Traits


@dataclass(frozen=True, slots=True)
class Garment:
    """`None` is for what a catalogue does not say.

    kind: the shop's own word for what it is, or the style guide's; products of one kind can stand for each other.
    price_level: natural logarithm of the price over the usual one of its family in this catalogue.
    place: its row in the catalogue's matrix of style vectors; -1 when there is none.
    """

    product_id: str
    kind: str
    traits: Traits
    audience: str | None
    colour: Colour | None
    season: str | None
    price_level: float | None
    mood: Mood
    place: int = -1

    @property
    def piece(self) -> Piece:
        """What the make-up of an outfit reads."""
        return Piece(self.traits.slot, self.traits.family, self.audience)
