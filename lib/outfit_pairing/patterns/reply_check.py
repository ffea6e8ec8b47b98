"""What a model's reply has to hold: JSON with enough patterns that this catalogue can fill.

Workers and driver read it in the same way.
"""

import json
from dataclasses import dataclass
from functools import cache, lru_cache

from outfit_pairing.embedding.encoders import open_encoder
from outfit_pairing.patterns.article_words import nearest_by
from outfit_pairing.patterns.asking.asker import Question
from outfit_pairing.patterns.asking.chat import ChatReply
from outfit_pairing.patterns.occasions import prepare_occasions
from outfit_pairing.patterns.prompt import repair_message
from outfit_pairing.patterns.reading import Reading, read_patterns
from outfit_pairing.patterns.replies import read_reply
from outfit_pairing.patterns.translate import Translator
from outfit_pairing.settings import EmbeddingSettings
from outfit_pairing.style import load_style_guide
from outfit_pairing.style.product import Product
from outfit_pairing.style.templates import Vocabulary


@dataclass(frozen=True, eq=False)
class PatternsCheck:
    """Reads replies. `vocabulary`: of the catalogue.   embedding: the encoder for words that the style guide does not know."""

    vocabulary: Vocabulary
    embedding: EmbeddingSettings
    count: int
    min_score: float

    def reading(self, question: Question, reply: ChatReply) -> Reading:
        """The patterns of a reply, judged; `error` says what to mend. The same reply is read once per process."""
        return _reading(self, question.anchor, reply.text or "", reply.finish_reason)

    def fault(self, question: Question, reply: ChatReply) -> str | None:
        """What to mend; None when the reply can be used."""
        return self.reading(question, reply).error

    def prepare(self) -> None:
        """Load what the first reply would have to wait for."""
        prepare_occasions(translator(self.vocabulary, self.embedding).guide)

    def repair(self, error: str) -> str:
        """The message that asks for a better reply."""
        return repair_message(error)


@lru_cache(maxsize=4_096)
def _reading(check: PatternsCheck, anchor: str, text: str, finish_reason: str | None) -> Reading:
    found = read_reply(text, finish_reason)
    words = translator(check.vocabulary, check.embedding)
    reading = read_patterns(found.patterns, Product(**json.loads(anchor)), words, count=check.count, min_score=check.min_score)
    return reading if reading.error is None or found.error is None else reading.with_error(found.error)


@lru_cache(maxsize=2)
def translator(vocabulary: Vocabulary, embedding: EmbeddingSettings) -> Translator:
    """From any words into those of the catalogue; the encoder is loaded at the first word that the style guide does not know."""
    encoder = cache(lambda: open_encoder(embedding))
    return Translator(load_style_guide(), vocabulary, nearest_by(lambda words: encoder().encode(words)))
