"""One look over a catalogue before its rows are read: which languages it speaks, and where its unknown words belong.

A word that the style guide does not know belongs where the guide's own words lie that are nearest to it by meaning.
Confidence is the cosine of the nearest of them times the share of the twenty nearest that agree, from 0 to 1. The floors
were set on some 160 odd words ("arm candy", "head toppers", "coffee beans"): four in five of those above it are right.
"""

import logging
from collections import Counter
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import replace
from itertools import islice

import numpy as np
import numpy.typing as npt

from outfit_pairing.catalog.article import ArticleReader
from outfit_pairing.catalog.learned import Learned, Placed
from outfit_pairing.catalog.mapping import CatalogueMapping
from outfit_pairing.catalog.said import FieldReader, Values
from outfit_pairing.catalog.source import Catalogue
from outfit_pairing.catalog.wearer_and_colour import ColourReader, WearerReader
from outfit_pairing.embedding.encoders import HASHING, open_encoder
from outfit_pairing.errors import SettingsError
from outfit_pairing.settings import Settings
from outfit_pairing.style import StyleGuide, load_style_guide

logger = logging.getLogger(__name__)

Encode = Callable[[Sequence[str]], npt.ArrayLike]  # unit rows

WORDS_OF = ("article_type", "category", "colour", "audience")
FLOORS = {"article_type": 0.40, "colour": 0.45, "audience": 0.45}
NEAREST = 20  # words that vote
SHARPNESS = 12.0  # of a vote: a word that lies 0.1 further away counts 0.3
ROWS_HEARD = 2_000  # first rows, by which languages are told
LONGEST_HEARD = 2_000  # characters of such a row
MOST_WORDS = 20_000  # different words that are counted per field
MOST_PLACED = 1_000  # unknown words that are placed per field, the most frequent

Known = tuple[str, str, str]  # text for the encoder, what votes (slot, colour family, audience), meaning


def learned_of(catalogue: Catalogue, settings: Settings, encode: Encode | None = None) -> Learned:
    """What a streamed catalogue teaches; reads it once, and encodes only when there are unknown words.

    encode: in place of the encoder of the settings.
    """
    mapping = catalogue.mapping_for(catalogue.columns)
    counts, heard = count_words((row.values for row in catalogue.rows() if row.fault is None), mapping)
    return learn(counts, heard, mapping, load_style_guide(), encode or encode_of(settings))


def encode_of(settings: Settings) -> Encode | None:
    """The encoder of the settings, loaded when it is first asked; None for one that knows no meanings."""
    if settings.embedding.model == HASHING:
        return None
    return lambda texts: open_encoder(settings.embedding).encode(texts)


def count_words(rows: Iterable[Values], mapping: CatalogueMapping) -> tuple[dict[str, Counter[str]], list[str]]:
    """How often each word stands in the fields of WORDS_OF, and the first rows as texts."""
    fields = FieldReader(mapping)
    counts: dict[str, Counter[str]] = {field: Counter() for field in WORDS_OF if field in fields.taken}
    heard: list[str] = []
    for values in rows if counts else islice(rows, ROWS_HEARD):
        said = fields.said(values)
        if len(heard) < ROWS_HEARD:
            heard.append(text_of(said)[:LONGEST_HEARD])
        for field, found in counts.items():
            word = said.get(field)
            if word and (word in found or len(found) < MOST_WORDS):
                found[word] += 1
    return counts, heard


def text_of(said: Values) -> str:
    """What tells the language of a row."""
    return " ".join(said[field] for field in (*WORDS_OF, "name") if field in said)


def learn(
    counts: Mapping[str, Mapping[str, int]],
    heard: Sequence[str],
    mapping: CatalogueMapping,
    guide: StyleGuide,
    encode: Encode | None,
) -> Learned:
    """What word counts by field and the texts of some rows teach. Without `encode` unknown words stay unplaced."""
    learned = Learned(guide.foreign_words.spoken_in(heard))
    if learned.languages:
        logger.info("catalogue: its words are read as %s and English", ", ".join(learned.languages))
    unknown = {field: words for field, words in unknown_words(counts, mapping, guide, learned).items() if words}
    if not unknown or encode is None:
        return learned
    try:
        placed = place(unknown, guide, encode)
    except SettingsError as fault:
        logger.warning("catalogue: %d unknown words are not compared with the guide's: %s", sum(map(len, unknown.values())), fault)
        return learned
    return replace(
        learned,
        article_types=placed.get("article_type", {}),
        colours=placed.get("colour", {}),
        audiences=placed.get("audience", {}),
    )


def unknown_words(
    counts: Mapping[str, Mapping[str, int]], mapping: CatalogueMapping, guide: StyleGuide, learned: Learned
) -> dict[str, list[str]]:
    """Types, colours and audiences that neither mapping nor guide knows, the most frequent first."""
    articles, colours, wearers = ArticleReader(guide, learned), ColourReader(guide, learned), WearerReader(guide, learned)
    of_type = "article_type" if mapping.columns.article_type else "category"
    known: dict[str, tuple[str, Callable[[str], object]]] = {
        "article_type": (of_type, articles.of_words),
        "colour": ("colour", colours.colour),
        "audience": ("audience", lambda word: wearers.audience(word, None)),
    }
    found = {}
    for field, (counted, is_known) in known.items():
        words = sorted(counts.get(counted, {}).items(), key=lambda one: (-one[1], one[0]))
        found[field] = [word for word, _ in words if any(map(str.isalpha, word)) and not is_known(word)][:MOST_PLACED]
    return found


def place(unknown: Mapping[str, Sequence[str]], guide: StyleGuide, encode: Encode) -> dict[str, dict[str, Placed]]:
    """Where unknown words of each field belong, by casefolded word; those below the floor are left out."""
    known = {field: _known(field, guide) for field in unknown}
    texts = [text for field in unknown for text in (*(one[0] for one in known[field]), *map(str.lower, unknown[field]))]
    vectors = np.asarray(encode(texts), dtype=np.float32)
    placed: dict[str, dict[str, Placed]] = {}
    start = 0
    for field, words in unknown.items():
        middle, end = start + len(known[field]), start + len(known[field]) + len(words)
        cosines = vectors[middle:end] @ vectors[start:middle].T
        found = {word.casefold(): _vote(row, known[field], field) for word, row in zip(words, cosines, strict=True)}
        placed[field] = {word: one for word, one in found.items() if one.confidence >= FLOORS[field]}
        start = end
    return placed


def _vote(cosines: npt.NDArray[np.float32], known: Sequence[Known], field: str) -> Placed:
    nearest = np.argsort(-np.round(cosines, 5), kind="stable")[:NEAREST]
    weights = np.exp((cosines[nearest] - cosines[nearest[0]]) * SHARPNESS)
    votes: dict[str, float] = {}
    for at, weight in zip(nearest, weights, strict=True):
        votes[known[at][1]] = votes.get(known[at][1], 0.0) + float(weight)
    best = max(votes, key=lambda one: votes[one])
    first = next(at for at in nearest if known[at][1] == best)
    text, _, meaning = known[first]
    confidence = round(max(0.0, float(cosines[first])) * votes[best] / sum(votes.values()), 2)
    return Placed(meaning, confidence, best if field == "article_type" else None, text.partition(",")[0])


def _known(field: str, guide: StyleGuide) -> list[Known]:
    """The guide's words; a type is told with its family, without which "collar bar" is near to a coat."""
    if field == "article_type":
        return [(f"{word}, {one.family}", one.slot, one.name) for one in guide.article_types for word in (one.name, *one.names)]
    if field == "colour":
        return [(word, one.family, one.name) for one in guide.colours for word in (one.name, *one.names)]
    words = guide.product_words
    names = (name for one in {**words.sexes, **words.ages}.values() for name in (one.name, *one.names) if len(name) > 2)
    return [(name, who, who) for name in dict.fromkeys(names) if (who := guide.audience(name))]
