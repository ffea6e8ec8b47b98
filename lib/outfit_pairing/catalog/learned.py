"""What was found out about a catalogue's words before its rows are read: its languages, and where unknown words belong."""

from collections.abc import Mapping
from dataclasses import dataclass, field


@dataclass(frozen=True, slots=True)
class Placed:
    """Where a word belongs that the style guide does not know.

    meaning: the guide's word for it (an article type, a colour, an audience).    slot: of an article type.
    confidence: 0 a guess to 1 sure.    nearest: the word of the guide that is nearest to it.
    """

    meaning: str
    confidence: float
    slot: str | None = None
    nearest: str = ""


@dataclass(frozen=True, slots=True)
class Learned:
    """Of one catalogue.    languages: spoken beside English, the most spoken first.    The others: by casefolded word."""

    languages: tuple[str, ...] = ()
    article_types: Mapping[str, Placed] = field(default_factory=dict)
    colours: Mapping[str, Placed] = field(default_factory=dict)
    audiences: Mapping[str, Placed] = field(default_factory=dict)


NOTHING_LEARNED = Learned()
