"""For whom a product is and in which colour, in the languages of the catalogue."""

from collections.abc import Sequence
from functools import lru_cache

from outfit_pairing.catalog.learned import NOTHING_LEARNED, Learned
from outfit_pairing.style import Colour, StyleGuide
from outfit_pairing.style.foreign_words import Language


class ColourReader:
    """Finds colours, each distinct wording once."""

    def __init__(self, guide: StyleGuide, learned: Learned = NOTHING_LEARNED) -> None:
        self.guide, self.learned = guide, learned
        self.spoken, self.others = guide.foreign_words.in_order(learned.languages)
        self.colour = lru_cache(maxsize=50_000)(self._colour)

    def _colour(self, text: str) -> Colour | None:
        """The colour that a colour column says, or None."""
        return self._of(self.spoken, text) or self.guide.colour(text) or self._of(self.others, text)

    def in_name(self, name: str) -> Colour | None:
        """The colour that a product name says, or None rather than a guess."""
        return self._of(self.spoken, name) or self.guide.colour_in_name(name)

    def resembling(self, text: str) -> Colour | None:
        """The colour that an unknown word resembles, or None."""
        placed = self.learned.colours.get(text.casefold())
        return self.guide.colour(placed.meaning) if placed else None

    def _of(self, languages: Sequence[Language], text: str) -> Colour | None:
        phrases = (language.colour_phrase(text) for language in languages)
        return next((found for phrase in phrases if phrase and (found := self.guide.colour(phrase))), None)


class WearerReader:
    """Finds audiences in columns and names."""

    def __init__(self, guide: StyleGuide, learned: Learned = NOTHING_LEARNED) -> None:
        self.guide, self.learned = guide, learned
        self.spoken, self.others = guide.foreign_words.in_order(learned.languages)

    def audience(self, gender: str | None, age_group: str | None) -> str | None:
        """What gender and age group say, None when neither says anything or nobody understands it."""
        text = " ".join(filter(None, (gender, age_group)))
        found = self.guide.audience(gender, age_group)
        return found or next((who for one in (*self.spoken, *self.others) if (who := one.audience(text))), None)

    def resembling(self, gender: str | None) -> str | None:
        """The audience that an unknown word resembles, or None."""
        placed = self.learned.audiences.get(gender.casefold()) if gender else None
        return placed.meaning if placed else None

    def in_words(self, text: str) -> str | None:
        """For whom a name or a category says that it is, in the languages of the catalogue beside English."""
        return next((who for one in self.spoken if (who := one.audience(text))), None)

    def child(self, name: str, said: str | None) -> str | None:
        """girls, boys or kids when a name in a language of the catalogue says so and the column does not say the other sex."""
        who = self.in_words(name) if self.spoken else None
        if who == "kids":
            return {"women": "girls", "men": "boys", None: "kids", "unisex": "kids"}.get(said)
        fitting = {"girls": (None, "women", "unisex", "kids"), "boys": (None, "men", "unisex", "kids")}
        return who if who in fitting and said in fitting[who] else None
