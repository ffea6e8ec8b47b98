"""How words of a catalogue are made comparable: case, accents, hyphens, plurals and spacing no longer matter.

Every vocabulary of the style guide is looked up by `key`, so a guide entry is written once, as people say it.
"""

import re
import unicodedata
from functools import lru_cache

_POSSESSIVE = re.compile(r"['’`´](s\b)?")
_SEPARATORS = re.compile(r"[^a-z0-9]+")
_LETTERS = str.maketrans({"ß": "ss", "æ": "ae", "œ": "oe", "ø": "o", "ł": "l", "đ": "d", "ı": "i"})  # no letter with an accent
LONGEST_REMEMBERED = 100  # characters: names and colours come again and again, descriptions do not
_RESPELLED = {
    "scarves": "scarf",
    "men": "man",
    "women": "woman",
    "children": "child",
    "gray": "grey",
    "jewelry": "jewellery",
    "pajama": "pyjama",
    "moisturizer": "moisturiser",
}


def words(text: str) -> tuple[str, ...]:
    """The words of `text`, each in one spelling: lower case, no accent, no plural, "&" read as "and"."""
    return _remembered(text) if len(text) <= LONGEST_REMEMBERED else _words(text)


def _words(text: str) -> tuple[str, ...]:
    plain = _POSSESSIVE.sub("", text.lower())
    if not plain.isascii():
        plain = unicodedata.normalize("NFKD", plain.translate(_LETTERS)).encode("ascii", "ignore").decode()
    plain = plain.replace("&", " and ").replace("color", "colour")
    return tuple(_one_spelling(word) for word in _SEPARATORS.split(plain) if word)


_remembered = lru_cache(maxsize=10_000)(_words)


def key(text: str) -> str:
    """What all spellings of one thing share: "T-Shirts", "tshirt" and "t shirt" give the same key."""
    return "".join(words(text))


def keys_in(text: str, longest: int) -> set[str]:
    """The keys of all runs of up to `longest` words of `text`: "Faux Leather" holds faux, leather and fauxleather."""
    parts = words(text)
    return {"".join(parts[at : at + size]) for size in range(1, longest + 1) for at in range(len(parts) - size + 1)}


@lru_cache(maxsize=20_000)
def _one_spelling(word: str) -> str:
    word = _RESPELLED.get(word) or _singular(word)
    return _RESPELLED.get(word, word).replace("ie", "i").replace("y", "i")  # body suit, bodysuit; hoody, hoodies


def _singular(word: str) -> str:
    """One spelling of singular and plural: "boxes" is "box", and since "prizes" may be of "priz" or "prize", so is "prize"."""
    if word.endswith(("sses", "shes", "ches", "xes", "zes")):
        return word[:-2]
    if word.endswith(("sse", "she", "che", "xe", "ze")):
        return word[:-1]
    if word.endswith("ies"):
        return f"{word[:-3]}y"
    if len(word) > 2 and word.endswith("s") and not word.endswith("ss"):
        return word[:-1]
    return word
