"""What shops of other languages call article types, colours and wearers, given back in the words of the guide.

A phrase is looked for as a whole ("Umhängetasche", "azul marino"), then by its parts: where a language says last what
the thing is, the last part counts and in a word written as one its end ("Sommerkleid"), elsewhere the first part
("vestido largo de punto"). What follows a word such as "mit" or "con" is something else.
"""

from collections.abc import Callable, Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

from outfit_pairing.errors import SettingsError
from outfit_pairing.style.article_types import AUDIENCES, ArticleTypeNames
from outfit_pairing.style.coarse_words import CoarseWords
from outfit_pairing.style.colour_names import ColourNames
from outfit_pairing.style.guide_files import known, mapping, read_guide, refuse_unknown, text_list
from outfit_pairing.style.normalise import key, words

_UMLAUTS = str.maketrans({"ä": "ae", "ö": "oe", "ü": "ue"})
_FEWEST_LETTERS = 3  # of a word that another may end in, and of what stands before it
_SHORTEST_STEM = 4  # letters; with fewer "pet" would be a peto
_MOST_WORDS = 4  # of one entry
_Knows = Mapping[str, Callable[[str], object]]  # section of a language → whether the guide has a word

_WHO = {"women": "f", "men": "m", "girls": "fc", "boys": "mc", "kids": "c", "unisex": "fm"}  # female, male, child


@dataclass(frozen=True, eq=False)
class Lexicon:
    """Foreign word → word of the guide, by key, and by the key without endings."""

    by_key: Mapping[str, str]
    by_stem: Mapping[str, str]
    endings: tuple[str, ...]

    def find(self, parts: Sequence[str]) -> str | None:
        """What all of `parts` (words in their one spelling) mean together."""
        return self.by_key.get("".join(parts)) or self.by_stem.get("".join(_stem(part, self.endings) for part in parts))

    def ending(self, word: str) -> str | None:
        """What the longest known end of a word written as one means."""
        starts = range(_FEWEST_LETTERS, len(word) - _FEWEST_LETTERS + 1)
        return next((found for start in starts if (found := self.find((word[start:],)))), None)

    def beginning(self, word: str) -> str | None:
        """What the longest known beginning of a word written as one means."""
        ends = range(len(word) - _FEWEST_LETTERS, _FEWEST_LETTERS - 1, -1)
        return next((found for end in ends if (found := self.by_key.get(word[:end]))), None)


@dataclass(frozen=True, eq=False)
class Language:
    """One language of the guide.    own: keys of words that neither English nor another language here has."""

    name: str
    head_last: bool
    joined: bool
    asides: frozenset[str]
    types: Lexicon
    colours: Lexicon
    shades: Lexicon
    audiences: Lexicon
    own: frozenset[str] = frozenset()

    def article_word(self, text: str) -> str | None:
        """The guide's word for what all of `text` names."""
        return self.types.find([part for part in words(text) if self.audiences.find((part,)) is None])

    def article_word_in(self, text: str) -> str | None:
        """The guide's word for what `text` says that the thing is."""
        parts = words(text)
        return self._from_the_end(parts) if self.head_last else self._from_the_start(parts)

    def colour_phrase(self, text: str) -> str | None:
        """The first colour of `text` in the guide's words, shaded: "light blue" for "azul claro" and "hellblau"."""
        parts = words(text)
        spans = (self._colour(parts, start, end) for start, end in _spans(len(parts)))
        return next(filter(None, spans), None)

    def audience(self, text: str) -> str | None:
        """For whom `text` says a product is, one of AUDIENCES, or None: "Damen, Herren" is unisex, "Kinder Mädchen" girls."""
        found = {sign for part in words(text) if (who := self._audience(part)) for sign in _WHO[who]}
        sex = "".join(sorted(found - {"c"}))
        if not found:
            return None
        grown_up, child = {"f": ("women", "girls"), "m": ("men", "boys")}.get(sex, ("unisex", "kids"))
        return child if "c" in found else grown_up

    def is_heard_in(self, text: str) -> bool:
        """Whether `text` holds a word that only this language has."""
        return any(part in self.own or (self.joined and self._ends_in_own(part)) for part in words(text))

    def _ends_in_own(self, part: str) -> bool:
        longest = max(_FEWEST_LETTERS, len(part) - 12)
        return any(part[start:] in self.own for start in range(longest, len(part) - _FEWEST_LETTERS))

    def _audience(self, part: str) -> str | None:
        return self.audiences.find((part,)) or (self.audiences.beginning(part) if self.joined else None)

    def _from_the_start(self, parts: Sequence[str]) -> str | None:
        aside = next((place for place, part in enumerate(parts) if place and part in self.asides), len(parts))
        spans = (self.types.find(parts[start:end]) for start, end in _spans(len(parts)) if start < aside)
        return next(filter(None, spans), None)

    def _from_the_end(self, parts: Sequence[str]) -> str | None:
        aside = next((place for place, part in enumerate(parts) if place and part in self.asides), len(parts))
        for end in range(aside, 0, -1):
            spans = (self.types.find(parts[start:end]) for start in range(max(0, end - _MOST_WORDS), end))
            found = next(filter(None, spans), None) or (self.types.ending(parts[end - 1]) if self.joined else None)
            if found:
                return found
        return None

    def _colour(self, parts: Sequence[str], start: int, end: int) -> str | None:
        found = self.colours.find(parts[start:end])
        if found is None:
            return self._joined_colour(parts[start]) if self.joined and end == start + 1 else None
        beside = (parts[end : end + 1], parts[max(0, start - 1) : start])
        shade = next((shade for word in beside if word and (shade := self.shades.find(word))), None)
        return f"{shade} {found}" if shade else found

    def _joined_colour(self, part: str) -> str | None:
        found = self.colours.ending(part)
        shade = self.shades.beginning(part) if found else None
        return f"{shade} {found}" if shade else found


@dataclass(frozen=True, eq=False)
class ForeignWords:
    """The languages of the guide."""

    languages: tuple[Language, ...]

    def spoken_in(self, texts: Collection[str], share: float = 0.2) -> tuple[str, ...]:
        """Names of the languages of which at least that share of `texts` holds an own word, the most spoken first."""
        heard = {one.name: sum(map(one.is_heard_in, texts)) for one in self.languages}
        least = max(1.0, share * len(texts))
        return tuple(sorted((name for name, count in heard.items() if count >= least), key=lambda name: -heard[name]))

    def in_order(self, spoken: Collection[str]) -> tuple[tuple[Language, ...], tuple[Language, ...]]:
        """The languages of those names in their order, and the others."""
        of_name = {one.name: one for one in self.languages}
        return tuple(of_name[name] for name in spoken), tuple(one for one in self.languages if one.name not in spoken)


def _spans(count: int) -> Iterable[tuple[int, int]]:
    """Start and end of runs of at most _MOST_WORDS words, the first and longest first."""
    return ((start, end) for start in range(count) for end in range(min(count, start + _MOST_WORDS), start, -1))


def _stem(part: str, endings: Sequence[str]) -> str:
    fitting = (end for end in endings if part.endswith(end) and len(part) - len(end) >= _SHORTEST_STEM)
    end = next(fitting, "")
    return part[: len(part) - len(end)]


def read_foreign_words(path: Path, types: ArticleTypeNames, coarse: CoarseWords, colours: ColourNames) -> ForeignWords:
    """The languages of a guide file.

    Raises:  SettingsError: a word of the guide that it does not have, a foreign word given twice; names file and entry.
    """
    knows: _Knows = {
        "types": lambda word: coarse.find(word) or types.find(word),
        "colours": lambda word: colours.by_key.get(key(word)),
        "shades": lambda word: colours.shades.get(key(word)),
        "audiences": AUDIENCES.__contains__,
    }
    found = tuple(_language(f"{path}: {name}", name, entry, knows) for name, entry in read_guide(path).items())
    english = {*types.by_key, *coarse.by_key, *colours.by_key}
    return ForeignWords(tuple(replace(one, own=_own(one, found, english)) for one in found))


def _language(where: str, name: str, entry: Any, knows: _Knows) -> Language:
    entry = mapping(where, entry)
    refuse_unknown(where, entry, {"head", "joined", "endings", "asides", *knows})
    endings = tuple(sorted(map(key, text_list(where, "endings", entry.get("endings"))), key=len, reverse=True))
    head = known(where, "head", entry.get("head"), ("first", "last"))
    lexicons = {section: _lexicon(f"{where}: {section}", entry.get(section), endings, told) for section, told in knows.items()}
    return Language(
        name=name,
        head_last=head == "last",
        joined=entry.get("joined") is True,
        asides=frozenset(map(key, text_list(where, "asides", entry.get("asides")))),
        types=lexicons["types"],
        colours=lexicons["colours"],
        shades=lexicons["shades"],
        audiences=lexicons["audiences"],
    )


def _lexicon(where: str, entries: Any, endings: tuple[str, ...], is_known: Callable[[str], object]) -> Lexicon:
    by_key: dict[str, str] = {}
    stems: dict[str, str] = {}
    for word, others in mapping(where, entries).items():
        if not is_known(word):
            raise SettingsError(f"{where}: {word!r} is no word of the guide; use one of it")
        for other in text_list(where, word, others):
            for spelling in dict.fromkeys((other.lower(), other.lower().translate(_UMLAUTS))):
                if by_key.setdefault(key(spelling), word) != word:
                    raise SettingsError(f"{where}: {other!r} of {word!r} already stands for {by_key[key(spelling)]!r}; keep one")
                stems.setdefault("".join(_stem(part, endings) for part in words(spelling)), word)
    return Lexicon(by_key, stems, endings)


def _own(language: Language, languages: Iterable[Language], english: Collection[str]) -> frozenset[str]:
    others = {word for one in languages if one is not language for word in _words_of(one)}
    return frozenset(word for word in _words_of(language) if len(word) > _FEWEST_LETTERS) - others - frozenset(english)


def _words_of(language: Language) -> set[str]:
    return {word for lexicon in (language.types, language.colours, language.audiences) for word in lexicon.by_key}
