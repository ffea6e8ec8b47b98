"""The provider that needs no model and no key: it composes patterns from the written style guide."""

import json
import logging
from collections.abc import Sequence
from dataclasses import asdict

from outfit_pairing.patterns.model import PatternReply, fingerprint
from outfit_pairing.patterns.provider import Answer, Answers, Attempt
from outfit_pairing.style import StyleGuide
from outfit_pairing.style.formulas import version_of
from outfit_pairing.style.guide_files import GUIDE_FOLDER
from outfit_pairing.style.product import Product
from outfit_pairing.style.templates import Vocabulary, compose, templates_version

logger = logging.getLogger(__name__)

EVERY = 50  # anchors between two lines of progress
NOTHING = "nothing in the catalogue goes with this anchor"


class StyleGuideProvider:
    """Composes patterns in the words of one catalogue. Its `model` is the version of the whole guide."""

    name = "style_guide"

    def __init__(self, guide: StyleGuide, vocabulary: Vocabulary) -> None:
        self._guide, self._vocabulary = guide, vocabulary
        self.model = version_of(*sorted(GUIDE_FOLDER.glob("*.yaml")))
        self.prompt_version = templates_version(guide)

    def answer(self, anchors: Sequence[Product], count: int) -> Answers:
        """Patterns for each anchor; costs nothing."""
        answers = []
        for number, anchor in enumerate(anchors, 1):
            answers.append(self._answer(anchor, count))
            if number % EVERY == 0 or number == len(anchors):
                logger.info("patterns for %s of %s anchors", number, len(anchors))
        return Answers(tuple(answers))

    def _answer(self, anchor: Product, count: int) -> Answer:
        """No time is told, so that the same question has the same row in the journal."""
        ideas = compose(anchor, self._guide, self._vocabulary, count)
        asked = json.dumps(asdict(anchor), sort_keys=True)
        request_hash = fingerprint(asked, self.name, self.model, self.prompt_version, count)
        text = json.dumps({"patterns": [asdict(idea) for idea in ideas]})
        status, error = ("ok", None) if ideas else ("failed", NOTHING)
        attempt = Attempt(1, status, error, raw_reply=text, prompt_tokens=0, completion_tokens=0, cost=0.0)
        return Answer(anchor, request_hash, status, error, (attempt,), PatternReply.model_validate_json(text).patterns)
